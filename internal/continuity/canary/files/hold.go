package files

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/continuity/canary"
)

// opening is a decoy that was opened.
type opening struct {
	path string
	by   *canary.ProcessReport // nil when the system does not tell
}

// opened takes what the system says of a decoy that was opened.
func (w *Watcher) opened(o opening) {
	d := w.decoys[key(o.path)]
	if d == nil {
		return
	}
	if o.by != nil {
		d.by, d.byAt = o.by, time.Now()
	}
	if d.Lost.IsZero() {
		w.hold(d, canary.Opened)
	}
}

// hold keeps what may be the beginning of an encryption back for a moment.
func (w *Watcher) hold(d *watched, act canary.Act) {
	if d.waits != "" || time.Since(d.told[act]) < folded {
		return
	}
	d.waits, d.since = act, time.Now()
	w.held = append(w.held, d)
}

// release tells what was held back for long enough, and returns after how long there is more. What belongs to an encryption that was told is not
// told apart from it.
func (w *Watcher) release(now time.Time) time.Duration {
	next := time.Hour
	w.held = slices.DeleteFunc(w.held, func(d *watched) bool {
		switch rest := settle - now.Sub(d.since); {
		case d.waits == "":
			return true
		case now.Sub(w.alarm) < folded:
			d.waits = ""
			return true
		case rest > 0:
			next = min(next, rest)
			return false
		}
		act := d.waits
		d.waits, d.told[act] = "", now
		w.tell(d, act, d.since, &canary.FileReport{Path: d.Path})
		if act == canary.Touched {
			w.entered = append(w.entered, d)
		}
		return true
	})
	if len(w.notify.Events) == 0 && now.Sub(w.alarm) > settle {
		w.enter()
	} else if len(w.entered) > 0 {
		next = min(next, settle)
	}
	return next
}

// lately is how long a process that opened a decoy is taken for the one that changed it, and patience how long it is waited for.
const (
	lately   = 5 * time.Second
	patience = 50 * time.Millisecond
)

// who is the process that touched a decoy; nil when that is not known.
func (d *watched) who(at time.Time) *canary.ProcessReport {
	if d.by == nil || at.Sub(d.byAt) > lately {
		return nil
	}
	return d.by
}

// hear takes openings that the system has told and nobody has read yet: who changed a file opened it before.
func (w *Watcher) hear(d *watched) {
	if w.opens.how != byProcess || d.who(time.Now()) != nil {
		return
	}
	for wait := time.After(patience); ; {
		select {
		case o := <-w.opens.seen:
			w.opened(o)
			if key(o.path) == key(d.Path) {
				return
			}
		case <-wait:
			return
		}
	}
}

// plant makes a file in each folder and removes it. The system has to tell of it.
func (w *Watcher) plant() {
	if w.c.Test < 0 {
		return
	}
	w.planted, w.planting = map[string]bool{}, time.Now()
	for folder, watching := range w.folders {
		path := filepath.Join(folder, ".~"+rand.Text()[:10]+".tmp")
		w.planted[key(path)] = true
		if !watching {
			continue // it is never told of, and so the test never passes
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			continue
		}
		_ = f.Close() // it is empty
		if err := os.Remove(path); err != nil {
			w.c.Log.Warn("a file that tests whether changes are noticed cannot be removed again", "error", err)
		}
	}
}

// passed notes that a planted file was noticed.
func (w *Watcher) passed(path string) {
	w.planted[path] = false
	for _, waits := range w.planted {
		if waits {
			return
		}
	}
	if time.Since(w.planting) > tested {
		return // too late to be of use
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.health.Tested = w.planting.UTC()
}
