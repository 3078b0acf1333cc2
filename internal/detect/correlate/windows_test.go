package correlate_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/finding"
)

// match is one match of rule number rule, a number of seconds after the start.
type match struct {
	rule, second int
	user, value  string
	record       int64
}

// condition is an expression over the names of rules, as YAML and as what it means.
type condition struct {
	text  string
	holds func(a, b, c bool) bool
}

func conditions() []condition {
	return []condition{
		{"a and b", func(a, b, c bool) bool { return a && b }},
		{"a and not b", func(a, b, c bool) bool { return a && !b }},
		{"not (a or c) and b", func(a, b, c bool) bool { return !(a || c) && b }},
		{"a and (b or c)", func(a, b, c bool) bool { return a && (b || c) }},
		{"a or b and c", func(a, b, c bool) bool { return a || b && c }},
		{"not a or not b or not c", func(a, b, c bool) bool { return !a || !b || !c }},
	}
}

// question is a correlation and what a reference needs to know of it.
type question struct {
	*sigma.Correlation
	extended *condition
}

// drawQuestion draws a correlation of any type over two or three of the rules a, b and c.
func drawQuestion(t *rapid.T) question {
	kind := rapid.SampledFrom([]sigma.CorrelationType{sigma.EventCount, sigma.ValueCount, sigma.Temporal, sigma.TemporalOrdered,
		sigma.ValueSum, sigma.ValueAvg, sigma.ValueMedian, sigma.ValuePercentile}).Draw(t, "type")
	rules := rapid.SampledFrom([]string{"[a, b]", "[a, b, c]", "[c, a]", "[b]"}).Draw(t, "rules")
	temporal := kind == sigma.Temporal || kind == sigma.TemporalOrdered
	var q question
	text := drawThresholds(t, kind, temporal)
	if kind == sigma.Temporal && rapid.Bool().Draw(t, "extended") {
		q.extended = &conditions()[rapid.IntRange(0, len(conditions())-1).Draw(t, "expression")]
		text, rules = ", condition: "+q.extended.text, "" // those that the expression names
	}
	if rules != "" {
		rules = "rules: " + rules + ", "
	}
	document := fmt.Sprintf("title: c\ncorrelation: {type: %s, %sgroup-by: [user], timespan: %ds%s}\n", kind, rules, rapid.IntRange(1, 8000).Draw(t, "timespan"), text)
	docs, problems := sigma.Parse("c.yml", []byte(document), sigma.Options{})
	if len(docs.Correlations) != 1 {
		t.Fatal(document, problems)
	}
	q.Correlation = docs.Correlations[0]
	return q
}

func drawThresholds(t *rapid.T, kind sigma.CorrelationType, temporal bool) string {
	if temporal && rapid.Bool().Draw(t, "all") {
		return ""
	}
	operators := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"gt", "gte", "lt", "lte", "eq", "neq"}), 1, 2, rapid.ID).Draw(t, "operators")
	text := ", condition: {"
	for _, o := range operators {
		text += fmt.Sprintf("%s: %d, ", o, rapid.IntRange(0, 6).Draw(t, "threshold"))
	}
	if !temporal && kind != sigma.EventCount {
		text += "field: value, "
	}
	if kind == sigma.ValuePercentile {
		text += fmt.Sprintf("percentile: %d, ", rapid.SampledFrom([]int{0, 1, 10, 50, 90, 99, 100}).Draw(t, "percentile"))
	}
	return text + "}"
}

// drawStream draws matches, in the order in which they happened; some at the same time.
func drawStream(t *rapid.T) []match {
	var stream []match
	second := 0
	for i := range rapid.IntRange(1, 30).Draw(t, "events") {
		second += rapid.SampledFrom([]int{0, 1, 400, 1500}).Draw(t, "pause")
		stream = append(stream, match{
			rule: rapid.IntRange(0, 2).Draw(t, "rule"), second: second, record: int64(i),
			user:  rapid.SampledFrom([]string{"ada", "bob"}).Draw(t, "user"),
			value: rapid.SampledFrom([]string{"0", "1", "2", "3.5", "-1", "-0", "many"}).Draw(t, "value"),
		})
	}
	return stream
}

// TestAgainstEveryWindow compares with a reference that looks at each window by itself, for
// streams that arrive in any order and with a restart in the middle.
func TestAgainstEveryWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, stream := drawQuestion(t), drawStream(t)
		arrival := rapid.Permutation(stream).Draw(t, "arrival")
		got := play(t, q, arrival, correlate.DefaultConfig(), nil)
		if want := everyWindow(q, arrival); !maps.Equal(got, want) {
			t.Fatalf("%s: got %v, want %v", q.Type, got, want)
		}
	})
}

// TestLatenessIsWaitedFor compares likewise where matches come late, but not too late.
func TestLatenessIsWaitedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, arrival := drawQuestion(t), drawStream(t)
		const lateness = 500
		delay := make(map[int64]int)
		for _, m := range arrival {
			delay[m.record] = m.second + rapid.IntRange(0, lateness-1).Draw(t, "delay")
		}
		slices.SortStableFunc(arrival, func(a, b match) int { return delay[a.record] - delay[b.record] })
		c := correlate.DefaultConfig()
		c.Lateness = lateness * time.Second
		got := play(t, q, arrival, c, nil)
		if want := everyWindow(q, arrival); !maps.Equal(got, want) {
			t.Fatalf("%s: got %v, want %v", q.Type, got, want)
		}
	})
}

