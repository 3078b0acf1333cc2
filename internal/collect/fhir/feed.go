package fhir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// base is where the feed is served: [base] of IHE ITI-20, "RESTful ATNA (Query and Feed)".
const base = "/fhir"

const (
	resourceBytes = 1 << 20
	bundleBytes   = 8 << 20
	bundleEntries = 5000
	bundleValues  = 1 << 20 // of all entries together
	// expansion is what one packed byte may become. Bundles of AuditEvents that a client wrote for the eye pack 15 to 1.
	expansion = 50
)

// Routes are the FHIR feed of audit records (IHE ITI-20): a client posts one AuditEvent to [base]/AuditEvent, or
// a batch or transaction Bundle of them to [base], in JSON or XML. Resources of other types are taken in as well, in JSON: posted,
// put in place as subscriptions do, or in a Bundle. Each version of one is an event; nothing is given out again.
//
// An AuditEvent is known by its business identifier, else by the urn of its entry and the time when it was recorded, else by the
// digest of its bytes: one that is posted again is the same event. Any other resource is known by its digest, for it may have been
// recorded once and changed since. What cannot be read is answered with an
// OperationOutcome, and kept as it came: an entry of a batch, a transaction or a broken Bundle as a whole. Only what is over the
// limits of a body, or says that it is no FHIR, is refused unread.
func Routes() []collect.Route {
	one := collect.BodyLimits{Bytes: resourceBytes, Ratio: expansion}
	many := collect.BodyLimits{Bytes: bundleBytes, Ratio: expansion}
	routes := []collect.Route{
		{Pattern: "POST " + base + "/AuditEvent", Body: one, Refuse: refuse, New: handler((*feed).create)},
		{Pattern: "POST " + base, Body: many, Refuse: refuse, New: handler((*feed).bundle)},
		{Pattern: "POST " + base + "/{$}", Body: many, Refuse: refuse, New: handler((*feed).bundle)},
		{Pattern: "GET " + base + "/metadata", Open: true, New: func(collect.Options) http.Handler { return http.HandlerFunc(metadata) }},
	}
	for _, kind := range others() { // by name: what any type is sent to would be other senders' addresses as well
		create := handler(func(f *feed, body []byte) { f.createOf(kind, body) })
		routes = append(routes,
			collect.Route{Pattern: "POST " + base + "/" + kind, Body: one, Refuse: refuse, New: create},
			collect.Route{Pattern: "PUT " + base + "/" + kind + "/{id}", Body: one, Refuse: refuse, New: create})
	}
	return routes
}

// others are the types of resources, besides AuditEvent, that have an address of their own. A Bundle may hold any.
func others() []string {
	return []string{
		"Account", "Appointment", "CareTeam", "Claim", "Communication", "Composition", "Condition", "DiagnosticReport", "DocumentReference",
		"Encounter", "EpisodeOfCare", "ExplanationOfBenefit", "HealthcareService", "ImagingStudy", "Immunization", "Location",
		"MedicationAdministration", "MedicationDispense", "MedicationRequest", "Observation", "Organization", "Patient", "Practitioner",
		"PractitionerRole", "Procedure", "RelatedPerson", "ResearchSubject", "ServiceRequest", "Task",
	}
}

// feed answers one request.
type feed struct {
	o     collect.Options
	w     http.ResponseWriter
	r     *http.Request
	xml   bool // the request is in XML
	batch *collect.Batch
	b     event.Builder
}

func handler(serve func(f *feed, body []byte)) func(collect.Options) http.Handler {
	return func(o collect.Options) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f := &feed{o: o, w: w, r: r}
			isXML, ok := mediaType(r.Header.Get("Content-Type"))
			if !ok {
				f.refuse(&collect.RequestError{Status: http.StatusUnsupportedMediaType, Reason: "send application/fhir+json or application/fhir+xml"}, 1)
				return
			}
			f.xml = isXML
			body, err := collect.ReadBody(r)
			if err != nil {
				f.refuse(err, 1)
				return
			}
			f.batch = collect.NewBatch(r)
			defer f.batch.Close()
			serve(f, body)
		})
	}
}

// mediaType tells JSON from XML (hl7.org/fhir/http.html#mime-type).
func mediaType(header string) (isXML, ok bool) {
	kind, _, err := mime.ParseMediaType(header)
	if err != nil {
		return false, false
	}
	switch kind {
	case "application/fhir+json", "application/json", "text/json", "application/json+fhir":
		return false, true
	case "application/fhir+xml", "application/xml", "text/xml", "application/xml+fhir":
		return true, true
	}
	return false, false
}

// refuse answers a request that is not taken in. records is how many of its records are in no books yet.
func (f *feed) refuse(err error, records int) {
	status, reason := collect.Refuse(f.w, f.r, err, records)
	refuse(f.w, f.r, status, reason)
}

func refuse(w http.ResponseWriter, r *http.Request, status int, reason string) {
	answer(w, r, status, outcome(status, reason))
}

// create takes one AuditEvent in.
func (f *feed) create(body []byte) { f.createOf(auditEvent, body) }

