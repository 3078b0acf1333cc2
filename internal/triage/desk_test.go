package triage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

// start is lately: people's acts are noted by the wall clock, and suppressions are made from now on.
var start = time.Now().UTC().Truncate(time.Hour).Add(-time.Hour)

// theVeil is the one of all desks: what one sealed another opens.
var theVeil = veiltest.New()

// ward is a desk with a journal that is told entry by entry.
type ward struct {
	*triage.Desk
	t    testing.TB
	next uint64
	now  time.Time // by the journal
}

func open(t *testing.T, db *store.DB) *ward {
	t.Helper()
	d, err := triage.Open(t.Context(), db, theVeil)
	if err != nil {
		t.Fatal(err)
	}
	return &ward{Desk: d, t: t, now: start}
}

// filed is what the watcher "live" finds in one step: events matches of a rule on a host.
func filed(rule, level, host string, events int, step uint64) triage.Filed {
	at := start.Add(time.Duration(step) * time.Second)
	return triage.Filed{
		Finding: finding.Finding{
			ID: rule + "@" + host, Kind: finding.Threat, Rule: finding.Rule{ID: rule, Title: "Rule " + rule, Level: level, Type: "rule"},
			Count: events, First: at, Last: at, Entities: map[string][]string{"host": {host}},
			Events: []finding.Evidence{{Source: "lab", Record: int64(step), Time: at, Fields: []byte(`{"a":1}`), Place: &finding.Place{Entry: step}}},
			Places: []finding.Place{{Entry: step}},
		},
		Watcher: "live", From: journal.Place{Entry: step},
	}
}

// entry lets the desk follow one entry of findings.
func (w *ward) entry(all ...triage.Filed) {
	w.t.Helper()
	var lines [][]byte
	for i := range all {
		l, err := triage.LineOf(&all[i])
		if err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, l.JSON)
	}
	w.lines(lines...)
}

func (w *ward) lines(lines ...[]byte) {
	w.t.Helper()
	h := journal.Header{Kind: journal.Findings, Count: len(lines), Received: w.now}
	if err := w.Handle(context.Background(), w.next, h, lines...); err != nil {
		w.t.Fatal(err)
	}
	w.next++
}

func (w *ward) get(id string) triage.Item {
	w.t.Helper()
	i, err := w.Get(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

func (w *ward) want(id string, state triage.State, events, notify int) {
	w.t.Helper()
	i := w.get(id)
	if i.State != state || i.Count != events || i.Notify != notify {
		w.t.Errorf("%s is %s with %d events, told %d times; want %s, %d, %d", id, i.State, i.Count, i.Notify, state, events, notify)
	}
}

func (w *ward) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestMatchesAreAddedUp(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := open(t, db())
		first := filed("r", "medium", "WS-1", 3, 1)
		second := filed("r", "medium", "WS-1", 4, 7)
		first.Finding.Entities["patient"] = []string{"4471-0099"}
		second.Finding.Entities["user"] = []string{"ada\x00"}
		w.entry(first, filed("r", "medium", "WS-2", 1, 1))
		w.entry(second)
		i := w.get("r@WS-1")
		want := finding.Finding{
			ID: "r@WS-1", Kind: finding.Threat, Rule: first.Finding.Rule, Count: 7, First: first.Finding.First, Last: second.Finding.Last,
			Entities: map[string][]string{"host": {"WS-1"}, "user": {"ada\x00"}, "patient": {theVeil.Vault().Token("", "4471-0099")}},
			Events:   append(first.Finding.Events, second.Finding.Events...), Places: []finding.Place{{Entry: 1}, {Entry: 7}},
		}
		for i := range want.Events {
			want.Events[i].Fields = []byte("null") // the journal has what they say
		}
		if d := cmp.Diff(want, i.Finding); d != "" {
			t.Error(d)
		}
		if !i.Opened.Equal(start) || i.State != triage.New {
			t.Errorf("opened %v, %s", i.Opened, i.State)
		}
		text, err := i.MarshalJSON()
		if err != nil || !strings.Contains(string(text), `"state":"new"`) || !strings.Contains(string(text), `"count":7`) {
			t.Errorf("%s, %v", text, err)
		}
	})
}

// A watcher that takes a finding for something else, as when an attack begins to stop what care needs, has people told again, at the same level.
func TestTakenForSomethingElse(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := open(t, db())
		w.entry(filed("r", "critical", "WS-1", 1, 1))
		w.entry(filed("r", "critical", "WS-1", 1, 2))
		w.want("r@WS-1", triage.New, 2, 1)
		worse := filed("r", "critical", "WS-1", 1, 3)
		worse.Finding.Rule.ID = "struck"
		w.entry(worse)
		w.want("r@WS-1", triage.New, 3, 2)
	})
}

