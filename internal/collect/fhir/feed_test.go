package fhir_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/fhir"
	"github.com/wardline/wardline/internal/collect/httpin/httpintest"
	collectjson "github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

const (
	one = `{"resourceType":"AuditEvent","type":{"code":"rest"},"action":"R","recorded":"2026-03-01T10:20:30Z",
 "agent":[{"who":{"identifier":{"value":"m.okafor"}},"requestor":true}],"source":{"observer":{"display":"ward-7"}}}`
	oneXML = `<AuditEvent xmlns="http://hl7.org/fhir"><type><code value="rest"/></type><action value="R"/><recorded value="2026-03-01T10:20:30Z"/>` +
		`<agent><who><identifier><value value="m.okafor"/></identifier></who><requestor value="true"/></agent></AuditEvent>`
	twice = `{"resourceType":"AuditEvent","action":"R","Action":"D"}`
)

func feed(t testing.TB) (*httpintest.Node, *collecttest.Memory) {
	kept := collecttest.NewMemory()
	return httpintest.Serve(t, kept, nil, fhir.Routes()...), kept
}

func TestCreate(t *testing.T) {
	for name, c := range map[string]struct {
		kind, body string
		status     int
		answer     string // a piece of it
		events     int
		damages    int
	}{
		"json":               {"application/fhir+json", one, 201, "", 1, 0},
		"plain json":         {"application/json; charset=utf-8", one, 201, "", 1, 0},
		"xml":                {"application/fhir+xml", oneXML, 201, "", 1, 0},
		"no json":            {"application/fhir+json", "{", 400, `"diagnostics":"json: at byte 1: `, 0, 1},
		"a name twice":       {"application/fhir+json", twice, 400, `a name stands twice in one object`, 0, 1},
		"another resource":   {"application/fhir+json", `{"resourceType":"Patient"}`, 400, `another type than its address: AuditEvent`, 0, 1},
		"no resource":        {"application/fhir+json", `{"a":1}`, 400, `no resourceType`, 0, 1},
		"our own name":       {"application/fhir+json", `{"resourceType":"AuditEvent","access":{}}`, 400, "access", 0, 1},
		"no xml":             {"application/fhir+xml", "<AuditEvent><action", 400, "<diagnostics value=", 0, 1},
		"entities":           {"application/fhir+xml", `<!DOCTYPE a [<!ENTITY b "c">]>` + oneXML, 400, "refused", 0, 1},
		"two events in xml":  {"application/fhir+xml", "<a>" + oneXML + oneXML + "</a>", 400, "more than one", 0, 1},
		"no event in xml":    {"application/fhir+xml", "<Patient/>", 400, "not an AuditEvent", 0, 1},
		"neither":            {"text/plain", one, 415, "application/fhir+json", 0, 0},
		"no type":            {"", one, 415, "not-supported", 0, 0},
		"too large":          {"application/fhir+json", strings.Repeat(" ", 1<<20) + one, 413, `"too-long"`, 0, 0},
		"too deep":           {"application/fhir+json", `{"resourceType":"AuditEvent","a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + "}", 400, "at byte", 0, 1},
		"the larger release": {"application/fhir+json", `{"resourceType":"AuditEvent","code":{"coding":[{"code":"read"}]},"recorded":"2026-03-01T10:20:30Z"}`, 201, "", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n, kept := feed(t)
			resp, body := n.Do(t, httpintest.Request{Path: "/fhir/AuditEvent", Type: c.kind, Body: c.body})
			if resp.StatusCode != c.status || !strings.Contains(body, c.answer) {
				t.Errorf("status %d, want %d: %s", resp.StatusCode, c.status, body)
			}
			events, damages := kept.Events(t, httpintest.Options(t).Taxonomy), kept.Damages(t)
			if len(events) != c.events || len(damages) != c.damages {
				t.Errorf("%d events and %d damages", len(events), len(damages))
			}
			if c.events == 1 && resp.Header.Get("Location") != "/fhir/AuditEvent/"+events[0].ID.String() {
				t.Errorf("location %s", resp.Header.Get("Location"))
			}
			if c.damages == 1 && string(damages[0].Bytes) != c.body {
				t.Error("what could not be read was not kept as it came")
			}
			counts := collecttest.Balanced(t, n.Intake)["token/ward-7"]
			if counts.Received != 1 {
				t.Errorf("books %+v", counts)
			}
		})
	}
}

// Errors before the handler are told in FHIR's words, too, in the form that the client asks for.
func TestRefusalsAreOutcomes(t *testing.T) {
	n, _ := feed(t)
	for _, c := range []struct{ accept, form, begin string }{
		{"", "application/fhir+json; charset=utf-8", `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login",`},
		{"application/fhir+xml", "application/fhir+xml; charset=utf-8", `<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"/><code value="login"/>`},
	} {
		resp, body := n.Do(t, httpintest.Request{Path: "/fhir", Authorization: "-", Accept: c.accept})
		if resp.StatusCode != 401 || resp.Header.Get("Content-Type") != c.form || !strings.HasPrefix(strings.TrimPrefix(body, xml.Header), c.begin) {
			t.Errorf("status %d: %s", resp.StatusCode, body)
		}
	}
}

func TestMetadata(t *testing.T) {
	n, _ := feed(t)
	_, body := n.Do(t, httpintest.Request{Method: "GET", Path: "/fhir/metadata", Authorization: "-"})
	var got any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	var want any
	_ = json.Unmarshal([]byte(`{"resourceType":"CapabilityStatement","status":"active","date":"2026-01-01","kind":"instance","software":{"name":"Wardline"},
 "implementation":{"description":"Audit record repository: takes AuditEvents in, and resources that say who has to do with which patient, and gives none out"},"fhirVersion":"4.0.1","format":["json","xml"],
 "rest":[{"mode":"server","interaction":[{"code":"batch"},{"code":"transaction"}]}]}`), &want)
	rest := got.(map[string]any)["rest"].([]any)[0].(map[string]any)
	taken, _ := json.Marshal(rest["resource"])
	delete(rest, "resource")
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	for _, resource := range []string{`{"type":"AuditEvent","interaction":[{"code":"create"}]}`, `{"type":"Patient","interaction":[{"code":"create"},{"code":"update"}]}`} {
		var one any
		_ = json.Unmarshal([]byte(resource), &one)
		if text, _ := json.Marshal(one); !bytes.Contains(taken, text) {
			t.Errorf("%s is not among what is taken in: %s", resource, taken)
		}
	}
	_, body = n.Do(t, httpintest.Request{Method: "GET", Path: "/fhir/metadata?_format=xml", Accept: "application/fhir+json; fhirVersion=5.0"})
	if !strings.Contains(body, `<fhirVersion value="5.0.0"/>`) || !strings.Contains(body, `<interaction><code value="create"/></interaction>`) {
		t.Error(body)
	}
}

func bundle(kind string, entries ...string) string {
	return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`
}

func entry(fullURL, resource string) string {
	return fmt.Sprintf(`{"fullUrl":"%s","resource":%s,"request":{"method":"POST","url":"AuditEvent"}}`, fullURL, resource)
}

func put(resource string) string {
	return `{"resource":` + resource + `,"request":{"method":"PUT","url":"x/1"}}`
}

// Resources of other types say who has to do with whom: each version of one is an event of its own class.
func TestOtherResources(t *testing.T) {
	const patient = `{"resourceType":"Patient","id":"1","meta":{"lastUpdated":"2026-03-01T10:20:30Z"}}`
	for name, c := range map[string]struct {
		method, path, body string
		status, events     int
		answer             string
	}{
		"posted":              {"POST", "/fhir/Patient", patient, 201, 1, ""},
		"put in place":        {"PUT", "/fhir/Patient/1", patient, 201, 1, ""},
		"at another's place":  {"POST", "/fhir/Encounter", patient, 400, 0, "of another type than its address"},
		"at an event's place": {"POST", "/fhir/AuditEvent", patient, 400, 0, "of another type than its address"},
		"with a name of ours": {"POST", "/fhir/Patient", `{"resourceType":"Patient","access":{"user":"nobody"}}`, 400, 0, "not part of FHIR"},
		"no type":             {"POST", "/fhir/Patient", `{"id":"1"}`, 400, 0, "no resourceType"},
	} {
		t.Run(name, func(t *testing.T) {
			n, kept := feed(t)
			resp, body := n.Do(t, httpintest.Request{Method: c.method, Path: c.path, Type: "application/fhir+json", Body: c.body})
			if resp.StatusCode != c.status || !strings.Contains(body, c.answer) {
				t.Errorf("status %d, want %d: %s", resp.StatusCode, c.status, body)
			}
			events := kept.Events(t, httpintest.Options(t).Taxonomy)
			if len(events) != c.events {
				t.Fatalf("%d events are kept, want %d", len(events), c.events)
			}
			for _, ev := range events {
				if ev.Class.Product != "fhir" || ev.Class.Service != "resource" || string(ev.Fields) != c.body || ev.Time.Format("2006-01-02") != "2026-03-01" {
					t.Errorf("an event of %s/%s at %s: %s", ev.Class.Product, ev.Class.Service, ev.Time, ev.Fields)
				}
				if want := "/fhir/Patient/" + ev.ID.String(); resp.Header.Get("Location") != want {
					t.Errorf("location %s, want %s", resp.Header.Get("Location"), want)
				}
			}
			if c.events == 0 && len(kept.Damages(t)) != 1 {
				t.Error("what is refused is not kept as it came")
			}
			collecttest.Balanced(t, n.Intake)
		})
	}
}

// A resource without an id is known by the name that its Bundle gives it.
func TestNamesOfABundle(t *testing.T) {
	n, kept := feed(t)
	n.Do(t, httpintest.Request{Path: "/fhir", Type: "application/fhir+json", Body: bundle("transaction",
		entry("urn:uuid:7", `{"resourceType":"Patient"}`), entry("https://x.example/fhir/Patient/8", `{"resourceType":"Patient","id":"8"}`))})
	want := []string{`{"fullUrl":"urn:uuid:7","resourceType":"Patient"}`, `{"resourceType":"Patient","id":"8"}`}
	for i, ev := range kept.Events(t, httpintest.Options(t).Taxonomy) {
		if string(ev.Fields) != want[i] {
			t.Errorf("entry %d is %s, want %s", i+1, ev.Fields, want[i])
		}
	}
}

func TestBundle(t *testing.T) {
	xmlBundle := func(kind string, entries ...string) string {
		return `<Bundle xmlns="http://hl7.org/fhir"><type value="` + kind + `"/><entry>` + strings.Join(entries, "</entry><entry>") + "</entry></Bundle>"
	}
	for name, c := range map[string]struct {
		kind, body string
		status     int
		results    string // status of each entry, or a piece of the answer
		events     int
		received   int64
	}{
		"batch":          {"json", bundle("batch", entry("urn:uuid:1", one), entry("urn:uuid:2", one)), 200, "201 201", 2, 2},
		"empty":          {"json", bundle("batch"), 200, "", 0, 0},
		"one bad":        {"json", bundle("batch", entry("urn:uuid:1", twice), entry("urn:uuid:2", one), entry("", `{"resourceType":"Patient"}`)), 200, "400 201 201", 2, 3},
		"a deletion":     {"json", bundle("batch", `{"request":{"method":"DELETE","url":"AuditEvent/1"}}`, entry("", one)), 200, "405 201", 1, 2},
		"put in place":   {"json", bundle("transaction", put(`{"resourceType":"Patient","id":"1"}`)), 200, "201", 1, 1},
		"put an event":   {"json", bundle("batch", put(one)), 200, "400", 0, 1},
		"a Bundle in it": {"json", bundle("batch", entry("", bundle("batch", entry("", one)))), 200, "400", 0, 1},
		"our own name":   {"json", bundle("batch", entry("urn:uuid:1", `{"resourceType":"Patient","fullUrl":"x"}`), entry("", `{"resourceType":"Patient","access":{}}`)), 200, "400 400", 0, 2},
		"no resource":    {"json", bundle("batch", `{"fullUrl":"urn:uuid:1"}`), 200, "400", 0, 1},
		"transaction":    {"json", bundle("transaction", entry("urn:uuid:1", one)), 200, "201", 1, 1},
		"none of two":    {"json", bundle("transaction", entry("urn:uuid:1", one), entry("urn:uuid:2", twice)), 400, "entry 2: fhir: at byte", 0, 2},
		"collection":     {"json", bundle("collection", entry("urn:uuid:1", one)), 400, "neither batch nor transaction", 0, 1},
		"two lists":      {"json", `{"resourceType":"Bundle","type":"batch","entry":[],"Entry":[]}`, 400, "stands twice", 0, 1},
		"two resources":  {"json", bundle("batch", `{"resource":`+one+`,"resource":`+one+`}`), 400, "stands twice", 0, 1},
		"no bundle":      {"json", one, 400, "not a Bundle", 0, 1},
		"no json":        {"json", `{"resourceType":"Bundle"`, 400, "at byte", 0, 1},
		"xml":            {"xml", xmlBundle("batch", "<fullUrl value='urn:uuid:1'/><resource>"+oneXML+"</resource>", "<resource>"+oneXML+"</resource>"), 200, "201 201", 2, 2},
		"xml one bad":    {"xml", xmlBundle("batch", "<resource><Patient/></resource>", "<resource>"+oneXML+"</resource>"), 200, "400 201", 1, 2},
		"xml a deletion": {"xml", xmlBundle("batch", "<request><method value='DELETE'/></request>"), 200, "405", 0, 1},
		"xml entities":   {"xml", "<!DOCTYPE a>" + xmlBundle("batch"), 400, "refused", 0, 1},
		"xml no bundle":  {"xml", oneXML, 400, "not a Bundle", 0, 1},
		"xml cut off":    {"xml", xmlBundle("batch")[:60], 400, "not well-formed", 0, 1},
		"too many":       {"json", bundle("batch", strings.Repeat("{},", 5000)+"{}"), 413, "more than 5000 entries", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n, kept := feed(t)
			resp, body := n.Do(t, httpintest.Request{Path: "/fhir", Type: "application/fhir+" + c.kind, Body: c.body})
			if resp.StatusCode != c.status {
				t.Errorf("status %d, want %d: %s", resp.StatusCode, c.status, body)
			}
			if c.status == 200 {
				if got := statuses(t, c.kind, body); got != c.results {
					t.Errorf("results %s, want %s: %s", got, c.results, body)
				}
			} else if !strings.Contains(body, c.results) {
				t.Errorf("answer %s", body)
			}
			if got := len(kept.Lines(journal.Events)); got != c.events {
				t.Errorf("%d events kept, want %d", got, c.events)
			}
			if damages := kept.Damages(t); c.status != 200 && (len(damages) != 1 || string(damages[0].Bytes) != c.body || int64(damages[0].Records) != c.received) {
				t.Errorf("what was not taken in is not kept as it came: %+v", damages)
			}
			if counts := collecttest.Balanced(t, n.Intake)["token/ward-7"]; counts.Received != c.received {
				t.Errorf("books %+v", counts)
			}
		})
	}
}

// statuses reads the answer to a Bundle as a client would.
func statuses(t *testing.T, kind, body string) string {
	var list []string
	if kind == "xml" {
		var answer struct {
			Type  primitive   `xml:"type"`
			Entry []primitive `xml:"entry>response>status"`
		}
		if err := xml.Unmarshal([]byte(body), &answer); err != nil || answer.Type.Value != "batch-response" {
			t.Fatal(err, body)
		}
		for _, e := range answer.Entry {
			list = append(list, e.Value[:3])
		}
		return strings.Join(list, " ")
	}
	var answer struct {
		ResourceType, Type string
		Entry              []struct {
			Response struct {
				Status, Location string
				Outcome          struct{ ResourceType string }
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.ResourceType != "Bundle" || !strings.HasSuffix(answer.Type, "-response") {
		t.Fatal(err, body)
	}
	for _, e := range answer.Entry {
		list = append(list, e.Response.Status[:3])
		if (e.Response.Location != "") != (e.Response.Outcome.ResourceType == "") {
			t.Errorf("an entry with a location or an outcome: %s", body)
		}
	}
	return strings.Join(list, " ")
}

type primitive struct {
	Value string `xml:"value,attr"`
}

// The same event posted again has the same id; different ones do not, whatever their sender calls them.
func TestIdentity(t *testing.T) {
	other := strings.Replace(one, `"action":"R"`, `"action":"U"`, 1)
	named := func(action string) string {
		return strings.Replace(one, `"action":"R"`, `"action":"`+action+`","identifier":[{"system":"urn:s","value":"7"}]`, 1)
	}
	const given = `{"resourceType":"Immunization","id":"7","status":"completed","recorded":"2026-03-01"}`
	mistaken := strings.Replace(given, "completed", "entered-in-error", 1)
	for name, c := range map[string]struct {
		first, second string
		same          bool
	}{
		"a resource again":           {entry("urn:uuid:7", given), entry("urn:uuid:7", given), true},
		"a resource that is changed": {entry("urn:uuid:7", given), entry("urn:uuid:7", mistaken), false},
		"two that say the same":      {entry("urn:uuid:7", `{"resourceType":"Patient"}`), entry("urn:uuid:8", `{"resourceType":"Patient"}`), false},
		"the same bytes":             {entry("", one), entry("", one), true},
		"other bytes":                {entry("", one), entry("", other), false},
		"the same name":              {entry("urn:uuid:1", one), entry("urn:uuid:1", strings.Replace(one, "{", "{ ", 1)), true},
		"another name":               {entry("urn:uuid:1", one), entry("urn:uuid:2", one), false},
		"the address of a server":    {entry("http://a/AuditEvent/", one), entry("http://a/AuditEvent/", other), false},
		"the same identifier":        {entry("", named("R")), entry("", named("U")), true},
		"a name twice in a Bundle":   {entry("urn:uuid:1", one) + "," + entry("urn:uuid:1", other), "", false},
	} {
		n, kept := feed(t)
		for _, e := range []string{c.first, c.second} {
			if e != "" {
				n.Do(t, httpintest.Request{Path: "/fhir", Type: "application/fhir+json", Body: bundle("batch", e)})
			}
		}
		events := kept.Events(t, httpintest.Options(t).Taxonomy)
		if len(events) != 2 || (events[0].ID == events[1].ID) != c.same {
			t.Errorf("%s: %d events, ids %v %v", name, len(events), events[0].ID, events[1].ID)
		}
	}
}

// A journal that fails in the middle of a Bundle acknowledges nothing.
func TestFeedJournalFails(t *testing.T) {
	n, kept := feed(t)
	kept.Refuse(journal.ErrFull)
	resp, body := n.Do(t, httpintest.Request{Path: "/fhir", Type: "application/fhir+json", Body: bundle("batch", entry("", one), entry("", twice), entry("", one))})
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, `"transient"`) {
		t.Errorf("status %d: %s", resp.StatusCode, body)
	}
	if counts := collecttest.Balanced(t, n.Intake)["token/ward-7"]; counts.Received != 3 || counts.Refused != 3 {
		t.Errorf("books %+v", counts)
	}
	// A Bundle that is only kept as it came is not kept either: it is to come again.
	if resp, body := n.Do(t, httpintest.Request{Path: "/fhir", Type: "application/fhir+json", Body: "{"}); resp.StatusCode != 503 {
		t.Errorf("status %d: %s", resp.StatusCode, body)
	}
}

// What the journal took and then could not make durable is not acknowledged, be it one resource or a Bundle.
func TestFeedJournalBreaks(t *testing.T) {
	n, kept := feed(t)
	kept.Break(journal.ErrFull)
	for path, body := range map[string]string{"/fhir/AuditEvent": one, "/fhir": bundle("batch", entry("", one))} {
		if resp, body := n.Do(t, httpintest.Request{Path: path, Type: "application/fhir+json", Body: body}); resp.StatusCode != 503 {
			t.Errorf("%s: status %d: %s", path, resp.StatusCode, body)
		}
	}
}

// Every resource of the corpus, posted, becomes what it becomes when it is read as a file.
func TestFeedCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "audit")
	o := httpintest.Options(t)
	n, kept := feed(t)
	formats := map[string]collect.Format{"json": collectjson.Format([]collect.Shape{fhir.Shape()}), "xml": fhir.XML()}
	posted, others, asBundle, elsewhere := 0, 0, 0, 0
	for kind, folder := range map[string]string{"json": "fhir", "xml": "fhir-xml"} {
		files, err := filepath.Glob(filepath.Join(dir, folder, "*"))
		if err != nil || len(files) == 0 {
			t.Fatal("no files", err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := decoded(t, formats[kind], o, text)
			before := len(kept.Lines(journal.Events))
			var is struct{ ResourceType string }
			if is.ResourceType = "AuditEvent"; kind == "json" {
				if err := json.Unmarshal(text, &is); err != nil {
					t.Fatal(err)
				}
			}
			resp, body := n.Do(t, httpintest.Request{Path: "/fhir/" + is.ResourceType, Type: "application/fhir+" + kind, Body: string(text)})
			if len(want) == 0 {
				if others++; resp.StatusCode != 400 {
					t.Errorf("%s holds no event: status %d", filepath.Base(file), resp.StatusCode)
				}
				continue
			}
			if resp.StatusCode == 404 { // of a type without an address of its own
				elsewhere++
				continue
			}
			if resp.StatusCode != 201 && len(want) > 1 {
				asBundle++
				continue
			}
			posted++
			if resp.StatusCode != 201 {
				t.Errorf("%s: status %d: %s", filepath.Base(file), resp.StatusCode, body)
				continue
			}
			got := kept.Events(t, o.Taxonomy)[before:]
			if diff := cmp.Diff(describe(got), want); diff != "" {
				t.Errorf("%s: stored (-) and read from the file (+) differ:\n%s", filepath.Base(file), diff)
			}
		}
	}
	t.Logf("%d resources posted and equal, %d files without one refused, %d files with several, %d of types that come in Bundles only", posted, others, asBundle, elsewhere)
}

// decoded reads text as a file.
func decoded(t *testing.T, f collect.Format, o collect.Options, text []byte) (list []string) {
	d := f.Open(bytes.NewReader(text), o)
	for {
		var ev event.Event
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case err == io.EOF:
			return list
		case errors.Is(err, collect.ErrSkip), errors.As(err, &damage):
		case err != nil:
			t.Fatal(err)
		default:
			list = append(list, describe([]event.Event{ev})...)
		}
	}
}

func describe(events []event.Event) (list []string) {
	for _, ev := range events {
		list = append(list, fmt.Sprintf("%s %s %s %s", ev.Format, ev.Class.Key, ev.Time.UTC(), event.AppendOneLine(nil, ev.Fields)))
	}
	return list
}

// FuzzBundle looks for requests that break the feed, are answered with an error of ours, or are quoted.
func FuzzBundle(f *testing.F) {
	for _, seed := range []string{
		bundle("batch", entry("urn:uuid:1", one)), bundle("transaction", entry("", twice)), one, oneXML,
		`<Bundle><type value="batch"/><entry><resource>` + oneXML + `</resource></entry></Bundle>`, "{", "<",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	o := httpintest.Options(f)
	o.Limits = collect.Limits{Record: 4 << 10, Depth: 12, Values: 1 << 10}
	handlers := map[string]http.Handler{}
	for _, r := range fhir.Routes() {
		handlers[r.Pattern] = r.New(o)
	}
	f.Fuzz(func(t *testing.T, body []byte, asXML bool) {
		body = formattest.Plant(body)
		kind := "application/fhir+json"
		if asXML {
			kind = "application/fhir+xml"
		}
		for _, path := range []string{"/fhir", "/fhir/AuditEvent", "/fhir/Patient"} {
			kept := collecttest.NewMemory()
			resp, in := collecttest.Post(t, kept, handlers["POST "+path], kind, body)
			if bytes.Contains(resp.Body.Bytes(), []byte("0042canary")) {
				t.Fatal("the answer quotes the request")
			}
			if resp.Code >= 500 {
				t.Fatalf("status %d", resp.Code)
			}
			counts := collecttest.Balanced(t, in)["fuzz"]
			if counts.Stored > 0 && resp.Code >= 400 || counts.Received == 0 && resp.Code >= 400 {
				t.Fatalf("status %d, books %+v", resp.Code, counts)
			}
			if !asXML && !json.Valid(resp.Body.Bytes()) && resp.Body.Len() > 0 {
				t.Fatal("the answer is no JSON")
			}
		}
	})
}
