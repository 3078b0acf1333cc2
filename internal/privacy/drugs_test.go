package privacy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// hears has an event come in.
func (c *clinic) hears(ev *event.Event) {
	c.Helper()
	c.entry++
	if c.line != nil {
		c.line(ev, nil)
		return
	}
	c.event(ev, nil)
}

// cabinet is a transaction at the cabinet of 4W.
func (c *clinic) cabinet(when time.Time, kind, user, patient string, more ...string) *event.Event {
	c.Helper()
	row := map[string]string{"time": when.Format(time.RFC3339), "station": "ADC-4W", "type": kind, "user": user, "patient": patient, "drug": "D0402", "name": "MORPHINE 10 MG/ML INJ", "amount": "10", "unit": "mg"}
	for i := 0; i+1 < len(more); i += 2 {
		row[more[i]] = more[i+1]
	}
	fields, err := json.Marshal(map[string]any{"row": row})
	if err != nil {
		c.Fatal(err)
	}
	return &event.Event{Class: c.tax.Class("pharmacy", "cabinet", ""), Format: "csv", Time: when, Observed: when.Add(time.Minute), Fields: fields}
}

// gives is a message that says that somebody gave a patient the drug.
func (c *clinic) gives(when time.Time, user, patient string) *event.Event {
	c.Helper()
	text := "MSH|^~\\&|MAR|CLINIC|||" + when.Format("20060102150405") + "+0000||RAS^O17^RAS_O17|" + user + when.Format("0102150405") + patient + "|P|2.5.1\r" +
		"PID|||" + patient + "^^^CLINIC^MR\rORC|RE|O" + patient + "\rRXA|0|1|" + when.Format("20060102150405") + "||D0402^MORPHINE 10 MG/ML INJ^L|10|mg|||" + user + "||||||||||CP\r"
	fields, err := json.Marshal(map[string]any{"MSH-9.1": "RAS", "message": text})
	if err != nil {
		c.Fatal(err)
	}
	return &event.Event{Class: c.tax.Class("hl7", "mllp", ""), Format: "hl7", Time: when, Observed: when.Add(time.Second), Fields: fields}
}

// rounds is a fortnight and more of a ward: each nurse takes two doses a day and gives them; those named keep two more.
func (c *clinic) rounds(days int, nurses []string, thieves ...string) (all []*event.Event) {
	for day := range days {
		for i, nurse := range nurses {
			for n := range 2 {
				p := fmt.Sprint(1000 + (i*2+n)%20)
				t := at(day, fmt.Sprintf("%02d:%02d", 8+5*n, i))
				all = append(all, c.cabinet(t, "remove", nurse, p), c.gives(t.Add(10*time.Minute), nurse, p))
				if slices.Contains(thieves, nurse) {
					all = append(all, c.cabinet(t.Add(2*time.Hour), "remove", nurse, fmt.Sprint(1020+n)))
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *event.Event) int { return a.Time.Compare(b.Time) })
	return all
}

// play has what happened come in, and time pass.
func (c *clinic) play(all []*event.Event) {
	c.Helper()
	for _, ev := range all {
		if c.line == nil {
			c.until(ev.Time)
		}
		c.hears(ev)
	}
}

func nurses(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint("nurse", i))
	}
	return all
}

func (c *clinic) drugCases() []privacy.Case {
	return c.engine.Cases(privacy.Filter{Kinds: []privacy.CaseKind{privacy.DrugCase}, States: []privacy.CaseState{privacy.Pending, privacy.Closed}, Limit: 100})
}

