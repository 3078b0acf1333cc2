// Package tree keeps the leaves of the journal in a Merkle tree on the disk: the public layout of
// C2SP tlog-tiles, written by Tessera's POSIX driver.
package tree

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const (
	// checkpointInterval is the shortest that the driver allows.
	checkpointInterval = 100 * time.Millisecond
	// cleanInterval is how often tiles and bundles are deleted that a fuller one has replaced.
	// At a hundred batches a second they pile up by several megabytes a second.
	cleanInterval = 10 * time.Second
	// batchSize is never reached: the journal has fewer packs in flight, so that Tessera's Add
	// does not block.
	batchSize = 4096
)

// Tree is open for appending. One process may have one Tree of a folder.
type Tree struct {
	files    Files
	appender *tessera.Appender
	shutdown func(context.Context) error
	cancel   context.CancelFunc
}

// Open opens the log in dir, or makes one. A leaf waits at most batchAge for others to be written with it.
func Open(ctx context.Context, dir string, signer note.Signer, batchAge time.Duration) (*Tree, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open log: %w", err)
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(batchSize, batchAge).
		WithCheckpointInterval(checkpointInterval).
		WithGarbageCollectionInterval(cleanInterval)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &Tree{NewFiles(dir), appender, shutdown, cancel}, nil
}

// Add queues a leaf and returns at once. The function that it returns waits until the leaf is durable and returns its index.
// Leaves are written in the order of the calls.
func (t *Tree) Add(ctx context.Context, leaf []byte) func() (uint64, error) {
	future := t.appender.Add(ctx, tessera.NewEntry(leaf))
	return func() (uint64, error) {
		index, err := future()
		return index.Index, err
	}
}

// Ready tells whether the log's files can be opened. The driver panics when it cannot open its lock, because the disk
// is gone or too many files are open: ask before Add, and again before anybody is told that a leaf is durable.
func (t *Tree) Ready() error {
	f, err := os.OpenFile(t.files.statePath()+".lock", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// Shutdown waits until a checkpoint speaks of all leaves that were added. Stop comes after it.
func (t *Tree) Shutdown(ctx context.Context) error { return t.shutdown(ctx) }

// Stop ends all work in the background. What Add returned must have been waited for.
func (t *Tree) Stop() { t.cancel() }

// Files reads a log in a folder, while it is written or later.
type Files struct{ client.FileFetcher }

// NewFiles returns a reader of the log in dir.
func NewFiles(dir string) Files { return Files{client.FileFetcher{Root: dir}} }

// State returns the size and the root of the tree as the writer last left them, 0 when there is no
// log: found is false then. The published checkpoint comes a moment later.
func (f Files) State() (size uint64, root []byte, found bool, err error) {
	text, err := os.ReadFile(f.statePath())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil, false, nil
	}
	if err != nil {
		return 0, nil, false, err
	}
	size, sum, err := ParseState(text)
	if err != nil {
		return 0, nil, true, fmt.Errorf("%s: %w", f.statePath(), err)
	}
	return size, sum[:], true, nil
}

// ReadTile returns the hashes of a tile, of which partial says how many there are, 0 for a whole one. The driver writes no version of each length: one that it
// skipped is the beginning of the one that is there now.
func (f Files) ReadTile(ctx context.Context, level, index uint64, partial uint8) ([]byte, error) {
	text, err := f.FileFetcher.ReadTile(ctx, level, index, partial)
	if partial == 0 || !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	size, _, _, failed := f.State()
	if now := layout.PartialTileSize(level, index, size); failed == nil && now > partial {
		longer, failed := f.FileFetcher.ReadTile(ctx, level, index, now)
		if failed == nil && len(longer) >= int(partial)*sha256.Size {
			return longer[:int(partial)*sha256.Size], nil
		}
	}
	return nil, err
}

func (f Files) statePath() string { return filepath.Join(f.Root, ".state", "treeState") }

// SyncState makes the last State durable: a process that was killed may have left it in memory only.
func (f Files) SyncState() error {
	dir, err := os.Open(filepath.Dir(f.statePath()))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// AwaitCheckpoint waits until a checkpoint was published. In a new log that is at once, but when making the log was cut off
// it comes a moment after Open.
func (f Files) AwaitCheckpoint(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		if _, err := f.ReadCheckpoint(ctx); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for a checkpoint: %w", ctx.Err())
		case <-poll.C:
		}
	}
}

// Leaves returns leaves from an index on, up to the end of their bundle of 256. size is the size of the tree as State gives it.
func (f Files) Leaves(ctx context.Context, from, size uint64) ([][]byte, error) {
	bundle := from / layout.EntryBundleWidth
	entries, err := client.GetEntryBundle(ctx, f.ReadEntryBundle, bundle, size)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", from, err)
	}
	first := from % layout.EntryBundleWidth
	end := min(size-bundle*layout.EntryBundleWidth, layout.EntryBundleWidth)
	if uint64(len(entries.Entries)) < end || first >= end {
		return nil, fmt.Errorf("entry %d: its bundle has %d leaves instead of %d: it is damaged", from, len(entries.Entries), end)
	}
	return entries.Entries[first:end], nil
}

// RootAt computes the root of the first size leaves from the tiles.
func (f Files) RootAt(ctx context.Context, size uint64) ([]byte, error) {
	if size == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	nodes, err := client.FetchRangeNodes(ctx, size, f.ReadTile)
	if err != nil {
		return nil, err
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	r, err := factory.NewRange(0, size, nodes)
	if err != nil {
		return nil, err
	}
	return r.GetRootHash(nil)
}

// Inclusion returns the hashes that lead from a leaf to the root of the first size leaves.
func (f Files) Inclusion(ctx context.Context, index, size uint64) ([][sha256.Size]byte, error) {
	b, err := client.NewProofBuilder(ctx, size, f.ReadTile)
	if err != nil {
		return nil, err
	}
	hashes, err := b.InclusionProof(ctx, index)
	if err != nil {
		return nil, err
	}
	return fixed(hashes)
}

// Consistency returns the hashes that prove that the first newer leaves begin with the first older
// leaves. size is that of a checkpoint, newer or later.
func (f Files) Consistency(ctx context.Context, older, newer, size uint64) ([][sha256.Size]byte, error) {
	b, err := client.NewProofBuilder(ctx, size, f.ReadTile)
	if err != nil {
		return nil, err
	}
	hashes, err := b.ConsistencyProof(ctx, older, newer)
	if err != nil {
		return nil, err
	}
	return fixed(hashes)
}

func fixed(hashes [][]byte) ([][sha256.Size]byte, error) {
	out := make([][sha256.Size]byte, len(hashes))
	for i, h := range hashes {
		if len(h) != sha256.Size {
			return nil, errors.New("a tile of the log is damaged")
		}
		out[i] = [sha256.Size]byte(h)
	}
	return out, nil
}
