package watch_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/watch"
)

func write(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// lately is a time that journals of tests may have been written at.
func lately() time.Time { return time.Now().UTC().Add(-10 * time.Minute).Truncate(time.Second) }

// TestFromEventToQueue goes the whole way: events, findings in the journal, the queue.
func TestFromEventToQueue(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := newWard(t, db())
		at := lately()
		first := w.say(harmless(at), deleted(at, "WS-1"), deleted(at.Add(time.Second), "ws-1"), deleted(at, "WS-2"))
		w.say(failed(at, "bob"), failed(at.Add(time.Second), "bob"), failed(at, "eve"))
		w.say(failed(at.Add(2*time.Second), "bob"), failed(at.Add(3*time.Second), "bob"),
			said{at: at, host: "WS-3", code: "3", fields: `,"DestinationIp":"203.0.113.7"`})
		w.say(harmless(at.Add(2 * time.Minute))) // settles what came before
		if err := w.follow(w.live(compile(t, rules, "203.0.113.7\n"))); err != nil {
			t.Fatal(err)
		}
		items := w.items(w.desk())
		var got []string
		for _, i := range items {
			got = append(got, fmt.Sprintf("%s %v %d", i.Rule.Title, i.Entities["host"], i.Count))
		}
		want := []string{"Address on the list list: 203.0.113.7 [WS-3] 1", "Backup deleted [WS-1 ws-1] 2", "Backup deleted [WS-2] 1", "Guessing [DC-1] 4"}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		for _, i := range items {
			for _, e := range i.Events {
				if e.Place == nil || !strings.Contains(w.sayAt(*e.Place), "EventID") {
					t.Errorf("%s: an event without its place", i.Rule.Title)
				}
			}
		}
		backup := items[0]
		if backup.Rule.Title != "Backup deleted" {
			backup = items[1]
		}
		if want := (finding.Place{Entry: first.Entry, Line: 1}); len(backup.Places) == 0 || backup.Places[0].Entry != want.Entry {
			t.Errorf("places %v, want one at %v", backup.Places, want)
		}
	})
}

// stream seals what the tests of restarts judge: entries that find something by themselves, entries that matter to a
// correlation only with others, and such that find nothing.
func stream(w *ward, at time.Time) {
	for n := range 12 {
		at := at.Add(time.Duration(n) * 20 * time.Second)
		w.say(harmless(at), failed(at, "bob"), failed(at.Add(time.Second), fmt.Sprint("user", n%4)))
		w.say(deleted(at, fmt.Sprint("WS-", n%3)), deleted(at, "WS-7"))
		w.say(harmless(at))
	}
	w.say(harmless(at.Add(time.Hour)))
}

// TestStoppedAnywhere kills the watcher at every step in turn and starts it again: the queue is the same as without.
func TestStoppedAnywhere(t *testing.T) {
	set, at := compile(t, rules, ""), lately()
	clean := newWard(t, sqlite(t))
	stream(clean, at)
	if err := clean.follow(clean.live(set)); err != nil {
		t.Fatal(err)
	}
	want := clean.queue(clean.desk())
	if len(want) < 5 {
		t.Fatalf("too little is found: %v", want)
	}
	for _, step := range []string{"judged", "filed", "durable", "noted"} {
		w := newWard(t, sqlite(t))
		stream(w, at)
		// Each time it comes a little further, without any clean end.
		w.killedAgainAndAgain(set, step, -1, func(n int) int { return n % 3 })
		if d := cmp.Diff(want, w.queue(w.desk())); d != "" {
			t.Errorf("%s: %s", step, d)
		}
	}
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := newWard(t, db())
		stream(w, at)
		// Each time it begins at the first entry again.
		w.killedAgainAndAgain(set, "filed", time.Hour, func(n int) int { return 4 * n })
		if d := cmp.Diff(want, w.queue(w.desk())); d != "" {
			t.Error(d)
		}
	})
}

func (w *ward) killedAgainAndAgain(set *watch.Set, step string, checkpoint time.Duration, after func(n int) int) {
	w.t.Helper()
	for n := 0; ; n++ {
		killed, err := w.killedAt(set, step, checkpoint, after(n))
		if err != nil {
			w.t.Fatal(err)
		}
		if !killed && n < 5 {
			w.t.Errorf("%s: killed %d times only", step, n)
		}
		if !killed {
			return
		}
	}
}

var errKilled = errors.New("killed")

