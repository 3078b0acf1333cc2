package fhir_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
)

const release4 = `{"resourceType":"AuditEvent","id":"a1","contained":[{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:n","value":"0042"}]}],
 "type":{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"110110","display":"Patient Record"},
 "subtype":[{"code":"read"},{"code":"vread"}],"action":"R","recorded":"2026-03-01T10:20:30Z","outcome":"0","outcomeDesc":"fine",
 "purposeOfEvent":[{"coding":[{"code":"TREAT"}]}],
 "agent":[{"type":{"coding":[{"code":"IRCP"}]},"role":[{"text":"nurse"}],"who":{"identifier":{"value":"m.okafor"}},"altId":"77","name":"Miriam Okafor","requestor":true,
  "policy":["urn:x"],"network":{"address":"10.2.3.4","type":"2"},"purposeOfUse":[{"coding":[{"code":"BTG"}]}]}],
 "source":{"site":"north","observer":{"display":"ward-7"},"type":[{"code":"4"}]},
 "entity":[{"what":{"reference":"#p"},"type":{"code":"1"},"role":{"code":"1"},"detail":[{"type":"k","valueString":"v"}]},
  {"what":{"reference":"Observation/9/_history/2"},"lifecycle":{"code":"6"},"query":"eA=="}]}`

const release5 = `{"resourceType":"AuditEvent","category":[{"coding":[{"code":"rest"}]}],"code":{"coding":[{"code":"search-type"}]},"action":"E","severity":"info",
 "occurredDateTime":"2026-03-01T10:20:29Z","recorded":"2026-03-01T10:20:30Z","outcome":{"code":{"code":"success"},"detail":[{"text":"fine"}]},
 "authorization":[{"coding":[{"code":"TREAT"}]}],"agent":[{"who":{"reference":"Practitioner/8"},"requestor":true,"networkString":"10.2.3.4"}],
 "source":{"site":{"display":"north"},"observer":{"reference":"Device/1"}},"patient":{"reference":"Patient/0042"},"encounter":{"reference":"Encounter/3"},
 "entity":[{"role":{"coding":[{"code":"24"}]},"detail":[{"type":{"text":"k"},"valueCodeableConcept":{"text":"v"}}]}]}`