// One of seven who keeps two doses a day is a case of a kind of its own, which says what was found, and rests on the cabinet's own rows.
func TestWhoKeepsDoses(t *testing.T) {
	c := newClinic(t)
	c.play(c.rounds(12, nurses(7), "nurse3"))
	c.want("drugs nurse3: 1020 1021")
	k := c.drugCases()[0]
	if k.Lane != privacy.Drugs || !k.Opened.Equal(at(10, "00:00")) {
		t.Errorf("%s, opened %s", k.Lane, k.Opened)
	}
	if want := "Took 36 doses of controlled drugs in 30 days, and 18 transactions at the cabinet do not agree with the record"; k.Text.Headline != want {
		t.Errorf("%q, want %q", k.Text.Headline, want)
	}
	if want := "For 18 of 36 doses no giving is on record; with others at the same cabinets it is"; !strings.Contains(k.Text.Paragraphs[0], want) {
		t.Errorf("%q, want %q", k.Text.Paragraphs[0], want)
	}
	var evidence []judge.Access
	for i := range k.Touches {
		l := &k.Touches[i]
		if len(l.Verdict.Flags) != 1 || l.Verdict.Flags[0].ID != "F28" || c.house.Text(l.Touch.User) != "nurse3" {
			t.Errorf("%+v", l)
		}
		evidence = append(evidence, l.Touch.Evidence...)
	}
	if len(evidence) != 18 || evidence[0].Native != "Took out: morphine 10 mg" || !strings.HasPrefix(evidence[0].Against, "No giving") || evidence[0].Place.Entry == 0 {
		t.Errorf("%d, %+v", len(evidence), evidence[0])
	}
	if k.Beside == nil || len(k.Beside.Others) != 6 || k.Beside.Own != 0.5 || !k.Beside.Share {
		t.Errorf("%+v %v", k.Beside, k.Text)
	}
	if _, err := c.engine.View(k.ID, privacy.Viewer{Name: "nurse3"}, at(12, "00:00")); !errors.Is(err, privacy.ErrNoCase) {
		t.Errorf("whom it is about may see it: %v", err)
	}
}

// Nothing is said of what nobody can be compared in.
func TestWhoIsNotCompared(t *testing.T) {
	for _, c := range []struct {
		what   string
		nurses int
		days   int
		thief  string
	}{
		{"nobody keeps any", 7, 12, ""}, {"too few peers", 5, 12, "nurse3"}, {"too few doses", 7, 2, "nurse3"},
	} {
		k := newClinic(t)
		k.play(k.rounds(c.days, nurses(c.nurses), c.thief))
		k.until(at(28, "00:00"))
		if got := k.drugCases(); len(got) > 0 {
			t.Errorf("%s: %s", c.what, got[0].Text.Headline)
		}
	}
}

// A case that waits is not made again. One that was decided is made again within the month only when as much came anew, and what was said to
// explain it teaches nothing about records.
func TestAgain(t *testing.T) {
	c := newClinic(t)
	all := c.rounds(26, nurses(7), "nurse3")
	decide := func(k privacy.Case) {
		d := privacy.Decision{Outcome: privacy.Explained, Why: "Shared with a colleague", By: privacy.Viewer{Name: "okafor"}, At: c.engine.Now()}
		d.Missing = &privacy.Proposal{SiteReason: judge.SiteReason{Fact: "shared", Live: true}}
		if err := c.engine.Decide(k.ID, d); err != nil {
			t.Fatal(err)
		}
	}
	decided := false
	for _, ev := range all {
		c.until(ev.Time)
		c.hears(ev)
		if list := c.drugCases(); len(list) > 0 && !decided {
			decide(list[0])
			decided = true
		}
	}
	list := c.drugCases()
	if len(list) != 2 || !list[0].Opened.Equal(at(24, "00:00")) || list[1].Breach != nil { // on day 17 only 12 of 18 had come
		t.Fatalf("%d cases, the last of %s", len(list), list[0].Opened)
	}
}

// However many stand out, no more are asked about in a month than the rules say.
func TestListOfTheMonth(t *testing.T) {
	for most, want := range map[int]int{0: 0, 1: 1, 5: 2} {
		c := newClinic(t, func(cfg *privacy.Config) { cfg.Drugs.List = most })
		c.play(c.rounds(19, nurses(50), "nurse3", "nurse8"))
		if got := len(c.drugCases()); got != want {
			t.Errorf("a list of %d: %d cases, want %d", most, got, want)
		}
	}
}

// told is what is said of drugs, without where it stands in a journal.
func told(all []privacy.Case) (list []string) {
	for i := range all {
		k := &all[i]
		for j := range k.Touches {
			for _, a := range k.Touches[j].Touch.Evidence {
				list = append(list, fmt.Sprint(k.Opened, k.Text.Headline, k.Text.Paragraphs, a.At, a.Native, a.Against, *k.Beside))
			}
		}
	}
	return list
}

