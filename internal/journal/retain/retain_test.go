package retain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/journal/retain"
)

var monday = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func day(n int) time.Time { return monday.AddDate(0, 0, n) }

// book has one segment a day of events and one of findings, "event/0" to "event/9".
func book(t *testing.T) *retain.Book {
	t.Helper()
	b := retain.New()
	for n := range 10 {
		for _, kind := range []string{"event", "finding"} {
			h := retain.Header{Index: b.Through, Kind: kind, Segment: fmt.Sprintf("%s/%d", kind, n), Received: day(n), Sources: []string{fmt.Sprint("lab", n)}}
			if err := b.Add(h, day(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b
}

func TestDueIsWhatIsOlderAndNotHeld(t *testing.T) {
	for name, test := range map[string]struct {
		hold retain.Hold
		due  []string
		held int
	}{
		"nothing held":        {retain.Hold{Kind: "finding"}, []string{"event/0", "event/1", "event/2"}, 0},
		"everything held":     {retain.Hold{}, nil, 3},
		"a kind held":         {retain.Hold{Kind: "event"}, nil, 3},
		"a source held":       {retain.Hold{Source: "lab1"}, []string{"event/0", "event/2"}, 1},
		"a time held":         {retain.Hold{From: day(1), To: day(1)}, []string{"event/0", "event/2"}, 1},
		"from a time on held": {retain.Hold{From: day(1).Add(time.Second)}, []string{"event/0", "event/1"}, 1},
		"up to a time held":   {retain.Hold{To: day(1).Add(-time.Second)}, []string{"event/1", "event/2"}, 1},
		"time without source": {retain.Hold{From: day(1), To: day(1), Source: "lab2"}, []string{"event/0", "event/1", "event/2"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := book(t)
			b.Holds["h"] = test.hold
			due, held := b.Due("event", day(3))
			if diff := cmp.Diff(due, test.due, cmpopts.EquateEmpty()); diff != "" || held != test.held {
				t.Errorf("held %d, want %d; %s", held, test.held, diff)
			}
		})
	}
}

func TestLinesOfAnotherDayAreHeldWithTheirSegment(t *testing.T) {
	b := retain.New()
	if err := b.Add(retain.Header{Kind: "event", Segment: "event/0", Received: day(5), First: day(1), Last: day(2)}, day(5)); err != nil {
		t.Fatal(err)
	}
	b.Holds["h"] = retain.Hold{To: day(1)}
	if due, held := b.Due("event", day(9)); len(due) != 0 || held != 1 {
		t.Errorf("due %v, held %d", due, held)
	}
}

func TestTooManySourcesAreHeldByAnySource(t *testing.T) {
	b := retain.New()
	for n := range uint64(300) {
		if err := b.Add(retain.Header{Index: n, Kind: "event", Segment: "event/0", Received: day(0), Sources: []string{fmt.Sprint("s", n)}}, day(0)); err != nil {
			t.Fatal(err)
		}
	}
	b.Holds["h"] = retain.Hold{Source: "s299"}
	if due, held := b.Due("event", day(9)); len(due) != 0 || held != 1 {
		t.Errorf("due %v, held %d", due, held)
	}
}

// TestAWrongClockMakesNothingOld: an entry that was received while the clock stood in 1970, or in 2036, is as old as its neighbours.
func TestAWrongClockMakesNothingOld(t *testing.T) {
	for name, wrong := range map[string]time.Time{"past": time.Unix(0, 0), "future": day(3650)} {
		b := retain.New()
		for n, at := range []time.Time{day(5), wrong, day(5).Add(time.Hour)} {
			h := retain.Header{Index: uint64(n), Kind: "event", Segment: fmt.Sprint("event/", n), Received: at}
			if err := b.Add(h, day(5).Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if due, _ := b.Due("event", day(4)); len(due) != 0 {
			t.Errorf("%s: %v would be deleted", name, due)
		}
		if due, _ := b.Due("event", day(6)); len(due) != 3 {
			t.Errorf("%s: only %v would be deleted after their time", name, due)
		}
	}
}

func TestHeadersComeInOrder(t *testing.T) {
	b := book(t)
	if err := b.Add(retain.Header{Index: b.Through + 1}, monday); !errors.Is(err, retain.ErrOrder) {
		t.Errorf("got %v", err)
	}
}

func TestBookSurvivesItsFile(t *testing.T) {
	b := book(t)
	b.Holds["h"] = retain.Hold{ID: "h", From: day(1), Reason: "case 7"}
	b.Bury("event/3", retain.Stone{At: day(9), Entry: 20})
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	again := retain.New()
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, b); diff != "" {
		t.Error(diff)
	}
}

// TestNothingYoungOrHeldIsEverDue makes up journals.
func TestNothingYoungOrHeldIsEverDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := retain.New()
		type entry struct {
			segment string
			at      time.Time
			source  string
		}
		var entries []entry
		for n := range rapid.IntRange(1, 60).Draw(t, "entries") {
			e := entry{fmt.Sprint("event/", rapid.IntRange(0, 8).Draw(t, "segment")), day(n), fmt.Sprint("s", rapid.IntRange(0, 5).Draw(t, "source"))}
			entries = append(entries, e)
			h := retain.Header{Index: uint64(n), Kind: "event", Segment: e.segment, Received: e.at, Sources: []string{e.source}}
			if err := b.Add(h, e.at); err != nil {
				t.Fatal(err)
			}
		}
		hold := retain.Hold{Source: fmt.Sprint("s", rapid.IntRange(0, 5).Draw(t, "held source")), From: day(rapid.IntRange(0, 60).Draw(t, "from"))}
		hold.To = hold.From.AddDate(0, 0, rapid.IntRange(0, 20).Draw(t, "days"))
		b.Holds["h"] = hold
		before := day(rapid.IntRange(0, 70).Draw(t, "before"))
		due, _ := b.Due("event", before)
		for _, e := range entries {
			isHeld := e.source == hold.Source && !e.at.Before(hold.From) && !e.at.After(hold.To)
			for _, name := range due {
				if name == e.segment && (isHeld || !e.at.Before(before)) {
					t.Fatalf("%v would be deleted", e)
				}
			}
		}
	})
}

func TestClockJumps(t *testing.T) {
	type sight struct {
		now time.Time
		up  time.Duration // 1: just started
	}
	for name, test := range map[string]struct {
		see  []sight
		want error
	}{
		"no jump":               {[]sight{{monday, 1}, {monday.Add(30 * time.Minute), 30 * time.Minute}, {day(1), 24 * time.Hour}}, nil},
		"small correction":      {[]sight{{monday, 1}, {monday.Add(50 * time.Minute), 2}}, nil},
		"ten years ahead":       {[]sight{{monday, 1}, {day(3650), time.Minute}}, retain.ErrClock},
		"ten years back":        {[]sight{{monday, 1}, {day(-3650), time.Minute}}, retain.ErrClock},
		"ahead and back":        {[]sight{{monday, 1}, {day(4), time.Minute}, {monday.Add(2 * time.Minute), 2 * time.Minute}}, retain.ErrClock},
		"restart after minutes": {[]sight{{monday, time.Hour}, {monday.Add(5 * time.Minute), 1}}, nil},
		"restart after days":    {[]sight{{monday, time.Hour}, {day(4), 1}}, retain.ErrClock},
	} {
		t.Run(name, func(t *testing.T) {
			c := &retain.Clock{}
			for _, s := range test.see {
				if s.up == 1 {
					c = &retain.Clock{Wall: c.Wall, Suspect: c.Suspect}
				}
				c.See(s.now, s.up)
			}
			last := test.see[len(test.see)-1]
			if err := c.Check(last.now); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			c.Confirm(last.now, last.up)
			if err := c.Check(last.now); err != nil {
				t.Errorf("after a person confirmed: %v", err)
			}
			if err := c.Check(last.now.AddDate(1, 0, 0)); !errors.Is(err, retain.ErrClock) {
				t.Errorf("with another date than the clock's: %v", err)
			}
		})
	}
}
