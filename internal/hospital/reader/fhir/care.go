package fhir

import (
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// encounter reads a visit: where, when, and who takes part in it.
func (r *resource) encounter(n node) {
	period := n.kid("period")
	if period.isZero() {
		period = n.kid("actualPeriod") // release 5
	}
	v := hospital.VisitFact{
		Patient: whom(n.kid("subject")), Number: r.visitNumber(), Class: class(n.kid("class").code()), Service: n.kid("serviceType").code(),
		Start: period.time("start"), End: period.time("end"),
	}
	v.Cancelled = n.get("status") == "cancelled" || n.get("status") == "entered-in-error"
	for c := range n.kids("reasonCode") {
		if code := c.code(); code != "" && len(v.Diagnoses) < mostList {
			v.Diagnoses = append(v.Diagnoses, code)
		}
	}
	if len(v.Patient) == 0 && v.Number == "" {
		return
	}
	said := known(v.End, v.Start)
	stays := collect(n.kids("location"))
	r.visit(v, said)
	for _, l := range stays {
		stay := v
		stay.Unit, stay.Moved = last(l.kid("location").reference()), known(l.time("period", "start"), v.Start)
		if stay.Unit != "" && l.get("status") != "planned" && l.get("status") != "reserved" {
			stay.Diagnoses = nil
			r.visit(stay, said)
		}
	}
	for _, p := range some(n.kids("participant"), mostFacts) {
		actor := p.kid("individual")
		if actor.isZero() {
			actor = p.kid("actor") // release 5
		}
		r.reason(hospital.ReasonFact{
			Patient: v.Patient, Visit: v.Number, Kind: hospital.Provider, Key: v.Number, Who: who(actor),
			From: known(p.time("period", "start"), v.Start), To: known(p.time("period", "end"), v.End), Void: v.Cancelled,
		}, said, false)
	}
}

func (r *resource) visit(v hospital.VisitFact, said time.Time) { r.put(hospital.Fact{Visit: &v}, said) }

// visitNumber is the number of the Encounter itself, as visit writes it.
func (r *resource) visitNumber() string {
	n := r.root()
	if id := n.get("id"); id != "" {
		return "Encounter/" + id
	}
	if url := n.get("fullUrl"); len(url) > len("urn:uuid:") {
		return "Encounter/" + url[len("urn:uuid:"):]
	}
	return ""
}

// class is the letter of PV1-2 for a code of v3 ActCode.
func class(code string) byte {
	switch code {
	case "AMB", "VR", "HH", "FLD", "SS":
		return 'O'
	case "EMER":
		return 'E'
	case "IMP", "ACUTE", "NONAC", "OBSENC":
		return 'I'
	case "PRENC":
		return 'P'
	}
	return 0
}

// appointment reads who is expected where and by whom. A participant who declined has no part in it.
func (r *resource) appointment(n node) {
	participants := collect(n.kids("participant"))
	var patients []node
	var actors []node
	if s := n.kid("subject"); !s.isZero() { // release 5
		patients = append(patients, s)
	}
	for _, p := range participants {
		actor := p.kid("actor")
		switch {
		case actor.of() == "Patient":
			patients = append(patients, actor)
		case p.get("status") != "declined":
			actors = append(actors, actor)
		}
	}
	status, expecting := n.get("status"), who(actors...)
	for _, p := range patients {
		r.reason(hospital.ReasonFact{
			Patient: whom(p), Kind: hospital.Appointment, Who: expecting, From: n.time("start"), To: n.time("end"),
			Void: isVoid(status),
		}, n.time("created"), false)
	}
}

// condition reads a diagnosis, and who made it.
func (r *resource) condition(n node) {
	patient, number := whom(n.kid("subject")), visit(n.kid("encounter"))
	said := known(n.time("recordedDate"), n.time("onsetDateTime"))
	if status := n.kid("verificationStatus").code(); status == "entered-in-error" || status == "refuted" {
		return
	}
	if code := n.kid("code").code(); code != "" && number != "" {
		r.visit(hospital.VisitFact{Patient: patient, Number: number, Diagnoses: []string{code}}, said)
	}
	actors := collect(n.kids("recorder"), n.kids("asserter"))
	for _, p := range some(n.kids("participant"), mostList) { // release 5
		actors = append(actors, p.kid("actor"))
	}
	r.reason(hospital.ReasonFact{Patient: patient, Visit: number, Kind: hospital.Provider, Who: who(actors...), From: said, To: said}, said, false)
}

// careTeam reads the members, each with the time of the role.
func (r *resource) careTeam(n node) {
	patient, number, whole, void := whom(n.kid("subject")), visit(n.kid("encounter")), n.kid("period"), n.get("status") == "entered-in-error"
	for _, p := range some(n.kids("participant"), mostFacts) {
		period := whole
		if own := p.kid("period"); !own.isZero() {
			period = own
		}
		r.reason(hospital.ReasonFact{
			Patient: patient, Visit: number, Kind: hospital.CareTeam, Who: who(p.kid("member")),
			From: period.time("start"), To: period.time("end"), Void: void,
		}, time.Time{}, false)
	}
}

// subject reads that a patient takes part in a study.
func (r *resource) subject(n node) {
	patient := n.kid("individual")
	if patient.isZero() {
		patient = n.kid("subject") // release 5
	}
	study := last(n.kid("study").reference())
	if study == "" {
		return
	}
	r.reason(hospital.ReasonFact{
		Patient: whom(patient), Kind: hospital.Research, Who: []hospital.Who{{Kind: hospital.Protocol, Name: hospital.Name{Text: study}}},
		From: n.time("period", "start"), To: n.time("period", "end"), Void: n.get("status") == "withdrawn" && n.get("period", "end") == "",
	}, time.Time{}, false)
}

// relation says where in a resource those stand who thereby have to do with a patient.
type relation struct {
	kind hospital.Kind
	// people are members that are References, and members that hold one: performer.actor.
	people [][]string
	by     string   // who entered it
	from   []string // the first that is there, a time or a period's beginning
	to     []string
	// anybody says that it is a reason, too, for whoever does that in the house.
	anybody bool
}

// relations is the list for the types whose patient, people and times stand at the top.
func relations(kind string) []relation {
	at := func(names ...string) []string { return names }
	switch kind {
	case "ServiceRequest":
		return []relation{{kind: hospital.Order, people: [][]string{{"requester"}, {"performer"}}, from: at("authoredOn")}}
	case "MedicationRequest":
		return []relation{
			{kind: hospital.Order, people: [][]string{{"requester"}, {"recorder"}}, by: "recorder", from: at("authoredOn")},
			{kind: hospital.Prescription, from: at("authoredOn"), anybody: true},
		}
	case "MedicationAdministration":
		return []relation{{kind: hospital.Medication, people: [][]string{{"performer", "actor"}}, from: at("effectiveDateTime", "effectivePeriod", "occurenceDateTime", "occurencePeriod")}}
	case "MedicationDispense":
		return []relation{{kind: hospital.Medication, people: [][]string{{"performer", "actor"}}, from: at("whenHandedOver", "whenPrepared")}}
	case "Immunization":
		return []relation{{kind: hospital.Medication, people: [][]string{{"performer", "actor"}}, from: at("occurrenceDateTime")}}
	case "Observation":
		return []relation{{kind: hospital.Result, people: [][]string{{"performer"}}, from: at("issued", "effectiveDateTime", "effectivePeriod")}}
	case "DiagnosticReport":
		return []relation{{kind: hospital.Result, people: [][]string{{"performer"}, {"resultsInterpreter"}}, from: at("issued", "effectiveDateTime", "effectivePeriod")}}
	case "ImagingStudy":
		return []relation{{kind: hospital.Imaging, people: [][]string{{"referrer"}, {"interpreter"}, {"series", "performer", "actor"}, {"location"}}, from: at("started")}}
	case "DocumentReference":
		return []relation{{kind: hospital.Document, people: [][]string{{"author"}, {"authenticator"}, {"attester", "party"}}, from: at("date")}}
	case "Composition":
		return []relation{{kind: hospital.Document, people: [][]string{{"author"}, {"attester", "party"}}, from: at("date")}}
	case "Procedure":
		return []relation{{kind: hospital.Procedure, people: [][]string{{"performer", "actor"}, {"recorder"}, {"location"}}, by: "recorder",
			from: at("performedDateTime", "performedPeriod", "occurrenceDateTime", "occurrencePeriod"), to: at("performedPeriod", "occurrencePeriod")}}
	case "EpisodeOfCare":
		return []relation{{kind: hospital.CareTeam, people: [][]string{{"careManager"}}, from: at("period"), to: at("period")}}
	case "Communication":
		return []relation{{kind: hospital.Message, people: [][]string{{"recipient"}, {"sender"}}, by: "sender", from: at("sent", "received")}}
	case "Task":
		return []relation{{kind: hospital.Message, people: [][]string{{"owner"}, {"requester"}, {"requestedPerformer", "reference"}}, by: "requester", from: at("authoredOn")}}
	case "Claim", "ExplanationOfBenefit", "Account", "ChargeItem", "Invoice":
		return []relation{{kind: hospital.Account, from: at("created", "servicePeriod", "enteredDate", "date"), anybody: true}}
	}
	return nil
}

// simple reads a resource by its relations.
func (r *resource) simple(n node) {
	kind := n.get("resourceType")
	list := relations(kind)
	if list == nil {
		return
	}
	patient := subject(n)
	status := n.get("status")
	for _, rel := range list {
		f := hospital.ReasonFact{
			Patient: whom(patient), Visit: encounterOf(n), Kind: rel.kind, Who: who(rel.all(n)...), Void: isVoid(status),
			From: first(n, rel.from, "start"), To: first(n, rel.to, "end"),
		}
		if rel.by != "" {
			f.By = named(n.kid(rel.by))
		}
		r.reason(f, f.From, rel.anybody)
	}
	if kind == "ServiceRequest" {
		r.consult(n, patient)
	}
	r.labels(collect(n.kid("meta").kids("security")), whom(patient))
}

// subject is the patient of a resource, whatever the element is called.
func subject(n node) node {
	for _, name := range [...]string{"subject", "patient", "for"} {
		if s := n.kid(name); !s.isZero() && !slices.Contains([]string{"Group", "Device", "Location"}, s.of()) {
			return s
		}
	}
	return node{n.r, none}
}

func encounterOf(n node) string {
	for _, names := range [...][]string{{"encounter"}, {"context"}, {"context", "encounter"}, {"item", "encounter"}} {
		if v := visit(n.kid(names...)); v != "" {
			return v
		}
	}
	return ""
}

// all lists what the paths lead to.
func (rel *relation) all(n node) []node {
	var list []node
	for _, path := range rel.people {
		step := []node{n}
		for _, name := range path {
			var next []node
			for _, at := range step {
				next = append(next, collect(at.kids(name))...)
			}
			step = next[:min(len(next), mostList)]
		}
		list = append(list, step...)
	}
	return list
}

// first is the first time among members that are times or periods.
func first(n node, names []string, end string) time.Time {
	for _, name := range names {
		if t := known(n.time(name), n.time(name, end)); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// consult reads that another service is asked to see the patient.
func (r *resource) consult(n, patient node) {
	service := n.kid("performerType").code()
	if service == "" {
		return
	}
	status := n.get("status")
	r.reason(hospital.ReasonFact{
		Patient: whom(patient), Visit: encounterOf(n), Kind: hospital.Consult, Who: []hospital.Who{{Kind: hospital.Service, Name: hospital.Name{Text: service}}},
		By: named(n.kid("requester")), From: n.time("authoredOn"), Void: isVoid(status),
	}, n.time("authoredOn"), false)
}
