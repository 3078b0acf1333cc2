package integrity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/chart"
	"github.com/wardline/wardline/internal/integrity/route"
)

// noon is that of a Monday.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func of(kind, about, field, before, after string) Doubt {
	return Doubt{Kind: kind, About: about, At: noon(), Changes: []route.Change{{Field: field, Before: before, After: after, Clinical: true}}}
}

// Each sign of a change has one that has it, and one that looks alike and has it not.
func TestWhatAChangeMayDo(t *testing.T) {
	quiet := circumstances{Local: noon()}
	for _, c := range []struct {
		name   string
		doubt  Doubt
		around circumstances
		want   string
	}{
		{"a sodium, a little", of("altered", "OBX 2951-2", "OBX-5", "138", "139"), quiet, "11: result on-its-way"},
		{"a potassium that is not dangerous any more", of("altered", "OBX 2823-3", "OBX-5", "6.8", "4.1"), quiet, "20: result on-its-way other crosses"},
		{"its flag goes with it", Doubt{Kind: "altered", About: "OBX 2823-3", At: noon(), Changes: []route.Change{{Field: "OBX-5", Before: "6.8", After: "4.1"}, {Field: "OBX-8", Before: "HH", After: "N"}}}, quiet,
			"26: result on-its-way becomes-normal other crosses"},
		{"a flag that appears", of("altered", "OBX 2823-3", "OBX-8", "", "H"), quiet, "6: on-its-way"},
		{"a code of a number", of("altered", "OBX 2823-3", "OBX-3", "28", "2823"), quiet, "11: result on-its-way"},
		{"a blood group", of("altered", "OBX 882-1", "OBX-5", "A POS", "B POS"), quiet, "18: blood-group on-its-way"},
		{"an allergy that was left out", Doubt{Kind: "removed", About: "AL1 70618", At: noon()}, quiet, "16: allergy on-its-way"},
		{"another patient", of("altered", "PID", "PID-3.1", "1", "2"), quiet, "16: patient on-its-way"},
		{"a name is none of these", of("altered", "PID", "PID-5", "1", "2"), quiet, "6: on-its-way"},
		{"a dose ten times as large", of("altered", "RXE 197361", "RXE-3", "5", "50"), quiet, "22: dose on-its-way tenfold"},
		{"a side", of("altered", "RXR IM", "RXR-2", "LA", "RA"), quiet, "15: side on-its-way"},
		{"a picture", Doubt{Kind: "image-redrawn", At: noon()}, quiet, "8: pixels"},
		{"a row of the laboratory", of("row-unversioned", "results", "value", "212", "21"), quiet, "23: result beside tenfold"},
		{"the same, after a death", of("row-unversioned", "results", "value", "212", "21"), circumstances{Local: noon(), Trigger: noon().Add(-48 * time.Hour)}, "31: result beside trigger tenfold"},
		{"the same, after what was long ago", of("row-unversioned", "results", "value", "212", "21"), circumstances{Local: noon(), Trigger: noon().Add(-90 * 24 * time.Hour)}, "23: result beside tenfold"},
		{"the same, before a death", of("row-unversioned", "results", "value", "212", "21"), circumstances{Local: noon(), Trigger: noon().Add(time.Hour)}, "23: result beside tenfold"},
		{"a limit, by a service's account", of("row-master", "drugs", "max_single_dose", "10", "100"), circumstances{Local: noon(), Account: chart.No}, "21: dose nobody tenfold"},
		{"a limit, by one who works here", of("row-master", "drugs", "max_single_dose", "10", "12"), circumstances{Local: noon(), Account: chart.Yes}, "8: dose"},
		{"at night", of("row-unversioned", "consents", "consent_given", "n", "y"), circumstances{Local: noon().Add(11 * time.Hour)}, "18: consent beside off-hours"},
		{"on a Saturday", of("row-unversioned", "deaths", "died_at", "a", "b"), circumstances{Local: noon().Add(5 * 24 * time.Hour)}, "18: death beside off-hours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ids []string
			c.doubt.Signs = changed(&c.doubt, c.around)
			for _, s := range c.doubt.Signs {
				ids = append(ids, s.ID)
				if strings.ContainsAny(s.Text, "0123456789") {
					t.Errorf("a sign quotes a number: %s", s.Text)
				}
			}
			if got := fmt.Sprintf("%d: %s", c.doubt.Weight(), strings.Join(ids, " ")); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// What weighs most is critical, whatever its kind; charts are weighed otherwise, and what is low stays so.
func TestWeightMakesTheLevel(t *testing.T) {
	heavy := func(kind string) Doubt { return Doubt{Kind: kind, Signs: []chart.Sign{{Weight: critical}}} }
	light := func(kind string) Doubt { return Doubt{Kind: kind, Signs: []chart.Sign{{Weight: critical - 1}}} }
	got := map[string]string{}
	for _, kind := range []string{"row-master", "back-dated", "altered", "rewritten"} {
		h, l := heavy(kind), light(kind)
		got[kind] = l.Rule().Level + " " + h.Rule().Level
		if f := h.finding(); f.Rule.Level != h.Rule().Level {
			t.Errorf("%s is filed as %s, and shown as %s", kind, f.Rule.Level, h.Rule().Level)
		}
	}
	if diff := cmp.Diff(got, map[string]string{"row-master": "high critical", "back-dated": "high high", "altered": "critical critical", "rewritten": "low low"}); diff != "" {
		t.Errorf("levels (-got +want):\n%s", diff)
	}
}

func TestTheHeaviestOfADayIsFirst(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	var all []Doubt
	for i, w := range []int{5, 9, 9, 30, 7} { // the third is of the next day in its zone
		at := []time.Duration{14, 13, 12, 9, 8}[i]
		all = append(all, Doubt{ID: fmt.Sprint(i), At: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).Add(at * time.Hour * 11 / 6), Signs: []chart.Sign{{Weight: w}}})
	}
	heaviestFirst(all, zone)
	var order []string
	for _, d := range all {
		order = append(order, d.ID)
	}
	if got := strings.Join(order, " "); got != "1 2 0 3 4" {
		t.Errorf("the order is %s", got)
	}
}
