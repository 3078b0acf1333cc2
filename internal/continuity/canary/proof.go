package canary

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// looked counts the events of one class.
type looked struct {
	Since  time.Time          `json:"since"`
	Last   time.Time          `json:"last"`
	Fields [mostFields]uint64 `json:"fields"` // events that had a value to look at, by field
}

// mostClasses bounds what is counted apart: a taxonomy has some hundreds.
const mostClasses = 4096

func (w *Watch) count(p *plan, ev *event.Event) {
	l := w.counts[ev.Class.Key]
	if l == nil {
		if len(w.counts) >= mostClasses {
			return
		}
		l = &looked{Since: when(ev)}
		w.counts[ev.Class.Key] = l
	}
	if at := when(ev); at.After(l.Last) {
		l.Last = at
	}
	for i, shown := range w.shown {
		if shown {
			l.Fields[i]++
			w.total[i]++
		}
	}
}

func when(ev *event.Event) time.Time {
	if !ev.Observed.IsZero() {
		return ev.Observed
	}
	return ev.Time
}

// Proof is what the silence of a canary rests on.
type Proof struct {
	Since   time.Time // from when on it is watched
	Looked  uint64    // events since it was put in that could have shown it and did not or did
	Classes []string  // of which classes, by their keys
	Last    time.Time // when the last of them came
	Trips   int
	Allowed int       // touched by somebody who may
	Tripped time.Time // the last time
	Tested  time.Time // when a planted event was last found
}

// Proof says what the silence of a canary rests on; false when there is none of that id. Events count that had a value where it would have stood.
func (w *Watch) Proof(id string) (Proof, bool) {
	k := w.canaries[id]
	if k == nil {
		return Proof{}, false
	}
	p := Proof{Since: later(w.since, later(k.Made, k.Armed)), Trips: k.trips, Allowed: k.allowed, Tripped: k.last}
	if !slices.Contains(w.missed, id) && !w.tested.Before(k.Made) {
		p.Tested = w.tested
	}
	var own [mostFields]bool // fields of which an event has to have a value
	for _, m := range k.Marks {
		own[fieldIndex(m.Field)] = true
	}
	for i := range own {
		if own[i] && w.total[i] > k.base[i] {
			p.Looked += w.total[i] - k.base[i]
		}
	}
	for key, l := range w.counts {
		n := uint64(0)
		for i := range own {
			if own[i] {
				n += l.Fields[i]
			}
		}
		if n > 0 && !l.Last.Before(p.Since) {
			p.Classes = append(p.Classes, key)
			p.Last = later(p.Last, l.Last)
		}
	}
	slices.Sort(p.Classes)
	return p, true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Say is the proof in words, such as "no trip in 41 days, 3 million events looked at, last self-test 2 h ago".
func (p Proof) Say(now time.Time) string {
	said := "no trip in " + span(now.Sub(p.Since))
	if p.Trips > 0 {
		said = fmt.Sprintf("%d trips, the last one %s ago", p.Trips, span(now.Sub(p.Tripped)))
	}
	switch {
	case p.Looked == 0:
		said += ", but no event came that could have shown it"
	default:
		said += ", " + many(p.Looked) + " events looked at"
	}
	if p.Tested.IsZero() {
		return said + ", no self-test has found it yet"
	}
	return said + ", last self-test " + span(now.Sub(p.Tested)) + " ago"
}

func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return strconv.Itoa(int(d/(24*time.Hour))) + " days"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	}
	return strconv.Itoa(max(0, int(d/time.Minute))) + " min"
}

func many(n uint64) string {
	switch {
	case n >= 2_000_000:
		return strconv.FormatUint(n/1_000_000, 10) + " million"
	case n >= 10_000:
		return strconv.FormatUint(n/1000, 10) + " thousand"
	}
	return strconv.FormatUint(n, 10)
}

