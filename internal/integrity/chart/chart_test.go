package chart_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/chart"
)

// clock is the morning of an ordinary day.
func clock() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }

// said is a finding in one line: its kind, weight, and signs.
func said(found []chart.Finding) []string {
	var out []string
	for _, f := range found {
		var signs []string
		for _, s := range f.Signs {
			signs = append(signs, s.ID)
		}
		out = append(out, fmt.Sprintf("%s %d: %s", f.Kind, f.Weight(), strings.Join(signs, " ")))
	}
	return out
}

func expect(t *testing.T, got []chart.Finding, want ...string) {
	t.Helper()
	if diff := cmp.Diff(said(got), want); diff != "" {
		t.Errorf("findings (-got +want):\n%s", diff)
	}
}

// note is one that was written so long after the time that it claims.
func note(late time.Duration) chart.Note {
	return chart.Note{ID: "m1", Event: "T02", Number: "D1", Kind: "PN", Author: "n17", Patient: "p1", Claimed: clock().Add(-late), Said: clock()}
}

func TestBackDatedNotes(t *testing.T) {
	open := note(72 * time.Hour)
	open.Open = true
	cancelled := note(72 * time.Hour)
	cancelled.Event = "T11"
	for _, c := range []struct {
		name   string
		note   chart.Note
		around chart.Around
		want   []string
	}{
		{"an old one that is cancelled", cancelled, chart.Around{Duty: chart.No, There: chart.No}, nil},
		{"at once", note(0), chart.Around{Duty: chart.No}, nil},
		{"late in the shift", note(10 * time.Hour), chart.Around{Duty: chart.No}, nil},
		{"a day late, of an own shift", note(30 * time.Hour), chart.Around{Duty: chart.Yes}, nil},
		{"a day late, and nothing else is known", note(30 * time.Hour), chart.Around{}, nil},
		{"of a night on which the author was not there", note(72 * time.Hour), chart.Around{Duty: chart.No}, []string{"back-dated 23: late days off-duty"}},
		{"of a night on which nobody was there to be looked after", note(20 * time.Hour), chart.Around{There: chart.No}, []string{"back-dated 20: late away"}},
		{"after a complaint", note(72 * time.Hour), chart.Around{Trigger: clock().Add(-50 * time.Hour)}, []string{"back-dated 23: late days trigger"}},
		{"after a complaint that was long before", note(72 * time.Hour), chart.Around{Trigger: clock().Add(-90 * time.Hour)}, nil},
		{"after a complaint, and it says that it comes late", open, chart.Around{Trigger: clock().Add(-50 * time.Hour)}, nil},
		{"after a death", note(72 * time.Hour), chart.Around{Died: clock().Add(-50 * time.Hour), Duty: chart.Yes}, nil},
		{"after a death, of a night off", note(20 * time.Hour), chart.Around{Died: clock().Add(-10 * time.Hour)}, []string{"back-dated 15: late death"}},
		{"after a complaint, of an own shift", note(72 * time.Hour), chart.Around{Duty: chart.Yes, Trigger: clock().Add(-50 * time.Hour)}, nil},
		{"of a time at which records were down", note(20 * time.Hour), chart.Around{Duty: chart.No, Window: true}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := chart.New()
			expect(t, ch.Note(c.note, c.around))
			expect(t, ch.Tick(clock().Add(19*time.Minute))) // it waits whether others come late as well
			expect(t, ch.Tick(clock().Add(20*time.Minute)), c.want...)
			expect(t, ch.Tick(clock().Add(21*time.Minute)))
		})
	}
}

