// Package console is what people see of a node: pages in a browser, and the same as JSON for programs.
//
// A page answers one question. Handlers read the request, ask the rooms and say what they know in words;
// package page draws it. Whoever asks is known (access.House), may do what he does (access.Check), and whatever
// he changes is sealed before it is done (access.House.Do).
package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/probe"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault/veil"
	"github.com/wardline/wardline/internal/watch"
)

// Config is all that the console shows. Every field must be filled, but those that say so.
type Config struct {
	Site    string         // name of the hospital, as people say it
	Zone    *time.Location // of all times that are shown
	Now     func() time.Time
	House   *access.House
	Desk    *triage.Desk
	Live    *watch.Live
	Hunter  *watch.Hunter
	Index   *index.Index
	Journal *journal.Journal
	// JournalDir is the folder that Journal lies in: a check of the whole journal reads it.
	JournalDir string
	Taxonomy   *event.Taxonomy
	DB         *store.DB
	// Veil hides who patients are, and its vault seals what people write.
	Veil *veil.Veil
	// Senders tells how each sender stands: collect.Intake.Standings.
	Senders func() []collect.Standing
	// Rulebook keeps what is judged by.
	Rulebook *watch.Rulebook
	// Doors says where senders reach this node, for the lines that people paste into them.
	Doors Doors
	// Passkeys are those of the address that the console is reached at; nil where browsers use none.
	Passkeys *access.Passkeys
	// OIDC is the house's own identity provider; nil when there is none. It sends people back to /oidc/back.
	OIDC *access.OIDC
	// Privacy explains accesses to records, and Hospital knows who is behind them; both nil where that is not set up.
	Privacy  *privacy.Room
	Hospital *hospital.Follower
	// Integrity compares what systems say of records; nil when that is switched off.
	Integrity *integrity.Room
	// Continuity watches the rhythm of care; nil when that is switched off.
	Continuity *continuity.Room
	// Packs are what became of the downtime packs of units, and who lay there then; nil where no unit gets any.
	Packs func() ([]continuity.Laid, continuity.Counted)
	// Paper knows which units get packs, Shelf what they did to be ready, and Recover lists what must be entered back after a downtime; nil where Packs is.
	Paper   *continuity.Paper
	Shelf   *continuity.Shelf
	Recover func(ctx context.Context, unit string, from, to time.Time, by string) (*continuity.List, error)
	// Cards are the networks from which the cards of units are read without signing in; none: nobody reads them.
	Cards []netip.Prefix
	// Servers are those that are asked whether they answer; nil where none is listed.
	Servers func() []probe.Status
	// Neighbours tells how the hospitals do that sign each other's journals with this one; nil where there can be none.
	Neighbours func(context.Context) ([]witness.Standing, error)
	// Alone lets one person do what otherwise takes two, also where a second one could agree.
	Alone bool
	Log   *slog.Logger // may be nil
}

// Doors are the addresses that senders send to, as they see them. What is empty is not open.
type Doors struct {
	Host   string // name in the node's certificate
	HTTP   string // "https://wardline.example:8443"
	Syslog string // host:port of syslog over TLS
	MLLP   string // host:port of HL7 over MLLP
}

// Console answers browsers and programs. It serves any number of goroutines.
type Console struct {
	Config
	printer   *page.Printer
	handler   http.Handler
	jobs      *jobs
	questions *questions
	pulse     *pulse
	cards     cards
	traces    *traces
	reveals   *reveals
	streams   chan struct{} // a place for each page that listens
}

// New prepares the console and its tables.
func New(ctx context.Context, cfg Config) (*Console, error) {
	if cfg.House == nil || cfg.Desk == nil || cfg.Live == nil || cfg.Hunter == nil || cfg.Index == nil || cfg.Journal == nil ||
		cfg.DB == nil || cfg.Senders == nil || cfg.Rulebook == nil || cfg.Now == nil || cfg.Zone == nil || cfg.Taxonomy == nil || cfg.Veil == nil {
		return nil, errors.New("the console needs all rooms of the node")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	printer, err := page.New()
	if err != nil {
		return nil, err
	}
	if err := cfg.DB.Migrate(ctx, "console", schema); err != nil {
		return nil, err
	}
	c := &Console{Config: cfg, printer: printer, jobs: newJobs(), questions: newQuestions(), pulse: newPulse(), traces: newTraces(), reveals: newReveals(), streams: make(chan struct{}, mostStreams)}
	c.handler = c.routes()
	if err := cfg.DB.Once(ctx, "seal questions of an earlier version", c.sealOlder); err != nil {
		return nil, err
	}
	return c, nil
}

// Handler answers all requests to the console. It is to be served over TLS only: its cookies need it.
func (c *Console) Handler() http.Handler { return c.handler }

// Run does what takes longer than a request: it carries out hunts and checks of the journal, and notes how much
// each sender sends. It returns when ctx has ended and all that is done.
func (c *Console) Run(ctx context.Context) error {
	var work sync.WaitGroup
	work.Go(func() { c.jobs.run(ctx) })
	work.Go(func() { c.pulse.run(ctx, c.Senders, c.Now) })
	work.Wait()
	return nil
}

func (c *Console) clock() page.Clock { return page.Clock{Now: c.Now(), Zone: c.Zone} }
