package watch

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/store"
)

// RulebookConfig says where a Rulebook keeps what is judged by, and how it is read.
type RulebookConfig struct {
	Dir string // folder for what is at work, and for what is about to be
	DB  *store.DB
	Log *slog.Logger
	// Pack writes what is configured now, as one text. Load compiles such a text.
	Pack func(w io.Writer) error
	Load func(r io.ReaderAt, size int64) (*Set, []Refusal, error)
	// Seal seals that the rules of a version go live, and has it done: access.House.Do. System is who changes them when no
	// person asks.
	Seal   func(ctx context.Context, version string, act func(context.Context) error) error
	System access.Actor
}

// Refusal is a rule or a list of which something could not be taken in.
type Refusal struct {
	File   string `json:"file"` // and the line
	Reason string `json:"reason"`
}

// The files of a Rulebook. What is at work changes by one rename.
const (
	activeFile   = "active.zip"     // what is at work
	nextFile     = "next.zip"       // what is about to be, while the past is searched
	proposedFile = "proposed.zip"   // what was configured when somebody looked
	spoiltFile   = "unreadable.zip" // what was at work and could not be read at a start
)

// Rulebook keeps what a node judges by, so that a restart judges by the same, and lets something else take its place once
// the past was searched for what is new in it. It serves any number of goroutines.
type Rulebook struct {
	cfg      RulebookConfig
	set      *Set // at the start
	refused  []Refusal
	hunter   *Hunter
	requests chan *request
	look     chan struct{}

	looking sync.Mutex // held while what is configured is read

	mu       sync.Mutex
	active   *Set      // guarded by mu, as all below
	proposal *Proposal // nil when nobody has looked, or nothing differs
	running  *Going    // nil when nothing is about to go live
	giveUp   context.CancelCauseFunc
	spoilt   string // what is wrong with what is kept
	unread   string // why what is configured could not be read when somebody looked last
}

// Proposal is what is configured and not at work.
type Proposal struct {
	Version string
	Change
	Refused []Refusal
	Found   time.Time
	set     *Set
	before  *Set
}

// Going says how far rules are that are about to go live.
type Going struct {
	Version string
	By      string // id of who asked
	Began   time.Time
	Progress
}

// request is that a proposal goes live.
type request struct {
	actor    access.Actor
	version  string
	progress func(Progress)
	done     chan error
	answer   Answer
}

// Errors that tell people what to do.
var (
	ErrBusy     = errors.New("other rules are about to go live: wait until they do")
	ErrOutdated = errors.New("what is configured has changed since: look for changes again")
	ErrGivenUp  = errors.New("given up: the rules at work are as before")
	ErrNotBegun = errors.New("nothing was changed")
)

// OpenRulebook reads what is at work. At the first start, and when what was at work cannot be read, that is what is configured.
func OpenRulebook(ctx context.Context, cfg RulebookConfig) (*Rulebook, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep what is judged by: %w", err)
	}
	b := &Rulebook{cfg: cfg, requests: make(chan *request, 1), look: make(chan struct{}, 1)}
	var err error
	b.set, b.refused, err = b.load(activeFile)
	if err == nil && len(b.set.Rules())+b.set.Indicators() == 0 && len(b.refused) > 0 {
		err = errors.New("none of it can be run by this version of Wardline")
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = b.first()
	case err != nil:
		cfg.Log.ErrorContext(ctx, "what was at work cannot be read: events are judged by what is configured, and the past is not searched for it", "error", err)
		if err = os.Rename(b.path(activeFile), b.path(spoiltFile)); err == nil {
			err = b.first()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("load what is judged by: %w", err)
	}
	if _, err := os.Stat(b.path(spoiltFile)); err == nil {
		b.spoilt = "What was at work could not be read at a start, so what is configured was put in its place without a search of the past. " +
			"See whether " + b.path(spoiltFile) + " can be put right, search back for what was missed, and delete it."
	}
	b.active = b.set
	return b, b.swapped(ctx)
}

