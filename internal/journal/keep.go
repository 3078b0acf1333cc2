package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/journal/retain"
	"github.com/wardline/wardline/internal/journal/segment"
)

// keeper knows the segments, what is held, and what was deleted. It learns all that from the
// entries, so its file may be lost.
type keeper struct {
	dir     string
	log     *slog.Logger
	started time.Time

	mu    sync.Mutex
	book  *retain.Book    // guarded by mu
	clock *retain.Clock   // guarded by mu
	open  map[string]bool // guarded by mu: segments that may still grow
	blind error           // guarded by mu: why the book cannot be trusted

	// deleting is held by whoever deletes segments, and for reading by whoever needs that none is deleted.
	deleting sync.RWMutex
}

func bookPath(dir string) string  { return filepath.Join(dir, "book.json") }
func clockPath(dir string) string { return filepath.Join(dir, "clock.json") }

func newKeeper(dir string, started time.Time, log *slog.Logger) (*keeper, error) {
	k := &keeper{dir: dir, log: log, started: started, book: retain.New(), clock: &retain.Clock{}, open: map[string]bool{}}
	book, err := readBook(dir)
	if err != nil {
		return nil, fmt.Errorf("read the journal's book: %w", err)
	}
	k.book = book
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
	return k.blind
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

// catchUp brings the book up to the size of the log, at the start and after every failure.
func (k *keeper) catchUp(ctx context.Context, j *Journal, size uint64) error {
	k.mu.Lock()
	clear(k.open) // bodies go into new segments
	if k.book.Through > size {
		k.book = retain.New() // of another log
	}
	next := k.book.Through
	k.mu.Unlock()
	for next < size {
		leaves, err := j.files.Leaves(ctx, next, size)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			k.distrust(ctx, err)
			return nil // what is there can be read, and more can be written
		}
		for _, leaf := range leaves {
			k.learn(j, next, leaf)
			next++
		}
	}
	return nil
}

func (k *keeper) distrust(ctx context.Context, err error) {
	k.log.ErrorContext(ctx, "journal is damaged, nothing is deleted: run wardline journal verify", slog.Any("error", err))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.blind = err
}

// learn takes an entry into the book.
func (k *keeper) learn(j *Journal, index uint64, leaf []byte) {
	h, err := ParseHeader(leaf)
	if err == nil {
		k.mu.Lock()
		err = k.book.Add(retain.Header{
			Index: index, Kind: string(h.Kind), Segment: h.Segment, End: h.Offset + h.Size,
			Received: h.Received, First: h.First, Last: h.Last, Sources: h.Sources,
		}, time.Now())
		k.mu.Unlock()
	}
	if err == nil && h.Kind == Keeping {
		k.bury(index, h)
		err = k.follow(j, index, leaf)
	}
	if err != nil {
		k.distrust(context.Background(), err)
	}
}

// remark is a line of kind Keeping.
type remark struct {
	Act     string       `json:"act"` // "deleted", "held", "released", "clock confirmed", "recovered"
	Time    time.Time    `json:"time"`
	By      string       `json:"by,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Segment string       `json:"segment,omitempty"` // deleted
	Entries int          `json:"entries,omitempty"`
	First   uint64       `json:"first,omitempty"`
	Last    uint64       `json:"last,omitempty"`
	Hold    *retain.Hold `json:"hold,omitempty"` // held; released: only its id
	Had     *Mark        `json:"had,omitempty"`  // recovered: what the sentinel remembered
}

// bury takes note of the segments that an entry deletes.
func (k *keeper) bury(index uint64, h Header) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range h.Deletes {
		k.book.Bury(name, retain.Stone{At: h.Received, Entry: index})
	}
}

// follow does what a line of kind Keeping says to the book.
func (k *keeper) follow(j *Journal, index uint64, leaf []byte) error {
	e, err := j.bodies.entry(index, leaf)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, line := range e.Lines() {
		var n remark
		if err := json.Unmarshal(line, &n); err != nil {
			return &DamageError{Index: index, Reason: "its remark cannot be read"}
		}
		switch {
		case n.Act == "held" && n.Hold != nil:
			k.book.Holds[n.Hold.ID] = *n.Hold
		case n.Act == "released" && n.Hold != nil:
			delete(k.book.Holds, n.Hold.ID)
		}
	}
	return nil
}

// sweep deletes the segments that were about to be deleted when the process ended.
func (k *keeper) sweep() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name := range k.book.Gone {
		if !segmentName.MatchString(name) {
			continue
		}
		if err := k.remove(name); err != nil {
			return err
		}
	}
	return nil
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
