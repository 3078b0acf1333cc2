package v2

import (
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// order is one order with all that belongs to it: ORC, and the segments up to the next order.
type order struct {
	orc, obr segment
	segs     []segment // OBX, SPM, RXE, RXD, RXA ...
}

// orders reads orders, results, drugs and vaccinations (HL7 v2.5.1 chapters 4 and 7).
func (m *message) orders() {
	for i := range m.groups {
		g := &m.groups[i]
		m.patient(g)
		for _, o := range m.parse(g) {
			m.order(g, &o)
		}
	}
}

// parse keeps together what belongs to one order. An order begins with ORC, or with its detail where there is none.
func (m *message) parse(g *group) []order {
	var list []order
	begun := false // an ORC stands there and waits for its detail
	for _, s := range g.segs {
		name := s.Name()
		switch name {
		case "ORC":
			list, begun = append(list, order{orc: s}), true
			continue
		case "OBR":
			if !begun || list[len(list)-1].obr.m != nil {
				list = append(list, order{})
				begun = true
			}
			list[len(list)-1].obr = s
			continue
		case "RXO", "RXE", "RXD", "RXA", "RXG":
			if !begun {
				list = append(list, order{})
				begun = true
			}
		}
		if begun {
			last := &list[len(list)-1]
			last.segs = append(last.segs, s)
		}
	}
	return list
}

// isVoid tells the order controls that take an order back (table 0119).
func isVoid(control string) bool {
	switch control {
	case "CA", "DC", "OC", "OD", "CR", "DR":
		return true
	}
	return false
}

// key is what an order is known by: the placer's number, else the filler's.
func (o *order) key() string {
	if placer := or(o.orc.get(2, 1), o.obr.get(2, 1)); placer != "" {
		return placer
	}
	if filler := or(o.orc.get(3, 1), o.obr.get(3, 1)); filler != "" {
		return "filler " + filler
	}
	return ""
}

func (m *message) order(g *group, o *order) {
	key := o.key()
	kind, section := m.section(o)
	if isVoid(o.orc.get(1, 1)) {
		by := person(o.orc, 19, 10)
		waiting := []hospital.Kind{hospital.Order, kind}
		if kind == 0 { // a short message does not say what it was
			waiting = []hospital.Kind{hospital.Order, hospital.Specimen, hospital.Imaging, hospital.Consult, hospital.Prescription}
		}
		for _, k := range waiting {
			m.reason(g, hospital.ReasonFact{Kind: k, Key: key, By: by, Void: true}, m.time(o.orc, 9))
		}
		return
	}
	placed, by := known(m.time(o.orc, 9), m.said), person(o.orc, 10, 19)
	who := people(o.orc, 12, 10, 11, 19)
	if m.isReport(o) { // of a result or a dose: its time is not the order's, and who entered it did not enter the order
		placed, by, who = time.Time{}, hospital.Name{}, people(o.orc, 12)
	}
	done := time.Time{}
	if status := o.obr.get(25, 1); status == "F" || status == "C" { // table 0123: final, corrected
		done = known(m.time(o.obr, 22), m.sent)
	}
	for _, w := range people(o.obr, 16) {
		who = add(who, w.Kind, w.Name)
	}
	m.relate(g, hospital.ReasonFact{Kind: hospital.Order, Key: key, Who: who, By: by, From: placed, To: done}, placed)
	if kind != 0 && (len(section) > 0 || kind == hospital.Prescription) {
		from := known(m.time(o.obr, 14), m.time(first(o.segs, "SPM"), 18), placed)
		m.reason(g, hospital.ReasonFact{Kind: kind, Key: or(key, m.control), Who: section, By: by, From: from, To: done}, placed)
	}
	if kind == hospital.Specimen {
		m.relate(g, hospital.ReasonFact{Kind: kind, Key: key, Who: people(o.obr, 10), From: m.time(o.obr, 7), To: done}, time.Time{})
	}
	m.results(g, o, key)
	m.drugs(g, o, key)
}

// isReport tells what tells of an order that was placed before.
func (m *message) isReport(o *order) bool {
	return m.isResult() || m.kind == "RAS" || m.kind == "RDS" || o.orc.get(1, 1) == "RE" && m.kind != "VXU"
}

func (m *message) isResult() bool { return m.kind == "ORU" || m.kind == "OUL" }

// section says where an order goes, and what kind of reason that makes: a laboratory section holds the specimen, an imaging section
// has the patient on its list, a pharmacist sees the prescription, another service is asked for its advice.
func (m *message) section(o *order) (hospital.Kind, []hospital.Who) {
	switch m.kind {
	case "RDE", "OMP":
		return hospital.Prescription, nil
	case "RDS", "RAS", "RGV", "VXU":
		return 0, nil
	}
	if first(o.segs, "RXO").m != nil {
		return hospital.Prescription, nil
	}
	code := o.obr.get(24, 1)
	asked := strings.ToUpper(o.obr.get(4, 1) + " " + o.obr.get(4, 2))
	switch {
	case strings.Contains(asked, "CONSULT"):
		return hospital.Consult, one(hospital.Service, code)
	case m.kind == "OMI" || isImaging(code):
		return hospital.Imaging, one(hospital.Unit, code)
	case isLab(code) || m.kind == "OML":
		return hospital.Specimen, one(hospital.Unit, code)
	case code != "":
		return hospital.Consult, one(hospital.Service, code)
	}
	return 0, nil
}

// isImaging tells the sections that make images (table 0074), and names that houses give them.
func isImaging(code string) bool {
	switch code {
	case "RAD", "RX", "RUS", "OUS", "CT", "CTH", "CUS", "NMR", "NMS", "VUS", "XRC", "MR", "MRI", "US", "XR", "NM", "MG", "PET":
		return true
	}
	return strings.HasPrefix(code, "RAD") || strings.HasPrefix(code, "IMG")
}

// isLab tells the sections of laboratories (table 0074), and names that houses give them.
func isLab(code string) bool {
	switch code {
	case "LAB", "BG", "BLB", "CG", "CH", "HM", "IMM", "MB", "MCB", "MYC", "OSL", "SP", "CP", "SR", "TX", "VR":
		return true
	}
	return strings.HasPrefix(code, "LAB") || strings.HasPrefix(code, "PATH")
}

// results reads who performed, read and reported a result, and to whom it was copied.
func (m *message) results(g *group, o *order, key string) {
	reported := known(m.time(o.obr, 22), m.sent)
	who := people(o.obr, 32, 33, 34, 35)
	positive := false
	for s := range named(o.segs, "OBX") {
		for _, w := range people(s, 16, 25) {
			who = add(who, w.Kind, w.Name)
		}
		positive = positive || isAbnormal(s.get(8, 1))
	}
	m.relate(g, hospital.ReasonFact{Kind: hospital.Result, Key: key, Who: who, From: reported, To: reported}, reported)
	if m.isResult() || o.obr.get(22, 1) != "" {
		m.relate(g, hospital.ReasonFact{Kind: hospital.Copy, Key: key, Who: people(o.obr, 28), From: reported, To: reported}, reported)
	}
	if section := o.obr.get(24, 1); positive && m.isResult() && isMicrobiology(section) { // infection control looks at it
		m.reason(g, hospital.ReasonFact{Kind: hospital.Trigger, Key: "culture " + key, From: reported}, reported)
	}
}

func isMicrobiology(section string) bool {
	return section == "MB" || section == "MCB" || section == "MYC" || section == "VR" || strings.HasPrefix(section, "LAB-MIC")
}

// isAbnormal tells the flags of a finding that is there (table 0078).
func isAbnormal(flag string) bool {
	switch flag {
	case "A", "AA", "R", "I", "S", "MS", "VS", "POS":
		return true
	}
	return false
}

// drugs reads who checked, dispensed and gave one.
func (m *message) drugs(g *group, o *order, key string) {
	for _, s := range o.segs {
		r := hospital.ReasonFact{Kind: hospital.Medication, Key: key}
		switch s.Name() {
		case "RXE": // the pharmacist who verified it
			r.Who, r.From = people(s, 14), known(m.time(o.orc, 9), m.said)
		case "RXD":
			r.Who, r.From = people(s, 10), m.time(s, 3)
		case "RXA":
			r.Who, r.From, r.To = people(s, 10), m.time(s, 3), m.time(s, 4)
			r.Key += "/" + s.get(3, 1)
			r.Void = s.get(21, 1) == "D"
		}
		m.relate(g, r, time.Time{})
	}
}
