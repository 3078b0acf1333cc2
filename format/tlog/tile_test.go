package tlog_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"

	"github.com/wardline/wardline/format/tlog"
)

// files returns the tree of the first size leaves, as its files.
func (t *tree) files(size int) tlog.Tree {
	return tlog.Tree{Size: uint64(size), Read: tlog.Dir(files(t.leaves[:size]))}
}

// files writes the files of a log, with the paths of another library.
func files(leaves [][]byte) fstest.MapFS {
	folder := fstest.MapFS{}
	put := func(path func(index uint64, partial uint8) string, index int, width int, content []byte) {
		folder[path(uint64(index), uint8(width%256))] = &fstest.MapFile{Data: content}
	}
	var row []tlog.Hash
	for n := 0; n < len(leaves); n += 256 {
		var bundle []byte
		part := leaves[n:min(n+256, len(leaves))]
		for _, l := range part {
			bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(l))), l...)
			row = append(row, tlog.HashLeaf(l))
		}
		put(layout.EntriesPath, n/256, len(part), bundle)
	}
	for level := 0; len(row) > 0; level++ {
		var above []tlog.Hash
		for n := 0; n < len(row); n += 256 {
			part := row[n:min(n+256, len(row))]
			var tile []byte
			for _, h := range part {
				tile = append(tile, h[:]...)
			}
			put(func(index uint64, partial uint8) string { return layout.TilePath(uint64(level), index, partial) }, n/256, len(part), tile)
			if len(part) == 256 {
				above = append(above, perfect(part))
			}
		}
		row = above
	}
	return folder
}

func perfect(row []tlog.Hash) tlog.Hash {
	if len(row) == 1 {
		return row[0]
	}
	return tlog.HashChildren(perfect(row[:len(row)/2]), perfect(row[len(row)/2:]))
}