// After a failure many enter late what they had written on paper.
func TestManyWriteLateTogether(t *testing.T) {
	ch := chart.New()
	for i := range 5 {
		n := note(20 * time.Hour)
		n.ID, n.Author, n.Said = fmt.Sprint("m", i), fmt.Sprint("n", i), clock().Add(time.Duration(i)*time.Minute)
		ch.Note(n, chart.Around{Duty: chart.No})
	}
	var found []chart.Finding
	for m := range 60 {
		found = append(found, ch.Tick(clock().Add(time.Duration(m)*time.Minute))...)
	}
	if len(found) > 4 { // while the first are judged all five are known; towards the end fewer wait
		t.Errorf("%d of 5 notes after a failure are doubted: %q", len(found), said(found))
	}
	ch = chart.New()
	for i := range 5 { // one person alone is no failure
		n := note(20 * time.Hour)
		n.ID, n.Said = fmt.Sprint("m", i), clock().Add(time.Duration(i)*time.Minute)
		ch.Note(n, chart.Around{Duty: chart.No})
	}
	if found := ch.Tick(clock().Add(time.Hour)); len(found) != 5 {
		t.Errorf("%d of 5 notes are doubted, want all", len(found))
	}
}

// A house whose discharge letters come after days is used to that, and to nothing else.
func TestLatenessIsLearned(t *testing.T) {
	ch := chart.New()
	at := clock().AddDate(0, -2, 0)
	for i := range 2000 {
		at = at.Add(20 * time.Minute)
		ch.Note(chart.Note{ID: fmt.Sprint("l", i), Event: "T02", Kind: "DS", Author: "d1", Patient: "p", Claimed: at.Add(-time.Duration(i%60) * time.Hour), Said: at}, chart.Around{})
		ch.Tick(at)
	}
	letter := note(60 * time.Hour)
	letter.Kind = "DS"
	ch.Note(letter, chart.Around{Duty: chart.No})
	expect(t, ch.Tick(clock().Add(time.Hour)))
	ch.Note(note(60*time.Hour), chart.Around{Duty: chart.No})
	expect(t, ch.Tick(clock().Add(2*time.Hour)), "back-dated 23: late days off-duty")
	letter.ID, letter.Claimed, letter.Said = "m2", clock().AddDate(0, 0, -9), clock().Add(3*time.Hour)
	ch.Note(letter, chart.Around{Duty: chart.No})
	expect(t, ch.Tick(clock().Add(4*time.Hour)), "back-dated 23: late days off-duty")
}

func TestBurstOfAmendments(t *testing.T) {
	for _, c := range []struct {
		name    string
		n       int
		every   time.Duration
		trigger time.Duration // before; 0 for none
		want    []string
	}{
		{"three", 3, time.Minute, 24 * time.Hour, nil},
		{"nine after a complaint", 9, 2 * time.Minute, 24 * time.Hour, []string{"amended 18: many trigger"}},
		{"nine that nobody complained of", 9, 2 * time.Minute, 0, nil},
		{"thirty that nobody complained of", 30, time.Minute, 0, nil},
		{"nine over two days", 9, 6 * time.Hour, 24 * time.Hour, nil},
		{"nine after a complaint of last year", 9, 2 * time.Minute, 9000 * time.Hour, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := chart.New()
			var found []chart.Finding
			for i := range c.n {
				n := note(0)
				n.ID, n.Event, n.Parent, n.Said = fmt.Sprint("m", i), "T10", fmt.Sprint("D", i), clock().Add(time.Duration(i)*c.every)
				a := chart.Around{}
				if c.trigger > 0 {
					a.Trigger = clock().Add(-c.trigger)
				}
				found = append(found, ch.Note(n, a)...)
				found = append(found, ch.Tick(n.Said)...)
			}
			expect(t, found, c.want...)
		})
	}
}

