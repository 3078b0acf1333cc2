package fhir_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/fhir"
	"github.com/wardline/wardline/internal/event"
)

func options(t testing.TB) collect.Options {
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
}

// shaped reads one object as the JSON collector would.
func shaped(t testing.TB, text string) (event.Event, error) {
	var ev event.Event
	if err := ev.Index.Scan([]byte(text), jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	obj := collect.Object{Text: []byte(text), Index: &ev.Index}
	if fhir.Shape().Fits(obj) < 80 {
		t.Error("does not fit")
	}
	var b event.Builder
	err := fhir.Shape().Event(obj, options(t), &ev, &b)
	return ev, err
}

func access(t testing.TB, ev event.Event) any {
	var fields map[string]any
	if err := json.Unmarshal(ev.Fields, &fields); err != nil {
		t.Fatal(err)
	}
	return fields["access"]
}

const search = `{"resourceType":"AuditEvent","type":{"code":"rest"},"subtype":[{"code":"search-type"}],"action":"E","recorded":"2026-03-01T10:20:30Z","outcome":"0",
 "agent":[{"type":{"coding":[{"code":"110153"}]},"who":{"display":"client"},"requestor":false,"network":{"address":"10.2.3.4","type":"2"}},
  {"type":{"coding":[{"code":"110152"}]},"who":{"reference":"Device/1"},"requestor":false,"network":{"address":"https://x.example","type":"5"}},
  {"type":{"coding":[{"code":"IRCP"}]},"who":{"identifier":{"value":"m.okafor"},"display":"Miriam Okafor"},"requestor":true,"purposeOfUse":[{"coding":[{"code":"TREAT"}]}]}],
 "source":{"observer":{"display":"ward-7"}},
 "entity":[{"role":{"code":"24"},"query":"ZmFtaWx5PUludmVudGVk"},
  {"what":{"reference":"https://x.example/fhir/Patient/0042/_history/3"},"type":{"code":"1"},"role":{"code":"1"}},
  {"what":{"identifier":{"value":"r1"}},"type":{"code":"XrequestId"}}]}`

func TestShape(t *testing.T) {
	ev, err := shaped(t, search)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"verb": "search", "native_action": "rest+search-type", "outcome": "ok", "user": "m.okafor", "user_name": "Miriam Okafor", "role": []any{"IRCP"},
		"purpose": []any{"TREAT"}, "patient": []any{"Patient/0042"}, "patients_count": 1.0, "object_kind": "query", "query": "family=Invented",
		"origin_ip": "10.2.3.4", "audit_source": "ward-7", "corr": "r1",
	}
	if diff := cmp.Diff(access(t, ev), any(want)); diff != "" {
		t.Error(diff)
	}
	if ev.Index.Find(ev.Fields, "agent.who.reference") < 0 || ev.Class.Product != "ehr" || ev.Time.IsZero() {
		t.Error("the sender's own fields, the class or the time are missing")
	}
}

