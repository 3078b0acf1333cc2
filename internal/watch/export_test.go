package watch

import (
	"context"
	"time"
)

// FailAt lets f fail the steps of l: judged, filed, durable, noted.
func (l *Live) FailAt(f func(step string) error) { l.step = f }

// Tick does what is due at that time.
func (l *Live) Tick(ctx context.Context, now time.Time) error { return l.tick(ctx, now) }
