package event

import "strings"

// AddPatient adds the identifiers that text holds, in the ways in which clinical systems
// write them: HL7's CX with its repetitions (0042^^^NORTH&1.2.3&ISO^MR~77^^^STATE), FHIR's search
// form (urn:oid:1.2.3|0042), a reference (Patient/0042, kept as it is: it is the number of
// one server, not one of the patient), or the bare number.
func (a *Access) AddPatient(text string) {
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, "~")
		id, authority := splitIdentifier(one)
		a.AddPatientID(id, authority)
	}
}

// AddPatientID adds one identifier, and the authority that issued it if that is known. What is there
// already is not added again.
func (a *Access) AddPatientID(id, authority string) {
	a.Patient = add(a.Patient, id)
	a.PatientAuthority = add(a.PatientAuthority, authority)
}

// AddCode adds a value to one of a's lists, such as Purpose, unless it is empty or there already.
func AddCode(list []string, value string) []string { return add(list, value) }

func add(list []string, value string) []string {
	if value == "" {
		return list
	}
	for _, v := range list {
		if v == value {
			return list
		}
	}
	return append(list, value)
}

// splitIdentifier separates a number from the authority that issued it.
func splitIdentifier(text string) (id, authority string) {
	if id, rest, ok := strings.Cut(text, "^"); ok { // CX.1, and CX.4 with its parts (HL7 v2.5.1 2.A.14)
		parts := strings.SplitN(rest, "^", 4)
		if len(parts) < 3 {
			return id, ""
		}
		namespace, oid, _ := strings.Cut(strings.ReplaceAll(parts[2], "&amp;", "&"), "&")
		if namespace != "" {
			return id, namespace
		}
		oid, _, _ = strings.Cut(oid, "&")
		return id, oid
	}
	if system, id, ok := strings.Cut(text, "|"); ok && id != "" {
		return id, system
	}
	return text, ""
}
