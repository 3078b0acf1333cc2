package tlog_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/format/tlog"
)

// tree is a log in memory, written with other means than the package under test.
type tree struct {
	leaves    [][]byte
	signer    note.Signer
	publicKey string
}

func newTree(tb testing.TB, size int) *tree {
	tb.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "log.example")
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		tb.Fatal(err)
	}
	t := &tree{signer: signer, publicKey: public}
	for n := range size {
		t.leaves = append(t.leaves, fmt.Appendf(nil, "leaf %d", n))
	}
	return t
}

// hash is RFC 6962 section 2.1, written down as it stands there.
func (t *tree) hash(from, to int) []byte {
	if to-from == 1 {
		return rfc6962.DefaultHasher.HashLeaf(t.leaves[from])
	}
	k := from + split(to-from)
	return rfc6962.DefaultHasher.HashChildren(t.hash(from, k), t.hash(k, to))
}

func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// path is RFC 6962 section 2.1.1.
func (t *tree) path(m, from, to int) []tlog.Hash {
	if to-from == 1 {
		return nil
	}
	k := from + split(to-from)
	if m < k {
		return append(t.path(m, from, k), tlog.Hash(t.hash(k, to)))
	}
	return append(t.path(m, k, to), tlog.Hash(t.hash(from, k)))
}

// consistency is RFC 6962 section 2.1.2.
func (t *tree) consistency(m, from, to int, known bool) []tlog.Hash {
	if m == to-from {
		if known {
			return nil
		}
		return []tlog.Hash{tlog.Hash(t.hash(from, to))}
	}
	k := split(to - from)
	if m <= k {
		return append(t.consistency(m, from, from+k, known), tlog.Hash(t.hash(from+k, to)))
	}
	return append(t.consistency(m-k, from+k, to, false), tlog.Hash(t.hash(from, from+k)))
}

