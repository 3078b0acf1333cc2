package hospital

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// FollowerConfig says what a Follower follows and how. What is zero among its limits has the default that stands beside it.
type FollowerConfig struct {
	Journal  *journal.Journal
	DB       *store.DB
	Vault    *vault.Vault
	Taxonomy *event.Taxonomy
	House    Options
	// Read tells what an event says about the house: see package reader. Its error says that a record cannot be understood.
	Read func(*event.Event) ([]Fact, error)
	// Wants tells by the class whether events of it are of any use, to Read or to a room. nil: all are. It is asked once for each class.
	Wants func(*event.Class) bool
	Rooms []Hooks
	Log   *slog.Logger

	// Save is how often the position is written, with all that was learned: 1 second; below 0 after every entry.
	Save time.Duration
	// Records is how many bytes of patients are kept in memory: 192 MiB.
	Records int
}

// Hooks are what a room does as the Follower goes on. All are called in the Follower's own goroutine, with the House at rest, and each may be nil. An
// error stops the Follower, which begins again from what was saved last: Load is where a room does the same.
type Hooks struct {
	// Load is called before the first event, and again whenever the Follower begins anew.
	Load func(ctx context.Context, h *House) error
	// Event is called for each event, after the House took in what it says. changed are the patients of whom something else is known
	// since. ev is reused: who keeps it clones it.
	Event func(ctx context.Context, h *House, ev *event.Event, at Place, changed []PatientID) error
	// Clock is called after each entry, and every second while nothing arrives.
	Clock func(ctx context.Context, h *House, now time.Time) error
	// Save is called when the position is written, within the transaction. It may be called again, when the transaction is.
	Save func(ctx context.Context, tx *sql.Tx) error
	// Saved is called when that is durable.
	Saved func()
}

// Follower follows the journal and keeps a House. It loses nothing and enters nothing twice, wherever it is stopped: the position, the House and
// what rooms remember are written in one transaction, and never in the middle of an entry. After a restart what came
// since is read again.
type Follower struct {
	cfg FollowerConfig
	log *slog.Logger

	mu     sync.Mutex // guards all below
	house  *House
	fresh  bool            // nothing happened since the House was loaded
	broken bool            // a step failed half way: what is remembered must not be written
	wants  map[string]bool // by key of the class
	reader event.LineReader
	event  event.Event
	seen   *event.Seen // events that were read lately

	next     uint64    // entry that is read next
	received time.Time // when the entry before it was closed
	clock    time.Time // see Clock
	heard    time.Time // on the wall, when it was that
	saved    time.Time
	saving   time.Duration // that it took
	unsaved  bool          // entries were read since

	state FollowerState
}

// follower is the name that the position goes by.
const follower = "hospital"

// recently is how many events are known again when they come again. Those that came before that change nothing either.
const recently = 200_000

// NewFollower prepares the tables, and loads what was saved last.
func NewFollower(ctx context.Context, cfg FollowerConfig) (*Follower, error) {
	if err := cfg.DB.Migrate(ctx, "hospital", schema); err != nil {
		return nil, err
	}
	if cfg.Save == 0 {
		cfg.Save = time.Second
	}
	if cfg.Records <= 0 {
		cfg.Records = defaultRecords
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	f := &Follower{cfg: cfg, log: cfg.Log, wants: map[string]bool{}, reader: event.LineReader{Taxonomy: cfg.Taxonomy, Limits: jsonl.DefaultLimits()}}
	return f, f.load(ctx)
}

// load takes up what was saved last.
func (f *Follower) load(ctx context.Context) error {
	h, r, err := load(ctx, f.cfg.DB, f.cfg.Vault, f.cfg.House, f.cfg.Records)
	if err != nil {
		return err
	}
	if f.house != nil {
		if err := f.house.close(); err != nil {
			return errors.Join(err, h.close())
		}
	}
	f.house, f.fresh, f.broken, f.unsaved = h, true, false, false
	f.seen = event.NewSeen(recently)
	f.clock, f.heard, f.saved, f.saving = r.Clock, r.Wall, time.Now(), 0
	return f.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		f.next, err = store.Position(ctx, tx, follower)
		return err
	})
}

