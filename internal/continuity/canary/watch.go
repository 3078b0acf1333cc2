package canary

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/event"
)

// Watch holds the canaries of a house and is shown its events. What an event costs hangs on how long it is and not on how many canaries
// there are: its values at a few dozen known places are looked up in a table. It belongs to one goroutine.
type Watch struct {
	since    time.Time
	canaries map[string]*kept
	marks    [mostFields]map[string][]*kept // by field and folded value
	plans    map[*event.Class]*plan
	counts   map[string]*looked // by the key of a class
	total    [mostFields]uint64 // of counts, by field
	tested   time.Time          // when every canary was last found by a test
	missed   []string           // which the last test did not find

	buf   []byte // of a value being folded
	text  []byte // of a value being unescaped
	host  []byte // of the address being looked up
	port  []byte
	hits  []hit // of the event being looked at
	shown [mostFields]bool
}

// kept is a canary and what happened to it.
type kept struct {
	Canary
	trips   int
	last    time.Time          // of trips
	allowed int                // touched by somebody who may
	base    [mostFields]uint64 // what had been looked at before it was put in
}

type hit struct {
	k     *kept
	field int
}

// Trip is a canary that was touched.
type Trip struct {
	Canary string      `json:"canary"`
	Kind   Kind        `json:"kind"`
	Where  string      `json:"where"`
	Field  Field       `json:"field"` // that showed it
	Act    Act         `json:"act"`
	Level  sigma.Level `json:"level"`
	At     time.Time   `json:"at"`
	Event  event.ID    `json:"event"`
	User   string      `json:"user,omitempty"` // who, as far as the event says
	From   string      `json:"from,omitempty"` // address
	Host   string      `json:"host,omitempty"` // machine, device or system
	// Ruled says that the event becomes a finding without anybody's doing: whoever files trips leaves it alone, so that one cause stays one finding.
	Ruled bool `json:"ruled,omitempty"`
}

// NewWatch returns a watch without canaries that begins to count at a time.
func NewWatch(since time.Time) *Watch {
	return &Watch{since: since, canaries: map[string]*kept{}, plans: map[*event.Class]*plan{}, counts: map[string]*looked{}}
}

// Put adds a canary, or replaces the one with its id and keeps what is known of that.
func (w *Watch) Put(c Canary) error {
	if err := c.Check(); err != nil {
		return err
	}
	c.Marks, c.Allow = slices.Clone(c.Marks), slices.Clone(c.Allow)
	k := &kept{Canary: c, base: w.total}
	if old := w.canaries[c.ID]; old != nil {
		k.trips, k.last, k.allowed, k.base = old.trips, old.last, old.allowed, old.base
		w.Remove(c.ID)
	}
	w.canaries[c.ID] = k
	for _, m := range c.Marks {
		i := fieldIndex(m.Field)
		if w.marks[i] == nil {
			w.marks[i] = map[string][]*kept{}
		}
		value := fold(m.Field, m.Value)
		w.marks[i][value] = append(w.marks[i][value], k)
	}
	return nil
}

// Remove forgets a canary.
func (w *Watch) Remove(id string) {
	k := w.canaries[id]
	if k == nil {
		return
	}
	delete(w.canaries, id)
	for _, m := range k.Marks {
		table, value := w.marks[fieldIndex(m.Field)], fold(m.Field, m.Value)
		if table[value] = slices.DeleteFunc(table[value], func(other *kept) bool { return other == k }); len(table[value]) == 0 {
			delete(table, value)
		}
	}
}

// Len is how many canaries there are.
func (w *Watch) Len() int { return len(w.canaries) }

// Marks are what shows a canary; nil when there is none of that id.
func (w *Watch) Marks(id string) []Mark {
	if k := w.canaries[id]; k != nil {
		return slices.Clone(k.Marks)
	}
	return nil
}

