package triage_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/triage"
)

func ids(items []triage.Item) []string {
	var all []string
	for _, i := range items {
		all = append(all, i.ID)
	}
	return all
}

func TestListFindsWhatIsAskedFor(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, ctx := open(t, db()), t.Context()
		theft := filed("100%_sure", "critical", "WS-1", 1, 1)
		theft.Finding.Kind = finding.Theft
		theft.Finding.Entities["user"] = []string{"Nurse.Adams"}
		w.entry(theft, filed("b", "low", "WS-2", 1, 1))
		w.now = w.now.Add(time.Minute)
		w.entry(filed("c", "low", "WS-1", 1, 2), filed("d", "medium", "WS-3", 1, 2))
		w.must(w.Judge(ctx, "d@WS-3", triage.True, "it was", "ada"))
		w.must(w.Later(ctx, "c@WS-1", time.Now().Add(time.Hour), "ada"))
		w.must(w.Assign(ctx, "b@WS-2", "bob", "ada"))
		for _, c := range []struct {
			name string
			f    triage.Filter
			want []string
		}{
			{"all, the worst first", triage.Filter{}, []string{"100%_sure@WS-1", "d@WS-3", "b@WS-2"}},
			{"put off", triage.Filter{Postponed: true, Level: "low"}, []string{"100%_sure@WS-1", "d@WS-3", "b@WS-2", "c@WS-1"}},
			{"states", triage.Filter{States: []triage.State{triage.New, triage.Closed}}, []string{"100%_sure@WS-1", "d@WS-3"}},
			{"kinds", triage.Filter{Kinds: []finding.Kind{finding.Theft}}, []string{"100%_sure@WS-1"}},
			{"level", triage.Filter{Level: "medium"}, []string{"100%_sure@WS-1", "d@WS-3"}},
			{"rule", triage.Filter{Rule: "b"}, []string{"b@WS-2"}},
			{"owner", triage.Filter{Owner: "bob"}, []string{"b@WS-2"}},
			{"entity, in any case", triage.Filter{Entity: "nurse.adams"}, []string{"100%_sure@WS-1"}},
			{"part of an entity", triage.Filter{Text: "Adams"}, []string{"100%_sure@WS-1"}},
			{"signs that mean something to a database", triage.Filter{Text: "0%_S"}, []string{"100%_sure@WS-1"}},
			{"and nothing more", triage.Filter{Text: "1%s"}, nil},
		} {
			got, err := w.List(ctx, c.f)
			w.must(err)
			if d := cmp.Diff(c.want, ids(got)); d != "" {
				t.Errorf("%s: %s", c.name, d)
			}
		}
		for _, f := range []triage.Filter{{Level: "worst"}, {Before: "1.x"}, {Before: "x"}} {
			if _, err := w.List(ctx, f); err == nil {
				t.Errorf("%+v passed", f)
			}
		}
		counts, err := w.Counts(ctx)
		w.must(err)
		want := triage.Counts{States: map[triage.State]int{triage.New: 1, triage.Seen: 2, triage.Closed: 1}, New: map[string]int{"critical": 1}, Later: 1}
		if d := cmp.Diff(want, counts); d != "" {
			t.Error(d)
		}
	})
}

// TestPages walks a long list page by page.
func TestPages(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, ctx := open(t, db()), t.Context()
		for n := range 7 {
			w.now = w.now.Add(time.Duration(n%3) * time.Second)
			w.entry(filed("r", []string{"low", "high"}[n%2], fmt.Sprint("WS-", n), 1, uint64(n)))
		}
		all, err := w.List(ctx, triage.Filter{})
		w.must(err)
		var paged []triage.Item
		before := ""
		for {
			page, err := w.List(ctx, triage.Filter{Before: before, Limit: 2})
			w.must(err)
			if len(page) == 0 {
				break
			}
			paged, before = append(paged, page...), page[len(page)-1].Cursor()
		}
		if d := cmp.Diff(ids(all), ids(paged)); d != "" || len(all) != 7 {
			t.Error(d)
		}
	})
}

