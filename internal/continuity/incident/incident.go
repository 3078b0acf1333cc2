// Package incident gathers what goes wrong into incidents, one for each cause.
//
// One broken thing is heard of many times: its channel loses the connection, its feed falls silent an hour later, three others with it. Whoever is called for each of
// these looks for four causes. A Fact is one of them, with marks of what it is about: systems, services, components. It joins the open incident with which it has a mark
// in common and that it can have come with; and Blame joins those that one component explains.
//
//	fact ─► Take ──► incident ◄── Blame (what rests on what)
//	                    │
//	              Due ──┴─► told: at once when somebody said so, or when two kinds of signs agree; what is only missed waits for a second look
//
// The package reads no clock and writes nothing: times come with each call. Source of the second look and of five minutes: the false-alarm budget of clinical feeds, which
// allows a false call a month where harm comes within the hour.
package incident

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Fact is something that goes wrong.
type Fact struct {
	Key    string    `json:"key"`    // the same trouble of the same thing has the same
	Signal string    `json:"signal"` // how it is known, such as silence: facts of two kinds of signals are no chance
	Missed bool      `json:"missed,omitempty"`
	Marks  []string  `json:"marks,omitempty"`
	Since  time.Time `json:"since"` // since when it is so, as far as is known; of what is missed the last time that it was there
	At     time.Time `json:"at"`    // when it was found
	Over   time.Time `json:"over,omitzero"`
	// Wait is for how long what is Missed is watched before it is told, when nothing else speaks for it.
	Wait time.Duration `json:"wait,omitempty"`
	// Lasts is after which time it counts as over, since nobody says so; 0 when somebody does.
	Lasts time.Duration `json:"lasts,omitempty"`

	Kind  string `json:"kind"`  // and the rest is the caller's
	Class string `json:"class"` //
	About string `json:"about"`
	Name  string `json:"name"`
	Says  string `json:"says"`

	Entities []string `json:"entities,omitempty"` // kind and name of machines, accounts, addresses
	Findings []string `json:"findings,omitempty"` // that it rests on
}

// Incident is what one cause does.
type Incident struct {
	ID     string    `json:"id"` // 24 hexadecimal digits
	Opened time.Time `json:"opened"`
	Told   time.Time `json:"told,omitzero"` // to people; zero while it is only watched
	Ended  time.Time `json:"ended,omitzero"`
	Cause  string    `json:"cause,omitempty"` // the component that surely explains it; empty when none does
	Name   string    `json:"name,omitempty"`  // of Cause
	Into   string    `json:"into,omitempty"`  // the incident that it turned out to be a part of
	Facts  []Fact    `json:"facts"`           // as they were found
	Lost   int       `json:"lost,omitempty"`  // facts beyond mostFacts

	fresh   []int // facts of which nobody was told
	grown   bool  // a cause was found since it was told
	changed bool
}

// Bounds.
const (
	slack     = 5 * time.Minute // between what breaks together
	apart     = 6 * time.Hour   // between two troubles of one thing that are not one
	again     = 30 * time.Minute
	mostOpen  = 500
	mostFacts = 200
)

// Book keeps the incidents that go on, and for half an hour those that ended. It belongs to one goroutine.
type Book struct {
	all     []*Incident // as they were opened
	Crowded int         // facts that found no room: more incidents than mostOpen
}

// Open returns the incidents that go on, as they were opened. They are the Book's.
func (b *Book) Open() []*Incident {
	return slices.DeleteFunc(slices.Clone(b.all), func(i *Incident) bool { return !i.Ended.IsZero() })
}

// Restore takes up an incident that was kept. What had been told of it is not told again.
func (b *Book) Restore(i *Incident) {
	b.all = append(b.all, i)
	slices.SortStableFunc(b.all, func(x, y *Incident) int { return x.Opened.Compare(y.Opened) })
	if i.Told.IsZero() {
		for n := range i.Facts {
			i.fresh = append(i.fresh, n)
		}
	}
}

