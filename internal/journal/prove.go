package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/wardline/wardline/format/tlog"
)

// PublicKey is the key that the journal's checkpoints can be checked with. Whoever is to be
// convinced one day should have got it long before, and not from this machine.
func (j *Journal) PublicKey() string { return j.publicKey }

// Checkpoint returns the latest signed checkpoint, in the form of C2SP tlog-checkpoint. It speaks of an entry
// a fraction of a second after the entry became durable.
func (j *Journal) Checkpoint() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(logPath(j.cfg.Dir), "checkpoint"))
	if err != nil {
		return nil, fmt.Errorf("read the journal's checkpoint: %w", err)
	}
	return text, nil
}

// Prove returns the proof that an entry stands in the journal. Its Extra is the entry's header, which
// holds the hash of the body's ciphertext. Prove waits for a checkpoint that speaks of the entry.
func (j *Journal) Prove(ctx context.Context, index uint64) (tlog.Proof, error) {
	if size := j.Size(); index >= size {
		return tlog.Proof{}, fmt.Errorf("prove: %w: %d of %d", ErrNoEntry, index, size)
	}
	leaves, err := j.leaves(ctx, index)
	if err != nil {
		return tlog.Proof{}, fmt.Errorf("prove: %w", err)
	}
	text, point, err := j.awaitCheckpoint(ctx, index)
	if err != nil {
		return tlog.Proof{}, fmt.Errorf("prove: %w", err)
	}
	hashes, err := j.files.Inclusion(ctx, index, point.Size)
	if err != nil {
		return tlog.Proof{}, fmt.Errorf("prove: %w", err)
	}
	return tlog.Proof{Extra: leaves[0], Index: index, Hashes: hashes, Checkpoint: text}, nil
}

// ProveAt returns the proof of Prove at a checkpoint of the journal that somebody kept, such as one that witnesses signed. All
// signatures on it go into the proof.
func (j *Journal) ProveAt(ctx context.Context, index uint64, checkpoint []byte) (tlog.Proof, error) {
	point, err := tlog.ParseCheckpoint(checkpoint, j.publicKey)
	if err != nil {
		return tlog.Proof{}, fmt.Errorf("prove: %w", err)
	}
	if size := j.Size(); index >= point.Size || point.Size > size {
		return tlog.Proof{}, fmt.Errorf("prove: %w: %d at a checkpoint of %d, of %d", ErrNoEntry, index, point.Size, size)
	}
	leaves, err := j.leaves(ctx, index)
	if err != nil {
		return tlog.Proof{}, fmt.Errorf("prove: %w", err)
	}
	hashes, err := j.files.Inclusion(ctx, index, point.Size)
	if err != nil {
		return tlog.Proof{}, fmt.Errorf("prove: %w", err)
	}
	p := tlog.Proof{Extra: leaves[0], Index: index, Hashes: hashes, Checkpoint: checkpoint}
	if _, err := p.Verify(leaves[0], j.publicKey); err != nil { // the journal was put back and grew otherwise since
		return tlog.Proof{}, fmt.Errorf("prove: the journal is not the one that signed this checkpoint: %w", err)
	}
	return p, nil
}

// awaitCheckpoint waits until a checkpoint speaks of an entry.
func (j *Journal) awaitCheckpoint(ctx context.Context, index uint64) ([]byte, tlog.Checkpoint, error) {
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		text, err := j.Checkpoint()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, tlog.Checkpoint{}, err
		}
		point, err := tlog.ParseCheckpoint(text, j.publicKey)
		if err != nil {
			return nil, tlog.Checkpoint{}, err
		}
		if point.Size > index {
			return text, point, nil
		}
		select {
		case <-ctx.Done():
			return nil, tlog.Checkpoint{}, fmt.Errorf("wait for a checkpoint: %w", ctx.Err())
		case <-poll.C:
		}
	}
}

// Consistency proves that the journal of newer entries begins with the journal of older entries, for
// tlog.VerifyConsistency. Both are sizes of checkpoints.
func (j *Journal) Consistency(ctx context.Context, older, newer uint64) ([]tlog.Hash, error) {
	text, err := j.Checkpoint()
	if err != nil {
		return nil, err
	}
	point, err := tlog.ParseCheckpoint(text, j.publicKey)
	if err != nil {
		return nil, err
	}
	if older == 0 || older > newer || newer > point.Size {
		return nil, fmt.Errorf("prove that %d entries begin with %d: %w: the last checkpoint speaks of %d", newer, older, ErrNoEntry, point.Size)
	}
	return j.files.Consistency(ctx, older, newer, point.Size)
}

// VerifyProof checks a proof of Prove, given as text, with nothing but the public key of the journal, and returns
// what the proven entry's header says and the checkpoint that vouches for it.
func VerifyProof(text []byte, publicKey string) (Header, tlog.Checkpoint, error) {
	p, err := tlog.Parse(text)
	if err != nil {
		return Header{}, tlog.Checkpoint{}, err
	}
	point, err := p.Verify(p.Extra, publicKey)
	if err != nil {
		return Header{}, tlog.Checkpoint{}, err
	}
	h, err := ParseHeader(p.Extra)
	if err != nil {
		return Header{}, tlog.Checkpoint{}, err
	}
	return h, point, nil
}