// Run follows the journal until ctx ends. It returns an error when the database, the journal or a room fails; called
// again, it goes on where it was.
func (f *Follower) Run(ctx context.Context) error {
	if err := f.begin(ctx); err != nil {
		return err
	}
	parent := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	var ticking sync.WaitGroup
	ticking.Go(func() {
		tick := time.NewTicker(max(f.cfg.Save, 10*time.Millisecond))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := f.tick(ctx); err != nil {
					cancel(err)
				}
			}
		}
	})
	err := f.follow(ctx)
	cancel(err)
	ticking.Wait()
	return f.end(parent, context.Cause(ctx))
}

func (f *Follower) begin(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.fresh {
		if err := f.load(ctx); err != nil {
			return err
		}
	}
	f.fresh = false
	f.house.ctx = ctx
	for _, r := range f.cfg.Rooms {
		if r.Load != nil {
			if err := r.Load(ctx, f.house); err != nil {
				f.broken = true
				return err
			}
		}
	}
	return nil
}

// end saves once more, unless something was under way.
func (f *Follower) end(parent context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), 10*time.Second)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.house.ctx = context.WithoutCancel(parent) // for those who look while nothing runs
	if parent.Err() == nil || f.broken || f.house.err != nil {
		return cause
	}
	return errors.Join(parent.Err(), f.save(ctx))
}

// follow goes on behind an entry that is damaged, which the journal says itself.
func (f *Follower) follow(ctx context.Context) error {
	for {
		f.mu.Lock()
		next := f.next
		f.mu.Unlock()
		err := f.cfg.Journal.Follow(ctx, next, f.entry)
		var damage *journal.DamageError
		if !errors.As(err, &damage) {
			return err
		}
		f.log.ErrorContext(ctx, "an entry of the journal is damaged, and what it says about the house is not known", "entry", damage.Index, "error", damage)
		f.mu.Lock()
		f.state.Damaged++
		f.next = damage.Index + 1
		f.mu.Unlock()
	}
}

// entry is one step.
func (f *Follower) entry(ctx context.Context, e *journal.Entry) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() { f.broken = f.broken || err != nil }()
	switch {
	case !e.Gone.IsZero():
		f.state.Gone++
	case e.Header.Kind == journal.Events:
		if err := f.read(ctx, e); err != nil {
			return err
		}
	}
	f.next, f.received, f.unsaved = e.Index+1, e.Header.Received, true
	if f.cfg.Save > 0 && time.Since(f.saved) < f.pause() && !f.house.heavy() {
		return nil
	}
	return f.save(ctx)
}

// read takes in the events of an entry.
func (f *Follower) read(ctx context.Context, e *journal.Entry) error {
	for n, line := range e.Lines() {
		if !f.wanted(line) {
			continue
		}
		if err := f.reader.Read(line, &f.event); err != nil {
			f.state.Unread++
			continue
		}
		if f.seen.Add(f.event.ID) {
			f.state.Repeated++
			continue
		}
		f.state.Events++
		if err := f.take(ctx, &f.event, Place{e.Index, int32(n)}); err != nil {
			return err
		}
	}
	return f.tellTime(ctx)
}

// wanted tells by the class of an event, which stands in front of what it says, whether it is worth reading.
func (f *Follower) wanted(line []byte) bool {
	if f.cfg.Wants == nil {
		return true
	}
	_, text, ok := bytes.Cut(line, []byte(`,"class":"`)) // nowhere in a string: there, quotes are escaped
	if !ok {
		return true
	}
	end := bytes.IndexByte(text, '"')
	if end < 0 {
		return true
	}
	wants, known := f.wants[string(text[:end])]
	if !known {
		key := string(text[:end])
		wants = f.cfg.Wants(f.cfg.Taxonomy.ByKey(key))
		f.wants[key] = wants
	}
	return wants
}

// take enters what an event says, and lets the rooms see it.
func (f *Follower) take(ctx context.Context, ev *event.Event, at Place) error {
	// A row of a file that says no time tells nothing of it: a week that is told in a minute would be over at once.
	if believed := happened(ev); !ev.Time.IsZero() && believed.After(f.now()) {
		f.clock, f.heard = believed, time.Now()
	}
	facts, err := f.cfg.Read(ev)
	if err != nil {
		f.state.Unread++
	}
	var changed []PatientID
	for i := range facts {
		fact := &facts[i]
		fact.Place = at
		if fact.Source == "" {
			fact.Source = ev.Source
		}
		if fact.Seen.IsZero() {
			fact.Seen = ev.Observed
		}
		if fact.Said.IsZero() {
			fact.Said = ev.Time
		}
		f.state.Facts++
		changed = union(changed, f.house.Take(fact)...)
	}
	if f.house.err != nil {
		return fmt.Errorf("take in what is said of the house: %w", f.house.err)
	}
	for _, r := range f.cfg.Rooms {
		if r.Event == nil {
			continue
		}
		if err := r.Event(ctx, f.house, ev, at, changed); err != nil {
			return err
		}
	}
	return f.house.err
}

