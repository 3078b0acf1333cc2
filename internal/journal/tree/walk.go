package tree

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
)

// Problem takes word of a damaged file of the log, and of the first leaf that suffers from it.
type Problem func(file string, leaf uint64, reason string)

// walk derives the whole tree from its leaves and compares it with the tiles.
type walk struct {
	files   Files
	size    uint64
	problem Problem
	tree    *compact.Range
	tiles   map[compact.NodeID][]byte // that are being filled, as they should lie on the disk
}

// Walk derives the tree of size leaves from their bundles and compares each tile with what lies on the disk.
// It goes on after damage, of which problem is told. handle gets every leaf that can be read. Walk
// returns the roots of the first size leaves and of those sizes that are asked for, which the caller compares with what was signed.
func (f Files) Walk(ctx context.Context, size uint64, sizes []uint64, problem Problem, handle func(uint64, []byte) error) (map[uint64][sha256.Size]byte, error) {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	w := &walk{files: f, size: size, problem: problem, tree: factory.NewEmptyRange(0), tiles: map[compact.NodeID][]byte{}}
	roots := map[uint64][sha256.Size]byte{}
	wanted := map[uint64]bool{size: true}
	for _, s := range sizes {
		wanted[s] = true
	}
	root := func() error {
		if !wanted[w.tree.End()] {
			return nil
		}
		r, err := w.root()
		roots[w.tree.End()] = r
		return err
	}
	if err := root(); err != nil {
		return nil, err
	}
	for first := uint64(0); first < size; first += layout.EntryBundleWidth {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		leaves, hashes := w.bundle(ctx, first)
		for i, h := range hashes {
			if err := w.tree.Append(h, func(id compact.NodeID, hash []byte) { w.visit(ctx, id, hash) }); err != nil {
				return nil, err
			}
			if err := root(); err != nil {
				return nil, err
			}
			if i < len(leaves) {
				if err := handle(first+uint64(i), leaves[i]); err != nil {
					return nil, err
				}
			}
		}
	}
	for id := range w.tiles {
		w.compare(ctx, id)
	}
	return roots, nil
}

func (w *walk) root() (h [sha256.Size]byte, err error) {
	if w.tree.End() == 0 {
		return [sha256.Size]byte(rfc6962.DefaultHasher.EmptyRoot()), nil
	}
	root, err := w.tree.GetRootHash(nil)
	if err != nil {
		return h, err
	}
	return [sha256.Size]byte(root), nil
}

// bundle returns leaves and their hashes. When the leaves cannot be read, the hashes are those of the tile, so
// that the rest of the tree can be checked.
func (w *walk) bundle(ctx context.Context, first uint64) (leaves, hashes [][]byte) {
	index := first / layout.EntryBundleWidth
	n := min(w.size-first, layout.EntryBundleWidth)
	file := layout.EntriesPath(index, layout.PartialTileSize(0, index, w.size))
	b, err := client.GetEntryBundle(ctx, w.files.ReadEntryBundle, index, w.size)
	if err == nil && uint64(len(b.Entries)) < n {
		err = errors.New("too short")
	}
	if err == nil {
		for _, leaf := range b.Entries[:n] {
			hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(leaf))
		}
		return b.Entries[:n], hashes
	}
	w.problem(file, first, "the bundle with the leaves is missing or cannot be read")
	tile, err := w.files.ReadTile(ctx, 0, index, layout.PartialTileSize(0, index, w.size))
	for i := range n {
		if err != nil || uint64(len(tile)) < (i+1)*sha256.Size {
			hashes = append(hashes, make([]byte, sha256.Size))
			continue
		}
		hashes = append(hashes, tile[i*sha256.Size:(i+1)*sha256.Size])
	}
	return nil, hashes
}

// visit fills the tiles. A tile keeps every eighth level of the tree.
func (w *walk) visit(ctx context.Context, id compact.NodeID, hash []byte) {
	if id.Level%layout.TileHeight != 0 {
		return
	}
	tile := compact.NodeID{Level: id.Level / layout.TileHeight, Index: id.Index / layout.TileWidth}
	w.tiles[tile] = append(w.tiles[tile], hash...)
	if len(w.tiles[tile]) == layout.TileWidth*sha256.Size {
		w.compare(ctx, tile)
		delete(w.tiles, tile)
	}
}

// compare holds a derived tile against the one on the disk.
func (w *walk) compare(ctx context.Context, id compact.NodeID) {
	level := uint64(id.Level)
	partial := layout.PartialTileSize(level, id.Index, w.size)
	want := w.tiles[id]
	got, err := w.files.ReadTile(ctx, level, id.Index, partial)
	if err == nil && partial > 0 && len(got) > len(want) {
		got = got[:len(want)] // a fuller tile has taken its place
	}
	if err == nil && bytes.Equal(got, want) {
		return
	}
	reason := "the tile is missing or cannot be read"
	first := id.Index * layout.TileWidth << (level * layout.TileHeight)
	if err == nil {
		reason = "the tile and what is below it do not agree"
		if level == 0 {
			reason = "the tile and its leaves, in log/" + layout.EntriesPath(id.Index, partial) + ", do not agree"
		}
		for i := 0; i+sha256.Size <= min(len(got), len(want)); i += sha256.Size {
			if !bytes.Equal(got[i:i+sha256.Size], want[i:i+sha256.Size]) {
				first += uint64(i/sha256.Size) << (level * layout.TileHeight)
				break
			}
		}
	}
	w.problem(layout.TilePath(level, id.Index, partial), first, reason)
}

// Proven reads one leaf and checks the path from it to the root of size leaves.
func (f Files) Proven(ctx context.Context, index, size uint64, root [sha256.Size]byte) ([]byte, error) {
	leaves, err := f.Leaves(ctx, index, size)
	if err != nil {
		return nil, err
	}
	b, err := client.NewProofBuilder(ctx, size, f.ReadTile)
	if err != nil {
		return nil, err
	}
	path, err := b.InclusionProof(ctx, index)
	if err != nil {
		return nil, err
	}
	hash := rfc6962.DefaultHasher.HashLeaf(leaves[0])
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, hash, path, root[:]); err != nil {
		return nil, fmt.Errorf("entry %d: its leaf does not lead to the root", index)
	}
	return leaves[0], nil
}
