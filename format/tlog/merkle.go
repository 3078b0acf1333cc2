package tlog

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
)

// Hash is a SHA-256 hash.
type Hash = [sha256.Size]byte

// HashLeaf returns the hash of a leaf. RFC 6962 2.1
func HashLeaf(leaf []byte) Hash {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(leaf)
	return Hash(h.Sum(nil))
}

// HashChildren returns the hash of the node above two others. RFC 6962 2.1
func HashChildren(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte // as an array on the stack: proofs are made of this
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// EmptyRoot returns the root of the tree without leaves. RFC 6962 2.1
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// Subtree is a part of a tree that has a hash of its own: the leaves from Start to End, without that at End, and the
// root above them. Start is a multiple of the smallest power of two that is not below End-Start. A
// whole tree is the Subtree from 0 to its size.
type Subtree struct {
	Start, End uint64
	Root       Hash
}

// valid tells whether a tree can have such a part.
func (s Subtree) valid() bool {
	if s.Start > s.End {
		return false
	}
	if s.Start == s.End || s.Start == 0 {
		return true
	}
	log := bits.Len64(s.End - s.Start - 1) // of the smallest power of two that is not below the width
	return log < 64 && s.Start&(1<<log-1) == 0
}

// VerifyInclusion checks that a leaf with that hash stands at index, which counts from the begin of the whole tree.
// hashes lead from the leaf's sibling to the child of the root. RFC 9162 2.1.3.2
func (s Subtree) VerifyInclusion(leaf Hash, index uint64, hashes []Hash) error {
	if !s.valid() || index < s.Start || index >= s.End {
		return fmt.Errorf("%w: no leaf %d in the part from %d to %d", ErrProof, index, s.Start, s.End)
	}
	at, last, root := index-s.Start, s.End-s.Start-1, leaf
	for _, h := range hashes {
		if last == 0 {
			return fmt.Errorf("%w: there are hashes behind the root", ErrProof)
		}
		if at&1 == 1 || at == last {
			root = HashChildren(h, root)
			for at&1 == 0 && at != 0 { // up the right edge, where nodes have no siblings
				at, last = at>>1, last>>1
			}
		} else {
			root = HashChildren(root, h)
		}
		at, last = at>>1, last>>1
	}
	if last != 0 || root != s.Root {
		return fmt.Errorf("%w: the leaf does not stand at index %d of the tree of %d", ErrProof, index, s.End)
	}
	return nil
}

// VerifyConsistency checks that the tree with that size and root has the part s, unchanged. For a part that begins at 0 that
// is the proof of RFC 6962 2.1.2: what was the whole tree once has only grown. Of nothing, the hashes are none and
// the Root is EmptyRoot. The algorithm is that of RFC 9162 2.1.4.2, with a third number for where the part begins.
func (s Subtree) VerifyConsistency(size uint64, root Hash, hashes []Hash) error {
	refused := fmt.Errorf("%w: the tree of %d does not hold the part from %d to %d", ErrProof, size, s.Start, s.End)
	if !s.valid() || s.End > size {
		return refused
	}
	if s.Start == s.End {
		if len(hashes) > 0 || s.Root != EmptyRoot() {
			return refused
		}
		return nil
	}
	first, last, end := s.Start, s.End-1, size-1
	for first != last && (last&1 == 1 || last == end) { // up to the highest node that is of the part alone
		first, last, end = first>>1, last>>1, end>>1
	}
	part, whole := s.Root, s.Root
	if first != last { // the part has no node of its own in the tree: the proof begins with one on its right edge
		if len(hashes) == 0 {
			return refused
		}
		part, whole, hashes = hashes[0], hashes[0], hashes[1:]
	}
	for _, h := range hashes {
		if end == 0 {
			return refused
		}
		if last&1 == 1 || last == end {
			if first < last {
				part = HashChildren(h, part)
			}
			whole = HashChildren(h, whole)
			for last&1 == 0 && last != 0 {
				first, last, end = first>>1, last>>1, end>>1
			}
		} else {
			whole = HashChildren(whole, h)
		}
		first, last, end = first>>1, last>>1, end>>1
	}
	if end != 0 || part != s.Root || whole != root {
		return refused
	}
	return nil
}
