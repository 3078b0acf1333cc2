package reader_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
)

// doses reads a message, or a resource.
func doses(t *testing.T, text string) []hospital.Dose {
	t.Helper()
	ev := &event.Event{Class: &event.Class{Logsource: event.Logsource{Product: "fhir", Service: "resource"}}, Fields: []byte(text)}
	if kind, is := strings.CutPrefix(text, "MSH|^~\\&|A|B|||20260302080000+0000||"); is {
		kind, _, _ = strings.Cut(kind, "^")
		fields, err := json.Marshal(map[string]string{"MSH-9.1": kind, "message": strings.ReplaceAll(text, "\n", "\r")})
		if err != nil {
			t.Fatal(err)
		}
		ev = &event.Event{Class: &event.Class{Logsource: event.Logsource{Product: "hl7", Service: "mllp"}}, Fields: fields}
	}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	all, err := reader.Doses(ev, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What messages and resources say of drugs: that one was given, or not after all, or ordered.
func TestDoses(t *testing.T) {
	const head, pid = "MSH|^~\\&|A|B|||20260302080000+0000||", "|1|P|2.5.1\nPID|||42^^^ALDER^MR\nPV1||I|4W||||||||||||||||V1\nORC|RE|O7\n"
	patient := []hospital.Identifier{{Authority: "ALDER", Type: "MR", Value: "42"}}
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	given := hospital.Dose{Patient: patient, Visit: "V1", At: at, Code: "D1", Name: "MORPHINE 10 MG", Amount: 10, Unit: "mg", By: hospital.Name{Text: "ann"}, Order: "O7"}
	with := func(change func(*hospital.Dose)) []hospital.Dose {
		d := given
		change(&d)
		return []hospital.Dose{d}
	}
	for what, c := range map[string]struct {
		in   string
		want []hospital.Dose
	}{
		"given":              {head + "RAS^O17" + pid + "RXA|0|1|20260302080000||D1^MORPHINE 10 MG^L|10|mg|||ann||||||||||CP", with(func(*hospital.Dose) {})},
		"refused":            {head + "RAS^O17" + pid + "RXA|0|1|20260302080000||D1^MORPHINE 10 MG^L|10|mg|||ann||||||||||RE", nil},
		"deleted":            {head + "RAS^O17" + pid + "RXA|0|1|20260302080000||D1^MORPHINE 10 MG^L|10|mg|||ann||||||||||CP|D", with(func(d *hospital.Dose) { d.Revoked = true })},
		"nobody knows what":  {head + "RAS^O17" + pid + "RXA|0|1|20260302080000||D1^MORPHINE 10 MG^L|999|mg|||ann", with(func(d *hospital.Dose) { d.Amount = 0 })},
		"without a time":     {head + "RAS^O17" + pid + "RXA|0|1|||D1^MORPHINE 10 MG^L|10|mg", nil},
		"ordered":            {head + "RDE^O11" + strings.Replace(pid, "ORC|RE|O7", "ORC|NW|O7|||||||20260302080000", 1) + "RXE||D1^MORPHINE 10 MG^L|5|10|mg", with(func(d *hospital.Dose) { d.By, d.Ordered = hospital.Name{}, true })},
		"an order cancelled": {head + "RDE^O11" + strings.Replace(pid, "ORC|RE|O7", "ORC|CA|O7|||||||20260302080000", 1) + "RXE||D1^MORPHINE 10 MG^L|5|10|mg", nil},
		"a result":           {head + "ORU^R01" + pid + "OBX|1|NM|x||1", nil},
		"a resource": {`{"resourceType":"MedicationAdministration","id":"9","status":"completed","subject":{"reference":"Patient/42"},"context":{"reference":"Encounter/V1"},"effectiveDateTime":"2026-03-02T08:00:00Z",
			"medicationCodeableConcept":{"coding":[{"code":"D1"}],"text":"MORPHINE 10 MG"},"performer":[{"actor":{"reference":"Practitioner/ann"}}],"request":{"reference":"MedicationRequest/O7"},"dosage":{"dose":{"value":10,"unit":"mg"}}}`,
			with(func(d *hospital.Dose) {
				d.Patient, d.Visit, d.By, d.Order = []hospital.Identifier{{Value: "Patient/42"}}, "Encounter/V1", hospital.Name{Text: "Practitioner/ann"}, "MedicationRequest/O7"
			})},
		"a resource that was a mistake": {`{"resourceType":"MedicationAdministration","id":"9","status":"entered-in-error","subject":{"reference":"Patient/42"},"effectiveDateTime":"2026-03-02T08:00:00Z","medicationCodeableConcept":{"text":"MORPHINE 10 MG"}}`,
			[]hospital.Dose{{Patient: []hospital.Identifier{{Value: "Patient/42"}}, At: at, Name: "MORPHINE 10 MG", Revoked: true}}},
		"a request": {`{"resourceType":"MedicationRequest","id":"O7","status":"active","subject":{"reference":"Patient/42"},"authoredOn":"2026-03-02T08:00:00Z","medication":{"concept":{"text":"MORPHINE 10 MG"}}}`,
			[]hospital.Dose{{Patient: []hospital.Identifier{{Value: "Patient/42"}}, At: at, Name: "MORPHINE 10 MG", Order: "MedicationRequest/O7", Ordered: true}}},
	} {
		if d := cmp.Diff(c.want, doses(t, c.in)); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
}