func TestParseRelease4(t *testing.T) {
	got, err := fhir.Parse([]byte(release4), jsonl.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	want := fhir.AuditEvent{
		Release: fhir.R4, ID: "a1",
		Type:    []fhir.Coding{{System: "http://dicom.nema.org/resources/ontology/DCM", Code: "110110", Display: "Patient Record"}},
		Subtype: []fhir.Coding{{Code: "read"}, {Code: "vread"}},
		Action:  "R", Recorded: "2026-03-01T10:20:30Z", Outcome: "0", OutcomeText: "fine",
		Purposes: []fhir.Coding{{Code: "TREAT"}},
		Agents: []fhir.Agent{{
			Type: []fhir.Coding{{Code: "IRCP"}}, Roles: []fhir.Coding{{Display: "nurse"}},
			Who: fhir.Reference{Identifier: fhir.Identifier{Value: "m.okafor"}}, AltID: "77", Name: "Miriam Okafor", Requestor: true,
			Policies: []string{"urn:x"}, Network: "10.2.3.4", NetworkType: "2", Purposes: []fhir.Coding{{Code: "BTG"}},
		}},
		Source: fhir.Source{Site: "north", Observer: fhir.Reference{Display: "ward-7"}, Types: []fhir.Coding{{Code: "4"}}},
		Entities: []fhir.Entity{
			{
				What: fhir.Reference{Reference: "#p", Type: "Patient", Identifier: fhir.Identifier{System: "urn:n", Value: "0042"}},
				Type: fhir.Coding{Code: "1"}, Role: []fhir.Coding{{Code: "1"}}, Details: []fhir.Detail{{Type: "k", Value: "v"}},
			},
			{What: fhir.Reference{Reference: "Observation/9/_history/2"}, Lifecycle: fhir.Coding{Code: "6"}, Query: "eA=="},
		},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestParseRelease5(t *testing.T) {
	got, err := fhir.Parse([]byte(release5), jsonl.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	want := fhir.AuditEvent{
		Release: fhir.R5, Type: []fhir.Coding{{Code: "rest"}}, Subtype: []fhir.Coding{{Code: "search-type"}},
		Action: "E", Severity: "info", Start: "2026-03-01T10:20:29Z", Recorded: "2026-03-01T10:20:30Z",
		Outcome: "success", OutcomeText: "fine", Purposes: []fhir.Coding{{Code: "TREAT"}},
		Agents:    []fhir.Agent{{Who: fhir.Reference{Reference: "Practitioner/8"}, Requestor: true, Network: "10.2.3.4"}},
		Source:    fhir.Source{Site: "north", Observer: fhir.Reference{Reference: "Device/1"}},
		Patient:   fhir.Reference{Reference: "Patient/0042"},
		Encounter: fhir.Reference{Reference: "Encounter/3"},
		Entities:  []fhir.Entity{{Role: []fhir.Coding{{Code: "24"}}, Details: []fhir.Detail{{Type: "k", Value: "v"}}}},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a name twice":              `{"resourceType":"AuditEvent","action":"R","action":"D"}`,
		"a name in two cases":       `{"resourceType":"AuditEvent","action":"R","Action":"D"}`,
		"a name in a Kelvin sign":   `{"resourceType":"AuditEvent","risK":1,"ris` + "\u212a" + `":2}`,
		"a name escaped":            `{"resourceType":"AuditEvent","action":"R","\u0061ction":"D"}`,
		"a name twice, deep inside": `{"resourceType":"AuditEvent","agent":[{"who":{"display":"a","DISPLAY":"b"}}]}`,
		"no type":                   `{"action":"R"}`,
		"no object":                 `[]`,
	} {
		e, err := fhir.Parse([]byte(text), jsonl.DefaultLimits())
		if err == nil || !cmp.Equal(e, fhir.AuditEvent{}) {
			t.Errorf("%s passed", name)
		}
	}
	if _, err := fhir.Parse([]byte(`{"resourceType":"Patient"}`), jsonl.DefaultLimits()); !errors.Is(err, fhir.ErrOtherResource) {
		t.Errorf("a Patient: %v", err)
	}
}

func TestResourceType(t *testing.T) {
	for address, want := range map[string]string{
		"Patient/1":                              "Patient",
		"https://x.example/r4/Patient/1":         "Patient",
		"https://x.example/Patient/1/_history/4": "Patient",
		"urn:uuid:0-0":                           "", "#p": "", "": "", "x/1": "", "/1": "",
	} {
		r := fhir.Reference{Reference: address}
		if got := r.ResourceType(); got != want {
			t.Errorf("%s is a %s, want %s", address, got, want)
		}
	}
}

const asXML = `<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><entry><resource><Patient><id value="x"/></Patient></resource></entry>
<entry><resource><AuditEvent><id value="a1"/><text><div xmlns="http://www.w3.org/1999/xhtml"><p>words</p></div></text>
<contained><Patient><id value="p"/><identifier><value value="0042"/></identifier></Patient></contained>
<type><code value="rest"/></type><subtype><code value="read"/></subtype><action value="R"/><recorded value="2026-03-01T10:20:30Z"/>
<agent><who><identifier><value value="m.okafor"/></identifier></who><name value="Miriam &quot;Mim&quot; Okafor"/><requestor value="true"/></agent>
<source><observer><display value="ward-7"/></observer></source><entity><what><reference value="#p"/></what></entity><entity/></AuditEvent></resource></entry></Bundle>`

func TestXMLReader(t *testing.T) {
	r := fhir.NewXMLReader(strings.NewReader(asXML+asXML), fhir.DefaultXMLLimits())
	want := fhir.AuditEvent{
		Release: fhir.R4, ID: "a1", Type: []fhir.Coding{{Code: "rest"}}, Subtype: []fhir.Coding{{Code: "read"}}, Action: "R", Recorded: "2026-03-01T10:20:30Z",
		Agents:   []fhir.Agent{{Who: fhir.Reference{Identifier: fhir.Identifier{Value: "m.okafor"}}, Name: `Miriam "Mim" Okafor`, Requestor: true}},
		Source:   fhir.Source{Observer: fhir.Reference{Display: "ward-7"}},
		Entities: []fhir.Entity{{What: fhir.Reference{Reference: "#p", Type: "Patient", Identifier: fhir.Identifier{Value: "0042"}}}, {}},
	}
	for range 2 {
		text, _, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := fhir.Parse(text, jsonl.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Error(diff)
		}
	}
	if _, _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestXMLReaderRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a DTD":      `<!DOCTYPE a [<!ENTITY b "c">]><AuditEvent/>`,
		"an entity":  `<AuditEvent><id value="&b;"/></AuditEvent>`,
		"depth":      `<AuditEvent>` + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + `</AuditEvent>`,
		"half":       `<AuditEvent><id value="x"/>`,
		"long token": `<AuditEvent><id value="` + strings.Repeat("x", 100<<10),
	} {
		r := fhir.NewXMLReader(strings.NewReader(text), fhir.XMLLimits{Bytes: 32 << 10, Depth: 16, Elements: 100})
		_, _, err := r.Next()
		var e *fhir.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: then %v", name, err)
		}
	}
}

// What breaks costs its own event, and none of those behind it.
func TestXMLReaderGoesOn(t *testing.T) {
	event := func(id string) string {
		return `<entry><resource><AuditEvent><id value="` + id + `"/></AuditEvent></resource></entry>`
	}
	read := func(id string) string { return `{"resourceType":"AuditEvent","id":"` + id + `"}` }
	const malformed = "not well-formed XML"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"an end tag of another name": {"<Bundle>" + event("a") + "<x></y>" + event("b") + event("c") + "</Bundle>", []string{read("a"), malformed, read("b"), read("c")}},
		"an event cut off":           {"<Bundle>" + `<AuditEvent><id value="a` + event("b") + event("c") + "</Bundle>", []string{malformed, read("b"), read("c")}},
		"an event cut off in a tag":  {"<Bundle>" + `<AuditEvent><id` + event("b") + event("c"), []string{malformed, read("b"), read("c")}},
		"an event without an end":    {"<Bundle>" + `<AuditEvent><id value="a"/>` + event("b") + event("c"), []string{"no end before the next AuditEvent", read("b"), read("c")}},
		"an entity nobody declared":  {"<Bundle>&x;" + event("b"), []string{malformed, read("b")}},
		"bytes that are no UTF-8":    {event("a\xff") + event("b"), []string{malformed, read("b")}},
		"depth around it":            {strings.Repeat("<a>", 100) + event("b"), []string{"nested too deeply", read("b")}},
		"a prefix":                   {"<f:Bundle></g:Bundle>" + strings.ReplaceAll(strings.ReplaceAll(event("b"), "</", "</f:"), "<A", "<f:A"), []string{malformed, read("b")}},
		"a declaration":              {"</a>" + `<AuditEvent><!DOCTYPE x></AuditEvent>` + event("b"), []string{malformed, "document type declarations are refused"}},
		"no event":                   {"</a></AuditEvent><AuditEvents/>", []string{malformed}},
	} {
		for _, r := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
			reader := fhir.NewXMLReader(r, fhir.XMLLimits{Bytes: 1 << 10, Depth: 32, Elements: 100})
			var got []string
			for {
				text, at, err := reader.Next()
				var broken *fhir.Error
				if err == io.EOF {
					break
				}
				if errors.As(err, &broken) {
					got = append(got, broken.Reason)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if rest := tt.text[at:]; !strings.HasPrefix(rest, "<AuditEvent") && !strings.HasPrefix(rest, "<f:AuditEvent") {
					t.Errorf("%s: no event at %d", name, at)
				}
				got = append(got, string(text))
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("%s: got -, want +:\n%s", name, diff)
			}
		}
	}
}

// FuzzJSON holds that what is accepted has no name twice, by encoding/json's own reading.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(release4))
	f.Add([]byte(release5))
	f.Add([]byte(`{"resourceType":"AuditEvent","a":{"b":1,"B":2}}`))
	f.Add([]byte(`{"resourceType":"AuditEvent","x":[1,[2,{"y":3}],4],"agent":[{"policy":["0042","\ud800"]},{}],"type":{"coding":{"coding":[{"code":"0042"}]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		var e fhir.AuditEvent
		var err error
		formattest.Cost{Fixed: 64 << 10, PerByte: 400}.Check(t, len(text), func() { e, err = fhir.Parse(text, jsonl.Limits{Depth: 32, Values: 2000}) })
		formattest.Quiet(t, err)
		if err != nil {
			if !cmp.Equal(e, fhir.AuditEvent{}) {
				t.Fatal("an event beside the error")
			}
			return
		}
		if !utf8.ValidString(fmt.Sprint(e)) {
			t.Fatal("not UTF-8")
		}
		var again map[string]json.RawMessage
		if json.Unmarshal(text, &again) != nil {
			t.Fatal("accepted what encoding/json refuses")
		}
		folded := map[string]bool{}
		for name := range again {
			if name = strings.ToLower(strings.ToUpper(name)); folded[name] {
				t.Fatal("accepted a name in two cases")
			}
			folded[name] = true
		}
	})
}

// FuzzXML holds that what comes out is JSON, the same in whatever pieces the file comes.
func FuzzXML(f *testing.F) {
	f.Add([]byte(asXML))
	f.Add([]byte(`<AuditEvent xmlns="http://hl7.org/fhir" id="a"><id value="0042"/><url value="u"/><extension url="u"><valueBoolean value="true"/></extension></AuditEvent><AuditEvent>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "0042">]><AuditEvent><id value="&b;"/></AuditEvent>`))
	lim := fhir.XMLLimits{Bytes: 4 << 10, Depth: 16, Elements: 200}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		var whole []string
		formattest.Cost{Fixed: 128 << 10, PerByte: 600}.Check(t, len(text), func() { whole = resources(t, bytes.NewReader(text), lim, len(text)) })
		if diff := cmp.Diff(resources(t, iotest.OneByteReader(bytes.NewReader(text)), lim, len(text)), whole); diff != "" {
			t.Fatalf("read byte by byte (-) the resources differ: %s", diff)
		}
	})
}

// resources lists what a reader gives: the place of each resource and the resource, or the error.
func resources(t *testing.T, r io.Reader, lim fhir.XMLLimits, size int) (list []string) {
	reader := fhir.NewXMLReader(r, lim)
	for range size + 2 {
		text, at, err := reader.Next()
		switch {
		case err == io.EOF:
			return list
		case err != nil:
			formattest.Quiet(t, err)
			list = append(list, err.Error())
		case !json.Valid(text) || !utf8.Valid(text):
			t.Fatal("not JSON")
		default:
			list = append(list, fmt.Sprintf("%d %s", at, text))
		}
	}
	t.Fatal("the reader does not come to an end")
	return nil
}
