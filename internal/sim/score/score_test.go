package score_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/sim/score"
)

// truth is a week in which a clerk opens the record of a spouse, a nurse floats between wards, and a feed is silent for a day.
const truth = `{"touch":{"day":"2030-01-08","user":"clerk","mrn":"1","why":"snoop","story":"T02"}}
{"touch":{"day":"2030-01-08","user":"nurse","mrn":"2","why":"care","documented":true,"story":"B02"}}
{"touch":{"day":"2030-01-08","user":"doctor","mrn":"3","why":"corridor"}}
{"touch":{"day":"2030-01-08","user":"doctor","mrn":"4","why":"care","documented":true}}
{"story":{"id":"T02","title":"A clerk opens the record of a spouse.","actors":["clerk"],"victims":["1"],"start":"2030-01-08T10:00:00Z","end":"2030-01-08T11:00:00Z","target":"24h0m0s","case":true}}
{"story":{"id":"T20","title":"Somebody opens a record that is a trap.","actors":["porter"],"victims":["9"],"start":"2030-01-08T10:00:00Z","end":"2030-01-08T11:00:00Z","target":"1m0s","case":true}}
{"story":{"id":"B02","title":"A nurse helps on another ward.","actors":["nurse"],"victims":["2"],"start":"2030-01-08T08:00:00Z","end":"2030-01-08T18:00:00Z"}}
{"story":{"id":"T21","title":"A reviewer looks at a relative's record.","actors":null,"victims":null,"start":"0001-01-01T00:00:00Z","end":"0001-01-01T00:00:00Z","case":true}}
{"story":{"id":"T08","title":"A report on all patients is run at night.","actors":["analyst"],"victims":null,"start":"2030-01-09T01:00:00Z","end":"2030-01-09T02:00:00Z","target":"5m0s","case":true}}
{"story":{"id":"F01","title":"A value is changed.","actors":["engineer"],"victims":["5"],"start":"2030-01-08T08:00:00Z","end":"2030-01-08T18:00:00Z","case":true}}
{"silent":{"feed":"adt","from":"2030-01-10T00:00:00Z","to":"2030-01-11T00:00:00Z"}}
`

func at(day, hour int) time.Time { return time.Date(2030, 1, day, hour, 0, 0, 0, time.UTC) }

func read(t *testing.T) *score.Truth {
	t.Helper()
	tr := score.NewTruth(score.Names{})
	if err := tr.Read(strings.NewReader(truth)); err != nil {
		t.Fatal(err)
	}
	return tr
}

// look is what one did with one record on a day, about noon.
func look(user, patient string, day int) []score.Look {
	return []score.Look{{User: user, Patient: patient, First: at(day, 10), Last: at(day, 12), Bare: true}}
}

var window = score.Window{From: at(7, 0), Until: at(14, 0), PerDay: 1}

