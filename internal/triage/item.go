package triage

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
)

// Filed is a finding as a watcher files it: one line of an entry of the kind journal.Findings. It says what
// was found in one step of the watcher's way; the Desk adds the steps up.
type Filed struct {
	Finding finding.Finding `json:"finding"`
	Watcher string          `json:"watcher"`
	// From is the step that found it. A watcher that comes to the same step again, after a restart,
	// files it again with the same From, and steps only rise: so the Desk counts each once.
	From journal.Place `json:"from"`
}

// State says where a finding stands in the queue.
type State string

// The states.
const (
	New        State = "new"        // nobody has looked at it
	Seen       State = "seen"       // somebody has
	Closed     State = "closed"     // judged, or quiet for a day
	Suppressed State = "suppressed" // matched while a suppression covers it: counted, and out of the queue
)

// Verdict is what a person says of a finding.
type Verdict string

// The verdicts.
const (
	True     Verdict = "true"     // it was what the rule looks for
	False    Verdict = "false"    // the rule was wrong
	Expected Verdict = "expected" // the rule was right, and it was allowed to happen
)

// Item is a finding in the queue.
type Item struct {
	finding.Finding
	State      State
	Verdict    Verdict // "" while there is none
	Why        string  // reason of the verdict, or of the desk for closing it
	Owner      string  // who looks into it; or ""
	Opened     time.Time
	Changed    time.Time
	ClosedAt   time.Time // zero unless closed
	Later      time.Time // until when it is put off; or zero
	Suppressed string    // id of the suppression that covers it; or ""
	Notify     int       // how often people were to be told: it grows when they are to be told again
}

// RuleID names the rule in filters, suppressions and statistics: by its id, or else by its title.
func RuleID(r *finding.Rule) string {
	if r.ID != "" {
		return r.ID
	}
	return r.Title
}

// Cursor is what Filter.Before takes to go on after this item.
func (i *Item) Cursor() string {
	return fmt.Sprintf("%d.%d.%s", finding.Rank(i.Rule.Level), i.Changed.UnixMicro(), i.ID)
}

// MarshalJSON writes the finding beside what became of it. Times that are not known are left out.
func (i Item) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Finding    finding.Finding `json:"finding"`
		State      State           `json:"state"`
		Verdict    Verdict         `json:"verdict,omitempty"`
		Why        string          `json:"why,omitempty"`
		Owner      string          `json:"owner,omitempty"`
		Opened     time.Time       `json:"opened"`
		Changed    time.Time       `json:"changed"`
		ClosedAt   time.Time       `json:"closed,omitzero"`
		Later      time.Time       `json:"later,omitzero"`
		Suppressed string          `json:"suppressed,omitempty"`
		Notify     int             `json:"notify"`
	}{i.Finding, i.State, i.Verdict, i.Why, i.Owner, i.Opened, i.Changed, i.ClosedAt, i.Later, i.Suppressed, i.Notify})
}

// Act is something that was done with a finding.
type Act struct {
	At      time.Time `json:"at"`
	Who     string    `json:"who,omitempty"` // "" is the desk itself
	Act     string    `json:"act"`           // judged, unjudged, assigned, later, seen, reopened, closed
	Verdict Verdict   `json:"verdict,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Undone  bool      `json:"undone,omitempty"` // a verdict that was taken back, or replaced
}

// ErrUnknown says that there is no finding or suppression of that id.
var ErrUnknown = errors.New("there is no such finding or suppression: look at the list again")
