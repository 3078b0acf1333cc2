package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/continuity/canary"
)

// Config is what a Watcher is given. All but Registry and Out may be left out.
type Config struct {
	Registry string
	Host     string        // the machine's name in what is told
	Poll     time.Duration // between two looks at all decoys; 30s when it is 0
	Test     time.Duration // between two files that are planted; 1h when it is 0, never when it is negative
	// Out is told of each trip, and returns once that is durable. It says itself when it fails.
	Out func(canary.Report)
	Log *slog.Logger
	// Ready is called once all is watched; it may be nil.
	Ready func()
}

const (
	settle = time.Second // that an opening is held back: encryption begins with one, and is told instead
	folded = time.Minute // in which one decoy is told of once, and in which openings after an encryption are part of that
	beside = 4096        // names that are looked at beside a decoy that went
	tested = 5 * time.Second
)

// Watcher watches the decoys of a registry.
type Watcher struct {
	c      Config
	notify *fsnotify.Watcher
	opens  *opens

	unprivileged bool // do as if it were not root's; set before Run

	// These belong to Run.
	decoys   map[string]*watched // by path, see key
	folders  map[string]bool     // that are watched; false for one that could not be
	registry fs.FileInfo         // as it was read last
	alarm    time.Time           // when the last decoy was changed
	held     []*watched          // with an opening that waits
	entered  []*watched          // of which the registry is to say what became of them
	planted  map[string]bool     // files of the test that runs
	planting time.Time           // when it began

	mu     sync.Mutex
	health canary.Health // guarded by mu
}

// watched is a decoy and what was last seen of it.
type watched struct {
	Decoy
	size     int64
	modified time.Time
	blind    bool // it cannot be looked at
	told     map[canary.Act]time.Time
	by       *canary.ProcessReport
	byAt     time.Time
	waits    canary.Act // Opened or Touched, that is held back; empty for none
	since    time.Time
}

// New returns a watcher that watches nothing yet.
func New(c Config) *Watcher {
	if c.Poll <= 0 {
		c.Poll = 30 * time.Second
	}
	if c.Test == 0 {
		c.Test = time.Hour
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Watcher{c: c, decoys: map[string]*watched{}, folders: map[string]bool{}}
}

// Health says what is watched, and how.
func (w *Watcher) Health() canary.Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.health
}

// Run watches until ctx is done. What changed while nobody watched is told first.
func (w *Watcher) Run(ctx context.Context) (err error) {
	if w.notify, err = fsnotify.NewWatcher(); err != nil {
		return fmt.Errorf("watch decoys: %w", err)
	}
	defer func() { _ = w.notify.Close() }()
	w.opens = newOpens(w.c.Log, !w.unprivileged)
	defer w.opens.close()
	w.mu.Lock()
	w.health.Opens, w.health.Since = w.opens.how, time.Now().UTC()
	w.mu.Unlock()
	if err := w.load(); err != nil {
		return err
	}
	w.poll()
	w.plant()
	h := w.Health()
	w.c.Log.InfoContext(ctx, "watching decoys", "files", h.Files, "lost", h.Lost, "folders", len(w.folders), "openings", h.Opens)
	if w.c.Ready != nil {
		w.c.Ready()
	}
	return w.loop(ctx)
}

func (w *Watcher) loop(ctx context.Context) error {
	poll := time.NewTicker(w.c.Poll)
	defer poll.Stop()
	var plant <-chan time.Time
	if w.c.Test > 0 {
		t := time.NewTicker(w.c.Test)
		defer t.Stop()
		plant = t.C
	}
	release := time.NewTimer(time.Hour)
	defer release.Stop()
	for {
		select {
		case <-ctx.Done():
			w.enter()
			return ctx.Err()
		case e, ok := <-w.notify.Events:
			if !ok {
				return errors.New("watch decoys: the system does not tell of changes any more")
			}
			w.notice(e)
		case err := <-w.notify.Errors:
			w.c.Log.WarnContext(ctx, "the system missed to tell of changes: all decoys are looked at", "error", err)
			w.poll()
		case o := <-w.opens.seen:
			w.opened(o)
		case <-poll.C:
			w.reload()
			w.poll()
		case <-plant:
			w.plant()
		case <-release.C:
		}
		release.Reset(w.release(time.Now()))
	}
}

// key is a path as it is compared: Windows does not tell upper from lower case.
func key(path string) string {
	path = filepath.Clean(path)
	if os.PathSeparator == '\\' {
		return strings.ToLower(path)
	}
	return path
}

// reload reads the registry again when it changed. One that cannot be read leaves all as it is.
func (w *Watcher) reload() {
	info, err := os.Stat(w.c.Registry)
	if err == nil && w.registry != nil && info.ModTime().Equal(w.registry.ModTime()) && info.Size() == w.registry.Size() {
		return
	}
	if err := w.load(); err != nil {
		w.c.Log.Error("the registry of decoys cannot be read: those that were known are watched", "error", err)
	}
}

// load watches what stands in the registry, and nothing else.
func (w *Watcher) load() error {
	info, _ := os.Stat(w.c.Registry) // what changes meanwhile is read again
	r, err := ReadRegistry(w.c.Registry)
	if err != nil {
		return err
	}
	w.registry = info
	now := map[string]*watched{}
	for i := range r.Decoys {
		d := r.Decoys[i]
		old := w.decoys[key(d.Path)]
		if old != nil && old.ID == d.ID {
			old.Allow = d.Allow
			now[key(d.Path)] = old
			continue
		}
		n := &watched{Decoy: d, size: d.Size, modified: d.Modified, told: map[canary.Act]time.Time{}}
		now[key(d.Path)] = n
	}
	w.decoys = now
	w.follow()
	return nil
}

