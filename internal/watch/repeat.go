package watch

import (
	"context"
	"errors"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// A sender that got no acknowledgement sends again, and the journal then holds an event twice, under one id. It is judged
// once: among the latest ids, which after a restart are learned from the latest entries before the position.
const (
	lastIDs   = 100_000 // at least
	relearned = 5_000   // entries
)

var errLearned = errors.New("all that came before was read again")

// learn remembers the events of the entries before the next one.
func (l *Live) learn(ctx context.Context) error {
	l.seen = event.NewSeen(lastIDs)
	if l.next == 0 {
		return nil
	}
	from := l.next - min(l.next, relearned)
	for {
		err := l.cfg.Journal.Follow(ctx, from, func(_ context.Context, e *journal.Entry) error {
			if e.Header.Kind == journal.Events && e.Index < l.next {
				for _, line := range e.Lines() {
					if id, ok := event.LineID(line); ok {
						l.seen.Add(id)
					}
				}
			}
			if e.Index+1 >= l.next {
				return errLearned
			}
			return nil
		})
		var damage *journal.DamageError
		switch {
		case errors.Is(err, errLearned):
			return nil
		case !errors.As(err, &damage):
			return err
		case damage.Index+1 >= l.next:
			return nil
		}
		from = damage.Index + 1
	}
}
