package life

import (
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// day is a day of somebody who lies on a ward, as far as it falls on today.
func (b *batch) day(v *Visit) {
	h := b.h
	first := 0
	for first < len(v.Stays)-1 && v.Stays[first].Unit.Kind != world.Ward {
		first++
	}
	from, to := max(momentOf(v.Stays[first].From), h.dayStart), min(momentOf(v.To), h.dayEnd)
	admitted := from > h.dayStart
	if admitted {
		b.admission(v, from)
	}
	for i := first + 1; i < len(v.Stays); i++ {
		if at := momentOf(v.Stays[i].From); at >= h.dayStart && at < h.dayEnd {
			b.adt(v, "A02", at, b.duty(v.Stays[i].Unit, at, anyone), 'I')
			b.tooLate(v, v.Stays[i-1].Unit, at)
		}
	}
	if len(v.rx) == 0 {
		b.takeOver(v)
	}
	b.nurses(v, from, to)
	b.doctors(v, from, to, admitted)
	b.others(v, from, to)
	b.updates(v, 2, from, to)
	b.strangers(v, from, to, 0.42*float64(to-from)/float64(24*hour))
	if momentOf(v.To) < h.dayEnd {
		b.discharge(v, to)
		return
	}
	b.later(h.date+1, stayIt, v)
}

// admission is that of those who come by appointment. Those from the emergency department are there already.
func (b *batch) admission(v *Visit, at moment) {
	unit := v.Where(at.time())
	if v.Stays[0].Unit.Kind != world.Emergency {
		clerk := b.duty(b.h.registration, at, desk)
		b.see(v, clerk, at-4*minute, Registering, "desk", true)
		b.adt(v, "A01", at, clerk, 'I')
		b.restrict(v, at)
	}
	if v.tale == 0 && v.Condition.theatre {
		b.theatre(v, at+b.after(3*hour, 0.4))
	}
	doctor := b.doctor(v, at+hour)
	b.drugs(v, v.Condition.drugs, at+hour, doctor)
	b.see(v, doctor, at+50*minute, Ordering, "order", true)
	if b.chance(0.5) {
		b.see(v, b.duty(unit, at+30*minute, job("WC")), at+30*minute, Booking, "desk", true)
	}
}

// theatre is an operation: the team is on the theatre's schedule.
func (b *batch) theatre(v *Visit, at moment) {
	or := b.h.World.Unit("OR")
	if or == nil || at > b.h.dayEnd-2*hour {
		return
	}
	surgeon, anaesthetist, assistant := b.doctor(v, at), b.duty(or, at, job("ANE")), b.duty(or, at, job("ORN"))
	planned := *v // the appointment in the theatre is another than the stay
	planned.From, planned.To, planned.id = at.time(), (at + 2*hour).time(), world.Mix(v.id, 0x4f52)
	planned.Stays = []UnitStay{{Unit: or, From: planned.From, To: planned.To}}
	b.appoint(&planned, "S12", max(at-2*hour, b.h.dayStart), b.duty(or, at, anyone), surgeon, anaesthetist, assistant)
	for _, who := range []*world.Staff{anaesthetist, assistant, b.duty(or, at+hour, job("ORN"))} {
		b.see(v, who, at+b.between(-20*minute, 90*minute), Chart, "theatre", true)
	}
	b.note(v, "OP", at+b.after(150*minute, 0.3), surgeon)
	b.anaesthesia(v, or, at, anaesthetist)
}

// nurses look after the patient: the same one for a shift.
func (b *batch) nurses(v *Visit, from, to moment) {
	h := b.h
	start := h.dayStart
	for _, shift := range [][2]moment{{start, start + 7*hour}, {start + 7*hour, start + 19*hour}, {start + 19*hour, h.dayEnd}} {
		begin, end := max(shift[0], from), min(shift[1], to)
		if end-begin < 40*minute {
			continue
		}
		unit := v.Where((begin + minute).time())
		carer := b.same(v.id, unit, begin+20*minute, nurse)
		rounds := 2 + int((end-begin)/(3*hour))
		for range rounds {
			at := b.between(begin+5*minute, end-10*minute)
			what := Nursing
			if b.chance(0.5) {
				what = Giving
				for k := range 1 + b.some(1.5) {
					b.dose(v, unit, at, k, carer)
				}
			}
			b.see(v, carer, at, what, "care", true)
		}
		if b.chance(0.5) {
			at := b.between(begin, end)
			b.see(v, b.same(v.id, unit, at, aide), at, Nursing, "care", true)
		}
		if b.chance(0.35) { // another nurse of the ward helps
			at := b.between(begin, end)
			b.see(v, b.duty(unit, at, nurse), at, Nursing, "care", true)
		}
	}
}

// doctors make their rounds, order and read.
func (b *batch) doctors(v *Visit, from, to moment, admitted bool) {
	c, at := v.Condition, b.h.dayStart+8*hour+moment(b.r.IntN(150))*minute
	if at < from || at > to {
		at = from + (to-from)/3
	}
	doctor := b.doctor(v, at)
	unit := v.Where(at.time())
	young := b.same(v.id, unit, at, resident)
	if doctor != nil && b.chance(0.85) {
		b.see(v, doctor, at, Rounds, "rounds", true)
	}
	b.see(v, young, at-20*minute, Rounds, "rounds", true)
	if b.chance(0.6) {
		b.see(v, b.same(v.id, unit, at-hour, job("CHG")), at-hour, Nursing, "charge", true)
	}
	if b.chance(0.5) {
		second := at + 3*hour
		b.see(v, b.same(v.id+1, unit, second, resident), second, Rounds, "rounds", true)
	}
	orderer := young
	if orderer == nil {
		orderer = doctor
	}
	if orderer == nil {
		return
	}
	if b.chance(0.8) {
		b.see(v, orderer, at+15*minute, Ordering, "order", true)
	}
	for range b.some(c.daily) {
		p := &c.labs[b.r.IntN(min(2, len(c.labs)))]
		b.laboratory(v, p, at+b.between(-2*hour, 2*hour), orderer, nil)
	}
	if c.image != "" && b.chance(c.imaged*0.15) {
		b.image(v, c.image, at+hour, orderer)
	}
	if n := b.some(0.6); n > 0 {
		b.drugs(v, n, at+20*minute, orderer)
	}
	if c.consult != "" && (admitted && b.chance(0.6) || b.chance(0.05)) {
		b.consult(v, c.consult, at+30*minute, orderer)
	}
	if b.chance(0.8) {
		b.note(v, "PN", at+b.after(2*hour, 0.5), orderer)
	}
	if to-from > 16*hour && b.chance(0.4) {
		night := b.h.dayStart + 20*hour
		if late := b.ofService(v.Attending.Service, night, physician); late != nil && night < to {
			b.see(v, late, night+b.between(0, 3*hour), Rounds, "night", true)
		}
	}
}

// others are those who come now and then: therapies, case management, infection control, quality, the ward's clerk.
func (b *batch) others(v *Visit, from, to moment) {
	w := b.h.World
	at := b.between(max(from, b.h.dayStart+8*hour), max(min(to, b.h.dayStart+16*hour), from+minute))
	if b.chance(0.3) {
		if who := b.same(v.id, w.Unit("THER"), at, anyone); who != nil {
			doctor := b.doctor(v, at)
			o := &order{number: key("O", v.next()), code: "THER-" + who.Job.Code, title: who.Job.Title, section: "THER", by: doctor, enterer: doctor, at: at - 2*hour}
			b.order(v, o, "NW", at-b.after(hour, 0.5), doctor)
			b.see(v, who, at, Chart, "therapy", true)
			b.note(v, "TN", at+b.after(hour, 0.4), who)
		}
	}
	if b.chance(0.3) {
		b.see(v, b.duty(v.Where(at.time()), at, job("WC")), at, Booking, "desk", true)
	}
	b.errand(v, w.Unit("UTIL"), at, 0.3, "utilisation", Coding)
	b.errand(v, w.Unit("INFC"), at, 0.03, "infection", Results)
	b.errand(v, w.Unit("QUAL"), at, 0.04, "quality", Chart)
	if b.chance(0.25) {
		b.charge(v, at+b.after(hour, 0.5), v.Condition.Diagnosis, v.Attending, 2)
	}
}

// errand is a look for which a list of the site is the reason.
func (b *batch) errand(v *Visit, u *world.Unit, at moment, share float64, kind string, what What) {
	if !b.chance(share) {
		return
	}
	who := b.same(v.id, u, at, anyone)
	if who == nil {
		return
	}
	b.list(at-b.after(hour, 0.5), v, feed.ListRow{Kind: kind, Reference: key("T", v.next()), Who: u.Code, WhoKind: "department",
		From: stampOf(b, at-2*hour), To: stampOf(b, at+14*24*hour), Status: "open"})
	b.see(v, who, at, what, kind, true)
}

func (b *batch) discharge(v *Visit, at moment) {
	unit := v.Stays[len(v.Stays)-1].Unit
	doctor := b.doctor(v, at-hour)
	b.note(v, "DS", at-b.after(40*minute, 0.3), doctor)
	if v.Died {
		var m feed.Message
		b.h.pidOf(&m, v, v.To)
		v.pid = m.Bytes()
	}
	b.adt(v, "A03", at, b.duty(unit, at-minute, anyone), 'I')
	b.tooLate(v, unit, at)
	b.see(v, b.duty(b.h.World.Unit("PHARM"), at-30*minute, job("PHA")), at-30*minute, Drugs, "pharmacy", true)
	b.afterwards(v)
}
