package v2

import (
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// documents reads who dictated, wrote, typed and signed a document (MDM, chapter 9).
func (m *message) documents() {
	for i := range m.groups {
		g := &m.groups[i]
		m.patient(g)
		for s := range named(g.segs, "TXA") {
			m.document(g, s)
		}
	}
}

func (m *message) document(g *group, s segment) {
	key := s.get(12, 1)
	at := known(m.time(s, 4), m.time(s, 6), m.said)
	if m.trigger == "T11" {
		m.reason(g, hospital.ReasonFact{Kind: hospital.Document, Key: key, Void: true}, time.Time{})
		return
	}
	r := hospital.ReasonFact{Kind: hospital.Document, Key: key, Who: people(s, 5, 9, 10, 11, 22), By: person(s, 11, 9), From: at, To: m.time(s, 8)}
	if kind := strings.ToUpper(s.get(2, 1) + " " + s.get(2, 2)); strings.Contains(kind, "MESSAGE") || strings.Contains(kind, "TELEPHONE") {
		r.Kind = hospital.Message
	}
	m.relate(g, r, at)
	m.relate(g, hospital.ReasonFact{Kind: hospital.Copy, Key: key, Who: people(s, 23), By: r.By, From: at, To: at}, at)
}

// schedule reads appointments, and operations that are planned (SIU, chapter 10).
func (m *message) schedule() {
	sch := first(m.head, "SCH")
	key := or(sch.get(2, 1), sch.get(1, 1))
	void := m.trigger == "S15" || m.trigger == "S16" || m.trigger == "S17"
	var reasons []hospital.ReasonFact
	if !void {
		reasons = m.appointment(sch, key)
	}
	for i := range m.groups {
		g := &m.groups[i]
		m.patient(g)
		if void {
			for _, kind := range [...]hospital.Kind{hospital.Appointment, hospital.Procedure} {
				m.reason(g, hospital.ReasonFact{Kind: kind, Key: key, By: person(sch, 20), Void: true}, time.Time{})
			}
		}
		for _, r := range reasons {
			m.relate(g, r, time.Time{})
		}
	}
}

// appointment lists who is expected to see the patients, and where, and who made the appointment.
func (m *message) appointment(sch segment, key string) (reasons []hospital.ReasonFact) {
	var resources []segment // they follow the last patient, and are all patients'
	for i := range m.groups {
		resources = append(resources, m.groups[i].segs...)
	}
	begin, end := m.moment(sch.get(11, 4)), m.moment(sch.get(11, 5))
	tq := first(resources, "TQ1")
	begin, end = known(begin, m.time(tq, 7)), known(end, m.time(tq, 8))
	kind := hospital.Appointment
	if what := strings.ToUpper(sch.get(7, 1) + sch.get(7, 2) + sch.get(8, 1)); strings.Contains(what, "SURG") || strings.Contains(what, "OPERAT") {
		kind = hospital.Procedure
	}
	by := person(sch, 20)
	for _, s := range resources {
		r := hospital.ReasonFact{Kind: kind, Key: key, By: by, From: begin, To: end, Void: s.get(2, 1) == "D"}
		switch s.Name() {
		case "AIP":
			r.Who, r.From = people(s, 3), known(m.time(s, 6), begin)
		case "AIL":
			place := s.get(3, 1)
			if place == "OR" || strings.HasPrefix(place, "OR-") {
				r.Kind = hospital.Procedure
			}
			r.Who, r.From = one(hospital.Unit, place), known(m.time(s, 6), begin)
		case "PV1":
			r.Who = people(s, 7)
		}
		if len(r.Who) > 0 && len(reasons) < mostFacts {
			reasons = append(reasons, r)
		}
	}
	return append(reasons,
		hospital.ReasonFact{Kind: kind, Key: key, By: by, Who: people(sch, 16), From: begin, To: end},
		hospital.ReasonFact{Kind: hospital.Registration, Key: m.control, By: by, Who: people(sch, 20), From: m.said, To: m.said})
}

// accounts reads charges and accounts (DFT, BAR, chapter 6): whoever codes and bills has something to do.
func (m *message) accounts() {
	for i := range m.groups {
		g := &m.groups[i]
		m.patient(g)
		pv1 := first(g.segs, "PV1")
		r := hospital.ReasonFact{Kind: hospital.Account, Key: or(g.visit, m.control), From: known(m.time(pv1, 45), m.said)}
		if m.kind == "BAR" && (m.trigger == "P02" || m.trigger == "P06") { // purged, ended
			r.From, r.To = time.Time{}, m.said
		}
		for s := range named(g.segs, "FT1") {
			at := known(m.time(s, 4), m.said)
			m.relate(g, hospital.ReasonFact{
				Kind: hospital.Procedure, Key: "charge " + or(s.get(2, 1), m.control) + "/" + s.get(1, 1), Who: people(s, 20), By: person(s, 24), From: at, To: at,
			}, time.Time{})
			m.relate(g, hospital.ReasonFact{Kind: hospital.Order, Key: s.get(23, 1), Who: people(s, 21), By: person(s, 24), From: at, To: at}, time.Time{})
		}
		m.reason(g, r, time.Time{})
		if codes := diagnoses(g.segs); len(codes) > 0 && g.visit != "" {
			m.put(hospital.Fact{Visit: &hospital.VisitFact{Patient: g.ids, Number: g.visit, Diagnoses: codes}}, time.Time{})
		}
		m.procedures(g)
	}
}

// referral reads who asks whom to see a patient (REF, chapter 11). The segments about providers may stand before the patient.
func (m *message) referral() {
	for i := range m.groups {
		g := &m.groups[i]
		m.patient(g)
		all := append(append([]segment(nil), m.head...), g.segs...)
		rf1 := first(all, "RF1")
		key := or(rf1.get(6, 1), rf1.get(11, 1), m.control)
		from := known(m.time(rf1, 7), m.said)
		void := m.trigger == "I14"
		if void {
			m.reason(g, hospital.ReasonFact{Kind: hospital.Message, Key: key, Void: true}, time.Time{})
			m.reason(g, hospital.ReasonFact{Kind: hospital.Transfer, Key: key, Void: true}, time.Time{})
			continue
		}
		n := 0
		for s := range named(all, "PRD") {
			if n++; n > mostRepetitions { // they may stand before all patients, and count for each
				break
			}
			m.relate(g, hospital.ReasonFact{Kind: hospital.Message, Key: key, Who: people(s, 7), From: from, To: m.time(rf1, 8)}, from)
			if s.get(1, 1) == "RT" { // table 0286: referred to
				m.relate(g, hospital.ReasonFact{Kind: hospital.Transfer, Key: key, Who: one(hospital.Unit, s.get(4, 1)), From: from, To: m.time(rf1, 8)}, from)
			}
		}
	}
}

// staff reads the master file of those who work here (MFN^M02, chapter 8).
func (m *message) staff() {
	if m.trigger != "M02" {
		return
	}
	action := ""
	var f *hospital.StaffFact
	for _, s := range m.head {
		switch s.Name() {
		case "MFE":
			action, f = s.get(1, 1), nil
		case "STF":
			f = m.employee(s)
			f.Gone = action == "MDL" || action == "MDC"
			m.put(hospital.Fact{Staff: f}, time.Time{})
		case "PRA":
			if f != nil {
				for p := range s.parts(6) { // numbers as a provider
					f.Logins = append(f.Logins, p.get(1, 1))
				}
			}
		}
	}
}

func (m *message) employee(s segment) *hospital.StaffFact {
	f := &hospital.StaffFact{
		Number: s.get(1, 1), Job: s.get(19, 1), Title: or(s.get(19, 2), s.get(18, 1)), Department: s.get(8, 1), Service: s.get(9, 1),
		Employment: s.get(20, 1), Start: m.time(s, 12), End: m.time(s, 13),
	}
	for p := range s.parts(2) {
		if id := p.get(1, 1); id != "" && id != f.Number {
			f.Logins = append(f.Logins, id)
		}
	}
	h := &f.Human
	h.Family, h.Given, h.Former = names(s, 3)
	h.Born = day(s, 6)
	h.Street, h.City, h.Postcode = address(s, 11)
	h.Phones = phones(s, 10)
	if s.get(7, 1) == "I" && f.End.IsZero() { // not active any more, and nobody says since when
		f.End = m.said
	}
	return f
}
