package continuity

import (
	"time"

	"github.com/wardline/wardline/internal/continuity/sibling"
)

// LessThanUsual is that a feed says less than it should, by what the others say of what they should.
const LessThanUsual Kind = "less-than-usual"

// compared holds feeds against each other when a half hour is over.
func (e *Engine) compared(now time.Time) (out []Sign) {
	half := now.Truncate(30 * time.Minute)
	if !half.After(e.halved) {
		return nil
	}
	first := e.halved.IsZero()
	e.halved = half
	if first {
		return nil
	}
	var all []sibling.Half
	for _, f := range e.order {
		if f.strange || f.model.Silent() {
			continue
		}
		if came, usual, known := f.model.Middle(half.Add(-time.Minute)); known {
			all = append(all, sibling.Half{Feed: f.id, Came: came, Usual: usual})
		}
	}
	for _, l := range e.siblings.Take(all, half) {
		f := e.feeds[l.Feed]
		if f == nil {
			continue
		}
		out = append(out, Sign{Kind: LessThanUsual, About: f.id, Name: e.nameOf(f), Class: Days, At: now, Since: l.Since, Ended: l.Ended, Count: int(l.Came), Expected: l.Expected})
	}
	return out
}
