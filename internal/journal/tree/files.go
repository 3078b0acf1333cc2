package tree

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"

	"github.com/wardline/wardline/format/tlog"
)

// StateFiles returns the files, by their path in the log's folder, that tell the driver where a log of that size stands.
func StateFiles(size uint64, root [sha256.Size]byte) map[string][]byte {
	state, err := json.Marshal(struct {
		Size uint64 `json:"size"`
		Root []byte `json:"root"`
	}{size, root[:]})
	if err != nil {
		panic("wardline: internal error: a state is not JSON: " + err.Error())
	}
	return map[string][]byte{".state/treeState": state, ".state/version": []byte("1")}
}

// ParseState reads what the driver wrote into .state/treeState, which has one form.
func ParseState(text []byte) (size uint64, root [sha256.Size]byte, err error) {
	var state struct {
		Size uint64 `json:"size"`
		Root []byte `json:"root"`
	}
	if err := json.Unmarshal(text, &state); err != nil || len(state.Root) != sha256.Size {
		return 0, root, errors.New("the state of the log cannot be read: it is damaged")
	}
	root = [sha256.Size]byte(state.Root)
	if !bytes.Equal(StateFiles(state.Size, root)[".state/treeState"], text) {
		return 0, [sha256.Size]byte{}, errors.New("the state of the log is not as the log writes it: it is damaged")
	}
	return state.Size, root, nil
}

// Agrees tells whether the file of a tile or bundle has its place in a log of that size: one that is in use, one of which a longer version says the
// same, or one that lies beyond the end, as a crash leaves it.
func (f Files) Agrees(ctx context.Context, t tlog.Tile, size uint64) bool {
	level := max(t.Level, 0) // leaves have the places of their hashes
	nodes := size >> (level * layout.TileHeight)
	if first := t.Index * layout.TileWidth; first+uint64(t.Width) >= nodes || t.Width == layout.TileWidth {
		return true // in use, which Walk has looked at, or beyond the end
	}
	now := layout.PartialTileSize(uint64(level), t.Index, size)
	read := func() ([]byte, error) { return f.ReadTile(ctx, uint64(level), t.Index, now) }
	cut := func(b []byte) ([]byte, error) { return b[:min(len(b), t.Width*sha256.Size)], nil }
	if t.Level == tlog.Leaves {
		read = func() ([]byte, error) { return f.ReadEntryBundle(ctx, t.Index, now) }
		cut = func(b []byte) ([]byte, error) { return cutBundle(b, uint8(t.Width)) }
	}
	longer, err := read()
	if err != nil {
		return true // which was said
	}
	longer, err = cut(longer)
	shorter, failed := os.ReadFile(filepath.Join(f.Root, filepath.FromSlash(t.Path())))
	return err != nil || failed != nil || bytes.Equal(longer, shorter)
}

// Each calls handle for every bundle and tile of the first size leaves, by the path in the log's folder.
func (f Files) Each(ctx context.Context, size uint64, handle func(path string, content []byte) error) error {
	for first := uint64(0); first < size; first += layout.EntryBundleWidth {
		index := first / layout.EntryBundleWidth
		partial := layout.PartialTileSize(0, index, size)
		bundle, err := f.ReadEntryBundle(ctx, index, partial)
		if err != nil {
			return err
		}
		if bundle, err = cutBundle(bundle, partial); err != nil {
			return fmt.Errorf("%s: %w", layout.EntriesPath(index, partial), err)
		}
		if err := handle(layout.EntriesPath(index, partial), bundle); err != nil {
			return err
		}
	}
	for level, nodes := uint64(0), size; nodes > 0; level, nodes = level+1, nodes>>layout.TileHeight {
		for index := range (nodes + layout.TileWidth - 1) / layout.TileWidth {
			partial := layout.PartialTileSize(level, index, size)
			tile, err := f.ReadTile(ctx, level, index, partial)
			if err != nil {
				return err
			}
			if partial > 0 { // a fuller one may have taken its place
				tile = tile[:min(len(tile), int(partial)*sha256.Size)]
			}
			if err := handle(layout.TilePath(level, index, partial), tile); err != nil {
				return err
			}
		}
	}
	return nil
}

var errBundle = errors.New("the bundle is damaged")

// cutBundle returns the first n leaves of a bundle, all of them when n is 0.
func cutBundle(bundle []byte, n uint8) ([]byte, error) {
	if n == 0 {
		return bundle, nil
	}
	at := 0
	for range n {
		if at+2 > len(bundle) {
			return nil, errBundle
		}
		at += 2 + int(bundle[at])<<8 + int(bundle[at+1]) // C2SP tlog-tiles: a length of two bytes before each entry
		if at > len(bundle) {
			return nil, errBundle
		}
	}
	return bundle[:at], nil
}

// Salvage yields the leaves of a log whose state is damaged, from the first on, up to the first that cannot be
// read.
func (f Files) Salvage() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for index := uint64(0); ; index++ {
			leaves := f.salvageBundle(index)
			for _, leaf := range leaves {
				if !yield(leaf) {
					return
				}
			}
			if len(leaves) < layout.EntryBundleWidth {
				return
			}
		}
	}
}

// salvageBundle returns the leaves of a bundle. A batch that failed may have left a longer version behind than the one that was
// written after it, so the youngest counts, and of equally young ones the longest.
func (f Files) salvageBundle(index uint64) (leaves [][]byte) {
	var youngest time.Time
	for n := layout.EntryBundleWidth; n > 0; n-- {
		partial := uint8(n % layout.EntryBundleWidth) // 0 for a whole one
		path := filepath.Join(f.Root, layout.EntriesPath(index, partial))
		info, err := os.Stat(path)
		if err != nil || leaves != nil && !info.ModTime().After(youngest) {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		tile, err := os.ReadFile(filepath.Join(f.Root, layout.TilePath(0, index, partial)))
		if err != nil {
			continue
		}
		if found := agreeing(text, tile); len(found) == n {
			leaves, youngest = found, info.ModTime()
		}
	}
	return leaves
}

// agreeing returns the leaves of a bundle whose hashes make up the tile, or none.
func agreeing(bundle, tile []byte) [][]byte {
	var b api.EntryBundle
	if b.UnmarshalText(bundle) != nil || len(tile) != len(b.Entries)*sha256.Size {
		return nil
	}
	for i, leaf := range b.Entries {
		if !bytes.Equal(rfc6962.DefaultHasher.HashLeaf(leaf), tile[i*sha256.Size:(i+1)*sha256.Size]) {
			return nil
		}
	}
	return b.Entries
}
