package watch_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/detect/indicator/feed"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/watch"
)

// ended is a rule that finds what is harmless.
const ended = `---
title: Session ended
id: 6f2b8f5e-0000-4000-8000-000000000009
level: low
logsource: {product: windows, service: security}
detection: {s: {EventID: 4634}, condition: s}
`

// shift lets a node work through changes of its rules, with a hunter for each.
type shift struct {
	*ward
	live *watch.Live
}

func (s *shift) activate(set *watch.Set) watch.Answer {
	s.t.Helper()
	h := s.hunter(func(c *watch.HunterConfig) { c.Live = s.live })
	a, err := h.Activate(s.t.Context(), s.live.Set(), set, "ada", nil)
	if err := errors.Join(err, h.Done(s.t.Context(), set)); err != nil {
		s.t.Fatal(err)
	}
	return a
}

// judged waits until all that was said is judged.
func (s *shift) judged() {
	s.t.Helper()
	size := s.journal.Size()
	until(s.t, "all to be judged", func() bool { return s.live.State().Next >= size })
}

func (w *ward) shift(set *watch.Set, work func(*shift)) {
	w.t.Helper()
	l := w.live(set)
	if err := w.during(l, func(func() bool) { work(&shift{w, l}) }); err != nil {
		w.t.Fatal(err)
	}
}

// listFile is a list of indicators that stays where it is when it changes.
type listFile string

func (l listFile) write(t *testing.T, text string) *indicator.Set {
	t.Helper()
	if err := os.WriteFile(string(l), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, problems, err := feed.Load([]string{string(l)}, feed.DefaultLimits())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return set
}

// What was at work before and comes back is asked about what passed since, and about nothing twice.
func TestRulesComeBack(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, at := newWard(t, db()), lately()
		list := listFile(filepath.Join(t.TempDir(), "bad.txt"))
		a, b := compileWith(t, rules+ended, list.write(t, "203.0.113.7\n")), compile(t, rules, "")
		bad := said{at: at, host: "WS-3", code: "3", fields: `,"DestinationIp":"203.0.113.7"`}
		w.shift(a, func(s *shift) {
			s.say(harmless(at), bad)
			s.judged()
			s.activate(b)
			s.say(harmless(at), harmless(at), bad)
			s.judged()
			if got := s.activate(a); got.Seen != 3 || got.Events != 3 || got.Rules != 1 || got.Listed != 1 {
				t.Errorf("seen %d times in %d events, asked with %d rules and %d indicators", got.Seen, got.Events, got.Rules, got.Listed)
			}
			s.say(harmless(at))
			s.judged()
			s.activate(b)
			if got := s.activate(a); got.Seen != 0 || got.Events != 0 {
				t.Errorf("nothing was said, and %d of %d events were seen", got.Seen, got.Events)
			}
			// With something that is new indeed, all is read, and what was asked before still counts once.
			s.activate(b)
			s.say(deleted(at, "WS-1"), bad)
			s.judged()
			more := strings.NewReplacer("Session ended", "Session over", "0009", "0010").Replace(ended)
			s.queue(s.desk()) // the desk knows all
			if got := s.activate(compileWith(t, rules+ended+more, list.write(t, "198.51.100.77\n203.0.113.7\n"))); got.Seen != 4+1 || got.Events != 8 {
				t.Errorf("seen %d times in %d events", got.Seen, got.Events)
			}
		})
		if d := cmp.Diff([]string{"Address on the list bad: 203.0.113.7 WS-3 3", "Backup deleted WS-1 ada 1", "Session ended WS-9 bob 4", "Session over WS-9 bob 4"}, w.queue(w.desk())); d != "" {
			t.Error(d)
		}
	})
}