// killedAt runs the watcher until it has come to that step more than n times, or to the end.
func (w *ward) killedAt(set *watch.Set, step string, checkpoint time.Duration, n int) (killed bool, err error) {
	l := w.live(set, func(c *watch.LiveConfig) { c.Checkpoint = checkpoint })
	seen := 0
	l.FailAt(func(s string) error {
		if s == step {
			if seen++; seen > n {
				return errKilled
			}
		}
		return nil
	})
	err = w.follow(l)
	if errors.Is(err, errKilled) {
		return true, nil
	}
	return false, err
}

// A stream that becomes quiet settles what waits, and a kill in the middle of it makes no difference.
func TestQuietStreamFires(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		for _, kill := range []string{"", "filed", "durable", "noted"} {
			w := newWard(t, sqlite(t))
			now := time.Now().UTC()
			w.say(failed(now, "bob"), failed(now, "bob"), failed(now, "bob"))
			set := compile(t, rules, "")
			l := w.live(set, func(c *watch.LiveConfig) { c.Checkpoint = time.Hour })
			if err := w.during(l, func(func() bool) {
				until(t, "the entry to be judged", func() bool { return l.State().Waiting == 3 })
				if err := l.Tick(w.t.Context(), now.Add(59*time.Second)); err != nil {
					t.Error(err)
				}
				if l.State().Waiting != 3 {
					t.Error("settled too early")
				}
				seen := 0
				l.FailAt(func(step string) error {
					if seen++; step == kill && seen > 2 { // the intent is durable and noted by then
						return errKilled
					}
					return nil
				})
				if err := l.Tick(w.t.Context(), now.Add(61*time.Second)); kill != "" && !errors.Is(err, errKilled) && kill == "filed" {
					t.Errorf("%s: not killed: %v", kill, err)
				}
				l.FailAt(nil)
			}); err != nil {
				t.Error(err)
			}
			again := w.live(set)
			if err := w.during(again, func(func() bool) {
				until(t, "the rest to be settled", func() bool { s := again.State(); return s.Watching && s.Waiting == 0 })
			}); err != nil {
				t.Error(err)
			}
			if d := cmp.Diff([]string{"Guessing DC-1 bob 3"}, w.queue(w.desk())); d != "" {
				t.Errorf("killed at %q: %s", kill, d)
			}
		}
	})
}