func TestSuppressionsCoverWhatTheyName(t *testing.T) {
	many := []string{"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"}
	for _, c := range []struct {
		name     string
		s        triage.Suppression
		entities map[string][]string
		want     bool
	}{
		{"the rule alone", triage.Suppression{Rule: "rule-1"}, nil, true},
		{"another rule", triage.Suppression{Rule: "rule-2"}, nil, false},
		{"the host, in another case", triage.Suppression{Entity: map[string]string{"host": "ws-1"}}, map[string][]string{"host": {"WS-1"}}, true},
		{"the host of another rule", triage.Suppression{Rule: "rule-2", Entity: map[string]string{"host": "ws-1"}}, map[string][]string{"host": {"WS-1"}}, false},
		{"also another host", triage.Suppression{Entity: map[string]string{"host": "ws-1"}}, map[string][]string{"host": {"WS-1", "WS-2"}}, false},
		{"no host", triage.Suppression{Entity: map[string]string{"host": "ws-1"}}, map[string][]string{"user": {"ws-1"}}, false},
		{"host and user", triage.Suppression{Entity: map[string]string{"host": "ws-1", "user": "svc"}}, map[string][]string{"host": {"WS-1"}, "user": {"svc"}}, true},
		{"the host, but another user", triage.Suppression{Entity: map[string]string{"host": "ws-1", "user": "svc"}}, map[string][]string{"host": {"WS-1"}, "user": {"eve"}}, false},
		{"a beginning", triage.Suppression{Entity: map[string]string{"host": "WS-*"}}, map[string][]string{"host": {"ws-1", "ws-22"}}, true},
		{"an end", triage.Suppression{Entity: map[string]string{"host": "*.lab"}}, map[string][]string{"host": {"a.lab"}}, true},
		{"not the end", triage.Suppression{Entity: map[string]string{"host": "*.lab"}}, map[string][]string{"host": {"a.lab.example"}}, false},
		{"a part", triage.Suppression{Entity: map[string]string{"host": "*lab*"}}, map[string][]string{"host": {"a.lab.example"}}, true},
		{"a network", triage.Suppression{Entity: map[string]string{"ip": "10.1.0.0/16"}}, map[string][]string{"ip": {"10.1.2.3", "::ffff:10.1.9.9"}}, true},
		{"outside of it", triage.Suppression{Entity: map[string]string{"ip": "10.1.0.0/16"}}, map[string][]string{"ip": {"10.2.2.3"}}, false},
		{"perhaps more than are listed", triage.Suppression{Entity: map[string]string{"host": "a*"}}, map[string][]string{"host": many}, false},
	} {
		if got := c.s.Covers(c.entities); got != c.want {
			t.Errorf("%s: covered %v", c.name, got)
		}
	}
}

func soon() time.Time { return time.Now().Add(time.Hour) }

func TestSuppressedMatchesAreCounted(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, ctx := open(t, db()), t.Context()
		w.now = time.Now()
		w.entry(filed("r", "low", "old", 1, 1), filed("r", "low", "mine", 1, 1))
		w.must(w.Assign(ctx, "r@mine", "ada", "ada"))
		id, err := w.Suppress(ctx, triage.Suppression{Rule: "r", Owner: "ada", Reason: "the scanner", Expires: soon()})
		w.must(err)
		w.want("r@old", triage.New, 1, 1) // what was there before stays
		w.entry(filed("r", "low", "new", 2000, 2), filed("r", "low", "old", 3, 2), filed("r", "low", "mine", 10, 2), filed("s", "low", "new", 1, 2))
		w.want("r@new", triage.Suppressed, 2000, 0)
		w.want("r@old", triage.Suppressed, 4, 1)
		w.want("r@mine", triage.Seen, 11, 1) // somebody is at it
		w.want("s@new", triage.New, 1, 1)
		all, err := w.Suppressions(ctx)
		w.must(err)
		if len(all) != 1 || all[0].Events != 2013 || all[0].Owner != "ada" {
			t.Errorf("%+v", all)
		}
		if i := w.get("r@new"); i.Suppressed != id {
			t.Errorf("suppressed by %q", i.Suppressed)
		}
		w.must(w.Lift(ctx, id, "bob"))
		w.entry(filed("r", "low", "new", 1, 3))
		w.want("r@new", triage.New, 2001, 1)
		if err := w.Lift(ctx, id, "bob"); err == nil {
			t.Error("lifted twice")
		}
		_, err = w.Suppress(ctx, triage.Suppression{Rule: "r", Owner: "ada", Reason: "the scanner", Expires: soon()})
		w.must(err)
		w.now = soon().Add(time.Minute) // by the journal's clock it has expired
		w.entry(filed("r", "low", "newer", 1, 4))
		w.want("r@newer", triage.New, 1, 1)
	})
}

