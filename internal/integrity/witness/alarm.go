package witness

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/store"
)

//go:embed schema
var schema embed.FS

// migrate prepares the tables of both sides.
func migrate(ctx context.Context, db *store.DB) error { return db.Migrate(ctx, "witness", schema) }

// Kind says what an Alarm is about.
type Kind string

const (
	// Rewritten: the checkpoint does not prove that it continues the one that was signed before.
	Rewritten Kind = "rewritten"
	// Forked: there are two checkpoints of one size.
	Forked Kind = "forked"
	// RolledBack: the log is smaller than it was, and does not go on from where it was. An older copy was put back, or its end was cut off.
	RolledBack Kind = "rolled back"
	// Older: somebody sent a checkpoint that is older than the one that was signed, while the log goes on as it should. Checkpoints are no secret, so
	// that may be anybody.
	Older Kind = "older"
	// OutOfStep: the log believed the witness to stand elsewhere, and asks again. It is harmless when one of the two was
	// restored or set up anew.
	OutOfStep Kind = "out of step"
	// Unprovable: our own journal cannot prove that it continues what a peer signed. Its files are damaged.
	Unprovable Kind = "unprovable"
	// Silent: a peer did not answer for longer than it may, or a log sent nothing that could be signed.
	Silent Kind = "silent"
	// Refused: a peer does not know our log or our key, or does not speak the protocol.
	Refused Kind = "refused"
	// Unsigned: a peer said that it signed, and what it sent is no signature of its key on our checkpoint, at this time.
	Unsigned Kind = "unsigned"
)

// Grave tells whether somebody's past was changed, as far as the alarm shows. Others are about the way between two houses.
func (k Kind) Grave() bool {
	switch k {
	case Rewritten, Forked, RolledBack, Unprovable:
		return true
	}
	return false
}

// Alarm says that something between a log and a witness is not as it must be.
type Alarm struct {
	Kind Kind
	At   time.Time
	// Log is the origin of the log that it is about.
	Log string
	// Peer is the name of the witness that said so. It is empty when this node found it: as the witness of another's log, or
	// because it remembers more of its own.
	Peer string
	Size uint64 // of the checkpoint that was refused
	Held uint64 // of what the witness signed last, as far as it is known
	// Status is what the peer answered, 0 if it did not.
	Status int
	// Evidence names what was kept: see Evidence. It is empty when there is nothing to keep.
	Evidence string
	Times    int // how often the same was seen
}

// Tell is told of alarms, in the goroutine that found them, and must return soon. What it is told of is kept already.
type Tell func(context.Context, Alarm)

// Evidence is what was kept of a contradiction. Who has the public keys of log and witness needs nothing else to see it.
type Evidence struct {
	ID   string
	Kind Kind
	Log  string // origin
	Peer string // public key of the witness that refused; empty when this node did
	// Request is what the log asked, whole: see tlog.ParseRequest.
	Request []byte
	// Answer is what the request contradicts: the checkpoint with the log's signature and ours; or, on the log's side, what the
	// peer answered: a status, a line feed, and the body.
	Answer     []byte
	Size, Held uint64
	Seen, Last time.Time
	Times      int
}

// ErrNoEvidence says that there is none with that ID.
var ErrNoEvidence = errors.New("no such evidence")

// maxEvidence bounds what one log can make a node keep of each kind: what is harmless must not crowd out what is grave. Only who
// has the log's key can make it keep anything.
const maxEvidence = 200

// keep notes evidence in a transaction and fills in its ID and how often it was seen. What is new beyond the bound
// is not kept; its ID stays empty.
func keep(ctx context.Context, tx *sql.Tx, e *Evidence) error {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%s", e.Kind, e.Log, e.Peer, e.Request))
	id := hex.EncodeToString(sum[:])
	err := tx.QueryRowContext(ctx, `UPDATE witness_evidence SET last = $2, times = times + 1 WHERE id = $1 RETURNING times`, id, store.At(e.Last)).Scan(&e.Times)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		e.ID = id
		return err
	}
	e.Times = 1
	var kept int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM witness_evidence WHERE origin = $1 AND kind = $2`, e.Log, string(e.Kind)).Scan(&kept); err != nil || kept >= maxEvidence {
		return err
	}
	e.ID = id
	_, err = tx.ExecContext(ctx, `INSERT INTO witness_evidence (id, origin, peer, kind, size, held, request, answer, seen, last, times)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)`,
		id, e.Log, e.Peer, string(e.Kind), int64(e.Size), int64(e.Held), e.Request, e.Answer, store.At(e.Seen), store.At(e.Last))
	return err
}

// ReadEvidence returns what was kept under an ID that an Alarm names.
func ReadEvidence(ctx context.Context, db *store.DB, id string) (Evidence, error) {
	e := Evidence{ID: id}
	var kind string
	var size, held int64
	var seen, last store.Time
	err := db.QueryRowContext(ctx, `SELECT origin, peer, kind, size, held, request, answer, seen, last, times FROM witness_evidence WHERE id = $1`, id).
		Scan(&e.Log, &e.Peer, &kind, &size, &held, &e.Request, &e.Answer, &seen, &last, &e.Times)
	if errors.Is(err, sql.ErrNoRows) {
		return Evidence{}, ErrNoEvidence
	}
	if err != nil {
		return Evidence{}, fmt.Errorf("read evidence: %w", err)
	}
	e.Kind, e.Size, e.Held, e.Seen, e.Last = Kind(kind), uint64(size), uint64(held), seen.Time, last.Time
	return e, nil
}
