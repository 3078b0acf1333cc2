package ocsf_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/finding/ocsf"
)

var update = flag.Bool("update", false, "write the golden file anew")

var wardline = ocsf.Producer{Name: "Wardline", Vendor: "Wardline", Version: "0.1.0", Now: time.Date(2026, 6, 16, 7, 30, 0, 0, time.UTC)}

// samples are findings of every shape: full, empty, hostile, without time.
func samples() []finding.Finding {
	night := time.Date(2026, 6, 16, 2, 16, 4, 0, time.UTC)
	return []finding.Finding{
		{
			ID: "f-7c01", Kind: finding.Disruption, Count: 6, First: night, Last: night.Add(217 * time.Second),
			Rule: finding.Rule{
				ID: "b1c7a2de-0001-4c55-9d1e-5d2f7d1f0a01", Title: "Copies that allow repair were deleted", Level: "critical", Author: "Wardline authors", License: "Apache-2.0",
				Source: "content/rules/windows/shadow-copies-deleted.yml", Type: "rule", Status: "stable", Summary: "Older copies of files were deleted.",
				Tags:       []string{"attack.impact", "attack.t1490", "attack.defense-evasion", "attack.command_and_control", "attack.t1562.001", "attack.ta0002", "attack.g0046", "attack.s0154", "cve.2026-0001", "attack.tXXXX", "attack.", "attack.-"},
				References: []string{"local note 4", "https://attack.mitre.org/techniques/T1490/"}, FalsePositives: []string{"An administrator who frees disk space"},
				CareImpact: "Image viewing may end on three wards.",
			},
			Entities: map[string][]string{
				"host": {"PACS-1", "PACS-2"}, "user": {"svc-imagevendor"}, "process": {"vssadmin.exe"}, "patient": {"••••4471"}, "ip": {"10.20.8.11", "2001:db8::7"},
				"hash": {"d41d8cd98f00b204e9800998ecf8427e"}, "domain": {"relay.example"}, "url": {"https://relay.example/x"}, "device": {"PACS"}, "email": {"a@b.example"}, "file": {"upd.exe"}, "mac": {"00:00:5e:00:53:01"},
			},
			Events: []finding.Evidence{
				{Source: "logs/PACS-1/Security.evtx", Record: 88213, Time: night, Fields: json.RawMessage(`{"Event":{"System":{"EventID":4688},"EventData":{"CommandLine":"vssadmin delete shadows /all"}}}`)},
				{Source: "logs/PACS-1/Security.evtx", Record: 88214, Fields: json.RawMessage(`{"a":[1,null,{"b":true}]}`)},
			},
		},
		{ID: "f-2", Kind: finding.Threat, Count: 1, Rule: finding.Rule{ID: "203.0.113.77", Title: "Address of a list", Level: "medium", Type: "indicator"}},
		{ID: "f-3", Kind: finding.Policy, Rule: finding.Rule{Title: "\x1b]0;x\xff\u202e</script>", Level: "odd", Author: "\x00", References: []string{"javascript:alert(1)", "https://"}},
			First: time.Unix(-5, 0), Last: time.Unix(-5, 0), Entities: map[string][]string{"": {"x", ""}, "host": nil},
			Events: []finding.Evidence{{Source: "\xff", Fields: json.RawMessage(`{"cut`)}, {Fields: json.RawMessage("{\"k\":\"\xff\"}")}}},
		{ID: "f-4", Kind: finding.Theft, Rule: finding.Rule{ID: "r", Title: "t", Level: "informational", Status: "experimental"}},
		{ID: "f-5", Kind: finding.Theft, Rule: finding.Rule{ID: "r", Title: "t", Level: "low", Status: "test"}},
		{ID: "f-6", Kind: finding.Theft, Rule: finding.Rule{ID: "r", Title: "t", Level: "high", Status: "deprecated"}},
	}
}

func encode(t *testing.T, f *finding.Finding) []byte {
	t.Helper()
	b, err := json.Marshal(ocsf.DetectionFinding(f, wardline))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDetectionFinding(t *testing.T) {
	var got bytes.Buffer
	if err := json.Indent(&got, encode(t, &samples()[0]), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	const path = "testdata/detection_finding.json"
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("differs (-want +got); go test -update writes it anew:\n%s", d)
	}
}

func TestFindingWithoutTimeBearsTheTimeOfTheScan(t *testing.T) {
	e := ocsf.DetectionFinding(&samples()[1], wardline)
	if e.Time != wardline.Now.UnixMilli() || e.Info.FirstSeen != 0 {
		t.Errorf("time %d, first seen %d; want the scan's and none", e.Time, e.Info.FirstSeen)
	}
}

// The schema beside this test is ours: a strict list of what we write. It holds us
// when the official one is not at hand.
func TestAgainstOurSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/detection_finding.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range samples() {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(encode(t, &f)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", f.ID, err)
		}
		v.(map[string]any)["unheard_of"] = 1
		if schema.Validate(v) == nil {
			t.Error("the schema accepts an attribute that it does not name")
		}
	}
}
