package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/store"
)

const (
	// Every is between two rounds of a Feed. It is the same whether the log grew or not, so that nobody outside learns from
	// the times how busy the hospital is.
	Every = 5 * time.Minute
	// silence is after how long without an answer of a peer somebody is told.
	silence = time.Hour
	// askTime is how long a peer may take for an answer.
	askTime = 30 * time.Second
	// skew is how far the clock of a peer may be from ours.
	skew = 15 * time.Minute
)

// Journal is the log whose checkpoints are to be signed.
type Journal interface {
	// Checkpoint returns the latest signed checkpoint.
	Checkpoint() ([]byte, error)
	// Consistency proves that the log of newer entries begins with that of older entries, which are at least one.
	Consistency(ctx context.Context, older, newer uint64) ([]tlog.Hash, error)
}

// FeedConfig says who is asked to sign.
type FeedConfig struct {
	// Policy names the node's own log and nothing but it, and the witnesses. Those with a URL are asked; its quorum is what a
	// proof must have. Two of three is a good one: see tlog.Policy.
	Policy tlog.Policy
	// Client makes the connections, with the certificates that the peers want. Redirects are not followed.
	Client *http.Client
	Now    func() time.Time
	Tell   Tell // may be nil
}

// Feed is the log's side. One round goes at a time.
type Feed struct {
	cfg     FeedConfig
	db      *store.DB
	journal Journal
	log     tlog.Log
	client  *http.Client
	turn    chan struct{} // full while a round goes
}

// NewFeed prepares the log's tables in db.
func NewFeed(ctx context.Context, db *store.DB, journal Journal, cfg FeedConfig) (*Feed, error) {
	if len(cfg.Policy.Logs) != 1 {
		return nil, errors.New("the policy of witnesses must name this node's own log, and no other")
	}
	for _, w := range cfg.Policy.Witnesses {
		u, err := url.Parse(w.URL)
		if w.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			return nil, fmt.Errorf("the URL of the witness %s is none of a web server", w.Name)
		}
	}
	if cfg.Tell == nil {
		cfg.Tell = func(context.Context, Alarm) {}
	}
	if err := migrate(ctx, db); err != nil {
		return nil, err
	}
	client := *cfg.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Feed{cfg: cfg, db: db, journal: journal, log: cfg.Policy.Logs[0], client: &client, turn: make(chan struct{}, 1)}, nil
}

// Run does a round at each tick, such as those of time.Tick(Every), until ctx ends. It returns an error when the journal or the
// database fails; called again it goes on. Peers that fail are no error.
func (f *Feed) Run(ctx context.Context, ticks <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks:
			if _, err := f.Round(ctx); err != nil {
				if ctx.Err() != nil { // a database that is interrupted says so in its own words
					return ctx.Err()
				}
				return err
			}
		}
	}
}

// Result says what a round came to.
type Result struct {
	Size   uint64 // of the checkpoint
	Signed int    // by how many peers
	Quorum bool   // whether these are enough for the policy
}

// Round sends the journal's checkpoint to all peers at once, keeps what they sign, and tells what is wrong.
func (f *Feed) Round(ctx context.Context) (Result, error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	point, err := f.point()
	if err != nil {
		return Result{}, fmt.Errorf("have the journal witnessed: %w", err)
	}
	standing, err := f.standing(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("have the journal witnessed: %w", err)
	}
	var asked []outcome
	for _, w := range f.cfg.Policy.Witnesses {
		if w.URL != "" {
			asked = append(asked, outcome{peer: w, standing: standing[w.Key.String()]})
		}
	}
	var all sync.WaitGroup
	for i := range asked {
		all.Go(func() { f.ask(ctx, point, &asked[i]) })
	}
	all.Wait()
	if err := ctx.Err(); err != nil { // their silence is our own
		return Result{}, err
	}
	alarms, err := f.settle(ctx, point, asked)
	if err != nil {
		return Result{}, fmt.Errorf("keep what witnesses signed: %w", err)
	}
	for _, a := range alarms {
		f.cfg.Tell(ctx, a)
	}
	return f.result(point, asked), nil
}

// point is the checkpoint of a round.
type point struct {
	tlog.Checkpoint
	note tlog.Note // with the log's own signatures
}

func (f *Feed) point() (point, error) {
	text, err := f.journal.Checkpoint()
	if err != nil {
		return point{}, err
	}
	c, err := f.log.Verify(text)
	if err != nil {
		return point{}, err
	}
	_, note, err := tlog.ReadCheckpoint(text)
	if err != nil {
		return point{}, err
	}
	note.Signatures = own(f.log, note)
	return point{c, note}, nil
}

func (f *Feed) result(p point, asked []outcome) Result {
	r := Result{Size: p.Size}
	note := p.note
	for _, o := range asked {
		if o.signed.Bytes != nil {
			r.Signed++
			note.Signatures = append(note.Signatures[:len(note.Signatures):len(note.Signatures)], o.signed)
		}
	}
	_, err := f.cfg.Policy.Verify(note.Bytes(), tlog.Window{})
	r.Quorum = err == nil
	return r
}