// What cannot be read is counted, and the lines beside it are taken in.
func TestDamagedLinesLoseNothingElse(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := open(t, db())
		good, err := triage.LineOf(new(filed("r", "low", "WS-1", 1, 1)))
		w.must(err)
		w.lines([]byte(`{"finding":`), []byte(`{}`), good.JSON, []byte(`{"finding":{"id":"x","count":-1},"watcher":"live"}`))
		w.want("r@WS-1", triage.New, 1, 1)
		if w.Unread() != 3 {
			t.Errorf("%d lines unread, want 3", w.Unread())
		}
	})
}

// TestReplaysChangeNothing: whatever is filed again, and whenever the desk starts again, the queue is that
// of a run in which nothing went wrong.
func TestReplaysChangeNothing(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		base := db()
		rapid.Check(t, func(rt *rapid.T) {
			steps := drawSteps(rt)
			clean := play(t, rt, base, steps, nil)
			replays := rapid.SliceOfN(rapid.IntRange(0, 3), len(steps), len(steps)).Draw(rt, "replays")
			again := play(t, rt, base, steps, replays)
			if d := cmp.Diff(clean, again, cmpopts.EquateEmpty()); d != "" {
				rt.Fatal(d)
			}
		})
	})
}

// drawSteps draws what a watcher finds, step by step.
func drawSteps(t *rapid.T) [][]triage.Filed {
	var steps [][]triage.Filed
	for step := range rapid.IntRange(1, 8).Draw(t, "steps") {
		var all []triage.Filed
		for _, host := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "C"}), 0, 3, rapid.ID).Draw(t, "hosts") {
			level := rapid.SampledFrom([]string{"low", "high"}).Draw(t, "level")
			all = append(all, filed("r", level, host, rapid.IntRange(1, 40).Draw(t, "events"), uint64(step)))
		}
		steps = append(steps, all)
	}
	return steps
}

// play lets a desk follow the steps. replays[n] says how many of the steps before step n are filed once more before it,
// as a watcher does that was killed before it noted how far it was.
func play(t *testing.T, rt *rapid.T, base *store.DB, steps [][]triage.Filed, replays []int) []triage.Item {
	w := open(t, base)
	for _, table := range []string{"finding_acts", "finding_counted", "finding_entities", "findings", "positions", "finding_clock"} {
		if _, err := base.Exec("DELETE FROM " + table); err != nil {
			rt.Fatal(err)
		}
	}
	for n, step := range steps {
		if replays != nil {
			for again := max(0, n-replays[n]); again < n; again++ {
				w.entry(steps[again]...)
			}
			w = &ward{Desk: open(t, base).Desk, t: t, next: w.next}
		}
		w.now = start.Add(time.Duration(n) * time.Minute)
		w.entry(step...)
	}
	items, err := w.List(context.Background(), triage.Filter{})
	if err != nil {
		rt.Fatal(err)
	}
	return items
}

// An entry that comes again although its position was noted is passed over, too.
func TestEntriesAreHandledOnce(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := open(t, db())
		w.entry(filed("r", "low", "WS-1", 5, 1))
		w.next = 0
		w.entry(filed("r", "low", "WS-1", 5, 2))
		w.want("r@WS-1", triage.New, 5, 1)
	})
}

func TestPeopleAreToldAgain(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := open(t, db())
		w.entry(filed("r", "low", "WS-1", 1, 1))
		w.want("r@WS-1", triage.New, 1, 1)
		w.entry(filed("r", "low", "WS-1", 8, 2))
		w.want("r@WS-1", triage.New, 9, 1)
		w.entry(filed("r", "low", "WS-1", 1, 3))
		w.want("r@WS-1", triage.New, 10, 2) // ten
		w.entry(filed("r", "low", "WS-1", 5000, 4))
		w.want("r@WS-1", triage.New, 5010, 3) // once for two powers of ten
		w.must(w.Later(t.Context(), "r@WS-1", time.Now().Add(time.Hour), "ada"))
		w.entry(filed("r", "low", "WS-1", 1, 5))
		if w.get("r@WS-1").Later.IsZero() {
			t.Error("one more match is no reason to ask again now")
		}
		w.entry(filed("r", "critical", "WS-1", 1, 6))
		w.want("r@WS-1", triage.Seen, 5012, 4) // the level rose
		if !w.get("r@WS-1").Later.IsZero() {
			t.Error("a level that rises ends the delay")
		}
		w.entry(filed("r", "low", "WS-1", 1, 7))
		w.want("r@WS-1", triage.Seen, 5013, 4)
	})
}

