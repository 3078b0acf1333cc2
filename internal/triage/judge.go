package triage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault/veil"
)

// longest bounds what people write, in bytes.
const longest = 4096

// Judge closes a finding with a verdict and its reason. Judged again, the new verdict takes the place of the old one;
// if the finding was opened again in between, both stand.
func (d *Desk) Judge(ctx context.Context, id string, v Verdict, why, by string) error {
	if v != True && v != False && v != Expected {
		return errors.New("a verdict is true, false or expected")
	}
	if strings.TrimSpace(why) == "" {
		return errors.New("a verdict needs a reason: the next one who sees this rule will want to know")
	}
	return d.change(ctx, id, by, why, func(tx *sql.Tx, i *Item) (Act, error) {
		if i.Verdict != "" {
			if err := takeBack(ctx, tx, id); err != nil {
				return Act{}, err
			}
		}
		i.State, i.Verdict, i.Why, i.ClosedAt, i.Later = Closed, v, store.Text(why), d.now().Time, time.Time{}
		return Act{Act: "judged", Verdict: v, Detail: why}, nil
	})
}

// Unjudge takes the verdict of a finding back and puts it into the queue again.
func (d *Desk) Unjudge(ctx context.Context, id, by string) error {
	return d.change(ctx, id, by, "", func(tx *sql.Tx, i *Item) (Act, error) {
		if i.Verdict == "" {
			return Act{}, errors.New("there is no verdict to take back")
		}
		was := i.Verdict
		i.State, i.Verdict, i.Why, i.ClosedAt = Seen, "", "", time.Time{}
		return Act{Act: "unjudged", Detail: "was " + string(was)}, takeBack(ctx, tx, id)
	})
}

