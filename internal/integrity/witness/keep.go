package witness

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/store"
)

// standing is what is remembered of a peer.
type standing struct {
	size  uint64
	heard time.Time
	told  bool // that it is silent
}

func (f *Feed) standing(ctx context.Context) (map[string]standing, error) {
	rows, err := f.db.QueryContext(ctx, `SELECT peer, size, heard, told FROM witness_peers WHERE origin = $1`, f.log.Origin)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]standing{}
	for rows.Next() {
		var peer string
		var size, told int64
		var heard store.Time
		if err := rows.Scan(&peer, &size, &heard, &told); err != nil {
			return nil, err
		}
		found[peer] = standing{uint64(size), heard.Time, told != 0}
	}
	return found, rows.Err()
}

// settle keeps what a round came to, in one transaction, and returns what is to be told. While the journal is not what was kept of it,
// no signatures are kept: that would make the new past the one to compare with.
func (f *Feed) settle(ctx context.Context, p point, asked []outcome) ([]Alarm, error) {
	now := f.cfg.Now()
	kind, kept, err := f.recall(ctx, p)
	if err != nil {
		return nil, err
	}
	var alarms []Alarm
	err = f.db.Do(ctx, func(tx *sql.Tx) error {
		alarms = nil
		if kind != "" {
			alarms = append(alarms, Alarm{Kind: kind, At: now, Log: f.log.Origin, Size: p.Size, Held: kept, Times: 1})
		}
		for _, o := range asked {
			if o.kind != "" {
				a, err := f.contradiction(ctx, tx, p, o, now)
				if err != nil {
					return err
				}
				alarms = append(alarms, a)
			}
			silent, err := f.remember(ctx, tx, o, now)
			if err != nil {
				return err
			}
			if silent {
				alarms = append(alarms, Alarm{Kind: Silent, At: now, Log: f.log.Origin, Peer: o.peer.Name, Size: p.Size, Held: o.held, Status: o.status, Times: 1})
			}
			if o.signed.Bytes != nil && kind == "" {
				if err := f.keepSignature(ctx, tx, p, o, now); err != nil {
					return err
				}
			}
		}
		return f.thin(ctx, tx, now)
	})
	return alarms, err
}

// recall compares the journal with the newest checkpoint of it that was kept here, and says what is wrong. Peers may be far, and new ones
// know nothing of what was.
func (f *Feed) recall(ctx context.Context, p point) (kind Kind, kept uint64, err error) {
	var text []byte
	err = f.db.QueryRowContext(ctx, `SELECT checkpoint FROM witness_checkpoints WHERE origin = $1 ORDER BY size DESC LIMIT 1`, f.log.Origin).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	before, _, err := tlog.ReadCheckpoint(text) // that the log signed it was checked when it was kept
	if err != nil {
		return "", 0, store.ErrDamaged
	}
	switch {
	case before.Size > p.Size:
		return RolledBack, before.Size, nil
	case before.Size == p.Size && before.Root != p.Root:
		return Forked, before.Size, nil
	case before.Size == p.Size || before.Size == 0:
		return "", before.Size, nil
	}
	hashes, err := f.journal.Consistency(ctx, before.Size, p.Size)
	if err != nil {
		return Unprovable, before.Size, ctx.Err()
	}
	if tlog.VerifyConsistency(before, p.Checkpoint, hashes) != nil {
		return Rewritten, before.Size, nil
	}
	return "", before.Size, nil
}

// contradiction makes an alarm of what is wrong with a peer's answer, and keeps the evidence.
func (f *Feed) contradiction(ctx context.Context, tx *sql.Tx, p point, o outcome, now time.Time) (Alarm, error) {
	a := Alarm{Kind: o.kind, At: now, Log: f.log.Origin, Peer: o.peer.Name, Size: p.Size, Held: o.held, Status: o.status, Times: 1}
	if o.status == 0 || o.kind == Refused {
		return a, nil // nothing that proves anything
	}
	answer := append(fmt.Appendf(nil, "%d\n", o.status), o.response...)
	e := Evidence{Kind: o.kind, Log: f.log.Origin, Peer: o.peer.Key.String(), Request: o.request, Answer: answer, Size: p.Size, Held: o.held, Seen: now, Last: now}
	err := keep(ctx, tx, &e)
	a.Evidence, a.Times = e.ID, e.Times
	return a, err
}