// swapped judges by what was about to go live when it had begun to before the node stopped.
func (b *Rulebook) swapped(ctx context.Context) error {
	version, err := LiveVersion(ctx, b.cfg.DB)
	if err != nil || version == "" || version == b.set.Version() {
		return err
	}
	next, refused, err := b.load(nextFile)
	if err == nil && next.Version() == version {
		b.set, b.refused = next, refused
	}
	return nil // Run looks at it again, and says what is wrong
}

// first makes what is configured what is at work.
func (b *Rulebook) first() error {
	if err := b.pack(activeFile); err != nil {
		return err
	}
	var err error
	b.set, b.refused, err = b.load(activeFile)
	return err
}

func (b *Rulebook) path(file string) string { return filepath.Join(b.cfg.Dir, file) }

// pack writes what is configured now into a file, whole or not at all.
func (b *Rulebook) pack(file string) error {
	temporary := b.path("new-" + rand.Text())
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = b.cfg.Pack(f)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = b.move(temporary, b.path(file))
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(temporary))
	}
	return nil
}

// move renames a file, and makes that durable.
func (b *Rulebook) move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(b.cfg.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (b *Rulebook) load(file string) (*Set, []Refusal, error) {
	f, err := os.Open(b.path(file))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	return b.cfg.Load(f, info.Size())
}

// Set is what events are judged by from the start on.
func (b *Rulebook) Set() *Set { return b.set }

// Refused lists what was refused of the rules at work.
func (b *Rulebook) Refused() []Refusal {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused
}

// Trouble says what is wrong with what is kept or configured, and what to do; "" when nothing is.
func (b *Rulebook) Trouble() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return cmp.Or(b.spoilt, b.unread)
}

// Going says what is about to go live.
func (b *Rulebook) Going() (Going, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running == nil {
		return Going{}, false
	}
	return *b.running, true
}

// Proposal is what was found when somebody looked last, and is not at work.
func (b *Rulebook) Proposal() (Proposal, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.proposal == nil {
		return Proposal{}, false
	}
	return *b.proposal, true
}

// Look compares what is configured now with what is at work. ok is false when both are the same.
func (b *Rulebook) Look(ctx context.Context) (p Proposal, ok bool, err error) {
	b.looking.Lock()
	defer b.looking.Unlock()
	err = b.pack(proposedFile)
	var set *Set
	var refused []Refusal
	if err == nil {
		set, refused, err = b.load(proposedFile)
	}
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.unread = "What is configured cannot be read, and the rules at work stay as they are: " + err.Error() + "."
		return p, false, fmt.Errorf("look for changes of the rules: %w", err)
	}
	version := set.Version()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.proposal, b.unread = nil, ""
	if version == b.active.Version() {
		b.refused = refused
		return p, false, os.Remove(b.path(proposedFile))
	}
	b.proposal = &Proposal{Version: version, Change: set.Since(b.active), Refused: refused, Found: time.Now().UTC(), set: set, before: b.active}
	return *b.proposal, true, nil
}

// Try says what the proposal would have changed in the past, from a time on; see Hunter.Try.
func (b *Rulebook) Try(ctx context.Context, version string, from time.Time, progress func(Progress)) (Trial, error) {
	p, ok := b.Proposal()
	if !ok || p.Version != version {
		return Trial{}, ErrOutdated
	}
	return b.hunter.Try(ctx, p.before, p.set, from, time.Time{}, progress)
}

// Activate lets the proposal of that version go live, in the name of the actor of ctx, and returns when it has. When ctx ends
// before, it goes on: GiveUp stops it.
func (b *Rulebook) Activate(ctx context.Context, version string, progress func(Progress)) (Answer, error) {
	actor, _ := access.ActorOf(ctx)
	r := &request{actor: actor, version: version, progress: progress, done: make(chan error, 1)}
	if _, busy := b.Going(); busy {
		return Answer{}, ErrBusy
	}
	select {
	case b.requests <- r:
	default:
		return Answer{}, ErrBusy
	}
	select {
	case err := <-r.done:
		return r.answer, err
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// GiveUp ends what is about to go live, unless events are judged by it already.
func (b *Rulebook) GiveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.giveUp != nil {
		b.giveUp(ErrGivenUp)
	}
}

// Wake has Run look for changes, and let what it finds go live.
func (b *Rulebook) Wake() {
	select {
	case b.look <- struct{}{}:
	default: // it will look in any case
	}
}
