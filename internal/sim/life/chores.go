package life

import (
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// do does a chore of the day.
func (b *batch) do(c chore) {
	v := c.visit
	b.r = b.h.World.Rand(v.id, uint64(c.day), uint64(c.kind))
	switch c.kind {
	case bookIt:
		b.booking(v)
	case seeIt:
		b.clinic(v)
	case emergencyIt:
		b.emergency(v)
	case stayIt:
		b.day(v)
	case codeIt:
		b.coding(v)
	case billIt:
		b.billing(v)
	case callIt:
		b.call(v)
	case readIt:
		b.read(v)
	case mergeIt:
		b.found(v)
	case splitIt:
		b.split(v)
	}
}

func (b *batch) booking(v *Visit) {
	who, at, ok := b.working(v, b.h.scheduling, desk)
	if !ok {
		who, at, ok = b.working(v, v.Stays[0].Unit, desk)
	}
	if !ok {
		who, at = nil, b.between(b.h.dayStart+8*hour, b.h.dayStart+17*hour)
	}
	b.see(v, who, at-2*minute, Booking, "booking", true)
	b.appoint(v, "S12", at, who, v.Attending)
	if b.chance(0.08) {
		b.appoint(v, "S14", at+b.after(40*minute, 0.5), who, v.Attending)
	}
}

// clinic is a visit to a clinic, from the desk to the note.
func (b *batch) clinic(v *Visit) {
	unit, from := v.Stays[0].Unit, momentOf(v.From)
	if v.NoShow {
		b.appoint(v, "S26", from+40*minute, b.duty(unit, from, desk), v.Attending)
		return
	}
	if b.chance(0.6) {
		b.see(v, v.Attending, max(from-b.after(50*minute, 0.5), b.h.dayStart), Chart, "preparation", true)
	}
	clerk := b.same(uint64(v.Person), unit, from, desk)
	b.see(v, clerk, from, Registering, "desk", true)
	b.adt(v, "A04", from+3*minute, clerk, 'O')
	b.restrict(v, from)
	b.see(v, b.same(uint64(v.Person), unit, from+10*minute, aide), from+10*minute, Nursing, "care", true)
	met := from + 20*minute
	doctor := v.Attending
	b.see(v, doctor, met, Chart, "care", true)
	if b.chance(0.25) {
		b.see(v, b.same(uint64(v.Person), unit, met, job("CRN")), met+15*minute, Nursing, "care", true)
	}
	c := v.Condition
	if b.chance(0.4) {
		for i := range c.labs {
			b.laboratory(v, &c.labs[i], met+5*minute, doctor, nil)
		}
	}
	if c.image != "" && b.chance(0.12) {
		b.image(v, c.image, met+6*minute, doctor)
	}
	if b.chance(0.35) {
		b.drugs(v, 1+b.r.IntN(2), met+10*minute, doctor)
	}
	b.note(v, "PN", momentOf(v.To)+b.after(30*minute, 0.8), doctor)
	b.charge(v, momentOf(v.To)+b.after(2*hour, 0.5), c.Diagnosis, doctor, 1)
	b.updates(v, 2, from, momentOf(v.To))
	b.strangers(v, from, b.h.dayEnd, 0.41)
	b.afterwards(v)
}

// restrict puts those whose record is protected by law or by the house on the list of such records.
func (b *batch) restrict(v *Visit, at moment) {
	if v.Condition.Label != "" {
		b.list(at, v, feed.ListRow{Kind: "restricted", Reference: key("P", v.id), Label: v.Condition.Label, From: stampOf(b, at), Status: "active"})
	}
}

// afterwards plans what follows a visit: codes, bills, calls, a second number that is found out.
func (b *batch) afterwards(v *Visit) {
	day := b.h.World.DayOf(v.To)
	if b.chance(0.8) {
		b.later(day+1+world.Day(b.r.IntN(4)), codeIt, v)
	}
	if b.chance(0.75) {
		b.later(day+3+world.Day(b.r.IntN(20)), billIt, v)
	}
	if b.chance(0.35) {
		b.later(day+1+world.Day(b.r.IntN(10)), callIt, v)
	}
	for range b.some(1.3) {
		b.later(day+1+world.Day(b.r.IntN(12)), readIt, v)
	}
	if v.MRN != b.h.World.MRN(v.Person) {
		b.later(day+1+world.Day(b.r.IntN(8)), mergeIt, v)
	}
}

// emergency is a visit to the emergency department, up to the ward or the door.
func (b *batch) emergency(v *Visit) {
	ed, from, to := v.Stays[0].Unit, momentOf(v.From), momentOf(v.Stays[0].To)
	clerk := b.duty(ed, from, desk)
	b.adt(v, "A04", from+4*minute, clerk, 'E')
	b.restrict(v, from)
	b.see(v, clerk, from+3*minute, Registering, "desk", true)
	b.see(v, b.duty(ed, from, nurse), from+5*minute, Nursing, "triage", true)
	carer := b.duty(ed, from, nurse)
	for at := from + 20*minute; at < to; at += b.after(80*minute, 0.3) {
		if !b.on(carer, at, 0) {
			carer = b.duty(ed, at, nurse)
		}
		b.see(v, carer, at, Nursing, "care", true)
	}
	met := min(from+b.after(35*minute, 0.6), to-30*minute)
	doctor := v.Attending
	b.see(v, doctor, met, Chart, "care", true)
	b.see(v, b.h.pickIf(b, ed, met, resident, 0.6), met+4*minute, Rounds, "care", true)
	c := v.Condition
	for i := range c.labs {
		b.laboratory(v, &c.labs[i], met+moment(5+i)*minute, doctor, nil)
	}
	if c.image != "" && b.chance(c.imaged) {
		b.image(v, c.image, met+9*minute, doctor)
	}
	b.drugs(v, b.some(1.2), met+15*minute, doctor)
	b.treat(v, ed, to, carer)
	if c.consult != "" && b.chance(0.25) {
		b.consult(v, c.consult, met+30*minute, doctor)
	}
	b.note(v, "ED", to-5*minute, doctor)
	b.charge(v, to+b.after(3*hour, 0.4), c.Diagnosis, doctor, 2)
	b.updates(v, 3, from, to)
	b.strangers(v, from, to+3*hour, 0.55)
	if v.Class == 'I' {
		b.adt(v, "A01", to+minute, b.duty(b.h.registration, to, desk), 'I')
		if day := b.h.World.DayOf(v.Stays[1].From); day > b.h.date {
			b.later(day, stayIt, v)
		} else {
			b.day(v)
		}
		return
	}
	b.adt(v, "A03", to+2*minute, b.duty(ed, to, desk), 'E')
	b.afterwards(v)
}

// pickIf picks somebody on duty so often, and else nobody.
func (h *Hospital) pickIf(b *batch, u *world.Unit, at moment, holds func(*world.Staff) bool, share float64) *world.Staff {
	if !b.chance(share) {
		return nil
	}
	return b.duty(u, at, holds)
}

// coding and billing work through what has been done.
func (b *batch) coding(v *Visit) {
	if who, at, ok := b.working(v, b.h.coding, anyone); ok {
		b.see(v, who, at, Coding, "coding", true)
		b.charge(v, at+b.after(10*minute, 0.4), v.Condition.Diagnosis, v.Attending, 1+b.r.IntN(2))
		return
	}
	if b.h.coding != nil {
		b.later(b.h.date+1, codeIt, v)
	}
}

func (b *batch) billing(v *Visit) {
	if who, at, ok := b.working(v, b.h.billing, anyone); ok {
		b.see(v, who, at, Account, "billing", true)
		return
	}
	b.later(b.h.date+1, billIt, v)
}

// call is a call or a message about a patient who has gone home.
func (b *batch) call(v *Visit) {
	unit := v.Stays[len(v.Stays)-1].Unit
	if unit.Kind != world.ClinicRoom {
		rooms := b.h.clinicsOf[v.Attending.Service]
		if len(rooms) == 0 {
			return
		}
		unit = rooms[b.r.IntN(len(rooms))]
	}
	taker, at, ok := b.working(v, unit, anyone)
	if !ok {
		return
	}
	b.message(v, at-b.after(25*minute, 0.7), "portal", nil, taker)
	b.see(v, taker, at, Notes, "message", true)
	answers := b.duty(unit, at+40*minute, func(s *world.Staff) bool { return s.Job.Code == "MD" || s.Job.Code == "CRN" })
	if answers != nil && answers != taker {
		b.message(v, at+3*minute, taker.Login, taker, answers)
		b.see(v, answers, at+b.after(50*minute, 0.6), Chart, "message", true)
	}
}

// read is the doctor who looks after what has come in since: results, letters.
func (b *batch) read(v *Visit) {
	sh := b.h.rosters[1].Of(v.Attending)
	if sh == nil || v.NoShow {
		return
	}
	at := b.between(momentOf(sh.From), min(momentOf(sh.To), b.h.dayEnd)-5*minute)
	b.see(v, v.Attending, at, [...]What{Results, Notes, Chart}[b.r.IntN(3)], "inbox", true)
}

// updates are messages that tell of this and that: an insurance, a telephone number, a diagnosis.
func (b *batch) updates(v *Visit, mean float64, from, to moment) {
	for range b.some(mean) {
		at := b.between(from+5*minute, to)
		b.adt(v, "A08", at, nil, v.classAt(at))
	}
}

// found is how a second number is found out: somebody in medical records compares the two records and merges them.
func (b *batch) found(v *Visit) {
	who, at, ok := b.working(v, b.h.records, anyone)
	if !ok {
		b.later(b.h.date+1, mergeIt, v)
		return
	}
	b.see(v, who, at, Demographics, "merge", true)
	b.list(at-hour, v, feed.ListRow{Kind: "quality", Reference: key("MG", v.next()), Who: who.Department, WhoKind: "department",
		From: stampOf(b, at-24*hour), To: stampOf(b, at+24*hour), Status: "open"})
	real, wrong := b.h.World.MRN(v.Person), v.MRN
	if v.wrong != world.None {
		b.merge(v, "A40", b.h.World.MRN(v.wrong), wrong, at+6*minute, who)
		b.later(b.h.date+2+world.Day(b.r.IntN(4)), splitIt, v)
		return
	}
	b.merge(v, "A40", real, wrong, at+6*minute, who)
	b.effects = append(b.effects, func() { v.MRN, v.pid = real, nil })
}

// split undoes a merge that joined two people.
func (b *batch) split(v *Visit) {
	who, at, ok := b.working(v, b.h.records, anyone)
	if !ok {
		b.later(b.h.date+1, splitIt, v)
		return
	}
	b.merge(v, "A37", b.h.World.MRN(v.wrong), v.MRN, at, who)
	b.effects = append(b.effects, func() { v.wrong = world.None })
	b.later(b.h.date+1, mergeIt, v)
}

func stampOf(b *batch, at moment) string {
	return at.time().In(b.h.World.Zone).Format("2006-01-02T15:04:05-07:00")
}