// In whatever order an hour comes in, and however often, the same is said.
func TestOrderOfAnHour(t *testing.T) {
	var want []string
	for name, change := range map[string]func([]*event.Event) []*event.Event{
		"":          func(all []*event.Event) []*event.Event { return all },
		"backwards": func(all []*event.Event) []*event.Event { slices.Reverse(all); return all },
		"twice":     func(all []*event.Event) []*event.Event { return slices.Concat(all, all) },
	} {
		c := newClinic(t)
		all := c.rounds(12, nurses(7), "nurse3")
		var hour []*event.Event
		flush := func() {
			for _, ev := range change(hour) {
				c.hears(ev)
			}
			hour = nil
		}
		for _, ev := range all {
			if len(hour) > 0 && ev.Time.Truncate(time.Hour).After(hour[0].Time) {
				flush()
				c.until(ev.Time)
			}
			hour = append(hour, ev)
		}
		flush()
		got := told(c.drugCases())
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" || len(got) == 0 {
			t.Errorf("%s: %d, %s", name, len(got), d)
		}
	}
}

// A file that comes again a week later counts once.
func TestFileComesAgain(t *testing.T) {
	c := newClinic(t)
	all := c.rounds(12, nurses(7), "nurse3")
	c.play(all[:len(all)/2])
	for _, ev := range all[:len(all)/2] {
		c.hears(ev)
	}
	c.play(all[len(all)/2:])
	if k := c.drugCases(); len(k) != 1 || !strings.HasPrefix(k[0].Text.Headline, "Took 36 doses") {
		t.Errorf("%d cases", len(k))
	}
}

// When the record of what is given falls silent, nobody is asked about it.
func TestRecordFallsSilent(t *testing.T) {
	c := newClinic(t)
	var heard []*event.Event
	for _, ev := range c.rounds(12, nurses(7), "nurse3") {
		if ev.Class.Product == "pharmacy" {
			heard = append(heard, ev)
		}
	}
	c.play(heard)
	for _, k := range c.drugCases() {
		if strings.Contains(k.Text.Paragraphs[0], "no giving") {
			t.Error(k.Text.Paragraphs)
		}
	}
}

// What the house knows of patient and roster is asked once a removal is two hours old: of a patient who had left, of one who had moved, of a nurse
// who was not on duty.
func TestPatientHadLeft(t *testing.T) {
	for _, k := range []struct {
		what, ends, moves, clock string
		want                     diversion.Marks
	}{
		{"there", "", "", "10:00", diversion.Known | diversion.Rostered},
		{"goes within the hour", "09:30", "", "10:00", diversion.Known | diversion.Rostered},
		{"had left the house", "08:30", "", "10:00", diversion.Known | diversion.Left | diversion.Rostered},
		{"had moved to another ward", "", "08:30", "10:00", diversion.Known | diversion.Left | diversion.Rostered},
		{"before the shift", "", "", "04:59", diversion.Rostered | diversion.Off},
	} {
		c := newClinic(t)
		c.works("ann", "4W", at(0, "07:00"), at(0, "19:00"))
		c.lies("1003", "4W", at(0, "06:00"))
		if k.ends != "" {
			c.says(hospital.Fact{Said: at(0, k.ends), Visit: &hospital.VisitFact{Patient: mrn("1003"), Number: "V10034W", End: at(0, k.ends)}})
		}
		if k.moves != "" {
			c.says(hospital.Fact{Said: at(0, k.moves), Visit: &hospital.VisitFact{Patient: mrn("1003"), Number: "V10034W", Unit: "5E", Moved: at(0, k.moves)}})
		}
		c.hears(c.cabinet(at(0, k.clock), "remove", "ann", "1003"))
		c.until(at(0, "13:00"))
		if got := c.engine.DrugMarks(); len(got) != 1 || got[0] != k.want|diversion.Asked {
			t.Errorf("%s: %v, want %v", k.what, got, k.want|diversion.Asked)
		}
	}
}

// A room that is stopped at any event comes to the same case.
func TestRestartChangesNothingAboutDrugs(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		n := newNode(t)
		n.people()
		n.play(n.rounds(12, nurses(6), "nurse3"))
		events := n.said
		l := n.begin(n.aside(), time.Second)
		if err := n.follow(l); err != nil {
			t.Fatal(err)
		}
		want := n.outcome(l)
		if len(told(want.Cases)) < 10 {
			t.Fatalf("%+v", want.Cases)
		}
		m := newNode(t)
		m.vault = n.vault
		m.people()
		m.play(m.rounds(12, nurses(6), "nurse3"))
		db := open()
		for at := events / 5; at < events; at += events / 5 {
			if err := m.follow(m.begin(db, -1, killer(at))); !errors.Is(err, errKilled) && err != nil {
				t.Fatal(err)
			}
		}
		l = m.begin(db, -1)
		if err := m.follow(l); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, m.outcome(l), same()...); d != "" {
			t.Error(d)
		}
	})
}
