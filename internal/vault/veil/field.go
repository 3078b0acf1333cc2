package veil

import (
	"bytes"
	"net/netip"
	"strings"
)

// Clinical tells whether events of the class, by its key, speak of patients.
func Clinical(class string) bool {
	dialect, _, _ := strings.Cut(class, "/")
	switch dialect {
	case "ehr", "hl7", "dicom", "fhir", "pacs", "infusion", "pharmacy", "hr", "records":
		return true
	}
	return false
}

// Fate is what becomes of a field of a clinical event.
type Fate uint8

// The fates. What is not known is left out.
const (
	LeftOut Fate = iota
	Kept         // as it was sent, when Fits allows its value
	Tokens       // in its place
)

// Of is the fate of a clinical event's field of that name.
func Of(name string) Fate {
	if part, ok := strings.CutPrefix(name, "access."); ok {
		return ofAccess(part)
	}
	switch {
	case strings.HasPrefix(name, "wardline."), strings.HasPrefix(name, "segments."):
		return Kept
	case len(name) > 4 && name[3] == '-':
		return ofSegment(name)
	}
	switch name {
	case "EventID", "EventTypeCode", "EventActionCode", "EventOutcomeIndicator", "AuditSourceID", "resourceType", "action", "outcome",
		"type.code", "subtype.code", "agent.network.address", "agent.networkString", "NetworkAccessPointID":
		return Kept
	}
	return LeftOut
}

func ofAccess(part string) Fate {
	switch part {
	case "verb", "native_action", "outcome", "user", "user_name", "role", "purpose", "patient_authority", "object_kind", "origin_ip",
		"origin_host", "workstation", "ae_title", "app", "patients_count", "records_count", "audit_source", "background":
		return Kept
	case "patient", "encounter", "object_id", "study_uid", "accession":
		return Tokens
	}
	return LeftOut // query and break_glass_reason, which people wrote
}

// ofSegment knows the fields of HL7 v2.5.1 that say which systems spoke of what kind of thing, and where. Of their
// components only those that are codes: the others are names and texts.
func ofSegment(name string) Fate {
	field, component, _ := strings.Cut(name, ".")
	switch field {
	case "MSH-3", "MSH-4", "MSH-5", "MSH-6", "MSH-7", "MSH-9", "MSH-10", "MSH-11", "MSH-12", "EVN-1", "EVN-2", "EVN-4", "EVN-6", "PV1-2", "PV1-10", "ORC-1", "ORC-5", "OBR-24", "OBR-25", "TXA-2", "MSA-1":
		return Kept
	case "PV1-3", "EVN-5", "OBR-4", "ERR-3":
		if component == "1" {
			return Kept
		}
	}
	return LeftOut
}

// Keeps tells whether an event of a clinical system keeps a field of that name as it was sent, or not at all and then is
// counted as cut.
func Keeps(name string) bool { return Of(name) == Kept }

// Kinds of token, so that a visit and a patient of one number are told apart.
const (
	patient = "" // whoever issued the number
	visit   = "visit"
	object  = "object"
	study   = "study"
	person  = "name"
)

// kindOf is the kind of the tokens of a field.
func kindOf(name string) string {
	switch name {
	case "access.encounter":
		return visit
	case "access.object_id":
		return object
	case "access.study_uid", "access.accession":
		return study
	}
	return patient
}

const (
	longestKept = 200 // bytes of a value that is kept
	longestCode = 128 // of one that is a code
)

// Fits tells whether a value is what belongs into the field. A message that lost a field has others in the wrong places.
func Fits(name string, value []byte) bool {
	switch name {
	case "access.origin_ip", "agent.network.address", "agent.networkString", "NetworkAccessPointID":
		_, err := netip.ParseAddr(string(value))
		return err == nil
	case "MSH-11", "MSH-11.1":
		return len(value) == 0 || len(value) <= 4 && strings.IndexByte("DPT", value[0]) >= 0
	case "MSH-12", "MSH-12.1":
		return len(value) <= 20 && bytes.HasPrefix(value, []byte("2."))
	case "MSH-9", "MSH-9.1", "MSH-9.2", "MSH-9.3", "EVN-1", "EVN-1.1":
		return messageType(value)
	case "access.user":
		return len(value) <= longestKept && !patientReference(value)
	case "access.user_name", "access.origin_host", "access.audit_source", "access.app", "access.workstation", "AuditSourceID":
		return len(value) <= longestKept && bytes.IndexByte(value, '|') < 0
	}
	if len(name) > 4 && name[3] == '-' && bytes.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return false // codes of HL7 have none of these: the bytes were damaged
	}
	return len(value) <= longestCode && bytes.IndexByte(value, '|') < 0
}

// NamesSystem tells whether a field of a message of HL7 says which system or place it speaks of.
func NamesSystem(name string) bool {
	switch name {
	case "access.app", "access.audit_source", "access.user":
		return true
	}
	return strings.HasPrefix(name, "MSH-") || strings.HasPrefix(name, "EVN-") || strings.HasPrefix(name, "PV1-")
}

// messageType tells ADT^A01^ADT_A01 and its parts.
func messageType(value []byte) bool {
	for part := range bytes.SplitSeq(value, []byte{'^'}) {
		if len(part) > 7 || bytes.ContainsFunc(part, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' }) {
			return false
		}
	}
	return len(value) <= len("ADT^A01^ADT_A01")
}

// patientReference tells a user who is a patient, or kin of one, by a FHIR reference.
func patientReference(value []byte) bool {
	for _, kind := range [...]string{"Patient/", "RelatedPerson/"} {
		if at := bytes.Index(value, []byte(kind)); at == 0 || at > 0 && value[at-1] == '/' {
			return true
		}
	}
	return false
}

// NamesPatient tells whether a field of any event says by its name who a patient is, or when one was born.
func NamesPatient(name string) bool {
	for part := range strings.SplitSeq(strings.ToLower(name), ".") {
		switch {
		case strings.HasPrefix(part, "patients_count"), part == "patient_authority":
		case strings.HasPrefix(part, "patient"), strings.HasPrefix(part, "pat_"), strings.HasPrefix(part, "pid-"), strings.Contains(part, "birth"):
			return true
		case part == "dob", part == "mrn", part == "medicalrecordnumber", part == "ssn":
			return true
		}
	}
	return false
}