// TestFloodIsGathered: a rule that matches everywhere fills neither the journal nor the queue, and no match goes uncounted.
func TestFloodIsGathered(t *testing.T) {
	w := newWard(t, sqlite(t))
	at := lately()
	for n := range 50 {
		w.say(deleted(at.Add(time.Duration(n)*time.Second), fmt.Sprint("WS-", n)), deleted(at, fmt.Sprint("WS-", n)))
	}
	w.say(harmless(at))
	l := w.live(compile(t, rules, ""), func(c *watch.LiveConfig) { c.Flood = 5 })
	if err := w.during(l, func(func() bool) {
		// What was filed is in the journal, too, and while that is not read its own clock counts.
		until(t, "all to be judged", func() bool { next := l.State().Next; return next >= 51 && next >= w.journal.Size() })
		if r := l.Rules()[0]; !r.Flooding || r.Hits != 100 {
			t.Errorf("%+v", r)
		}
		if err := l.Tick(w.t.Context(), time.Now().Add(2*time.Minute)); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	var filed, events int
	for n := range w.journal.Size() {
		e, err := w.journal.Entry(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if e.Header.Kind == journal.Findings {
			filed += e.Header.Count
		}
	}
	items := w.items(w.desk())
	for _, i := range items {
		events += i.Count
	}
	if len(items) != 6 || filed != 7 || events != 100 {
		t.Errorf("%d findings of %d events in %d lines; want 6, 100, 7", len(items), events, filed)
	}
	if title := items[0].Rule.Title + items[len(items)-1].Rule.Title; !strings.Contains(title, "Many more: Backup deleted") {
		t.Errorf("no notice of the flood: %s", title)
	}
}

// What cannot be read is counted, and what other kinds of entries say is no event.
func TestUnreadableLinesStopNothing(t *testing.T) {
	w := newWard(t, sqlite(t))
	bad := w.line(deleted(lately(), "WS-1"))
	bad.JSON = []byte(`{"id":"no event"}`)
	good := w.line(deleted(lately(), "WS-2"))
	if _, err := w.journal.Append(t.Context(), bad, good); err != nil {
		t.Fatal(err)
	}
	good.Kind = journal.Damaged
	if _, err := w.journal.Append(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	l := w.live(compile(t, rules, ""))
	if err := w.follow(l); err != nil {
		t.Fatal(err)
	}
	if s := l.State(); s.Unread != 1 || s.Events != 1 {
		t.Errorf("%+v", s)
	}
	if d := cmp.Diff([]string{"Backup deleted WS-2 ada 1"}, w.queue(w.desk())); d != "" {
		t.Error(d)
	}
}

// A new set takes over between two entries; what has not changed remembers.
func TestSwap(t *testing.T) {
	w := newWard(t, sqlite(t))
	at := lately()
	l := w.live(compile(t, rules, ""))
	if err := w.during(l, func(func() bool) {
		w.say(failed(at, "bob"), failed(at.Add(time.Second), "bob"), deleted(at, "WS-1"))
		until(t, "the first entry", func() bool { return l.State().Events == 3 })
		more := strings.Replace(rules, "delete shadows", "delete catalog", 1)
		from, err := l.Swap(t.Context(), compile(t, more, ""), 0, nil)
		if err != nil || from < 1 {
			t.Errorf("from %d, %v", from, err)
		}
		if r := l.Rules(); r[0].Hits != 0 || r[1].Hits != 2 {
			t.Errorf("the changed rule begins anew, the other does not: %d and %d hits", r[0].Hits, r[1].Hits)
		}
		w.say(failed(at.Add(2*time.Second), "bob"), deleted(at, "WS-2"))
		w.say(harmless(at.Add(5 * time.Minute)))
		until(t, "the rest", func() bool { return l.State().Events == 6 })
	}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"Backup deleted WS-1 ada 1", "Guessing DC-1 bob 3"}, w.queue(w.desk())); d != "" {
		t.Error(d)
	}
}

// A rule that takes too much time is not asked any more, and somebody is told.
func TestDearRuleIsSuspended(t *testing.T) {
	w := newWard(t, sqlite(t))
	at := lately()
	l := w.live(compile(t, rules, ""), func(c *watch.LiveConfig) {
		c.RuleShare, c.RuleCost, c.RuleWindow, c.Checkpoint = 1e-12, 1, time.Minute, time.Hour
	})
	if err := w.during(l, func(func() bool) {
		now := time.Now()
		tick := func(after time.Duration) {
			if err := l.Tick(w.t.Context(), now.Add(after)); err != nil {
				t.Error(err)
			}
		}
		until(t, "it to begin", func() bool { return l.State().Watching })
		tick(0)
		var many []said
		for range 64 { // one in 16 is measured
			many = append(many, deleted(at, "WS-1"))
		}
		w.say(many...)
		until(t, "the first entry", func() bool { return l.State().Events == 64 })
		tick(59 * time.Second)
		if l.Rules()[0].Suspended {
			t.Error("suspended before the time is over")
		}
		tick(60 * time.Second)
		r := l.Rules()
		if !r[0].Suspended || r[0].CPU <= 0 || r[1].Suspended {
			t.Errorf("%+v", r[:2])
		}
		w.say(deleted(at, "WS-1"))
		until(t, "the second entry", func() bool { return l.State().Events == 65 })
		if hits := l.Rules()[0].Hits; hits != 64 {
			t.Errorf("%d hits, want 64", hits)
		}
		if _, err := l.Swap(t.Context(), compile(t, rules, "203.0.113.7\n"), 0, nil); err != nil {
			t.Error(err)
		}
		if !l.Rules()[0].Suspended {
			t.Error("the same rule in another set is back")
		}
	}); err != nil {
		t.Fatal(err)
	}
	items := w.items(w.desk())
	if len(items) != 2 || items[0].Rule.Title != "Rule suspended: Backup deleted" && items[1].Rule.Title != "Rule suspended: Backup deleted" {
		t.Errorf("%d findings", len(items))
	}
}

// An entry that is damaged is passed over and counted; detection goes on.
func TestDamagedEntryIsPassedOver(t *testing.T) {
	w := newWard(t, sqlite(t))
	at := lately()
	w.say(deleted(at, "WS-1"))
	hurt := w.say(deleted(at, "WS-2"))
	w.say(deleted(at, "WS-3"))
	e, err := w.journal.Entry(t.Context(), hurt.Entry)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, filepath.Join(w.dir, "segments", filepath.FromSlash(e.Header.Segment)), e.Header.Offset+e.Header.Size/2)
	l := w.live(compile(t, rules, ""))
	if err := w.follow(l); err != nil {
		t.Fatal(err)
	}
	if s := l.State(); s.Damaged != 1 || s.Events != 2 {
		t.Errorf("%+v", s)
	}
}

// flip changes one byte of a file.
func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}
