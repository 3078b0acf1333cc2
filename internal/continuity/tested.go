package continuity

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/continuity/synthetic"
)

// Test sends a test message on a way and has the room wait for it. What comes of it is told by the room; the error is of telling it. While systems are down on purpose
// nothing is tested.
func (r *Room) Test(ctx context.Context, way *synthetic.Route) error {
	if r.cfg.Planned != nil {
		if down, _ := r.cfg.Planned(r.cfg.Now()); down {
			return nil
		}
	}
	token := synthetic.NewToken()
	err := r.tested(ctx, func(w *synthetic.Watch, now time.Time) []synthetic.Trouble { return w.Sent(way, token, now) })
	if err != nil {
		return err
	}
	failed := way.Send(ctx, way.Message(token, r.cfg.Now()))
	if failed == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return r.tested(ctx, func(w *synthetic.Watch, _ time.Time) []synthetic.Trouble { return w.Failed(way, token, failed) })
}

func (r *Room) tested(ctx context.Context, act func(*synthetic.Watch, time.Time) []synthetic.Trouble) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Now()
	return r.file(ctx, r.engine.wayTold(act(r.engine.tests, now), now))
}

// wayTold are the signs of what came of test messages.
func (e *Engine) wayTold(all []synthetic.Trouble, at time.Time) (out []Sign) {
	for _, t := range all {
		out = append(out, Sign{Kind: Kind(t.Kind), About: "way " + t.Route, Name: "the way of " + t.Route, Class: Hour, At: at, Since: t.Since, Ended: t.Ended, Took: t.Took, Usual: t.Usual, Why: t.Why})
	}
	return out
}
