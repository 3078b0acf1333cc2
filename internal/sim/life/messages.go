package life

import (
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

func (m moment) time() time.Time { return time.UnixMilli(int64(m)) }

// stamp is what the clock of a feed's system shows: none is quite right.
func (h *Hospital) stamp(f feed.Feed, at moment) time.Time {
	return (at + h.skew(f)).time().In(h.World.Zone)
}

// skew is how wrong the clock of a feed's system is: from 3 seconds slow to 90 fast, small for most.
func (h *Hospital) skew(f feed.Feed) moment {
	x := world.Mix(h.World.Seed, 0x736b6577, uint64(len(f)), uint64(f[0]), uint64(f[len(f)-1]))
	if x%5 == 0 {
		return moment(x>>8%90) * second
	}
	return moment(x>>8%6000) - 3*second
}

// leaves is when a message leaves its system: some 40 ms later, rarely minutes, and then behind others.
func (h *Hospital) leaves(f feed.Feed, at moment, id uint64) moment {
	x := world.Mix(id, 0x6c61)
	late := moment(10 + x%120)
	if x>>16%200 == 0 {
		late += moment(x>>32%600) * second
	}
	for i := range h.delays {
		if d := &h.delays[i]; d.feed == f && at >= d.from && at < d.to {
			late += d.by
		}
	}
	return at + late
}

// control is the number of a message, which says nothing of its id.
func control(id uint64) string { return "M" + strconv.FormatUint(world.Mix(id, 0x4d5348), 36) }

// key is the number of an order, a document, an appointment.
func key(prefix string, id uint64) string {
	return prefix + strconv.FormatUint(world.Mix(id, 0x6b6579)%1_000_000_000_000, 10)
}

// xcn writes somebody who works here (HL7 v2.5.1 section 2.A.88).
func (b *batch) xcn(n int, s *world.Staff) {
	if s != nil {
		b.m.Field(n, s.Number, s.Human.Family, s.Human.Given, "", "", "", "", "", b.h.World.Authority)
	}
}

// pidOf writes the segments that say who a patient is.
func (h *Hospital) pidOf(m *feed.Message, v *Visit, died time.Time) {
	u := &v.human
	m.Segment("PID")
	m.Field(1, "1")
	m.Field(3, v.MRN, "", "", h.World.Authority, "MR")
	m.Field(5, u.Family, u.Given, "", "", "", "", "L")
	m.Field(7, civil(u.Born))
	m.Field(8, u.Sex)
	m.Field(11, u.Street, "", u.City, "", u.Postcode, "", "H")
	m.Field(13, u.Phone)
	m.Field(19, u.National)
	if v.mother != nil {
		m.Field(21, v.mother.MRN, "", "", h.World.Authority, "MR")
	}
	if !died.IsZero() {
		m.Stamp(29, died.In(h.World.Zone))
		m.Field(30, "Y")
	}
	if v.Family != nil {
		g := v.Family
		m.Segment("PD1")
		m.Field(4, g.Number, g.Human.Family, g.Human.Given, "", "", "", "", "", h.World.Authority)
	}
	near, relation := h.World.Partner(v.Person), "SPO"
	if v.Person.Child() {
		near, relation = v.Person&^7, "PAR"
	}
	if v.mother != nil {
		near, relation = v.mother.Person, "MTH"
	}
	if near != world.None {
		k := h.World.Human(near)
		m.Segment("NK1")
		m.Field(1, "1")
		m.Field(2, k.Family, k.Given)
		m.Field(3, relation)
		m.Field(4, k.Street, "", k.City, "", k.Postcode)
		m.Field(5, k.Phone)
	}
}

func civil(d world.Day) string { return time.Unix(int64(d)*86400, 0).UTC().Format("20060102") }

// patient writes who the patient is, and for a visit where.
func (b *batch) patient(v *Visit, at moment) {
	if v.pid == nil {
		var m feed.Message
		b.h.pidOf(&m, v, time.Time{})
		v.pid = m.Bytes()
	}
	b.m.Raw(v.pid)
}

// pv1 writes where the patient is and who looks after the patient.
func (b *batch) pv1(v *Visit, at moment, class byte) {
	if v.Number == "" {
		return // no visit: a call, a letter
	}
	t := at.time()
	if b.h.c.Bedside { // moments are cut to milliseconds, and without this a move would tell of the place that is left
		t = t.Add(time.Millisecond)
	}
	m, where := &b.m, v.stay(t)
	if where == nil && len(v.Stays) > 0 {
		where = &v.Stays[len(v.Stays)-1]
		if t.Before(v.Stays[0].From) {
			where = &v.Stays[0]
		}
	}
	m.Segment("PV1")
	m.Field(1, "1")
	m.Field(2, string(class))
	if where != nil {
		m.Field(3, where.Unit.Code, where.Bed, "", b.h.World.Authority)
	}
	b.xcn(7, v.Attending)
	b.xcn(8, v.Family)
	m.Field(10, v.Attending.Service)
	if v.VIP {
		m.Field(16, "VIP")
	}
	m.Field(19, v.Number)
	m.Stamp(44, v.From.In(b.h.World.Zone))
	if !t.Before(v.To) {
		m.Stamp(45, v.To.In(b.h.World.Zone))
	}
}

// adt says that something happened to the visit; by did it at a desk, or nobody is named.
func (b *batch) adt(v *Visit, event string, at moment, by *world.Staff, class byte) {
	id := v.next()
	b.begin(feed.ADT, at, "ADT^"+event+"^"+structure(event), id)
	b.evn(event, at, by)
	b.patient(v, at)
	b.pv1(v, at, class)
	if event == "A04" && class == 'E' {
		b.m.Segment("PV2")
		b.m.Field(38, v.cameBy())
	}
	if b.h.c.Bedside && (event == "A01" || event == "A04" || event == "A08") {
		b.allergic(v)
	}
	if event == "A01" || event == "A03" || event == "A04" || event == "A08" {
		b.m.Segment("DG1")
		b.m.Field(1, "1")
		b.m.Field(3, v.Condition.Diagnosis, v.Condition.Name, "L")
		b.m.Field(6, "A")
	}
	b.send(feed.ADT, at, id, v.tale)
}

// cameBy is how somebody came to the emergency department (HL7 v2.5.1 table 0430): one in four by ambulance, others by car or on foot.
func (v *Visit) cameBy() string {
	switch x := world.Mix(v.id, 0x616d62) % 8; {
	case x < 2 || v.brought:
		return "A"
	case x < 6:
		return "C"
	}
	return "F"
}

func (b *batch) evn(event string, at moment, by *world.Staff) {
	b.m.Segment("EVN")
	b.m.Field(1, event)
	b.m.Stamp(2, b.h.stamp(feed.ADT, at))
	b.xcn(5, by)
	b.m.Stamp(6, at.time().In(b.h.World.Zone))
	if by != nil && by.Unit != nil {
		b.m.Field(7, by.Unit.Code)
	}
}

// structure is the abstract message of an event of ADT (HL7 v2.5.1 table 0354).
func structure(event string) string {
	switch event {
	case "A04", "A08", "A13":
		return "ADT_A01"
	case "A28", "A31":
		return "ADT_A05"
	case "A40":
		return "ADT_A39"
	}
	return "ADT_" + event
}

// order says that something was ordered, or cancelled (control CA).
func (b *batch) order(v *Visit, o *order, control string, at moment, by *world.Staff) {
	id := v.next()
	b.begin(feed.Orders, at, o.message(), id)
	b.patient(v, at)
	b.pv1(v, at, v.classAt(at))
	b.orc(o, control, at, by)
	b.obr(o, time.Time{})
	b.send(feed.Orders, at, id, v.tale)
}

// order is something that was ordered.
type order struct {
	number      string
	code, title string
	section     string // unit that does it
	by, enterer *world.Staff
	at          moment
	timing      *timing // of a drug, where it is known
}

func (o *order) message() string {
	if len(o.section) > 3 && o.section[:3] == "LAB" {
		return "OML^O21^OML_O21"
	}
	return "ORM^O01^ORM_O01"
}

func (b *batch) orc(o *order, control string, at moment, by *world.Staff) {
	m := &b.m
	m.Segment("ORC")
	m.Field(1, control)
	m.Field(2, o.number, "EHR")
	m.Stamp(9, at.time().In(b.h.World.Zone))
	if by == nil {
		by = o.enterer
	}
	b.xcn(10, by)
	b.xcn(12, o.by)
}

// obr says what was ordered; reported is when there was a result.
func (b *batch) obr(o *order, reported time.Time) {
	m := &b.m
	m.Segment("OBR")
	m.Field(1, "1")
	m.Field(2, o.number, "EHR")
	m.Field(4, o.code, o.title, "L")
	m.Stamp(7, o.at.time().In(b.h.World.Zone))
	b.xcn(16, o.by)
	m.Stamp(22, reported)
	m.Field(24, o.section)
}

func (v *Visit) classAt(at moment) byte {
	if v.Class == 'I' && len(v.Stays) > 1 && v.Stays[0].Unit.Kind == world.Emergency && at.time().Before(v.Stays[0].To) {
		return 'E'
	}
	return v.Class
}