func TestSuppressionsAreRefused(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w := open(t, db())
		good := triage.Suppression{Rule: "r", Owner: "ada", Reason: "why", Expires: soon()}
		for name, spoil := range map[string]func(*triage.Suppression){
			"everything":        func(s *triage.Suppression) { s.Rule = "" },
			"every host":        func(s *triage.Suppression) { s.Entity = map[string]string{"host": "**"} },
			"no owner":          func(s *triage.Suppression) { s.Owner = " " },
			"no reason":         func(s *triage.Suppression) { s.Reason = "" },
			"no end":            func(s *triage.Suppression) { s.Expires = time.Time{} },
			"an end in 91 days": func(s *triage.Suppression) { s.Expires = time.Now().AddDate(0, 0, 91) },
		} {
			s := good
			spoil(&s)
			if _, err := w.Suppress(t.Context(), s); err == nil {
				t.Errorf("%s passed", name)
			}
		}
		_, err := w.Suppress(t.Context(), good)
		w.must(err)
	})
}

// TestReceipt: before somebody suppresses, they see what they would have missed.
func TestReceipt(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, ctx := open(t, db()), t.Context()
		for n, v := range []triage.Verdict{triage.True, triage.False, triage.False, triage.Expected, ""} {
			host := fmt.Sprint("WS-", n)
			w.entry(filed("r", "low", host, 10, uint64(n)), filed("s", "low", host, 1, uint64(n)))
			if v != "" {
				w.must(w.Judge(ctx, "r@"+host, v, "because", "ada"))
			}
		}
		w.entry(filed("r", "low", "WS-0", 1, 9)) // open again; that it was true once still counts
		got, err := w.Would(ctx, triage.Suppression{Rule: "r"})
		w.must(err)
		if want := (triage.Receipt{Findings: 5, Events: 51, JudgedTrue: 1, JudgedFalse: 2, Expected: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		got, err = w.Would(ctx, triage.Suppression{Entity: map[string]string{"host": "ws-1"}})
		w.must(err)
		if want := (triage.Receipt{Findings: 2, Events: 11, JudgedFalse: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		verdicts, err := w.Verdicts(ctx, []string{"r@WS-0", "r@WS-4", "r@WS-3"})
		w.must(err)
		if d := cmp.Diff(map[string]triage.Verdict{"r@WS-0": triage.True, "r@WS-3": triage.Expected}, verdicts); d != "" {
			t.Error(d)
		}
	})
}

// The intervals are those of published tables (Brown, Cai, DasGupta 2001; R's prop.test without correction).
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{
		{0, 0, 0, 1}, {0, 10, 0, 0.2775}, {1, 10, 0.0179, 0.4042}, {5, 10, 0.2366, 0.7634}, {10, 10, 0.7225, 1}, {2, 100, 0.0055, 0.0700},
	} {
		low, high := triage.Wilson(c.hits, c.n)
		if math.Abs(low-c.low) > 5e-5 || math.Abs(high-c.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.hits, c.n, low, high, c.low, c.high)
		}
	}
}

// TestRulesToReview: a rule that is nearly never right is shown, once there are verdicts enough.
func TestRulesToReview(t *testing.T) {
	storetest.Run(t, func(t *testing.T, db func() *store.DB) {
		w, ctx := open(t, db()), t.Context()
		judge := func(rule string, from, to int, v triage.Verdict) {
			for n := from; n < to; n++ {
				w.entry(filed(rule, "low", fmt.Sprint(n), 1, uint64(n)))
				w.must(w.Judge(ctx, fmt.Sprint(rule, "@", n), v, "because", "ada"))
			}
		}
		judge("noisy", 0, 2, triage.True)
		judge("noisy", 2, 49, triage.False)
		judge("calm", 0, 3, triage.Expected)
		p, err := w.Precision(ctx)
		w.must(err)
		if p["noisy"].Review || p["calm"].Review || p["calm"].High != 1 {
			t.Errorf("%+v", p)
		}
		judge("noisy", 49, 50, triage.False)
		p, err = w.Precision(ctx)
		w.must(err)
		if got := p["noisy"]; !got.Review || got.True != 2 || got.False != 48 || got.High > 0.14 {
			t.Errorf("%+v", got)
		}
	})
}
