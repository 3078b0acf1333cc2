package event

import "strings"

// AddPatient adds the identifiers that text holds, in the ways in which clinical systems
// write them: HL7's CX with its repetitions (0042^^^NORTH&1.2.3&ISO^MR~77^^^STATE), FHIR's search
// form (urn:oid:1.2.3|0042), a reference (Patient/0042, kept as it is: it is the number of
// one server, not one of the patient), or the bare number.
func (a *Access) AddPatient(text string) {
	for text != "" && len(a.Patient) < mostPatients {
		var one string
		one, text, _ = strings.Cut(text, "~")
		id, authority := splitIdentifier(one)
		a.AddPatientID(id, authority)
	}
}

// AddPatientID adds one identifier, and the authority that issued it if that is known. What is there
// already is not added again.
func (a *Access) AddPatientID(id, authority string) {
	a.PatientAuthority = AddCode(a.PatientAuthority, authority)
	switch {
	case len(a.Patient) < longList:
		a.Patient = AddCode(a.Patient, id)
	case id != "" && len(a.Patient) < mostPatients && !a.knows(id):
		a.patients[id] = struct{}{}
		a.Patient = append(a.Patient, id)
	}
}

// longList is from where on a list is not searched from end to end; mostPatients is more than
// any event may have values.
const (
	longList     = 64
	mostPatients = 1 << 17
)

// knows tells whether a long list of patients holds id.
func (a *Access) knows(id string) bool {
	if a.patients == nil {
		a.patients = make(map[string]struct{}, 2*longList)
		for _, p := range a.Patient {
			a.patients[p] = struct{}{}
		}
	}
	_, ok := a.patients[id]
	return ok
}

// AddCode adds a value to one of a's lists, such as Purpose, unless it is empty or there
// already. A list takes no more than a few hundred: what the sender wrote is there as well.
func AddCode(list []string, value string) []string {
	const most = 512
	if value == "" || len(list) == most {
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