// TestNoWindowIsTooLong holds that nothing fires on what is further apart than the time span,
// however late it comes and however small the memory is.
func TestNoWindowIsTooLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, arrival := drawQuestion(t), rapid.Permutation(drawStream(t)).Draw(t, "arrival")
		c := correlate.Config{Lateness: time.Second, Pending: rapid.IntRange(1, 5).Draw(t, "pending"), Groups: 2, Window: rapid.IntRange(1, 9).Draw(t, "window")}
		play(t, q, arrival, c, func(f correlate.Firing) {
			for _, m := range f.Members {
				if age := m.Time.Sub(f.Members[0].Time).Abs(); age > q.Timespan {
					t.Fatalf("%s: fired on matches %v apart, of %v", q.Type, age, q.Timespan)
				}
			}
			if len(f.Members) > c.Window {
				t.Fatalf("%d matches in a window of %d", len(f.Members), c.Window)
			}
		})
	})
}

// play plays a stream, with a restart somewhere, and returns for which user and at which match
// the correlation held.
func play(t *rapid.T, q question, arrival []match, c correlate.Config, look func(correlate.Firing)) map[string]bool {
	rules := []*sigma.Rule{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	plan, problems := correlate.NewPlan([]*sigma.Correlation{q.Correlation}, rules)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := map[string]bool{}
	note := func(f correlate.Firing) {
		got[fmt.Sprintf("%s %d", f.Group[0], f.Members[len(f.Members)-1].Record)] = true
		if look != nil {
			look(f)
		}
	}
	state := correlate.NewState(plan, c)
	stop := rapid.IntRange(0, len(arrival)).Draw(t, "restart")
	for i, m := range arrival {
		if i == stop {
			state = restart(t, plan, state, c)
		}
		state.Add(observation(plan, rules, m), note)
		if c.Lateness > 0 && rapid.Bool().Draw(t, "sweep") {
			state.Sweep()
		}
	}
	state.Flush(note)
	return got
}

func observation(p *correlate.Plan, rules []*sigma.Rule, m match) correlate.Observation {
	at := start.Add(time.Duration(m.second) * time.Second)
	o := correlate.Observation{Time: at, Evidence: finding.Evidence{Record: m.record, Time: at, Fields: []byte("{}")}}
	for n, c := range p.Correlations() {
		if member := slices.Index(c.Rules, rules[m.rule].Name); member >= 0 {
			o.Parts = append(o.Parts, correlate.Part{Correlation: n, Member: member, Group: []string{m.user}, Value: m.value, HasValue: true})
		}
	}
	return o
}

func restart(t *rapid.T, p *correlate.Plan, s *correlate.State, c correlate.Config) *correlate.State {
	var saved bytes.Buffer
	if err := s.Save(&saved); err != nil {
		t.Fatal(err)
	}
	again := correlate.NewState(p, c)
	if err := again.Load(&saved); err != nil {
		t.Fatal(err)
	}
	return again
}

// everyWindow is the reference: for each match, everything of its group in the time span
// that ends with it. What happened at the same time counts in the order of arrival.
func everyWindow(q question, arrival []match) map[string]bool {
	stream := slices.Clone(arrival)
	slices.SortStableFunc(stream, func(a, b match) int { return a.second - b.second })
	member := func(m match) int { return slices.Index(q.Rules, string(rune('a'+m.rule))) }
	held := map[string]bool{}
	for i, last := range stream {
		var window []match
		for _, m := range stream[:i+1] {
			age := time.Duration(last.second-m.second) * time.Second
			if m.user == last.user && member(m) >= 0 && age <= q.Timespan {
				window = append(window, m)
			}
		}
		if member(last) >= 0 && q.holds(window, member) {
			held[fmt.Sprintf("%s %d", last.user, last.record)] = true
		}
	}
	return held
}

func (q question) holds(window []match, member func(match) int) bool {
	var values []float64
	distinct, present := map[string]bool{}, [3]bool{}
	members, next, sum := map[int]bool{}, 0, 0.0
	for _, m := range window {
		if f, err := strconv.ParseFloat(m.value, 64); err == nil {
			values, sum = append(values, f), sum+f
		}
		distinct[m.value], present[m.rule], members[member(m)] = true, true, true
		if member(m) == next {
			next++
		}
	}
	slices.Sort(values)
	switch q.Type {
	case sigma.EventCount:
		return q.compare(float64(len(window)))
	case sigma.ValueCount:
		return q.compare(float64(len(distinct)))
	case sigma.Temporal, sigma.TemporalOrdered:
		return q.meet(members, present) && (q.Type == sigma.Temporal || next == len(q.Rules))
	}
	return len(values) > 0 && q.compare(q.measure(values, sum))
}

// meet tells whether enough of the members, or the right ones, are there.
func (q question) meet(members map[int]bool, present [3]bool) bool {
	switch {
	case q.extended != nil:
		return q.extended.holds(present[0], present[1], present[2])
	case len(q.Threshold) > 0:
		return q.compare(float64(len(members)))
	}
	return len(members) == len(q.Rules)
}

func (q question) measure(sorted []float64, sum float64) float64 {
	n := len(sorted)
	switch q.Type {
	case sigma.ValueSum:
		return sum
	case sigma.ValueAvg:
		return sum / float64(n)
	case sigma.ValueMedian:
		return (sorted[(n-1)/2] + sorted[n/2]) / 2
	}
	for i, v := range sorted { // nearest rank: the least value that the percentile does not exceed
		if float64(i+1) >= q.Percentile/100*float64(n) {
			return v
		}
	}
	return math.NaN()
}

func (q question) compare(got float64) bool {
	for _, t := range q.Threshold {
		holds := map[sigma.Comparison]bool{sigma.GT: got > t.Value, sigma.GTE: got >= t.Value, sigma.LT: got < t.Value,
			sigma.LTE: got <= t.Value, sigma.EQ: got == t.Value, sigma.NEQ: got != t.Value}[t.Op]
		if !holds {
			return false
		}
	}
	return true
}