func TestScore(t *testing.T) {
	found := &score.Found{
		Cases: []score.Case{
			{ID: "a", Lane: "ranked", Opened: at(9, 12), Looks: look("clerk", "1", 8)},
			{ID: "b", Lane: "ranked", Opened: at(9, 12), Looks: look("nurse", "2", 8)},
			{ID: "c", Lane: "explore", Opened: at(10, 12), Looks: look("doctor", "4", 8)},
			{ID: "d", Lane: "audit", Opened: at(9, 12), Looks: look("doctor", "4", 8)},
			{ID: "e", Lane: "ranked", Opened: at(6, 12), Looks: look("clerk", "1", 8)}, // before all that is scored
		},
		Alerts: []score.Alert{{Flag: "F29", At: at(8, 10).Add(30 * time.Second), Look: look("porter", "9", 8)[0]}},
		Touches: []score.Touch{
			{Day: "2030-01-08", User: "clerk", Patient: "1", First: true, Flags: []string{"F02"}},
			{Day: "2030-01-08", User: "nurse", Patient: "2", First: true, Explained: true, Template: "E09", Flags: []string{"F02", "F05"}},
			{Day: "2030-01-08", User: "doctor", Patient: "3", Explained: true, Template: "E21", Volume: 3},
			{Day: "2030-01-08", User: "doctor", Patient: "4", Explained: true, Template: "E01"},
			{Day: "2030-01-07", User: "doctor", Patient: "4", Explained: true, Template: "E01"},
			{Day: "2030-01-09", User: "doctor", Patient: "4", Explained: true, Template: "E01"},
			{Day: "2030-01-01", User: "doctor", Patient: "4", Explained: true}, // before the window
		},
	}
	r := read(t).Score(found, window)
	if r.Touches != 6 || r.Explained != 5 || r.Firsts != 2 || r.FirstsExplained != 1 || r.Undocumented != 1 || r.UndocumentedSet != 1 {
		t.Errorf("touches: %+v", r)
	}
	if f, all := r.Recall(); f != 2 || all != 3 || r.Untold != 1 {
		t.Errorf("recall %d of %d", f, all)
	}
	if r.Cases != 3 || r.Right != 1 || r.Twins != 1 || r.Ordinary != 1 || r.Outage != 1 || r.Audit.Drawn != 1 || r.Audit.Improper != 0 {
		t.Errorf("cases: %+v", r)
	}
	corridor := &score.Found{Cases: []score.Case{{Lane: "ranked", Opened: at(10, 12), Looks: look("doctor", "3", 8)}}}
	if r := read(t).Score(corridor, window); r.Ordinary != 1 || r.Outage != 0 { // no feed would have said why
		t.Errorf("a silent feed is to blame for what no system knows: %+v", r)
	}
	with := look("doctor", "4", 8)
	with[0].Bare = false
	shared := &score.Found{Cases: []score.Case{{Lane: "urgent", Opened: at(10, 12), Looks: with}}}
	if r := read(t).Score(shared, window); r.Ordinary != 1 || r.Outage != 0 {
		t.Errorf("a silent feed is to blame for what has a reason: %+v", r)
	}
	for _, s := range r.Stories {
		switch {
		case s.ID == "T02" && (s.After != 26*time.Hour || s.By != "ranked" || s.Cases != 1),
			s.ID == "T20" && (s.After != 30*time.Second || s.By != "F29"),
			s.ID == "B02" && !s.Found,
			s.ID == "F01":
			t.Errorf("story %+v", s)
		}
	}
	// The nurse has two of the bare rules, and one case a day is looked at: the clerk is missed. Volume points to the doctor.
	if b := r.RulesBaseline; b.Cases != 1 || b.Found != 0 || b.Stories != 3 {
		t.Errorf("bare rules: %+v", b)
	}
	if b := r.VolumeOne; b.Cases != 1 || b.Right != 0 {
		t.Errorf("volume: %+v", b)
	}
	wider := window
	wider.PerDay = 2
	if b := read(t).Score(found, wider).RulesBaseline; b.Found != 1 || b.Right != 1 || b.Cases != 2 {
		t.Errorf("bare rules with two cases a day: %+v", b)
	}
}

