package fhir

import (
	"encoding/base64"
	"net/netip"
	"strings"

	"github.com/wardline/wardline/format/atna"
	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/internal/event"
)

// normalise says in the words of all clinical collectors what e says.
func normalise(e *fhir.AuditEvent) event.Access {
	a := event.Access{
		Verb:         verb(e),
		NativeAction: native(e),
		Outcome:      event.AuditOutcome(e.Outcome),
		Encounter:    named(&e.Encounter),
		AuditSource:  source(e),
	}
	if a.Verb == "login" && a.Outcome != "ok" && a.Outcome != "" {
		a.Verb = "login-fail"
	}
	for _, c := range e.Purposes {
		a.Purpose = event.AddCode(a.Purpose, label(c))
	}
	if p := actor(e); p != nil {
		who(&a, p)
	}
	origin(&a, e)
	patient(&a, &e.Patient)
	for i := range e.Entities {
		touched(&a, &e.Entities[i])
	}
	a.PatientsCount = len(a.Patient)
	return a
}

func label(c fhir.Coding) string {
	if c.Code != "" {
		return c.Code
	}
	return c.Display
}

// native is the sender's own word: the codes of type and subtype.
func native(e *fhir.AuditEvent) string {
	var codes []string
	for _, c := range e.Type {
		codes = append(codes, label(c))
	}
	for _, c := range e.Subtype {
		codes = append(codes, label(c))
	}
	return strings.Join(codes, "+")
}

// verb reads DICOM's codes, FHIR's interactions and the life cycle of ISO 21089, whichever is there.
func verb(e *fhir.AuditEvent) string {
	var subtypes []string
	for _, c := range e.Subtype {
		if v := interaction(c.Code); v != "" && !isDICOM(e.Type) {
			return v
		}
		subtypes = append(subtypes, c.Code)
	}
	for _, c := range e.Type {
		if v := atna.Verb(c.Code, subtypes, e.Action); v != "" {
			return v
		}
	}
	if v := atna.Verb("", subtypes, e.Action); v != "" {
		return v
	}
	for _, code := range subtypes {
		if v := interaction(code); v != "" {
			return v
		}
	}
	return ""
}

func isDICOM(types []fhir.Coding) bool {
	for _, c := range types {
		if len(c.Code) == 6 && strings.HasPrefix(c.Code, "1101") {
			return true
		}
	}
	return false
}

// interaction knows the codes of restful-interaction and of iso-21089-lifecycle.
func interaction(code string) string {
	switch code {
	case "create", "originate":
		return "create"
	case "read", "vread", "access":
		return "read"
	case "update", "patch", "amend":
		return "update"
	case "delete", "destroy":
		return "delete"
	case "search", "search-type", "search-system", "search-compartment":
		return "search"
	case "history", "history-instance", "history-type", "history-system":
		return "list"
	case "disclose", "extract":
		return "export"
	case "transmit":
		return "send"
	case "receive", "merge":
		return code
	}
	return ""
}

// actor picks the person who acted: a requestor who is marked as a person, else a requestor,
// else a person, else anyone.
func actor(e *fhir.AuditEvent) *fhir.Agent {
	best, most := (*fhir.Agent)(nil), -1
	for i := range e.Agents {
		p := &e.Agents[i]
		score := 0
		if p.Requestor {
			score += 2
		}
		if isPerson(p) {
			score += 3
		} else if isMachine(p) {
			score--
		}
		if score > most || best == nil {
			best, most = p, score
		}
	}
	return best
}

// isPerson tells the agents whom BALP or FHIR's own codes call a user, and those who point to one.
func isPerson(p *fhir.Agent) bool {
	for _, code := range [...]string{"IRCP", "humanuser", "UserSamlAgent", "UserOauthAgent", "AUT", "INF"} {
		if p.HasType(code) {
			return true
		}
	}
	switch p.Who.ResourceType() {
	case "Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person":
		return true
	}
	return p.Requestor && p.Name != "" && !isMachine(p)
}

func isMachine(p *fhir.Agent) bool {
	for _, code := range [...]string{atna.RoleApplication, atna.RoleSource, atna.RoleDestination} {
		if p.HasType(code) {
			return true
		}
	}
	return p.Who.ResourceType() == "Device"
}

func who(a *event.Access, p *fhir.Agent) {
	a.User = p.Who.Identifier.Value
	for _, other := range [...]string{local(&p.Who), p.AltID, p.Name, p.Who.Display} {
		if a.User == "" {
			a.User = other
		}
	}
	if a.User == "" {
		a.User = token(p)
	}
	a.UserName = p.Name
	if a.UserName == "" {
		a.UserName = p.Who.Display
	}
	for _, c := range p.Roles {
		a.Role = event.AddCode(a.Role, label(c))
	}
	for _, c := range p.Type {
		a.Role = event.AddCode(a.Role, label(c))
	}
	for _, c := range p.Purposes {
		a.Purpose = event.AddCode(a.Purpose, label(c))
	}
}

