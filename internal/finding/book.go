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
	maxOpen     = 50_000 // findings told apart by entity; further ones are told apart by rule only
	maxEntities = 10     // values listed of each kind
	maxValue    = 256    // bytes shown of an entity
)

// NewBook returns an empty book that keeps at most so many events of each finding, or
// all when keep is 0.
func NewBook(keep int) *Book { return &Book{keep: keep, open: map[key]*Finding{}} }

// Add enters one matched event. The event is copied as far as it is kept.
func (b *Book) Add(kind Kind, rule *Rule, ev *event.Event) {
	entity := ""
	for _, k := range []string{"host", "user", "device"} {
		if entity = entityOf(ev, k); entity != "" {
			break
		}
	}
	f := b.finding(kind, rule, entity)
	f.Count++
	f.spread(ev)
	b.keepEvent(f, ev)
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
		b.insert(f, m)
	}
}

func (b *Book) finding(kind Kind, rule *Rule, entity string) *Finding {
	k := key{rule.ID + "\x00" + rule.Source, strings.ToLower(entity)}
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
	values := f.Entities[kind]
	at, found := slices.BinarySearch(values, value)
	if found || len(values) >= maxEntities && at == len(values) {
		return
	}
	values = slices.Insert(values, at, value)
	f.Entities[kind] = values[:min(len(values), maxEntities)]
}

func (b *Book) keepEvent(f *Finding, ev *event.Event) {
	e := Evidence{Source: ev.Source, Record: ev.Record, Time: ev.Time}
	if b.full(f) && compareEvidence(e, f.Events[len(f.Events)-1]) >= 0 {
		return
	}
	b.insert(f, NewEvidence(ev))
}

func (b *Book) full(f *Finding) bool { return b.keep > 0 && len(f.Events) >= b.keep }

// insert keeps the earliest events, in order.
func (b *Book) insert(f *Finding, e Evidence) {
	at, found := slices.BinarySearchFunc(f.Events, e, compareEvidence)
	if found || b.full(f) && at == len(f.Events) {
		return
	}
	if b.full(f) {
		f.Events = f.Events[:len(f.Events)-1]
	}
	f.Events = slices.Insert(f.Events, at, e)
}

func compareEvidence(a, b Evidence) int {
	return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Source, b.Source), cmp.Compare(a.Record, b.Record))
}

// Merge adds all that stands in other, which must not be used any more.
func (b *Book) Merge(other *Book) {
	for k, f := range other.open {
		mine := b.open[k]
		if mine == nil {
			b.open[k] = f
			continue
		}
		mine.Count += f.Count
		for kind, values := range f.Entities {
			for _, v := range values {
				mine.name(kind, v)
			}
		}
		mine.at(Evidence{Time: f.First})
		mine.at(Evidence{Time: f.Last})
		for _, e := range f.Events {
			b.insert(mine, e)
		}
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
