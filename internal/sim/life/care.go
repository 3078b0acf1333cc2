package life

import (
	"fmt"
	"math"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// laboratory has a panel ordered, drawn, measured and read.
func (b *batch) laboratory(v *Visit, p *panel, at moment, by, drawer *world.Staff) {
	section := b.h.World.Unit(p.section)
	if section == nil { // a practice sends its specimens away, and has the results typed in
		return
	}
	o := &order{number: key("O", v.next()), code: p.code, title: p.title, section: p.section, by: by, enterer: by, at: at}
	b.order(v, o, "NW", at, by)
	if b.chance(0.02) {
		b.order(v, o, "CA", at+b.after(20*minute, 0.5), by)
		return
	}
	lag := b.after(55*minute, 0.5)
	switch p.section {
	case "LAB-MIC", "LAB-PATH":
		lag = b.after(30*hour, 0.4)
	}
	done := at + lag
	technician := b.duty(section, at+lag/2, job("LAB"))
	if b.chance(0.3) {
		b.see(v, technician, at+lag/2, Specimens, "specimen", true)
	}
	b.result(v, feed.Lab, o, done, technician, nil, "F", b.values(p, "F"))
	if b.chance(0.006) {
		b.result(v, feed.Lab, o, done+b.after(3*hour, 0.6), technician, nil, "C", b.values(p, "C"))
	}
	if done < b.h.dayEnd && b.chance(0.5) {
		reader := by
		if !b.on(by, done, 20*minute) {
			reader = b.doctor(v, done)
		}
		b.see(v, reader, done+b.after(12*minute, 0.8), Results, "result", true)
	}
}

// values are plausible ones: how ill the patient is moves all of a panel together.
func (b *batch) values(p *panel, status string) []Value {
	all := make([]Value, len(p.values))
	ill := b.r.NormFloat64()
	for i, a := range p.values {
		x := a.mean + a.spread*(0.6*ill+0.8*b.r.NormFloat64())
		all[i] = Value{Code: a.code, Title: a.title, Unit: a.unit, Range: a.reference, Status: status, Number: fmt.Sprintf("%.1f", math.Max(x, a.mean/10))}
	}
	return all
}

// image has an image ordered, made and read.
func (b *batch) image(v *Visit, unit string, at moment, by *world.Staff) {
	section := b.h.World.Unit(unit)
	if section == nil {
		return
	}
	o := &order{number: key("O", v.next()), code: unit + "-1", title: section.Title, section: unit, by: by, enterer: by, at: at}
	b.order(v, o, "NW", at, by)
	made := at + b.after(70*minute, 0.6)
	radiographer := b.duty(section, made, job("RT"))
	b.see(v, radiographer, made, Images, "imaging", true)
	read := made + b.after(80*minute, 0.8)
	reader := b.duty(section, read, job("RAD"))
	b.see(v, reader, read-10*minute, Images, "reading", true)
	b.result(v, feed.Imaging, o, read, reader, radiographer, "F", []Value{{Code: "18748-4", Title: "Report", Number: "1", Status: "F"}})
	if b.chance(0.5) {
		b.see(v, b.doctor(v, read), read+b.after(20*minute, 0.8), Images, "result", true)
	}
}

// drugs has some prescribed, and verified by the pharmacy.
func (b *batch) drugs(v *Visit, n int, at moment, by *world.Staff) {
	pharmacy := b.h.World.Unit("PHARM")
	for range n {
		p := prescription{id: v.next(), at: at, once: v.classAt(at) == 'E'}
		p.drug = b.h.choose(v, world.Mix(p.id, 0x6472), b.r.IntN(chances))
		b.prescribe(v, b.h.orderOf(p, by), "NW", at)
		if v.Class != 'O' { // others take it at home
			b.stop(v, &p, by)
			v.rx = append(v.rx, p)
		}
	}
	if n > 0 && pharmacy != nil {
		verified := at + b.after(25*minute, 0.7)
		b.see(v, b.same(v.id, pharmacy, verified, job("PHA")), verified, Drugs, "pharmacy", true)
	}
}

// note has somebody write a note; three in a hundred are changed later.
func (b *batch) note(v *Visit, kind string, at moment, by *world.Staff) {
	if by == nil {
		return
	}
	d := &documented{number: key("D", v.next()), event: "T02", kind: kind, written: at, by: by, text: "Text of a note."}
	b.see(v, by, at-8*minute, Writing, "note", true)
	b.writeNote(v, d, at)
	if b.chance(0.003) && v.tale == 0 {
		b.astray(v, *d, at)
	}
	if b.chance(0.03) {
		amended := *d
		amended.event, amended.parent, amended.number = "T08", d.number, key("D", v.next())
		b.write(v, &amended, at+b.after(5*hour, 0.7))
	}
}

// astray is a note that was first written into the record of somebody else of the same name, and taken back.
func (b *batch) astray(v *Visit, d documented, at moment) {
	same := b.h.namesakes[v.human.Family]
	if len(same) == 0 || same[0].Person == v.Person {
		return
	}
	o := same[0]
	other := Visit{Person: o.Person, MRN: b.h.World.MRN(o.Person), Class: o.Class, Condition: o.Condition, Attending: o.Attending, Family: o.Family, human: o.human, wrong: world.None, id: world.Mix(v.id, o.id)}
	d.number = key("D", other.id)
	b.seeOther(o, d.by, at-12*minute, Writing, "wrong patient", false)
	b.write(&other, &d, at-6*minute)
	d.event = "T11"
	b.write(&other, &d, at+b.after(4*hour, 0.8))
}

// consult asks a service, whose doctor comes and writes.
func (b *batch) consult(v *Visit, service string, at moment, by *world.Staff) {
	if len(b.h.serving[service]) == 0 {
		return
	}
	o := &order{number: key("O", v.next()), code: "CONS-" + service, title: "Consult", section: service, by: by, enterer: by, at: at}
	b.order(v, o, "NW", at, by)
	seen := at + b.after(3*hour, 0.6)
	who := b.ofService(service, seen, physician)
	if who == nil {
		return
	}
	b.see(v, who, seen, Rounds, "consult", true)
	b.note(v, "CN", seen+b.after(40*minute, 0.4), who)
}

// strangers are looks that are right and that no paper tells of.
func (b *batch) strangers(v *Visit, from, to moment, mean float64) {
	if b.h.World.Size == world.Clinic {
		return
	}
	for range b.some(mean * b.h.undocumented) {
		at := b.between(from, to)
		units := b.h.World.Wards()
		switch x := b.r.IntN(100); {
		case x < 35: // asked in the corridor
			b.see(v, b.duty(units[b.r.IntN(len(units))], at, physician), at, Rounds, "corridor", false)
		case x < 60: // an interesting case
			b.see(v, b.duty(units[b.r.IntN(len(units))], at, resident), at, Chart, "teaching", false)
		case x < 85: // help from another ward, and no roster says so
			b.see(v, b.duty(units[b.r.IntN(len(units))], at, nurse), at, Nursing, "cover", false)
		default: // called for something that is not written down
			others := b.h.World.OfKind(world.ClinicRoom)
			b.see(v, b.duty(others[b.r.IntN(len(others))], at, anyone), at, Chart, "call", false)
		}
	}
}
