package depend_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/continuity/depend"
)

// TestRowsAreComplete holds each row of services.yml to what a person in a hurry needs of it.
func TestRowsAreComplete(t *testing.T) {
	rows := catalogue(t).Rows()
	if len(rows) < 38 {
		t.Errorf("%d rows: the table of services has 23 and what they rest on 16", len(rows))
	}
	strange := regexp.MustCompile(`(?i)\b(stream|hash|anomal\w*|endpoint|leverage|submit|manage|please|oops|server-side)\b|!`)
	ids := regexp.MustCompile(`^[a-z][a-z-]*$`)
	for _, r := range rows {
		t.Run(r.ID, func(t *testing.T) {
			if !ids.MatchString(r.ID) {
				t.Errorf("id %s is no plain word", r.ID)
			}
			// What a class means: A hurts within an hour, B within a shift, C in days. backup hurts nobody by itself, what it hides does.
			tolerated := time.Duration(r.Tolerated)
			switch {
			case r.Class == depend.A && !r.Foundation && tolerated > time.Hour, r.Class == depend.B && (tolerated < time.Hour || tolerated > 12*time.Hour), r.Class == depend.C && tolerated < 24*time.Hour:
				t.Errorf("class %s does not go with %s", r.Class, tolerated)
			}
			for _, text := range slices.Concat([]string{r.Name, r.Function, r.Harm, r.Still}, r.Procedure) {
				if found := strange.FindString(text); found != "" {
					t.Errorf("%q is no word of a ward: %s", found, text)
				}
				if words := len(strings.Fields(text)); words > 20 {
					t.Errorf("%d words: %s", words, text)
				}
			}
			for _, text := range slices.Concat([]string{r.Function, r.Harm, r.Still}, r.Procedure) {
				if !strings.HasSuffix(text, ".") || text[:1] != strings.ToUpper(text[:1]) {
					t.Errorf("no sentence: %s", text)
				}
			}
			for _, step := range r.Procedure {
				if verb, _, _ := strings.Cut(step, " "); !slices.Contains(verbs(), verb) {
					t.Errorf("%s: a step begins with a verb, and this one is not in the list", verb)
				}
			}
			if !regexp.MustCompile(`\[[VRP]\]`).MatchString(r.Source) {
				t.Error("the source does not say how well it is known: [V], [R] or [P]")
			}
		})
	}
}

// verbs are those with which steps begin.
func verbs() []string {
	return strings.Fields(`Give Write Print Keep Open Ask Order Check Send Start Fax Switch Count Call Phone Label Issue Use Draw Hand Walk Read Carry Type Put
		Look Measure Turn Move Set Post Stop Treat Note Work Release Fill Stay Restart Leave Go Plug Verify Lock Copy Close Free Mark`)
}