// Changed returns what has to be kept since the last call, and forgets what ended long before now.
func (b *Book) Changed(now time.Time) []*Incident {
	var out []*Incident
	for _, i := range b.all {
		if i.changed {
			out = append(out, i)
		}
		i.changed = false
	}
	b.all = slices.DeleteFunc(b.all, func(i *Incident) bool { return !i.Ended.IsZero() && now.Sub(i.Ended) > again })
	return out
}

// Take puts a fact, or the end of one, where it belongs. It returns nil for the end of what nobody knew of, and when there is no room.
func (b *Book) Take(f Fact) *Incident {
	if !f.Over.IsZero() {
		return b.over(&f)
	}
	into := b.same(f.Key, f.At)
	for _, i := range b.all {
		if i.Ended.IsZero() && i != into && i.near(&f) {
			if into == nil {
				into = i
			} else {
				into = b.Merge(into, i)
			}
		}
	}
	if into == nil {
		if len(b.all) >= mostOpen {
			b.Crowded++
			return nil
		}
		sum := sha256.Sum256([]byte("incident\x00" + f.Key + "\x00" + f.Since.UTC().Format("2006-01-02T15:04")))
		into = &Incident{ID: hex.EncodeToString(sum[:12]), Opened: f.At}
		b.all = append(b.all, into)
	}
	into.add(f)
	return into
}

// same is the incident in which a fact stood already, and goes on or was over not long ago.
func (b *Book) same(key string, at time.Time) *Incident {
	for _, i := range b.all {
		if i.Into == "" && (i.Ended.IsZero() || at.Sub(i.Ended) <= again) && slices.ContainsFunc(i.Facts, func(f Fact) bool { return f.Key == key }) {
			i.Ended, i.changed = time.Time{}, true
			return i
		}
	}
	return nil
}

func (b *Book) over(f *Fact) *Incident {
	for _, i := range b.all {
		for n := range i.Facts {
			if is := &i.Facts[n]; is.Key == f.Key && is.Over.IsZero() {
				is.Over = f.Over
				i.settle(f.Over)
				return i
			}
		}
	}
	return nil
}

// settle ends an incident when all that it is made of is over.
func (i *Incident) settle(at time.Time) {
	i.changed = true
	if !slices.ContainsFunc(i.Facts, func(f Fact) bool { return f.Over.IsZero() }) {
		i.Ended = at
	}
}

