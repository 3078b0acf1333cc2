package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

// What Mend takes for lost, and how far it looks.
const (
	// settling is how old an open act is when it counts, unless this process is still carrying it out: what is sealed and
	// entered at an end takes four seconds at most.
	settling = time.Minute
	// longestAct is how long an act may be carried out: to back up a large journal takes hours.
	longestAct = 24 * time.Hour
	// The lines of an act are searched for from where it began, for so long and in so many entries. Few acts take longer than
	// seconds.
	reach       = time.Hour
	reachInEach = 20_000
	reachInAll  = 200_000
	mendAtOnce  = 200 // acts
)

// Mend puts the trail right where the process died, or the database failed, between the journal and the table: it reads
// from the journal how open acts ended. An act that was begun and that ended nowhere is given to lost, which sees to it that a
// person learns of it; then it is sealed that its end is not known. A node calls it at the start and every minute.
func (h *House) Mend(ctx context.Context, j *journal.Journal, lost func(context.Context, Act) error) error {
	open, err := h.left(ctx)
	if err != nil || len(open) == 0 {
		return err
	}
	known, searched, err := search(ctx, j, open)
	if err != nil {
		return fmt.Errorf("mend trail: %w", err)
	}
	for i := range open[:searched] {
		if err := h.mend(ctx, open[i], known[open[i].ID], lost); err != nil {
			return fmt.Errorf("mend trail: %w", err)
		}
	}
	return nil
}

// left lists open acts that nobody is carrying out, the oldest first.
func (h *House) left(ctx context.Context) ([]Act, error) {
	now := h.now()
	open, err := h.acts(ctx, `outcome IN ('', 'unsealed') AND at <= $1 ORDER BY at, id LIMIT $2`, store.At(now.Add(-settling)), mendAtOnce)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(open, func(a Act) bool {
		_, doing := h.doing[a.ID]
		return doing && now.Sub(a.At) < longestAct
	}), nil
}

// said is what the journal says of one act.
type said struct {
	intent, result *journal.Place
	outcome        line
}

// search looks for the lines of acts where they began, and returns what it found and of how many acts, counted from the first,
// it has looked at everything.
func search(ctx context.Context, j *journal.Journal, open []Act) (known map[string]*said, searched int, err error) {
	known = map[string]*said{}
	for i := range open {
		known[open[i].ID] = &said{}
	}
	next, read := uint64(0), 0 // entries before next were read for the acts before
	for i := range open {
		from, err := begins(ctx, j, &open[i])
		if err != nil {
			return nil, 0, err
		}
		end := min(from+reachInEach, j.Size())
		for n := max(from, next); n < end; n++ {
			e, err := entry(ctx, j, n)
			if err != nil {
				return nil, 0, err
			}
			if e != nil && e.Header.Received.After(open[i].At.Add(reach)) {
				break
			}
			next = n + 1
			if read++; read > reachInAll {
				return known, i, nil // the rest is for the next time
			}
			if e != nil && e.Header.Kind == journal.Acts {
				note(e, known)
			}
		}
	}
	return known, len(open), nil
}

// note takes down what an entry says of the acts that are looked for.
func note(e *journal.Entry, known map[string]*said) {
	for n, text := range e.Lines() {
		var l line
		if json.Unmarshal(text, &l) != nil || known[l.Act] == nil {
			continue
		}
		at := journal.Place{Entry: e.Index, Line: n}
		if s := known[l.Act]; l.Step == "intent" {
			s.intent = &at
		} else {
			s.result, s.outcome = &at, l
		}
	}
}

// begins is the entry from which on an act's lines may lie: that of its intent, or what came in when it was entered.
func begins(ctx context.Context, j *journal.Journal, a *Act) (uint64, error) {
	if a.Sealed {
		return a.Intent.Entry, nil
	}
	from, to := uint64(0), j.Size()
	for from < to {
		half := from + (to-from)/2
		at := half
		e, err := entry(ctx, j, at)
		for ; err == nil && e == nil && at+1 < to; e, err = entry(ctx, j, at) {
			at++ // damaged ones do not say when they came
		}
		if err != nil {
			return 0, err
		}
		if e != nil && e.Header.Received.Before(a.At.Add(-settling)) {
			from = at + 1
		} else {
			to = half
		}
	}
	return from, nil
}

