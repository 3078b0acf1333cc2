package assertion_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/assertion"
)

// details writes what a statement tells beside its digest.
func details(s assertion.Statement) string {
	var list []string
	for _, f := range s.Detail {
		list = append(list, f.Name+": "+f.Value)
	}
	return strings.Join(list, ", ")
}

// What only some systems keep is told beside the digest.
func TestDetailsOfHL7(t *testing.T) {
	for segments, want := range map[string]string{
		"OBX|1|NM|1^Potassium^L||4.1||3.5-5.1|N|||F|||||TECH7":       "code text: Potassium, reference range: 3.5-5.1, flag: N, performer: TECH7",
		"OBR|1||B1\rOBX|1|ST|882-1^^LN||A+||||||F|||20260301|LAB|T7": "order: B1, time observed: 2026-03-01, performer: T7",
		"RXA|0|1|2026||1^Drug^L|1||||NURSE3|||||LOT7":                "drug text: Drug, performer: NURSE3, lot: LOT7",
		"ORC|NW|R5\rRXO|1^Drug^L|1||mg":                              "drug text: Drug",
		"AL1|1|DA|1^Penicillin^L|SV|hives":                           "code text: Penicillin, reaction: hives",
		"DG1|1||1^Flu^L|||||||||||||DOC1":                            "code text: Flu, performer: DOC1",
		"PR1|1||1^Knee^L||||||||SURG1":                               "code text: Knee, performer: SURG1",
		"TXA|1|DS|||||||AUTH1|||D3":                                  "performer: AUTH1",
	} {
		list := ofHL7(t, segments)
		if len(list) != 1 {
			t.Fatalf("%s: %d statements", segments, len(list))
		}
		if diff := cmp.Diff(details(list[0]), want); diff != "" {
			t.Errorf("%s: %s", segments, diff)
		}
	}
}

func TestDetailsOfFHIR(t *testing.T) {
	const code = `"code":{"text":"X","coding":[{"system":"L","code":"1"}]}`
	for resource, want := range map[string]string{
		`"Observation",` + code + `,"valueInteger":1,"performer":[{"display":"P"}],"interpretation":[{"coding":[{"code":"H"}]}],"referenceRange":[{"low":{"value":3.50},"high":{"value":5}}]`: "code text: X, reference range: 3.5-5, flag: H, performer: P",
		`"Observation",` + code + `,"valueInteger":1,"referenceRange":[{"text":"low"}]`:                                                                                                       "code text: X, reference range: low",
		`"MedicationRequest","medicationCodeableConcept":{"text":"D"},"requester":{"display":"P"}`:                                                                                            "drug text: D, performer: P",
		`"MedicationAdministration","medicationReference":{"display":"D"},"performer":[{"actor":{"display":"P"}}]`:                                                                            "drug text: D, performer: P",
		`"Immunization","vaccineCode":{"text":"D"},"lotNumber":"7","performer":[{"actor":{"display":"P"}}]`:                                                                                   "drug text: D, performer: P, lot: 7",
		`"AllergyIntolerance",` + code + `,"reaction":[{"manifestation":[{"text":"hives"}]}]`:                                                                                                 "code text: X, reaction: hives",
		`"Condition",` + code + `,"recorder":{"display":"P"}`:                                                                                                                                 "code text: X, performer: P",
		`"Procedure",` + code + `,"performer":[{"actor":{"display":"P"}}]`:                                                                                                                    "code text: X, performer: P",
		`"DocumentReference","identifier":[{"value":"D"}],"author":[{"display":"P"}]`:                                                                                                         "performer: P",
	} {
		list := ofFHIR(t, `{`+subject+`,"resourceType":`+resource+`}`)
		if len(list) != 1 {
			t.Fatalf("%s: %d statements", resource, len(list))
		}
		if diff := cmp.Diff(details(list[0]), want); diff != "" {
			t.Errorf("%s: %s", resource, diff)
		}
	}
}

