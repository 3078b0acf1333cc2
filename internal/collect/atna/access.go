package atna

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/atna"
	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/internal/event"
)

// normalise fills w.access from m.
func (w *writer) normalise(m *atna.Message) {
	a := &w.access
	a.Reset()
	id := m.EventCode()
	a.Verb = verb(m, id)
	a.NativeAction = native(m)
	a.Outcome = event.AuditOutcome(m.Outcome)
	if a.Verb == "login" && (a.Outcome == "serious" || a.Outcome == "major" || a.Outcome == "minor") {
		a.Verb = "login-fail"
	}
	for _, c := range m.Purposes {
		a.Purpose = event.AddCode(a.Purpose, c.Value)
	}
	if p := actor(m); p != nil {
		a.User, a.UserName = p.UserID, p.UserName
		for _, c := range p.Roles {
			a.Role = event.AddCode(a.Role, c.Value)
		}
	}
	origin(a, m, id)
	if len(m.Sources) > 0 {
		a.AuditSource = m.Sources[0].AuditSourceID
	}
	for i := range m.Objects {
		touched(a, &m.Objects[i])
	}
	a.PatientsCount = len(a.Patient)
	if kind := objectKind(id); kind != "" {
		a.ObjectKind = kind
	}
}

// verb is the word for the event. What became of its objects can say more than its code: life
// cycle 10 and 11 are export and disclosure, 14 and 15 are deletion (RFC 3881 5.5.3).
func verb(m *atna.Message, id string) string {
	types := make([]string, 0, 4)
	for _, c := range m.EventTypes {
		types = append(types, c.Value)
	}
	v := atna.Verb(id, types, m.Action)
	if id == atna.Transferred && receives(m) {
		v = "receive"
	}
	for i := range m.Objects {
		switch m.Objects[i].DataLifeCycle {
		case "14", "15":
			return "delete"
		case "10", "11":
			if v == "read" || v == "" {
				return "export"
			}
		}
	}
	return v
}

// receives tells whether the one who started a transfer is its destination.
func receives(m *atna.Message) bool {
	for i := range m.Participants {
		if p := &m.Participants[i]; p.Requests() && p.HasRole(atna.RoleDestination) {
			return true
		}
	}
	return false
}

// native is the sender's own word: the codes of the event and of its types.
func native(m *atna.Message) string {
	var b strings.Builder
	b.WriteString(m.EventID.Value)
	for _, c := range m.EventTypes {
		b.WriteByte('+')
		b.WriteString(c.Value)
	}
	return b.String()
}

// actor picks the person who acted: one who is marked as requestor and does not look like a
// system, else one with a name, else the requestor, else anyone. Messages list people and systems
// side by side, and often mark both.
func actor(m *atna.Message) *atna.Participant {
	best, most := (*atna.Participant)(nil), -1
	for i := range m.Participants {
		p := &m.Participants[i]
		score := 0
		switch human := !isMachine(p); {
		case p.Requests() && human && p.UserName != "":
			score = 4
		case p.Requests() && human:
			score = 3
		case p.UserName != "":
			score = 2
		case p.Requests():
			score = 1
		}
		if score > most {
			best, most = p, score
		}
	}
	return best
}

// isMachine tells the participants that are processes, application entities and addresses.
func isMachine(p *atna.Participant) bool {
	id := p.UserID
	if id == "" || strings.ContainsAny(id, "|/") || strings.HasPrefix(id, "urn:") || strings.HasSuffix(id, "$") {
		return true
	}
	if p.UserName != "" {
		return false
	}
	for i := range p.Roles {
		switch p.Roles[i].Value {
		case atna.RoleApplication, atna.RoleDestination, atna.RoleSource:
			return true
		}
	}
	return strings.Contains(p.AlternativeUserID, "AETITLE")
}

