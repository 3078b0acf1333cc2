package watch

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// FailAt lets f fail the steps of l: judged, filed, durable, noted.
func (l *Live) FailAt(f func(step string) error) { l.step = f }

// StopAt lets f fail the steps of Activate: filed, noted, swapped, sealed.
func (h *Hunter) StopAt(f func(step string) error) { h.step = f }

// Tick does what is due at that time.
func (l *Live) Tick(ctx context.Context, now time.Time) error { return l.tick(ctx, now) }

// Needs lists what events must hold so that anything in the set can match, as "field: text"; false when that is not known.
func (s *Set) Needs(tax *event.Taxonomy) ([]string, bool) {
	needs, ok := s.needs(tax)
	var all []string
	for _, n := range needs {
		all = append(all, n.field+": "+n.pattern())
	}
	return all, ok
}

// Begin takes up what was written last, as Run does.
func (l *Live) Begin(ctx context.Context) error { return l.begin(ctx) }

// Step judges one entry, as Run does.
func (l *Live) Step(ctx context.Context, e *journal.Entry) error { return l.entry(ctx, e) }

// TooDear tells which of two rules are suspended that took so long in a minute, for so many events.
func TooDear(first, second time.Duration, events int64) []int {
	m := newMeter(2, LiveConfig{}.complete())
	start := time.Unix(0, 0).Add(time.Hour)
	m.tooDear(start, 0)
	m.add(0, first/measured)
	m.add(1, second/measured)
	return m.tooDear(start.Add(time.Minute), events)
}
