package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/internal/journal/seal"
	"github.com/wardline/wardline/internal/journal/segment"
)

// Entry is one place of the journal: what became durable together.
type Entry struct {
	Index  uint64
	Header Header
	// Gone tells that the body was deleted after its time, and when. There are no lines then.
	Gone time.Time
	body []byte                  // lines, decrypted, each with a line end
	seed [evidence.SeedSize]byte // of the salts of the lines; zero when the header has no root of them
	late bool                    // it is read long after it was written
}

// Lines yields the lines of the entry with their numbers, from 0 on. They must not be changed. Now and then it lets others have the processor, for a sender whose
// acknowledgement is ready would wait for a follower; not when that is far behind.
func (e *Entry) Lines() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		i := 0
		for line := range bytes.Lines(e.body) {
			if !yield(i, line[:len(line)-1:len(line)-1]) {
				return
			}
			if i++; i%patience == 0 && !e.late {
				runtime.Gosched()
			}
		}
		if !e.late {
			runtime.Gosched()
		}
	}
}

const (
	patience  = 16  // lines that are read before others may go on: a few tenths of a millisecond
	farBehind = 100 // entries: some second of a busy house
)

// DamageError says that an entry is not what was sealed. It never quotes content.
type DamageError struct {
	Index   uint64
	Reason  string
	Missing bool // the segment with the body is not there at all
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("entry %d of the journal is damaged: %s: run wardline journal verify, and put the segment back from a backup", e.Index, e.Reason)
}

// ErrNoEntry says that there is no entry of that index yet.
var ErrNoEntry = errors.New("no such entry in the journal")

// Entry reads one entry, and checks its body against its leaf.
func (j *Journal) Entry(ctx context.Context, index uint64) (*Entry, error) {
	if size := j.Size(); index >= size {
		return nil, fmt.Errorf("%w: %d of %d", ErrNoEntry, index, size)
	}
	leaves, err := j.leaves(ctx, index)
	if err != nil {
		return nil, err
	}
	return j.bodies.entry(index, leaves[0])
}

// leaves returns some leaves from an index on.
func (j *Journal) leaves(ctx context.Context, from uint64) ([][]byte, error) {
	if leaves := j.recent.from(from); leaves != nil {
		return leaves, nil
	}
	size, _, _, err := j.files.State()
	if err != nil {
		return nil, err
	}
	return j.files.Leaves(ctx, from, size)
}

// Follow calls handle for every entry from index from on, in order, and waits for more at the end, until ctx
// ends, the journal is closed or handle fails. handle keeps its position in the transaction that its effects are in.
// A damaged entry ends it with a *DamageError.
func (j *Journal) Follow(ctx context.Context, from uint64, handle func(context.Context, *Entry) error) error {
	next := from
	for {
		size, grown, err := j.end()
		if next > size {
			return fmt.Errorf("%w: the follower is at %d and the journal has %d entries: it is not the journal that was followed", ErrLost, next, size)
		}
		if next == size {
			if err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-grown:
			}
			continue
		}
		leaves, err := j.leaves(ctx, next)
		if err != nil {
			return err
		}
		leaves = leaves[:min(uint64(len(leaves)), size-next)]
		for _, leaf := range leaves {
			if err := ctx.Err(); err != nil {
				return err
			}
			e, err := j.bodies.entry(next, leaf)
			if err != nil {
				return err
			}
			e.late = size-next > farBehind
			if err := handle(ctx, e); err != nil {
				return err
			}
			next++
		}
	}
}

// maxOpen is how many segments stay open for reading.
const maxOpen = 64

// bodies reads sealed bodies. It serves any number of goroutines.
type bodies struct {
	dir   string
	key   *seal.Key // nil: bodies are checked but not decrypted
	unzip *zstd.Decoder
	gone  func(segment string) (time.Time, bool)

	mu   sync.Mutex
	open map[string]*readSegment // guarded by mu
}

type readSegment struct {
	*segment.Reader
	key *seal.Data
}

func newBodies(dir string, key *seal.Key, gone func(string) (time.Time, bool)) (*bodies, error) {
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(2*MaxLine))
	if err != nil {
		return nil, err
	}
	return &bodies{dir: dir, key: key, unzip: unzip, gone: gone, open: map[string]*readSegment{}}, nil
}

