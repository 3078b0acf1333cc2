package correlate_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/finding"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)

// match is one match of rule number rule, a number of seconds after the start.
type match struct {
	rule, second int
	user, value  string
	record       int64
}

func TestPlanRefusesWhatIsNotThere(t *testing.T) {
	_, problems := correlate.NewPlan([]*sigma.Correlation{{Rule: sigma.Rule{Title: "x"}, Rules: []string{"nobody"}}}, nil)
	if len(problems) != 1 {
		t.Fatalf("%d problems, want 1", len(problems))
	}
}

func TestChain(t *testing.T) {
	chain(t, false)
	chain(t, true)
}

func chain(t *testing.T, generate bool) {
	t.Helper()
	rules := []*sigma.Rule{{ID: "fail"}, {ID: "ok"}}
	correlations := []*sigma.Correlation{
		{Rule: sigma.Rule{ID: "guessed"}, Type: sigma.TemporalOrdered, Rules: []string{"guessing", "ok"}, GroupBy: []string{"user"}, Timespan: time.Minute, Generate: generate},
		{Rule: sigma.Rule{Name: "guessing"}, Type: sigma.EventCount, Rules: []string{"fail"}, GroupBy: []string{"user"}, Timespan: time.Minute,
			Threshold: []sigma.Threshold{{Op: sigma.GTE, Value: 3}}},
	}
	plan, problems := correlate.NewPlan(correlations, rules)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var fired []string
	state := correlate.NewState(plan, correlate.DefaultConfig())
	note := func(f correlate.Firing) { fired = append(fired, f.Correlation.ID+f.Correlation.Name+" "+f.Group[0]) }
	for _, m := range []match{{0, 1, "ada", "", 1}, {0, 2, "ada", "", 2}, {0, 3, "bob", "", 3}, {0, 4, "ada", "", 4}, {1, 5, "ada", "", 5}, {1, 6, "bob", "", 6}} {
		state.Add(observation(plan, rules, m), note)
	}
	state.Flush(note)
	// What another correlation rests on speaks through that one, unless it asks for both.
	want := []string{"guessed ada"}
	if generate {
		want = []string{"guessing ada", "guessed ada"}
	}
	if !slices.Equal(fired, want) {
		t.Errorf("generate %t: fired %v, want %v", generate, fired, want)
	}
}

// TestAgainstEveryWindow compares with a reference that looks at each window by itself, for
// streams that arrive in any order and with a restart in the middle.
func TestAgainstEveryWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := []*sigma.Rule{{ID: "a"}, {ID: "b"}, {ID: "c"}}
		c := drawCorrelation(t)
		plan, problems := correlate.NewPlan([]*sigma.Correlation{c}, rules)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var stream []match
		for i := range rapid.IntRange(1, 30).Draw(t, "events") {
			stream = append(stream, match{
				rule: rapid.IntRange(0, 2).Draw(t, "rule"), second: 1000*i + rapid.IntRange(0, 900).Draw(t, "second"), // all times differ
				user: rapid.SampledFrom([]string{"ada", "bob"}).Draw(t, "user"), value: strconv.Itoa(rapid.IntRange(0, 4).Draw(t, "value")), record: int64(i),
			})
		}
		arrival := rapid.Permutation(stream).Draw(t, "arrival")
		state := correlate.NewState(plan, correlate.DefaultConfig())
		got := map[string]bool{}
		note := func(f correlate.Firing) {
			got[fmt.Sprintf("%s %d", f.Group[0], f.Members[len(f.Members)-1].Record)] = true
		}
		stop := rapid.IntRange(0, len(arrival)).Draw(t, "restart")
		for i, m := range arrival {
			if i == stop {
				state = restart(t, plan, state)
			}
			state.Add(observation(plan, rules, m), note)
		}
		state.Flush(note)
		if want := everyWindow(c, stream); !equal(got, want) {
			t.Fatalf("%s: got %v, want %v", c.Type, got, want)
		}
	})
}

