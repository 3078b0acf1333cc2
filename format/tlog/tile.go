package tlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"strconv"
	"strings"
)

const (
	// TileWidth is how many hashes a full tile has, and how many leaves a full bundle.
	TileWidth = 256
	// Leaves is the level that bundles of leaves have in a Tile.
	Leaves = -1

	tileHeight = 8
	maxLevel   = 63
	// maxBundle is the size of a bundle of the largest leaves.
	maxBundle = TileWidth * (2 + 1<<16 - 1)
)

// Tile names one file of a log: hashes that stand side by side in its tree, or leaves (https://c2sp.org/tlog-tiles).
type Tile struct {
	Level int    // 0: hashes of leaves; each hash of the next level is that of a full tile; Leaves: the leaves themselves
	Index uint64 // among the tiles of the level
	Width int    // 1 to 256: how many hashes or leaves
}

// Path returns where the file lies below the log's prefix, such as "tile/0/x001/x234/067.p/5".
func (t Tile) Path() string {
	level := "entries"
	if t.Level != Leaves {
		level = strconv.Itoa(t.Level)
	}
	name := fmt.Sprintf("%03d", t.Index%1000)
	for n := t.Index / 1000; n > 0; n /= 1000 {
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	if t.Width < TileWidth {
		name += ".p/" + strconv.Itoa(t.Width)
	}
	return "tile/" + level + "/" + name
}

// ParseTile reads a path of Path.
func ParseTile(path string) (Tile, error) {
	refused := fmt.Errorf("%w: not the path of a tile", ErrProof)
	rest, found := strings.CutPrefix(path, "tile/")
	level, name, more := strings.Cut(rest, "/")
	t := Tile{Level: Leaves, Width: TileWidth}
	if level != "entries" {
		n, err := parseSize([]byte(level))
		if err != nil || n > maxLevel {
			return Tile{}, refused
		}
		t.Level = int(n)
	}
	name, width, partial := strings.Cut(name, ".p/")
	if partial {
		n, err := parseSize([]byte(width))
		if err != nil || n < 1 || n >= TileWidth {
			return Tile{}, refused
		}
		t.Width = int(n)
	}
	for part := range strings.SplitSeq(name, "/") {
		n, err := strconv.ParseUint(strings.TrimPrefix(part, "x"), 10, 16)
		if err != nil {
			return Tile{}, refused
		}
		t.Index = t.Index*1000 + n // one that is too large is printed as another
	}
	if !found || !more || t.Path() != path {
		return Tile{}, refused
	}
	return t, nil
}

// Tree makes proofs of the files of a log. What it makes is as good as these files: who did not write them checks the
// proofs against a signed checkpoint.
type Tree struct {
	Size uint64 // in leaves, of a checkpoint
	// Read returns a file by the path that Tile has. It wraps fs.ErrNotExist when there is none.
	Read func(path string) ([]byte, error)
}

// Dir returns a Read of files below a folder, such as os.DirFS gives. It reads no more of a file than one may have.
func Dir(folder fs.FS) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		f, err := folder.Open(path)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(io.LimitReader(f, maxBundle+1))
		return b, errors.Join(err, f.Close())
	}
}

// span is the leaves from one to another, without that.
type span struct{ from, to uint64 }

// Root returns the root of the tree.
func (t Tree) Root() (Hash, error) { return t.Part(0, t.Size) }

// Part returns the hash above the leaves from start to end, without that at end, as if these were a tree.
func (t Tree) Part(start, end uint64) (Hash, error) {
	if start > end || end > t.Size {
		return Hash{}, fmt.Errorf("%w: a tree of %d has no part from %d to %d", ErrProof, t.Size, start, end)
	}
	if start == end {
		return EmptyRoot(), nil
	}
	hashes, err := t.hashes([]span{{start, end}})
	if err != nil {
		return Hash{}, err
	}
	return hashes[0], nil
}

// Inclusion returns the hashes that lead from a leaf to the root. RFC 6962 2.1.1
func (t Tree) Inclusion(index uint64) ([]Hash, error) {
	if index >= t.Size {
		return nil, fmt.Errorf("%w: a tree of %d has no leaf %d", ErrProof, t.Size, index)
	}
	return t.hashes(path(index, span{0, t.Size}))
}

func path(index uint64, in span) []span {
	if in.to-in.from == 1 {
		return nil
	}
	k := in.middle()
	if index < k {
		return append(path(index, span{in.from, k}), span{k, in.to})
	}
	return append(path(index, span{k, in.to}), span{in.from, k})
}

// middle returns where the tree over a span parts: at the largest power of two that is below its width.
func (s span) middle() uint64 { return s.from + 1<<(bits.Len64(s.to-s.from-1)-1) }

// Consistency returns the hashes that prove that the tree begins with that of the first older leaves. RFC 6962 2.1.2
func (t Tree) Consistency(older uint64) ([]Hash, error) { return t.SubtreeConsistency(0, older) }

// SubtreeConsistency returns the hashes that Subtree.VerifyConsistency wants, of the part from start to end.
func (t Tree) SubtreeConsistency(start, end uint64) ([]Hash, error) {
	if !(Subtree{Start: start, End: end}).valid() || end > t.Size {
		return nil, fmt.Errorf("%w: a tree of %d has no part from %d to %d", ErrProof, t.Size, start, end)
	}
	if start == end {
		return nil, nil
	}
	return t.hashes(difference(span{start, end}, span{0, t.Size}, true))
}

