package stamp

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

//go:embed schema
var schema embed.FS

const (
	// again is after how long an authority is asked again that gave no stamp.
	again = 5 * time.Minute
	// proveTime is how long is waited for a checkpoint that speaks of what is to be stamped.
	proveTime = 10 * time.Second
)

// KeeperConfig says who stamps the journal, and how often.
type KeeperConfig struct {
	Authority *Authority
	Every     time.Duration
	Log       *slog.Logger
}

// Keeper has the journal's checkpoint stamped on a fixed clock and keeps the stamps. It asks whether the journal grew or not, so that the
// times say nothing. A checkpoint seals everything before it: while an authority cannot be reached nothing has to wait in a
// queue, for the next stamp covers it too. What is lost then is only how early it proves it.
type Keeper struct {
	cfg     KeeperConfig
	db      *store.DB
	journal *journal.Journal
	origin  string
	turn    chan struct{} // full while the authority is asked

	mu       sync.Mutex
	standing Standing // guarded by mu
}

// Standing is when the journal was stamped last.
type Standing struct {
	URL     string    `json:"url"`
	Every   int64     `json:"every_seconds"`
	Size    uint64    `json:"size"`              // of the journal then
	At      time.Time `json:"at,omitzero"`       // zero: never
	Trouble string    `json:"trouble,omitempty"` // why the last try came to nothing

	tried time.Time
}

// NewKeeper prepares the table of stamps in db.
func NewKeeper(ctx context.Context, db *store.DB, j *journal.Journal, cfg KeeperConfig) (*Keeper, error) {
	if err := db.Migrate(ctx, "stamp", schema); err != nil {
		return nil, err
	}
	key, err := tlog.ParseKey(j.PublicKey())
	if err != nil {
		return nil, fmt.Errorf("read the journal's public key: %w", err)
	}
	k := &Keeper{cfg: cfg, db: db, journal: j, origin: key.Name, turn: make(chan struct{}, 1), standing: Standing{URL: cfg.Authority.URL, Every: int64(cfg.Every.Seconds())}}
	var size int64
	var at store.Time
	err = db.QueryRowContext(ctx, `SELECT size, time FROM stamps WHERE origin = $1 ORDER BY time DESC LIMIT 1`, k.origin).Scan(&size, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read when the journal was stamped last: %w", err)
	}
	k.standing.Size, k.standing.At = uint64(size), at.Time
	return k, nil
}

// Standing tells when the journal was stamped last.
func (k *Keeper) Standing() Standing {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.standing
}

// Run has the journal stamped until ctx ends. It returns an error when the journal or the database fails; called again it goes on.
// An authority that fails is no error: it is told, and asked again.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(k.wait(k.cfg.Authority.Now())):
		}
		if err := k.Stamp(ctx); err != nil && !unstamped(err) {
			if ctx.Err() != nil { // a database that is interrupted says so in its own words
				return ctx.Err()
			}
			return err
		}
	}
}

// wait is for how long nothing is due. A last stamp that lies in the future, after the clock was put back, is not waited for.
func (k *Keeper) wait(now time.Time) time.Duration {
	s := k.Standing()
	due := s.At.Add(k.cfg.Every)
	if s.Trouble != "" {
		due = s.tried.Add(min(again, k.cfg.Every))
	}
	return min(max(due.Sub(now), 0), k.cfg.Every)
}

// unstamped tells whether an error is about the authority, and not about this node.
func unstamped(err error) bool {
	var refused *rfc3161.RefusedError
	return errors.Is(err, ErrAnswer) || errors.Is(err, rfc3161.ErrStamp) || errors.Is(err, rfc3161.ErrForm) || errors.As(err, &refused)
}

// Stamp has the current checkpoint stamped.
func (k *Keeper) Stamp(ctx context.Context) error {
	text, err := k.journal.Checkpoint()
	if err != nil {
		return err
	}
	return k.stamp(ctx, text)
}

