package trace

import (
	"fmt"
	"strings"
	"time"
)

// Audit is a DICOM audit message (PS3.15 A.5), as image archives, engines and other clinical systems write it.
type Audit struct {
	Event   Code   // CID 400: 110100 to 110114
	Type    Code   // CID 401; empty where the event has none
	Action  string // C R U D E; empty is E
	Outcome int    // 0 4 8 12
	Who     Who    // who asked
	AE      string // title of the application entity that asked; empty for people at a screen
	From    From
	// To is the other application entity: where images went, or what was asked.
	To       string
	ToIP     string
	Patients []Patient
	Studies  []Study
	Query    string // base64 as it stands in the message
	Source   string // AuditSourceID: the system that writes
	Object   Code   // another object: ID type and identifier, of the audit trail or of an attribute
	ObjectID string
}

// Code is a code of DICOM's dictionary with its meaning.
type Code struct{ Value, Text string }

// Study is a study that an audit message names.
type Study struct {
	UID, Accession string
	Class          string // SOP class
	Instances      int
}

// The codes of DICOM's CID 400 and 401 that stories need.
func dcm(value string) Code {
	texts := map[string]string{
		"110100": "Application Activity", "110101": "Audit Log Used", "110102": "Begin Transferring DICOM Instances",
		"110103": "DICOM Instances Accessed", "110104": "DICOM Instances Transferred", "110105": "DICOM Study Deleted",
		"110106": "Export", "110107": "Import", "110108": "Network Entry", "110110": "Patient Record", "110112": "Query",
		"110113": "Security Alert", "110114": "User Authentication", "110120": "Application Start", "110121": "Application Stop",
		"110122": "Login", "110123": "Logout", "110126": "Node Authentication", "110133": "Audit Recording Stopped",
		"110134": "Audit Recording Started",
	}
	return Code{value, texts[value]}
}

// DCM is the code of DICOM's dictionary with its meaning.
func DCM(value string) Code { return dcm(value) }

// Syslog is the message in its envelope (RFC 5424, ITI-20), without the count of octets.
func (a Audit) Syslog(at time.Time) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<85>1 %s %s %s 711 DICOM+RFC3881 - \ufeff", millis(at), strings.ToLower(a.Source)+".example.org", strings.ToLower(a.Source))
	a.xml(&b, at)
	return []byte(b.String())
}

func (a Audit) xml(b *strings.Builder, at time.Time) {
	action := a.Action
	if action == "" {
		action = "E"
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><AuditMessage>`)
	fmt.Fprintf(b, `<EventIdentification EventActionCode="%s" EventDateTime="%s" EventOutcomeIndicator="%d">`, action, millis(at), a.Outcome)
	coded(b, "EventID", a.Event)
	coded(b, "EventTypeCode", a.Type)
	b.WriteString(`</EventIdentification>`)
	a.participants(b)
	fmt.Fprintf(b, `<AuditSourceIdentification AuditSourceID="%s" AuditEnterpriseSiteID="Example Hospital"/>`, escaped(a.Source))
	a.objects(b)
	b.WriteString(`</AuditMessage>`)
}

// participants writes who asked and, for images on their way, both ends: what reads is the destination of a transfer
// and the source of a query (PS3.15 A.5.3.6, A.5.3.10).
func (a Audit) participants(b *strings.Builder) {
	role, other := Code{"110152", "Destination Role ID"}, Code{"110153", "Source Role ID"}
	if a.Event.Value == "110112" {
		role, other = other, role
	}
	user := a.Who.Login
	if user == "" {
		user = a.AE
	}
	fmt.Fprintf(b, `<ActiveParticipant UserID="%s"`, escaped(user))
	if a.AE != "" {
		fmt.Fprintf(b, ` AlternativeUserID="AETITLES=%s"`, escaped(a.AE))
	}
	if a.Who.Name != "" {
		fmt.Fprintf(b, ` UserName="%s"`, escaped(a.Who.Name))
	}
	fmt.Fprintf(b, ` UserIsRequestor="true"%s>`, accessPoint(a.From))
	if a.To != "" {
		coded(b, "RoleIDCode", role)
	}
	b.WriteString(`</ActiveParticipant>`)
	if a.To == "" {
		return
	}
	fmt.Fprintf(b, `<ActiveParticipant UserID="%s" AlternativeUserID="AETITLES=%s" UserIsRequestor="false"%s>`,
		escaped(a.To), escaped(a.To), accessPoint(From{IP: a.ToIP}))
	coded(b, "RoleIDCode", other)
	b.WriteString(`</ActiveParticipant>`)
}

// accessPoint says where a participant was: by address, else by name (RFC 3881 5.4.2).
func accessPoint(f From) string {
	switch {
	case f.IP != "":
		return fmt.Sprintf(` NetworkAccessPointTypeCode="2" NetworkAccessPointID="%s"`, escaped(f.IP))
	case f.Host != "":
		return fmt.Sprintf(` NetworkAccessPointTypeCode="1" NetworkAccessPointID="%s"`, escaped(f.Host))
	}
	return ""
}

func (a Audit) objects(b *strings.Builder) {
	for _, s := range a.Studies {
		object3881(b, s.UID, "2", "3", Code{"110180", "Study Instance UID"}, func() {
			if s.Accession != "" {
				fmt.Fprintf(b, `<ParticipantObjectDescription><Accession Number="%s"/>`, escaped(s.Accession))
			} else {
				b.WriteString(`<ParticipantObjectDescription>`)
			}
			fmt.Fprintf(b, `<SOPClass UID="%s" NumberOfInstances="%d"/></ParticipantObjectDescription>`, s.Class, s.Instances)
		})
	}
	if a.Query != "" {
		object3881(b, "1.2.840.10008.5.1.4.1.2.2.1", "2", "3", Code{"110181", "SOP Class UID"}, func() {
			fmt.Fprintf(b, `<ParticipantObjectQuery>%s</ParticipantObjectQuery>`, a.Query)
		})
	}
	if a.ObjectID != "" {
		object3881(b, a.ObjectID, "2", "13", a.Object, func() {})
	}
	for _, p := range a.Patients {
		object3881(b, p.CX(), "1", "1", Code{"2", "Patient Number"}, func() {})
	}
}

func object3881(b *strings.Builder, id, kind, role string, of Code, more func()) {
	fmt.Fprintf(b, `<ParticipantObjectIdentification ParticipantObjectID="%s" ParticipantObjectTypeCode="%s" ParticipantObjectTypeCodeRole="%s">`,
		escaped(id), kind, role)
	system := "DCM"
	if len(of.Value) < 6 {
		system = "RFC-3881"
	}
	fmt.Fprintf(b, `<ParticipantObjectIDTypeCode csd-code="%s" codeSystemName="%s" originalText="%s"/>`, of.Value, system, escaped(of.Text))
	more()
	b.WriteString(`</ParticipantObjectIdentification>`)
}

func coded(b *strings.Builder, name string, c Code) {
	if c.Value != "" {
		fmt.Fprintf(b, `<%s csd-code="%s" codeSystemName="DCM" originalText="%s"/>`, name, c.Value, escaped(c.Text))
	}
}

// escaped makes text fit to stand in an attribute of XML.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}