// TestProofsOfALargeTree makes proofs of 70,000 leaves, which have tiles on three levels, and holds them against those of
// another library.
func TestProofsOfALargeTree(t *testing.T) {
	const size = 70_000
	var leaves [][]byte
	for n := range size {
		leaves = append(leaves, fmt.Appendf(nil, "leaf %d", n))
	}
	folder := files(leaves)
	if got := string(folder["tile/2/000.p/1"].Data); len(got) != 32 { // the specification's own example of that size
		t.Fatal("the tree has not the tiles that it should have")
	}
	tree := tlog.Tree{Size: size, Read: tlog.Dir(folder)}
	root, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	other, err := client.NewProofBuilder(t.Context(), size, client.TileFetcherFunc(func(_ context.Context, level, index uint64, partial uint8) ([]byte, error) {
		return fs.ReadFile(folder, layout.TilePath(level, index, partial))
	}))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		index := random.Uint64N(size)
		got, err := tree.Inclusion(index)
		if err != nil {
			t.Fatal(err)
		}
		want, err := other.InclusionProof(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, fixed(want)); diff != "" {
			t.Fatal(diff)
		}
		leaf, err := tree.Leaf(index)
		if err != nil {
			t.Fatal(err)
		}
		if err := (tlog.Subtree{End: size, Root: root}).VerifyInclusion(tlog.HashLeaf(leaf), index, got); err != nil {
			t.Fatal(err)
		}
		older := 1 + index
		if got, err = tree.Consistency(older); err != nil {
			t.Fatal(err)
		}
		if want, err = other.ConsistencyProof(t.Context(), older, size); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, fixed(want)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func fixed(hashes [][]byte) []tlog.Hash {
	var out []tlog.Hash
	for _, h := range hashes {
		out = append(out, tlog.Hash(h))
	}
	return out
}

// TestPartialTilesGiveWayToFullOnes: a log may delete a tile that was partial once it is full.
func TestPartialTilesGiveWayToFullOnes(t *testing.T) {
	all := newTree(t, 300)
	folder := files(all.leaves)
	tree := tlog.Tree{Size: 200, Read: tlog.Dir(folder)} // of which only tiles of 300 leaves are left
	root, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(root, tlog.Hash(all.hash(0, 200))); diff != "" {
		t.Error(diff)
	}
	if leaf, err := tree.Leaf(199); err != nil || string(leaf) != "leaf 199" {
		t.Errorf("%q, %v", leaf, err)
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	all := newTree(t, 300)
	for name, spoil := range map[string]func(fstest.MapFS){
		"a tile is gone":      func(f fstest.MapFS) { delete(f, "tile/0/000") },
		"a tile is shorter":   func(f fstest.MapFS) { f["tile/0/000"].Data = f["tile/0/000"].Data[:8191] },
		"a tile is longer":    func(f fstest.MapFS) { f["tile/0/001.p/44"].Data = append(f["tile/0/001.p/44"].Data, 1) },
		"a partial one is so": func(f fstest.MapFS) { f["tile/0/001.p/44"].Data = nil },
	} {
		folder := files(all.leaves)
		spoil(folder)
		tree := tlog.Tree{Size: 300, Read: tlog.Dir(folder)}
		if h, err := tree.Consistency(201); err == nil || h != nil { // which needs both
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, bundle := range map[string][]byte{
		"half a length": {0}, "a short leaf": {0, 2, 'x'}, "257 leaves": make([]byte, 2*257),
	} {
		if leaves, err := tlog.ParseBundle(bundle); !errors.Is(err, tlog.ErrProof) || leaves != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	tree := all.files(300)
	for name, ask := range map[string]func() error{
		"leaf":        func() error { _, err := tree.Leaf(300); return err },
		"path":        func() error { _, err := tree.Inclusion(300); return err },
		"consistency": func() error { _, err := tree.Consistency(301); return err },
		"part":        func() error { _, err := tree.Part(2, 301); return err },
	} {
		if err := ask(); !errors.Is(err, tlog.ErrProof) {
			t.Errorf("%s beyond the tree: %v", name, err)
		}
	}
}

// FuzzParseTile reads a path, which must come back as it was, and be the one that another library gives to the tile.
func FuzzParseTile(f *testing.F) {
	for _, path := range []string{"tile/0/000", "tile/63/x001/x234/067.p/5", "tile/entries/000.p/255", "tile/entries/x999/000", "tile/0/x000/001",
		"tile/7/x018/x446/x744/x073/x709/x551/615", "tile/7/x018/x446/x744/x073/x709/x551/616", "tile/64/000", "tile/00/000", "tile/0/1", "tile/0/000.p/256"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		cheap(t, []byte(path), func(b []byte) error { _, err := tlog.ParseTile(string(b)); return err })
		tile, err := tlog.ParseTile(path)
		if err != nil {
			if tile != (tlog.Tile{}) {
				t.Error("a tile with an error")
			}
			return
		}
		if again := tile.Path(); again != path {
			t.Fatalf("printed %q", again)
		}
		want := layout.EntriesPath(tile.Index, uint8(tile.Width%256))
		if tile.Level != tlog.Leaves {
			want = layout.TilePath(uint64(tile.Level), tile.Index, uint8(tile.Width%256))
		}
		if path != want {
			t.Fatalf("%q, another says %q", path, want)
		}
	})
}

// FuzzParseBundle reads a bundle, which must come back as it was.
func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{0, 2, 'h', 'i', 0, 0, 0, 1, 'x'})
	f.Add(make([]byte, 512))
	f.Fuzz(func(t *testing.T, b []byte) {
		cheap(t, b, func(b []byte) error { _, err := tlog.ParseBundle(b); return err })
		leaves, err := tlog.ParseBundle(b)
		if err != nil {
			return
		}
		var again []byte
		for _, l := range leaves {
			again = append(binary.BigEndian.AppendUint16(again, uint16(len(l))), l...)
		}
		if !bytes.Equal(again, b) {
			t.Fatal("it came back as another")
		}
	})
}

func BenchmarkInclusion(b *testing.B) {
	var leaves [][]byte
	for n := range 70_000 {
		leaves = append(leaves, fmt.Appendf(nil, "leaf %d", n))
	}
	tree := tlog.Tree{Size: 70_000, Read: tlog.Dir(files(leaves))}
	for b.Loop() {
		if _, err := tree.Inclusion(12_345); err != nil {
			b.Fatal(err)
		}
	}
}
