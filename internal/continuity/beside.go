package continuity

import "strings"

// A unit is closed for a day, for a week, or has no patients: then a feed says nothing of it, and nothing is wrong. Where a feed loses a unit that works, other feeds go on to speak of it.
// So a unit is missed by two clocks, as an event is (see triggers.go). By the first, its own weeks, too much should have come. By the second, so much was said of the unit by what care is
// done with at the bedside that as much of this feed should have come with it. What is planned, billed or referred says nothing of who is there now, and does not count.
//
// A unit that is cut off from everything is told late here, or not: those who work there know it first.

// beside is what is said of a unit next to what one feed says of it.
type beside struct {
	Seen uint64  `json:",omitempty"` // of what is said of the unit, up to what this feed said last
	Own  float64 `json:",omitempty"` // what this feed said, forgotten by half in some hundred
	Rest float64 `json:",omitempty"` // and what the others said meanwhile
}

// Bounds.
const (
	fewOwn    = 100 // messages by which it is known how much goes with them
	mostOwn   = 1000
	mostUnits = 2000
)

// unitMark is how the name of a part begins that is a unit.
const unitMark = "unit "

// atBedside tells the parts of which others speak by the bedside: units, in what care cannot be without for an hour.
func (f *feed) atBedside(part string) bool {
	return f.class == Hour && strings.HasPrefix(part, unitMark)
}

// saidOf counts what is said of a unit, and returns how much that was.
func (e *Engine) saidOf(unit string) uint64 {
	key := e.listener.sum(unit)
	if n, known := e.units[key]; known || len(e.units) < mostUnits {
		e.units[key] = n + 1
	}
	return e.units[key]
}

// heard takes up a message of the feed, when so much was said of the unit, with this message.
func (b *beside) heard(said uint64) {
	if b.Own > 0 {
		b.Rest += float64(said - min(said, b.Seen+1))
	}
	b.Seen = said
	if b.Own++; b.Own > mostOwn {
		b.Own, b.Rest = b.Own/2, b.Rest/2
	}
}

// missed tells whether the others said so much since that more than a limit should have come with it. Of a unit of which nobody else speaks only its own weeks tell.
func (b *beside) missed(said uint64, limit float64) bool {
	if b.Own < fewOwn || b.Rest < 1 {
		return true
	}
	return float64(said-min(said, b.Seen))*b.Own/b.Rest > limit
}