// All lists the canaries by id.
func (w *Watch) All() []Canary {
	all := make([]Canary, 0, len(w.canaries))
	for _, k := range w.canaries {
		all = append(all, k.Canary)
	}
	slices.SortFunc(all, func(a, b Canary) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Look appends to dst the canaries that an event touched, each once. Trips of those who may are counted and not returned.
func (w *Watch) Look(ev *event.Event, dst []Trip) []Trip {
	p := w.planOf(ev.Class)
	w.find(p, ev)
	w.count(p, ev)
	if isWatcher(ev.Class) {
		w.hits = w.hits[:0]
		if k := w.canaries[first(ev, []string{"canary"})]; k != nil { // it says itself which
			w.hits = append(w.hits, hit{k, fieldName})
		}
	}
	if len(w.hits) == 0 {
		return dst
	}
	for _, h := range w.hits {
		if t, ok := w.trip(h, ev); ok {
			dst = append(dst, t)
		}
	}
	return dst
}

func (w *Watch) planOf(c *event.Class) *plan {
	p := w.plans[c]
	if p == nil {
		p = newPlan(c)
		w.plans[c] = p
	}
	return p
}

// find sets w.hits to the canaries that ev shows, and w.shown to the fields of which it has a value.
func (w *Watch) find(p *plan, ev *event.Event) {
	w.hits, w.shown = w.hits[:0], [mostFields]bool{}
	w.host, w.port = w.host[:0], w.port[:0]
	values := ev.Index.Values
	for i := range values {
		v := &values[i]
		if v.Kind != jsonl.String && v.Kind != jsonl.Number {
			continue
		}
		for _, at := range p.at[v.Hash] {
			if ev.Index.At(ev.Fields, i, at.path) {
				w.value(at, ev.Index.Text(ev.Fields, i, w.text))
			}
		}
	}
	if len(w.host) > 0 && len(w.port) > 0 {
		w.buf = append(append(append(w.buf[:0], w.host...), ':'), w.port...)
		w.shown[fieldAddress] = true
		w.hit(fieldAddress)
	}
}

// value looks at one value.
func (w *Watch) value(at place, text []byte) {
	switch {
	case at.field == fieldSecret:
		w.shown[at.field] = true
		if len(w.marks[fieldSecret]) > 0 {
			pieces(text[:min(len(text), longestURL)], func(piece []byte) {
				w.buf = appendFolded(w.buf[:0], fieldSecret, piece)
				w.hit(fieldSecret)
			})
		}
	case len(text) > longest:
	case at.part == 1 && len(w.host) == 0:
		w.host = appendFolded(w.host, fieldAddress, text)
	case at.part == 2 && len(w.port) == 0:
		w.port = append(w.port, text...)
	case at.part == 0:
		w.shown[at.field] = true
		w.buf = appendFolded(w.buf[:0], at.field, text)
		w.hit(at.field)
	}
}

// hit notes the canaries that the value in w.buf is a mark of.
func (w *Watch) hit(field int) {
	for _, k := range w.marks[field][string(w.buf)] {
		if !slices.ContainsFunc(w.hits, func(h hit) bool { return h.k == k }) {
			w.hits = append(w.hits, hit{k, field})
		}
	}
}

// trip says what the event did to a canary; false when that is no trip.
func (w *Watch) trip(h hit, ev *event.Event) (Trip, bool) {
	at := ev.Time
	if at.IsZero() {
		at = ev.Observed
	}
	act := actOf(h.k.Kind, ev)
	if act == "" || at.Before(h.k.Armed) || at.Before(h.k.Made) {
		return Trip{}, false
	}
	t := Trip{
		Canary: h.k.ID, Kind: h.k.Kind, Where: h.k.Where, Field: fields()[h.field], Act: act, Level: Severity(h.k.Kind, act), At: at, Event: ev.ID,
		User: first(ev, append([]string{"access.user"}, ev.Class.Entities["user"]...)),
		From: first(ev, append([]string{"access.origin_ip"}, ev.Class.Entities["ip"]...)),
		Host: first(ev, slices.Concat([]string{"access.workstation", "access.ae_title"}, ev.Class.Entities["host"], ev.Class.Entities["device"])),
	}
	if h.k.Kind == Account && strings.EqualFold(fold(Login, t.User), fold(Login, h.k.Marks[0].Value)) {
		t.User = "" // the decoy itself: who used it is not known
	}
	t.Ruled = ruled(h.k.Kind, act, ev)
	if h.k.Allows(at, t.User, t.From, t.Host) {
		h.k.allowed++
		return Trip{}, false
	}
	h.k.trips++
	if at.After(h.k.last) {
		h.k.last = at
	}
	return t, true
}

// ruled tells whether somebody else already makes a finding of it: the rule for what canary watchers send, or the privacy room, which
// judges who opens a patient's record.
func ruled(k Kind, a Act, ev *event.Event) bool {
	if isWatcher(ev.Class) {
		return true
	}
	return k == Patient && a != Listed && a != Seen && first(ev, []string{"access.user"}) != ""
}

// isWatcher tells the events of our own watchers.
func isWatcher(c *event.Class) bool { return c.Product == "wardline" && c.Service == "canary" }