// happened is when an event is believed to have happened: when it says, but not after it was received.
func happened(ev *event.Event) time.Time {
	if ev.Time.IsZero() || !ev.Observed.IsZero() && ev.Time.After(ev.Observed) {
		return ev.Observed
	}
	return ev.Time
}

// Clock is the time of the house: when the latest event happened that is of any use, and since then the wall clock's passing, while nothing more
// waits. A month that is played in ten minutes is a month.
func (f *Follower) Clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now()
}

func (f *Follower) now() time.Time {
	if f.clock.IsZero() || f.next < f.cfg.Journal.Size() {
		return f.clock
	}
	return f.clock.Add(max(0, time.Since(f.heard)))
}

func (f *Follower) tellTime(ctx context.Context) error {
	if now := f.now(); !now.IsZero() {
		f.clock, f.heard = now, time.Now() // it never goes back
		for _, r := range f.cfg.Rooms {
			if r.Clock == nil {
				continue
			}
			if err := r.Clock(ctx, f.house, now); err != nil {
				return err
			}
		}
	}
	return f.house.err
}

// Shares of time, so that saving stays a small part of the work.
const (
	saveShare = 10               // of the time is spent on saving at most
	saveIdle  = 30 * time.Second // is when it is saved although no entry came, for what time alone has changed
)

// pause is how long the position waits to be written: longer when there is much to write.
func (f *Follower) pause() time.Duration { return max(f.cfg.Save, saveShare*f.saving) }

// tick does what is due because time has passed.
func (f *Follower) tick(ctx context.Context) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken || f.next < f.cfg.Journal.Size() {
		return nil // an entry does all that a tick would
	}
	defer func() { f.broken = f.broken || err != nil }()
	if err := f.tellTime(ctx); err != nil {
		return err
	}
	if since := time.Since(f.saved); since < f.pause() || !f.unsaved && since < saveIdle {
		return nil
	}
	return f.save(ctx)
}

// save writes the position with all that was learned until there.
func (f *Follower) save(ctx context.Context) error {
	begun := time.Now()
	if err := f.house.sweep(ctx, sweepAtOnce); err != nil {
		return err
	}
	now := f.now()
	err := f.cfg.DB.Do(ctx, func(tx *sql.Tx) error {
		if err := f.house.save(ctx, tx, remembered{Clock: now, Wall: begun}); err != nil {
			return err
		}
		for _, r := range f.cfg.Rooms {
			if r.Save == nil {
				continue
			}
			if err := r.Save(ctx, tx); err != nil {
				return err
			}
		}
		return store.SetPosition(ctx, tx, follower, f.next)
	})
	if err != nil {
		return err
	}
	f.house.saved()
	for _, r := range f.cfg.Rooms {
		if r.Saved != nil {
			r.Saved()
		}
	}
	f.saved, f.unsaved = time.Now(), false
	f.saving = f.saved.Sub(begun)
	return nil
}

// sweepAtOnce is how many records are looked through for what is too old whenever something is saved: two million of them in
// a week.
const sweepAtOnce = 4

// View calls look while nothing changes the House. look must be quick, and must keep no pointer of the House's. A hook is given
// the House, and must call neither View nor anything else of the Follower.
func (f *Follower) View(look func(*House)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	look(f.house)
}

// FollowerState says how far a Follower is.
type FollowerState struct {
	Next     uint64        `json:"next"`     // journal entry that comes next
	Events   int64         `json:"events"`   // read since the start
	Facts    int64         `json:"facts"`    // taken in since the start
	Repeated int64         `json:"repeated"` // events that came again
	Unread   int64         `json:"unread"`   // events that could not be understood
	Damaged  int64         `json:"damaged"`  // entries
	Gone     int64         `json:"gone"`     // entries whose events had been deleted after their time
	Lag      time.Duration `json:"lag"`      // how old the entry read last is, while more wait
	Clock    time.Time     `json:"clock"`
}

// State says how far the Follower is.
func (f *Follower) State() FollowerState {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Next, s.Clock = f.next, f.now()
	if f.next < f.cfg.Journal.Size() && !f.received.IsZero() {
		s.Lag = max(0, time.Since(f.received))
	}
	return s
}
