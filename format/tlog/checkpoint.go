package tlog

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
)

// Checkpoint is what a log signed: its size and the root of its tree.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
}

// Text returns what is signed of a checkpoint: three lines.
func (c Checkpoint) Text() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// Log says whose checkpoints are believed: what they name as their origin, and the keys that may sign them. There are several
// while a log changes from one key to the next.
type Log struct {
	Origin string
	Keys   []Key
	URL    string // where the log is to be found; empty when that is not known
}

// ReadCheckpoint reads a checkpoint and the signatures below it. It checks nothing but the form: what it returns is what
// somebody says. See Log.Verify.
func ReadCheckpoint(text []byte) (Checkpoint, Note, error) {
	n, err := ParseNote(text)
	if err != nil {
		return Checkpoint{}, Note{}, err
	}
	c, err := parseBody(n.Text)
	if err != nil {
		return Checkpoint{}, Note{}, err
	}
	return c, n, nil
}

// parseBody reads the text of a checkpoint, without signatures. Lines behind the third are the log's own affair; none
// is empty. https://c2sp.org/tlog-checkpoint
func parseBody(text []byte) (Checkpoint, error) {
	lines := bytes.Split(text, []byte("\n"))
	if len(lines) < 4 || len(lines[len(lines)-1]) > 0 {
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint has fewer than three lines, or a part of one", ErrProof)
	}
	for n, line := range lines[:len(lines)-1] {
		if len(line) == 0 {
			return Checkpoint{}, fmt.Errorf("%w: line %d of the checkpoint is empty", ErrProof, n+1)
		}
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: line 2 of the checkpoint: the size is no number", ErrProof)
	}
	root, ok := decodeHash(lines[2])
	if !ok {
		return Checkpoint{}, fmt.Errorf("%w: line 3 of the checkpoint: the root is no hash", ErrProof)
	}
	return Checkpoint{string(lines[0]), size, root}, nil
}

// parseSize reads a number in its one form: decimal, without signs and leading zeros.
func parseSize(digits []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != string(digits) {
		return 0, fmt.Errorf("%w: not a number in decimal", ErrProof)
	}
	return n, nil
}

// Verify reads a checkpoint and checks that it is one of this log: one of its keys signed it. Signatures of other keys do not
// matter; one that is said to be of a known key and does not hold spoils the checkpoint (https://c2sp.org/signed-note).
func (l Log) Verify(text []byte) (Checkpoint, error) {
	c, n, err := ReadCheckpoint(text)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := l.signed(c, n); err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}

func (l Log) signed(c Checkpoint, n Note) error {
	if c.Origin != l.Origin {
		return fmt.Errorf("%w: the checkpoint is of another log than %s", ErrProof, l.Origin)
	}
	found := false
	for _, s := range n.Signatures {
		for _, k := range l.Keys {
			if !k.Made(s) {
				continue
			}
			if _, ok := k.Verify(n.Text, s); !ok {
				return fmt.Errorf("%w: a signature of %s on the checkpoint does not hold", ErrProof, k.Name)
			}
			found = true
		}
	}
	if !found {
		return fmt.Errorf("%w: the checkpoint is not signed by %s", ErrProof, l.Origin)
	}
	return nil
}

// ParseCheckpoint checks the signature of a checkpoint against the public key of the log, in the form of a signed note's
// verifier ("name+hash+key"), and that the checkpoint is of the log with the key's name.
func ParseCheckpoint(text []byte, publicKey string) (Checkpoint, error) {
	k, err := ParseKey(publicKey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: the public key cannot be read", ErrProof)
	}
	return Log{Origin: k.Name, Keys: []Key{k}}.Verify(text)
}

// VerifyConsistency checks that the log at newer holds all that it held at older, unchanged. Of a log that held nothing
// it refuses to say so, because that would be true of every log.
func VerifyConsistency(older, newer Checkpoint, hashes []Hash) error {
	if older.Origin != newer.Origin {
		return fmt.Errorf("%w: the checkpoints are of two logs", ErrProof)
	}
	if older.Size == 0 {
		return fmt.Errorf("%w: a tree of 0 proves nothing of the tree of %d", ErrProof, newer.Size)
	}
	if err := (Subtree{0, older.Size, older.Root}).VerifyConsistency(newer.Size, newer.Root, hashes); err != nil {
		return fmt.Errorf("%w: the tree of %d does not begin with the tree of %d", ErrProof, newer.Size, older.Size)
	}
	return nil
}