func TestRowsCanBeChangedBySites(t *testing.T) {
	site := fstest.MapFS{"services.yml": {Data: []byte("services:\n  - {id: lab, tolerated: 10m}\n  - {id: dialysis, name: Dialysis, kind: service, class: B, function: Cleans blood., harm: Potassium rises., tolerated: 4h, still: Beds., procedure: [Call the plant.], where: [ward], feeds: [{type: ORU^R01, words: [dialysis]}], source: '[P]'}\n")}}
	c, err := depend.LoadCatalogue(content.Continuity(), site)
	if err != nil {
		t.Fatal(err)
	}
	lab := c.Row("lab")
	if time.Duration(lab.Tolerated) != 10*time.Minute || lab.Class != depend.A || len(lab.Procedure) == 0 {
		t.Errorf("lab is %+v", lab)
	}
	if row := c.Match(depend.Heard{Type: "ORU^R01", From: "DIALYSIS|1"}); row == nil || row.ID != "dialysis" {
		t.Errorf("the site's own row is not found: %+v", row)
	}
	for text, want := range map[string]string{
		"services:\n  - {id: lab, tolarated: 10m}\n":    "line 2: field tolarated not found",
		"services:\n  - {id: new, name: New}\n":         "class must be stated",
		"services:\n  - {id: lab, depends: {moon: 1h}}": "there is no other row moon",
		"services:\n  - {id: lab, class: D}":            "a class is A, B or C",
	} {
		if _, err := depend.LoadCatalogue(content.Continuity(), fstest.MapFS{"services.yml": {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := depend.LoadCatalogue(fstest.MapFS{}, nil); err == nil {
		t.Error("no services, and no error")
	}
	if _, err := fs.Stat(content.Continuity(), "services.yml"); err != nil {
		t.Error(err)
	}
}

func TestMatch(t *testing.T) {
	c := catalogue(t)
	for _, test := range []struct {
		heard depend.Heard
		want  string
	}{
		{depend.Heard{Type: "ADT^A01^ADT_A01", From: "EPIC|HOSP", To: "ENGINE|X"}, "registration"},
		{depend.Heard{Type: "ORU^R01", From: "LIS|LAB", To: "EPIC|HOSP"}, "lab"},
		{depend.Heard{Type: "ORU^R01", From: "X1|Y1"}, "lab"}, // nothing else said: what such messages usually are
		{depend.Heard{Type: "ORU", From: "LIS|LAB"}, "lab"},   // a sender that leaves the event out
		{depend.Heard{Type: "ORU", From: "POWERSCRIBE|RAD"}, "reports"},
		{depend.Heard{Type: "ORU^R01", From: "POWERSCRIBE|RAD", To: "EPIC|HOSP"}, "reports"},
		{depend.Heard{Type: "ORU^R01", From: "CAPSULE|ICU", To: "EPIC|HOSP"}, "monitors"},
		{depend.Heard{Type: "ORU^R01", From: "MUSE|ECG", To: "EPIC|HOSP"}, "heart"},
		{depend.Heard{Type: "ORU^R01", From: "LIS|LAB", To: "MYCHART|HOSP"}, "lab"}, // the sender says more than the receiver
		{depend.Heard{Type: "ORU^R01", From: "MUSE|ECG", To: "LIS|LAB"}, "heart"},
		{depend.Heard{Type: "ORM^O01", From: "EPIC|HOSP", To: "PARIS|X"}, "record"},                           // short words begin a part of a name
		{depend.Heard{Type: "ADT^A01", From: "EPIC|HOSP", To: "EHRApp^1.ED.2^ISO|EDUCATION"}, "registration"}, // two letters are a whole part, and identifiers are no names
		{depend.Heard{Type: "ADT^A01", From: "EPIC|HOSP", To: "BOARD|ED_1"}, "emergency-board"},
		{depend.Heard{Type: "ADT^A01", From: "EPIC|HOSP", To: "ED2|X"}, "emergency-board"},
		{depend.Heard{Type: "MDM^T02", From: "PROSOLV|X"}, "record"},
		{depend.Heard{Type: "ADT^A08", From: "EPIC|HOSP", To: "PYXIS|WARD"}, "cabinets"},
		{depend.Heard{Type: "RDE^O11", From: "EPIC|HOSP", To: "PHARM|HOSP"}, "pharmacy"},
		{depend.Heard{Type: "RAS^O17", From: "EPIC|HOSP"}, "medication"},
		{depend.Heard{Type: "SIU^S12", From: "EPIC|HOSP"}, "scheduling"},
		{depend.Heard{Type: "SIU^S12", From: "EPIC|HOSP", To: "OPTIME|OR"}, "theatre"},
		{depend.Heard{Type: "DFT^P03"}, "billing"},
		{depend.Heard{Role: "store", From: "CT1", To: "PACS"}, "imaging"},
		{depend.Heard{Role: "worklist", From: "MR2", To: "RIS"}, "imaging"},
		{depend.Heard{Role: "dns"}, "dns"},
		{depend.Heard{Type: "ZZZ^Z01"}, ""},
		{depend.Heard{}, ""},
	} {
		got := ""
		if row := c.Match(test.heard); row != nil {
			got = row.ID
		}
		if got != test.want {
			t.Errorf("%+v is %q, not %q", test.heard, got, test.want)
		}
	}
}

// TestDefault holds that a house that configured nothing is told of care: its feeds, what they usually are for, and who usually works with that.
func TestDefault(t *testing.T) {
	c := catalogue(t)
	g, err := c.Default(map[depend.NodeID]depend.Heard{
		"f1": {Type: "ORU^R01", From: "LIS|LAB", To: "ENGINE|HUB"},
		"f2": {Type: "ADT^A01", From: "EPIC|HOSP", To: "ENGINE|HUB"},
		"f3": {Type: "SIU^S12", From: "EPIC|HOSP", To: "ENGINE|HUB"},
		"f4": {Type: "ZZZ^Z99", From: "A", To: "A"},
	}, []depend.Place{{ID: "4W", Name: "4 West"}, {ID: "C1", Sort: "clinic"}})
	if err != nil {
		t.Fatal(err)
	}
	im := g.Impact([]depend.Broken{{"f1", noon()}}, depend.Census{Patients: map[depend.NodeID]int{"4W": 20}}, noon())
	if len(im.Services) == 0 || im.Services[0].Node != "lab" || im.Services[0].Patients != 20 || im.Services[0].Unknown != 1 {
		t.Errorf("without results: %+v", im.Services)
	}
	v := g.Cause([]depend.NodeID{"f1", "f2", "f3"}, nil)
	if len(v.Suspects) != 1 || v.Suspects[0].Node != "program:ENGINE|HUB" || !v.Suspects[0].Sure {
		t.Errorf("three silent feeds of one engine: %+v", v)
	}
	if n, known := g.Node("hosts"); !known || n.Kind != depend.Component {
		t.Errorf("the foundations are missing: %+v", n)
	}
	im = g.Impact([]depend.Broken{{"scheduling", noon()}}, depend.Census{}, noon())
	if len(im.Units) != 1 || im.Units[0].Node != "C1" {
		t.Errorf("appointments touch %+v, not the clinic alone", im.Units)
	}
}
