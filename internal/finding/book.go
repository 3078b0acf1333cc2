package finding

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/event"
)

// Book turns matches into findings: all matches of one rule on one host (or, where
// none is named, user or device) are one finding. A Book belongs to one goroutine; several
// are merged in the end, and the outcome does not depend on who saw what.
type Book struct {
	keep int // events kept for each finding; 0 keeps all
	open map[key]*Finding
}

type key struct{ rule, entity string }

const (
	maxOpen   = 50_000 // findings told apart by entity; further ones are told apart by rule only
	maxValue  = 256    // bytes shown of an entity
	maxPlaces = 100    // places noted of a finding: half of them the earliest, half the latest
)

// MaxEntities is how many values a finding lists of each kind of thing. One that lists so many may
// have to do with more.
const MaxEntities = 10

// NewBook returns an empty book that keeps at most so many events of each finding, or
// all when keep is 0.
func NewBook(keep int) *Book { return &Book{keep: keep, open: map[key]*Finding{}} }

// Add enters one matched event. The event is copied as far as it is kept.
func (b *Book) Add(kind Kind, rule *Rule, ev *event.Event) { b.AddAt(kind, rule, ev, nil) }

// AddAt is Add for an event that lies in a journal at a place.
func (b *Book) AddAt(kind Kind, rule *Rule, ev *event.Event, at *Place) {
	f := b.finding(kind, rule, about(ev))
	f.Count++
	f.spread(ev)
	if at != nil {
		f.Places = insertPlace(f.Places, *at)
	}
	b.keepEvent(f, ev, at)
}

// AddJoined enters events that make a finding together, such as a correlation's. entity tells
// the rule's findings apart.
func (b *Book) AddJoined(kind Kind, rule *Rule, entity string, members []Evidence) {
	f := b.finding(kind, rule, entity)
	f.Count += len(members)
	for _, m := range members {
		for kind, value := range m.Entities {
			f.name(kind, value)
		}
		f.at(m)
		if m.Place != nil {
			f.Places = insertPlace(f.Places, *m.Place)
		}
		f.insert(m, b.keep)
	}
}

// about is what the finding of an event is about: a host, or else a user or a device.
func about(ev *event.Event) string {
	for _, k := range []string{"host", "user", "device"} {
		if entity := entityOf(ev, k); entity != "" {
			return entity
		}
	}
	return ""
}

// IDOf is the id of the finding that a match of rule with ev belongs to.
func IDOf(rule *Rule, ev *event.Event) string { return keyOf(rule, about(ev)).id() }

func keyOf(rule *Rule, entity string) key {
	return key{rule.ID + "\x00" + rule.Source, strings.ToLower(entity)}
}

func (b *Book) finding(kind Kind, rule *Rule, entity string) *Finding {
	k := keyOf(rule, entity)
	if len(b.open) >= maxOpen {
		if _, ok := b.open[k]; !ok {
			k.entity = ""
		}
	}
	f := b.open[k]
	if f == nil {
		f = &Finding{ID: k.id(), Kind: kind, Rule: *rule, Entities: map[string][]string{}}
		b.open[k] = f
	}
	return f
}

func (k key) id() string {
	sum := sha256.Sum256([]byte(k.rule + "\x00" + k.entity))
	return hex.EncodeToString(sum[:12])
}

// spread widens the finding by what an event says of time and entities.
func (f *Finding) spread(ev *event.Event) {
	f.at(Evidence{Time: ev.Time})
	for kind := range ev.Class.Entities {
		for value := range entities(ev, kind) {
			f.name(kind, value)
		}
	}
}

// entitiesOf lists what the event names, one thing of each kind.
func entitiesOf(ev *event.Event) map[string]string {
	things := map[string]string{}
	for kind := range ev.Class.Entities {
		if value := entityOf(ev, kind); value != "" {
			things[kind] = value
		}
	}
	return things
}

func (f *Finding) at(e Evidence) {
	if e.Time.IsZero() {
		return
	}
	if f.First.IsZero() || e.Time.Before(f.First) {
		f.First = e.Time
	}
	if e.Time.After(f.Last) {
		f.Last = e.Time
	}
}

func (f *Finding) name(kind, value string) {
	if f.Entities == nil {
		f.Entities = map[string][]string{}
	}
	values := f.Entities[kind]
	at, found := slices.BinarySearch(values, value)
	if found || len(values) >= MaxEntities && at == len(values) {
		return
	}
	values = slices.Insert(values, at, value)
	f.Entities[kind] = values[:min(len(values), MaxEntities)]
}