// origin fills in where the event came from: the actor's own access point, else that of a
// requestor, else that of the side that asked: the source of a query, the
// destination of anything that was read (PS3.15 A.5.3.10, A.5.3.6).
func origin(a *event.Access, m *atna.Message, id string) {
	asking := atna.RoleDestination
	if id == atna.Query {
		asking = atna.RoleSource
	}
	person := actor(m)
	var best *atna.Participant
	most := 0
	for i := range m.Participants {
		p := &m.Participants[i]
		score := 0
		switch {
		case p.NetworkAccessPointID == "":
		case p == person:
			score = 3
		case p.Requests():
			score = 2
		case p.HasRole(asking):
			score = 1
		}
		if score > most {
			best, most = p, score
		}
		if p.Requests() && isMachine(p) && a.App == "" {
			a.App = p.UserID
		}
		if a.AETitle == "" {
			a.AETitle = aeTitle(p)
		}
	}
	if best != nil {
		place(a, best.NetworkAccessPointID, best.NetworkAccessPointTypeCode)
	}
}

// place sorts an access point by what it is; its type code is often wrong about that.
func place(a *event.Access, point, kind string) {
	if _, err := netip.ParseAddr(point); err == nil {
		a.OriginIP = point
	} else if kind != "3" && kind != "4" {
		a.OriginHost = point
	}
}

// aeTitle is the first title in AETITLES=a;b (PS3.15 A.5.2.1).
func aeTitle(p *atna.Participant) string {
	_, titles, ok := strings.Cut(p.AlternativeUserID, "AETITLES=")
	if !ok {
		_, titles, ok = strings.Cut(p.AlternativeUserID, "AETITLE=")
	}
	if !ok {
		return ""
	}
	title, _, _ := strings.Cut(titles, ";")
	return strings.TrimSpace(title)
}

// touched takes in one object: a patient, or what was read, sent or asked.
func touched(a *event.Access, o *atna.Object) {
	if o.IsPatient() {
		a.AddPatient(o.ID)
		return
	}
	for _, number := range o.Accessions {
		a.Accession = event.AddCode(a.Accession, number)
	}
	for _, c := range o.SOPClasses {
		if n, err := strconv.Atoi(c.NumberOfInstances); err == nil && n > 0 && n < 1<<30 {
			a.RecordsCount += n
		}
	}
	if o.Query != "" && a.Query == "" {
		a.Query = decodeQuery(o.Query)
	}
	if a.ObjectID == "" {
		a.ObjectID = o.ID
		a.ObjectKind = idKind(o)
	}
	if o.IDType.Value == studyUID {
		a.StudyUID = event.AddCode(a.StudyUID, o.ID)
	}
}

// longestQuery bounds the decoded query.
const longestQuery = 8 << 10

// decodeQuery undoes base64. Queries that are no text (DICOM identifiers) stay out.
func decodeQuery(encoded string) string {
	encoded = strings.Join(strings.Fields(encoded), "")
	if len(encoded) > longestQuery/3*4 {
		encoded = encoded[:longestQuery/3*4]
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' {
			return ""
		}
	}
	text, _ = charset.UTF8(text, "")
	return string(text)
}

// idKind says what an object is, by the kind of its identifier (RFC 3881 5.5.4).
func idKind(o *atna.Object) string {
	switch o.IDType.Value {
	case studyUID:
		return "study"
	case sopClassUID:
		return "image"
	case "2":
		return "chart"
	case "3", "5":
		return "encounter"
	case "9":
		return "document"
	case "10":
		return "query"
	case "11":
		return "account"
	}
	if o.Query != "" || o.Role == "24" {
		return "query"
	}
	return ""
}

// objectKind says what an event is about, where its code does.
func objectKind(id string) string {
	switch id {
	case atna.AuditLogUsed:
		return "audit-log"
	case atna.BeginTransfer, atna.InstancesAccessed, atna.Transferred, atna.StudyDeleted:
		return "study"
	case atna.OrderRecord:
		return "order"
	case atna.PatientRecord, atna.ProcedureRecord:
		return "chart"
	case atna.Query:
		return "query"
	case atna.UserAuthentication:
		return "account"
	}
	return ""
}
