package continuity

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// WardsConfig is what Wards stand on.
type WardsConfig struct {
	Zone  *time.Location // of the house; UTC when nil
	DB    *store.DB
	Vault *vault.Vault
	Log   *slog.Logger
}

// Wards know what is to be known of those who lie in the house when the systems stop that know it. The hospital's follower owns them: they are looked at
// where it lends its House, and nowhere else.
type Wards struct {
	cfg    WardsConfig
	board  *bedside.Board
	forgot time.Time // when those were forgotten last who had left
	unread int64     // messages that could not be read, since the start
	heard  time.Time // when the last message came, since the start
}

// OpenWards prepares their table. Their Hooks belong into a follower's configuration.
func OpenWards(ctx context.Context, cfg WardsConfig) (*Wards, error) {
	if err := cfg.DB.Migrate(ctx, "continuity", schema); err != nil {
		return nil, err
	}
	return &Wards{cfg: cfg}, nil
}

// sealedBed is the purpose for which records are sealed.
const sealedBed = "continuity bedside"

// Hooks are what the wards do as the follower goes on.
func (w *Wards) Hooks() hospital.Hooks {
	return hospital.Hooks{Load: w.load, Event: w.event, Clock: w.clock, Save: w.save, Saved: func() { w.board.Saved() }}
}

// load takes up what was saved. A record that cannot be read is left out, and said so: paper without a patient is seen to lack one, and no other is lost by it.
func (w *Wards) load(ctx context.Context, _ *hospital.House) error {
	w.board = bedside.New(bedside.Options{Zone: w.cfg.Zone})
	rows, err := w.cfg.DB.QueryContext(ctx, `SELECT body FROM continuity_beds`)
	if err != nil {
		return fmt.Errorf("load what is known at the bedside: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return fmt.Errorf("load what is known at the bedside: %w", err)
		}
		plain, err := w.cfg.Vault.OpenBlob(body, sealedBed)
		if err == nil {
			err = w.board.Load(plain)
		}
		if err != nil {
			w.cfg.Log.WarnContext(ctx, "what is known of a patient cannot be read, and is not on paper until it is said again", "error", err)
		}
	}
	w.board.Saved()
	return rows.Err()
}

func (w *Wards) event(_ context.Context, _ *hospital.House, ev *event.Event, _ hospital.Place, _ []hospital.PatientID) error {
	if !bedside.Wants(ev.Class) {
		return nil
	}
	if w.board.Hear(ev) != nil {
		w.unread++ // the collector and the follower have said so
	}
	if ev.Observed.After(w.heard) {
		w.heard = ev.Observed
	}
	return nil
}

// clock lets go of those who left, once an hour.
func (w *Wards) clock(_ context.Context, h *hospital.House, now time.Time) error {
	if now.Sub(w.forgot) >= time.Hour {
		w.forgot = now
		w.board.Forget(h, now)
	}
	return nil
}

func (w *Wards) save(ctx context.Context, tx *sql.Tx) error {
	return w.board.Changed(func(key string, body []byte) error {
		name := int64(w.cfg.Vault.Hash(sealedBed, key))
		if body == nil {
			if _, err := tx.ExecContext(ctx, `DELETE FROM continuity_beds WHERE name = $1`, name); err != nil {
				return fmt.Errorf("forget what is known at the bedside: %w", err)
			}
			return nil
		}
		sealed, err := w.cfg.Vault.SealBlob(body, sealedBed)
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO continuity_beds (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body`, name, sealed)
		}
		if err != nil {
			return fmt.Errorf("keep what is known at the bedside: %w", err)
		}
		return nil
	})
}

// Heard is when the feeds were heard last of which the census is made: what happened since is not in it. It is zero when nothing was heard.
func (w *Wards) Heard(census map[string][]bedside.Inpatient) time.Time {
	last := w.heard
	for _, ward := range census {
		for i := range ward {
			if ward[i].Heard.After(last) {
				last = ward[i].Heard
			}
		}
	}
	return last
}

// Census tells who lies on each unit at a moment, and what is known of each; ahead is for how long due drugs are told. It asks the House about each whom it knows: call it once
// an hour and not for each request, where the follower lends its House.
func (w *Wards) Census(h *hospital.House, at time.Time, ahead time.Duration) map[string][]bedside.Inpatient {
	if w.board == nil {
		return nil // the follower has not begun
	}
	return ByUnit(h, w.board.Census(h, at, ahead))
}

// Counted is how many lay on each unit at a moment.
type Counted struct {
	Patients map[string]int
	At       time.Time
}

// Count counts a census.
func Count(census map[string][]bedside.Inpatient, at time.Time) Counted {
	out := Counted{map[string]int{}, at}
	for unit, ward := range census {
		out.Patients[unit] = len(ward)
	}
	return out
}
