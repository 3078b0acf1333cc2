package fhir

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// element is a piece of a resource that we write, in JSON and in XML alike. One without a name is the resource itself.
type element struct {
	name  string
	value string    // empty for an object
	kids  []element // of an object
	list  bool      // JSON has it in an array
}

func str(name, value string) element              { return element{name: name, value: value} }
func obj(name string, kids ...element) element    { return element{name: name, kids: kids} }
func member(name string, kids ...element) element { return element{name: name, kids: kids, list: true} }

// result is what became of one entry.
type result struct {
	status int
	kind   string // of the resource
	id     event.ID
	reason string
}

// response is the Bundle that answers a Bundle, entry by entry.
func response(kind string, results []result) element {
	bundle := obj("Bundle", str("type", kind))
	for _, r := range results {
		reply := obj("response", str("status", strconv.Itoa(r.status)+" "+http.StatusText(r.status)))
		if r.reason == "" {
			reply.kids = append(reply.kids, str("location", r.kind+"/"+r.id.String()))
		} else {
			reply.kids = append(reply.kids, obj("outcome", obj("OperationOutcome", outcome(r.status, r.reason).kids...)))
		}
		bundle.kids = append(bundle.kids, member("entry", reply))
	}
	return bundle
}

// outcome says what is wrong (hl7.org/fhir/operationoutcome.html).
func outcome(status int, reason string) element {
	code := "invalid"
	switch status {
	case http.StatusUnauthorized:
		code = "login"
	case http.StatusForbidden:
		code = "forbidden"
	case http.StatusRequestEntityTooLarge:
		code = "too-long"
	case http.StatusUnsupportedMediaType, http.StatusMethodNotAllowed:
		code = "not-supported"
	case http.StatusTooManyRequests:
		code = "throttled"
	case http.StatusRequestTimeout:
		code = "timeout"
	case http.StatusServiceUnavailable:
		code = "transient"
	}
	return obj("OperationOutcome", member("issue", str("severity", "error"), str("code", code), str("diagnostics", reason)))
}

// metadata says what the feed takes (hl7.org/fhir/http.html#capabilities).
func metadata(w http.ResponseWriter, r *http.Request) {
	version := "4.0.1"
	if strings.Contains(r.Header.Get("Accept"), "fhirVersion=5") {
		version = "5.0.0"
	}
	rest := member("rest", str("mode", "server"),
		member("resource", str("type", auditEvent), member("interaction", str("code", "create"))))
	for _, kind := range others() {
		rest.kids = append(rest.kids, member("resource", str("type", kind), member("interaction", str("code", "create")), member("interaction", str("code", "update"))))
	}
	rest.kids = append(rest.kids, member("interaction", str("code", "batch")), member("interaction", str("code", "transaction")))
	answer(w, r, http.StatusOK, obj("CapabilityStatement",
		str("status", "active"), str("date", "2026-01-01"), str("kind", "instance"),
		obj("software", str("name", "Wardline")),
		obj("implementation", str("description", "Audit record repository: takes AuditEvents in, and resources that say who has to do with which patient, and gives none out")),
		str("fhirVersion", version),
		element{name: "format", value: "json", list: true}, element{name: "format", value: "xml", list: true},
		rest,
	))
}

// wantsXML tells in which form the client wants its answer: as it asks, else as it sent.
func wantsXML(r *http.Request) bool {
	for _, asked := range []string{r.URL.Query().Get("_format"), r.Header.Get("Accept"), r.Header.Get("Content-Type")} {
		isXML, isJSON := strings.Contains(asked, "xml"), strings.Contains(asked, "json")
		if isXML != isJSON {
			return isXML
		}
	}
	return false
}

func answer(w http.ResponseWriter, r *http.Request, status int, e element) {
	var b bytes.Buffer
	if wantsXML(r) {
		w.Header().Set("Content-Type", "application/fhir+xml; charset=utf-8")
		b.WriteString(xml.Header)
		e.xml(&b, true)
	} else {
		w.Header().Set("Content-Type", "application/fhir+json; charset=utf-8")
		e.json(&b)
	}
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that is gone will ask again
}

// json writes e as a resource.
func (e element) json(b *bytes.Buffer) {
	b.WriteString(`{"resourceType":"` + e.name + `"`)
	e.members(b, true)
	b.WriteByte('}')
}

func (e element) members(b *bytes.Buffer, begun bool) {
	for i, kid := range e.kids {
		first := i == 0 || e.kids[i-1].name != kid.name
		if begun && first || !first {
			b.WriteByte(',')
		}
		begun = true
		if first {
			b.WriteString(`"` + kid.name + `":`)
			if kid.list {
				b.WriteByte('[')
			}
		}
		switch {
		case kid.value != "":
			b.Write(jsonl.AppendString(nil, kid.value))
		case kid.isResource():
			kid.kids[0].json(b)
		default:
			b.WriteByte('{')
			kid.members(b, false)
			b.WriteByte('}')
		}
		if kid.list && (i+1 == len(e.kids) || e.kids[i+1].name != kid.name) {
			b.WriteByte(']')
		}
	}
}

// isResource tells an element that holds a whole resource: those begin with a capital.
func (e element) isResource() bool {
	return len(e.kids) == 1 && 'A' <= e.kids[0].name[0] && e.kids[0].name[0] <= 'Z'
}

func (e element) xml(b *bytes.Buffer, root bool) {
	b.WriteString("<" + e.name)
	if root {
		b.WriteString(` xmlns="http://hl7.org/fhir"`)
	}
	if e.value != "" {
		b.WriteString(` value="`)
		_ = xml.EscapeText(b, []byte(e.value)) // a buffer takes everything
		b.WriteString(`"/>`)
		return
	}
	b.WriteByte('>')
	for _, kid := range e.kids {
		kid.xml(b, false)
	}
	b.WriteString("</" + e.name + ">")
}
