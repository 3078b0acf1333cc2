package integrity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/wardline/wardline/internal/store"
)

// How often a difference is planted in each part of a system that is read back, and after how long one that nobody found is told of.
const (
	plantedEvery = 7 * 24 * time.Hour
	mustBeFound  = 3 * 24 * time.Hour
)

// SelfTest is a difference that was planted in what is known of another system, to see how long it takes to find one. It went the whole way of a real
// one: read back, compared, sealed in the journal, judged.
type SelfTest struct {
	System  string    `json:"system"`
	Table   string    `json:"table"` // or another part of the system
	Planted time.Time `json:"planted"`
	Found   time.Time `json:"found,omitzero"` // when it was judged; zero while it waits
}

// Overdue tells whether it waits longer than it may.
func (s *SelfTest) Overdue(now time.Time) bool {
	return s.Found.IsZero() && now.Sub(s.Planted) > mustBeFound
}

// unfoundSince is what is told of a difference that waits too long.
func unfoundSince(planted time.Time) string {
	return "A difference that was planted here on " + planted.Format(time.DateOnly) + " to test the house was not found."
}

// SelfTests lists the last test of each part of a system, by system and part.
func (r *Room) SelfTests(ctx context.Context) ([]SelfTest, error) {
	rows, err := r.cfg.DB.QueryContext(ctx, `SELECT system, name, planted, found FROM integrity_selftests AS t
		WHERE planted = (SELECT max(planted) FROM integrity_selftests AS l WHERE l.system = t.system AND l.name = t.name) ORDER BY system, name`)
	if err != nil {
		return nil, fmt.Errorf("list self-tests: %w", err)
	}
	defer func(rows *sql.Rows) { _ = rows.Close() }(rows)
	var out []SelfTest
	for rows.Next() {
		var s SelfTest
		if err := scanTest(rows, &s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

func scanTest(row interface{ Scan(...any) error }, s *SelfTest) error {
	var planted, found store.Time
	if err := row.Scan(&s.System, &s.Table, &planted, &found); err != nil {
		return fmt.Errorf("read a self-test: %w", err)
	}
	s.Planted, s.Found = planted.Time, found.Time
	return nil
}

// writeTests notes which tests were found.
func (r *Room) writeTests(ctx context.Context, tx *sql.Tx) error {
	for _, s := range r.engine.found {
		_, err := tx.ExecContext(ctx, `UPDATE integrity_selftests SET found = $1 WHERE system = $2 AND name = $3 AND planted = $4 AND found = 0`,
			store.At(s.Found), s.System, s.Table, store.At(s.Planted))
		if err != nil {
			return fmt.Errorf("note that a self-test was found: %w", err)
		}
	}
	return nil
}

// selfTests keeps the self-tests of a system that is read back.
type selfTests struct {
	db     *store.DB
	system string
}

// last is the last test of a part; ok is false when there was none.
func (t selfTests) last(ctx context.Context, part string) (s SelfTest, ok bool, err error) {
	row := t.db.QueryRowContext(ctx, `SELECT system, name, planted, found FROM integrity_selftests WHERE system = $1 AND name = $2 ORDER BY planted DESC LIMIT 1`, t.system, part)
	err = scanTest(row, &s)
	if errors.Is(err, sql.ErrNoRows) {
		return SelfTest{}, false, nil
	}
	return s, err == nil, err
}

// due tells whether it is time to plant a difference. Nobody can foretell the hour.
func (t selfTests) due(ctx context.Context, part string, now time.Time) (bool, error) {
	last, ok, err := t.last(ctx, part)
	if err != nil || ok && now.Sub(last.Planted) < plantedEvery {
		return false, err
	}
	return rand.N(24) == 0, nil
}

func (t selfTests) planted(ctx context.Context, part string, at time.Time) error {
	_, err := t.db.ExecContext(ctx, `INSERT INTO integrity_selftests (system, name, planted, found, told) VALUES ($1, $2, $3, 0, 0) ON CONFLICT DO NOTHING`, t.system, part, store.At(at))
	if err != nil {
		return fmt.Errorf("keep a self-test: %w", err)
	}
	return nil
}

// void forgets a test of which nothing can be said: what was to be found was really changed meanwhile.
func (t selfTests) void(ctx context.Context, part string) error {
	_, err := t.db.ExecContext(ctx, `DELETE FROM integrity_selftests WHERE system = $1 AND name = $2 AND found = 0`, t.system, part)
	if err != nil {
		return fmt.Errorf("forget a self-test: %w", err)
	}
	return nil
}

// untested lets nothing but the journal keep a system from being read back: that a test could not be planted is told, and tried again in an hour.
func (t selfTests) untested(ctx context.Context, log *slog.Logger, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errJournal) || ctx.Err() != nil:
		return errors.Join(err, ctx.Err())
	}
	log.ErrorContext(ctx, "a system could not be tested for whether changes in it are found; it is tried again", "system", t.system, "error", err)
	return nil
}

// forgotten voids a test of which no Keeper knows any more, and which nobody found: what was to be found went meanwhile, or a stop came between.
func (t selfTests) forgotten(ctx context.Context, part string, now time.Time) error {
	last, ok, err := t.last(ctx, part)
	if err != nil || !ok || !last.Found.IsZero() || now.Sub(last.Planted) < mustBeFound {
		return err
	}
	return t.void(ctx, part)
}

// overdue tells, once, whether a test waits longer than it may.
func (t selfTests) overdue(ctx context.Context, part string, planted, now time.Time) (bool, error) {
	if now.Sub(planted) <= mustBeFound {
		return false, nil
	}
	done, err := t.db.ExecContext(ctx, `UPDATE integrity_selftests SET told = 1 WHERE system = $1 AND name = $2 AND planted = $3 AND told = 0`, t.system, part, store.At(planted))
	if err != nil {
		return false, fmt.Errorf("note that a self-test is overdue: %w", err)
	}
	n, err := done.RowsAffected()
	return n > 0, err
}
