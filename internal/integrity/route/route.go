// Package route compares what a message says at two points of its way: where a laboratory sends it, and where the record takes it in. What an
// interface engine between them does every day is learned; a value that means something else behind it is told at once.
//
// It compares statements, not bytes, because engines rewrite messages: a result, an order, a drug, an allergy, a diagnosis, each with the fields
// that a clinician would act on. These fields are never learned. If an engine translates them, a person has to type the translation in (Map), so
// that nobody can teach Wardline a falsification by repeating it.
//
// A Route is pure: it reads no clock, and what it is told of in the same order gives the same outcomes. So it can be brought back
// by telling it again what lies in the journal. Package documentation of hl7 has the standard that the clauses are of (HL7 v2.5.1).
package route

import (
	"slices"
	"time"

	"github.com/wardline/wardline/format/hl7"
)

// Point is one of the two places where messages are heard.
type Point uint8

// The points, in the order in which a message passes them.
const (
	Before Point = iota
	After
)

// Config says how a route is judged. What is zero has the default that stands beside it.
type Config struct {
	// Learn is how long the ways of the engine are learned after the first message: 14 days.
	Learn time.Duration
	// Patience is how long a message may be on its way before it counts as lost: 10 minutes.
	Patience time.Duration
	// Grace is how long something may be heard behind before it was heard in front, since two points are recorded apart: 20 seconds.
	Grace time.Duration
	// Keep is how long a message is remembered that may still arrive: 24 hours.
	Keep time.Duration
	// Bytes is how much is remembered of messages: 64 MiB. What is forgotten by it is not judged any more.
	Bytes int
	// Maps are the translations of clinical fields that a person has typed in.
	Maps []Map
	// Secret keeps what is learned of values from being guessed.
	Secret []byte
}

// Map is a translation of a clinical field that the engine is known to make.
type Map struct {
	Field string `yaml:"field" json:"field"` // OBX-3, or a component of it: OBX-3.1
	From  string `yaml:"from" json:"from"`
	To    string `yaml:"to" json:"to"`
}

// Kind says in which way two points differ.
type Kind string

// The kinds of outcomes.
const (
	Altered   Kind = "altered"   // a clinical field says something else behind
	Inserted  Kind = "inserted"  // a message says something behind that it did not say in front
	Removed   Kind = "removed"   // a message arrived without something that it said in front
	Unheard   Kind = "unheard"   // a message came out that never went in
	Lost      Kind = "lost"      // a message went in that never came out
	Rewritten Kind = "rewritten" // another field changes in a way that was not learned
)

// Outcome is one difference between the points.
type Outcome struct {
	Kind      Kind
	At        time.Time // when the later of the two was heard
	Before    string    // id of the message in front; empty if there is none
	After     string    // id of the message behind
	Statement string    // what it is about, without patient and value: OBX 2823-3
	Patient   string    // PID-3 of the message behind, or else of that in front, its first repetition; patient data
	Changes   []Change  // what the fields say; patient data
}

// Change is one field that differs.
type Change struct {
	Field    string // OBX-5, or OBX-3.2 for a component
	Before   string
	After    string
	Clinical bool
}

// Counts is what a route has done. Of the messages behind, Paired + Unpaired + Forgotten = After, once none waits.
type Counts struct {
	Before    int64 `json:"before"`    // messages heard in front
	After     int64 `json:"after"`     // messages heard behind
	Paired    int64 `json:"paired"`    // behind, with their message in front
	Unpaired  int64 `json:"unpaired"`  // behind, that nobody said in front
	Forgotten int64 `json:"forgotten"` // behind, too old to be compared
	Alike     int64 `json:"alike"`     // statements that say the same
	Differing int64 `json:"differing"` // statements that do not
}

