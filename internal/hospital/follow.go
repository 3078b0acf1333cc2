package hospital

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

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

// Follower follows the journal and keeps a House.
type Follower struct{}

// NewFollower prepares the tables. Run does the rest.
func NewFollower(ctx context.Context, cfg FollowerConfig) (*Follower, error) { return &Follower{}, nil }

// Run follows the journal until ctx ends. It returns an error when the database, the journal or a room fails; called
// again, it goes on where it was.
func (f *Follower) Run(ctx context.Context) error { return nil }

// View calls look while nothing changes the House. look must be quick, and must keep no pointer of the House's.
func (f *Follower) View(look func(*House)) {}

// Clock is the time of the house: when the latest event happened, and since then the wall clock's passing.
func (f *Follower) Clock() time.Time { return time.Time{} }

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
func (f *Follower) State() FollowerState { return FollowerState{} }
