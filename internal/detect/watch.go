package detect

import (
	"time"

	"github.com/wardline/wardline/internal/event"
)

// Watch says what MatchWatched does beside matching. The zero value does nothing more.
type Watch struct {
	// Skip names rules that are not asked, by position in Engine.Rules; nil asks all.
	Skip []bool
	// Spent is told how long a rule that came into question took, its witness's search not counted, which it
	// shares with others; nil measures nothing.
	Spent func(rule int32, d time.Duration)
}

// MatchWatched is Match with some rules left out, or their time taken.
func (m *Matcher) MatchWatched(ev *event.Event, w *Watch) []int32 {
	if w.Skip == nil && w.Spent == nil {
		return m.Match(ev)
	}
	v := m.engine.views[ev.Class.ID]
	m.matches = m.matches[:0]
	if len(v.group.rules) == 0 {
		return m.matches
	}
	m.begin(ev)
	m.gather(v)
	if len(m.candidates) == 0 {
		return m.matches
	}
	m.link()
	for _, rule := range m.candidates {
		if w.Skip != nil && w.Skip[rule] {
			continue
		}
		if m.runWatched(rule, w) {
			m.matches = append(m.matches, rule)
		}
	}
	sortSmall(m.matches)
	return m.matches
}

func (m *Matcher) runWatched(rule int32, w *Watch) bool {
	if w.Spent == nil {
		return m.run(&m.engine.programs[rule])
	}
	begun := time.Now()
	matched := m.run(&m.engine.programs[rule])
	w.Spent(rule, time.Since(begun))
	return matched
}
