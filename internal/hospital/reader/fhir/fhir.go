// Package fhir reads FHIR resources (releases 4 and 5), in which modern clinical systems say who is whose patient: encounters,
// orders, results, appointments, care teams and what else points to a patient and to those who care.
//
// A patient has the identifiers that the resource states, and the number of the server (Patient/0042), by which other resources point
// to it: numbers of two servers that are not UUIDs would be taken for one.
package fhir

import (
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// What one resource may give, however long it is.
const (
	mostFacts = 500
	mostList  = 64
)

// resource is one resource as it is read.
type resource struct {
	ev      *event.Event
	zone    *time.Location
	key     string          // see name
	updated time.Time       // when this version of it was made; zero when it does not say
	inside  map[string]node // what it contains, by id; nil until that is asked for
	facts   []hospital.Fact
}

// Event reads the resource that ev holds; zone is the site's, for days.
func Event(ev *event.Event, zone *time.Location) []hospital.Fact {
	if zone == nil {
		zone = time.UTC
	}
	r := &resource{ev: ev, zone: zone}
	n := r.root()
	r.key, r.updated = r.name(), n.time("meta", "lastUpdated")
	switch n.get("resourceType") {
	case "Patient":
		r.patient(n)
	case "RelatedPerson":
		r.kin(n)
	case "Practitioner":
		r.practitioner(n)
	case "PractitionerRole":
		r.role(n)
	case "Location":
		r.put(hospital.Fact{Unit: &hospital.UnitFact{Unit: n.get("id"), Title: n.get("name"), Building: last(n.kid("partOf").reference())}}, time.Time{})
	case "Encounter":
		r.encounter(n)
	case "Appointment":
		r.appointment(n)
	case "Condition":
		r.condition(n)
	case "CareTeam":
		r.careTeam(n)
	case "ResearchSubject":
		r.subject(n)
	default:
		r.simple(n)
	}
	return r.facts
}

func (r *resource) root() node { return node{r, top} }

// put adds a fact. said is when it was entered, as far as the resource says; the version's time comes first.
func (r *resource) put(f hospital.Fact, said time.Time) {
	if len(r.facts) == mostFacts {
		return
	}
	f.Said = known(r.updated, said)
	r.facts = append(r.facts, f)
}

// reason adds a relation. Without anybody there is none, unless it is one for whoever does that in the house.
func (r *resource) reason(f hospital.ReasonFact, said time.Time, anybody bool) {
	if f.Key == "" {
		f.Key = r.key
	}
	if f.Void { // when that came about only the version's time says
		f.Who, f.From, f.To, said = nil, time.Time{}, time.Time{}, time.Time{}
	} else if len(f.Who) == 0 && !anybody {
		return
	}
	if len(f.Patient) == 0 && f.Visit == "" || f.Key == "" && len(f.Who) == 0 { // of nobody, or about all
		return
	}
	r.put(hospital.Fact{Reason: &f}, said)
}

// name is what a resource is known by: the name that its Bundle gave it, else its type and number.
func (r *resource) name() string {
	n := r.root()
	if id := n.get("id"); id != "" {
		return n.get("resourceType") + "/" + id
	}
	return n.get("fullUrl")
}

// names are all by which others may point to it.
func (r *resource) names() []string {
	n := r.root()
	var list []string
	id := n.get("id")
	if id != "" {
		list = append(list, n.get("resourceType")+"/"+id)
	}
	if isUUID(id) {
		list = append(list, "urn:uuid:"+id)
	}
	if url := n.get("fullUrl"); url != "" && !slices.Contains(list, url) {
		list = append(list, url)
	}
	return list
}

func isUUID(id string) bool {
	return len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-'
}

func last(reference string) string { return reference[strings.LastIndexByte(reference, '/')+1:] }

// identifiers are those that n states. An OID stands without its prefix.
func identifiers(n node) []hospital.Identifier {
	var list []hospital.Identifier
	for i := range n.kids("identifier") {
		if id, ok := identifier(i); ok && len(list) < mostList {
			list = append(list, id)
		}
	}
	return list
}

func identifier(n node) (hospital.Identifier, bool) {
	system := strings.TrimPrefix(n.get("system"), "urn:oid:")
	id := hospital.Identifier{Authority: system, Type: n.kid("type").code(), Value: n.get("value")}
	if id.Type == "" && strings.HasSuffix(system, "us-ssn") {
		id.Type = "SS"
	}
	return id, id.Value != ""
}

// whom lists the identifiers of the patient that a Reference points to.
func whom(n node) []hospital.Identifier {
	var list []hospital.Identifier
	if ref := n.reference(); ref != "" && ref[0] != '#' {
		list = append(list, hospital.Identifier{Value: ref})
	}
	list = append(list, identifiers(n)...)
	return append(list, identifiers(n.contained())...)
}

// visit is the number of the Encounter that n points to: the same for urn:uuid:7 and Encounter/7.
func visit(n node) string {
	if id, ok := strings.CutPrefix(n.reference(), "urn:uuid:"); ok {
		return "Encounter/" + id
	}
	if ref := n.reference(); ref != "" {
		return ref
	}
	return n.get("identifier", "value")
}

// who lists those whom References point to that can have a reason to look.
func who(refs ...node) []hospital.Who {
	var list []hospital.Who
	for _, n := range refs {
		w := hospital.Who{Kind: hospital.Person, Name: named(n)}
		switch n.of() {
		case "Location":
			w = hospital.Who{Kind: hospital.Unit, Name: hospital.Name{Text: last(w.Name.Text)}}
		case "HealthcareService":
			w = hospital.Who{Kind: hospital.Service, Name: hospital.Name{Text: last(w.Name.Text)}}
		case "Patient", "RelatedPerson", "Device", "Organization", "Group", "CareTeam", "Medication":
			continue
		}
		if w.Name.Text != "" && !slices.Contains(list, w) && len(list) < mostList {
			list = append(list, w)
		}
	}
	return list
}

// named is how a Reference calls somebody: by a number of theirs, else by that of the server.
func named(n node) hospital.Name {
	if role := n.contained().kid("practitioner"); !role.isZero() && stated(n).Text == "" { // a role that is contained
		n = role
	}
	if name := stated(n); name.Text != "" {
		return name
	}
	if ref := n.reference(); ref != "" && ref[0] != '#' {
		return hospital.Name{Text: ref}
	}
	return hospital.Name{}
}

// stated is a number of somebody that a Reference states, or what it points to inside of the resource.
func stated(n node) hospital.Name {
	if id, ok := identifier(n.kid("identifier")); ok {
		return hospital.Name{Text: id.Value, Authority: id.Authority}
	}
	for _, id := range identifiers(n.contained()) {
		return hospital.Name{Text: id.Value, Authority: id.Authority}
	}
	return hospital.Name{}
}

func collect(seqs ...func(func(node) bool)) []node {
	var list []node
	for _, seq := range seqs {
		list = append(list, some(seq, mostList-len(list))...)
	}
	return list
}

// some is the first of what seq yields.
func some(seq func(func(node) bool), most int) []node {
	var list []node
	for n := range seq {
		if len(list) >= most {
			break
		}
		list = append(list, n)
	}
	return list
}

// known is the first of the times that is known.
func known(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// isVoid tells the states of what did not take place, or was entered in error.
func isVoid(status string) bool {
	switch status {
	case "cancelled", "entered-in-error", "revoked", "not-done":
		return true
	}
	return false
}