func drawCorrelation(t *rapid.T) *sigma.Correlation {
	c := &sigma.Correlation{
		Rule: sigma.Rule{ID: "c"}, Rules: []string{"a", "b"}, GroupBy: []string{"user"},
		Timespan: time.Duration(rapid.IntRange(1, 8000).Draw(t, "timespan")) * time.Second,
		Type: rapid.SampledFrom([]sigma.CorrelationType{sigma.EventCount, sigma.ValueCount, sigma.Temporal, sigma.TemporalOrdered,
			sigma.ValueSum, sigma.ValueAvg, sigma.ValueMedian, sigma.ValuePercentile}).Draw(t, "type"),
	}
	if c.Type != sigma.Temporal && c.Type != sigma.TemporalOrdered {
		c.Threshold = []sigma.Threshold{{
			Op:    rapid.SampledFrom([]sigma.Comparison{sigma.GT, sigma.GTE, sigma.LT, sigma.LTE, sigma.EQ, sigma.NEQ}).Draw(t, "op"),
			Value: float64(rapid.IntRange(0, 6).Draw(t, "threshold")),
		}}
		c.ValueField, c.Percentile = "value", 50
	}
	return c
}

func observation(p *correlate.Plan, rules []*sigma.Rule, m match) correlate.Observation {
	o := correlate.Observation{Time: start.Add(time.Duration(m.second) * time.Second), Evidence: finding.Evidence{Record: m.record, Fields: []byte("{}")}}
	for n, c := range p.Correlations() {
		if at := slices.Index(c.Rules, rules[m.rule].ID); at >= 0 {
			o.Parts = append(o.Parts, correlate.Part{Correlation: n, Member: at, Group: []string{m.user}, Value: m.value, HasValue: true})
		}
	}
	return o
}

func restart(t *rapid.T, p *correlate.Plan, s *correlate.State) *correlate.State {
	var saved bytes.Buffer
	if err := s.Save(&saved); err != nil {
		t.Fatal(err)
	}
	again := correlate.NewState(p, correlate.DefaultConfig())
	if err := again.Load(&saved); err != nil {
		t.Fatal(err)
	}
	return again
}

// everyWindow is the reference: for each event, everything of its group in the time span
// that ends with it.
func everyWindow(c *sigma.Correlation, stream []match) map[string]bool {
	held := map[string]bool{}
	for _, last := range stream {
		var window []match
		for _, m := range stream {
			age := time.Duration(last.second-m.second) * time.Second
			if m.user == last.user && m.rule < 2 && age >= 0 && age <= c.Timespan {
				window = append(window, m)
			}
		}
		if last.rule < 2 && windowHolds(c, window) {
			held[fmt.Sprintf("%s %d", last.user, last.record)] = true
		}
	}
	return held
}

func windowHolds(c *sigma.Correlation, window []match) bool {
	var values []float64
	distinct, sum, firstA, lastB := map[string]bool{}, 0.0, -1, -1
	for i, m := range window {
		f, _ := strconv.ParseFloat(m.value, 64)
		values, sum = append(values, f), sum+f
		distinct[m.value] = true
		if m.rule == 0 && firstA < 0 {
			firstA = i
		}
		if m.rule == 1 {
			lastB = i
		}
	}
	slices.Sort(values)
	n := len(values)
	switch c.Type {
	case sigma.EventCount:
		return compare(c, float64(n))
	case sigma.ValueCount:
		return compare(c, float64(len(distinct)))
	case sigma.Temporal:
		return firstA >= 0 && lastB >= 0
	case sigma.TemporalOrdered:
		return firstA >= 0 && lastB > firstA
	case sigma.ValueSum:
		return compare(c, sum)
	case sigma.ValueAvg:
		return compare(c, sum/float64(n))
	case sigma.ValueMedian:
		return compare(c, (values[(n-1)/2]+values[n/2])/2)
	default:
		return compare(c, values[(n-1)/2]) // nearest rank of the 50th percentile
	}
}

func compare(c *sigma.Correlation, got float64) bool {
	want := c.Threshold[0].Value
	return map[sigma.Comparison]bool{sigma.GT: got > want, sigma.GTE: got >= want, sigma.LT: got < want,
		sigma.LTE: got <= want, sigma.EQ: got == want, sigma.NEQ: got != want}[c.Threshold[0].Op]
}

func equal(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}
