package tlog_test

import (
	"errors"
	"math/bits"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/wardline/wardline/format/tlog"
)

// aligned tells whether a tree can have the part, said another way than the package does: the part lies in one half of what
// is twice as wide, or begins where the tree does.
func aligned(start, end int) bool {
	width := 1
	for width < end-start {
		width *= 2
	}
	return start%width == 0
}

// TestEveryPartOfSmallTrees proves each part of each tree of up to 24 leaves, and then nothing else: no other part, no
// other tree, no hash more or less or changed.
func TestEveryPartOfSmallTrees(t *testing.T) {
	const most = 24
	tree := newTree(t, most)
	for size := 1; size <= most; size++ {
		files := tree.files(size)
		root := tlog.Hash(tree.hash(0, size))
		for start := range size {
			for end := start + 1; end <= size; end++ {
				hashes, err := files.SubtreeConsistency(uint64(start), uint64(end))
				if (err == nil) != aligned(start, end) {
					t.Fatalf("part %d to %d of %d: %v", start, end, size, err)
				}
				if err != nil {
					continue
				}
				part := tlog.Subtree{Start: uint64(start), End: uint64(end), Root: tlog.Hash(tree.hash(start, end))}
				if err := part.VerifyConsistency(uint64(size), root, hashes); err != nil {
					t.Fatalf("part %d to %d of %d: %v", start, end, size, err)
				}
				refusesOther(t, part, size, root, hashes)
			}
		}
	}
}

func refusesOther(t *testing.T, part tlog.Subtree, size int, root tlog.Hash, hashes []tlog.Hash) {
	t.Helper()
	refuse := func(what string, part tlog.Subtree, size int, root tlog.Hash, hashes []tlog.Hash) {
		t.Helper()
		if err := part.VerifyConsistency(uint64(size), root, hashes); !errors.Is(err, tlog.ErrProof) {
			t.Fatalf("part %d to %d of %d was proven with %s", part.Start, part.End, size, what)
		}
	}
	other := part
	other.Root[31] ^= 1
	refuse("another root of the part", other, size, root, hashes)
	otherRoot := root
	otherRoot[0] ^= 1
	refuse("another root of the tree", part, size, otherRoot, hashes)
	refuse("a hash more", part, size, root, append(hashes[:len(hashes):len(hashes)], root))
	for i := range hashes {
		changed := append([]tlog.Hash(nil), hashes...)
		changed[i][7] ^= 0x80
		refuse("a hash changed", part, size, root, changed)
		refuse("a hash too few", part, size, root, append(hashes[:i:i], hashes[i+1:]...))
	}
	refuse("an end beyond the tree", tlog.Subtree{Start: part.Start, End: uint64(size) + 1, Root: part.Root}, size, root, hashes)
}

