package privacy

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// RoomConfig is what a Room stands on.
type RoomConfig struct {
	Config
	DB      *store.DB
	Journal *journal.Journal
	Vault   *vault.Vault
	Judge   *judge.Judge
	Log     *slog.Logger
}

// Room is the room of the privacy officer: what came in of accesses, the cases that wait, and what people concluded.
// It serves any number of goroutines.
//
// What it learns is written with the follower's position, and before that all that it files is durable in the journal. What people
// conclude is durable when Dispose returns.
type Room struct {
	cfg     RoomConfig
	view    func(func(*hospital.House)) // nothing changes house and engine meanwhile
	cabinet *cabinet
	engine  *Engine // guarded by view; nil before the follower began

	receipts []*journal.Receipt // of what was filed since the position was written; of the follower's goroutine
	at       hospital.Place     // of the present event
	filings  int                // since the entry began

	mu      sync.Mutex
	waiting map[chan struct{}]struct{} // of those who asked for Changes; guarded by mu
}

// ErrNotReady says that the room has not read yet what it knew before the start.
var ErrNotReady = errors.New("the access review is still reading what it knew: try again in a moment")

// OpenRoom prepares the room's tables. Its Hooks belong into a follower's configuration, and Attach tells it of the follower; nothing
// else is to be done.
func OpenRoom(ctx context.Context, cfg RoomConfig) (*Room, error) {
	if err := cfg.DB.Migrate(ctx, "privacy", schema); err != nil {
		return nil, err
	}
	if len(cfg.Secret) == 0 {
		cfg.Secret = fmt.Appendf(nil, "%016x", cfg.Vault.Hash("privacy", "secret"))
	}
	return &Room{cfg: cfg, cabinet: newCabinet(cfg.DB, cfg.Vault), waiting: map[chan struct{}]struct{}{}}, nil
}

// Attach tells the room how to look while the follower is at rest: hospital.Follower's View. It is called before the follower runs.
func (r *Room) Attach(view func(func(*hospital.House))) { r.view = view }

// Hooks are what the room does as the follower goes on.
func (r *Room) Hooks() hospital.Hooks {
	return hospital.Hooks{Load: r.load, Event: r.event, Clock: r.clock, Save: r.save, Saved: r.saved}
}

func (r *Room) load(ctx context.Context, h *hospital.House) error {
	r.cabinet = newCabinet(r.cfg.DB, r.cfg.Vault)
	r.cabinet.ctx, r.receipts = ctx, nil
	r.engine = newEngine(h, r.cfg.Config, r.cfg.Judge, r.cabinet)
	return r.cabinet.load(ctx, r.engine)
}

func (r *Room) event(ctx context.Context, h *hospital.House, ev *event.Event, at hospital.Place, changed []hospital.PatientID) error {
	if at.Entry != r.at.Entry {
		r.filings = 0
	}
	r.at, r.cabinet.ctx = at, ctx
	if err := r.engine.Event(ev, at, changed); err != nil {
		return err
	}
	return r.file(ctx)
}

func (r *Room) clock(ctx context.Context, h *hospital.House, now time.Time) error {
	r.cabinet.ctx = ctx
	if err := r.engine.Clock(now); err != nil {
		return err
	}
	return r.file(ctx)
}

func (r *Room) save(ctx context.Context, tx *sql.Tx) error {
	for _, p := range r.receipts {
		if _, err := p.Wait(ctx); err != nil {
			return fmt.Errorf("file cases: %w", err)
		}
	}
	r.receipts = nil
	return r.cabinet.writeEngine(ctx, tx, r.engine)
}

func (r *Room) saved() { r.cabinet.engineWritten(r.engine) }

// sealedLine is a case as the journal keeps it.
type sealedLine struct {
	Event string `json:"event"` // opened, changed, withdrawn, decided
	Case  *Case  `json:"case"`
}

// file hands to the journal what was opened or changed, and what a person is to be told of at once.
func (r *Room) file(ctx context.Context) error {
	changed := false
	for _, d := range r.engine.queue.changed[r.engine.queue.told:] {
		changed = true
		if d.State == Waiting || d.Number == 0 || d.filed == d.version { // who saw a case stands in the trail of those who use the console
			continue
		}
		if err := r.fileCase(ctx, d); err != nil {
			return err
		}
		d.filed = d.version
	}
	r.engine.queue.told = len(r.engine.queue.changed)
	for i := range r.engine.filed {
		if err := r.fileAlarm(ctx, &r.engine.filed[i]); err != nil {
			return err
		}
	}
	r.engine.filed = r.engine.filed[:0]
	if changed {
		r.wake()
	}
	return nil
}

func (r *Room) fileCase(ctx context.Context, d *dossier) error {
	what := map[CaseState]string{Pending: "opened", Withdrawn: "withdrawn", Closed: "decided"}[d.State]
	if d.State == Pending && !d.Opened.Equal(d.Changed) {
		what = "changed"
	}
	line, err := caseLine(what, &d.Case)
	if err != nil {
		return err
	}
	return r.add(ctx, line)
}

func caseLine(what string, c *Case) (journal.Line, error) {
	text, err := json.Marshal(sealedLine{what, c})
	if err != nil {
		return journal.Line{}, fmt.Errorf("write a case: %w", err)
	}
	return journal.Line{Kind: journal.Cases, Source: "privacy", Time: c.Changed, JSON: text}, nil
}

