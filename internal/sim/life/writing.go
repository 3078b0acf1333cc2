package life

import (
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// Value is one value of a result. Status is F, C (corrected) or P.
type Value struct{ Code, Title, Number, Unit, Range, Status string }

// result reports what came out of an order: by verified it, made it who was at the machine.
func (b *batch) result(v *Visit, f feed.Feed, o *order, at moment, by, made *world.Staff, status string, values []Value) {
	id := v.next()
	b.begin(f, at, "ORU^R01^ORU_R01", id)
	b.patient(v, at)
	if world.Mix(id, 7)%100 > 0 { // one in a hundred comes without
		b.pv1(v, at, v.classAt(at))
	}
	b.orc(o, "RE", at, nil)
	b.obr(o, b.h.stamp(f, at))
	m := &b.m
	m.Field(25, status)
	if v.Family != nil && world.Mix(id, 8)%4 == 0 {
		b.xcn(28, v.Family)
	}
	if by != nil {
		m.Asis(32, by.Number+"&"+by.Human.Family+"&"+by.Human.Given)
	}
	if made != nil {
		m.Asis(34, made.Number+"&"+made.Human.Family+"&"+made.Human.Given)
	}
	machine := ""
	if f == feed.Lab {
		machine = analyser(o)
	}
	for i, value := range values {
		m.Segment("OBX")
		m.Field(1, strconv.Itoa(i+1))
		m.Field(2, "NM")
		m.Field(3, value.Code, value.Title, "LN")
		m.Field(5, value.Number)
		m.Field(6, value.Unit)
		m.Field(7, value.Range)
		m.Field(11, value.Status)
		m.Stamp(14, o.at.time().In(b.h.World.Zone))
		b.xcn(16, by)
		m.Field(18, machine)
	}
	b.send(f, at, id, v.tale)
	b.says[len(b.says)-1].part = machine
}

// analyser is the machine that measures what was ordered; empty for what people look at. Chemistry has two, which share the work.
func analyser(o *order) string {
	switch o.section {
	case "LAB-CHEM":
		return "CHEM-" + strconv.FormatUint(1+hashText(o.number)%2, 10)
	case "LAB-HEM":
		return "HEM-1"
	}
	return ""
}

// prescribe sends a new or changed prescription to the pharmacy.
func (b *batch) prescribe(v *Visit, o *order, control string, at moment) {
	b.prescribeAs(v, o, control, at, v.next())
}

func (b *batch) prescribeAs(v *Visit, o *order, control string, at moment, id uint64) {
	b.begin(feed.Pharmacy, at, "RDE^O11^RDE_O11", id)
	b.patient(v, at)
	b.pv1(v, at, v.classAt(at))
	b.orc(o, control, at, nil)
	m := &b.m
	m.Segment("RXE")
	m.Field(2, o.code, o.title, "L")
	m.Field(3, "1")
	if b.h.c.Bedside && o.timing != nil {
		m.Field(5, o.title[strings.LastIndexByte(o.title, ' ')+1:])
		b.timed(o.timing)
	} else {
		m.Field(5, "TAB")
	}
	b.send(feed.Pharmacy, at, id, v.tale)
}

// give says that somebody gave a drug.
func (b *batch) give(v *Visit, o *order, at moment, by *world.Staff) {
	if by != nil {
		b.giveAs(v, o, at, by, v.next())
	}
}

func (b *batch) giveAs(v *Visit, o *order, at moment, by *world.Staff, id uint64) {
	b.begin(feed.Pharmacy, at, "RAS^O17^RAS_O17", id)
	b.patient(v, at)
	b.pv1(v, at, v.classAt(at))
	b.orc(o, "RE", at, by)
	m := &b.m
	m.Segment("RXA")
	m.Field(1, "0")
	m.Field(2, "1")
	m.Stamp(3, at.time().In(b.h.World.Zone))
	m.Field(5, o.code, o.title, "L")
	m.Field(6, "1")
	b.xcn(10, by)
	m.Field(20, "CP")
	b.send(feed.Pharmacy, at, id, v.tale)
}

// documented is a document that somebody writes about a patient.
type documented struct {
	number, parent, event, kind string
	written                     moment // as it states itself
	by, typist                  *world.Staff
	text                        string
}

// write says that a document was written.
func (b *batch) write(v *Visit, d *documented, at moment) {
	id := v.next()
	b.begin(feed.Documents, at, "MDM^"+d.event+"^MDM_T02", id)
	b.m.Segment("EVN")
	b.m.Field(1, d.event)
	b.m.Stamp(2, b.h.stamp(feed.Documents, at))
	b.patient(v, at)
	b.pv1(v, at, v.classAt(at))
	m := &b.m
	m.Segment("TXA")
	m.Field(1, "1")
	m.Field(2, d.kind)
	m.Stamp(4, d.written.time().In(b.h.World.Zone))
	m.Stamp(6, b.h.originated(d, at).time().In(b.h.World.Zone))
	b.xcn(9, d.by)
	b.xcn(11, d.typist)
	m.Field(12, d.number)
	m.Field(13, d.parent)
	m.Field(15, b.h.serial(at, id))
	m.Field(17, "AU")
	m.Segment("OBX")
	m.Field(1, "1")
	m.Field(2, "TX")
	m.Field(3, d.kind)
	m.Field(5, d.text)
	m.Field(11, "F")
	b.send(feed.Documents, at, id, v.tale)
}

// appoint says something about an appointment: S12 made, S14 changed, S15 cancelled, S26 nobody came.
func (b *batch) appoint(v *Visit, event string, at moment, by *world.Staff, with ...*world.Staff) {
	id := v.next()
	b.begin(feed.Scheduling, at, "SIU^"+event+"^SIU_S12", id)
	m := &b.m
	zone := b.h.World.Zone
	m.Segment("SCH")
	m.Field(1, key("A", v.id))
	m.Field(2, key("A", v.id))
	m.Field(6, "ROUTINE")
	m.Field(7, v.Condition.Name)
	m.Field(11, "", "", "", v.From.In(zone).Format("20060102150405-0700"), v.To.In(zone).Format("20060102150405-0700"))
	if v.Attending != nil {
		b.xcn(16, v.Attending)
	}
	b.xcn(20, by)
	b.patient(v, at)
	b.pv1(v, at, v.Class)
	m.Segment("RGS")
	m.Field(1, "1")
	for i, who := range with {
		if who == nil {
			continue
		}
		m.Segment("AIP")
		m.Field(1, strconv.Itoa(i+1))
		b.xcn(3, who)
		m.Field(4, who.Job.Code)
		m.Stamp(6, v.From.In(zone))
	}
	m.Segment("AIL")
	m.Field(1, "1")
	m.Field(3, v.Stays[0].Unit.Code, "", "", b.h.World.Authority)
	m.Stamp(6, v.From.In(zone))
	b.send(feed.Scheduling, at, id, v.tale)
}

// charge books what was done.
func (b *batch) charge(v *Visit, at moment, code string, by *world.Staff, lines int) {
	id := v.next()
	b.begin(feed.Billing, at, "DFT^P03^DFT_P03", id)
	b.m.Segment("EVN")
	b.m.Field(1, "P03")
	b.m.Stamp(2, b.h.stamp(feed.Billing, at))
	b.patient(v, at)
	b.pv1(v, at, v.Class)
	m := &b.m
	for i := range lines {
		m.Segment("FT1")
		m.Field(1, strconv.Itoa(i+1))
		m.Stamp(4, v.From.In(b.h.World.Zone))
		m.Field(6, "CG")
		m.Field(7, code, "Charge", "L")
		m.Field(10, "1")
		b.xcn(20, by)
	}
	b.send(feed.Billing, at, id, v.tale)
}

// refer says that a message, a call or a referral about the patient went to somebody.
func (b *batch) refer(v *Visit, at moment, from, to *world.Staff) {
	if to == nil {
		return
	}
	id := v.next()
	b.begin(feed.Referrals, at, "REF^I12^REF_I12", id)
	m := &b.m
	m.Segment("RF1")
	m.Field(1, "A")
	m.Field(6, key("R", id))
	m.Stamp(7, at.time().In(b.h.World.Zone))
	for i, who := range []*world.Staff{to, from} {
		if who == nil {
			continue
		}
		m.Segment("PRD")
		m.Field(1, [...]string{"RT", "RP"}[i])
		m.Field(2, who.Human.Family, who.Human.Given)
		m.Field(7, who.Number, "", "", b.h.World.Authority)
	}
	b.patient(v, at)
	b.pv1(v, at, v.classAt(at))
	b.send(feed.Referrals, at, id, v.tale)
}

// message is one in somebody's basket about a patient, which somebody or something put there: a message to the system
// beside, and a row of the export of baskets.
func (b *batch) message(v *Visit, at moment, by string, from, to *world.Staff) {
	b.refer(v, at, from, to)
	b.list(at, v, feed.ListRow{Kind: "message", Reference: key("B", v.next()), Who: to.Login, WhoKind: "person", From: stampOf(b, at), By: by, Status: "open"})
}

// merge says that a second number is the same person's (A40), or, with A37, that it is not.
func (b *batch) merge(v *Visit, event, survivor, retired string, at moment, by *world.Staff) {
	id := v.next()
	b.begin(feed.ADT, at, "ADT^"+event+"^"+structure(event), id)
	b.evn(event, at, by)
	one := Visit{Person: v.Person, MRN: survivor, Family: v.Family, human: v.human}
	b.patient(&one, at)
	m := &b.m
	if event == "A37" {
		m.Segment("PID")
		m.Field(1, "2")
		m.Field(3, retired, "", "", b.h.World.Authority, "MR")
	} else {
		m.Segment("MRG")
		m.Field(1, retired, "", "", b.h.World.Authority, "MR")
		m.Field(7, b.h.called(v)...)
	}
	b.send(feed.ADT, at, id, v.tale)
}