func TestVerdicts(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, ctx := open(t, db()), t.Context()
		changes, stop := w.Changes()
		defer stop()
		w.entry(filed("r", "low", "WS-1", 1, 1))
		<-changes
		w.must(w.Assign(ctx, "r@WS-1", "ada", "bob"))
		w.must(w.Judge(ctx, "r@WS-1", triage.False, "the backup does that", "ada"))
		<-changes
		i := w.get("r@WS-1")
		if i.State != triage.Closed || i.Verdict != triage.False || i.Why == "" || i.Owner != "ada" || i.ClosedAt.IsZero() {
			t.Errorf("%+v", i)
		}
		w.must(w.Unjudge(ctx, "r@WS-1", "ada"))
		w.want("r@WS-1", triage.Seen, 1, 1)
		w.must(w.Judge(ctx, "r@WS-1", triage.True, "it was no backup", "ada"))
		w.must(w.Judge(ctx, "r@WS-1", triage.Expected, "a test", "bob")) // in its place
		w.entry(filed("r", "low", "WS-1", 1, 2))
		w.want("r@WS-1", triage.New, 2, 2) // opened again
		if i := w.get("r@WS-1"); i.Verdict != "" || !i.ClosedAt.IsZero() {
			t.Errorf("an open finding has a verdict: %+v", i)
		}
		w.must(w.Judge(ctx, "r@WS-1", triage.True, "again, and no test", "ada"))
		p, err := w.Precision(ctx)
		w.must(err)
		if got := p["r"]; got.True != 1 || got.False != 0 || got.Expected != 1 {
			t.Errorf("%+v", got)
		}
		acts, err := w.History(ctx, "r@WS-1")
		w.must(err)
		var did []string
		for _, a := range acts {
			did = append(did, fmt.Sprint(a.Act, " ", a.Verdict, a.Undone))
		}
		want := []string{"judged truefalse", "reopened false", "judged expectedfalse", "judged truetrue", "unjudged false", "judged falsetrue", "assigned false"}
		if d := cmp.Diff(want, did); d != "" {
			t.Error(d)
		}
	})
}

func TestJudgingRefuses(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, ctx := open(t, db()), t.Context()
		w.entry(filed("r", "low", "WS-1", 1, 1))
		for name, err := range map[string]error{
			"a word that is no verdict": w.Judge(ctx, "r@WS-1", "maybe", "why", "ada"),
			"no reason":                 w.Judge(ctx, "r@WS-1", triage.True, " ", "ada"),
			"a book as a reason":        w.Judge(ctx, "r@WS-1", triage.True, strings.Repeat("x", 5000), "ada"),
			"nothing to take back":      w.Unjudge(ctx, "r@WS-1", "ada"),
			"nobody":                    w.See(ctx, "r@WS-1", ""),
			"later than anybody thinks": w.Later(ctx, "r@WS-1", time.Now().AddDate(2, 0, 0), "ada"),
		} {
			if err == nil {
				t.Errorf("%s passed", name)
			}
		}
		if err := w.Judge(ctx, "nothing", triage.True, "why", "ada"); !errors.Is(err, triage.ErrUnknown) {
			t.Errorf("got %v", err)
		}
		w.want("r@WS-1", triage.New, 1, 1)
	})
}

// TestQuietFindingsAreClosed by both clocks; but what is bad stays until somebody has seen it.
func TestQuietFindingsAreClosed(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, ctx := open(t, db()), t.Context()
		w.entry(filed("r", "medium", "WS-1", 1, 1), filed("bad", "high", "WS-1", 1, 1), filed("bad", "high", "WS-2", 1, 1))
		w.must(w.See(ctx, "bad@WS-2", "ada"))
		tomorrow := time.Now().Add(25 * time.Hour)
		closed := func(want int, why string) {
			t.Helper()
			if n, err := w.CloseQuiet(ctx, tomorrow); n != want || err != nil {
				t.Errorf("%s: closed %d, want %d, %v", why, n, want, err)
			}
		}
		closed(0, "the journal's clock stands still: it may be behind")
		w.now = w.now.Add(25 * time.Hour)
		w.entry(filed("other", "low", "WS-9", 1, 2))
		if n, err := w.CloseQuiet(ctx, time.Now()); n != 0 || err != nil {
			t.Errorf("closed %d although no day has passed here, %v", n, err)
		}
		closed(2, "the quiet ones, but the bad one that nobody saw")
		w.want("r@WS-1", triage.Closed, 1, 1)
		w.want("bad@WS-1", triage.New, 1, 1)
		w.want("bad@WS-2", triage.Closed, 1, 1)
		w.entry(filed("r", "medium", "WS-1", 1, 3))
		w.want("r@WS-1", triage.New, 2, 2)
	})
}