func (r *Room) add(ctx context.Context, line journal.Line) error {
	receipt, err := r.cfg.Journal.Add(ctx, line)
	if err != nil {
		return fmt.Errorf("file cases: %w", err)
	}
	r.receipts = append(r.receipts, receipt)
	return nil
}

// look calls do while nothing changes what the room knows.
func (r *Room) look(ctx context.Context, do func(e *Engine) error) (err error) {
	if r.view == nil {
		return ErrNotReady
	}
	r.view(func(*hospital.House) {
		if r.engine == nil {
			err = ErrNotReady
			return
		}
		r.cabinet.ctx = ctx
		err = do(r.engine)
	})
	return err
}

// Cases lists cases, those to look at first before the others. Their evidence is left out: see Case.
func (r *Room) Cases(ctx context.Context, f Filter) ([]Case, error) {
	var list []Case
	err := r.look(ctx, func(e *Engine) error {
		list = e.Cases(f)
		return nil
	})
	return list, err
}

// Case returns one case with its evidence, and notes that by saw it. The case is ErrNoCase for whom it is about, and for
// who reports to them.
func (r *Room) Case(ctx context.Context, id string, by Viewer) (Case, error) {
	var c Case
	at := time.Now().UTC()
	err := r.look(ctx, func(e *Engine) (err error) {
		c, err = e.View(id, by, at)
		return err
	})
	return c, err
}

// copyCase copies what changes later; what it shares with the original is replaced, not changed.
func copyCase(c *Case) Case {
	o := *c
	o.Users, o.Patients, o.Touches, o.Seen = slices.Clone(c.Users), slices.Clone(c.Patients), slices.Clone(c.Touches), slices.Clone(c.Seen)
	if c.Decided != nil {
		d := *c.Decided
		o.Decided = &d
	}
	if c.Breach != nil {
		b := *c.Breach
		o.Breach = &b
	}
	return o
}

// Dispose notes what a person concluded. The decision is sealed in the journal before it counts.
func (r *Room) Dispose(ctx context.Context, id string, d Decision) error {
	if d.At.IsZero() {
		d.At = time.Now()
	}
	d.At = d.At.UTC().Truncate(time.Microsecond)
	return r.conclude(ctx, id, "decided", d.By, &d, func(e *Engine) error { return e.Decide(id, d) })
}

// Undo takes a decision of the same viewer back, within 10 minutes.
func (r *Room) Undo(ctx context.Context, id string, by Viewer) error {
	now := time.Now().UTC()
	return r.conclude(ctx, id, "undone", by, nil, func(e *Engine) error { return e.Undo(id, by, now) })
}

// Assess keeps the four factors of a case that is a breach.
func (r *Room) Assess(ctx context.Context, id string, factors [4]string, by Viewer) error {
	return r.conclude(ctx, id, "assessed", by, nil, func(e *Engine) error { return e.Assess(id, factors, by) })
}

// conclude has what a person did sealed first, then written, and then take effect.
func (r *Room) conclude(ctx context.Context, id, what string, by Viewer, d *Decision, do func(*Engine) error) error {
	err := r.look(ctx, func(e *Engine) error {
		c := e.queue.cases[id]
		if c == nil || !e.mayJudge(c, by) {
			return ErrNoCase
		}
		if d != nil && c.State != Pending {
			return ErrDecided
		}
		return nil
	})
	if err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{"event": what, "id": id, "by": by, "decision": d})
	if err != nil {
		return fmt.Errorf("write a decision: %w", err)
	}
	if _, err := r.cfg.Journal.Append(ctx, journal.Line{Kind: journal.Cases, Source: "privacy", Time: time.Now().UTC(), JSON: text}); err != nil {
		return fmt.Errorf("seal a decision: %w", err)
	}
	err = r.look(ctx, func(e *Engine) error {
		if err := do(e); err != nil {
			return err
		}
		c := e.queue.cases[id]
		return r.cabinet.decide(ctx, c)
	})
	if err == nil {
		r.wake()
	}
	return err
}

// Propose makes of what was missing in a case a reason of the site, and says what it would have done in the past 30
// days. Nothing is changed by it.
func (r *Room) Propose(ctx context.Context, id, fact string, by Viewer) (Proposal, error) {
	var p Proposal
	err := r.look(ctx, func(e *Engine) (err error) {
		p, err = e.Propose(id, fact, by)
		return err
	})
	return p, err
}

// Changes returns a channel on which something comes after cases have changed, and what ends it. Several changes may be one.
func (r *Room) Changes() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting[c] = struct{}{}
	return c, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.waiting, c)
	}
}

func (r *Room) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.waiting {
		select {
		case c <- struct{}{}:
		default: // it is awake already
		}
	}
}

// State says how far the room is.
type State struct {
	Counts  Counts
	Waiting int // touches that are not settled
	Open    int // cases before a person
	Held    int // cases that wait for a feed
	Now     time.Time
}

// State says how far the room is.
func (r *Room) State(ctx context.Context) (State, error) {
	var s State
	err := r.look(ctx, func(e *Engine) error {
		s = e.State()
		return nil
	})
	return s, err
}
