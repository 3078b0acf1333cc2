// Package retain decides what a journal may delete: whole segments whose time is over, unless a
// person has said that they must stay.
//
// It keeps a Book about the segments, which it learns from the headers of all entries in order. The
// book can be lost: the headers are still there.
package retain

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	maxSources = 256
	// AnySource stands for sources that were too many to write down; a hold of any source holds what has it.
	AnySource = "…"
	// slack is how far the clock of an entry may be ahead before it is not believed.
	slack = time.Hour
)

// Book is what is known of the segments of a journal. It is not safe for concurrent use.
type Book struct {
	Through  uint64              `json:"through"`  // headers below are in the book
	Followed uint64              `json:"followed"` // what entries below say of holds is in the book
	Segments map[string]*Segment `json:"segments"`
	Gone     map[string]Stone    `json:"gone"`  // segments that were deleted, or are about to be
	Holds    map[string]Hold     `json:"holds"` // by id
	Latest   time.Time           `json:"latest"`
}

// Segment is what the book knows of one segment.
type Segment struct {
	Kind    string    `json:"kind"`
	First   uint64    `json:"first"` // index of its first entry
	Last    uint64    `json:"last"`
	Entries int       `json:"entries"`
	End     int64     `json:"end"`     // where its last body ends
	Newest  time.Time `json:"newest"`  // when its newest entry was received
	From    time.Time `json:"from"`    // earliest time of a line, or of its receipt
	To      time.Time `json:"to"`      // latest
	Sources []string  `json:"sources"` // at most 256, then "…"
}

// Stone says when a segment was deleted.
type Stone struct {
	At    time.Time `json:"at"`
	Entry uint64    `json:"entry"` // that says so
}

// Hold keeps what it describes from being deleted.
type Hold struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind,omitempty"`   // empty: every kind
	Source string    `json:"source,omitempty"` // empty: every source
	From   time.Time `json:"from,omitzero"`    // of lines; zero: from the beginning
	To     time.Time `json:"to,omitzero"`      // zero: without end
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	Placed time.Time `json:"placed"`
}

// New returns an empty book.
func New() *Book {
	return &Book{Segments: map[string]*Segment{}, Gone: map[string]Stone{}, Holds: map[string]Hold{}}
}

// Header is what the book wants to know of an entry.
type Header struct {
	Index       uint64
	Kind        string
	Segment     string
	End         int64 // of its body in the segment
	Received    time.Time
	First, Last time.Time // of its lines; zero when they do not say
	Sources     []string
}

// ErrOrder says that a header was left out.
var ErrOrder = errors.New("the headers of a journal are read in order")

// Add takes the next header into the book.
func (b *Book) Add(h Header, now time.Time) error {
	if h.Index != b.Through {
		return fmt.Errorf("%w: %d instead of %d", ErrOrder, h.Index, b.Through)
	}
	b.Through++
	received := b.believe(h.Received, now)
	s := b.Segments[h.Segment]
	if s == nil {
		s = &Segment{Kind: h.Kind, First: h.Index, From: received, To: received}
		b.Segments[h.Segment] = s
	}
	s.Last = h.Index
	s.Entries++
	s.End = max(s.End, h.End)
	for _, t := range []time.Time{received, h.First, h.Last} {
		if t.IsZero() {
			continue
		}
		if t.Before(s.From) {
			s.From = t
		}
		if t.After(s.To) {
			s.To = t
		}
	}
	if received.After(s.Newest) {
		s.Newest = received
	}
	for _, source := range h.Sources {
		s.addSource(source)
	}
	return nil
}

// believe returns the latest moment at which an entry may have come. The clock can have been wrong: an entry is not older
// than those before it, and what claims to come from the future came now at the latest.
func (b *Book) believe(received, now time.Time) time.Time {
	if received.After(now.Add(slack)) {
		received = now
	}
	if received.After(b.Latest) {
		b.Latest = received
	}
	return b.Latest
}

func (s *Segment) addSource(source string) {
	switch n := len(s.Sources); {
	case slices.Contains(s.Sources, source):
	case n < maxSources && source != AnySource:
		s.Sources = append(s.Sources, source)
	case !slices.Contains(s.Sources, AnySource):
		s.Sources = append(s.Sources, AnySource)
	}
}

// Due returns the names of segments of a kind that have nothing as young as before, oldest first, and how many
// more would be due but for a hold.
func (b *Book) Due(kind string, before time.Time) (due []string, held int) {
	for name, s := range b.Segments {
		if s.Kind != kind || !s.Newest.Before(before) {
			continue
		}
		if b.held(s) {
			held++
			continue
		}
		due = append(due, name)
	}
	slices.SortFunc(due, func(x, y string) int { return int(b.Segments[x].First) - int(b.Segments[y].First) })
	return due, held
}

func (b *Book) held(s *Segment) bool {
	for _, h := range b.Holds {
		if h.holds(s) {
			return true
		}
	}
	return false
}

func (h Hold) holds(s *Segment) bool {
	switch {
	case h.Kind != "" && h.Kind != s.Kind:
		return false
	case h.Source != "" && !slices.Contains(s.Sources, h.Source) && !slices.Contains(s.Sources, AnySource):
		return false
	case !h.From.IsZero() && s.To.Before(h.From), !h.To.IsZero() && s.From.After(h.To):
		return false
	}
	return true
}

// Bury writes down that a segment is deleted.
func (b *Book) Bury(name string, s Stone) {
	b.Gone[name] = s
	delete(b.Segments, name)
}