// follow watches the folders of the decoys, and the decoys themselves for being opened.
func (w *Watcher) follow() {
	need := map[string]bool{}
	for _, d := range w.decoys {
		if !d.Lost.IsZero() {
			continue
		}
		need[filepath.Dir(d.Path)] = true
		w.opens.watch(d.Path)
	}
	for folder := range need {
		if !w.folders[folder] {
			w.folders[folder] = w.notify.Add(folder) == nil // one that is not there is tried again at the next poll
		}
	}
	for folder := range w.folders {
		if !need[folder] {
			_ = w.notify.Remove(folder) // it may be gone
			delete(w.folders, folder)
		}
	}
}

// notice takes what the system says of a folder.
func (w *Watcher) notice(e fsnotify.Event) {
	w.mu.Lock()
	w.health.Notices++
	w.mu.Unlock()
	if w.planted[key(e.Name)] {
		w.passed(key(e.Name))
		return
	}
	if _, folder := w.folders[e.Name]; folder && e.Op&(fsnotify.Remove|fsnotify.Rename) != 0 {
		w.folders[e.Name] = false
		w.poll()
		return
	}
	d := w.decoys[key(e.Name)]
	if d == nil || !d.Lost.IsZero() {
		return
	}
	w.look(d, e.Op)
}

// poll looks at all decoys.
func (w *Watcher) poll() {
	lost, blind := 0, 0
	for _, d := range maps.Clone(w.decoys) { // the registry may be read again meanwhile
		if d.Lost.IsZero() {
			w.look(d, polled)
		}
		if !d.Lost.IsZero() {
			lost++
		}
		if d.blind {
			blind++
		}
	}
	w.follow()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.health.Polls++
	w.health.Files, w.health.Lost, w.health.Blind = len(w.decoys)-lost, lost, blind
}

// polled is what look is told when nothing was noticed.
const polled fsnotify.Op = 0

// look compares a decoy with what was last seen of it, and tells what happened, of which the system said noticed.
func (w *Watcher) look(d *watched, noticed fsnotify.Op) {
	info, err := os.Lstat(d.Path)
	d.blind = err != nil && !errors.Is(err, fs.ErrNotExist)
	switch {
	case d.blind: // a share that is not mounted, or not for us: its health says so, and nothing was done to it
		return
	case err != nil:
		if w.reload(); w.decoys[key(d.Path)] != d {
			return // it was taken away as it should be
		}
		to := became(d.Path)
		act := canary.Deleted
		if noticed.Has(fsnotify.Rename) || to != "" && !noticed.Has(fsnotify.Remove) {
			act = canary.Renamed
		}
		w.changed(d, act, &canary.FileReport{Path: d.Path, To: to, Late: noticed == polled})
		return
	case noticed == polled && info.Mode().IsRegular() && info.Size() == d.size && info.ModTime().Equal(d.modified):
		return
	}
	if info.Mode().IsRegular() && info.Size() == d.Size {
		w.opens.ours(d.Path)
		if sum, err := sumOf(d.Path); err == nil && sum == d.SHA256 {
			if noticed.Has(fsnotify.Chmod) || !info.ModTime().Equal(d.modified) {
				d.modified = info.ModTime()
				w.hold(d, canary.Touched)
			}
			return
		}
	}
	d.size, d.modified = info.Size(), info.ModTime()
	w.changed(d, canary.Written, &canary.FileReport{Path: d.Path, Late: noticed == polled})
}

// became is a file beside a decoy that went whose name begins with the decoy's; empty when there is none.
func became(path string) string {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return ""
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(beside) // as many as there are
	for _, name := range names {
		if strings.HasPrefix(name, filepath.Base(path)) && name != filepath.Base(path) {
			return filepath.Join(filepath.Dir(path), name)
		}
	}
	return ""
}

// changed tells at once that a decoy was written, renamed or deleted. It is lost then.
func (w *Watcher) changed(d *watched, act canary.Act, file *canary.FileReport) {
	now := time.Now()
	d.Lost, d.Act, d.waits = now.UTC().Truncate(time.Second), act, ""
	w.entered = append(w.entered, d)
	if act == canary.Written && !file.Late {
		w.hear(d)
	}
	w.tell(d, act, now, file)
}

// tell tells of a decoy, unless who touched it may.
func (w *Watcher) tell(d *watched, act canary.Act, at time.Time, file *canary.FileReport) {
	var user, program string
	by := d.who(at)
	if by != nil {
		user, program = by.User, by.Name
	}
	if d.Allows(at, user, w.c.Host, program) {
		return
	}
	if canary.Severity(canary.File, act) == sigma.LevelCritical {
		w.alarm = at
	}
	w.c.Out(canary.Report{
		Time: at.UTC(), Type: canary.TripType, Host: w.c.Host, Canary: d.ID, Kind: canary.File, Act: act,
		Level: canary.Severity(canary.File, act).String(), Meaning: canary.Meaning(canary.File, act), File: file, Process: by,
	})
}

// enter writes into the registry what became of decoys, so that a restart does not tell of it again. It is done in one go, and after the alarm.
func (w *Watcher) enter() {
	if len(w.entered) == 0 {
		return
	}
	err := Update(w.c.Registry, func(r *Registry) error {
		for _, d := range w.entered {
			if in := r.find(d.ID); in != nil {
				in.Lost, in.Act, in.Modified = d.Lost, d.Act, d.modified.UTC()
			}
		}
		return nil
	})
	if err != nil {
		w.c.Log.Error("what became of decoys cannot be entered into the registry: it is told again after a restart", "decoys", len(w.entered), "error", err)
	}
	w.entered = nil
}
