package watch

import (
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

// Judge asks a Set about one event after the other. It belongs to one goroutine.
type Judge struct {
	set     *Set
	matcher *detect.Matcher
	watch   detect.Watch
	hits    []indicator.Hit
	matches []Match
}

// Match is a rule or an indicator that an event answers to.
type Match struct {
	Kind   finding.Kind
	Rule   *finding.Rule
	Number int  // of the rule in Set.Rules; -1 for an indicator
	Silent bool // it is reported through correlations only
}

// Judge returns a new Judge.
func (s *Set) Judge() *Judge { return &Judge{set: s, matcher: s.engine.Matcher()} }

// Matches returns what ev answers to, until the next call.
func (j *Judge) Matches(ev *event.Event) []Match {
	s := j.set
	j.matches = j.matches[:0]
	for _, n := range j.matcher.MatchWatched(ev, &j.watch) {
		j.matches = append(j.matches, Match{kindOf(s.engine.Rules()[n]), &s.rules[n], int(n), s.plan.Silenced(int(n))})
	}
	if s.indicators == nil {
		return j.matches
	}
	j.hits = s.indicators.Match(ev, j.hits[:0])
	for i := range j.hits {
		r := indicatorRule(&j.hits[i])
		j.matches = append(j.matches, Match{finding.Threat, &r, -1, false})
	}
	return j.matches
}

// Observe is what correlations need to know of a match; ok is false when none listens to it.
func (j *Judge) Observe(m *Match, ev *event.Event) (o correlate.Observation, ok bool) {
	if m.Number < 0 || !j.set.plan.Listens(m.Number) {
		return o, false
	}
	o = j.set.plan.Observe(m.Number, ev)
	return o, len(o.Parts) > 0
}
