package triage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault/veil"
)

// Suppressions lists all suppressions, also those that hold no more, the latest first.
func (d *Desk) Suppressions(ctx context.Context) ([]Suppression, error) {
	return suppressions(ctx, d.db, d.veil)
}

func suppressions(ctx context.Context, r reader, v *veil.Veil) ([]Suppression, error) {
	rows, err := r.QueryContext(ctx, `SELECT id, rule, entity, owner, reason, made, expires, lifted, lifted_by, events
		FROM suppressions ORDER BY made DESC, id DESC`)
	if err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	defer rows.Close()
	var all []Suppression
	for rows.Next() {
		var s Suppression
		var entity string
		var made, expires, lifted store.Time
		if err := rows.Scan(&s.ID, &s.Rule, &entity, &s.Owner, &s.Reason, &made, &expires, &lifted, &s.By, &s.Events); err != nil {
			return nil, fmt.Errorf("read suppressions: %w", err)
		}
		if entity, err = v.Vault().OpenText(entity, sealedNote); err != nil {
			return nil, fmt.Errorf("read suppressions: %w", err)
		}
		if s.Reason, err = v.Vault().OpenText(s.Reason, sealedNote); err != nil {
			return nil, fmt.Errorf("read suppressions: %w", err)
		}
		if err := json.Unmarshal([]byte(entity), &s.Entity); err != nil {
			return nil, fmt.Errorf("read suppressions: the row of %s is damaged", s.ID)
		}
		s.Made, s.Expires, s.Lifted = made.Time, expires.Time, lifted.Time
		all = append(all, s)
	}
	return all, rows.Err()
}

// Suppress makes a suppression and returns its id. It serves what is filed from now on; s says rule, things, owner, reason
// and expiry.
func (d *Desk) Suppress(ctx context.Context, s Suppression) (id string, err error) {
	now := d.now()
	if err := s.check(now.Time); err != nil {
		return "", err
	}
	s = covered(d.veil, s)
	entity, err := s.entityJSON()
	if err != nil {
		return "", err
	}
	if entity, err = d.veil.Vault().SealText(entity, sealedNote); err != nil {
		return "", err
	}
	reason, err := d.veil.Vault().SealText(store.Text(s.Reason), sealedNote)
	if err != nil {
		return "", err
	}
	key, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	err = d.db.Do(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO suppressions (id, rule, entity, owner, reason, made, expires, lifted, lifted_by, events)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', 0)`,
			key.String(), store.Text(s.Rule), entity, store.Text(s.Owner), reason, now, store.At(s.Expires))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make suppression: %w", err)
	}
	d.wake()
	return key.String(), nil
}

// Lift ends a suppression before its time. What it covers comes back into the queue with its next match.
func (d *Desk) Lift(ctx context.Context, id, by string) error {
	err := d.db.Do(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE suppressions SET lifted = $2, lifted_by = $3 WHERE id = $1 AND lifted = 0`,
			store.Text(id), d.now(), store.Text(by))
		if err != nil {
			return fmt.Errorf("lift suppression: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return ErrUnknown
		}
		return nil
	})
	if err == nil {
		d.wake()
	}
	return err
}

// Would says what a suppression would have kept out of the queue of all that was found so far. It need not
// be complete yet: only its rule and its things are looked at.
func (d *Desk) Would(ctx context.Context, s Suppression) (Receipt, error) {
	s = covered(d.veil, s)
	q := query{}
	if s.Rule != "" {
		q.add("rule = ?", store.Text(s.Rule))
	}
	rows, err := d.db.QueryContext(ctx, `SELECT body, COALESCE((SELECT verdict FROM finding_acts
		WHERE finding = findings.id AND act = 'judged' AND undone = 0 ORDER BY finding_acts.id DESC LIMIT 1), '') FROM findings`+q.where(), q.args...)
	if err != nil {
		return Receipt{}, fmt.Errorf("try suppression: %w", err)
	}
	defer rows.Close()
	var r Receipt
	for rows.Next() {
		var i Item
		var body []byte
		if err := rows.Scan(&body, &i.Verdict); err != nil {
			return Receipt{}, fmt.Errorf("try suppression: %w", err)
		}
		if err := openBody(d.veil, body, &i.Finding); err != nil {
			return Receipt{}, fmt.Errorf("try suppression: %w", err)
		}
		if s.covers(&i.Finding) {
			r.add(&i)
		}
	}
	return r, rows.Err()
}

func (r *Receipt) add(i *Item) {
	r.Findings++
	r.Events += i.Count
	switch i.Verdict {
	case True:
		r.JudgedTrue++
	case False:
		r.JudgedFalse++
	case Expected:
		r.Expected++
	}
}

// Verdicts returns the latest verdict on each of the findings that has one, by id.
func (d *Desk) Verdicts(ctx context.Context, ids []string) (map[string]Verdict, error) {
	verdicts := map[string]Verdict{}
	for _, id := range ids {
		var v Verdict
		err := d.db.QueryRowContext(ctx, `SELECT verdict FROM finding_acts WHERE finding = $1 AND act = 'judged' AND undone = 0
			ORDER BY id DESC LIMIT 1`, store.Text(id)).Scan(&v)
		if err == nil {
			verdicts[id] = v
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("read verdicts: %w", err)
		}
	}
	return verdicts, nil
}

// now is the wall clock, by which people's acts are noted.
func (d *Desk) now() store.Time { return store.At(time.Now()) }
