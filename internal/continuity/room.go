package continuity

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault"
)

//go:embed schema
var schema embed.FS

// Config is what a Room stands on.
type Config struct {
	Zone     *time.Location           // of the house; UTC when nil
	Holiday  func(day time.Time) bool // see EngineConfig
	Planned  func(at time.Time) (down bool, next time.Time)
	Journal  *journal.Journal
	DB       *store.DB
	Vault    *vault.Vault
	Taxonomy *event.Taxonomy
	Log      *slog.Logger
	Now      func() time.Time         // time.Now when nil
	Shown    func(name string) string // see EngineConfig
	Hide     func(text string) string // a text without the patients in it; nil: as it is
	Site     *Site                    // what the house says of itself; any hospital when nil. The Room's own from then on: see Redraw
	// Judged tells whether the privacy room judges who opens the record of that number, for it is known as a decoy's; nil: it does not.
	Judged    func(number string) bool
	Authority string // that issues the house's numbers of patients, for decoys

	// Save is how often what is known is written: 10 minutes. What came since is heard again after a crash.
	Save time.Duration
}

func (c *Config) engine() EngineConfig {
	return EngineConfig{Services: c.Site.Catalogue, Zone: c.Zone, Holiday: c.Holiday, Planned: c.Planned, Shown: c.Shown, Secret: fmt.Appendf(nil, "%016x", c.Vault.Hash("continuity", "messages"))}
}

// Room follows the journal and watches the rhythm of care. It has a position of its own, for it writes seldom: each feed's model is
// some kilobytes, and changes with each message.
type Room struct {
	cfg Config

	mu        sync.Mutex // guards all below
	engine    *Engine
	incidents *Incidents
	decoys    *decoys
	reader    event.LineReader
	event     event.Event
	next      uint64    // entry that is read next
	at        uint64    // entry that was read last
	saved     time.Time // on the wall
	old       uint64    // entries before it were received before Run began
	began     time.Time // when it did
	ticked    time.Time // by when things were received
	receipts  []*journal.Receipt
	said      *depend.Learned // of links; never changed, but replaced
	trouble   string          // with the house's map
	found     []Sign          // since it was saved
	news      bool            // something was found, or told, since
	filings   int             // since that was begun
}

// OpenRoom prepares the room's tables, and takes up what was known.
func OpenRoom(ctx context.Context, cfg Config) (*Room, error) {
	if err := cfg.DB.Migrate(ctx, "continuity", schema); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Save == 0 {
		cfg.Save = 10 * time.Minute
	}
	if cfg.Site == nil {
		var err error
		if cfg.Site, err = ReadSite(""); err != nil {
			return nil, err
		}
	}
	r := &Room{cfg: cfg, reader: event.LineReader{Taxonomy: cfg.Taxonomy, Limits: jsonl.DefaultLimits()}}
	return r, r.load(ctx)
}

// Run follows the journal until ctx ends. Called again after an error, it goes on from what was saved.
func (r *Room) Run(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var ticking sync.WaitGroup
	ticking.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := r.idle(ctx, r.cfg.Now()); err != nil {
					cancel(err)
				}
			}
		}
	})
	err := r.follow(ctx)
	cancel(err)
	ticking.Wait()
	return r.end(ctx, context.Cause(ctx))
}

// begin takes up what was saved. Nobody listened between what was heard last and now.
func (r *Room) begin(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return err
	}
	r.saved, r.ticked, r.began, r.old = time.Now(), time.Time{}, r.cfg.Now(), r.cfg.Journal.Size()
	r.listen()
	return nil
}

// listen begins to listen once all was heard that was received before the start.
func (r *Room) listen() {
	if r.next >= r.old && !r.began.IsZero() {
		r.engine.Deaf(r.began)
		r.began = time.Time{}
	}
}

func (r *Room) follow(ctx context.Context) error {
	for {
		r.mu.Lock()
		next := r.next
		r.mu.Unlock()
		err := r.cfg.Journal.Follow(ctx, next, r.entry)
		var damage *journal.DamageError
		if !errors.As(err, &damage) {
			return err
		}
		r.cfg.Log.ErrorContext(ctx, "an entry of the journal is damaged, and which feeds spoke in it is not known", "entry", damage.Index, "error", damage)
		r.mu.Lock()
		r.next = damage.Index + 1
		r.listen()
		r.mu.Unlock()
	}
}

// entry hears one entry.
func (r *Room) entry(ctx context.Context, e *journal.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.filings = e.Index, 0
	if e.Header.Kind == journal.Events && e.Gone.IsZero() {
		for n, line := range e.Lines() {
			if r.reader.Read(line, &r.event) != nil {
				continue // the hospital's follower and the index count these
			}
			r.look(&r.event, finding.Place{Entry: e.Index, Line: n})
			if err := r.file(ctx, r.engine.Event(&r.event)); err != nil {
				return err
			}
		}
		if err := r.tell(ctx, e.Index); err != nil {
			return err
		}
	}
	if e.Header.Kind == journal.Findings && e.Gone.IsZero() {
		if err := r.findings(ctx, e); err != nil {
			return err
		}
	}
	if err := r.tick(ctx, r.engine.clock); err != nil {
		return err
	}
	r.next = e.Index + 1
	r.listen()
	return r.saveSometimes(ctx)
}

// findings hears what others found. Its own are left out.
func (r *Room) findings(ctx context.Context, e *journal.Entry) error {
	for _, line := range e.Lines() {
		var f triage.Filed
		if json.Unmarshal(line, &f) != nil || f.Watcher == watcher {
			continue // what cannot be read the desk says
		}
		if err := r.file(ctx, r.engine.Finding(&f.Finding, e.Header.Received)); err != nil {
			return err
		}
	}
	return nil
}

// idle lets time pass while nothing arrives. While entries wait to be read it stands still: what they say was said in time.
func (r *Room) idle(ctx context.Context, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next < r.cfg.Journal.Size() {
		return nil
	}
	if r.cfg.Journal.Healthy() != nil { // nobody can say anything now
		r.engine.Deaf(now)
		return nil
	}
	if err := r.tick(ctx, now); err != nil {
		return err
	}
	return r.saveSometimes(ctx)
}

// tick looks once a second who is silent.
func (r *Room) tick(ctx context.Context, at time.Time) error {
	if at.Sub(r.ticked) < time.Second {
		return nil
	}
	r.ticked = at
	r.decoys.test(at)
	return r.file(ctx, r.engine.Tick(at))
}

func (r *Room) saveSometimes(ctx context.Context) error {
	if time.Since(r.saved) < r.cfg.Save && !r.news { // what was found is not found again after a crash
		return nil
	}
	r.saved = time.Now()
	return r.save(ctx)
}

// end saves once more when the room was asked to stop.
func (r *Room) end(ctx context.Context, cause error) error {
	if !errors.Is(cause, context.Canceled) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(cause, r.save(ctx))
}
