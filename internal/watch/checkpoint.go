package watch

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/store"
)

// remembered is what is written with the position.
type remembered struct {
	Version      int             `json:"version"`
	Flushes      int             `json:"flushes"`
	Floods       floods          `json:"floods"`
	Correlations json.RawMessage `json:"correlations"`
}

const rememberedVersion = 1

// What is sealed in the tables: it holds events.
const (
	sealedState  = "what watch remembers"
	sealedAnswer = "answer from the past"
)

// saveShare bounds the part of the time that goes into writing what is remembered.
const saveShare = 20

// pause is how long the position waits to be written: longer when what is remembered is much.
func (l *Live) pause() time.Duration { return max(l.cfg.Checkpoint, saveShare*l.saving) }

// checkpoint waits until all that was filed is durable, and then writes the position and what is remembered. With f it
// also writes what is about to be settled, and what also writes.
func (l *Live) checkpoint(ctx context.Context, f *flush, also ...func(*sql.Tx) error) error {
	for _, r := range l.receipts {
		if _, err := r.Wait(ctx); err != nil {
			return fmt.Errorf("file findings: %w", err)
		}
	}
	l.receipts = l.receipts[:0]
	if err := l.at("durable"); err != nil {
		return err
	}
	begun := time.Now()
	var state []byte
	if l.changed || f != nil {
		var err error
		if state, err = l.remember(); err != nil {
			return err
		}
	}
	if err := l.write(ctx, state, f, also...); err != nil {
		return err
	}
	l.saved, l.savedNext = time.Now(), l.next
	if state != nil {
		l.saving, l.changed = l.saved.Sub(begun), false
	}
	return l.at("noted")
}

func (l *Live) remember() ([]byte, error) {
	var correlations bytes.Buffer
	if err := l.state.Save(&correlations); err != nil {
		return nil, fmt.Errorf("write what correlations remember: %w", err)
	}
	text, err := json.Marshal(remembered{rememberedVersion, l.flushes, l.floods, correlations.Bytes()})
	if err != nil {
		return nil, fmt.Errorf("write what is remembered: %w", err)
	}
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return l.cfg.Vault.SealBlob(zip.EncodeAll(text, nil), sealedState)
}

// write leaves what is remembered as it stands when state is nil.
func (l *Live) write(ctx context.Context, state []byte, f *flush, also ...func(*sql.Tx) error) error {
	intent := []byte{}
	if f != nil {
		var err error
		if intent, err = json.Marshal(f); err != nil {
			return err
		}
	}
	err := l.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		if state != nil {
			_, err := tx.ExecContext(ctx, `INSERT INTO watch_state (follower, state, flush, version) VALUES ($1, $2, $3, $4)
				ON CONFLICT (follower) DO UPDATE SET state = excluded.state, flush = excluded.flush, version = excluded.version`,
				follower, state, string(intent), l.set.Version())
			if err != nil {
				return err
			}
		}
		for _, f := range also {
			if err := f(tx); err != nil {
				return err
			}
		}
		return store.SetPosition(ctx, tx, follower, l.next)
	})
	if err != nil {
		return fmt.Errorf("write the position: %w", err)
	}
	return nil
}

// load takes up what was written last. f is what may have been under way.
func (l *Live) load(ctx context.Context) (f *flush, err error) {
	var state []byte
	var intent string
	err = l.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		var err error
		if l.next, err = store.Position(ctx, tx, follower); err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, `SELECT state, flush FROM watch_state WHERE follower = $1`, follower).Scan(&state, &intent)
		if errors.Is(err, sql.ErrNoRows) {
			state = nil
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the position: %w", err)
	}
	l.book, l.receipts, l.changed = finding.NewBook(keepEvents), nil, false
	if l.suspended, err = suspended(ctx, l.cfg.DB); err != nil {
		return nil, err
	}
	l.use(l.set)
	l.clock, l.saved, l.savedNext, l.saving = time.Time{}, time.Now(), l.next, 0
	l.state, l.flushes, l.floods = correlate.NewState(l.set.plan, l.memory()), 0, floods{}
	if state == nil {
		return nil, nil
	}
	if err := l.recall(state); err != nil {
		return nil, err
	}
	if intent == "" {
		return nil, nil
	}
	f = &flush{}
	if err := json.Unmarshal([]byte(intent), f); err != nil {
		return nil, errDamagedState
	}
	return f, nil
}

var errDamagedState = errors.New("what was remembered beside the position is damaged: put the last backup of the database in its place")

const maxState = 4 << 30 // bytes of what is remembered, unpacked

func (l *Live) recall(state []byte) error {
	state, err := l.cfg.Vault.OpenBlob(state, sealedState)
	if err != nil {
		return fmt.Errorf("open %s: %w", sealedState, err)
	}
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxState))
	if err != nil {
		return err
	}
	defer unzip.Close()
	text, err := unzip.DecodeAll(state, nil)
	if err != nil {
		return errDamagedState
	}
	var r remembered
	if err := json.Unmarshal(text, &r); err != nil || r.Version != rememberedVersion {
		return errDamagedState
	}
	if err := l.state.Load(bytes.NewReader(r.Correlations)); err != nil {
		return errDamagedState
	}
	l.flushes, l.floods = r.Flushes, r.Floods
	return nil
}

func (l *Live) memory() correlate.Config {
	return correlate.Config{Lateness: l.cfg.Lateness, Pending: l.cfg.Pending, Groups: l.cfg.Groups, Window: l.cfg.Window}
}

// carryOver makes a state for another set that remembers what still fits.
func (l *Live) carryOver(set *Set, old *correlate.State) (*correlate.State, error) {
	var saved bytes.Buffer
	if err := old.Save(&saved); err != nil {
		return nil, err
	}
	state := correlate.NewState(set.plan, l.memory())
	if err := state.Load(&saved); err != nil {
		return nil, err
	}
	state.Late, state.Evicted = old.Late, old.Evicted
	return state, nil
}