func (t *tree) checkpoint(tb testing.TB, size int) []byte {
	tb.Helper()
	text, err := note.Sign(&note.Note{Text: string(log.Checkpoint{Origin: t.signer.Name(), Size: uint64(size), Hash: t.hash(0, size)}.Marshal())}, t.signer)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func (t *tree) proof(tb testing.TB, index int) tlog.Proof {
	size := len(t.leaves)
	return tlog.Proof{Extra: t.leaves[index], Index: uint64(index), Hashes: t.path(index, 0, size), Checkpoint: t.checkpoint(tb, size)}
}

func TestProofsOfAllSizes(t *testing.T) {
	for size := 1; size <= 40; size++ {
		tree := newTree(t, size)
		for index := range size {
			p, err := tlog.Parse(tree.proof(t, index).Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p, tree.proof(t, index)); diff != "" {
				t.Fatal(diff)
			}
			c, err := p.Verify(tree.leaves[index], tree.publicKey)
			if err != nil || c.Size != uint64(size) {
				t.Fatalf("size %d, index %d: %v, %v", size, index, c, err)
			}
		}
	}
}

func TestWhatIsNotProven(t *testing.T) {
	tree, other := newTree(t, 20), newTree(t, 20)
	for name, spoil := range map[string]func(*tlog.Proof, *[]byte, *string){
		"another leaf":       func(_ *tlog.Proof, leaf *[]byte, _ *string) { *leaf = []byte("leaf 8") },
		"another index":      func(p *tlog.Proof, _ *[]byte, _ *string) { p.Index++ },
		"index out of tree":  func(p *tlog.Proof, _ *[]byte, _ *string) { p.Index = 20 },
		"a hash too few":     func(p *tlog.Proof, _ *[]byte, _ *string) { p.Hashes = p.Hashes[1:] },
		"a hash too many":    func(p *tlog.Proof, _ *[]byte, _ *string) { p.Hashes = append(p.Hashes, tlog.Hash{}) },
		"a hash changed":     func(p *tlog.Proof, _ *[]byte, _ *string) { p.Hashes[2][5] ^= 1 },
		"another checkpoint": func(p *tlog.Proof, _ *[]byte, _ *string) { p.Checkpoint = tree.checkpoint(t, 19) },
		"another log's key":  func(_ *tlog.Proof, _ *[]byte, key *string) { *key = other.publicKey },
		"no key":             func(_ *tlog.Proof, _ *[]byte, key *string) { *key = "key" },
		"size changed": func(p *tlog.Proof, _ *[]byte, _ *string) {
			p.Checkpoint = bytes.Replace(p.Checkpoint, []byte("\n20\n"), []byte("\n21\n"), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, leaf, key := tree.proof(t, 7), tree.leaves[7], tree.publicKey
			spoil(&p, &leaf, &key)
			if c, err := p.Verify(leaf, key); !errors.Is(err, tlog.ErrProof) || c != (tlog.Checkpoint{}) {
				t.Errorf("got %v, %v", c, err)
			}
		})
	}
}

func TestConsistency(t *testing.T) {
	tree := newTree(t, 40)
	for newSize := 1; newSize <= 40; newSize++ {
		for oldSize := 1; oldSize <= newSize; oldSize++ {
			older, err := tlog.ParseCheckpoint(tree.checkpoint(t, oldSize), tree.publicKey)
			if err != nil {
				t.Fatal(err)
			}
			newer, err := tlog.ParseCheckpoint(tree.checkpoint(t, newSize), tree.publicKey)
			if err != nil {
				t.Fatal(err)
			}
			hashes := tree.consistency(oldSize, 0, newSize, true)
			if err := tlog.VerifyConsistency(older, newer, hashes); err != nil {
				t.Fatalf("%d to %d: %v", oldSize, newSize, err)
			}
			older.Root[0] ^= 1
			if err := tlog.VerifyConsistency(older, newer, hashes); !errors.Is(err, tlog.ErrProof) {
				t.Fatalf("%d to %d: a forked log passed: %v", oldSize, newSize, err)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := string(newTree(t, 3).proof(t, 1).Bytes())
	for name, text := range map[string]string{
		"nothing":            "",
		"another version":    "c2sp.org/tlog-proof@v2" + good[22:],
		"no checkpoint":      "c2sp.org/tlog-proof@v1\nindex 1\n\n",
		"leading zero":       "c2sp.org/tlog-proof@v1\nindex 01\n\nx\n",
		"sign":               "c2sp.org/tlog-proof@v1\nindex +1\n\nx\n",
		"no index":           "c2sp.org/tlog-proof@v1\nextra aGk=\n\nx\n",
		"empty extra":        "c2sp.org/tlog-proof@v1\nextra \nindex 1\n\nx\n",
		"loose base64":       "c2sp.org/tlog-proof@v1\nextra aGl=\nindex 1\n\nx\n",
		"carriage return":    "c2sp.org/tlog-proof@v1\nextra aG\rk=\nindex 1\n\nx\n",
		"short hash":         "c2sp.org/tlog-proof@v1\nindex 1\naGk=\n\nx\n",
		"longer than a leaf": good + string(make([]byte, tlog.MaxProof)),
	} {
		if p, err := tlog.Parse([]byte(text)); !errors.Is(err, tlog.ErrProof) || !cmp.Equal(p, tlog.Proof{}) {
			t.Errorf("%s: got %v, %v", name, p, err)
		}
	}
}

// FuzzParse reads a text, which must come back as it was: a proof has one form. The root that a path leads to is
// computed a second way, by a compact range.
func FuzzParse(f *testing.F) {
	tree := newTree(f, 11)
	for n := range tree.leaves {
		f.Add(tree.proof(f, n).Bytes())
	}
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 18446744073709551615\n\nx"))
	r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, l := range tree.leaves {
		if err := r.Append(rfc6962.DefaultHasher.HashLeaf(l), nil); err != nil {
			f.Fatal(err)
		}
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cheap(t, text, func(b []byte) error { _, err := tlog.Parse(b); return err })
		p, err := tlog.Parse(text)
		if err != nil {
			return
		}
		if again := p.Bytes(); !bytes.Equal(again, text) {
			t.Fatalf("printed %q", again)
		}
		c, err := p.Verify(p.Extra, tree.publicKey)
		if err != nil {
			return
		}
		known := slices.ContainsFunc(tree.leaves, func(l []byte) bool { return bytes.Equal(l, p.Extra) })
		if !known || !bytes.Equal(c.Root[:], root) {
			t.Fatalf("a leaf that is not in the log was proven: %q", p.Extra)
		}
	})
}
