// Package tlog reads proofs that something stands in a transparency log, and checks them without
// the log at hand. Who has a log's public key needs only this package to check what a Wardline journal proves.
//
// A proof is the text that C2SP tlog-proof describes (https://c2sp.org/tlog-proof): the place of an entry,
// the hashes that lead from it to the root of the tree, and a checkpoint in which the log
// signs that root (https://c2sp.org/tlog-checkpoint).
package tlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

const (
	firstLine = "c2sp.org/tlog-proof@v1"

	// MaxProof is how many bytes a proof may have. The largest leaf has 65,535 bytes, in base64.
	MaxProof = 256 << 10
	// maxHashes is how many hashes a path through a tree of 2^64 leaves has.
	maxHashes = 64
)

// Hash is a SHA-256 hash.
type Hash = [sha256.Size]byte

// Proof says that a leaf stands at Index of the tree of a checkpoint.
type Proof struct {
	// Extra is what the log adds without vouching for it. A Wardline journal puts the leaf there.
	Extra      []byte
	Index      uint64
	Hashes     []Hash // from the leaf's sibling up to the child of the root
	Checkpoint []byte // signed note
}

// ErrProof says that a text is no proof, or that a proof does not prove what it should.
var ErrProof = errors.New("not proven")

// Bytes returns the proof as text.
func (p Proof) Bytes() []byte {
	var b bytes.Buffer
	b.WriteString(firstLine + "\n")
	if len(p.Extra) > 0 {
		fmt.Fprintf(&b, "extra %s\n", base64.StdEncoding.EncodeToString(p.Extra))
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		fmt.Fprintf(&b, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// Parse reads the text of a proof. It checks nothing but its form: see Verify.
func Parse(text []byte) (Proof, error) {
	if len(text) > MaxProof {
		return Proof{}, fmt.Errorf("%w: %d bytes, at most %d are read", ErrProof, len(text), MaxProof)
	}
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	lines := bytes.Split(head, []byte("\n"))
	if !found || len(checkpoint) == 0 || string(lines[0]) != firstLine {
		return Proof{}, fmt.Errorf("%w: the text does not begin with %s or has no checkpoint", ErrProof, firstLine)
	}
	p := Proof{Checkpoint: bytes.Clone(checkpoint)}
	n := 1
	if n < len(lines) && bytes.HasPrefix(lines[n], []byte("extra ")) {
		extra, err := decode(lines[n][len("extra "):])
		if err != nil || len(extra) == 0 {
			return Proof{}, fmt.Errorf("%w: line %d: the extra data is not base64", ErrProof, n+1)
		}
		p.Extra = extra
		n++
	}
	if n >= len(lines) || !bytes.HasPrefix(lines[n], []byte("index ")) {
		return Proof{}, fmt.Errorf("%w: line %d: no index", ErrProof, n+1)
	}
	digits := string(lines[n][len("index "):])
	index, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || strconv.FormatUint(index, 10) != digits {
		return Proof{}, fmt.Errorf("%w: line %d: the index is no number", ErrProof, n+1)
	}
	p.Index = index
	for n++; n < len(lines); n++ {
		h, err := decode(lines[n])
		if err != nil || len(h) != sha256.Size || len(p.Hashes) == maxHashes {
			return Proof{}, fmt.Errorf("%w: line %d: not a hash, or one too many", ErrProof, n+1)
		}
		p.Hashes = append(p.Hashes, Hash(h))
	}
	return p, nil
}

// decode reads base64 of RFC 4648 section 4, which each content has one form of.
func decode(text []byte) ([]byte, error) {
	if bytes.IndexByte(text, '\r') >= 0 {
		return nil, base64.CorruptInputError(bytes.IndexByte(text, '\r')) // the decoder skips it
	}
	return base64.StdEncoding.Strict().AppendDecode(nil, text)
}

// Checkpoint is what a log signed: its size and the root of its tree.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
}

// ParseCheckpoint checks the signature of a checkpoint against the public key of the log, in the form of a signed note's
// verifier ("name+hash+key"), and that the checkpoint is of the log with the key's name.
func ParseCheckpoint(text []byte, publicKey string) (Checkpoint, error) {
	verifier, err := note.NewVerifier(publicKey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: the public key cannot be read", ErrProof)
	}
	c, _, _, err := log.ParseCheckpoint(text, verifier.Name(), verifier)
	if err != nil || len(c.Hash) != sha256.Size {
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint is not signed by %s", ErrProof, verifier.Name())
	}
	return Checkpoint{c.Origin, c.Size, Hash(c.Hash)}, nil
}

// Verify checks that leaf stands at p.Index in the log with that public key, and returns the checkpoint
// that says so.
func (p Proof) Verify(leaf []byte, publicKey string) (Checkpoint, error) {
	c, err := ParseCheckpoint(p.Checkpoint, publicKey)
	if err != nil {
		return Checkpoint{}, err
	}
	hasher := rfc6962.DefaultHasher
	if err := proof.VerifyInclusion(hasher, p.Index, c.Size, hasher.HashLeaf(leaf), raw(p.Hashes), c.Root[:]); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: the leaf does not stand at index %d of the tree of %d", ErrProof, p.Index, c.Size)
	}
	return c, nil
}

// VerifyConsistency checks that the log at newer holds all that it held at older, unchanged.
func VerifyConsistency(older, newer Checkpoint, hashes []Hash) error {
	if older.Origin != newer.Origin {
		return fmt.Errorf("%w: the checkpoints are of two logs", ErrProof)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, older.Size, newer.Size, raw(hashes), older.Root[:], newer.Root[:]); err != nil {
		return fmt.Errorf("%w: the tree of %d does not begin with the tree of %d", ErrProof, newer.Size, older.Size)
	}
	return nil
}

func raw(hashes []Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}
