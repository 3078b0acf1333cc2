package triage

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault/veil"
)

//go:embed schema
var schema embed.FS

// Desk keeps the queue. It serves any number of goroutines.
type Desk struct {
	veil    *veil.Veil // of what is kept in clear, to be found by; the rest is sealed
	db      *store.DB
	log     *slog.Logger
	unread  atomic.Int64
	damaged atomic.Int64

	mu      sync.Mutex
	waiting map[chan struct{}]struct{} // of those who asked for Changes; guarded by mu
}

// follower is the name that the Desk's position goes by.
const follower = "triage"

// Open prepares the desk's tables. v hides patients in what is found, and seals what people write.
func Open(ctx context.Context, db *store.DB, v *veil.Veil) (*Desk, error) {
	if err := db.Migrate(ctx, "triage", schema); err != nil {
		return nil, err
	}
	d := &Desk{veil: v, db: db, log: slog.New(slog.DiscardHandler), waiting: map[chan struct{}]struct{}{}}
	if err := db.Once(ctx, "seal findings of an earlier version", d.sealOlder); err != nil {
		return nil, err
	}
	return d, nil
}

// Tell has the desk tell log of what it cannot read. It is called before Run.
func (d *Desk) Tell(log *slog.Logger) { d.log = log }

// Unread counts lines of Findings entries that could not be read, since the start.
func (d *Desk) Unread() int64 { return d.unread.Load() }

const (
	tidyEvery     = time.Minute // between looks for findings that have become quiet
	positionEvery = 256         // entries of other kinds after which the position is noted
)

// Run follows the journal until ctx ends, and closes what has become quiet. It returns an error when the database
// or the journal fails; called again it goes on where it was.
func (d *Desk) Run(ctx context.Context, j *journal.Journal) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var tidying sync.WaitGroup
	defer tidying.Wait()
	defer cancel(nil)
	tidying.Go(func() {
		if err := d.tidy(ctx); err != nil {
			cancel(err)
		}
	})
	from, err := d.position(ctx)
	if err != nil {
		return err
	}
	err = d.follow(ctx, j, from)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return errors.Join(err, cause)
	}
	return err
}

// follow goes on behind an entry that is damaged, which the journal says itself.
func (d *Desk) follow(ctx context.Context, j *journal.Journal, from uint64) error {
	for {
		err := j.Follow(ctx, from, func(ctx context.Context, e *journal.Entry) error {
			return d.handle(ctx, e.Index, e.Header, e.Lines())
		})
		var damage *journal.DamageError
		if !errors.As(err, &damage) {
			return err
		}
		d.damaged.Add(1)
		d.log.ErrorContext(ctx, "an entry of the journal is damaged, and findings in it are not in the queue", "entry", damage.Index, "error", damage)
		from = damage.Index + 1
	}
}

// Damaged counts entries that could not be read, since the start.
func (d *Desk) Damaged() int64 { return d.damaged.Load() }

// Counted tells before which entry of the journal all events of a finding have been counted; 0 when none was.
func (d *Desk) Counted(ctx context.Context, id string) (before uint64, err error) {
	var entry int64
	err = d.db.QueryRowContext(ctx, `SELECT coalesce(max(entry) + 1, 0) FROM finding_counted WHERE finding = $1`, id).Scan(&entry)
	if err != nil {
		return 0, fmt.Errorf("ask what of a finding was counted: %w", err)
	}
	return uint64(entry), nil
}

func (d *Desk) tidy(ctx context.Context) error {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			if _, err := d.CloseQuiet(ctx, now); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

func (d *Desk) position(ctx context.Context) (next uint64, err error) {
	err = d.db.Do(ctx, func(tx *sql.Tx) error {
		next, err = store.Position(ctx, tx, follower)
		return err
	})
	return next, err
}

// handle takes one entry in. What it does and the position are one transaction.
func (d *Desk) handle(ctx context.Context, index uint64, h journal.Header, lines iter.Seq2[int, []byte]) error {
	if h.Kind != journal.Findings {
		if index%positionEvery != 0 {
			return nil // an entry of another kind may as well be passed over twice
		}
		lines = func(func(int, []byte) bool) {}
	}
	filed, unread := d.read(lines)
	if unread > 0 {
		d.log.ErrorContext(ctx, "findings of an entry cannot be read, and are not in the queue", "entry", index, "lines", unread)
	}
	err := d.db.Do(ctx, func(tx *sql.Tx) error {
		next, err := store.Position(ctx, tx, follower)
		if err != nil || index < next {
			return err // taken in before
		}
		t := taking{veil: d.veil, tx: tx, at: h.Received, wall: time.Now()}
		if err := t.loadSuppressions(ctx); err != nil {
			return err
		}
		for i := range filed {
			if err := t.take(ctx, &filed[i]); err != nil {
				return fmt.Errorf("take finding in: %w", err)
			}
		}
		if err := setClock(ctx, tx, h.Received); err != nil {
			return err
		}
		return store.SetPosition(ctx, tx, follower, index+1)
	})
	if err == nil && len(filed) > 0 {
		d.wake()
	}
	return err
}

func setClock(ctx context.Context, tx *sql.Tx, at time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO finding_clock (follower, at) VALUES ($1, $2)
		ON CONFLICT (follower) DO UPDATE SET at = excluded.at`, follower, store.At(at))
	if err != nil {
		return fmt.Errorf("note the journal's time: %w", err)
	}
	return nil
}

// Changes returns a channel on which something comes after the queue has changed, and what ends it. Several
// changes may be one.
func (d *Desk) Changes() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting[c] = struct{}{}
	return c, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.waiting, c)
	}
}

func (d *Desk) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.waiting {
		select {
		case c <- struct{}{}:
		default: // it is awake already
		}
	}
}
