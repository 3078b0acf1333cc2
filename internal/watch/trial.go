package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/triage"
)

// Trial says what a change of rules would do, by what lies in the journal.
type Trial struct {
	Before, After int // findings
	Gone          int // findings that the changed rules would not have
	New           int // findings that only they would have
	EventsGone    int // matches that would be lost, also of findings that stay
	EventsNew     int
	// Verdicts on the findings that would be gone: GoneTrue above 0 is a warning.
	GoneTrue, GoneFalse, GoneExpected int
	Lost                              []finding.Finding // those that would be gone, at most 100
	Events                            int64             // that were asked about
	Days                              int               // on which they happened
	Deleted, Damaged                  int64             // entries that could not be asked about any more
	Took                              time.Duration
}

// Try searches the past with rules as they are and as they would be, and says what would change. A changed rule is
// recognised by its id; rules that stay as they are are not asked. Nothing is sealed and nothing goes live.
func (h *Hunter) Try(ctx context.Context, before, after *Set, from, to time.Time, progress func(Progress)) (Trial, error) {
	begun := time.Now()
	of := func(half uint64) func(Progress) {
		if progress == nil {
			return nil
		}
		return func(p Progress) { progress(Progress{half*p.Total + p.Done, 2 * p.Total, p.Seen}) }
	}
	was, _, err := h.findings(ctx, before, after, from, to, of(0))
	if err != nil {
		return Trial{}, fmt.Errorf("try rules: %w", err)
	}
	is, sum, err := h.findings(ctx, after.alike(before), before, from, to, of(1))
	if err != nil {
		return Trial{}, fmt.Errorf("try rules: %w", err)
	}
	t := Trial{Before: len(was), After: len(is), Events: sum.Events, Days: sum.Days, Deleted: sum.Deleted, Damaged: sum.Damaged}
	var lost []string
	for id, f := range was {
		now, stays := is[id]
		if !stays {
			lost = append(lost, id)
		}
		t.EventsGone += max(0, f.Count-now.Count)
		t.EventsNew += max(0, now.Count-f.Count)
	}
	for id, f := range is {
		if _, known := was[id]; !known {
			t.New++
			t.EventsNew += f.Count
		}
	}
	slices.Sort(lost)
	t.Gone = len(lost)
	verdicts, err := h.cfg.Desk.Verdicts(ctx, lost)
	if err != nil {
		return Trial{}, fmt.Errorf("try rules: %w", err)
	}
	for _, v := range verdicts {
		switch v {
		case triage.True:
			t.GoneTrue++
		case triage.False:
			t.GoneFalse++
		case triage.Expected:
			t.GoneExpected++
		}
	}
	for _, id := range lost[:min(len(lost), maxListed)] {
		t.Lost = append(t.Lost, was[id])
	}
	t.Took = time.Since(begun)
	return t, nil
}

// findings asks of the past what is in set and not in other, or otherwise there.
func (h *Hunter) findings(ctx context.Context, set, other *Set, from, to time.Time, progress func(Progress)) (map[string]finding.Finding, Answer, error) {
	size := h.cfg.Journal.Size()
	same := map[string]bool{"": true}
	for _, part := range other.parts() {
		same[part] = true
	}
	parts := set.parts()
	asked := *set
	if same[parts[len(parts)-1]] {
		asked.indicators = nil
	}
	s := h.search(&asked, size, progress)
	s.from, s.to = from, to
	s.skip = make([]bool, len(set.rules))
	for n := range set.rules {
		s.skip[n] = same[parts[n]] && !set.plan.Listens(n)
	}
	s.reports = func(_ *searcher, m *Match, _ *event.Event, _ finding.Place) bool {
		return m.Number < 0 || !same[parts[m.Number]]
	}
	s.joined = func(c int, _ []finding.Evidence) bool { return !same[parts[len(set.rules)+c]] }
	if err := s.run(ctx, s.whole(0, size)); err != nil {
		return nil, Answer{}, err
	}
	found, err := s.finish(ctx)
	if err != nil {
		return nil, Answer{}, err
	}
	var sum Answer
	s.sum(&sum)
	byID := map[string]finding.Finding{}
	for _, f := range found {
		byID[f.ID] = f
	}
	return byID, sum, nil
}

// alike is s with rules said to stand where the rules of the same ids stand in other: the ids of findings rest on that.
func (s *Set) alike(other *Set) *Set {
	source := map[string]string{}
	for _, r := range other.Rules() {
		source[ruleKey(&r)] = r.Source
	}
	named := func(rules []finding.Rule) []finding.Rule {
		rules = slices.Clone(rules)
		for i := range rules {
			if file, known := source[ruleKey(&rules[i])]; known {
				rules[i].Source = file
			}
		}
		return rules
	}
	same := *s
	same.rules, same.joined = named(s.rules), named(s.joined)
	return &same
}