// A rule that is written otherwise files what it did not find before, and leaves what people have judged alone.
func TestAChangedRuleFilesWhatIsNew(t *testing.T) {
	w, at, desk := newWard(t, sqlite(t)), lately(), (*triage.Desk)(nil)
	quiet := said{at: at, host: "WS-2", code: "1", fields: `,"CommandLine":"wmic shadowcopy delete"`}
	wider := strings.NewReplacer("'delete shadows'", "[delete shadows, shadowcopy delete]", "gte: 3", "gte: 2").Replace(rules)
	w.shift(compile(t, rules, ""), func(s *shift) {
		s.say(deleted(at, "WS-1"), quiet)
		s.say(failed(at, "bob"), failed(at, "bob"), failed(at, "bob"), failed(at, "eve"), failed(at, "eve"))
		s.say(harmless(at.Add(time.Hour)))
		s.judged()
		until(t, "what waits", func() bool { return s.live.State().Waiting == 0 })
		desk = s.desk()
		for _, i := range s.items(desk) {
			if err := desk.Judge(t.Context(), i.ID, triage.False, "a test of the backup", "ada"); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.activate(compile(t, wider, "")); got.Distinct != 2 {
			t.Errorf("%d findings are new, want those of WS-2 and of eve", got.Distinct)
		}
	})
	open := []string{}
	for _, i := range w.items(desk) {
		if i.State == triage.New {
			open = append(open, fmt.Sprint(i.Rule.Title, " ", i.Count))
		}
	}
	if d := cmp.Diff([]string{"Guessing 2", "Backup deleted 1"}, open); d != "" && cmp.Diff([]string{"Backup deleted 1", "Guessing 2"}, open) != "" {
		t.Error(d)
	}
}

// What a correlation that comes back saw before it went counts for what it sees since.
func TestACorrelationComesBackWithItsMemory(t *testing.T) {
	w, at := newWard(t, sqlite(t)), lately()
	a := compile(t, rules, "")
	b := compile(t, strings.Join(strings.Split(rules, "---\n")[:2], "---\n"), "")
	w.shift(a, func(s *shift) {
		s.say(failed(at, "bob"), failed(at.Add(time.Second), "bob"))
		s.say(harmless(at))
		s.judged()
		s.activate(b)
		s.say(failed(at.Add(2*time.Second), "bob"))
		s.judged()
		s.activate(a)
	})
	for _, line := range w.queue(w.desk()) {
		if line == "Guessing DC-1 bob 3" {
			return
		}
	}
	t.Error("the third failure was not joined to the two before")
}

// TestActivateStoppedAnywhere stops an activation, and the watcher with it, at every step in turn, and does it again.
func TestActivateStoppedAnywhere(t *testing.T) {
	for _, step := range []string{"filed", "noted", "swapped", "sealed"} {
		for n := range 2 {
			w, at := newWard(t, sqlite(t)), lately()
			was, set := compile(t, rules, ""), compile(t, rules+ended, "203.0.113.7\n")
			w.say(harmless(at), deleted(at, "WS-1"), said{at: at, host: "WS-3", code: "3", fields: `,"DestinationIp":"203.0.113.7"`})
			judgedBy, done := was, false
			for try := 0; !done; try++ {
				stop := ""
				if try == 0 {
					stop = step
				}
				done = w.activatedUntil(judgedBy, was, set, stop, n)
				version, err := watch.LiveVersion(t.Context(), w.db)
				if err != nil {
					t.Fatal(err)
				}
				if version == set.Version() {
					judgedBy = set
				}
			}
			want := []string{"Address on the list list: 203.0.113.7 WS-3 1", "Backup deleted WS-1 ada 1", fmt.Sprintf("Session ended WS-9 bob %d", w.harmless())}
			if d := cmp.Diff(want, w.queue(w.desk())); d != "" {
				t.Errorf("stopped at %s, time %d: %s", step, n, d)
			}
		}
	}
}

// activatedUntil runs a watcher and an activation until it has come to a step more than n times, or to the end.
func (w *ward) activatedUntil(judgedBy, was, set *watch.Set, step string, n int) (done bool) {
	w.t.Helper()
	l := w.live(judgedBy)
	err := w.during(l, func(func() bool) {
		s := &shift{w, l}
		s.judged()
		h := w.hunter(func(c *watch.HunterConfig) { c.Live = l })
		seen := 0
		h.StopAt(func(at string) error {
			if at == "noted" {
				w.say(harmless(lately())) // while the past is searched
			}
			if at == step {
				if seen++; seen > n {
					return errKilled
				}
			}
			return nil
		})
		a, err := h.Activate(w.t.Context(), was, set, "ada", nil)
		if done = err == nil; done && a.Seen < 2 {
			w.t.Errorf("%s: the answer forgot what was found before: %d", step, a.Seen)
		}
		if err != nil && !errors.Is(err, errKilled) {
			w.t.Error(err)
		}
		w.say(harmless(lately()))
		s.judged()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// harmless counts what is harmless in the journal.
func (w *ward) harmless() (n int) {
	w.t.Helper()
	for i := range w.journal.Size() {
		e, err := w.journal.Entry(w.t.Context(), i)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, line := range e.Lines() {
			if e.Header.Kind == journal.Events && strings.Contains(string(line), `"EventID":4634`) {
				n++
			}
		}
	}
	return n
}

// A rule that was suspended stays so when the node starts again, until it says something else or a person has it tried.
func TestSuspensionOutlastsRestart(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, at := newWard(t, db()), lately()
		dear := func(c *watch.LiveConfig) { c.RuleShare, c.RuleCost, c.Checkpoint = 1e-12, 1, time.Hour }
		l := w.live(compile(t, rules, ""), dear)
		if err := w.during(l, func(func() bool) {
			until(t, "it to begin", func() bool { return l.State().Watching })
			now := time.Now()
			if err := l.Tick(t.Context(), now); err != nil {
				t.Error(err)
			}
			for range 64 {
				w.say(deleted(at, "WS-1"))
			}
			until(t, "the entries", func() bool { return l.State().Events == 64 })
			if err := l.Tick(t.Context(), now.Add(time.Minute)); err != nil || !l.Rules()[0].Suspended {
				t.Error("it is not suspended", err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		other := w.live(compile(t, strings.Replace(rules, "delete shadows", "delete catalog", 1), ""))
		again := w.live(compile(t, rules, ""))
		for l, want := range map[*watch.Live]bool{other: false, again: true} {
			if err := l.Begin(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := l.Rules()[0].Suspended; got != want {
				t.Errorf("suspended: %v, want %v", got, want)
			}
		}
		if err := again.Resume(t.Context(), "Login failed"); !errors.Is(err, watch.ErrNotSuspended) {
			t.Errorf("another rule is tried again: %v", err)
		}
		if err := again.Resume(t.Context(), "backup deleted"); err != nil || again.Rules()[0].Suspended {
			t.Errorf("it is not tried again: %v", err)
		}
		last := w.live(compile(t, rules, ""))
		if err := w.during(last, func(func() bool) {
			w.say(deleted(at, "WS-5"))
			(&shift{w, last}).judged()
			if r := last.Rules()[0]; r.Suspended || r.Hits == 0 {
				t.Errorf("%+v", r)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// A flood that begins in the step in which all that was held back is released is filed once, and no event of it is lost: of
// one step the desk counts a finding once.
func TestFloodInOneStepIsFiledOnce(t *testing.T) {
	w, at := newWard(t, sqlite(t)), lately()
	many := rules + `---
title: Backup gone
name: gone
id: 6f2b8f5e-0000-4000-8000-000000000012
level: low
logsource: {product: windows, category: process_creation}
detection: {s: {CommandLine|contains: 'delete shadows'}, condition: s}
---
title: One failure
id: 6f2b8f5e-0000-4000-8000-000000000013
level: low
correlation: {type: event_count, rules: [failed], group-by: [TargetUserName], timespan: 5m, condition: {gte: 1}}
---
title: One backup
id: 6f2b8f5e-0000-4000-8000-000000000014
level: low
correlation: {type: event_count, rules: [gone], group-by: [Computer], timespan: 5m, condition: {gte: 1}}
`
	many = strings.Replace(many, "title: Backup deleted", "title: Nothing", 1)
	many = strings.Replace(many, "contains: 'delete shadows'", "contains: 'nothing of the kind'", 1)
	l := w.live(compile(t, many, ""), func(c *watch.LiveConfig) { c.Flood = 2 })
	if err := l.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := func(d time.Duration) {
		t.Helper()
		for n := l.State().Next; n < w.journal.Size(); n++ {
			e, err := w.journal.Entry(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Step(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Tick(t.Context(), time.Now().Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 4 {
		w.say(failed(at, fmt.Sprint("user-", n)))
	}
	later(2 * time.Minute) // two are filed, a notice, and one is held back
	for n := range 4 {
		w.say(deleted(at, fmt.Sprint("WS-", n)))
	}
	later(5 * time.Minute) // two are filed, a notice, and what is held back of both
	later(10 * time.Minute)
	events := 0
	for _, i := range w.items(w.desk()) {
		events += i.Count
	}
	if events != 8 {
		t.Errorf("%d events are in the queue, want 8: %v", events, w.queue(w.desk()))
	}
}

// What is listed of answers is bounded in bytes, whatever was found.
func TestAnswersAreBounded(t *testing.T) {
	w, at := newWard(t, sqlite(t)), lately()
	for n := range 40 {
		long := deleted(at, fmt.Sprint("WS-", n))
		long.fields += `,"Text":"` + strings.Repeat("long ", 12_000) + `"`
		for range 4 {
			w.say(long)
		}
	}
	h, set := w.hunter(), compile(t, rules, "")
	for range 6 {
		a := w.hunt(h, watch.Question{Set: set})
		size := 0
		for _, f := range a.Findings {
			for _, e := range f.Events {
				size += len(e.Fields)
			}
		}
		if a.Distinct != 40 || len(a.Findings) != 40 || size > 4<<20 || size < 1<<20 {
			t.Fatalf("%d of %d findings with %d bytes", len(a.Findings), a.Distinct, size)
		}
	}
	all, err := h.Answers(t.Context(), 10)
	if err != nil || len(all) != 6 {
		t.Fatal(len(all), err)
	}
	size := 0
	for _, a := range all {
		for _, f := range a.Findings {
			for _, e := range f.Events {
				size += len(e.Fields)
			}
		}
	}
	if size > 16<<20 || size < 8<<20 || all[5].Distinct != 40 {
		t.Errorf("%d bytes are listed", size)
	}
}
