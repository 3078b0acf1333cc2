package watch

import (
	"context"
	"time"
)

// FailAt lets f fail the steps of l: judged, filed, durable, noted.
func (l *Live) FailAt(f func(step string) error) { l.step = f }

// Tick does what is due at that time.
func (l *Live) Tick(ctx context.Context, now time.Time) error { return l.tick(ctx, now) }

// Needs lists what events must hold so that anything in the set can match, as "field: text"; false when that is not known.
func (s *Set) Needs() ([]string, bool) {
	needs, ok := s.needs()
	var all []string
	for _, n := range needs {
		all = append(all, n.field+": "+n.pattern())
	}
	return all, ok
}
