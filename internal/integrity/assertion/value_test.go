package assertion_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/assertion"
)

// The value of an OBX by its type, as type and value.
func TestValues(t *testing.T) {
	for obx, want := range map[string]string{
		"NM|x||+04.100|":             "number 4.1",
		"NM|x||-0.0|":                "number 0",
		"NM|x||1e2|":                 "number 100",
		"NM|x||<5|":                  "number <5",
		"NM|x||pending|":             "text pending",
		"NM|x|||":                    "none ",
		`NM|x||""|`:                  "none ",
		"SN|x||<^10|":                "number <10",
		"SN|x||=^10.0|":              "number 10",
		"SN|x||^1^:^128|":            "number 1:128",
		"SN|x||^2.0^-^4|":            "number 2-4",
		"SN|x||^3^+|":                "number 3+",
		"SN|x||^^:^128|":             "number :128",
		"SN|x||^abc^-^5|":            "text abc-5",
		"SN|x||^5^-^abc|":            "text 5-abc",
		"NM|x||1e+2|":                "number 100",
		"NM|x||1ex|":                 "text 1ex",
		"NM|x||1e|":                  "text 1e",
		"NM|x||1e41|":                "text 1e41",
		"NM|x||25e-3|":               "number 0.025",
		"NM|x||25e-2|":               "number 0.25",
		"ST|x||5.0|":                 "number 5",
		"ST|x||>= 5|":                "number >=5",
		"ST|x||007|":                 "text 007",
		"ST|x||1e5|":                 "text 1e5",
		"ST|x||2026-03-01|":          "text 2026-03-01",
		"TX|x||~~ 1~~2~~|":           "text 1\n\n2",
		"ST|x||a&^&b^^&|":            "text a^&b",
		"TX|x||line 1~line 2|":       "text line 1\nline 2",
		"FT|x||a\\T\\b\\.br\\c|":     "text a&b\nc",
		"CE|x||POS^Positive^L|":      "code L|POS",
		"CWE|x||1^a^L^2^b^SCT|":      "code http://snomed.info/sct|2",
		"CWE|x||^Seen  Twice^|":      "text Seen  Twice",
		"IS|x||N|":                   "code |N",
		"DT|x||20260301|":            "time 2026-03-01",
		"TS|x||202603011000|":        "time 2026-03-01T09:00:00Z",
		"TS|x||soon|":                "time soon",
		"ED|x||^a^b^Base64^bm90ZQ==": "data 5a7e8ae2b0bcb7b5ba3ab3b5b8c3c8c0",
	} {
		list := ofHL7(t, "OBX|1|"+obx)
		if len(list) != 1 {
			t.Fatalf("%s: %d statements", obx, len(list))
		}
		got := list[0].Get(assertion.Type) + " " + list[0].Get(assertion.Value)
		if strings.HasPrefix(want, "data") {
			got, want = got[:5], want[:5]
		}
		if got != want {
			t.Errorf("%s is %q, want %q", obx, got, want)
		}
	}
}

// The value of an Observation, as type, value and unit.
func TestFHIRValues(t *testing.T) {
	for value, want := range map[string]string{
		`"valueQuantity":{"value":4.10,"comparator":"<","unit":"mmol/l"}`: "number <4.1 mmol/L",
		`"valueInteger":7`:       "number 7 ",
		`"valueString":"7.0"`:    "number 7 ",
		`"valueString":" seen "`: "text seen ",
		`"valueBoolean":true`:    "text true ",
		`"valueCodeableConcept":{"coding":[{"system":"L","code":"POS"}]}`:    "code L|POS ",
		`"valueCodeableConcept":{"text":"Seen"}`:                             "text Seen ",
		`"valueRange":{"low":{"value":2.0,"unit":"g"},"high":{"value":4}}`:   "number 2-4 g",
		`"valueRatio":{"numerator":{"value":1},"denominator":{"value":128}}`: "number 1:128 ",
		`"valueDateTime":"2026-03-01T10:00:00+01:00"`:                        "time 2026-03-01T09:00:00Z ",
		`"valuePeriod":{"start":"2026-03"}`:                                  "time 2026-03 ",
		`"dataAbsentReason":{"text":"x"}`:                                    "none  ",
	} {
		list := ofFHIR(t, `{"resourceType":"Observation",`+subject+`,"code":{"text":"x"},`+value+`}`)
		if len(list) != 1 {
			t.Fatalf("%s: %d statements", value, len(list))
		}
		if got := list[0].Get(assertion.Type) + " " + list[0].Get(assertion.Value) + " " + list[0].Get(assertion.Unit); got != want {
			t.Errorf("%s is %q, want %q", value, got, want)
		}
	}
}

