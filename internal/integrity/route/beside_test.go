package route_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/integrity/route"
)

func parsed(t *testing.T, segments ...string) *hl7.Message {
	t.Helper()
	if segments == nil {
		return nil
	}
	m, err := hl7.Parse([]byte(strings.Join(append([]string{`MSH|^~\&|LIS|LAB|EHR|HOSP|20260302080000||ORU^R01^ORU_R01|1|P|2.5.1`, `PID|1||4711^^^HOSP^MR||ROE^RITA`, `OBR|1|P1|F1|PANEL`}, segments...), "\r")), hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

// TestBeside lists the fields of the thing that a doubt is about.
func TestBeside(t *testing.T) {
	sodium, potassium, lowered := `OBX|1|NM|2951-2||140|mmol/L`, `OBX|2|NM|2823-3||6.8|mmol/L`, `OBX|2|NM|2823-3||4.1|mmol/L`
	for name, c := range map[string]struct {
		before, after []string
		about         string
		want          []string // field, what was said before and after; * when it decides about care
	}{
		"altered": {[]string{sodium, potassium}, []string{sodium, lowered}, "OBX 2823-3", []string{"OBX-1 2 2", "OBX-2 NM NM *", "OBX-3 2823-3 2823-3 *", "OBX-5 6.8 4.1 *", "OBX-6 mmol/L mmol/L *"}},
		"the one that differs, of two of a name": {[]string{`OBX|1|NM|K||5|`, `OBX|2|NM|K||6|`}, []string{`OBX|1|NM|K||5|`, `OBX|2|NM|K||7|`}, "OBX K",
			[]string{"OBX-1 2 2", "OBX-2 NM NM *", "OBX-3 K K *", "OBX-5 6 7 *"}},
		"its code was changed": {[]string{`OBX|1|NM|K||5|`}, []string{`OBX|1|NM|NA||5|`}, "OBX NA", []string{"OBX-1 1 1", "OBX-2 NM NM *", "OBX-3 K NA *", "OBX-5 5 5 *"}},
		"removed":              {[]string{sodium, potassium}, []string{sodium}, "OBX 2823-3", []string{"OBX-1 2 ", "OBX-2 NM  *", "OBX-3 2823-3  *", "OBX-5 6.8  *", "OBX-6 mmol/L  *"}},
		"inserted":             {[]string{sodium}, []string{sodium, potassium}, "OBX 2823-3", []string{"OBX-1  2", "OBX-2  NM *", "OBX-3  2823-3 *", "OBX-5  6.8 *", "OBX-6  mmol/L *"}},
		"a whole message":      {[]string{potassium}, nil, "ORU^R01^ORU_R01", []string{"OBX-1 2 ", "OBX-2 NM  *", "OBX-3 2823-3  *", "OBX-5 6.8  *", "OBX-6 mmol/L  *"}},
		"nothing of the kind":  {nil, nil, "OBX K", nil},
		"the patient":          {[]string{}, []string{}, "PID", []string{"PID-1 1 1", "PID-3 4711^^^HOSP^MR 4711^^^HOSP^MR *", "PID-5 ROE^RITA ROE^RITA"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range route.Beside(parsed(t, c.before...), parsed(t, c.after...), c.about) {
				line := f.Name + " " + f.Before + " " + f.After
				if f.Clinical {
					line += " *"
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("fields (-got +want):\n%s", diff)
			}
		})
	}
}