// entry reads one, nil when it is damaged.
func entry(ctx context.Context, j *journal.Journal, n uint64) (*journal.Entry, error) {
	e, err := j.Entry(ctx, n)
	var damage *journal.DamageError
	if errors.As(err, &damage) {
		return nil, nil
	}
	return e, err
}

// mend settles one open act by what the journal says of it.
func (h *House) mend(ctx context.Context, a Act, s *said, lost func(context.Context, Act) error) error {
	l := line{Act: a.ID, Actor: a.Actor.ID, Verb: a.Verb}
	switch {
	case s.result != nil:
		return h.enterResult(ctx, a, s)
	case a.Outcome == Pending:
		if err := lost(ctx, a); err != nil {
			return err
		}
		return h.end(ctx, l, Lost, "nothing says how it ended")
	case s.intent != nil: // what is not known to be sealed was not begun
		if err := h.placed(ctx, l, *s.intent); err != nil {
			return err
		}
		return h.end(ctx, l, NotDone, "it was broken off before it was begun")
	case a.Why != "": // only a refusal says why from the beginning
		return h.unsealed(ctx, l, Refused, a.Why)
	}
	return h.unsealed(ctx, l, NotDone, "the journal did not take it")
}

// enterResult enters an outcome that the journal holds.
func (h *House) enterResult(ctx context.Context, a Act, s *said) error {
	intent := *s.result // a refusal is both
	switch {
	case a.Sealed:
		intent = a.Intent
	case s.intent != nil:
		intent = *s.intent
	}
	why, err := h.vault.SealText(s.outcome.Why, sealedAct)
	if err != nil {
		return err
	}
	_, err = h.db.ExecContext(ctx, `UPDATE acts SET outcome = $1, why = $2, ended = $3, intent_entry = $4, intent_line = $5, outcome_entry = $6, outcome_line = $7
		WHERE id = $8 AND outcome IN ('', 'unsealed')`, string(s.outcome.Outcome), why, store.At(s.outcome.At),
		int64(intent.Entry), intent.Line, int64(s.result.Entry), s.result.Line, a.ID)
	return err
}

// WithoutEnd counts the acts of which nothing says how they ended: those that Mend would look at now, and those since a
// moment that were given up as lost.
func (h *House) WithoutEnd(ctx context.Context, since time.Time) (int, error) {
	open, err := h.left(ctx)
	if err != nil {
		return 0, err
	}
	var lost int
	err = h.db.QueryRowContext(ctx, `SELECT count(*) FROM acts WHERE outcome = 'lost' AND at >= $1`, store.At(since)).Scan(&lost)
	return len(open) + lost, err
}

// TrailBegins is when the first act happened that Trail can still show of somebody, or of everybody when actor is empty. It is
// the zero time when there is none.
func (h *House) TrailBegins(ctx context.Context, actor string) (time.Time, error) {
	var first store.Time
	err := h.db.QueryRowContext(ctx, `SELECT at FROM acts WHERE actor = $1 OR $1 = '' ORDER BY at LIMIT 1`, actor).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return first.Time, err
}

// pruneStep is how many acts are forgotten in one transaction, so that nobody who acts has to wait.
const pruneStep = 500

// Prune forgets acts from before a moment and returns how many. Their sealed lines stay for as long as the journal keeps
// them. What is open stays until Mend has settled it.
func (h *House) Prune(ctx context.Context, before time.Time) (forgotten int, err error) {
	for {
		var n int64
		err := h.db.Do(ctx, func(tx *sql.Tx) error {
			done, err := tx.ExecContext(ctx, `DELETE FROM acts WHERE id IN
				(SELECT id FROM acts WHERE at < $1 AND outcome NOT IN ('', 'unsealed') ORDER BY at LIMIT $2)`, store.At(before), pruneStep)
			if err != nil {
				return err
			}
			n, err = done.RowsAffected()
			return err
		})
		forgotten += int(n)
		if err != nil || n < pruneStep {
			return forgotten, err
		}
	}
}
