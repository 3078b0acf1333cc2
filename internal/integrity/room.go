package integrity

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/integrity/kept"
	"github.com/wardline/wardline/internal/integrity/row"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

//go:embed schema
var schema embed.FS

// Config is what a Room stands on.
type Config struct {
	Routes   []RouteConfig
	Kept     []KeptConfig
	Expected func(token string, about, said time.Time) bool // see EngineConfig
	Zone     *time.Location                                 // of the clocks of systems that state no offset; UTC when nil
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

	mu     sync.Mutex // guards engine
	engine *Engine

	// The rest is the follower's goroutine's.
	images   *drawers[image.Seal]
	rows     *drawers[row.Seal]
	kept     *drawers[kept.Seal]
	lives    *drawers[Life]
	reader   event.LineReader
	receipts []*journal.Receipt // of what was filed since the position was written
	found    []Doubt            // since then
	at       hospital.Place     // of the present event
	filings  int                // since the entry began
	seated   time.Time          // when who used the record system was written last, by what was received
	seating  time.Time          // when it was within the present transaction
}

// OpenRoom prepares the room's tables. Its Hooks belong into a follower's configuration.
func OpenRoom(ctx context.Context, cfg Config) (*Room, error) {
	if err := cfg.DB.Migrate(ctx, "integrity", schema); err != nil {
		return nil, err
	}
	return &Room{cfg: cfg}, nil
}

// Hooks are what the room does as the follower goes on.
func (r *Room) Hooks() hospital.Hooks {
	return hospital.Hooks{Load: r.load, Event: r.event, Clock: r.clock, Save: r.save, Saved: r.saved}
}

func (r *Room) load(ctx context.Context, _ *hospital.House) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.receipts, r.found, r.filings = nil, nil, 0
	r.seated, r.seating = time.Time{}, time.Time{}
	r.reader = event.LineReader{Taxonomy: r.cfg.Taxonomy, Limits: jsonl.DefaultLimits()}
	secret := func(purpose string) []byte { return fmt.Appendf(nil, "%016x", r.cfg.Vault.Hash("integrity", purpose)) }
	r.engine = NewEngine(EngineConfig{Routes: r.cfg.Routes, Kept: r.cfg.Kept, Expected: r.cfg.Expected, Zone: r.cfg.Zone, Secret: secret})
	r.images, r.rows = newDrawers[image.Seal](r.cfg.DB, r.cfg.Vault, "integrity_images"), newDrawers[row.Seal](r.cfg.DB, r.cfg.Vault, "integrity_rows")
	r.kept = newDrawers[kept.Seal](r.cfg.DB, r.cfg.Vault, "integrity_kept")
	r.lives = newDrawers[Life](r.cfg.DB, r.cfg.Vault, "integrity_lives")
	r.engine.images, r.engine.rows, r.engine.kept, r.engine.lives = r.images, r.rows, r.kept, r.lives
	return r.recall(ctx)
}

func (r *Room) event(ctx context.Context, h *hospital.House, ev *event.Event, at hospital.Place, _ []hospital.PatientID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at.Entry != r.at.Entry {
		r.filings = 0
	}
	r.at = at
	r.images.ctx, r.rows.ctx, r.kept.ctx, r.lives.ctx = ctx, ctx, ctx, ctx
	doubts, err := r.engine.Event(h, ev, at)
	if err != nil {
		return err
	}
	return r.file(ctx, doubts)
}

func (r *Room) clock(ctx context.Context, h *hospital.House, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file(ctx, r.engine.Clock(h, now))
}

func (r *Room) save(ctx context.Context, tx *sql.Tx) error {
	for _, p := range r.receipts {
		if _, err := p.Wait(ctx); err != nil {
			return fmt.Errorf("file doubts: %w", err)
		}
	}
	r.receipts = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.write(ctx, tx)
}

func (r *Room) saved() {
	r.found = r.found[:0]
	r.images.written()
	r.rows.written()
	r.kept.written()
	r.lives.written()
	r.seated = r.seating
	r.mu.Lock()
	defer r.mu.Unlock()
	r.engine.found, r.engine.asks = nil, nil
}

// Routes says how the routes do; nothing before the follower began.
func (r *Room) Routes() []RouteState {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.engine == nil {
		return nil
	}
	return r.engine.Routes()
}
