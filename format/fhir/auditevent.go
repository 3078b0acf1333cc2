// Package fhir reads FHIR AuditEvents: the records in which modern clinical systems
// say who looked at, changed, sent or searched for what about which patient.
//
// It reads releases 4 and 5, as JSON and as XML, into one form. Names that stand twice in
// one object, or that differ in upper and lower case only, are refused: readers that take
// the first and readers that take the last would see two different events.
package fhir

import "strings"

// Release is a release of FHIR.
type Release uint8

// The releases that differ in AuditEvent.
const (
	R4 Release = 4
	R5 Release = 5
)

// AuditEvent is one AuditEvent (R4 and R5: hl7.org/fhir/auditevent.html), every value as received.
// Where the releases name one thing differently, R5's name comes second.
type AuditEvent struct {
	Release     Release
	ID          string
	Profiles    []string // meta.profile
	Type        []Coding // type / category
	Subtype     []Coding // subtype / code
	Action      string   // C R U D E
	Severity    string   // R5
	Recorded    string
	Start, End  string   // period / occurredPeriod, occurredDateTime
	Outcome     string   // 0 4 8 12 / a code of issue severity
	OutcomeText string   // outcomeDesc / outcome.detail
	Purposes    []Coding // purposeOfEvent / authorization
	Agents      []Agent
	Source      Source
	Entities    []Entity
	Patient     Reference // R5
	Encounter   Reference // R5
}

// Coding is a code, the system that defines it and its text.
type Coding struct{ System, Code, Display string }

// Identifier is a business identifier, such as a medical record number.
type Identifier struct {
	System, Value string
	Type          []Coding
}

// Reference points to a resource: by address, by identifier, or by a name for people.
// One to a contained resource has the identifier and the type of that resource.
type Reference struct {
	Reference, Type, Display string
	Identifier               Identifier
}

// Agent is one who took part: a person, a system, an organisation.
type Agent struct {
	Type        []Coding
	Roles       []Coding
	Who         Reference
	AltID       string
	Name        string
	Requestor   bool
	Policies    []string
	Network     string // network.address / networkString, networkUri, networkReference
	NetworkType string // network.type: 1 name, 2 address, 3 telephone, 4 e-mail, 5 URI
	Media       Coding
	Purposes    []Coding // purposeOfUse / authorization
	Location    Reference
}

// Source is the system that wrote the record.
type Source struct {
	Site     string // site / site.display or site.reference
	Observer Reference
	Types    []Coding
}

// Entity is what was touched: a patient, a document, a query.
type Entity struct {
	What           Reference
	Type           Coding
	Role           []Coding
	Lifecycle      Coding
	SecurityLabels []Coding
	Name           string
	Description    string
	Query          string // base64, as received
	Details        []Detail
}

// Detail is a further value. FHIR types it; here it is text.
type Detail struct{ Type, Value string }

// ResourceType is the type of the resource that r points to, as far as r says so.
func (r *Reference) ResourceType() string {
	if r.Type != "" {
		return r.Type[strings.LastIndexByte(r.Type, '/')+1:]
	}
	address, _, _ := strings.Cut(r.Reference, "/_history/")
	rest, _, ok := cutLast(address, '/')
	if !ok {
		return ""
	}
	kind := rest[strings.LastIndexByte(rest, '/')+1:]
	if kind == "" || kind[0] < 'A' || kind[0] > 'Z' {
		return ""
	}
	return kind
}

// Text is what identifies whom r points to: the identifier, else the address, else the name.
func (r *Reference) Text() string {
	switch {
	case r.Identifier.Value != "":
		return r.Identifier.Value
	case r.Reference != "":
		return r.Reference
	}
	return r.Display
}

// IsZero tells whether r points to nothing.
func (r *Reference) IsZero() bool {
	return r.Text() == ""
}

// IsPatient tells whether e is a patient whom the event is about: by type 1 and role 1, or, when
// it states no role, because it points to a Patient.
func (e *Entity) IsPatient() bool {
	return e.Type.Code == "1" && e.HasRole("1") || len(e.Role) == 0 && e.What.ResourceType() == "Patient"
}

// HasRole tells whether one of e's roles has the code.
func (e *Entity) HasRole(code string) bool { return Has(e.Role, code) }

// HasType tells whether one of a's types or roles has the code.
func (a *Agent) HasType(code string) bool { return Has(a.Type, code) || Has(a.Roles, code) }

// Has tells whether one of the codings has the code.
func Has(codings []Coding, code string) bool {
	for i := range codings {
		if codings[i].Code == code {
			return true
		}
	}
	return false
}

func cutLast(s string, separator byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, separator); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}
