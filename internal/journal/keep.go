package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/journal/retain"
	"github.com/wardline/wardline/internal/journal/segment"
)

// ErrBlind says that the journal could not read some of its own entries, so that it does not know what they hold or delete.
var ErrBlind = errors.New("the journal cannot read all of its own entries, so it deletes nothing and may refuse a backup: run wardline journal verify; it goes on by itself when they can be read")

// keeper knows the segments, what is held, and what was deleted. It learns all that from the
// entries, so its file may be lost.
type keeper struct {
	dir     string
	log     *slog.Logger
	started time.Time

	// learning is held by whoever takes entries into the book: one after the other, without gaps.
	learning sync.Mutex

	mu     sync.Mutex
	book   *retain.Book              // guarded by mu
	clock  *retain.Clock             // guarded by mu
	open   map[string]bool           // guarded by mu: segments that may still grow
	doomed map[string]retain.Segment // guarded by mu: their deletion is sealed, their files may be there still
	blind  error                     // guarded by mu: why the book does not know everything

	// deleting is held by whoever deletes segments, and for reading by whoever needs that none is deleted.
	deleting sync.RWMutex
}

func bookPath(dir string) string  { return filepath.Join(dir, "book.json") }
func clockPath(dir string) string { return filepath.Join(dir, "clock.json") }

func newKeeper(dir string, started time.Time, log *slog.Logger) (*keeper, error) {
	k := &keeper{dir: dir, log: log, started: started, clock: &retain.Clock{}, open: map[string]bool{}, doomed: map[string]retain.Segment{}}
	book, err := readBook(dir)
	if err != nil {
		return nil, fmt.Errorf("read the journal's book: %w", err)
	}
	k.book = book
	for name := range book.Gone {
		k.doomed[name] = retain.Segment{}
	}
	text, err := os.ReadFile(clockPath(dir))
	if err == nil && json.Unmarshal(text, k.clock) != nil {
		k.clock.Suspect = true // where the clock was is not known any more
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the journal's clock: %w", err)
	}
	k.see(started)
	return k, nil
}

// readBook reads the book, or returns an empty one when it cannot be read: it can be made again.
func readBook(dir string) (*retain.Book, error) {
	text, err := os.ReadFile(bookPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return retain.New(), nil
	}
	if err != nil {
		return nil, err
	}
	b := retain.New()
	if json.Unmarshal(text, b) != nil || b.Segments == nil || b.Gone == nil || b.Holds == nil {
		return retain.New(), nil
	}
	return b, nil
}

// see takes note of the wall clock.
func (k *keeper) see(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := k.clock.Suspect
	k.clock.See(now, now.Sub(k.started)+1)
	if k.clock.Suspect && !before {
		k.log.Warn("clock has jumped, the journal deletes nothing until a person has confirmed the date")
	}
}

// save writes the book and the clock down.
func (k *keeper) save() error {
	k.mu.Lock()
	book, err := json.Marshal(k.book)
	clock, err2 := json.Marshal(k.clock)
	k.mu.Unlock()
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	return errors.Join(writeDurable(bookPath(k.dir), book), writeDurable(clockPath(k.dir), clock))
}

// healthy tells why nothing can be deleted.
func (k *keeper) healthy() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.blind == nil && k.clock.Suspect {
		return ErrClock
	}
	return k.blinded()
}

// blinded tells why the book does not know everything. k.mu is held.
func (k *keeper) blinded() error {
	if k.blind == nil {
		return nil
	}
	return fmt.Errorf("%w (%w)", ErrBlind, k.blind)
}

// through returns the number of entries whose headers are in the book without a gap, and of those whose remarks are.
func (k *keeper) through() (headers, remarks uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.book.Through, k.book.Followed
}

// gone tells whether a segment was deleted after its time.
func (k *keeper) gone(name string) (time.Time, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	stone, gone := k.book.Gone[name]
	return stone.At, gone
}

// writing says that a segment may still grow, or that it is complete.
func (k *keeper) writing(name string, yes bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if yes {
		k.open[name] = true
	} else {
		delete(k.open, name)
	}
}

// catchUp brings the book up to the size of the log, at the start and after every failure. What is there can be read, and more
// can be written, also when the book cannot.
func (k *keeper) catchUp(ctx context.Context, j *Journal, size uint64) error {
	k.mu.Lock()
	clear(k.open) // bodies go into new segments
	if k.book.Through > size || k.book.Followed > k.book.Through {
		k.book = retain.New() // of another log
	}
	k.mu.Unlock()
	k.look(ctx, j, size)
	return ctx.Err()
}

// look takes what the book does not know yet of the first size entries. Headers go on behind a remark that cannot be read:
// which segments there are does not hang on it.
func (k *keeper) look(ctx context.Context, j *Journal, size uint64) {
	headers := func() (next, end uint64) { next, _ = k.through(); return next, size }
	remarks := func() (next, end uint64) { end, next = k.through(); return next, min(end, size) }
	var failures []error
	for _, span := range []func() (uint64, uint64){headers, remarks} {
		more, err := true, error(nil)
		for more && err == nil {
			more, err = k.read(ctx, j, span)
		}
		failures = append(failures, err)
	}
	k.learning.Lock()
	defer k.learning.Unlock()
	err := errors.Join(failures...)
	known, followed := k.through()
	if ctx.Err() != nil || err == nil && (known < size || followed < known) {
		return // learn met one that cannot be read meanwhile, and said so
	}
	k.trust(ctx, err)
}

