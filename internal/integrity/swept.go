package integrity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

// SweepState is what the last whole sweep of a part of another system came to: of a table, of an archive's images, of one type of a FHIR server's resources.
type SweepState struct {
	System     string    `json:"system"`
	Table      string    `json:"table"` // or another part of the system
	Unit       string    `json:"unit"`  // what is counted: rows, images, resources
	At         time.Time `json:"at"`    // when it ended
	Since      time.Time `json:"since"` // when the first one ended
	Rows       int64     `json:"rows"`  // that it looked at
	Known      int64     `json:"known"` // that the system is known to have
	First      bool      `json:"first"` // nothing was known before
	Mismatches int64     `json:"mismatches"`
	Explained  int64     `json:"explained"`
}

// keepSweep remembers what a sweep came to, in place of the one before.
func keepSweep(ctx context.Context, db *store.DB, s SweepState) error {
	before, known, err := lastSweep(ctx, db, s.System, s.Table)
	if err != nil {
		return err
	}
	if s.Since = before.Since; !known || s.First || s.Since.IsZero() {
		s.Since = s.At
	}
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keep a sweep: %w", err)
	}
	_, err = db.ExecContext(ctx, `INSERT INTO integrity_sweeps (system, name, at, body) VALUES ($1, $2, $3, $4)
		ON CONFLICT (system, name) DO UPDATE SET at = excluded.at, body = excluded.body`, s.System, s.Table, s.At.Unix(), body)
	if err != nil {
		return fmt.Errorf("keep a sweep: %w", err)
	}
	return nil
}

// lastSweep is what the last sweep of a part came to; known is false when there was none.
func lastSweep(ctx context.Context, db *store.DB, system, part string) (s SweepState, known bool, err error) {
	var body []byte
	err = db.QueryRowContext(ctx, `SELECT body FROM integrity_sweeps WHERE system = $1 AND name = $2`, system, part).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return s, false, nil
	}
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return s, false, fmt.Errorf("read the last sweep: %w", err)
	}
	return s, true, nil
}

// Sweeps lists what the last sweeps came to, by system and table.
func (r *Room) Sweeps(ctx context.Context) ([]SweepState, error) {
	rows, err := r.cfg.DB.QueryContext(ctx, `SELECT body FROM integrity_sweeps ORDER BY system, name`)
	if err != nil {
		return nil, fmt.Errorf("list sweeps: %w", err)
	}
	defer func(rows *sql.Rows) { _ = rows.Close() }(rows)
	var out []SweepState
	for rows.Next() {
		var body []byte
		var s SweepState
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("list sweeps: %w", err)
		}
		if err := json.Unmarshal(body, &s); err != nil {
			return nil, fmt.Errorf("read a sweep: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// signs remembers which signs of a system were told on a day: they hold until somebody has seen to them, and reading back goes on every few minutes.
type signs map[string]string

// fresh tells whether a sign was not told on the day of a moment, and takes it for told.
func (s signs) fresh(part, about, text string, at time.Time) bool {
	name, day := part+"\x00"+about+"\x00"+text, at.Format(time.DateOnly)
	was := s[name]
	s[name] = day
	return was != day
}

// errJournal marks what failed in this house, and not in the one that was read.
var errJournal = errors.New("file what was read back")

const appended = 200 // events of one entry: rows may be long

// appendEvents puts what was read back into the journal. It is durable when nil is returned; else the error is an errJournal.
func appendEvents(ctx context.Context, j *journal.Journal, events ...*event.Event) error {
	for len(events) > 0 {
		n := min(len(events), appended)
		var lines []journal.Line
		for _, ev := range events[:n] {
			lines = append(lines, journal.Line{Kind: journal.Events, Source: ev.Source, Time: ev.Time, JSON: event.AppendLine(nil, ev)})
		}
		if _, err := j.Append(ctx, lines...); err != nil {
			return fmt.Errorf("%w: %w", errJournal, err)
		}
		events = events[n:]
	}
	return nil
}