// passing tells whether an error says nothing of what lies on the disk: whoever tries again may read it.
func passing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EACCES, syscall.EPERM, syscall.EINTR, fs.ErrClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// entry reads and checks the body that a leaf speaks of. Its errors are *DamageError, but for those that pass.
func (b *bodies) entry(index uint64, leaf []byte) (*Entry, error) {
	h, err := ParseHeader(leaf)
	if err != nil {
		return nil, &DamageError{Index: index, Reason: "its leaf cannot be read"}
	}
	if at, gone := b.gone(h.Segment); gone {
		return &Entry{Index: index, Header: h, Gone: at}, nil
	}
	s, err := b.segment(h.Segment)
	if errors.Is(err, fs.ErrNotExist) {
		if at, gone := b.gone(h.Segment); gone { // in this moment
			return &Entry{Index: index, Header: h, Gone: at}, nil
		}
		return nil, &DamageError{Index: index, Reason: "its segment " + h.Segment + " is missing, and nothing says that it was deleted after its time", Missing: true}
	}
	if passing(err) {
		return nil, fmt.Errorf("open a segment of the journal: %w", err)
	}
	if err != nil {
		return nil, &DamageError{Index: index, Reason: "its segment " + h.Segment + " cannot be opened: " + err.Error()}
	}
	sealed, err := s.Body(h.Offset, h.Size)
	if passing(err) {
		return nil, fmt.Errorf("read a segment of the journal: %w", err)
	}
	if err != nil {
		return nil, &DamageError{Index: index, Reason: "its body cannot be read: " + err.Error()}
	}
	if sha256.Sum256(sealed) != h.Hash {
		return nil, &DamageError{Index: index, Reason: "its body is not the one that its leaf seals"}
	}
	if b.key == nil {
		return &Entry{Index: index, Header: h}, nil
	}
	e, err := b.unseal(s, h, sealed)
	if err != nil {
		return nil, &DamageError{Index: index, Reason: err.Error()}
	}
	e.Index = index
	return e, nil
}

func (b *bodies) unseal(s *readSegment, h Header, sealed []byte) (*Entry, error) {
	zipped, err := s.key.Open(sealed, h.Offset)
	if err != nil {
		return nil, err
	}
	e := &Entry{Header: h}
	if h.opens() {
		if len(zipped) < len(e.seed) {
			return nil, errors.New("its body is shorter than what its leaf says must be in it")
		}
		zipped = zipped[copy(e.seed[:], zipped):]
	}
	body, err := b.unzip.DecodeAll(zipped, nil)
	if err != nil {
		return nil, errors.New("its body cannot be decompressed")
	}
	if lines := bytes.Count(body, []byte{'\n'}); lines != h.Count || !bytes.HasSuffix(body, []byte{'\n'}) {
		return nil, fmt.Errorf("its body has %d lines and its leaf says %d", lines, h.Count)
	}
	e.body = body
	return e, nil
}

// segment opens a segment for reading, or finds it open.
func (b *bodies) segment(name string) (*readSegment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.open[name]; s != nil {
		return s, nil
	}
	r, err := segment.Open(filepath.Join(b.dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	s, err := b.unlock(r, name)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	for other := range b.open {
		if len(b.open) < maxOpen {
			break
		}
		delete(b.open, other) // who still reads it keeps it; its file is closed when nobody does
	}
	b.open[name] = s
	return s, nil
}

func (b *bodies) unlock(r *segment.Reader, name string) (*readSegment, error) {
	if b.key == nil {
		return &readSegment{Reader: r}, nil
	}
	text, _, err := r.Meta()
	if err != nil {
		return nil, err
	}
	var meta segmentMeta
	if err := json.Unmarshal(text, &meta); err != nil || meta.Name != name {
		return nil, segment.ErrHead
	}
	key, err := b.key.Data(name, meta.Key)
	if err != nil {
		return nil, fmt.Errorf("its key: %w; a copy of the journal's key from before it was rotated does not open what came after", err)
	}
	return &readSegment{r, key}, nil
}

// forget lets go of a segment that is being deleted.
func (b *bodies) forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, name)
}

func (b *bodies) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	for _, s := range b.open {
		err = errors.Join(err, s.Close())
	}
	clear(b.open)
	return err
}
