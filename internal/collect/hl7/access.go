package hl7

import (
	"github.com/wardline/wardline/format/hl7"
)

// normalise fills w.access from m. A message speaks for a system; only some name the person behind it.
func (w *writer) normalise(m *hl7.Message) {
	a := &w.access
	a.Reset()
	kind, trigger := get(m, "MSH-9.1"), get(m, "MSH-9.2")
	if trigger == "" {
		trigger = get(m, "EVN-1")
	}
	a.NativeAction = kind
	if trigger != "" {
		a.NativeAction += "^" + trigger
	}
	a.Verb, a.ObjectKind = meaning(kind, trigger, get(m, "ORC-1"))
	a.Outcome = outcome(get(m, "MSA-1"))
	a.App, a.AuditSource = get(m, "MSH-3.1"), get(m, "MSH-4.1")
	if a.AuditSource == "" {
		a.AuditSource = a.App
	}
	w.operator(m)
	w.patients(m)
	a.Encounter = get(m, "PV1-19.1")
	a.ObjectID = objectID(m, a.ObjectKind)
	if number := get(m, "OBR-18.1"); number != "" {
		a.Accession = append(a.Accession, number)
	}
	if a.Verb == "search" {
		if s, ok := m.Segment("QPD", 1); ok {
			a.Query = string(s.Text[:min(len(s.Text), 8<<10)])
		}
	}
	a.PatientsCount = len(a.Patient)
}

// operator finds the person behind the message: who recorded the event, entered the order,
// or asked the query.
func (w *writer) operator(m *hl7.Message) {
	for _, field := range [...]string{"EVN-5", "ORC-10", "ORC-19", "TXA-11", "QRD-10"} {
		if id := get(m, field+".1"); id != "" {
			w.access.User = id
			w.access.UserName = name(get(m, field+".3"), get(m, field+".2"))
			return
		}
	}
	w.access.User = w.access.App
}

func name(given, family string) string {
	if given == "" || family == "" {
		return given + family
	}
	return given + " " + family
}

// patients lists the identifiers in PID-3, in PID-2 of old versions, and those that a merge retires.
func (w *writer) patients(m *hl7.Message) {
	found := 0
	for _, s := range m.Segments {
		var fields [2]int // the second where the first is empty
		switch s.Name() {
		case "PID":
			fields = [...]int{3, 2}
		case "MRG":
			fields = [...]int{1, 4}
		default:
			continue
		}
		if found++; found > maxSegments {
			return
		}
		before := len(w.access.Patient)
		for _, n := range fields {
			if len(w.access.Patient) == before {
				w.identifiers(m, s, n)
			}
		}
	}
}

func (w *writer) identifiers(m *hl7.Message, s hl7.Segment, n int) {
	field, ok := m.FieldText(s, n)
	for r := 1; ok && r <= maxRepetitions; r++ {
		text, more := m.RepetitionText(field, r)
		if !more {
			return
		}
		w.access.AddPatientID(component(m, text, 1), component(m, text, 4))
	}
}

// component is the first part of component n of a repetition, without escapes.
func component(m *hl7.Message, repetition []byte, n int) string {
	text, _ := m.ComponentText(repetition, n)
	text, _ = m.SubcomponentText(text, 1)
	return string(m.Unescape(nil, text))
}

func get(m *hl7.Message, place string) string {
	value, _ := m.Get(place)
	return value
}

// outcome is the word for an acknowledgement code (HL7 table 0008).
func outcome(code string) string {
	switch code {
	case "AA", "CA":
		return "ok"
	case "AE", "CE":
		return "serious"
	case "AR", "CR":
		return "major"
	}
	return ""
}

func objectID(m *hl7.Message, kind string) string {
	switch kind {
	case "order":
		if id := get(m, "ORC-2.1"); id != "" {
			return id
		}
		return get(m, "OBR-2.1")
	case "result":
		return get(m, "OBR-3.1")
	case "document":
		return get(m, "TXA-12.1")
	}
	return ""
}

// meaning says what a message of this type and trigger event does, to what (HL7 v2.5.1 chapters 3 to
// 12). control is ORC-1, the order control code of orders.
func meaning(kind, trigger, control string) (verb, object string) {
	switch kind {
	case "ADT":
		return admission(trigger), "chart"
	case "ORM", "OMG", "OML", "OMI", "OMP", "OMD", "OMS", "OMN", "OMB", "SRM":
		return order(control), "order"
	case "RDE", "RDS", "RAS", "RGV":
		return order(control), "med"
	case "ORU", "OUL":
		return "create", "result"
	case "MDM":
		return document(trigger), "document"
	case "SIU":
		return schedule(trigger), "appointment"
	case "MFN":
		if trigger == "M02" {
			return "update", "account"
		}
		return "config", ""
	case "QBP", "QRY", "QCK", "QSB", "VXQ", "SQM", "QCN":
		return "search", "query"
	case "DFT", "BAR":
		return "create", "account"
	case "VXU", "PPR", "REF":
		return "update", "chart"
	}
	return "", ""
}

func admission(trigger string) string {
	switch trigger {
	case "A01", "A04", "A05", "A14", "A28":
		return "create"
	case "A11", "A23", "A29", "A27", "A38":
		return "delete"
	case "A18", "A24", "A30", "A34", "A35", "A36", "A39", "A40", "A41", "A42", "A46", "A47", "A48", "A49", "A50", "A51":
		return "merge"
	case "A19":
		return "search"
	}
	return "update"
}

func order(control string) string {
	switch control {
	case "NW", "SN", "":
		return "create"
	case "CA", "DC", "OC", "OD", "CR", "DR":
		return "delete"
	}
	return "update"
}

func document(trigger string) string {
	switch trigger {
	case "T01", "T02", "T05", "T06":
		return "create"
	case "T11":
		return "delete"
	}
	return "update"
}

func schedule(trigger string) string {
	switch trigger {
	case "S12":
		return "create"
	case "S15", "S16", "S17":
		return "delete"
	}
	return "update"
}