// difference is SUBPROOF of RFC 6962 2.1.2, of a part that may begin behind 0. known says that the verifier has the
// hash of the part.
func difference(part, in span, known bool) []span {
	if part == in {
		if known {
			return nil
		}
		return []span{in}
	}
	k := in.middle()
	switch {
	case part.to <= k:
		return append(difference(part, span{in.from, k}, known), span{k, in.to})
	case part.from >= k:
		return append(difference(part, span{k, in.to}, known), span{in.from, k})
	}
	return append(difference(span{k, part.to}, span{k, in.to}, false), span{in.from, k})
}

// hashes returns the hash above each span. Each tile is read once.
func (t Tree) hashes(spans []span) ([]Hash, error) {
	r := reader{tree: t, tiles: map[Tile][]Hash{}}
	hashes := make([]Hash, len(spans))
	for i, s := range spans {
		var err error
		if hashes[i], err = r.above(s); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// reader reads tiles for one proof.
type reader struct {
	tree  Tree
	tiles map[Tile][]Hash
}

// above returns the hash above a span. What is not the span of a node is made of two.
func (r *reader) above(s span) (Hash, error) {
	width := s.to - s.from
	if width&(width-1) == 0 && s.from%width == 0 {
		return r.node(bits.TrailingZeros64(width), s.from/width)
	}
	k := s.middle()
	left, err := r.above(span{s.from, k})
	if err != nil {
		return Hash{}, err
	}
	right, err := r.above(span{k, s.to})
	if err != nil {
		return Hash{}, err
	}
	return HashChildren(left, right), nil
}

// node returns the hash of a node by its height above the leaves and its place among those of that height.
func (r *reader) node(height int, index uint64) (Hash, error) {
	level, inside := height/tileHeight, height%tileHeight
	first := index << inside // of the hashes of the tile's level that the node is above
	hashes, err := r.tile(level, first/TileWidth)
	if err != nil {
		return Hash{}, err
	}
	row := append([]Hash(nil), hashes[first%TileWidth:][:1<<inside]...)
	for len(row) > 1 {
		for i := range len(row) / 2 {
			row[i] = HashChildren(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	return row[0], nil
}

// tile returns the hashes of a tile, as many as the tree's size has.
func (r *reader) tile(level int, index uint64) ([]Hash, error) {
	width := min(r.tree.Size>>(tileHeight*level)-index*TileWidth, TileWidth)
	t := Tile{level, index, int(width)}
	if hashes, there := r.tiles[t]; there {
		return hashes, nil
	}
	b, err := r.tree.read(t, len(Hash{}))
	if err != nil {
		return nil, err
	}
	if len(b) < t.Width*len(Hash{}) {
		return nil, fmt.Errorf("%w: tile %d of level %d is shorter than it must be", ErrProof, index, level)
	}
	hashes := make([]Hash, t.Width)
	for i := range hashes {
		hashes[i] = Hash(b[i*len(Hash{}):])
	}
	r.tiles[t] = hashes
	return hashes, nil
}

// read returns the file of a tile, or, where that is gone because the tile is full by now, the full one. Its length must be a
// multiple of each, when that is not 0.
func (t Tree) read(tile Tile, each int) ([]byte, error) {
	b, err := t.Read(tile.Path())
	width := tile.Width
	if errors.Is(err, fs.ErrNotExist) && tile.Width < TileWidth {
		width = TileWidth
		b, err = t.Read(Tile{tile.Level, tile.Index, width}.Path())
	}
	if err != nil {
		return nil, fmt.Errorf("read tile %d of level %d: %w", tile.Index, tile.Level, err)
	}
	if each > 0 && len(b) != width*each || len(b) > maxBundle {
		return nil, fmt.Errorf("%w: tile %d of level %d has %d bytes", ErrProof, tile.Index, tile.Level, len(b))
	}
	return b, nil
}

// Leaf returns a leaf out of its bundle. That it is the one of the tree is for VerifyInclusion to say.
func (t Tree) Leaf(index uint64) ([]byte, error) {
	if index >= t.Size {
		return nil, fmt.Errorf("%w: a tree of %d has no leaf %d", ErrProof, t.Size, index)
	}
	bundle := index / TileWidth
	b, err := t.read(Tile{Leaves, bundle, int(min(t.Size-bundle*TileWidth, TileWidth))}, 0)
	if err != nil {
		return nil, err
	}
	leaves, err := ParseBundle(b)
	if err != nil || index%TileWidth >= uint64(len(leaves)) {
		return nil, fmt.Errorf("%w: the bundle of leaf %d is damaged", ErrProof, index)
	}
	return leaves[index%TileWidth], nil
}

// ParseBundle reads the leaves of a bundle: before each stand two bytes with its length. The leaves share the memory of b.
func ParseBundle(b []byte) ([][]byte, error) {
	var leaves [][]byte
	for at := 0; at < len(b); {
		if at+2 > len(b) || len(leaves) == TileWidth {
			return nil, fmt.Errorf("%w: byte %d of the bundle: a part of a leaf, or one too many", ErrProof, at)
		}
		end := at + 2 + int(binary.BigEndian.Uint16(b[at:]))
		if end > len(b) {
			return nil, fmt.Errorf("%w: byte %d of the bundle: the leaf is longer than what is left", ErrProof, at)
		}
		leaves = append(leaves, b[at+2:end:end])
		at = end
	}
	return leaves, nil
}
