package synthetic

import (
	"slices"
	"time"
)

// Kind is what is wrong with a way.
type Kind string

// The kinds.
const (
	Lost    Kind = "test-message-lost"    // it was not heard behind the engine, twice in a row
	Slow    Kind = "test-message-slow"    // it took five times as long as usual
	Altered Kind = "test-message-altered" // what arrived is not what was sent
)

// The rule.
const (
	misses    = 2
	slowTimes = 5
	slowFloor = 10 * time.Second
	learned   = 12 // of those that arrived
	kept      = 60
)

// Trouble is something wrong with a way, that begins or ends.
type Trouble struct {
	Route       string
	Kind        Kind
	Since       time.Time // when the first was sent that shows it
	Ended       bool
	Took, Usual time.Duration
	Why         string // it could not even be handed over
}

// Watch knows what was sent and what arrived. It belongs to one goroutine, and forgets all at a restart: a way is learned anew within two hours.
type Watch struct {
	ways map[string]*way
}

type way struct {
	within time.Duration
	open   *sent
	missed int
	since  time.Time
	why    string
	took   []time.Duration // of the latest that arrived
	told   map[Kind]time.Time
}

type sent struct {
	token, patient string
	at             time.Time
}

// NewWatch knows of none.
func NewWatch() *Watch { return &Watch{ways: map[string]*way{}} }

// Sent takes that a message is about to be sent on a way.
func (w *Watch) Sent(r *Route, token string, at time.Time) (out []Trouble) {
	y := w.ways[r.Name]
	if y == nil {
		y = &way{told: map[Kind]time.Time{}}
		w.ways[r.Name] = y
	}
	if y.open != nil { // the one before was neither heard nor looked at
		out = y.miss(r.Name, y.open.at)
	}
	y.within, y.open, y.why = r.Within, &sent{token, r.Patient, at}, ""
	return out
}

// Failed takes that it could not be handed over.
func (w *Watch) Failed(r *Route, token string, err error) []Trouble {
	y := w.ways[r.Name]
	if y == nil || y.open == nil || y.open.token != token {
		return nil // it was heard all the same
	}
	y.why = err.Error()
	return y.miss(r.Name, y.open.at)
}

func (y *way) miss(name string, at time.Time) []Trouble {
	y.open = nil
	if y.missed++; y.missed == 1 {
		y.since = at
	}
	if y.missed < misses || !y.told[Lost].IsZero() {
		return nil
	}
	y.told[Lost] = y.since
	return []Trouble{{Route: name, Kind: Lost, Since: y.since, Why: y.why}}
}

// Heard takes a test message that was heard. One that nobody waits for says nothing: it was heard at a second point, or sent by somebody else.
func (w *Watch) Heard(s Seen, at time.Time) (out []Trouble) {
	for name, y := range w.ways {
		if y.open == nil || y.open.token != s.Token {
			continue
		}
		began, took := y.open.at, at.Sub(y.open.at)
		usual, known := y.usual()
		y.tell(&out, name, Lost, began, false, Trouble{})
		y.tell(&out, name, Altered, began, s.Altered || s.Patient != y.open.patient, Trouble{})
		slow := known && took > max(slowFloor, slowTimes*usual)
		y.tell(&out, name, Slow, began, slow, Trouble{Took: took, Usual: usual})
		if !slow {
			if y.took = append(y.took, took); len(y.took) > kept {
				y.took = y.took[1:]
			}
		}
		y.open, y.missed = nil, 0
	}
	return out
}

func (y *way) tell(out *[]Trouble, name string, k Kind, began time.Time, wrong bool, t Trouble) {
	since := y.told[k]
	if wrong == !since.IsZero() {
		return
	}
	t.Route, t.Kind, t.Since, t.Ended = name, k, began, !wrong
	if y.told[k] = began; !wrong {
		y.told[k], t.Since = time.Time{}, since
	}
	*out = append(*out, t)
}

// usual is how long they take, in the middle.
func (y *way) usual() (time.Duration, bool) {
	if len(y.took) < learned {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(y.took))
	return sorted[len(sorted)/2], true
}

// Tick looks which did not arrive in time.
func (w *Watch) Tick(now time.Time) (out []Trouble) {
	for name, y := range w.ways {
		if y.open != nil && now.Sub(y.open.at) > y.within {
			out = append(out, y.miss(name, y.open.at)...)
		}
	}
	return out
}
