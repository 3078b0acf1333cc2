package restlog

import (
	"strings"

	"github.com/wardline/wardline/internal/event"
)

// call is what a request asks for.
type call struct {
	imaging            bool // DICOMweb, not FHIR
	verb, native, kind string
	object             string
	query              string
	patient, authority string
	study, accession   string
	people             bool // what is returned are patients
}

// mostSteps bounds the parts of a path. Longer ones ask for nothing that FHIR or DICOMweb define.
const mostSteps = 24

// longestNative bounds the pattern of a path.
const longestNative = 120

// readCall reads method and path. where are the names of the server, which help where a path alone says little.
func readCall(method, target, where string) (call, bool) {
	method = strings.ToUpper(method)
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE":
	default:
		return call{}, false
	}
	path, query, _ := strings.Cut(target, "?")
	path, _, _ = strings.Cut(path, "#")
	if i := strings.Index(path, "://"); i >= 0 { // a whole address
		rest := path[i+3:]
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			return call{}, false
		}
		path = rest[slash:]
	}
	steps := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if len(steps) > mostSteps {
		return call{}, false
	}
	where = strings.ToLower(where)
	if c, ok := readDICOM(method, steps, query, where); ok {
		return c, true
	}
	return readFHIR(method, steps, query, where)
}

// readDICOM reads DICOMweb (PS3.18): searches, retrievals and what is stored, and the older WADO by parameters.
func readDICOM(method string, steps []string, query, where string) (call, bool) {
	c := call{imaging: true, kind: "study"}
	if strings.Contains(strings.ToLower(query), "requesttype=wado") { // PS3.18 9
		c.search("wado", query)
		c.verb, c.native, c.query, c.object = "read", method+" wado", "", c.study
		return c, c.study != ""
	}
	sure := strings.Contains(where, "dicom") || strings.Contains(where, "pacs")
	at := -1
	for i, s := range steps {
		switch low := strings.ToLower(s); {
		case low == "studies", (low == "series" || low == "instances" || low == "workitems") && sure:
			at = i
		case strings.Contains(low, "dicom"), low == "wado-rs", low == "qido-rs", low == "stow-rs", low == "aets":
			sure = true
		}
		if at >= 0 {
			break
		}
	}
	if at < 0 {
		return call{}, false
	}
	steps = steps[at:]
	if !sure && (len(steps) < 2 || !isUID(steps[1])) {
		return call{}, false
	}
	return c.retrieve(method, steps, query), true
}

// retrieve reads what follows studies (PS3.18 10.4 to 10.6), series, instances or workitems.
func (c call) retrieve(method string, steps []string, query string) call {
	words := []string{method}
	last := ""
	for i, s := range steps {
		if isWord(s) {
			last = s
			words = append(words, s)
			continue
		}
		if i == 1 && last == "studies" && isUID(s) {
			c.study, c.object = s, s
		}
		words = append(words, "[uid]")
	}
	c.native = words[0] + " " + strings.Join(words[1:], "/")
	c.native = c.native[:min(len(c.native), longestNative)]
	listing := len(words) > 1 && words[len(words)-1] == last && (last == "studies" || last == "series" || last == "instances" || last == "workitems")
	switch {
	case method == "POST" && (last == "studies" || c.study != "" && listing):
		c.verb = "create" // STOW
	case method == "POST" && last == "reject", method == "DELETE":
		c.verb = "delete"
	case method != "GET" && method != "HEAD":
		c.verb = "update"
	case steps[0] == "workitems":
		c.verb, c.kind = "list", "order"
	case listing:
		c.verb, c.kind = "search", "query"
		c.search(last, query)
		c.object = ""
	case last == "metadata", last == "thumbnail":
		c.verb = "list"
	default:
		c.verb = "read"
	}
	return c
}

// isWord tells the words of DICOMweb's paths from identifiers, which are no part of what was done.
func isWord(step string) bool {
	switch step {
	case "studies", "series", "instances", "frames", "metadata", "rendered", "thumbnail", "bulkdata", "pixeldata", "workitems", "reject", "subscribers", "state":
		return true
	}
	return false
}