// remember notes where a peer stands, and tells whether its silence is to be told.
func (f *Feed) remember(ctx context.Context, tx *sql.Tx, o outcome, now time.Time) (silent bool, err error) {
	s := o.standing
	if o.heard || s.heard.IsZero() { // who was never asked before gets as long as the others
		s.heard, s.told = now, false
	}
	if o.signed.Bytes != nil {
		s.size = o.held
	}
	silent = !s.told && now.Sub(s.heard) > silence
	told := 0
	if s.told || silent {
		told = 1
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO witness_peers (origin, peer, size, heard, told) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (origin, peer) DO UPDATE SET size = excluded.size, heard = excluded.heard, told = excluded.told`,
		f.log.Origin, o.peer.Key.String(), int64(s.size), store.At(s.heard), told)
	return silent, err
}

// keepSignature puts a cosignature beside its checkpoint.
func (f *Feed) keepSignature(ctx context.Context, tx *sql.Tx, p point, o outcome, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO witness_checkpoints (origin, size, checkpoint, taken, signed) VALUES ($1, $2, $3, $4, 0)
		ON CONFLICT (origin, size) DO NOTHING`, f.log.Origin, int64(p.Size), p.note.Bytes(), store.At(now))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO witness_cosignatures (origin, size, peer, first, last) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (origin, size, peer) DO UPDATE SET last = excluded.last`, f.log.Origin, int64(p.Size), o.peer.Key.String(), o.signed.String())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE witness_checkpoints SET signed = (SELECT count(*) FROM witness_cosignatures c WHERE c.origin = $1 AND c.size = $2)
		WHERE origin = $1 AND size = $2`, f.log.Origin, int64(p.Size))
	return err
}

// keepAll is for how long every signed checkpoint is kept. Of days before that one is: the first of those that most peers signed.
const keepAll = 35 * 24 * time.Hour

func (f *Feed) thin(ctx context.Context, tx *sql.Tx, now time.Time) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM witness_checkpoints AS o WHERE o.origin = $1 AND o.taken < $2 AND EXISTS (
			SELECT 1 FROM witness_checkpoints b WHERE b.origin = $1 AND b.taken / 86400000000 = o.taken / 86400000000
			AND (b.signed > o.signed OR b.signed = o.signed AND b.size < o.size))`, f.log.Origin, store.At(now.Add(-keepAll)))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM witness_cosignatures AS s WHERE s.origin = $1 AND NOT EXISTS (
			SELECT 1 FROM witness_checkpoints c WHERE c.origin = s.origin AND c.size = s.size)`, f.log.Origin)
	return err
}

// ErrUnsigned says that not enough peers signed a checkpoint that speaks of the entry, yet.
var ErrUnsigned = errors.New("not enough witnesses signed a checkpoint that speaks of it: it is sent every five minutes")

// Prover makes proofs that an entry stands in a log at a checkpoint that the log signed. The journal is one.
type Prover interface {
	ProveAt(ctx context.Context, index uint64, checkpoint []byte) (tlog.Proof, error)
}

// Prove returns the proof that an entry stands in the log, at the oldest checkpoint that speaks of it and that enough peers
// signed, with their first signatures: so it also proves how old the entry is at least. It holds without this
// node: see tlog.Proof.VerifyPolicy.
func (f *Feed) Prove(ctx context.Context, log Prover, index uint64) (tlog.Proof, error) {
	var after int64 = -1
	for {
		text, size, err := f.signed(ctx, index, after)
		if err != nil {
			return tlog.Proof{}, fmt.Errorf("prove entry %d: %w", index, err)
		}
		after = size
		if _, err := f.cfg.Policy.Verify(text, tlog.Window{}); err != nil {
			continue // too few signed
		}
		p, err := log.ProveAt(ctx, index, text)
		if err != nil {
			return tlog.Proof{}, err
		}
		return p, nil
	}
}

// signed returns the smallest checkpoint above a size that speaks of an entry, with its cosignatures.
func (f *Feed) signed(ctx context.Context, index uint64, after int64) ([]byte, int64, error) {
	var text []byte
	var size int64
	err := f.db.QueryRowContext(ctx, `SELECT checkpoint, size FROM witness_checkpoints WHERE origin = $1 AND size > $2 AND size > $3 ORDER BY size LIMIT 1`,
		f.log.Origin, int64(index), after).Scan(&text, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, ErrUnsigned
	}
	if err != nil {
		return nil, 0, err
	}
	rows, err := f.db.QueryContext(ctx, `SELECT first FROM witness_cosignatures WHERE origin = $1 AND size = $2 ORDER BY peer`, f.log.Origin, size)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, 0, err
		}
		text = append(text, line...)
	}
	return text, size, rows.Err()
}

// Latest returns the newest checkpoint that a peer signed, with the newest signatures of all peers on it; ErrUnsigned when
// there is none.
func (f *Feed) Latest(ctx context.Context) ([]byte, error) {
	rows, err := f.db.QueryContext(ctx, `SELECT p.checkpoint, c.last FROM witness_checkpoints p JOIN witness_cosignatures c ON c.origin = p.origin AND c.size = p.size
		WHERE p.origin = $1 AND p.size = (SELECT max(size) FROM witness_checkpoints WHERE origin = $1) ORDER BY c.peer`, f.log.Origin)
	if err != nil {
		return nil, fmt.Errorf("read the checkpoint that witnesses signed: %w", err)
	}
	defer rows.Close()
	var text []byte
	for rows.Next() {
		var checkpoint []byte
		var line string
		if err := rows.Scan(&checkpoint, &line); err != nil {
			return nil, err
		}
		if text == nil {
			text = checkpoint
		}
		text = append(text, line...)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if text == nil {
		return nil, ErrUnsigned
	}
	return text, nil
}
