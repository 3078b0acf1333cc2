package watch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/index/child"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/watch"
)

// TestMain lets the test binary be the search process, as the product's binary is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == index.Command {
		if err := child.Run(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func (w *ward) hunter(change ...func(*watch.HunterConfig)) *watch.Hunter {
	w.t.Helper()
	cfg := watch.HunterConfig{Journal: w.journal, DB: w.db, Vault: w.veil.Vault(), Taxonomy: w.tax, Log: quiet(), Desk: w.desk()}
	for _, c := range change {
		c(&cfg)
	}
	h, err := watch.NewHunter(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

func (w *ward) hunt(h *watch.Hunter, q watch.Question) watch.Answer {
	w.t.Helper()
	a, err := h.Hunt(w.t.Context(), q, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestHuntAnswers(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := newWard(t, db())
		day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		for n := range 30 {
			at := day.AddDate(0, 0, n)
			w.say(harmless(at), harmless(at.Add(time.Minute)))
			if n%10 == 3 {
				w.say(deleted(at, "WS-1"), said{at: at, host: "WS-3", code: "3", fields: `,"DestinationIp":"203.0.113.7"`})
				w.say(failed(at.Add(2*time.Second), "bob"), failed(at, "bob"))
				w.say(failed(at.Add(time.Second), "bob"))
			}
		}
		h := w.hunter()
		set := compile(t, rules, "203.0.113.7\n198.51.100.1\n")
		seen := w.hunt(h, watch.Question{Title: "Was that here before?", Set: set, By: "ada"})
		want := watch.Answer{
			Title: "Was that here before?", By: "ada", Version: set.Version(), Rules: 3, Listed: 2, Days: 30, Entries: 39, Events: 75, Judged: 75,
			Seen: 15, First: day.AddDate(0, 0, 3), Last: day.AddDate(0, 0, 23).Add(2 * time.Second), Distinct: 3,
		}
		if d := cmp.Diff(want, seen, cmpopts.IgnoreFields(watch.Answer{}, "ID", "Asked", "Took", "Findings", "Place")); d != "" {
			t.Error(d)
		}
		var found []string
		for _, f := range seen.Findings {
			found = append(found, fmt.Sprint(f.Rule.Title, " ", f.Count, " ", len(f.Events[0].Fields) > 20, " ", f.Events[0].Place != nil))
		}
		if d := cmp.Diff([]string{"Backup deleted 3 true true", "Address on the list list: 203.0.113.7 3 true true", "Guessing 9 true true"}, found); d != "" {
			t.Error(d)
		}
		// From is in, To is not.
		some := w.hunt(h, watch.Question{Set: set, From: day.AddDate(0, 0, 13), To: day.AddDate(0, 0, 23)})
		if some.Events != 25 || some.Days != 10 || some.Seen != 5 || !some.First.Equal(day.AddDate(0, 0, 13)) {
			t.Errorf("%+v", some)
		}
		none := w.hunt(h, watch.Question{Set: compile(t, strings.ReplaceAll(rules, "4625", "4699"), ""), From: day.AddDate(0, 0, 14), To: day.AddDate(0, 0, 20)})
		if none.Seen != 0 || none.Distinct != 0 || none.Events != 12 || none.Days != 6 {
			t.Errorf("%+v", none)
		}
		w.answersAre(h, none, some, seen)
	})
}

// answersAre looks for answers in the list, the latest first, and for the sealed ones in the journal.
func (w *ward) answersAre(h *watch.Hunter, want ...watch.Answer) {
	w.t.Helper()
	listed, err := h.Answers(w.t.Context(), 10)
	if err != nil {
		w.t.Fatal(err)
	}
	if d := cmp.Diff(want, listed, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(finding.Evidence{}, "Fields")); d != "" {
		w.t.Error(d)
	}
	for _, a := range want {
		e, err := w.journal.Entry(w.t.Context(), a.Place.Entry)
		if err != nil || e.Header.Kind != journal.Answers {
			w.t.Fatal(err, e)
		}
		for _, line := range e.Lines() {
			if !strings.Contains(string(line), a.ID) {
				w.t.Errorf("the entry at %v is not the answer", a.Place)
			}
		}
	}
	// They come back from the journal.
	if _, err := w.db.Exec("DELETE FROM watch_answers"); err != nil {
		w.t.Fatal(err)
	}
	if err := w.follow(w.live(compile(w.t, rules, ""))); err != nil {
		w.t.Fatal(err)
	}
	again, err := h.Answers(w.t.Context(), 10)
	if err != nil {
		w.t.Fatal(err)
	}
	if d := cmp.Diff(listed, again); d != "" {
		w.t.Error(d)
	}
}

func TestHuntPassesOverDamage(t *testing.T) {
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
	if a := w.hunt(w.hunter(), watch.Question{Set: compile(t, rules, "")}); a.Seen != 2 || a.Damaged != 1 || a.Events != 2 {
		t.Errorf("%+v", a)
	}
}

func TestHuntEndsWithItsContext(t *testing.T) {
	w := newWard(t, sqlite(t))
	w.say(deleted(lately(), "WS-1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.hunter().Hunt(ctx, watch.Question{Set: compile(t, rules, "")}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// TestActivate: what a new rule would have found is in the queue once, whatever was stopped in between.
func TestActivate(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := newWard(t, db())
		at := lately()
		more := rules + "---\n" + `title: Session ended
id: 6f2b8f5e-0000-4000-8000-000000000009
level: low
logsource: {product: windows, service: security}
detection: {s: {EventID: 4634}, condition: s}
---
title: Many ends
id: 6f2b8f5e-0000-4000-8000-000000000010
level: low
correlation: {type: event_count, rules: [failed], group-by: [Computer], timespan: 5m, condition: {gte: 4}}
`
		w.say(deleted(at, "WS-1"), harmless(at), said{at: at, host: "WS-3", code: "3", fields: `,"DestinationIp":"203.0.113.7"`})
		w.say(failed(at, "bob"), failed(at.Add(time.Second), "bob"), failed(at, "bob"), failed(at, "eve"))
		old, set := compile(t, rules, "203.0.113.7\n"), compile(t, more, "203.0.113.7\nevil.example\n")
		l := w.live(old)
		if err := w.during(l, func(func() bool) {
			until(t, "the past", func() bool { return l.State().Events == 7 })
			h := w.hunter(func(c *watch.HunterConfig) { c.Live = l })
			if a, err := h.Activate(t.Context(), l.Set(), set, "ada", nil); err != nil || a.Seen != 5 || a.Distinct != 2 {
				t.Errorf("%+v, %v", a, err)
			}
			if err := h.Done(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if _, err := h.Activate(t.Context(), l.Set(), set, "ada", nil); !errors.Is(err, watch.ErrActive) {
				t.Errorf("activated twice: %v", err)
			}
			w.say(harmless(at.Add(20*time.Minute)), deleted(at, "WS-1"))
			until(t, "the present", func() bool { return l.State().Events == 9 })
			// A node that lost its settings in between does it again.
			if _, err := l.Swap(t.Context(), old, 0, nil); err != nil {
				t.Error(err)
			}
			if a, err := h.Activate(t.Context(), l.Set(), set, "ada", nil); err != nil || a.Events != 0 {
				t.Errorf("%+v, %v", a, err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		want := []string{"Address on the list list: 203.0.113.7 WS-3 1", "Backup deleted WS-1 ada 2", "Guessing DC-1 bob 3", "Many ends DC-1 bob eve 4", "Session ended WS-9 bob 2"}
		if d := cmp.Diff(want, w.queue(w.desk())); d != "" {
			t.Error(d)
		}
	})
}

// TestTry: before a rule is changed, they see what they would lose.
func TestTry(t *testing.T) {
	w := newWard(t, sqlite(t))
	at, desk := lately(), w.desk()
	w.say(deleted(at, "WS-1"), deleted(at, "WS-2"), deleted(at, "WS-3"))
	w.say(said{at: at, host: "WS-1", code: "1", fields: `,"CommandLine":"wmic shadowcopy delete"`}, said{at: at, host: "WS-4", code: "1", fields: `,"CommandLine":"wmic shadowcopy delete"`})
	w.say(said{at: at, host: "WS-3", code: "1", fields: `,"CommandLine":"/quiet delete shadows"`})
	before := compile(t, rules, "")
	if err := w.follow(w.live(before)); err != nil {
		t.Fatal(err)
	}
	for _, i := range w.items(desk) {
		v := triage.False
		if i.Entities["host"][0] == "WS-2" {
			v = triage.True
		}
		if err := desk.Judge(t.Context(), i.ID, v, "because", "ada"); err != nil {
			t.Fatal(err)
		}
	}
	after := compile(t, strings.Replace(rules, "CommandLine|contains: 'delete shadows'", "CommandLine|contains: ['shadowcopy delete', 'quiet delete']", 1), "")
	got, err := w.hunter(func(c *watch.HunterConfig) { c.Desk = desk }).Try(t.Context(), before, after, time.Time{}, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := watch.Trial{Before: 3, After: 3, Gone: 1, New: 1, EventsGone: 2, EventsNew: 1, GoneTrue: 1, Events: 6, Days: 1}
	want.EventsGone = 2 // that of WS-2, and one of two of WS-3
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(watch.Trial{}, "Took", "Lost")); d != "" || len(got.Lost) != 1 {
		t.Error(d)
	}
}

// indexed runs an index over the journal until the test ends.
func (w *ward) indexed() *index.Index {
	w.t.Helper()
	cfg := index.DefaultConfig(w.t.TempDir(), w.veil)
	cfg.FlushInterval, cfg.Memory, cfg.MinFree = time.Second, 64<<20, 1<<20
	x, err := index.Open(cfg, quiet())
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- x.Run(ctx, func(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
			return w.journal.Follow(ctx, from, func(ctx context.Context, e *journal.Entry) error {
				b := index.Batch{Entry: e.Index}
				if e.Header.Kind == journal.Events {
					b.Lines = e.Lines()
				}
				return handle(ctx, b)
			})
		})
	}()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	return x
}

// TestIndexRulesOutOnlyWhatCannotMatch asks the same questions with and without an index.
func TestIndexRulesOutOnlyWhatCannotMatch(t *testing.T) {
	w := newWard(t, sqlite(t))
	at := lately()
	random := rand.New(rand.NewPCG(1, 2))
	texts := []string{
		`,"CommandLine":"VSSadmin DeLeTe ShAdOwS"`, `,"CommandLine":["x\"y","delete\u0020shadows\\now"]`, `,"process":{"command_line":"delete shadows"}`,
		`,"CommandLine":"` + strings.Repeat("long ", 60_000) + `","Then":"x","CommandLine":"delete shadows"`,
		`,"DestinationIp":"::ffff:203.0.113.7"`, `,"Message":"to 203.0.113.7:443"`, `,"Url":"https:\/\/x.example\/?q=http%3A%2F%2F203.0.113.7%2F"`,
		`,"Ips":["198.51.100.9","a\n203.0.113.7_"]`, `,"CommandLine":"deleteshadows"`, `,"Version":"7.0.113.4"`,
	}
	for n := range 400 {
		when := at.Add(time.Duration(n) * time.Second)
		e := said{at: when, host: fmt.Sprint("WS-", n%5), code: "1", fields: `,"N":` + fmt.Sprint(n)}
		if n%20 == 7 {
			e.fields += texts[random.IntN(len(texts))]
		}
		if n < len(texts) {
			e.fields += texts[n]
			e.at, e.received = when.AddDate(-n, 0, 0), when // also times that no index believes
		}
		w.say(e)
	}
	x := w.indexed()
	until(t, "the index", func() bool { return x.Through() >= w.journal.Size() && x.Healthy() == nil })
	with := w.hunter(func(c *watch.HunterConfig) { c.Index = x })
	without := w.hunter()
	list := "203.0.113.7\n"
	rule := strings.Split(rules, "---\n")[0]
	for name, q := range map[string]watch.Question{
		"a rule":       {Set: compile(t, rule, "")},
		"a list":       {Set: compile(t, "", list)},
		"both":         {Set: compile(t, rule, list)},
		"some of them": {Set: compile(t, rule, list), From: at.Add(100 * time.Second), To: at.Add(300 * time.Second)},
		"the far past": {Set: compile(t, rule, list), To: at.AddDate(-2, 0, 0)},
	} {
		fast, slow := w.hunt(with, q), w.hunt(without, q)
		if !fast.Index || slow.Index || fast.Judged >= slow.Judged && slow.Judged > 10 {
			t.Errorf("%s: %d of %d events judged with the index, %d without", name, fast.Judged, fast.Events, slow.Judged)
		}
		if slow.Seen == 0 {
			t.Errorf("%s: nothing is found", name)
		}
		if d := cmp.Diff(slow.Findings, fast.Findings); d != "" || slow.Seen != fast.Seen {
			t.Errorf("%s: %d seen, %d with the index: %s", name, slow.Seen, fast.Seen, d)
		}
	}
	// What the index has not yet is read.
	w.say(deleted(at, "WS-99"))
	if a := w.hunt(with, watch.Question{Set: compile(t, rule, "")}); !a.Index || a.Seen == 0 || a.Findings[len(a.Findings)-1].Entities["host"] == nil {
		t.Errorf("%+v", a)
	}
}