// takeBack marks the latest verdict of a finding as undone.
func takeBack(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE finding_acts SET undone = 1 WHERE id =
		(SELECT id FROM finding_acts WHERE finding = $1 AND act = 'judged' AND undone = 0 ORDER BY id DESC LIMIT 1)`, id)
	return err
}

// See notes that somebody has looked at a new finding.
func (d *Desk) See(ctx context.Context, id, by string) error {
	return d.change(ctx, id, by, "", func(_ *sql.Tx, i *Item) (Act, error) {
		if i.State != New {
			return Act{}, errUnchanged
		}
		i.State = Seen
		return Act{Act: "seen"}, nil
	})
}

// Assign says who looks into a finding; "" is nobody.
func (d *Desk) Assign(ctx context.Context, id, owner, by string) error {
	return d.change(ctx, id, by, owner, func(_ *sql.Tx, i *Item) (Act, error) {
		i.Owner = store.Text(owner)
		if i.State == New {
			i.State = Seen
		}
		return Act{Act: "assigned", Detail: owner}, nil
	})
}

// Later puts a finding off: it is not listed until then, unless something makes it worth telling again.
func (d *Desk) Later(ctx context.Context, id string, until time.Time, by string) error {
	if until.After(d.now().Add(LongestSuppression)) {
		return errors.New("put it off by 90 days at most")
	}
	return d.change(ctx, id, by, "", func(_ *sql.Tx, i *Item) (Act, error) {
		if i.State != New && i.State != Seen {
			return Act{}, errors.New("only a finding that waits can be put off")
		}
		i.State = Seen
		i.Later = until
		return Act{Act: "later", Detail: until.UTC().Format(time.RFC3339)}, nil
	})
}

var errUnchanged = errors.New("nothing to change")

// change does one thing with a finding and records it.
func (d *Desk) change(ctx context.Context, id, by, text string, act func(*sql.Tx, *Item) (Act, error)) error {
	if strings.TrimSpace(by) == "" {
		return errors.New("wardline: internal error: an act without an actor")
	}
	if len(text) > longest {
		return fmt.Errorf("at most %d bytes are kept of what you write", longest)
	}
	err := d.db.Do(ctx, func(tx *sql.Tx) error {
		i, err := get(ctx, tx, d.veil, id)
		if err != nil {
			return err
		}
		a, err := act(tx, &i)
		if err != nil {
			return err
		}
		i.Changed = d.now().Time
		a.At, a.Who = i.Changed, by
		why, err := d.veil.Vault().SealText(i.Why, sealedNote)
		if err != nil {
			return fmt.Errorf("seal the reason of a verdict: %w", err)
		}
		_, err = tx.ExecContext(ctx, `UPDATE findings SET state = $2, verdict = $3, why = $4, owner = $5, closed = $6, later = $7, changed = $8 WHERE id = $1`,
			i.ID, string(i.State), string(i.Verdict), why, i.Owner, store.At(i.ClosedAt), store.At(i.Later), store.At(i.Changed))
		if err != nil {
			return fmt.Errorf("change finding: %w", err)
		}
		return record(ctx, tx, d.veil, &i, a)
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err == nil {
		d.wake()
	}
	return err
}

// record notes what was done with a finding.
func record(ctx context.Context, tx *sql.Tx, v *veil.Veil, i *Item, a Act) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	detail, err := v.Vault().SealText(store.Text(a.Detail), sealedNote)
	if err != nil {
		return fmt.Errorf("record what was done: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO finding_acts (id, finding, rule, at, who, act, verdict, detail, undone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
		id.String(), i.ID, store.Text(RuleID(&i.Rule)), store.At(a.At), store.Text(a.Who), a.Act, string(a.Verdict), detail)
	if err != nil {
		return fmt.Errorf("record what was done: %w", err)
	}
	return nil
}

// quietAfter is how long nothing must have matched for a finding to be closed by itself.
const quietAfter = 24 * time.Hour

// CloseQuiet closes findings of which nothing came for a day, both by the wall clock, which is now, and by the
// journal's: a journal that is behind is not quiet, and a clock that jumps closes nothing. What is high or critical stays until
// somebody has seen it. It returns how many it closed.
func (d *Desk) CloseQuiet(ctx context.Context, now time.Time) (closed int, err error) {
	err = d.db.Do(ctx, func(tx *sql.Tx) error {
		closed = 0
		var clock store.Time
		err := tx.QueryRowContext(ctx, `SELECT at FROM finding_clock WHERE follower = $1`, follower).Scan(&clock)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the journal's time: %w", err)
		}
		quiet, err := quietFindings(ctx, tx, d.veil, clock.Add(-quietAfter), now.Add(-quietAfter), now)
		if err != nil {
			return err
		}
		for i := range quiet {
			if err := closeQuiet(ctx, tx, d.veil, &quiet[i], now); err != nil {
				return err
			}
			closed++
		}
		return nil
	})
	if err == nil && closed > 0 {
		d.wake()
	}
	return closed, err
}

func quietFindings(ctx context.Context, tx *sql.Tx, v *veil.Veil, matched, wall, now time.Time) ([]Item, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+columns+` FROM findings WHERE matched <= $1 AND seen_wall <= $2 AND later <= $3
		AND (state = 'seen' OR state = 'suppressed' OR state = 'new' AND level < $4) ORDER BY id LIMIT 1000`,
		store.At(matched), store.At(wall), store.At(now), finding.Rank("high"))
	if err != nil {
		return nil, fmt.Errorf("look for quiet findings: %w", err)
	}
	defer rows.Close()
	var quiet []Item
	for rows.Next() {
		i, err := scan(rows, v)
		if err != nil {
			return nil, err
		}
		quiet = append(quiet, i)
	}
	return quiet, rows.Err()
}

func closeQuiet(ctx context.Context, tx *sql.Tx, v *veil.Veil, i *Item, now time.Time) error {
	const why = "quiet for 24 hours"
	_, err := tx.ExecContext(ctx, `UPDATE findings SET state = 'closed', why = $2, closed = $3, changed = $3 WHERE id = $1`, i.ID, why, store.At(now))
	if err != nil {
		return fmt.Errorf("close quiet finding: %w", err)
	}
	return record(ctx, tx, v, i, Act{At: now, Act: "closed", Detail: why})
}
