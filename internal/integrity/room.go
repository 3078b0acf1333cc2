package integrity

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/chart"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

//go:embed schema
var schema embed.FS

// Config is what a Room stands on.
type Config struct {
	Routes   []RouteConfig
	Zone     *time.Location // of the clocks of systems that state no offset; UTC when nil
	Journal  *journal.Journal
	DB       *store.DB
	Vault    *vault.Vault
	Taxonomy *event.Taxonomy
	Log      *slog.Logger
}

// Room compares what the systems of the house say. It serves any number of goroutines, but for its Hooks, which the follower calls.
//
// What it finds is durable in the journal before the follower's position is written, with which its own tables are written. After a restart it hears
// again what was under way.
type Room struct {
	cfg Config

	mu       sync.Mutex // guards passages and what they know, and chart
	passages []*passage
	chart    *chart.Chart
	since    time.Time // when the first event was received

	// The rest is the follower's goroutine's.
	reader   event.LineReader
	receipts []*journal.Receipt // of what was filed since the position was written
	found    []Doubt            // since then
	at       hospital.Place     // of the present event
	filings  int                // since the entry began
	observed time.Time          // when the latest event was received; guarded by mu
	house    time.Time          // what the clock of the house was then
	fresh    bool               // an event came since the clock was asked
}

// OpenRoom prepares the room's tables. Its Hooks belong into a follower's configuration.
func OpenRoom(ctx context.Context, cfg Config) (*Room, error) {
	if err := cfg.DB.Migrate(ctx, "integrity", schema); err != nil {
		return nil, err
	}
	return &Room{cfg: cfg}, nil
}

// Wants tells whether events of a class can be compared.
func Wants(c *event.Class) bool { return c.Product == "hl7" }

// Hooks are what the room does as the follower goes on.
func (r *Room) Hooks() hospital.Hooks {
	return hospital.Hooks{Load: r.load, Event: r.event, Clock: r.clock, Save: r.save, Saved: r.saved}
}

func (r *Room) load(ctx context.Context, _ *hospital.House) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.receipts, r.found, r.filings = nil, nil, 0
	r.reader = event.LineReader{Taxonomy: r.cfg.Taxonomy, Limits: jsonl.DefaultLimits()}
	r.passages, r.chart, r.since = nil, chart.New(), time.Time{}
	for _, c := range r.cfg.Routes {
		r.passages = append(r.passages, newPassage(c, r.cfg.Vault))
	}
	return r.recall(ctx)
}

func (r *Room) event(ctx context.Context, h *hospital.House, ev *event.Event, at hospital.Place, _ []hospital.PatientID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at.Entry != r.at.Entry {
		r.filings = 0
	}
	r.at = at
	if ev.Observed.After(r.observed) {
		r.observed, r.fresh = ev.Observed, true
	}
	if r.since.IsZero() {
		r.since = ev.Observed
	}
	if !Wants(ev.Class) {
		return nil
	}
	m := message(ev)
	if m == nil || isAnswer(m) {
		return nil
	}
	for _, p := range r.passages {
		if err := r.tell(ctx, h, p, p.hear(ev, m, at)); err != nil {
			return err
		}
	}
	return r.written(ctx, h, ev, m, at)
}

// clock lets time pass. Deadlines run by when messages were received, which no sender can set, and from then on as the clock of the house does, which
// may stand anywhere.
func (r *Room) clock(ctx context.Context, h *hospital.House, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fresh {
		r.house, r.fresh = now, false
	}
	now = r.observed.Add(now.Sub(r.house))
	for _, p := range r.passages {
		if err := r.tell(ctx, h, p, p.route.Tick(now)); err != nil {
			return err
		}
	}
	return r.doubt(ctx, h, r.chart.Tick(now))
}

func (r *Room) save(ctx context.Context, tx *sql.Tx) error {
	for _, p := range r.receipts {
		if _, err := p.Wait(ctx); err != nil {
			return fmt.Errorf("file differences: %w", err)
		}
	}
	r.receipts = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.write(ctx, tx)
}

func (r *Room) saved() { r.found = r.found[:0] }

// message parses what an event holds of an HL7 message; nil if it holds none that can be read, which the collector has said.
func message(ev *event.Event) *hl7.Message {
	for text := range ev.Values("message") {
		m, err := hl7.Parse(text, hl7.DefaultLimits())
		if err != nil {
			return nil
		}
		return &m
	}
	return nil
}

// RouteState is how a route does.
type RouteState struct {
	Name     string       `json:"name"`
	From     []string     `json:"from"`
	To       []string     `json:"to"`
	Learning bool         `json:"learning"`
	Counts   route.Counts `json:"counts"`
}

// Routes says how the routes do.
func (r *Room) Routes() []RouteState {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []RouteState
	for _, p := range r.passages {
		out = append(out, RouteState{p.cfg.Name, p.cfg.From, p.cfg.To, p.route.Learning(r.observed), p.route.Counts()})
	}
	return out
}
