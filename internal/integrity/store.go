package integrity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/journal"
)

const sealedDifference = "integrity difference"

// write keeps what was learned and found, within the follower's transaction.
func (r *Room) write(ctx context.Context, tx *sql.Tx) error {
	for _, p := range r.passages {
		learned, err := p.route.Learned()
		if err != nil {
			return err
		}
		next := r.at.Entry + 1
		_, err = tx.ExecContext(ctx, `INSERT INTO integrity_routes (name, since, until, learned) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET since = excluded.since, until = excluded.until, learned = excluded.learned`,
			p.cfg.Name, int64(p.from(r.observed, next)), int64(next), learned)
		if err != nil {
			return fmt.Errorf("keep what was learned of route %s: %w", p.cfg.Name, err)
		}
	}
	for i := range r.found {
		if err := r.keep(ctx, tx, &r.found[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *Room) keep(ctx context.Context, tx *sql.Tx, d *Difference) error {
	plain, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write a difference: %w", err)
	}
	body, err := r.cfg.Vault.SealBlob(plain, sealedDifference)
	if err != nil {
		return fmt.Errorf("seal a difference: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO integrity_differences (id, way, kind, at, statement, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
		d.ID, d.Way, string(d.Kind), d.At.Unix(), d.Statement, body)
	if err != nil {
		return fmt.Errorf("keep a difference: %w", err)
	}
	return nil
}

// recall brings back what was known when the position was written: what was learned, and by hearing again the messages that were under way.
func (r *Room) recall(ctx context.Context) error {
	for _, p := range r.passages {
		var since, until int64
		var learned []byte
		err := r.cfg.DB.QueryRowContext(ctx, `SELECT since, until, learned FROM integrity_routes WHERE name = $1`, p.cfg.Name).Scan(&since, &until, &learned)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read what was learned of route %s: %w", p.cfg.Name, err)
		}
		if err := r.hearAgain(ctx, p, uint64(since), uint64(until)); err != nil {
			return err
		}
		if err := p.route.Restore(learned); err != nil {
			return err
		}
	}
	return nil
}

// hearAgain tells a route of messages that it has heard. What it says of them was said.
func (r *Room) hearAgain(ctx context.Context, p *passage, since, until uint64) error {
	var ev event.Event
	for i := since; i < until; i++ {
		e, err := r.cfg.Journal.Entry(ctx, i)
		var damage *journal.DamageError
		if errors.As(err, &damage) {
			continue // the follower has told of it
		}
		if err != nil {
			return fmt.Errorf("hear again what was under way on route %s: %w", p.cfg.Name, err)
		}
		if e.Header.Kind != journal.Events {
			continue
		}
		for n, line := range e.Lines() {
			if r.reader.Read(line, &ev) == nil && Wants(ev.Class) {
				p.hear(&ev, hospital.Place{Entry: i, Line: int32(n)})
			}
		}
	}
	return nil
}

// Differences lists what was found to differ since a moment, latest first, at most n. It is patient data: callers say who looked.
func (r *Room) Differences(ctx context.Context, since time.Time, n int) ([]Difference, error) {
	rows, err := r.cfg.DB.QueryContext(ctx, `SELECT body FROM integrity_differences WHERE at >= $1 ORDER BY at DESC, id LIMIT $2`, since.Unix(), n)
	if err != nil {
		return nil, fmt.Errorf("list differences: %w", err)
	}
	defer rows.Close()
	var out []Difference
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("list differences: %w", err)
		}
		plain, err := r.cfg.Vault.OpenBlob(body, sealedDifference)
		if err != nil {
			return nil, fmt.Errorf("open a difference: %w", err)
		}
		var d Difference
		if err := json.Unmarshal(plain, &d); err != nil {
			return nil, fmt.Errorf("read a difference: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}