// createOf takes one resource in, of the type that the address names.
func (f *feed) createOf(kind string, body []byte) {
	res := f.resource(body, "")
	if res.reason == "" && res.kind != kind {
		res.reason = "the resource is of another type than its address: " + kind
	}
	if err := f.hand(&res, ""); err != nil {
		f.refuse(err, 0)
		return
	}
	if _, err := f.batch.Wait(); err != nil {
		f.refuse(err, 0)
		return
	}
	if res.reason != "" {
		refuse(f.w, f.r, http.StatusBadRequest, res.reason)
		return
	}
	f.w.Header().Set("Location", base+"/"+res.kind+"/"+res.id.String())
	f.w.WriteHeader(http.StatusCreated)
}

const auditEvent = "AuditEvent"

// resource is one resource of a request.
type resource struct {
	raw    []byte // as it came
	kind   string // its type
	ev     event.Event
	key    []string // the name that its sender gave it; nil when it has none
	id     event.ID // once it was handed in
	reason string   // why it holds no event; "" when it does
}

// resource reads text, which is one resource, called fullURL in its Bundle. Its Fields are good until the next call.
func (f *feed) resource(text []byte, fullURL string) resource {
	res := resource{raw: text}
	json, err := f.json(text)
	lim := jsonl.Limits{Depth: f.o.Limits.Depth, Values: f.o.Limits.Values}
	if err == nil {
		err = res.ev.Index.Scan(json, lim)
	}
	if err == nil {
		obj := collect.Object{Text: json, Index: &res.ev.Index}
		if res.kind = fhir.ResourceType(json, obj.Index); res.kind == auditEvent {
			res.key = identifier(obj)
		}
		res.ev.Fields, res.ev.Format = json, formatName
		err = shapeEvent(obj, f.o, &res.ev, &f.b)
	}
	if err == nil && res.kind != auditEvent && isURN(fullURL) {
		err = f.called(&res.ev, fullURL, lim)
	}
	res.reason = problem(err)
	return res
}

// called notes the name by which other resources of its Bundle point to a resource, which may have no id of its own.
func (f *feed) called(ev *event.Event, fullURL string, lim jsonl.Limits) error {
	if ev.Index.Find(ev.Fields, "fullUrl") >= 0 {
		return errAccess
	}
	f.b.Reset()
	f.b.String("fullUrl", fullURL)
	f.b.Members(ev.Fields)
	return f.b.Into(ev, lim)
}

// json returns text in its JSON form.
func (f *feed) json(text []byte) ([]byte, error) {
	if !f.xml {
		return text, nil
	}
	lim := fhir.XMLLimits{Bytes: resourceBytes, Depth: f.o.Limits.Depth, Elements: f.o.Limits.Values}
	r := fhir.NewXMLReader(strings.NewReader(string(text)), lim)
	json, _, err := r.Next()
	if err == io.EOF {
		return nil, collect.ErrSkip
	}
	if err != nil {
		return nil, err
	}
	json = append([]byte(nil), json...)
	switch _, _, err := r.Next(); {
	case err == nil:
		return nil, errSeveral
	case err != io.EOF:
		return nil, err
	}
	return json, nil
}

var errSeveral = errors.New("fhir: more than one AuditEvent: send a Bundle to " + base)

// problem is err for the sender: it holds places and our own words only. "" means that there is none.
func problem(err error) string {
	var syntax *jsonl.SyntaxError
	var broken *fhir.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &syntax), errors.As(err, &broken), errors.Is(err, errAccess), errors.Is(err, errSeveral), errors.Is(err, errBundle):
		return err.Error()
	case errors.Is(err, collect.ErrSkip):
		return "not an AuditEvent: no other resource is taken in as XML"
	}
	return "an AuditEvent that cannot be read"
}

// hand hands in what res holds: an event, or bytes that could not be read.
func (f *feed) hand(res *resource, fullURL string) error {
	if res.reason != "" {
		return f.batch.Quarantine(res.raw, collect.Damage{Reason: res.reason})
	}
	res.id = f.eventID(res, fullURL)
	res.ev.ID = res.id
	return f.batch.Put(&res.ev, res.raw)
}

func (f *feed) eventID(res *resource, fullURL string) event.ID {
	source := f.batch.Sender().ID()
	recorded := ""
	for v := range res.ev.Values("recorded") {
		recorded = string(v)
		break
	}
	switch {
	case res.key != nil:
		return event.NewID(source, append(res.key, recorded)...)
	case res.kind == auditEvent && recorded != "" && isURN(fullURL):
		return event.NewID(source, "entry", fullURL, recorded)
	}
	told := res.raw
	if res.kind != auditEvent {
		told = res.ev.Fields // with the name of its entry
	}
	sum := sha256.Sum256(told)
	return event.NewID(source, "digest", hex.EncodeToString(sum[:]))
}

// isURN tells a name that was made for one entry from the address of a server, which may stand in many.
func isURN(fullURL string) bool {
	return strings.HasPrefix(fullURL, "urn:uuid:") || strings.HasPrefix(fullURL, "urn:oid:")
}

// identifier is the business identifier that a resource bears, if it does.
func identifier(obj collect.Object) []string {
	value := obj.Index.Find(obj.Text, "identifier.value")
	if value < 0 {
		return nil
	}
	system := obj.Index.Find(obj.Text, "identifier.system")
	return []string{"identifier", string(obj.String(int32(system), nil)), string(obj.String(int32(value), nil))}
}
