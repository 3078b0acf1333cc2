package evidence

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/bits"
	"strconv"

	"github.com/wardline/wardline/format/tlog"
)

// ErrEvidence says that something is no evidence of what it should show.
var ErrEvidence = errors.New("not evidence")

const (
	// SeedSize is how many secret random bytes the salts of an entry are made of.
	SeedSize = 32
	// maxPath is how many hashes lead from a line to the root: entries have far fewer than 2^24 lines.
	maxPath = 24

	openingHead = "wardline-opening-v1"
)

// Salt is what stands in front of a line when it is hashed, so that nobody can find out a line by trying.
type Salt = [sha256.Size]byte

// SaltOf returns the salt of a line, by its number from 0 on. Who is shown some salts of an entry learns nothing about the seed
// and the other salts: it is HMAC-SHA-256 with the seed as its key.
func SaltOf(seed [SeedSize]byte, line int) Salt {
	mac := hmac.New(sha256.New, seed[:])
	return saltOf(mac, line)
}

func saltOf(mac hash.Hash, line int) Salt {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(line))
	mac.Reset()
	_, _ = mac.Write(number[:]) // a hash never fails
	var s Salt
	mac.Sum(s[:0])
	return s
}

// HashLine returns the hash of a line behind its salt: the leaf hash of RFC 6962 2.1 of both. line has no line end.
func HashLine(s Salt, line []byte) tlog.Hash {
	h := sha256.New()
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(s[:])
	_, _ = h.Write(line)
	var sum tlog.Hash
	h.Sum(sum[:0])
	return sum
}

// Lines is the tree of the lines of one entry.
type Lines struct {
	seed   [SeedSize]byte
	levels [][]tlog.Hash // of 2^level lines each, as far as they are full: levels[0] are the lines
}

// NewLines hashes the lines of a body, each of which ends with a line feed. The seed is to be random and secret, and used for one
// body only.
func NewLines(seed [SeedSize]byte, body []byte) *Lines {
	leaves := make([]tlog.Hash, 0, bytes.Count(body, []byte{'\n'}))
	mac := hmac.New(sha256.New, seed[:])
	for line := range bytes.Lines(body) {
		leaves = append(leaves, HashLine(saltOf(mac, len(leaves)), bytes.TrimSuffix(line, []byte{'\n'})))
	}
	l := &Lines{seed: seed, levels: [][]tlog.Hash{leaves}}
	for below := leaves; len(below) > 1; below = l.levels[len(l.levels)-1] {
		above := make([]tlog.Hash, len(below)/2)
		for i := range above {
			above[i] = tlog.HashChildren(below[2*i], below[2*i+1])
		}
		l.levels = append(l.levels, above)
	}
	return l
}

// Root returns the root of the tree. RFC 6962 2.1
func (l *Lines) Root() tlog.Hash { return l.root(0, len(l.levels[0])) }

// root is that of the lines from one to before another, which is how RFC 6962 cuts the tree: so all that is full was hashed before.
func (l *Lines) root(from, to int) tlog.Hash {
	n := to - from
	if n == 0 {
		return tlog.EmptyRoot()
	}
	if n&(n-1) == 0 {
		return l.levels[bits.TrailingZeros(uint(n))][from/n]
	}
	k := half(n)
	return tlog.HashChildren(l.root(from, from+k), l.root(from+k, to))
}

// half returns the largest power of two below n, which is 2 or more.
func half(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// Open returns what shows one line of the tree and nothing of the others.
func (l *Lines) Open(line int) (Opening, error) {
	count := len(l.levels[0])
	if line < 0 || line >= count {
		return Opening{}, fmt.Errorf("%w: no line %d among %d", ErrEvidence, line, count)
	}
	return Opening{Line: line, Count: count, Salt: SaltOf(l.seed, line), Hashes: l.path(0, count, line)}, nil
}

// path returns the hashes that lead from a leaf up. RFC 6962 2.1.1
func (l *Lines) path(from, to, at int) []tlog.Hash {
	if to-from == 1 {
		return nil
	}
	k := from + half(to-from)
	if at < k {
		return append(l.path(from, k, at), l.root(k, to))
	}
	return append(l.path(k, to, at), l.root(from, k))
}

// Opening leads from one line of an entry to the root of lines.
type Opening struct {
	Line, Count int // the line, from 0 on, of so many
	Salt        Salt
	Hashes      []tlog.Hash // from the line's sibling up to the child of the root
}

// Verify checks that a line stands where the opening says, in the tree with that root. How many lines there are has to be
// known besides, from the leaf, for a root does not say it.
func (o Opening) Verify(line []byte, count int, root tlog.Hash) error {
	if o.Count != count || o.Line < 0 || o.Line >= count {
		return fmt.Errorf("%w: the opening is of an entry of another size", ErrEvidence)
	}
	tree := tlog.Subtree{End: uint64(count), Root: root}
	if err := tree.VerifyInclusion(HashLine(o.Salt, line), uint64(o.Line), o.Hashes); err != nil {
		return fmt.Errorf("%w: the line is not the one that was sealed as number %d", ErrEvidence, o.Line)
	}
	return nil
}

// Bytes returns the opening as text: a head, the line's number, the number of lines, the salt, and the hashes, one on each line.
func (o Opening) Bytes() []byte {
	b := fmt.Appendf(nil, "%s\nline %d\nof %d\nsalt %s\n", openingHead, o.Line, o.Count, base64.StdEncoding.EncodeToString(o.Salt[:]))
	for _, h := range o.Hashes {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return b
}

// ParseOpening reads what Bytes returned, and nothing else.
func ParseOpening(text []byte) (Opening, error) {
	refused := fmt.Errorf("%w: an opening cannot be read", ErrEvidence)
	const most = 4096
	lines := bytes.Split(text, []byte("\n"))
	if len(text) > most || len(lines) < 5 || len(lines) > maxPath+5 {
		return Opening{}, refused
	}
	var o Opening
	var err1, err2 error
	word := func(n int, name string) string { return string(bytes.TrimPrefix(lines[n], []byte(name+" "))) }
	o.Line, err1 = strconv.Atoi(word(1, "line"))
	o.Count, err2 = strconv.Atoi(word(2, "of"))
	salt, ok := decodeHash(word(3, "salt"))
	if err1 != nil || err2 != nil || !ok {
		return Opening{}, refused
	}
	o.Salt = salt
	for _, l := range lines[4 : len(lines)-1] {
		h, ok := decodeHash(string(l))
		if !ok {
			return Opening{}, refused
		}
		o.Hashes = append(o.Hashes, h)
	}
	if !bytes.Equal(o.Bytes(), text) { // there is one way to write it
		return Opening{}, refused
	}
	return o, nil
}

func decodeHash(text string) (tlog.Hash, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(tlog.Hash{}) {
		return tlog.Hash{}, false
	}
	return tlog.Hash(b), true
}