// A case that is there before the theft is not about it, and neither is one about the thief or the patient alone.
func TestOnlyTheTheftItself(t *testing.T) {
	found := &score.Found{
		Cases: []score.Case{
			{Lane: "ranked", Opened: at(8, 9), Looks: look("clerk", "1", 8)},
			{Lane: "ranked", Opened: at(9, 9), Looks: look("clerk", "4", 8)},
			{Lane: "ranked", Opened: at(9, 9), Looks: look("doctor", "1", 8)},
			{Lane: "ranked", Opened: at(9, 9), Looks: append(look("doctor", "1", 8), look("clerk", "4", 8)...)},
			{Lane: "ranked", Opened: at(9, 9), Looks: look("clerk", "1", 7)},
			{Lane: "ranked", Opened: at(12, 9), Looks: look("clerk", "1", 11)},
			{Lane: "ranked", Opened: at(9, 9), Looks: look("analyst", "4", 8)}, // hours before the report is run
			{Lane: "ranked", Opened: at(9, 9), Looks: look("engineer", "5", 8)},
		},
		Alerts: []score.Alert{{Flag: "F19", At: at(11, 12), Look: look("porter", "", 11)[0]}, {Flag: "F19", At: at(8, 12), Look: look("porter", "1", 8)[0]}},
		Touches: []score.Touch{
			{Day: "2030-01-07", User: "clerk", Patient: "1", Flags: []string{"F02"}, Volume: 2},
			{Day: "2030-01-11", User: "clerk", Patient: "1", Flags: []string{"F02"}, Volume: 2},
		},
	}
	r := read(t).Score(found, window)
	if got, _ := r.Recall(); got != 0 || r.Right != 0 || r.Ordinary != 7 || r.Other != 1 || r.RulesBaseline.Right != 0 || r.VolumeOne.Found != 0 {
		t.Errorf("%d thefts found: %+v", got, r)
	}
}

// A theft of which nobody knows whom it is about is found by what its people did meanwhile.
func TestTheftWithoutPatients(t *testing.T) {
	for _, patient := range []string{"", "4"} {
		night := []score.Look{{User: "analyst", Patient: patient, First: at(9, 1), Last: at(9, 2)}}
		r := read(t).Score(&score.Found{Cases: []score.Case{{Lane: "urgent", Opened: at(9, 2), Looks: night}}}, window)
		if got, _ := r.Recall(); got != 1 || r.Right != 1 {
			t.Errorf("%d thefts found: %+v", got, r)
		}
	}
}

// Plainer ways get as many cases as were opened, though not all of these were within a day's.
func TestBaselineGetsAsMany(t *testing.T) {
	found := &score.Found{
		Cases: []score.Case{
			{Lane: "urgent", Opened: at(8, 12), Looks: look("porter", "9", 8)},
			{Lane: "ranked", Opened: at(12, 12), Looks: look("doctor", "3", 8)},
			{Lane: "audit", Opened: at(12, 12), Looks: look("doctor", "4", 8)},
		},
		Touches: []score.Touch{
			{Day: "2030-01-08", User: "clerk", Patient: "1", Flags: []string{"F02"}},
			{Day: "2030-01-08", User: "nurse", Patient: "2", Flags: []string{"F02", "F05"}},
			{Day: "2030-01-08", User: "doctor", Patient: "4", Flags: []string{"F02", "F05"}},
		},
	}
	if b := read(t).Score(found, window).RulesBaseline; b.Cases != 2 || b.Found != 0 {
		t.Errorf("%+v", b)
	}
}

// Whoever found it may know people by other names.
func TestNames(t *testing.T) {
	tr := score.NewTruth(score.Names{User: strings.ToUpper, Patient: func(s string) string { return "pt_" + s }})
	if err := tr.Read(strings.NewReader(truth)); err != nil {
		t.Fatal(err)
	}
	r := tr.Score(&score.Found{Cases: []score.Case{{Lane: "ranked", Opened: at(9, 1), Looks: look("CLERK", "pt_1", 8)}}}, window)
	if r.Right != 1 {
		t.Errorf("%+v", r)
	}
}

func TestReadRefuses(t *testing.T) {
	err := score.NewTruth(score.Names{}).Read(strings.NewReader("{}\nMiller\n"))
	if err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "Miller") {
		t.Errorf("got %v", err)
	}
}

func TestWrite(t *testing.T) {
	r := read(t).Score(&score.Found{Cases: []score.Case{{Lane: "ranked", Opened: at(9, 12), Looks: look("clerk", "1", 8)}}}, window)
	var b strings.Builder
	if err := score.Write(&b, []score.Report{r, r}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"A simulation", "thefts found                                     33.3%", "T02   a case    2 of 2   26.0 h    24.0 h    ranked", "B02   quiet     0 of 2"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &b)
		}
	}
}
