package downtime

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Drill is a unit's practice of a downtime: somebody starts the clock, people do the steps, somebody stops it.
type Drill struct {
	Unit    string    `json:"unit"`
	Started time.Time `json:"started"`
	By      string    `json:"by"` // the account
	Steps   []Step    `json:"steps"`
	Ended   time.Time `json:"ended"` // zero while it goes on
}

// Step is one thing that is done in a drill.
type Step struct {
	What string    `json:"what"`
	Hand bool      `json:"hand,omitempty"` // with it the pack is in somebody's hand
	Done time.Time `json:"done"`           // zero while it is not done
}

// Errors of drills.
var (
	ErrDrill = errors.New("drill")
	ErrOver  = errors.New("the drill has ended")
)

// Bounds of a drill.
const (
	mostDrillSteps = 20
	longestDrill   = 24 * time.Hour // after which one that nobody ended counts as ended
	longestKept    = 64 << 10
)

// Start begins a drill. The first step is to have the pack in hand; the others are the card's.
func Start(unit, by string, steps []string, at time.Time) (*Drill, error) {
	if unit == "" || by == "" || at.IsZero() || len(steps) >= mostDrillSteps {
		return nil, fmt.Errorf("%w: it needs a unit, who starts it, and fewer than %d steps", ErrDrill, mostDrillSteps)
	}
	d := &Drill{Unit: unit, Started: at.UTC(), By: by, Steps: []Step{{What: "The pack is in hand", Hand: true}}}
	for _, s := range steps {
		d.Steps = append(d.Steps, Step{What: s})
	}
	return d, nil
}

// Do notes that a step, from 0, is done. Done again it stays as it was first.
func (d *Drill) Do(step int, at time.Time) error {
	switch {
	case !d.Ended.IsZero():
		return fmt.Errorf("%w: start another", ErrOver)
	case step < 0 || step >= len(d.Steps):
		return fmt.Errorf("%w: there is no step %d", ErrDrill, step+1)
	case at.Before(d.Started):
		return fmt.Errorf("%w: a step cannot be done before the start", ErrDrill)
	}
	if d.Steps[step].Done.IsZero() {
		d.Steps[step].Done = at.UTC()
	}
	return nil
}

// End ends the drill, done or not.
func (d *Drill) End(at time.Time) error {
	if !d.Ended.IsZero() {
		return ErrOver
	}
	if at.Before(d.Started) {
		return fmt.Errorf("%w: it cannot end before it starts", ErrDrill)
	}
	d.Ended = at.UTC()
	return nil
}

// InHand is how long it took to have the pack in hand; ok is false while nobody has.
func (d *Drill) InHand() (took time.Duration, ok bool) {
	i := slices.IndexFunc(d.Steps, func(s Step) bool { return s.Hand })
	if i < 0 || d.Steps[i].Done.IsZero() {
		return 0, false
	}
	return d.Steps[i].Done.Sub(d.Started), true
}

// Progress is how many of the steps are done.
func (d *Drill) Progress() (done, of int) {
	for _, s := range d.Steps {
		if !s.Done.IsZero() {
			done++
		}
	}
	return done, len(d.Steps)
}

// Complete tells whether all was done before the end: only then it counts as practised.
func (d *Drill) Complete() bool {
	done, of := d.Progress()
	return !d.Ended.IsZero() && done == of
}

// Going tells whether the drill goes on.
func (d *Drill) Going(now time.Time) bool {
	return d.Ended.IsZero() && now.Sub(d.Started) < longestDrill
}

// Encode writes a drill as it is kept.
func (d *Drill) Encode() ([]byte, error) { return json.Marshal(d) }

// DecodeDrill reads what Encode wrote.
func DecodeDrill(body []byte) (*Drill, error) {
	if len(body) > longestKept {
		return nil, fmt.Errorf("%w: what is kept of it is longer than the limit", ErrDrill)
	}
	r := json.NewDecoder(bytes.NewReader(body))
	r.DisallowUnknownFields()
	d := &Drill{}
	if err := r.Decode(d); err != nil {
		return nil, fmt.Errorf("%w: what is kept of it is damaged at byte %d", ErrDrill, r.InputOffset())
	}
	if _, err := r.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows what is kept of it", ErrDrill)
	}
	ok := d.Unit != "" && !d.Started.IsZero() && len(d.Steps) > 0 && len(d.Steps) <= mostDrillSteps && (d.Ended.IsZero() || !d.Ended.Before(d.Started))
	for _, s := range d.Steps {
		ok = ok && (s.Done.IsZero() || !s.Done.Before(d.Started))
	}
	if !ok {
		return nil, fmt.Errorf("%w: what is kept of it makes no sense", ErrDrill)
	}
	return d, nil
}
