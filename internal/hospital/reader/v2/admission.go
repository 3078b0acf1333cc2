package v2

import (
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// admission reads ADT: who came, moved, left, and under which number (HL7 v2.5.1 chapter 3).
func (m *message) admission() {
	switch m.trigger {
	case "A24", "A37": // link, unlink: two patients in turn
		m.link()
		return
	case "A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47", "A48":
		m.merges()
		return
	case "A19": // a query
		return
	}
	for i := range m.groups {
		g := &m.groups[i]
		m.patient(g)
		m.registration(g)
		m.careTeam(g)
		switch m.trigger {
		case "A28", "A29", "A31", "A60": // of a person, not of a visit
		case "A35", "A41", "A43", "A44", "A49", "A51": // numbers of accounts: they make no reason
		case "A42", "A45", "A50":
			m.renumber(g)
		default:
			m.visit(g)
			m.procedures(g)
		}
	}
}

// visit reads PV1 and what stands around it.
func (m *message) visit(g *group) {
	pv1, evn := first(g.segs, "PV1"), first(m.head, "EVN")
	if pv1.m == nil || len(g.ids) == 0 && g.visit == "" {
		return
	}
	occurred := known(m.time(evn, 6), m.time(evn, 2), m.sent)
	v := &hospital.VisitFact{
		Patient: g.ids, Number: g.visit, Service: pv1.get(10, 1), Unit: pv1.get(3, 1),
		Start: m.time(pv1, 44), End: m.time(pv1, 45), Diagnoses: diagnoses(g.segs),
	}
	if class := pv1.get(2, 1); len(class) == 1 {
		v.Class = class[0]
	}
	m.happened(v, pv1, occurred)
	m.put(hospital.Fact{Visit: v}, time.Time{})
	m.providers(g, pv1, v)
	m.pending(g, pv1, known(m.time(first(g.segs, "PV2"), 8), m.time(evn, 3), occurred))
	if m.trigger == "A03" {
		m.reason(g, hospital.ReasonFact{Kind: hospital.Account, Key: or(g.visit, m.control), From: v.End}, time.Time{})
	}
}

// happened settles what the trigger says about the visit beyond its fields.
func (m *message) happened(v *hospital.VisitFact, pv1 segment, at time.Time) {
	switch m.trigger {
	case "A01", "A04":
		v.Start, v.Moved = known(v.Start, at), at
	case "A02", "A12", "A06", "A07":
		v.Moved = at
	case "A03":
		v.End = known(v.End, at)
	case "A13":
		v.End, v.Reopened = time.Time{}, true
	case "A11", "A23", "A38":
		v.Cancelled = true
	case "A09", "A10": // on the way, or at a place for a while
		if there := pv1.get(11, 1); there != "" {
			v.Unit, v.Moved = there, at
		}
	case "A05", "A14", "A27": // not there yet
		v.Unit, v.End = "", time.Time{}
		v.Cancelled = m.trigger == "A27"
	case "A17": // two swap beds
		v.Moved = at
	}
}

// providers reads those who look after the patient: attending, referring, consulting, admitting, others.
func (m *message) providers(g *group, pv1 segment, v *hospital.VisitFact) {
	r := hospital.ReasonFact{
		Kind: hospital.Provider, Key: g.visit, Who: people(pv1, 7, 8, 9, 17, 52), By: person(first(m.head, "EVN"), 5),
		From: v.Start, To: v.End, Void: v.Cancelled,
	}
	if r.Void {
		r.Who = nil
		m.reason(g, r, time.Time{})
		return
	}
	m.relate(g, r, time.Time{})
	if m.trigger == "A03" { // also those who looked after the patient before
		m.reason(g, hospital.ReasonFact{Kind: hospital.Provider, Key: g.visit, To: v.End}, time.Time{})
	}
	for s := range named(g.segs, "DG1") {
		m.relate(g, hospital.ReasonFact{Kind: hospital.Provider, Key: g.visit, Who: people(s, 16), From: known(m.time(s, 5), v.Start), To: v.End}, time.Time{})
	}
}

// pending reads that a patient is expected at a place.
func (m *message) pending(g *group, pv1 segment, expected time.Time) {
	r := hospital.ReasonFact{Kind: hospital.Transfer, Key: g.visit, From: expected, By: person(first(m.head, "EVN"), 5)}
	switch m.trigger {
	case "A05", "A14":
		r.Who = one(hospital.Unit, pv1.get(3, 1))
	case "A15":
		r.Who = one(hospital.Unit, or(pv1.get(42, 1), pv1.get(3, 1)))
	case "A26", "A27", "A38":
		r.From, r.Void = time.Time{}, true
		m.reason(g, r, time.Time{})
		return
	}
	m.relate(g, r, time.Time{})
}

// registration reads who entered it, and at which desk.
func (m *message) registration(g *group) {
	evn := first(m.head, "EVN")
	if len(g.ids) == 0 {
		return
	}
	at := known(m.time(evn, 6), m.said)
	who := people(evn, 5)
	who = add(who, hospital.Department, hospital.Name{Text: evn.get(7, 1)})
	m.relate(g, hospital.ReasonFact{Kind: hospital.Registration, Key: m.control, Who: who, By: person(evn, 5), From: at, To: at}, time.Time{})
}

// careTeam reads the family doctor and those who have a role (PD1-4, ROL).
func (m *message) careTeam(g *group) {
	m.relate(g, hospital.ReasonFact{Kind: hospital.CareTeam, Key: "PD1", Who: people(first(g.segs, "PD1"), 4)}, time.Time{})
	for s := range named(g.segs, "ROL") {
		r := hospital.ReasonFact{
			Kind: hospital.CareTeam, Key: or(s.get(1, 1), s.get(3, 1)), Who: people(s, 4), By: person(first(m.head, "EVN"), 5),
			From: m.time(s, 5), To: m.time(s, 6),
		}
		r.Void = s.get(2, 1) == "DE" || s.get(2, 1) == "UN" // table 0287: delete, unlink
		m.relate(g, r, time.Time{})
	}
}

// procedures reads who took part in one.
func (m *message) procedures(g *group) {
	for s := range named(g.segs, "PR1") {
		at := m.time(s, 5)
		m.relate(g, hospital.ReasonFact{
			Kind: hospital.Procedure, Key: g.visit + "/" + s.get(3, 1) + "/" + s.get(5, 1), Who: people(s, 8, 11, 12), From: at, To: at,
			Void: s.get(20, 1) == "D",
		}, time.Time{})
	}
}

func diagnoses(segs []segment) []string {
	var list []string
	for s := range named(segs, "DG1") {
		if code := or(s.get(3, 1), s.get(3, 2)); code != "" && s.get(21, 1) != "D" && len(list) < mostRepetitions {
			list = append(list, code)
		}
	}
	return list
}

// renumber reads that a visit has another number, is part of another one, or was another patient's (A42, A45, A50).
func (m *message) renumber(g *group) {
	former := first(g.segs, "MRG").get(5, 1)
	if g.visit == "" {
		g.visit, former = former, ""
	}
	if g.visit == former {
		former = ""
	}
	if g.visit != "" {
		m.put(hospital.Fact{Visit: &hospital.VisitFact{Patient: g.ids, Number: g.visit, Former: former}}, time.Time{})
	}
}

// merges reads that numbers are one person's: PID survives, MRG-1 retires (HL7 v2.5.1 section 3.6.2).
func (m *message) merges() {
	for i := range m.groups {
		g := &m.groups[i]
		m.patient(g)
		m.registration(g)
		for s := range named(g.segs, "MRG") {
			retired := identifiers(s, 1, 4)
			if len(g.ids) > 0 && len(retired) > 0 {
				m.put(hospital.Fact{Merge: &hospital.MergeFact{Survivor: g.ids, Retired: retired}}, time.Time{})
			}
		}
	}
}

// link reads that two patients are one person (A24), or are not after all (A37).
func (m *message) link() {
	for i := range m.groups {
		m.patient(&m.groups[i])
	}
	if len(m.groups) < 2 || len(m.groups[0].ids) == 0 || len(m.groups[1].ids) == 0 {
		return
	}
	m.put(hospital.Fact{Merge: &hospital.MergeFact{
		Survivor: m.groups[0].ids, Retired: m.groups[1].ids, Undo: m.trigger == "A37",
	}}, time.Time{})
}
