package event

import "strings"

// Access is who did what to whose record, in one vocabulary for all clinical senders, so
// that one rule covers them all. It stands beside the sender's own fields under the
// name access; docs/clinical-taxonomy.md is its manual. What is empty or zero is left out.
type Access struct {
	Verb             string // create read update delete search ...: the one word for what was done
	NativeAction     string // the sender's own word or code for it
	Outcome          string // ok, minor, serious, major
	User             string // account or identifier of the person who acted, else of the system
	UserName         string
	Role             []string
	Purpose          []string // codes: TREAT, ETREAT, BTG, HRESCH ...
	Patient          []string // identifiers, without the authority that issued them
	PatientAuthority []string // of the identifiers that state one
	Encounter        string
	ObjectKind       string // chart, note, result, order, med, document, study, query, audit-log, account ...
	ObjectID         string
	StudyUID         []string
	Accession        []string
	Query            string // the search as text
	OriginIP         string
	OriginHost       string
	Workstation      string
	AETitle          string
	App              string
	PatientsCount    int
	RecordsCount     int
	BreakGlassReason string   // the reason that was chosen
	BreakGlassText   string   // what the person wrote about it
	Session          string   // of the person, as the sender numbers it
	Corr             string   // what one request's records have in common: a search that found 40 patients is written 40 times
	Label            []string // codes of security labels on what was touched
	AuditSource      string   // the system that wrote the record
	Background       bool     // the sender's mapping calls this a side effect, not an intent

	patients map[string]struct{} // what Patient holds, once that is long
}

// Reset empties a and keeps its lists' memory.
func (a *Access) Reset() {
	*a = Access{
		Role: a.Role[:0], Purpose: a.Purpose[:0], Patient: a.Patient[:0],
		PatientAuthority: a.PatientAuthority[:0], StudyUID: a.StudyUID[:0], Accession: a.Accession[:0], Label: a.Label[:0],
	}
}

// Access adds a as the object access.
func (b *Builder) Access(a *Access) {
	b.Object("access")
	b.filled("verb", a.Verb)
	b.filled("native_action", a.NativeAction)
	b.filled("outcome", a.Outcome)
	b.filled("user", a.User)
	b.filled("user_name", a.UserName)
	b.list("role", a.Role)
	b.list("purpose", a.Purpose)
	b.list("patient", a.Patient)
	b.list("patient_authority", a.PatientAuthority)
	b.filled("encounter", a.Encounter)
	b.filled("object_kind", a.ObjectKind)
	b.filled("object_id", a.ObjectID)
	b.list("study_uid", a.StudyUID)
	b.list("accession", a.Accession)
	b.filled("query", a.Query)
	b.filled("origin_ip", a.OriginIP)
	b.filled("origin_host", a.OriginHost)
	b.filled("workstation", a.Workstation)
	b.filled("ae_title", a.AETitle)
	b.filled("app", a.App)
	if a.PatientsCount > 0 {
		b.Int("patients_count", int64(a.PatientsCount))
	}
	if a.RecordsCount > 0 {
		b.Int("records_count", int64(a.RecordsCount))
	}
	b.filled("break_glass_reason", a.BreakGlassReason)
	b.filled("break_glass_text", a.BreakGlassText)
	b.filled("session", a.Session)
	b.filled("corr", a.Corr)
	b.list("label", a.Label)
	b.filled("audit_source", a.AuditSource)
	if a.Background {
		b.Bool("background", true)
	}
	b.End()
}

// filled adds a string unless it is empty.
func (b *Builder) filled(name, value string) {
	if value != "" {
		b.String(name, value)
	}
}

func (b *Builder) list(name string, values []string) {
	if len(values) > 0 {
		b.Strings(name, values)
	}
}

// AuditOutcome is the word for an outcome as audit messages and FHIR R4 write it (RFC 3881 5.1.4) or
// as FHIR R5 does; empty when there is none.
func AuditOutcome(code string) string {
	switch code {
	case "0", "success", "information":
		return "ok"
	case "4", "warning":
		return "minor"
	case "8", "error":
		return "serious"
	case "12", "fatal":
		return "major"
	}
	return ""
}

// ResourceKind is the word for what a FHIR resource of a type is: chart, result, document ...; the type in small letters where there is
// none.
func ResourceKind(resource string) string {
	switch resource {
	case "":
		return ""
	case "Patient":
		return "chart"
	case "Observation", "DiagnosticReport":
		return "result"
	case "DocumentReference", "DocumentManifest", "Composition", "Binary":
		return "document"
	case "MedicationRequest", "MedicationAdministration", "MedicationDispense", "MedicationStatement", "Medication":
		return "med"
	case "ServiceRequest", "Task":
		return "order"
	case "ImagingStudy", "ImagingSelection":
		return "study"
	case "AuditEvent":
		return "audit-log"
	case "List", "Group":
		return "list"
	case "Practitioner", "PractitionerRole", "Person":
		return "account"
	}
	return strings.ToLower(resource)
}
