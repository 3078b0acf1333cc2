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

// The purposes for which something is sealed.
const (
	sealedDoubt = "integrity doubt"
	sealedChart = "integrity chart"
	sealedSeats = "integrity seats"
)

// write keeps what was learned and found, within the follower's transaction.
func (r *Room) write(ctx context.Context, tx *sql.Tx) error {
	for _, p := range r.engine.passages {
		learned, err := p.route.Learned()
		if err != nil {
			return err
		}
		next := r.at.Entry + 1
		_, err = tx.ExecContext(ctx, `INSERT INTO integrity_routes (name, since, until, learned) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET since = excluded.since, until = excluded.until, learned = excluded.learned`,
			p.cfg.Name, int64(p.from(r.engine.observed, next)), int64(next), learned)
		if err != nil {
			return fmt.Errorf("keep what was learned of route %s: %w", p.cfg.Name, err)
		}
	}
	if err := r.writeChart(ctx, tx); err != nil {
		return err
	}
	if err := r.images.write(ctx, tx); err != nil {
		return err
	}
	if err := r.rows.write(ctx, tx); err != nil {
		return err
	}
	if err := r.kept.write(ctx, tx); err != nil {
		return err
	}
	if err := r.lives.write(ctx, tx); err != nil {
		return err
	}
	if err := r.writeTests(ctx, tx); err != nil {
		return err
	}
	if err := r.writeAsks(ctx, tx); err != nil {
		return err
	}
	for i := range r.found {
		if err := r.keep(ctx, tx, &r.found[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *Room) keep(ctx context.Context, tx *sql.Tx, d *Doubt) error {
	plain, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write a doubt: %w", err)
	}
	body, err := r.cfg.Vault.SealBlob(plain, sealedDoubt)
	if err != nil {
		return fmt.Errorf("seal a doubt: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO integrity_doubts (id, kind, at, patient, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
		d.ID, d.Kind, d.At.Unix(), d.Patient, body)
	if err != nil {
		return fmt.Errorf("keep a doubt: %w", err)
	}
	return nil
}

func (r *Room) writeChart(ctx context.Context, tx *sql.Tx) error {
	plain, err := r.engine.chart.Learned()
	if err != nil {
		return err
	}
	learned, err := r.cfg.Vault.SealBlob(plain, sealedChart)
	if err != nil {
		return fmt.Errorf("seal what was learned of charts: %w", err)
	}
	if err := r.putChart(ctx, tx, learnedRow, learned); err != nil {
		return err
	}
	if r.engine.observed.Sub(r.seated) < time.Hour {
		return nil
	}
	if plain, err = r.engine.chart.Seats(); err != nil {
		return err
	}
	if learned, err = r.cfg.Vault.SealBlob(plain, sealedSeats); err != nil {
		return fmt.Errorf("seal who used the record system: %w", err)
	}
	r.seating = r.engine.observed
	return r.putChart(ctx, tx, seatsRow, learned)
}

// The rows of integrity_charts. Who used the record system is written once an hour: it is large, and what is missing of it is only not known.
const (
	learnedRow = 1
	seatsRow   = 2
)

func (r *Room) putChart(ctx context.Context, tx *sql.Tx, id int, body []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO integrity_charts (id, since, learned) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET since = excluded.since, learned = excluded.learned`, id, r.engine.since.Unix(), body)
	if err != nil {
		return fmt.Errorf("keep what was learned of charts: %w", err)
	}
	return nil
}

func (r *Room) recallChart(ctx context.Context) error {
	for id, purpose := range map[int]string{learnedRow: sealedChart, seatsRow: sealedSeats} {
		var since int64
		var sealed []byte
		err := r.cfg.DB.QueryRowContext(ctx, `SELECT since, learned FROM integrity_charts WHERE id = $1`, id).Scan(&since, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read what was learned of charts: %w", err)
		}
		learned, err := r.cfg.Vault.OpenBlob(sealed, purpose)
		if err != nil {
			return fmt.Errorf("open what was learned of charts: %w", err)
		}
		take := r.engine.chart.Restore
		if id == seatsRow {
			take = r.engine.chart.RestoreSeats
		}
		if err := take(learned); err != nil {
			return err
		}
		r.engine.since = time.Unix(since, 0)
	}
	return nil
}

// recall brings back what was known when the position was written: what was learned, and by hearing again the messages that were under way.
func (r *Room) recall(ctx context.Context) error {
	if err := r.recallChart(ctx); err != nil {
		return err
	}
	for _, p := range r.engine.passages {
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
			if r.reader.Read(line, &ev) != nil || !Wants(ev.Class) {
				continue
			}
			if m := message(&ev); m != nil && !isAnswer(m) {
				p.hear(&ev, m, hospital.Place{Entry: i, Line: int32(n)})
			}
		}
	}
	return nil
}

// Doubts lists what may not be true and was heard since a moment, the latest n: the latest day first, and within a day the heaviest. It is patient data: callers say who looked.
func (r *Room) Doubts(ctx context.Context, since time.Time, n int) ([]Doubt, error) {
	rows, err := r.cfg.DB.QueryContext(ctx, `SELECT body FROM integrity_doubts WHERE at >= $1 ORDER BY at DESC, id LIMIT $2`, since.Unix(), n)
	if err != nil {
		return nil, fmt.Errorf("list doubts: %w", err)
	}
	defer rows.Close()
	var out []Doubt
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("list doubts: %w", err)
		}
		d, err := r.open(body)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	heaviestFirst(out, r.cfg.Zone)
	return out, rows.Err()
}

// Prune forgets what was kept before a moment: doubts, and what images and rows of other systems were when they were heard. It returns how many doubts.
func (r *Room) Prune(ctx context.Context, before time.Time) (doubts int, err error) {
	err = r.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"integrity_images", "integrity_rows", "integrity_kept", "integrity_lives", "integrity_asks", "integrity_doubts"} {
			done, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE at < $1`, before.Unix())
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			doubts = int(n) // of the last
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("forget old doubts: %w", err)
	}
	return doubts, nil
}
