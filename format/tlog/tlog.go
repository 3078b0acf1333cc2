// Package tlog reads proofs that something stands in a transparency log, and checks them without
// the log at hand. Who has a log's public key needs only this package to check what a Wardline journal proves.
//
// A proof is the text that C2SP tlog-proof describes (https://c2sp.org/tlog-proof): the place of an entry,
// the hashes that lead from it to the root of the tree, and a checkpoint in which the log
// signs that root (https://c2sp.org/tlog-checkpoint).
//
// A log could still show one past to one reader and another to the next. So witnesses, which are other houses,
// sign checkpoints as well: each of them signs only what continues what it signed before. A Policy says which witnesses count, and
// how many must have signed. What logs and witnesses say to each other is in Request.
//
// Where the files of a log are at hand, Tree makes proofs of them.
//
// Nothing here needs more than Go's standard library.
package tlog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
)

const (
	firstLine = "c2sp.org/tlog-proof@v1"

	// MaxProof is how many bytes a proof may have. The largest leaf has 65,535 bytes, in base64.
	MaxProof = 256 << 10
	// maxHashes is how many hashes a path through a tree of 2^64 leaves has.
	maxHashes = 64
)

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
	writeHashes(&b, p.Hashes)
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

func writeHashes(b *bytes.Buffer, hashes []Hash) {
	for _, h := range hashes {
		fmt.Fprintf(b, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
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
	var err error
	if p.Index, err = parseSize(lines[n][len("index "):]); err != nil {
		return Proof{}, fmt.Errorf("%w: line %d: the index is no number", ErrProof, n+1)
	}
	if p.Hashes, err = parseHashes(lines[n+1:], maxHashes, n+2); err != nil {
		return Proof{}, err
	}
	return p, nil
}

// parseHashes reads lines of one hash each, at most so many. first is the number of the first line, for errors.
func parseHashes(lines [][]byte, most, first int) ([]Hash, error) {
	var hashes []Hash
	for i, line := range lines {
		h, ok := decodeHash(line)
		if !ok || i == most {
			return nil, fmt.Errorf("%w: line %d: not a hash, or one too many", ErrProof, first+i)
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

// Verify checks that leaf stands at p.Index in the log with that public key, and returns the checkpoint
// that says so.
func (p Proof) Verify(leaf []byte, publicKey string) (Checkpoint, error) {
	c, err := ParseCheckpoint(p.Checkpoint, publicKey)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := p.leads(leaf, c); err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}

// VerifyPolicy checks that leaf stands at p.Index in a log that the policy knows, and that as many witnesses as it wants signed
// the checkpoint that says so, each within the window.
func (p Proof) VerifyPolicy(leaf []byte, policy Policy, within Window) (Cosigned, error) {
	c, err := policy.Verify(p.Checkpoint, within)
	if err != nil {
		return Cosigned{}, err
	}
	if err := p.leads(leaf, c.Checkpoint); err != nil {
		return Cosigned{}, err
	}
	return c, nil
}

// leads checks the path from the leaf to the root.
func (p Proof) leads(leaf []byte, c Checkpoint) error {
	return Subtree{0, c.Size, c.Root}.VerifyInclusion(HashLeaf(leaf), p.Index, p.Hashes)
}