// Route compares two points. It is used by one goroutine at a time.
type Route struct {
	cfg    Config
	began  time.Time // first message
	counts Counts
	habits habits
	maps   map[Map]bool

	inFront   []*message // in the order heard, until Keep
	bytes     int
	byControl map[string]*message
	byKey     map[key][]said // by key, and by key without patient
	horizon   time.Time      // what was heard in front before is forgotten

	waiting []*message            // heard behind, not yet found in front
	sought  map[string][]*message // of those, by control id
	wanted  map[key][]*message    // and by what they say
	pending []*message            // heard in front, of which something may still come out
	passed  time.Time             // when the latest of those that came out was heard in front
	looked  time.Time             // when it was looked for what is overdue
}

// said is a statement of a message in front.
type said struct {
	m *message
	i int
}

// New returns a Route that has heard nothing.
func New(cfg Config) *Route {
	def := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	def(&cfg.Learn, 14*24*time.Hour)
	def(&cfg.Patience, 10*time.Minute)
	def(&cfg.Grace, 20*time.Second)
	def(&cfg.Keep, 24*time.Hour)
	if cfg.Bytes == 0 {
		cfg.Bytes = 64 << 20
	}
	r := &Route{cfg: cfg, habits: habits{secret: cfg.Secret}, maps: map[Map]bool{}, byControl: map[string]*message{}, byKey: map[key][]said{}, sought: map[string][]*message{}, wanted: map[key][]*message{}}
	for _, m := range cfg.Maps {
		r.maps[m] = true
	}
	return r
}

// Counts says what the route has done.
func (r *Route) Counts() Counts { return r.counts }

// Learning tells whether the ways of the engine are still being learned.
func (r *Route) Learning(now time.Time) bool {
	return r.began.IsZero() || now.Before(r.began.Add(r.cfg.Learn))
}

// Until is when learning ends; zero before the first message.
func (r *Route) Until() time.Time {
	if r.began.IsZero() {
		return time.Time{}
	}
	return r.began.Add(r.cfg.Learn)
}

// Hear takes a message that was heard at a point, and returns what can be said at once. id names it for the caller, and m is not kept.
// at never goes back by more than Grace.
func (r *Route) Hear(p Point, m *hl7.Message, id string, at time.Time) []Outcome {
	if r.began.IsZero() {
		r.began = at
	}
	r.habits.over = !r.Learning(at)
	msg := read(m, id, at)
	if p == Before {
		r.counts.Before++
		r.keep(msg)
		return r.catchUp(msg)
	}
	r.counts.After++
	if out, found := r.pair(msg, false); found {
		return out
	}
	r.await(msg)
	return nil
}

// Tick returns what can be said because time has passed.
func (r *Route) Tick(now time.Time) []Outcome {
	var out []Outcome
	for len(r.waiting) > 0 && (len(r.waiting) > mostWaiting || !now.Before(r.waiting[0].at.Add(r.cfg.Grace))) {
		m := r.waiting[0]
		r.waiting = r.waiting[1:]
		if m.caught {
			continue
		}
		r.unawait(m)
		found, ok := r.pair(m, true)
		if !ok {
			found = r.unpaired(m)
		}
		out = append(out, found...)
	}
	if now.Sub(r.looked) >= time.Second {
		r.looked = now
		out = append(out, r.overdue(now)...)
	}
	for len(r.inFront) > 0 && (r.bytes > r.cfg.Bytes || now.After(r.inFront[0].at.Add(r.cfg.Keep))) {
		r.forget()
	}
	return out
}

// keep remembers a message in front.
func (r *Route) keep(m *message) {
	for i := range m.statements {
		s := &m.statements[i]
		for _, twin := range r.byKey[s.key] { // sent again: one of the two may be all that arrives
			t := &twin.m.statements[twin.i]
			if t.arrived && r.sameContent(twin.m, t, m, s) {
				s.arrived = true
			}
		}
		r.list(s.key, said{m, i})
		if loose := s.anyPatient(); loose != s.key && loose.order != "" {
			r.list(loose, said{m, i})
		}
	}
	if m.control != "" {
		r.byControl[m.control] = m
	}
	r.inFront = append(r.inFront, m)
	r.pending = append(r.pending, m)
	r.bytes += m.size
}