func TestMerges(t *testing.T) {
	rita := chart.Person{Family: "roe", Given: "rita", Sound: "r", Born: "1956", Sex: "F", National: "1"}
	with := func(change func(*chart.Person)) chart.Person {
		p := rita
		change(&p)
		return p
	}
	for _, c := range []struct {
		name    string
		retired chart.Person
		want    []string
	}{
		{"the same", rita, nil},
		{"a typing mistake in the name", with(func(p *chart.Person) { p.Family, p.Given = "rhoe", "ritta" }), nil},
		{"a typing mistake in the day of birth", with(func(p *chart.Person) { p.Born = "1965" }), nil},
		{"married", with(func(p *chart.Person) { p.Family, p.Sound = "doe", "d" }), nil},
		{"somebody unknown", chart.Person{}, nil},
		{"twins", with(func(p *chart.Person) { p.Given, p.National = "rosa", "" }), nil},
		{"twins of whom the register knows both", with(func(p *chart.Person) { p.Given, p.National = "rosa", "2" }), []string{"merged 17: given national"}},
		{"a stranger", chart.Person{Family: "doe", Given: "john", Sound: "d", Born: "1990", Sex: "M"}, []string{"merged 30: name given birth sex"}},
		{"a stranger of whom only the name is known", chart.Person{Family: "doe", Given: "john", Sound: "d"}, []string{"merged 15: name given"}},
		{"a celebrity of whom only the name is known", chart.Person{Family: "doe", Given: "john", Sound: "d", Protected: true}, []string{"merged 20: name given protected"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, chart.New().Merge(chart.Merge{ID: "m1", Survivor: rita, Retired: c.retired, Said: clock()}), c.want...)
		})
	}
}

func TestShots(t *testing.T) {
	give := func(ch *chart.Chart, n int, there chart.Truth, reported bool) (found []chart.Finding) {
		for i := range n {
			found = append(found, ch.Shot(chart.Shot{ID: fmt.Sprint("m", i), Author: "n17", Patient: fmt.Sprint("p", there, i), Given: clock(), Said: clock().Add(time.Duration(i) * time.Minute), There: there, Reported: reported})...)
		}
		return found
	}
	expect(t, give(chart.New(), 4, chart.No, false))
	expect(t, give(chart.New(), 60, chart.No, false), "unfounded 15: not-there")
	expect(t, give(chart.New(), 60, chart.No, true))   // told of other places
	expect(t, give(chart.New(), 60, chart.Yes, false)) // a day in the clinic
	expect(t, give(chart.New(), 60, chart.Unknown, false))
	ch := chart.New()
	give(ch, 40, chart.Yes, false)
	expect(t, give(ch, 6, chart.No, false)) // some were registered late
}

// again is the chart after a stop and a start.
func again(t *testing.T, ch *chart.Chart) *chart.Chart {
	t.Helper()
	learned, err := ch.Learned()
	if err != nil {
		t.Fatal(err)
	}
	restored := chart.New()
	if err := restored.Restore(learned); err != nil {
		t.Fatal(err)
	}
	return restored
}

// A stop forgets nothing of what was learned or told, nor what waits: a late note, half a burst, half a series.
func TestStopForgetsNothing(t *testing.T) {
	ch := chart.New()
	ch.Note(note(72*time.Hour), chart.Around{Duty: chart.No})
	ch = again(t, ch)
	expect(t, ch.Tick(clock().Add(time.Hour)), "back-dated 23: late days off-duty")
	ch = again(t, ch)
	ch.Note(note(72*time.Hour), chart.Around{Duty: chart.No})
	expect(t, ch.Tick(clock().Add(2*time.Hour)))

	ch = chart.New()
	var found []chart.Finding
	for i := range 9 {
		n := note(0)
		n.ID, n.Event, n.Parent, n.Said = fmt.Sprint("m", i), "T10", fmt.Sprint("D", i), clock().Add(time.Duration(i)*time.Minute)
		found = append(found, ch.Note(n, chart.Around{Trigger: clock().Add(-time.Hour)})...)
		ch = again(t, ch)
	}
	expect(t, found, "amended 18: many trigger")

	ch, found = chart.New(), nil
	for i := range 6 {
		found = append(found, ch.Shot(chart.Shot{ID: fmt.Sprint("m", i), Author: "n17", Patient: fmt.Sprint("p", i), Given: clock(), Said: clock().Add(time.Duration(i) * time.Minute), There: chart.No})...)
		ch = again(t, ch)
	}
	expect(t, found, "unfounded 15: not-there")
	if err := ch.Restore([]byte("{")); err == nil {
		t.Error("what cannot be read was restored")
	}
}
