// Package atna reads audit messages: the short reports in which a clinical system
// says who looked at, changed, sent or printed what about which patient.
//
// They are XML as DICOM PS3.15 A.5 defines it, which IHE ATNA (ITI-20) uses for all of a
// hospital's systems, and as its ancestor RFC 3881 did. The two differ in how
// they write codes, and this package reads both.
package atna

// Message is one AuditMessage (PS3.15 A.5.1) with every value as received, as UTF-8.
type Message struct {
	EventID            Code
	EventTypes         []Code // EventTypeCode
	Purposes           []Code // PurposeOfUse
	Action             string // EventActionCode: C R U D E
	DateTime           string // EventDateTime
	Outcome            string // EventOutcomeIndicator: 0 4 8 12
	OutcomeDescription string
	Participants       []Participant
	Sources            []Source
	Objects            []Object

	BadCharset bool // the text was not in the character set that it declares
	Broken     bool // the XML ended or broke before its end; what stood before is kept
}

// Code is a coded value: what it means depends on the system that defines it.
type Code struct {
	Value  string // csd-code (DICOM) or code (RFC 3881)
	System string // codeSystemName, else codeSystem
	Text   string // originalText, else displayName
}

// Participant is one ActiveParticipant: a person or a system that took part.
type Participant struct {
	UserID                     string
	AlternativeUserID          string
	UserName                   string
	UserIsRequestor            string // true, false, or nothing
	Roles                      []Code // RoleIDCode
	Media                      []Code // MediaIdentifier/MediaType
	NetworkAccessPointID       string
	NetworkAccessPointTypeCode string // 1 name, 2 address, 3 telephone, 4 e-mail, 5 URI
}

// Source is one AuditSourceIdentification: the system that wrote the message.
type Source struct {
	AuditSourceID         string
	AuditEnterpriseSiteID string
	Types                 []Code // AuditSourceTypeCode
}

// Object is one ParticipantObjectIdentification: a patient, a document, a study, a query.
type Object struct {
	ID            string // ParticipantObjectID
	TypeCode      string // 1 person, 2 system object, 3 organisation, 4 other
	Role          string // ParticipantObjectTypeCodeRole: 1 patient, 3 report, 24 query ...
	DataLifeCycle string // 1 to 15
	Sensitivity   string
	IDType        Code // ParticipantObjectIDTypeCode
	Name          string
	Query         string // base64, as received
	Details       []Detail
	Accessions    []string
	MPPS          []string
	Studies       []string // ParticipantObjectContainsStudy
	SOPClasses    []SOPClass
	Encrypted     string
	Anonymized    string
}

// Detail is one ParticipantObjectDetail. Value is base64, as received.
type Detail struct{ Type, Value string }

// SOPClass counts the images of one kind (PS3.15 A.5.2, ParticipantObjectDescription).
type SOPClass struct {
	UID               string
	NumberOfInstances string
	Instances         []string
}

// IsPatient tells whether o is the patient whom the message is about (type 1, role 1).
func (o *Object) IsPatient() bool { return o.TypeCode == "1" && o.Role == "1" }

// Requests tells whether p is marked as the one who started the event.
func (p *Participant) Requests() bool { return p.UserIsRequestor == "true" || p.UserIsRequestor == "1" }

// HasRole tells whether one of p's roles has the code.
func (p *Participant) HasRole(code string) bool {
	for i := range p.Roles {
		if p.Roles[i].Value == code {
			return true
		}
	}
	return false
}