// forget drops the oldest message in front.
func (r *Route) forget() {
	m := r.inFront[0]
	r.inFront[0] = nil
	r.inFront = r.inFront[1:]
	r.bytes -= m.size
	r.horizon = m.at
	if len(r.pending) > 0 && r.pending[0] == m { // so long that nobody can tell any more
		r.pending[0] = nil
		r.pending = r.pending[1:]
	}
	if r.byControl[m.control] == m {
		delete(r.byControl, m.control)
	}
	for i := range m.statements {
		k := m.statements[i].key
		for _, k := range []key{k, k.anyPatient()} {
			left := slices.DeleteFunc(r.byKey[k], func(s said) bool { return s.m == m })
			if r.byKey[k] = left; len(left) == 0 {
				delete(r.byKey, k)
			}
		}
	}
}

// How much is looked through for one message. A sender that says the same thing over and over, or very many things that nobody said in front, costs a
// route no more than another.
const (
	mostAlike   = 64     // statements in front with one key, the latest
	mostWaiting = 20_000 // messages behind; the oldest is judged before its time when there are more
)

// list enters a statement in front under a key.
func (r *Route) list(k key, s said) {
	all := append(r.byKey[k], s)
	if len(all) > mostAlike {
		all = slices.Delete(all, 0, 1)
	}
	r.byKey[k] = all
}

// await keeps a message behind until it is known whether it was said in front.
func (r *Route) await(m *message) {
	r.waiting = append(r.waiting, m)
	if m.control != "" && len(r.sought[m.control]) < mostAlike {
		r.sought[m.control] = append(r.sought[m.control], m)
	}
	for i := range m.statements {
		if k := m.statements[i].key; len(r.wanted[k]) < mostAlike {
			r.wanted[k] = append(r.wanted[k], m)
		}
	}
}

// unawait forgets under what a message behind is looked for.
func (r *Route) unawait(m *message) {
	strike(r.sought, m.control, m)
	for i := range m.statements {
		strike(r.wanted, m.statements[i].key, m)
	}
}

func strike[K comparable](of map[K][]*message, k K, m *message) {
	left := slices.DeleteFunc(of[k], func(o *message) bool { return o == m })
	if of[k] = left; len(left) == 0 {
		delete(of, k)
	}
}

// catchUp looks whether a message was heard behind before it was heard in front.
func (r *Route) catchUp(m *message) []Outcome {
	likely := slices.Clone(r.sought[m.control])
	for i := range m.statements {
		likely = append(likely, r.wanted[m.statements[i].key]...)
	}
	for _, w := range likely {
		if w.caught || (m.control == "" || w.control != m.control) && !r.allSaid(w) {
			continue
		}
		if out, found := r.pair(w, false); found {
			w.caught = true
			r.unawait(w)
			return out
		}
	}
	return nil
}

// overdue tells what went in and did not come out, though something that went in later came out Patience ago. So a line that stands still, or
// that works off what piled up, loses nothing.
func (r *Route) overdue(now time.Time) []Outcome {
	var out []Outcome
	left := r.pending[:0]
	for i, m := range r.pending {
		if m.complete() {
			r.habits.arrival(m.origin, "").arrive()
			continue
		}
		if !r.passed.After(m.at) {
			left = append(left, r.pending[i:]...)
			break
		}
		if m.overtaken.IsZero() {
			m.overtaken = now
		}
		if now.Before(m.overtaken.Add(r.cfg.Patience)) {
			left = append(left, m)
			continue
		}
		out = append(out, r.missing(m, now)...)
	}
	clear(r.pending[len(left):])
	r.pending = left
	return out
}

// Open is when the oldest message in front was heard of which something may still come out; zero when there is none.
func (r *Route) Open() time.Time {
	if len(r.pending) == 0 {
		return time.Time{}
	}
	return r.pending[0].at
}