// TestNothingIsPartOfEverything: before the first leaf there is one root only.
func TestNothingIsPartOfEverything(t *testing.T) {
	tree := newTree(t, 5)
	root := tlog.Hash(tree.hash(0, 5))
	if err := (tlog.Subtree{Root: tlog.EmptyRoot()}).VerifyConsistency(5, root, nil); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another empty root": tlog.Subtree{Root: root}.VerifyConsistency(5, root, nil),
		"a hash":             tlog.Subtree{Root: tlog.EmptyRoot()}.VerifyConsistency(5, root, []tlog.Hash{root}),
		"backwards":          tlog.Subtree{Start: 2, End: 1, Root: tlog.EmptyRoot()}.VerifyConsistency(5, root, nil),
	} {
		if !errors.Is(err, tlog.ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLeavesOutsideOfAPart: the lower bits of their places are those of leaves inside.
func TestLeavesOutsideOfAPart(t *testing.T) {
	tree := newTree(t, 16)
	part := tlog.Subtree{Start: 8, End: 16, Root: tlog.Hash(tree.hash(8, 16))}
	for index := range uint64(32) {
		err := part.VerifyInclusion(tlog.HashLeaf(tree.leaves[9]), index, tree.path(9, 8, 16))
		if (err == nil) != (index == 9) {
			t.Errorf("leaf 9 as leaf %d: %v", index, err)
		}
	}
	crooked := tlog.Subtree{Start: 1, End: 3, Root: tlog.Hash(tree.hash(1, 3))}
	if err := crooked.VerifyInclusion(tlog.HashLeaf(tree.leaves[1]), 1, tree.path(1, 1, 3)); !errors.Is(err, tlog.ErrProof) {
		t.Errorf("a part that no tree has: %v", err)
	}
}

// TestTheLargestTree has a path of 64 hashes, and numbers that do not get any larger.
func TestTheLargestTree(t *testing.T) {
	const size = 1<<64 - 1
	hashes := make([]tlog.Hash, 64)
	root := tlog.Hash{1}
	for i := range hashes {
		hashes[i][0] = byte(i)
		root = tlog.HashChildren(root, hashes[i])
	}
	whole := tlog.Subtree{End: size, Root: root}
	if err := whole.VerifyInclusion(tlog.Hash{1}, 0, hashes); err != nil {
		t.Error(err)
	}
	if err := (tlog.Subtree{End: 1, Root: tlog.Hash{1}}).VerifyConsistency(size, root, hashes); err != nil {
		t.Error(err)
	}
	if err := whole.VerifyInclusion(tlog.Hash{1}, 0, append(hashes, root)); !errors.Is(err, tlog.ErrProof) {
		t.Error("65 hashes")
	}
	if err := (tlog.Subtree{Start: 2, End: size, Root: root}).VerifyInclusion(tlog.Hash{1}, 2, hashes); !errors.Is(err, tlog.ErrProof) {
		t.Error("a part that no tree has")
	}
}

// FuzzVerify holds the verdicts on paths and growth against those of another library.
func FuzzVerify(f *testing.F) {
	tree := newTree(f, 21)
	add := func(hashes []tlog.Hash, root tlog.Hash, first, second uint64) {
		var b []byte
		for _, h := range hashes {
			b = append(b, h[:]...)
		}
		f.Add(b, root[:], tree.hash(0, 21), first, second)
	}
	for n := range 21 {
		add(tree.path(n, 0, 21), tlog.HashLeaf(tree.leaves[n]), uint64(n), 21)
		add(tree.consistency(n+1, 0, 21, true), tlog.Hash(tree.hash(0, n+1)), uint64(n+1), 21)
	}
	add(nil, tlog.EmptyRoot(), 0, 21)
	f.Fuzz(func(t *testing.T, b, one, two []byte, first, second uint64) {
		if len(one) != 32 || len(two) != 32 {
			return
		}
		var hashes []tlog.Hash
		var raw [][]byte
		for ; len(b) >= 32; b = b[32:] {
			hashes, raw = append(hashes, tlog.Hash(b)), append(raw, b[:32])
		}
		want := proof.VerifyInclusion(rfc6962.DefaultHasher, first, second, one, raw, two)
		got := tlog.Subtree{End: second, Root: tlog.Hash(two)}.VerifyInclusion(tlog.Hash(one), first, hashes)
		if (got == nil) != (want == nil) {
			t.Fatalf("leaf %d of %d: %v, want %v", first, second, got, want)
		}
		if first == 0 { // the other asks nothing of the root of nothing
			return
		}
		want = proof.VerifyConsistency(rfc6962.DefaultHasher, first, second, raw, one, two)
		got = tlog.Subtree{End: first, Root: tlog.Hash(one)}.VerifyConsistency(second, tlog.Hash(two), hashes)
		if (got == nil) != (want == nil) {
			t.Fatalf("%d to %d: %v, want %v", first, second, got, want)
		}
	})
}

func BenchmarkVerifyInclusion(b *testing.B) {
	const size = 1 << 40
	hashes := make([]tlog.Hash, bits.TrailingZeros64(size))
	root := tlog.Hash{}
	for i := range hashes {
		root = tlog.HashChildren(root, hashes[i])
	}
	part := tlog.Subtree{End: size, Root: root}
	for b.Loop() {
		if err := part.VerifyInclusion(tlog.Hash{}, 0, hashes); err != nil {
			b.Fatal(err)
		}
	}
}