// token is what stands for a user whom the sender leaves unnamed: BALP's minimal and opaque profiles
// record nothing but the access token's identifier, by which records of one session belong together.
// Policies of other agents are something else.
func token(p *fhir.Agent) string {
	if len(p.Policies) > 0 && (p.HasType("UserOauthAgent") || p.HasType("UserSamlAgent")) {
		return p.Policies[0]
	}
	return ""
}

// origin fills in where the event came from: the actor's network, else a requestor's, else that of
// the side that asked: the source of a search or a write, the destination of a read (BALP).
func origin(a *event.Access, e *fhir.AuditEvent) {
	asking := atna.RoleSource
	if a.Verb == "read" || a.Verb == "import" {
		asking = atna.RoleDestination
	}
	person := actor(e)
	var best *fhir.Agent
	most := 0
	for i := range e.Agents {
		p := &e.Agents[i]
		score := 0
		switch {
		case p.Network == "":
		case p == person:
			score = 3
		case p.Requestor:
			score = 2
		case p.HasType(asking):
			score = 1
		}
		if score > most {
			best, most = p, score
		}
		if a.App == "" && p.HasType(atna.RoleApplication) {
			a.App = p.Who.Text()
		}
	}
	if best == nil {
		return
	}
	if _, err := netip.ParseAddr(best.Network); err == nil {
		a.OriginIP = best.Network
	} else if best.NetworkType != "3" && best.NetworkType != "4" {
		a.OriginHost = best.Network
	}
}

func source(e *fhir.AuditEvent) string {
	if e.Source.Observer.Display != "" {
		return e.Source.Observer.Display
	}
	if !e.Source.Observer.IsZero() {
		return e.Source.Observer.Text()
	}
	return e.Source.Site
}

// patient adds whom r points to. A number of the patient is better than one of the server.
func patient(a *event.Access, r *fhir.Reference) {
	switch id := r.Identifier; {
	case id.Value != "" && id.System != "":
		a.AddPatientID(id.Value, id.System)
	case id.Value != "":
		a.AddPatient(id.Value)
	case r.Reference != "" && strings.HasPrefix(r.Reference, "urn:"):
		a.AddPatientID(r.Reference, "")
	case r.Reference != "" && r.Reference[0] != '#':
		a.AddPatientID(local(r), "")
	default:
		a.AddPatientID(r.Display, "")
	}
}

// local is a reference without the server's address and the version: Patient/0042.
func local(r *fhir.Reference) string {
	kind := r.ResourceType()
	address, _, _ := strings.Cut(r.Reference, "/_history/")
	if i := strings.LastIndex(address, "/"+kind+"/"); kind != "" && i >= 0 {
		return address[i+1:]
	}
	return address
}

// named is what identifies whom r points to, without the server's address.
func named(r *fhir.Reference) string {
	if r.Identifier.Value != "" || r.Reference == "" {
		return r.Text()
	}
	return local(r)
}

// touched takes in one entity: a patient, or what was read, sent or asked.
func touched(a *event.Access, e *fhir.Entity) {
	for _, c := range e.SecurityLabels {
		a.Label = event.AddCode(a.Label, label(c))
	}
	if e.IsPatient() {
		patient(a, &e.What)
		return
	}
	if e.Query != "" && a.Query == "" {
		a.Query = decodeQuery(e.Query)
	}
	kind := event.ResourceKind(e.What.ResourceType())
	switch {
	case e.Type.Code == "XrequestId": // BALP: the number of the request, not a thing
		a.Corr = e.What.Identifier.Value
		return
	case kind == "encounter" && a.Encounter == "":
		a.Encounter = named(&e.What)
	}
	if kind == "" && (e.Query != "" || e.HasRole("24")) {
		kind = "query"
	}
	if a.ObjectKind == "" {
		a.ObjectKind = kind
	}
	if a.ObjectID == "" {
		a.ObjectID = e.What.Text()
	}
}

// longestQuery bounds the decoded query.
const longestQuery = 8 << 10

func decodeQuery(encoded string) string {
	encoded = strings.Join(strings.Fields(encoded), "")
	if len(encoded) > longestQuery/3*4 {
		encoded = encoded[:longestQuery/3*4]
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	text, _ := charset.UTF8(data, "")
	return string(text)
}