func (i *Incident) add(f Fact) {
	i.changed = true
	at := slices.IndexFunc(i.Facts, func(old Fact) bool { return old.Key == f.Key && old.Over.IsZero() && f.Over.IsZero() })
	switch {
	case at >= 0: // it is said again, or says more
		f.Since, f.Marks = earlier(i.Facts[at].Since, f.Since), union(i.Facts[at].Marks, f.Marks)
		i.Facts[at] = f
	case len(i.Facts) >= mostFacts:
		i.Lost++
		return
	default:
		at = len(i.Facts)
		i.Facts = append(i.Facts, f)
	}
	if !slices.Contains(i.fresh, at) {
		i.fresh = append(i.fresh, at)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// near tells whether a fact can have the cause of the incident: it is about the same, and it can have begun with it. What is missed was there last before the rest
// was found; what somebody says may come some hours later, for what is broken breaks more.
func (i *Incident) near(f *Fact) bool {
	if !i.shares(f) {
		return false
	}
	if f.Missed {
		return !f.Since.After(i.Opened.Add(slack))
	}
	return f.At.Sub(i.latest()) <= apart
}

func (i *Incident) shares(f *Fact) bool {
	return slices.ContainsFunc(i.Facts, func(old Fact) bool {
		return old.Key == f.Key || slices.ContainsFunc(old.Marks, func(m string) bool { return slices.Contains(f.Marks, m) })
	})
}

// latest is when something was last found of it.
func (i *Incident) latest() time.Time {
	return slices.MaxFunc(i.Facts, func(a, b Fact) int { return a.At.Compare(b.At) }).At
}

// Blame says that one component explains those of the open facts that have these keys, which are too many for chance. What broke at another time is left out. The
// incidents that are explained are one from then on, the oldest. It returns nil when fewer than two facts are left.
func (b *Book) Blame(cause, name string, keys []string) *Incident {
	type member struct {
		i *Incident
		f *Fact
	}
	var all []member
	for _, i := range b.Open() {
		for n := range i.Facts {
			if f := &i.Facts[n]; f.Over.IsZero() && slices.Contains(keys, f.Key) {
				all = append(all, member{i, f})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y member) int { return x.f.At.Compare(y.f.At) })
	all = slices.DeleteFunc(all, func(m member) bool { return m.f.Since.After(all[0].f.At.Add(slack)) })
	if len(all) < 2 {
		return nil
	}
	into := all[0].i
	for _, m := range all[1:] {
		into = b.Merge(into, m.i)
	}
	if into.Cause != cause {
		into.Cause, into.Name, into.changed, into.grown = cause, name, true, true
	}
	return into
}

// Merge makes two open incidents one, the older, and returns it.
func (b *Book) Merge(x, y *Incident) *Incident {
	if x == y {
		return x
	}
	if slices.Index(b.all, y) < slices.Index(b.all, x) {
		x, y = y, x
	}
	for _, f := range y.Facts {
		x.add(f) // also what was told of the other: it is news of this one
	}
	if x.Cause == "" {
		x.Cause, x.Name = y.Cause, y.Name
	}
	x.Told, x.Lost = cmp.Or(x.Told, y.Told), x.Lost+y.Lost
	y.Into, y.Ended, y.fresh, y.changed = x.ID, y.latest(), nil, true
	return x
}

// Look has what was missed and not told be looked at again later, when it was there since: spoke is when it was there last.
func (b *Book) Look(spoke func(*Fact) time.Time) {
	for _, i := range b.Open() {
		for n := range i.Facts {
			f := &i.Facts[n]
			if !i.Told.IsZero() || !f.Missed || !f.Over.IsZero() {
				continue
			}
			if at := spoke(f); at.After(f.At) {
				f.At, i.changed = at, true
			}
		}
	}
}

// Due are the incidents of which people are to be told now, or something more, with what is new in each. What is returned counts as told.
func (b *Book) Due(now time.Time) (out []*Incident, news [][]Fact) {
	for _, i := range b.all {
		i.age(now)
		if i.Into != "" || len(i.fresh) == 0 && !i.grown || i.Told.IsZero() && !i.due(now) {
			continue
		}
		var fresh []Fact
		for _, n := range i.fresh {
			fresh = append(fresh, i.Facts[n])
		}
		i.Told = cmp.Or(i.Told, now)
		i.fresh, i.grown, i.changed = nil, false, true
		out, news = append(out, i), append(news, fresh)
	}
	return out, news
}

// age ends the facts of which nobody says when they are over.
func (i *Incident) age(now time.Time) {
	if !i.Ended.IsZero() {
		return
	}
	for n := range i.Facts {
		if f := &i.Facts[n]; f.Over.IsZero() && f.Lasts > 0 && now.Sub(f.At) >= f.Lasts {
			f.Over = f.At.Add(f.Lasts)
			i.settle(now)
		}
	}
}

// due tells whether a lone look is enough.
func (i *Incident) due(now time.Time) bool {
	if !i.Ended.IsZero() {
		return false // it was over before anybody had to know
	}
	signals := map[string]bool{}
	for n := range i.Facts {
		f := &i.Facts[n]
		signals[f.Signal] = true
		if f.Over.IsZero() && (!f.Missed || now.Sub(f.At) >= f.Wait) {
			return true
		}
	}
	return i.Cause != "" || len(signals) > 1
}

// Has tells whether a fact of that kind goes on in it.
func (i *Incident) Has(kind string) bool {
	return slices.ContainsFunc(i.Facts, func(f Fact) bool { return f.Kind == kind && f.Over.IsZero() })
}

// Names are what it is about, each once, as they were found.
func (i *Incident) Names() []string {
	var out []string
	for _, f := range i.Facts {
		if !slices.Contains(out, f.Name) && strings.TrimSpace(f.Name) != "" {
			out = append(out, f.Name)
		}
	}
	return out
}
