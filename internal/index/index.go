package index

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Batch is one entry of the journal as the index needs it.
type Batch struct {
	Entry uint64
	// Lines yields the entry's events with their numbers, as event.AppendLine wrote them. It is nil for an entry that
	// holds no events, and for one whose body was deleted.
	Lines iter.Seq2[int, []byte]
	// Gone are the entries whose bodies the journal deletes with this one: their rows are deleted too.
	Gone []Span
}

// Follow calls handle for every entry of the journal from one on, in order and without gaps, waits for more at the
// end, and returns when ctx ends or handle fails.
type Follow func(ctx context.Context, from uint64, handle func(context.Context, Batch) error) error

// Counts is what became of events since the index was opened.
type Counts struct {
	Rows       uint64 // rows that were sent to the search process
	Known      uint64 // lines that were left out because the index has them already
	Unreadable uint64 // lines that are no events as the journal keeps them, or have no usable time
	Cut        uint64 // fields that are not, or not whole, in the index; the journal has them
	Dropped    uint64 // rows that the search process did not keep
	Restarts   uint64 // times that the search process had to be started again
	Rebuilds   uint64 // times that the index began at the first entry again
}

// counters are Counts while they grow.
type counters struct {
	rows, known, unreadable, cut, dropped, restarts, rebuilds atomic.Uint64
}

// Index searches events. Its methods may be called at the same time.
type Index struct {
	cfg     Config
	log     *slog.Logger
	through atomic.Uint64
	counts  counters
	callers callers
	drop    chan chan error // what Drop asks Run to do
	lacks   atomic.Bool     // the index on the disk is known not to have all that it should
	began   bool            // a process was started before; used by Run only
	unkept  []byte          // pieces of the file of identifiers that could not be written yet; used by keepIdentifiers only

	sliceBytes int // see there

	mu      sync.Mutex
	client  *client // nil while nothing answers; guarded by mu
	trouble error   // why nothing answers, or why rows wait; guarded by mu
	running bool    // guarded by mu
}

// Open prepares the index that lies in cfg.Dir. Nothing can be found before Run.
func Open(cfg Config, log *slog.Logger) (*Index, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.URL != "" {
		if _, err := dialCluster(cfg.URL, cfg.Authorization); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the index's folder: %w", err)
	}
	m, known, err := readMark(cfg.Dir)
	if err != nil {
		return nil, err
	}
	x := &Index{cfg: cfg, log: log, drop: make(chan chan error), trouble: ErrDown, sliceBytes: sliceBytes}
	x.callers.limit = cfg.PerCaller
	if known {
		x.through.Store(m.Next)
	}
	if err := x.recallIdentifiers(); err != nil {
		return nil, err
	}
	return x, nil
}

// Through tells how far the index came: all entries below can be found. It may fall back when the search
// process dies or the index is rebuilt.
func (x *Index) Through() uint64 { return x.through.Load() }

// Healthy tells why nothing is found, or nothing new; nil when all is well.
func (x *Index) Healthy() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.trouble
}

// Counts tells what became of events since Open.
func (x *Index) Counts() Counts {
	return Counts{
		Rows: x.counts.rows.Load(), Known: x.counts.known.Load(), Unreadable: x.counts.unreadable.Load(),
		Cut: x.counts.cut.Load(), Dropped: x.counts.dropped.Load(),
		Restarts: x.counts.restarts.Load(), Rebuilds: x.counts.rebuilds.Load(),
	}
}

// ErrCluster says that rows of a cluster are not the index's to delete.
var ErrCluster = errors.New("the rows lie in a VictoriaLogs cluster: delete them there, then delete the index's folder")

// Drop deletes the whole index. It comes back from the journal.
func (x *Index) Drop(ctx context.Context) error {
	if x.cfg.URL != "" {
		return ErrCluster
	}
	x.mu.Lock()
	if !x.running {
		defer x.mu.Unlock()
		return x.erase()
	}
	x.mu.Unlock()
	done := make(chan error, 1)
	select {
	case x.drop <- done:
		return <-done
	case <-ctx.Done():
		return ctx.Err()
	}
}

// erase deletes what lies in the folder, but for what was heard of patients: the veil knows it still, and tells only what is
// new to it. No process may be running.
func (x *Index) erase() error {
	x.through.Store(0)
	// The mark goes first: a folder without one is built anew, whatever else is left in it.
	if err := os.Remove(markPath(x.cfg.Dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("delete the index: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(x.cfg.Dir, "data")); err != nil {
		return fmt.Errorf("delete the index: %w", err)
	}
	return nil
}

// Reasons for which Run begins again.
var (
	errDrop     = errors.New("the index was asked to be deleted")
	errReplaced = errors.New("the index's folder was deleted or replaced")
)

const (
	firstPause = 100 * time.Millisecond
	longPause  = 30 * time.Second
	proven     = 10 * time.Minute // a process that ran so long is not damaged
	giveUps    = 4                // of the process by itself, in a row, until its files count as damaged
)

// Run runs the search process, starts it again when it dies, and feeds it from the journal, until ctx ends. It
// returns an error only when the index's folder cannot be used.
func (x *Index) Run(ctx context.Context, follow Follow) error {
	x.mu.Lock()
	x.running = true
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		x.running = false
		x.mu.Unlock()
	}()
	pause, gaveUp := firstPause, 0
	for {
		began := time.Now()
		err := x.once(ctx, follow)
		x.set(nil, ErrDown)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > proven {
			pause, gaveUp = firstPause, 0
		}
		if errors.Is(err, errDamaged) {
			gaveUp++
		}
		switch {
		case errors.Is(err, errDrop), errors.Is(err, errReplaced):
			pause = firstPause
			continue
		case errors.Is(err, ErrFull):
			x.set(nil, ErrFull)
		case gaveUp >= giveUps:
			x.log.ErrorContext(ctx, "search index is damaged, building it anew from the journal")
			gaveUp = 0
			if err := x.erase(); err != nil {
				return err
			}
		}
		x.counts.restarts.Add(1)
		x.log.WarnContext(ctx, "search process ended, starting it again", "error", err, "pause", pause)
		if !x.rest(ctx, pause) {
			return nil
		}
		pause = min(2*pause, longPause)
	}
}

// rest waits, and does what Drop asks meanwhile. It returns false when ctx ends.
func (x *Index) rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case done := <-x.drop:
			done <- x.erase()
		case <-timer.C:
			return true
		}
	}
}

// set tells who answers, or why nobody does.
func (x *Index) set(c *client, trouble error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.client, x.trouble = c, trouble
}

// answering returns who answers.
func (x *Index) answering() (*client, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.client == nil {
		return nil, x.trouble
	}
	return x.client, nil
}

// Complete tells whether what is not found is not there, among the entries below Through. It is false once rows were dropped or lines could
// not be read, until the index is built anew, and for a cluster, whose rows others may drop.
func (x *Index) Complete() bool { return x.cfg.URL == "" && !x.lacking() }

func (x *Index) lacking() bool {
	return x.lacks.Load() || x.counts.dropped.Load() > 0 || x.counts.unreadable.Load() > 0
}
