package fhir_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/fhir"
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

// FuzzFHIR holds that what is accepted has no name twice, by encoding/json's own reading,
// and that errors never quote.
func FuzzFHIR(f *testing.F) {
	f.Add([]byte(release4))
	f.Add([]byte(release5))
	f.Add([]byte(`{"resourceType":"AuditEvent","a":{"b":1,"B":2}}`))
	f.Add([]byte(asXML))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.ReplaceAll(text, []byte("0042"), []byte("0042canary"))
		e, err := fhir.Parse(text, jsonl.Limits{Depth: 32, Values: 2000})
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Fatal("the error quotes")
		}
		if err == nil {
			var again map[string]json.RawMessage
			if json.Unmarshal(text, &again) != nil || utf8.RuneCountInString(e.Action) > len(text) || !utf8.ValidString(e.ID) {
				t.Fatal("accepted what encoding/json refuses")
			}
			folded := map[string]bool{}
			for name := range again {
				if name = strings.ToLower(strings.ToUpper(name)); folded[name] {
					t.Fatal("accepted a name in two cases")
				}
				folded[name] = true
			}
		}
		r := fhir.NewXMLReader(bytes.NewReader(text), fhir.XMLLimits{Bytes: 1 << 16, Depth: 16, Elements: 200})
		for {
			text, _, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Fatal("the error quotes")
			}
			if err == nil && !json.Valid(text) {
				t.Fatal("not JSON")
			}
		}
	})
}