// SelfTest plants, for every canary, an event that shows it in each class that could, and looks for it as for any other; nothing of it is counted.
// It returns the ids of those that were not found: their silence proves nothing.
func (w *Watch) SelfTest(now time.Time) (missed []string) {
	for _, k := range w.canaries {
		for _, m := range k.Marks {
			if !w.foundIn(k, m) {
				missed = append(missed, k.ID)
				break
			}
		}
	}
	slices.Sort(missed)
	w.tested, w.missed = now, missed
	return missed
}

// foundIn tells whether a mark is found wherever it can stand in the classes that were seen; where none was, in one that names nothing.
func (w *Watch) foundIn(k *kept, m Mark) bool {
	found := false
	for class, p := range w.plans {
		for _, path := range p.paths[fieldIndex(m.Field)] {
			if !w.plant(class, p, path, k, m) {
				return false
			}
			found = true
		}
	}
	if found {
		return true
	}
	class := &event.Class{Entities: map[string][]string{"file": {"file"}}}
	p := newPlan(class)
	paths := p.paths[fieldIndex(m.Field)]
	return len(paths) > 0 && w.plant(class, p, paths[0], k, m)
}

// plant makes an event of the class with the mark at one path, and looks for it.
func (w *Watch) plant(class *event.Class, p *plan, path string, k *kept, m Mark) bool {
	var b event.Builder
	b.Reset()
	value := m.Value
	if m.Field == Address {
		host, port, _ := cutLast(value, ':')
		b.String("dst_port", port)
		b.String("dst_ip", host)
	} else {
		b.String(path, value)
	}
	ev := event.Event{Class: class}
	if b.Into(&ev, jsonl.DefaultLimits()) != nil {
		return false
	}
	w.find(p, &ev)
	return slices.ContainsFunc(w.hits, func(h hit) bool { return h.k == k })
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// state is what a Watch remembers over a restart.
type state struct {
	Version  int                `json:"version"`
	Since    time.Time          `json:"since"`
	Canaries []savedCanary      `json:"canaries"`
	Counts   map[string]*looked `json:"counts"`
	Tested   time.Time          `json:"tested,omitzero"`
	Missed   []string           `json:"missed,omitempty"`
}

type savedCanary struct {
	Canary
	Trips   int                `json:"trips,omitempty"`
	Allowed int                `json:"allowed,omitempty"`
	Last    time.Time          `json:"last,omitzero"`
	Base    [mostFields]uint64 `json:"base"`
}

// Save returns all that the watch knows.
func (w *Watch) Save() ([]byte, error) {
	s := state{Version: 1, Since: w.since, Counts: w.counts, Tested: w.tested, Missed: w.missed}
	for _, k := range w.canaries {
		s.Canaries = append(s.Canaries, savedCanary{k.Canary, k.trips, k.allowed, k.last, k.base})
	}
	slices.SortFunc(s.Canaries, func(a, b savedCanary) int { return cmp.Compare(a.ID, b.ID) })
	return json.Marshal(s)
}

// ErrState says that a state cannot be read.
var ErrState = errors.New("not what a watch of canaries saved: begin anew, and make the canaries known again")

// Restore returns the watch that Save saved.
func Restore(saved []byte) (*Watch, error) {
	var s state
	if err := json.Unmarshal(saved, &s); err != nil || s.Version != 1 || len(s.Counts) > mostClasses {
		return nil, ErrState
	}
	w := NewWatch(s.Since)
	w.tested, w.missed = s.Tested, s.Missed
	for key, l := range s.Counts {
		if l == nil {
			return nil, ErrState
		}
		w.counts[key] = l
		for i, n := range l.Fields {
			w.total[i] += n
		}
	}
	for _, c := range s.Canaries {
		if err := w.Put(c.Canary); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrState, err)
		}
		k := w.canaries[c.ID]
		k.trips, k.allowed, k.last, k.base = c.Trips, c.Allowed, c.Last, c.Base
	}
	return w, nil
}
