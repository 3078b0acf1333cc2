package integrity

import (
	"context"
	"time"
)

// How often a Sweeper looks for what it is asked, reads what was written lately, and does all that is for every hour.
const (
	answersEvery = 10 * time.Second
	newsEvery    = 2 * time.Minute
	hourly       = time.Hour
)

// duty is something that is done again and again: the next time is told when it begins.
type duty struct {
	next func(now time.Time) time.Time
	do   func(context.Context) error
}

// each is a duty that is done so often.
func each(every time.Duration, do func(context.Context) error) duty {
	return duty{func(now time.Time) time.Time { return now.Add(every) }, do}
}

// serve does duties one at a time, until ctx ends or one fails. The first of those that are due goes first. None is due at the start.
func serve(ctx context.Context, duties ...duty) error {
	due := make([]time.Time, len(duties))
	for i := range duties {
		due[i] = duties[i].next(time.Now())
	}
	for {
		at := 0
		for i := range due {
			if due[i].Before(due[at]) {
				at = i
			}
		}
		select {
		case <-time.After(time.Until(due[at])):
		case <-ctx.Done():
			return ctx.Err()
		}
		due[at] = duties[at].next(time.Now())
		if err := duties[at].do(ctx); err != nil {
			return err
		}
	}
}
