package console_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

func parsedMessage(t *testing.T, segments ...string) *hl7.Message {
	t.Helper()
	if segments == nil {
		return nil
	}
	head := []string{`MSH|^~\&|LIS|LAB|EHR|HOSP|20260616070000||ORU^R01^ORU_R01|1|P|2.5.1`, `PID|1||4711-0815^^^ALDER^MR||ROE^RITA||19560403|F|||14 ELM LANE^^ALDER||555-0190`, `PV1|1|I|4W^12^1`}
	m, err := hl7.Parse([]byte(strings.Join(append(head, segments...), "\r")), hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

// TestADoubtInWords says what differs at two points: codes and numbers as they are, free text and identifiers never.
func TestADoubtInWords(t *testing.T) {
	low, high := `OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F`, `OBX|1|NM|2823-3^Potassium^LN||6.8|mmol/L|3.5-5.1|HH|||F`
	same := []string{"Usual range | 3.5 to 5.1 | 3.5 to 5.1 | Same"}
	for name, c := range map[string]struct {
		kind          route.Kind
		about         string
		fields        []string
		before, after []string
		headline      string
		todo, limit   string
		rows          []string
	}{
		"a value": {route.Altered, "OBX 2823-3", []string{"OBX-5", "OBX-8"}, []string{high}, []string{low}, "No. The record received 4.1 mmol/L; the sender sent 6.8 mmol/L.",
			"Tell ward 4W: do not act on 4.1 mmol/L until the sender has said what it measured", "6.8 is above the usual range of 3.5 to 5.1; 4.1 is within it.",
			[]string{"Test | Potassium (2823-3) | Potassium (2823-3) | Same", "Value | 6.8 mmol/L | 4.1 mmol/L | Changed", same[0], "Flag | High, urgent | Normal | Changed", "State | Final | Final | Same"}},
		"a unit": {route.Altered, "RXE K", []string{"RXE-5"}, []string{`RXE||K^Morphine|10||mg`}, []string{`RXE||K^Morphine|10||g`}, "No. The unit that the record received is g; the sender sent mg.",
			"Tell ward 4W: do not act on this until the sender has said what it sent", "", []string{"Drug | Morphine (K) | Morphine (K) | Same", "Dose, least | 10 | 10 | Same", "Unit | mg | g | Changed"}},
		"a blood group": {route.Altered, "OBX BG", []string{"OBX-5"}, []string{`OBX|1|ST|BG||A Rh positive`}, []string{`OBX|1|ST|BG||O Rh positive`}, "No. The record received O Rh positive; the sender sent A Rh positive.",
			"Tell ward 4W: do not act on O Rh positive until the sender has said what it measured", "", []string{"Test | BG | BG | Same", "Value | A Rh positive | O Rh positive | Changed"}},
		"free text": {route.Altered, "OBX T", []string{"OBX-5"}, []string{`OBX|1|TX|T^Report of Roe||Rita Roe is well`}, []string{`OBX|1|TX|T^Report of Roe||555 0190`}, "No. What the record received is not what the sender sent.",
			"Tell ward 4W: do not act on this until the sender has said what it sent", "", []string{"Test | Report of •••• (T) | Report of •••• (T) | Same", "Value | text, 16 characters | text, 8 characters | Changed"}},
		"a number that is a person's": {route.Altered, "OBX N", []string{"OBX-5"}, []string{`OBX|1|NM|N||4711-0815`}, []string{`OBX|1|NM|N||123456789`}, "No. What the record received is not what the sender sent.",
			"Tell ward 4W: do not act on this until the sender has said what it sent", "", []string{"Test | N | N | Same", "Value | ••••0815 | text, 9 characters | Changed"}},
		"a patient": {route.Altered, "PID", []string{"PID-3"}, nil, nil, "No. It was sent for one patient and arrived for another.", "", "", []string{"Patient’s number | •••• | •••• | Changed"}},
		"inserted": {route.Inserted, "OBX 2823-3", []string{"OBX-3", "OBX-5"}, []string{`OBX|9|NM|NA||140`}, []string{`OBX|9|NM|NA||140`, low}, "No. The record received a result that the sender did not send.",
			"Ask the sender whether it sent this, before anybody acts on it", "", []string{"Test | nothing | Potassium (2823-3) | Not sent", "Value | nothing | 4.1 mmol/L | Not sent", "Unit | nothing | mmol/L | Not sent", "Usual range | nothing | 3.5 to 5.1 | Not sent", "Flag | nothing | Normal | Not sent", "State | nothing | Final | Not sent"}},
		"lost": {route.Lost, "ORU^R01^ORU_R01", nil, []string{high}, nil, "It never arrived. What went in did not come out, though later messages did.", "Tell ward 4W that something may be missing, and have it sent again", "",
			[]string{"Test | Potassium (2823-3) | nothing | Missing", "Value | 6.8 mmol/L | nothing | Missing", "Unit | mmol/L | nothing | Missing", "Usual range | 3.5 to 5.1 | nothing | Missing", "Flag | High, urgent | nothing | Missing", "State | Final | nothing | Missing"}},
		"rewritten": {route.Rewritten, "ORU^R01^ORU_R01", []string{"PV1-3.1"}, []string{high}, []string{high}, "Yes, in all that decides about care. Something else is written in another way than before.", "Ask whoever looks after the interface engine what was changed", "",
			[]string{"PV1-3.1 | text, 3 characters | text, 2 characters | Changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := integrity.Doubt{Kind: string(c.kind), About: c.about, Way: "way"}
			for _, f := range c.fields {
				d.Changes = append(d.Changes, route.Change{Field: f, Before: "Roe", After: "IT", Clinical: true})
			}
			headline, todo, limit, rows := console.Doubted(veiltest.New(), d, parsedMessage(t, c.before...), parsedMessage(t, c.after...))
			if diff := cmp.Diff(headline, c.headline); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(todo, c.todo); diff != "" && c.todo != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(limit, c.limit); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(rows, c.rows); diff != "" && c.rows != nil {
				t.Error(diff)
			}
		})
	}
}
