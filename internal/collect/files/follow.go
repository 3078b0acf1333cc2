package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// follower follows the files of one source. One goroutine decides what is looked at when; workers read.
type follower struct {
	*source
	id     string
	sender *collect.Sender
	files  map[string]*tracked // by key; of the deciding goroutine

	mu      sync.Mutex
	known   map[string]Position // by key; guarded by mu
	unsaved map[string]bool     // keys; guarded by mu
	gone    []string            // keys; guarded by mu
}

// tracked is a file that is there. It belongs to a worker while it is busy, else to the deciding goroutine.
type tracked struct {
	key, path string
	size      int64
	modified  time.Time
	changed   time.Time // when it was last seen to change
	wake      bool      // look at it now
	again     time.Time // look at it then; zero for when it changes
	busy      bool
	extra     bool // not one of the paths: a rotation moved it there
	missed    bool // it was nowhere at the last scan
	orphan    bool // followed only if it is a copy of what was followed
	passed    bool // its format is not known, which was said already
	failures  int  // in a row to read it
	read      time.Time
	took      time.Duration // of reading it as a whole
}

// result is what a worker says of a file.
type result struct {
	file    *tracked
	again   time.Time // look at it again then; zero for when it changes
	cut     bool      // it was cut off or replaced: what it held may lie beside it
	drop    bool      // it is no longer to be followed
	moved   bool      // it was not at its path any more, so nothing of it was read
	failure error     // of the journal or of the database: the source ends
}

const (
	workers   = 4
	scanPause = 100 * time.Millisecond // between two looks at everything
	scanShare = 10                     // a look at everything takes no more than this part of the time
	saveEvery = time.Second
)

func (f *follower) run(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	w := newWatch(f.log)
	defer w.close()
	work, results := make(chan *tracked), make(chan result)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() { f.worker(ctx, work, results) })
	}
	err := f.decide(ctx, w, work, results)
	cancel()
	group.Wait()
	// What is durable is remembered even when the source ends.
	last, done := context.WithTimeout(context.WithoutCancel(parent), 5*time.Second)
	defer done()
	if saved := f.save(last); saved != nil && parent.Err() != nil {
		return errors.Join(err, saved)
	}
	return err
}