func TestShapeRelease5(t *testing.T) {
	ev, err := shaped(t, `{"resourceType":"AuditEvent","category":[{"coding":[{"code":"110114"}]}],"code":{"coding":[{"code":"110122"}]},"action":"E",
 "recorded":"2026-03-01T10:20:30Z","outcome":{"code":{"code":"error"}},"agent":[{"who":{"reference":"Practitioner/8"},"requestor":true,"networkString":"ws-12"}],
 "source":{"observer":{"reference":"Device/1"}},"patient":{"identifier":{"system":"urn:n","value":"0042"}},"encounter":{"reference":"Encounter/3"}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"verb": "login-fail", "native_action": "110114+110122", "outcome": "serious", "user": "Practitioner/8", "patient": []any{"0042"},
		"patient_authority": []any{"urn:n"}, "patients_count": 1.0, "encounter": "Encounter/3", "origin_host": "ws-12", "audit_source": "Device/1",
	}
	if diff := cmp.Diff(access(t, ev), any(want)); diff != "" {
		t.Error(diff)
	}
}

// The user whom BALP's minimal profile leaves unnamed is known by the token; a policy of anyone
// else is no name.
func TestUserByToken(t *testing.T) {
	const agent = `{"resourceType":"AuditEvent","agent":[{"type":{"coding":[{"code":"%s"}]},"requestor":true,"policy":["C187CC48"]}]}`
	for kind, want := range map[string]any{"UserOauthAgent": "C187CC48", "UserSamlAgent": "C187CC48", "IRCP": nil} {
		ev, err := shaped(t, fmt.Sprintf(agent, kind))
		if err != nil {
			t.Fatal(err)
		}
		if got := access(t, ev).(map[string]any)["user"]; got != want {
			t.Errorf("%s: user %v, want %v", kind, got, want)
		}
	}
}

// What interactions do (hl7.org/fhir/valueset-restful-interaction.html, ISO 21089), and what resources are.
func TestVerbsAndKinds(t *testing.T) {
	const e = `{"resourceType":"AuditEvent","type":{"code":"%s"},"subtype":[{"code":"%s"}],"action":"%s","entity":[{"what":{"reference":"%s/7"},"role":{"code":"4"}}]}`
	for in, want := range map[[4]string][2]any{
		{"rest", "create", "C", "Observation"}:         {"create", "result"},
		{"rest", "vread", "R", "DocumentReference"}:    {"read", "document"},
		{"rest", "patch", "U", "MedicationRequest"}:    {"update", "med"},
		{"rest", "delete", "D", "ServiceRequest"}:      {"delete", "order"},
		{"rest", "search-system", "E", "ImagingStudy"}: {"search", "study"},
		{"rest", "history-type", "R", "AuditEvent"}:    {"list", "audit-log"},
		{"object", "disclose", "R", "List"}:            {"export", "list"},
		{"object", "transmit", "R", "Practitioner"}:    {"send", "account"},
		{"object", "receive", "C", "Patient"}:          {"receive", "chart"},
		{"object", "merge", "U", "Encounter"}:          {"merge", "encounter"},
		{"object", "", "R", "Device"}:                  {"read", "device"},
		{"110106", "disclose", "R", "Binary"}:          {"export", "document"},
		{"110113", "110127", "E", "Device"}:            {"break-glass", "device"},
		{"110114", "110122", "E", "Device"}:            {"login", "device"},
		{"", "something else", "", "Device"}:           {nil, "device"},
	} {
		ev, err := shaped(t, fmt.Sprintf(e, in[0], in[1], in[2], in[3]))
		if err != nil {
			t.Fatal(err)
		}
		a := access(t, ev).(map[string]any)
		if a["verb"] != want[0] || a["object_kind"] != want[1] {
			t.Errorf("%v: %v %v, want %v", in, a["verb"], a["object_kind"], want)
		}
	}
}

// Other resources hold no event for a scan.
func TestShapeRefuses(t *testing.T) {
	if _, err := shaped(t, `{"resourceType":"Patient"}`); !errors.Is(err, collect.ErrSkip) {
		t.Errorf("a Patient: %v", err)
	}
	for _, text := range []string{
		`{"resourceType":"AuditEvent","action":"R","Action":"D"}`,
		`{"resourceType":"AuditEvent","access":{"user":"nobody"}}`,
	} {
		if _, err := shaped(t, text); err == nil || errors.Is(err, collect.ErrSkip) {
			t.Errorf("%s passed", text)
		}
	}
}

func TestXML(t *testing.T) {
	const one = `<AuditEvent xmlns="http://hl7.org/fhir"><type><code value="110110"/></type><action value="U"/><recorded value="2026-03-01T10:20:30Z"/>
<agent><who><reference value="Practitioner/8"/></who><requestor value="true"/></agent><source><observer><display value="ward-7"/></observer></source></AuditEvent>`
	for text, want := range map[string]int{
		one: 95, "\ufeff<?xml version='1.0'?>" + one: 95, `<Bundle xmlns="http://hl7.org/fhir"/>`: 60, `<Patient xmlns="http://hl7.org/fhir"/>`: 0, "<AuditEvent/>": 0, "": 0, "x" + one: 0,
	} {
		if fit := fhir.XML().Sniff([]byte(text)); fit != want {
			t.Errorf("%.60s: sniffed %d, want %d", text, fit, want)
		}
	}
	d := fhir.XML().Open(strings.NewReader(one+one+"<AuditEvent>"), options(t))
	var ev event.Event
	for n := int64(1); n <= 2; n++ {
		if err := d.Next(&ev); err != nil || ev.Record != n {
			t.Fatalf("%v, record %d", err, ev.Record)
		}
	}
	want := map[string]any{"verb": "update", "native_action": "110110", "user": "Practitioner/8", "audit_source": "ward-7"}
	if diff := cmp.Diff(access(t, ev), any(want)); diff != "" {
		t.Error(diff)
	}
	var damage *collect.Damage
	if err := d.Next(&ev); !errors.As(err, &damage) {
		t.Errorf("a broken end: %v", err)
	}
	if err := d.Next(&ev); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(search))
	f.Add([]byte(`{"resourceType":"AuditEvent","category":[{"coding":[{"code":"110114"}]}],"code":{"coding":[{"code":"110122"}]},"outcome":{"code":{"code":"error"}},` +
		`"agent":[{"who":{"reference":"Practitioner/0042"},"networkString":"ws-12"}],"patient":{"identifier":{"value":"0042"}},"entity":[{"what":{"reference":"#p"}}],"contained":[{"id":"p"}]}`))
	f.Add([]byte(`{"resourceType":"AuditEvent","action":"R","Action":"0042"}`))
	o := collecttest.Options(options(f).Taxonomy)
	const added = 32 // fields of access, and the object itself
	f.Fuzz(func(t *testing.T, text []byte) {
		collecttest.Shape(t, []collect.Shape{fhir.Shape()}, o, formattest.Cost{Fixed: 128 << 10, PerByte: 400}, added+len(text)/8, text)
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<Bundle xmlns="http://hl7.org/fhir"><entry><resource><Patient/></resource></entry><entry><resource><AuditEvent><type><code value="rest"/></type>` +
		`<agent><who><identifier><value value="0042"/></identifier></who></agent><entity><what><reference value="Patient/0042"/></what></entity></AuditEvent></resource></entry></Bundle>`))
	f.Add([]byte(`<AuditEvent xmlns="http://hl7.org/fhir"><id value="0042"/><id value="&0042;"/></AuditEvent>`))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) {
		collecttest.Decode(t, fhir.XML(), o, formattest.Cost{Fixed: 512 << 10, PerByte: 600}, in)
	})
}

func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(formattest.Corpora(t, "audit", "fhir"), "*AuditEvent*.json"))
	if len(files) == 0 {
		t.Fatal("the corpus is empty")
	}
	verbs := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := shaped(t, string(text))
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		a := access(t, ev).(map[string]any)
		verb, _ := a["verb"].(string)
		verbs[verb]++
		if a["user"] == nil || a["audit_source"] == nil {
			t.Errorf("%s: no user or source", filepath.Base(file))
		}
	}
	t.Logf("%d files, verbs %v", len(files), verbs)
}
