package digest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Manifest is the instances of one series, sorted by their identifiers, as the leaves of a small tree of its own (RFC 6962 2.1): one hash
// stands for a thousand instances, and each can be proved by itself.
type Manifest struct{ entries []Entry }

// Entry is one instance of a series.
type Entry struct {
	SOPInstance    string
	Header, Pixels Digest // Pixels is none for an instance without
}

// Entry returns what a manifest holds of in.
func (in Instance) Entry() Entry { return Entry{in.SOPInstance, in.Header, in.Pixels} }

// What a manifest cannot be made of, and what does not prove.
var (
	ErrEntry     = errors.New("digest: no entry of a manifest: it needs a unique identifier and the digest of a header")
	ErrConflict  = errors.New("digest: two instances of different content with the same identifier")
	ErrNotProven = errors.New("digest: the instance is not in the manifest")
)

// NewManifest makes a manifest. The same instance may come more than once, as archives send it.
func NewManifest(entries []Entry) (Manifest, error) {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b Entry) int { return cmp.Compare(a.SOPInstance, b.SOPInstance) })
	sorted = slices.Compact(sorted)
	for i, e := range sorted {
		if !e.valid() {
			return Manifest{}, ErrEntry
		}
		if i > 0 && sorted[i-1].SOPInstance == e.SOPInstance {
			return Manifest{}, ErrConflict
		}
	}
	return Manifest{sorted}, nil
}

func (e Entry) valid() bool {
	if e.SOPInstance == "" || len(e.SOPInstance) > 64 || e.Header.Kind != Header || e.Pixels.Kind != Pixels && e.Pixels != (Digest{}) {
		return false
	}
	for _, c := range e.SOPInstance { // PS3.5 9.1
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Leaf returns the bytes that the tree has for e: three lines.
func (e Entry) Leaf() []byte {
	pixels := "none"
	if e.Pixels.Kind != None {
		pixels = hex.EncodeToString(e.Pixels.Sum[:])
	}
	return fmt.Appendf(nil, "%s instance %s\nheader sha256 %x\npixels sha256 %s\n", Version, e.SOPInstance, e.Header.Sum, pixels)
}

// Entries returns the instances, sorted by their identifiers.
func (m Manifest) Entries() []Entry { return slices.Clone(m.entries) }

// Root returns the hash of the tree.
func (m Manifest) Root() Digest { return Digest{Kind: Series, Sum: root(m.hashes())} }

func (m Manifest) hashes() [][sha256.Size]byte {
	out := make([][sha256.Size]byte, len(m.entries))
	for i, e := range m.entries {
		out[i] = [sha256.Size]byte(rfc6962.DefaultHasher.HashLeaf(e.Leaf()))
	}
	return out
}

// Proof is the path from an instance to the root of a manifest.
type Proof struct {
	Index, Size uint64
	Hashes      [][sha256.Size]byte // from the leaf's sibling up
}

// Prove returns the proof for an instance.
func (m Manifest) Prove(sopInstance string) (Entry, Proof, error) {
	i, found := slices.BinarySearchFunc(m.entries, sopInstance, func(e Entry, uid string) int { return cmp.Compare(e.SOPInstance, uid) })
	if !found {
		return Entry{}, Proof{}, ErrNotProven
	}
	p := Proof{Index: uint64(i), Size: uint64(len(m.entries)), Hashes: path(i, m.hashes())}
	return m.entries[i], p, nil
}

// Verify checks that e is an instance of the manifest with that root.
func (p Proof) Verify(e Entry, root Digest) error {
	if root.Kind != Series || !e.valid() {
		return ErrNotProven
	}
	hashes := make([][]byte, len(p.Hashes))
	for i := range p.Hashes {
		hashes[i] = p.Hashes[i][:]
	}
	h := rfc6962.DefaultHasher
	if proof.VerifyInclusion(h, p.Index, p.Size, h.HashLeaf(e.Leaf()), hashes, root.Sum[:]) != nil {
		return ErrNotProven
	}
	return nil
}

// root is the Merkle tree hash (RFC 6962 2.1).
func root(leaves [][sha256.Size]byte) [sha256.Size]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := split(len(leaves))
	left, right := root(leaves[:k]), root(leaves[k:])
	return [sha256.Size]byte(rfc6962.DefaultHasher.HashChildren(left[:], right[:]))
}

// path is the Merkle audit path of leaf i (RFC 6962 2.1.1).
func path(i int, leaves [][sha256.Size]byte) [][sha256.Size]byte {
	if len(leaves) <= 1 {
		return nil
	}
	k := split(len(leaves))
	if i < k {
		return append(path(i, leaves[:k]), root(leaves[k:]))
	}
	return append(path(i-k, leaves[k:]), root(leaves[:k]))
}

// split is the largest power of two smaller than n.
func split(n int) int {
	k := 1
	for k < (n+1)/2 {
		k *= 2
	}
	return k
}