// read takes one bundle of what a span lacks into the book. more is false when it lacks nothing.
func (k *keeper) read(ctx context.Context, j *Journal, span func() (next, end uint64)) (more bool, err error) {
	k.learning.Lock() // for one bundle: those who wait for an acknowledgement wait for it
	defer k.learning.Unlock()
	next, end := span()
	if next >= end {
		return false, nil
	}
	leaves, err := j.leaves(ctx, next)
	if err != nil {
		return false, err
	}
	for i, leaf := range leaves[:min(uint64(len(leaves)), end-next)] {
		if err := k.take(j, next+uint64(i), leaf); err != nil {
			return false, err
		}
	}
	return true, nil
}

// trust says, once, that the book does not know everything, and why; nil ends that.
func (k *keeper) trust(ctx context.Context, blind error) {
	k.mu.Lock()
	before := k.blind
	k.blind = blind
	k.mu.Unlock()
	switch {
	case blind != nil && before == nil:
		k.log.ErrorContext(ctx, "journal is damaged, nothing is deleted: run wardline journal verify", slog.Any("error", blind))
	case blind == nil && before != nil:
		k.log.InfoContext(ctx, "journal can read all of its entries again")
	}
}

// learn takes an entry that has just become durable into the book. While entries before it are missing there, look takes it.
func (k *keeper) learn(j *Journal, index uint64, leaf []byte) {
	k.learning.Lock()
	defer k.learning.Unlock()
	if next, _ := k.through(); next != index {
		return
	}
	if err := k.take(j, index, leaf); err != nil {
		k.trust(context.Background(), err)
	}
}

// take puts the next header into the book, or the next remark, or both. k.learning is held.
func (k *keeper) take(j *Journal, index uint64, leaf []byte) error {
	h, err := ParseHeader(leaf)
	if err != nil {
		return fmt.Errorf("entry %d: %w", index, err)
	}
	if err := k.add(index, h); err != nil {
		return err
	}
	if _, next := k.through(); next != index {
		return nil // it is known, or waits for one before it
	}
	if h.Kind == Keeping {
		if err := k.follow(j, index, leaf); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.book.Followed = index + 1
	return nil
}

// add puts a header into the book, and takes note of the segments that it deletes.
func (k *keeper) add(index uint64, h Header) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if index < k.book.Through {
		return nil
	}
	doomed := map[string]retain.Segment{}
	for _, name := range h.Deletes {
		doomed[name] = retain.Segment{}
		if s := k.book.Segments[name]; s != nil {
			doomed[name] = *s
		}
	}
	if err := learn(k.book, index, h, time.Now()); err != nil {
		return err
	}
	maps.Copy(k.doomed, doomed)
	return nil
}

// learn puts a header into a book.
func learn(b *retain.Book, index uint64, h Header, now time.Time) error {
	err := b.Add(retain.Header{
		Index: index, Kind: string(h.Kind), Segment: h.Segment, End: h.Offset + h.Size,
		Received: h.Received, First: h.First, Last: h.Last, Sources: h.Sources,
	}, now)
	if err != nil {
		return err
	}
	for _, name := range h.Deletes {
		b.Bury(name, retain.Stone{At: h.Received, Entry: index})
	}
	return nil
}

// remark is a line of kind Keeping.
type remark struct {
	Act     string       `json:"act"` // "deleted", "held", "released", "clock confirmed", "key rotated", "recovered"
	Time    time.Time    `json:"time"`
	By      string       `json:"by,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Segment string       `json:"segment,omitempty"` // deleted
	Entries int          `json:"entries,omitempty"`
	First   uint64       `json:"first,omitempty"`
	Last    uint64       `json:"last,omitempty"`
	Hold    *retain.Hold `json:"hold,omitempty"` // held; released: only its id
	Had     *Mark        `json:"had,omitempty"`  // recovered: what the sentinel remembered
	Key     uint32       `json:"key,omitempty"`  // rotated: number of the key that new segments take
}

// follow does what a line of kind Keeping says to the book.
func (k *keeper) follow(j *Journal, index uint64, leaf []byte) error {
	e, err := j.bodies.entry(index, leaf)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return followRemarks(k.book, index, e)
}

// followRemarks does what the lines of an entry of kind Keeping say to a book.
func followRemarks(b *retain.Book, index uint64, e *Entry) error {
	for _, line := range e.Lines() {
		var n remark
		if err := json.Unmarshal(line, &n); err != nil {
			return &DamageError{Index: index, Reason: "its remark cannot be read"}
		}
		switch {
		case n.Act == "held" && n.Hold != nil:
			b.Holds[n.Hold.ID] = *n.Hold
		case n.Act == "released" && n.Hold != nil:
			delete(b.Holds, n.Hold.ID)
		}
	}
	return nil
}

// sweep deletes the files of the segments whose deletion is sealed. One that cannot be deleted stays for the next time.
func (j *Journal) sweep() (Expired, error) {
	k := j.keeper
	k.mu.Lock()
	doomed := maps.Clone(k.doomed)
	k.mu.Unlock()
	var done Expired
	var failures []error
	for name, s := range doomed {
		if !segmentName.MatchString(name) {
			continue
		}
		j.bodies.forget(name)
		if err := k.remove(name); err != nil {
			failures = append(failures, err)
			continue
		}
		k.mu.Lock()
		delete(k.doomed, name)
		k.mu.Unlock()
		done.Segments++
		done.Entries += s.Entries
		done.Bytes += s.End
	}
	return done, errors.Join(failures...)
}

// remove deletes the file of a segment, if it is there.
func (k *keeper) remove(name string) error {
	path := filepath.Join(segmentsPath(k.dir), filepath.FromSlash(name))
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete a segment after its time: %w", err)
	}
	return segment.SyncDir(filepath.Dir(path))
}