func (b *Book) keepEvent(f *Finding, ev *event.Event, at *Place) {
	e := Evidence{Source: ev.Source, Record: ev.Record, Time: ev.Time, Place: at}
	if f.full(b.keep) && compareEvidence(e, f.Events[len(f.Events)-1]) >= 0 {
		return
	}
	e = NewEvidence(ev)
	if at != nil {
		e.Place = &Place{at.Entry, at.Line}
	}
	f.insert(e, b.keep)
}

func (f *Finding) full(keep int) bool { return keep > 0 && len(f.Events) >= keep }

// insert keeps the earliest events, in order.
func (f *Finding) insert(e Evidence, keep int) {
	at, found := slices.BinarySearchFunc(f.Events, e, compareEvidence)
	if found || f.full(keep) && at == len(f.Events) {
		return
	}
	if f.full(keep) {
		f.Events = f.Events[:len(f.Events)-1]
	}
	f.Events = slices.Insert(f.Events, at, e)
}

func compareEvidence(a, b Evidence) int {
	return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Source, b.Source), cmp.Compare(a.Record, b.Record), comparePlaces(a.Place, b.Place))
}

func comparePlaces(a, b *Place) int {
	if a == nil || b == nil {
		return 0
	}
	return a.Compare(*b)
}

// Compare orders places as the journal does.
func (p Place) Compare(other Place) int {
	return cmp.Or(cmp.Compare(p.Entry, other.Entry), cmp.Compare(p.Line, other.Line))
}

// insertPlace notes a place. When there are too many, one from the middle goes, so that those noted do not
// depend on the order in which they came.
func insertPlace(places []Place, p Place) []Place {
	at, found := slices.BinarySearchFunc(places, p, Place.Compare)
	if found {
		return places
	}
	places = slices.Insert(places, at, p)
	if len(places) > maxPlaces {
		places = slices.Delete(places, maxPlaces/2, maxPlaces/2+1)
	}
	return places
}

// Merge adds all that stands in other, which must not be used any more.
func (b *Book) Merge(other *Book) {
	for k, f := range other.open {
		if mine := b.open[k]; mine != nil {
			mine.Absorb(f, b.keep)
		} else {
			b.open[k] = f
		}
	}
}

// Absorb adds what other says to f: both are about the same thing. The earliest keep events stay, or all when
// keep is 0. The outcome does not depend on the order in which findings are absorbed.
func (f *Finding) Absorb(other *Finding, keep int) {
	f.Count += other.Count
	for kind, values := range other.Entities {
		for _, v := range values {
			f.name(kind, v)
		}
	}
	f.at(Evidence{Time: other.First})
	f.at(Evidence{Time: other.Last})
	for _, e := range other.Events {
		f.insert(e, keep)
	}
	for _, p := range other.Places {
		f.Places = insertPlace(f.Places, p)
	}
}

// Findings lists what stands in the book, the worst first, then the earliest.
func (b *Book) Findings() []Finding {
	all := make([]Finding, 0, len(b.open))
	for _, f := range b.open {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(Rank(y.Rule.Level), Rank(x.Rule.Level)), x.First.Compare(y.First),
			strings.Compare(x.Rule.Title, y.Rule.Title), strings.Compare(x.ID, y.ID))
	})
	return all
}

// Rank orders levels: 5 critical, 4 high, 3 medium, 2 low, 1 informational, 0 none of these.
func Rank(level string) int {
	return slices.Index([]string{"informational", "low", "medium", "high", "critical"}, level) + 1
}

// entityOf returns the first thing of a kind that the event names.
func entityOf(ev *event.Event, kind string) string {
	for value := range entities(ev, kind) {
		return value
	}
	return ""
}

// entities yields what the event names as things of that kind, all by the most telling of its
// fields, each cut to a length that can be shown.
func entities(ev *event.Event, kind string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, field := range ev.Class.Entities[kind] {
			found := false
			for text := range ev.Values(field) {
				if len(text) == 0 || string(text) == "-" || string(text) == "null" {
					continue
				}
				found = true
				if !yield(strings.ToValidUTF8(string(text[:min(len(text), maxValue)]), "")) {
					return
				}
			}
			if found {
				return
			}
		}
	}
}