// Each component of an Observation is a result of its own.
func TestComponents(t *testing.T) {
	list := ofFHIR(t, `{"resourceType":"Observation","status":"final",`+subject+`,"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"effectiveDateTime":"2026-03-01T10:00:00Z","component":[`+
		`{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mmHg"}},`+
		`{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"unit":"mmHg"}}]}`)
	sent := ofHL7(t, "OBX|1|NM|8480-6^^LN||120|mm Hg|||||F|||20260301110000", "OBX|2|NM|8462-4^^LN||80|mmHg|||||F|||20260301110000")
	if len(list) != 2 || len(sent) != 2 || list[0].Digest() != sent[0].Digest() || list[1].Digest() != sent[1].Digest() {
		t.Errorf("%v\n%v", list, sent)
	}
}

// Two results of one code in one order are told apart by OBX-4.
func TestSubIDs(t *testing.T) {
	list := ofHL7(t, "OBR|1||L7", "OBX|1|ST|600-7^^LN|1|E. coli", "OBX|2|ST|600-7^^LN|2|none", "OBX|3|ST|601-5^^LN|1|x", "OBR|2||L8", "OBX|1|ST|600-7^^LN|1|none")
	var subs []string
	for _, s := range list {
		subs = append(subs, s.Get(assertion.Order)+" "+s.Get(assertion.Sub))
	}
	if diff := cmp.Diff(subs, []string{"L7 1", "L7 2", "L7 ", "L8 "}); diff != "" {
		t.Error(diff)
	}
}

// Units are converted only where a table says so, and numbers that came in the unit stay as fine as they were.
func TestConversions(t *testing.T) {
	for in, want := range map[string]string{
		"2345-7 74 mg/dL":             "4.1 mmol/L",
		"2345-7 4.12 mmol/L":          "4.12 mmol/L",
		"2345-7 <40 MG/DL":            "<2.2 mmol/L",
		"2345-7 high mg/dL":           "high mg/dL",
		"2345-7 5-6 mg/dL":            "5-6 mg/dL",
		"2160-0 1.2 mg/dl":            "106 umol/L",
		"718-7 142 g/L":               "14.2 g/dL",
		"2823-3 4.1 mEq/L":            "4.1 mmol/L",
		"9999-9 74 mg/dL":             "74 mg/dL",
		"6690-2 5.4 10^3/uL":          "5.4 10*9/L",
		"6690-2 5.4 K/uL":             "5.4 10*9/L",
		"789-8 4.5 M/uL":              "4.5 10*12/L",
		"1988-5 5 \u00b5g/mL":         "5 ug/mL",
		"8310-5 37.0 \u00b0C":         "37 Cel",
		"x 1 some  unit":              "1 some  unit",
		"33914-3 60 mL/min/{1.73_m2}": "60 mL/min/{1.73_m2}",
	} {
		code, rest, _ := strings.Cut(in, " ")
		value, unit, _ := strings.Cut(rest, " ")
		list := ofHL7(t, "OBX|1|SN|"+code+"^^LN||^"+value+"|"+strings.ReplaceAll(unit, "^", `\S\`))
		if strings.HasPrefix(value, "<") {
			list = ofHL7(t, "OBX|1|NM|"+code+"^^LN||"+value+"|"+unit)
		}
		if got := list[0].Get(assertion.Value) + " " + list[0].Get(assertion.Unit); got != want {
			t.Errorf("%s is %q, want %q", in, got, want)
		}
	}
}