// A diagnosis or a procedure that has a number is known by it: another code is then a change, and no other statement.
func TestNumbers(t *testing.T) {
	for _, pair := range [][2][]assertion.Statement{
		{ofHL7(t, "DG1|1||I21^^I10|||||||||||||||||N7"), ofFHIR(t, `{"resourceType":"Condition",`+subject+`,"identifier":[{"value":"N7"}],"code":{"coding":[{"code":"I22"}]}}`)},
		{ofHL7(t, "PR1|1||1^^L||||||||||||||||N7"), ofFHIR(t, `{"resourceType":"Procedure",`+subject+`,"identifier":[{"value":"N7"}],"code":{"coding":[{"code":"2"}]},"status":"completed"}`)},
	} {
		changes, ok := assertion.Diff(&pair[0][0], &pair[1][0], nil)
		if !ok || len(changes) != 1 || changes[0].After.Name != assertion.Subject {
			t.Errorf("%v: %v", ok, changes)
		}
	}
}

// Of several codes that of the preferred system counts, wherever it stands, and a text only where there is no code.
func TestWhichCode(t *testing.T) {
	for concept, want := range map[string]string{
		`{"coding":[{"display":"no code"},{"system":"L","code":"1"}]}`:                                             "L|1",
		`{"coding":[{"system":"L","code":"1"},{"system":"SCT","code":"2"},{"system":"LN","code":"3"}],"text":"x"}`: "http://loinc.org|3",
		`{"coding":[{"system":"L","code":"1"},{"system":"M","code":"2"}]}`:                                         "L|1",
		`{"coding":[{"system":"L","code":"KAL"}]}`:                                                                 "http://loinc.org|2823-3",
		`{"text":" Two  Words "}`: "|two words",
	} {
		list := ofFHIR(t, `{"resourceType":"Procedure",`+subject+`,"code":`+concept+`}`)
		if got := list[0].Get(assertion.Subject); got != want {
			t.Errorf("%s is %q, want %q", concept, got, want)
		}
	}
}

// Without a time at which something was so, that counts at which it was told; with one it does not.
func TestReported(t *testing.T) {
	for obr, want := range map[string][2]string{
		"OBR|1||L7|||||||||||||||||||202603011000":         {"", "2026-03-01T09:00:00Z"},
		"OBR|1||L7||||20260228|||||||||||||||202603011000": {"2026-02-28", ""},
	} {
		s := ofHL7(t, obr, "OBX|1|NM|x||1")[0]
		if got := [2]string{s.Get(assertion.Observed), s.Get(assertion.Reported)}; got != want {
			t.Errorf("%s: %q, want %q", obr, got, want)
		}
	}
	for times, want := range map[string][2]string{
		`"issued":"2026-03-01T09:00:00Z"`:                                  {"", "2026-03-01T09:00:00Z"},
		`"issued":"2026-03-01T09:00:00Z","effectiveDateTime":"2026-02-28"`: {"2026-02-28", ""},
	} {
		s := ofFHIR(t, `{"resourceType":"Observation",`+subject+`,"code":{"text":"x"},"valueInteger":1,`+times+`}`)[0]
		if got := [2]string{s.Get(assertion.Observed), s.Get(assertion.Reported)}; got != want {
			t.Errorf("%s: %q, want %q", times, got, want)
		}
	}
}

// The worst of several reactions counts.
func TestSeverity(t *testing.T) {
	for reactions, want := range map[string]string{"mild moderate": "moderate", "moderate mild": "moderate", "severe moderate": "severe", "mild": "mild", "none": ""} {
		var list []string
		for _, s := range strings.Fields(reactions) {
			list = append(list, `{"severity":"`+s+`"}`)
		}
		s := ofFHIR(t, `{"resourceType":"AllergyIntolerance",`+subject+`,"code":{"text":"x"},"reaction":[`+strings.Join(list, ",")+`]}`)[0]
		if got := s.Get(assertion.Severity); got != want {
			t.Errorf("%s: %q, want %q", reactions, got, want)
		}
	}
}