func (f *follower) worker(ctx context.Context, work <-chan *tracked, results chan<- result) {
	for {
		select {
		case t := <-work:
			select {
			case results <- f.guarded(ctx, t):
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// guarded keeps a mistake of ours in reading one file from ending more than that file.
func (f *follower) guarded(ctx context.Context, t *tracked) (out result) {
	defer collect.Recover(f.log.With("file", t.key), func() { out = result{file: t} })
	return f.look(ctx, t)
}

// decide is the loop that everything hangs on.
func (f *follower) decide(ctx context.Context, w *watch, work chan<- *tracked, results <-chan result) error {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	scanAt := time.Now()
	w.follow(f.scan(scanAt))
	f.recall(scanAt)
	took := time.Since(scanAt)
	for {
		now := time.Now()
		if !now.Before(scanAt) {
			w.follow(f.scan(now))
			took = time.Since(now)
			scanAt = now.Add(max(f.config.Rescan, scanShare*took))
		}
		next, at := f.next(now)
		out := work
		if next == nil {
			out = nil
		}
		timer.Reset(min(time.Until(scanAt), time.Until(at)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case out <- next:
			next.busy, next.wake, next.again = true, false, time.Time{}
		case r := <-results:
			if r.failure != nil {
				return fmt.Errorf("files: %w", r.failure)
			}
			f.looked(r, time.Now())
		case <-w.changes:
			if soon := now.Add(max(scanPause, scanShare*took)); soon.Before(scanAt) {
				scanAt = soon
			}
		case <-w.errors:
			scanAt = now // some changes may not have been told
		case <-tick.C:
			if err := f.save(ctx); err != nil {
				return fmt.Errorf("files: save positions: %w", err)
			}
		case <-timer.C:
		}
	}
}

// next is a file to be looked at now, or the time when there will be one.
func (f *follower) next(now time.Time) (*tracked, time.Time) {
	at := now.Add(f.config.Rescan)
	for _, t := range f.files {
		switch {
		case t.busy:
		case t.wake || !t.again.IsZero() && !now.Before(t.again):
			return t, at // a worker that is free takes it; the clock need not tell
		case !t.again.IsZero() && t.again.Before(at):
			at = t.again
		}
	}
	return nil, at
}

// looked takes a file back from a worker.
func (f *follower) looked(r result, now time.Time) {
	t := r.file
	t.busy, t.again = false, r.again
	if r.moved {
		t.modified = time.Time{} // how it stood is not how it was read: look again when it is found
	}
	if r.drop {
		delete(f.files, t.key)
	} else if info, err := os.Stat(t.path); err == nil && keyOf(info) == t.key {
		t.see(info, now) // what came while it was being read was told to nobody
	}
	if !r.cut {
		return
	}
	for _, file := range relatives(t.path) {
		key := keyOf(file.info)
		if f.files[key] == nil {
			f.files[key] = &tracked{key: key, path: file.path, extra: true, orphan: true}
			f.files[key].see(file.info, now)
		}
	}
}

// see notes how a file stands.
func (t *tracked) see(info fs.FileInfo, now time.Time) {
	first := t.modified.IsZero()
	if !first && info.Size() == t.size && info.ModTime().Equal(t.modified) {
		return
	}
	t.size, t.modified, t.changed, t.wake = info.Size(), info.ModTime(), now, true
	if first && t.modified.Before(now) {
		t.changed = t.modified
	}
}

// scan looks which files are there and which changed. It returns the folders to watch.
func (f *follower) scan(now time.Time) (folders map[string]bool) {
	files, folders := expand(f.config.Paths)
	there := map[string]bool{}
	for _, file := range files {
		key := keyOf(file.info)
		if there[key] {
			continue // the same file under a second name
		}
		there[key] = true
		t := f.files[key]
		if t == nil {
			t = &tracked{key: key}
			f.files[key] = t
		}
		if !t.busy {
			t.path, t.extra, t.orphan, t.missed = file.path, false, false, false
			t.see(file.info, now)
		}
	}
	for key, t := range f.files {
		if !there[key] && !t.busy {
			f.missing(t, now)
		}
	}
	f.seen(now)
	return folders
}

// missing looks where a file went that is not at its path any more. It is read to its end under its new name.
func (f *follower) missing(t *tracked, now time.Time) {
	if info, err := os.Stat(t.path); err == nil && keyOf(info) == t.key {
		t.see(info, now)
		t.missed = false
		return
	}
	for _, file := range relatives(t.path) {
		if keyOf(file.info) == t.key {
			t.path, t.extra, t.missed = file.path, true, false
			t.see(file.info, now)
			t.wake = true
			return
		}
	}
	// A list of a folder may lack a file that is renamed meanwhile. So it is given up the second time.
	if t.missed {
		delete(f.files, t.key)
	}
	t.missed = true
}

// recall looks for files that a rotation moved out of the paths while nobody followed them.
func (f *follower) recall(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, p := range f.known {
		if f.files[key] != nil {
			continue
		}
		for _, file := range relatives(p.Path) {
			if keyOf(file.info) == key {
				f.files[key] = &tracked{key: key, path: file.path, extra: true}
				f.files[key].see(file.info, now)
			}
		}
	}
}

// seen forgets the positions of files that are gone for long.
func (f *follower) seen(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, p := range f.known {
		switch {
		case f.files[key] != nil && now.Sub(p.Seen) > forgotten/30:
			p.Seen = now
			f.known[key] = p
			f.unsaved[key] = true
		case f.files[key] == nil && now.Sub(p.Seen) > forgotten:
			delete(f.known, key)
			delete(f.unsaved, key)
			f.gone = append(f.gone, key)
		}
	}
}

// position returns the position of a file.
func (f *follower) position(key string) (Position, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.known[key]
	return p, ok
}

// keep remembers a position; save makes it durable.
func (f *follower) keep(p Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[p.Key] = p
	f.unsaved[p.Key] = true
}

// save makes the positions durable that changed.
func (f *follower) save(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock() // so that an older position never overtakes a newer one
	if len(f.unsaved)+len(f.gone) == 0 {
		return nil
	}
	changed := make([]Position, 0, len(f.unsaved))
	for key := range f.unsaved {
		changed = append(changed, f.known[key])
	}
	if err := f.setup.Positions.Save(ctx, f.id, changed, f.gone); err != nil {
		return err
	}
	clear(f.unsaved)
	f.gone = nil
	return nil
}