func (k *Keeper) stamp(ctx context.Context, text []byte) error {
	point, err := tlog.ParseCheckpoint(text, k.journal.PublicKey())
	if err != nil {
		return fmt.Errorf("have the journal stamped: %w", err)
	}
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s, err := k.cfg.Authority.Ask(ctx, evidence.Imprint(point))
	if ctx.Err() != nil { // its silence is our own
		return ctx.Err()
	}
	if err == nil { // as whoever gets it in a bundle will
		_, err = Check(nil)(evidence.Stamp{Request: s.Request, Response: s.Response, Chain: s.Chain}, evidence.Imprint(point))
	}
	if err != nil {
		k.settle(ctx, Standing{Trouble: err.Error()})
		return fmt.Errorf("have the journal stamped: %w", err)
	}
	if err := k.keep(ctx, text, point, &s); err != nil {
		return fmt.Errorf("keep a time stamp: %w", err)
	}
	k.settle(ctx, Standing{Size: point.Size, At: s.Time})
	return nil
}

// settle notes what became of a try, and tells when that changed.
func (k *Keeper) settle(ctx context.Context, now Standing) {
	k.mu.Lock()
	before := k.standing.Trouble
	k.standing.Trouble, k.standing.tried = now.Trouble, k.cfg.Authority.Now()
	if now.Trouble == "" {
		k.standing.Size, k.standing.At = now.Size, now.At
	}
	k.mu.Unlock()
	switch {
	case now.Trouble != "" && before == "":
		k.cfg.Log.WarnContext(ctx, "no time stamp could be had of the journal, the authority is asked again", "error", now.Trouble)
	case now.Trouble == "" && before != "":
		k.cfg.Log.InfoContext(ctx, "the journal is stamped again", "entries", now.Size)
	}
}

func (k *Keeper) keep(ctx context.Context, text []byte, point tlog.Checkpoint, s *Stamp) error {
	sum := sha256.Sum256(s.Chain)
	id := hex.EncodeToString(sum[:])
	return k.db.Do(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO stamp_chains (id, pem) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, s.Chain); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO stamps (origin, size, time, checkpoint, request, response, chain) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (origin, size, time) DO NOTHING`, k.origin, int64(point.Size), store.At(s.Time), text, s.Request, s.Response, id)
		return err
	})
}

// ErrUnstamped says that no stamp covers an entry yet.
var ErrUnstamped = errors.New("no time stamp covers it yet")

// Prove returns the first stamp that covers an entry, with the proof that the entry stands in what was stamped. Stamps of what is not
// this journal, such as the one that was here before a backup was put back, are passed over.
func (k *Keeper) Prove(ctx context.Context, entry uint64) (evidence.Stamp, error) {
	size, after := int64(entry), store.At(time.Unix(0, 0))
	for {
		var s evidence.Stamp
		var text []byte
		var at store.Time
		err := k.db.QueryRowContext(ctx, `SELECT s.size, s.time, s.checkpoint, s.request, s.response, c.pem FROM stamps s JOIN stamp_chains c ON c.id = s.chain
			WHERE s.origin = $1 AND s.size > $2 AND (s.size > $3 OR s.size = $3 AND s.time > $4) ORDER BY s.size, s.time LIMIT 1`,
			k.origin, int64(entry), size, after).Scan(&size, &at, &text, &s.Request, &s.Response, &s.Chain)
		if errors.Is(err, sql.ErrNoRows) {
			return evidence.Stamp{}, ErrUnstamped
		}
		if err != nil {
			return evidence.Stamp{}, fmt.Errorf("read a time stamp: %w", err)
		}
		after = store.At(at.Time)
		s.Proof, err = k.journal.ProveAt(ctx, entry, text)
		if errors.Is(err, tlog.ErrProof) || errors.Is(err, journal.ErrNoEntry) {
			continue
		}
		return s, err
	}
}

// Cover has the journal stamped now if no stamp covers an entry yet.
func (k *Keeper) Cover(ctx context.Context, entry uint64) error {
	_, err := k.Prove(ctx, entry)
	if !errors.Is(err, ErrUnstamped) {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, proveTime)
	defer cancel()
	p, err := k.journal.Prove(waiting, entry)
	if err != nil {
		return err
	}
	return k.stamp(ctx, p.Checkpoint)
}