// isUID tells DICOM's identifiers: digits and points, 64 at most (PS3.5 9.1).
func isUID(s string) bool {
	return len(s) > 0 && len(s) <= 64 && s[0] >= '0' && s[0] <= '9' && strings.Trim(s, "0123456789.") == ""
}

// readFHIR reads the interactions of FHIR (R4 3.1.0) and of its bulk export.
func readFHIR(method string, steps []string, query, where string) (call, bool) {
	sure := strings.Contains(where, "fhir")
	at := len(steps)
	for i, s := range steps {
		if isResource(s) || strings.HasPrefix(s, "$") || s == "_history" || s == "_search" {
			at = i
			break
		}
		sure = sure || isBase(s)
	}
	rest := steps[at:]
	switch {
	case len(steps) > 0 && strings.HasSuffix(steps[len(steps)-1], ".ndjson") && method == "GET":
		return call{verb: "export", kind: "export", native: "GET export file", object: steps[len(steps)-1]}, true
	case len(rest) == 0:
		if sure && method == "POST" && (len(steps) == 0 || isBase(steps[len(steps)-1])) {
			return call{verb: "update", kind: "bundle", native: "POST Bundle"}, true // transaction or batch
		}
		return call{}, false
	case !sure && !unmistakable(rest):
		return call{}, false
	}
	c := call{}
	c.interaction(method, rest, query)
	return c, true
}

// interaction reads what follows the base address.
func (c *call) interaction(method string, steps []string, query string) {
	operation, words := "", make([]string, 0, len(steps))
	of, id := "", ""
	for i, s := range steps {
		switch {
		case strings.HasPrefix(s, "$"):
			operation, words = s, append(words, s)
		case i == 0 && isResource(s):
			of, words = s, append(words, s)
		case i == 1 && of != "" && s[0] != '_':
			id, words = s, append(words, "[id]")
		case i == 2 && id != "" && (isResource(s) || s == "*"): // a compartment
			words = append(words, s)
		case s == "_history", s == "_search":
			words = append(words, strings.TrimPrefix(s, "_"))
		default:
			words = append(words, "[id]")
		}
	}
	c.native = method + " " + strings.Join(words, "/")
	c.native = c.native[:min(len(c.native), longestNative)]
	c.kind = event.ResourceKind(of)
	if id != "" {
		c.object = of + "/" + id
	}
	if of == "Patient" {
		c.patient = c.object
	}
	last := words[len(words)-1]
	switch {
	case operation != "":
		c.operate(method, operation, of, query)
	case last == "search" || (method == "GET" || method == "HEAD") && (id == "" || len(words) == 3 && isResource(last)) && last != "history":
		c.verb, c.kind, c.people = "search", "query", of == "Patient" && id == ""
		c.object = ""
		c.search(steps[0], query)
	case last == "history":
		c.verb = "list"
	case method == "GET" || method == "HEAD":
		c.verb = "read"
	case method == "POST":
		c.verb = "create"
	case method == "DELETE":
		c.verb = "delete"
	default:
		c.verb = "update"
	}
}

// operate reads the operations that give records away. Of any other only the method speaks.
func (c *call) operate(method, operation, of, query string) {
	switch operation {
	case "$export": // of all, of a group, of the type Patient
		c.verb, c.kind = "export", "export"
		c.patient = ""
	case "$export-poll-status":
		c.verb, c.kind, c.native = "list", "export", method+" job status"
	case "$match", "$member-match", "$graphql":
		c.verb, c.kind = "search", "query"
		c.search(of, query)
	case "$everything", "$summary", "$document", "$lastn", "$docref":
		c.verb = "read"
		if c.kind == "" {
			c.kind = "chart"
		}
		if c.patient == "" {
			c.search(of, query)
			c.query = ""
		}
	case "$expunge":
		c.verb = "delete"
	default:
		c.verb = "start"
		if method == "GET" {
			c.verb = "read"
		}
	}
}
