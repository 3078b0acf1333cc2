package life

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// moment is a time in milliseconds since 1970.
type moment int64

// Handy spans.
const (
	second moment = 1000
	minute        = 60 * second
	hour          = 60 * minute
)

func momentOf(t time.Time) moment { return moment(t.UnixMilli()) }

// say is something that a system says.
type say struct {
	at   moment
	id   uint64
	feed feed.Feed
	tale int16
	data []byte
	name string
	part string // of the feed: the analyser
	slip Slip
}

// look is one time in which somebody looks at a record.
type look struct {
	at         moment
	span       moment // from its first row to its last
	id         uint64
	staff      *world.Staff
	visit      *Visit // the one that is looked at; nil for those without
	person     world.Person
	why        string
	station    string // instead of the person's own place
	ip         string
	metrics    []string // instead of What's
	clicks     uint16
	what       What
	tale       int16
	search     bool // a search leads to it
	documented bool
	remote     bool
	own        bool // a story did it itself
}

// listed is a row of the site's lists, known from a time on.
type listed struct {
	at   moment
	id   uint64
	row  feed.ListRow
	tale int16
}

// chore is something to be done about a visit on some day.
type chore struct {
	day   world.Day
	kind  choreKind
	visit *Visit
}

type choreKind uint8

// The kinds of chores, in the order in which they are done on one day.
const (
	bookIt      choreKind = iota // the appointment is made
	seeIt                        // the visit to the clinic
	emergencyIt                  // the visit to the emergency department
	stayIt                       // a day on a ward
	codeIt
	billIt
	callIt  // a call or a message afterwards
	readIt  // the doctor reads what has come in
	mergeIt // the second number is found out
	splitIt // and found to be wrong
)

// batch gathers what happens on a day in one part of the house. One goroutine works on it.
type batch struct {
	h      *Hospital
	m      feed.Message
	r      *rand.Rand
	chunk  []byte
	says   []say
	looks  []look
	lists  []listed
	extras []extra
	pulls  []pull
	next   []chore
	// effects are what changes for all when the day is over: others read it while the day is made.
	effects []func()
}

// keep copies bytes into memory that lives as long as the day.
func (b *batch) keep(data []byte) []byte {
	if len(b.chunk)+len(data) > cap(b.chunk) {
		b.chunk = make([]byte, 0, max(256<<10, len(data)))
	}
	n := len(b.chunk)
	b.chunk = append(b.chunk, data...)
	return b.chunk[n : n+len(data) : n+len(data)]
}

// send hands the message that is being written to a feed.
func (b *batch) send(f feed.Feed, at moment, id uint64, tale int16) {
	b.says = append(b.says, say{at: b.h.leaves(f, at, id), id: id, feed: f, tale: tale, data: b.keep(b.m.Bytes())})
}

// begin begins a message of a feed.
func (b *batch) begin(f feed.Feed, at moment, event string, id uint64) {
	b.m.Reset()
	b.m.Header(application(f), b.h.World.Authority, "ENGINE", event, b.h.stamp(f, at), control(id))
}

// see notes that somebody looks at the record of a visit. Nobody sees nothing.
func (b *batch) see(v *Visit, who *world.Staff, at moment, what What, why string, documented bool) {
	if who == nil {
		return
	}
	habit := &b.h.habits[what]
	clicks := 1.1 * habit.clicks * math.Exp(clickSpread*b.r.NormFloat64())
	l := look{
		at: at, id: v.next(), staff: who, visit: v, person: v.Person, what: what, why: why, documented: documented, tale: v.tale,
		clicks: uint16(min(max(clicks, 1), 900)),
	}
	l.span = b.spanOf(int(l.clicks))
	l.search = b.r.Float64() < searchShare(who)
	b.looks = append(b.looks, l)
	if l.search && v.tale == 0 && b.r.IntN(1000) < misclicks {
		b.misclick(v, who, at)
	}
}

// Clicks within a touch are lognormal: their mean is twice their median.
const clickSpread = 1.18

// misclicks are how many of a thousand searches end at somebody else of the same name.
const misclicks = 4

// spanOf is how long so many clicks take: some seconds each.
func (b *batch) spanOf(clicks int) moment {
	each := math.Exp(math.Log(5) + 0.6*b.r.NormFloat64())
	return min(moment(each*float64(clicks-1))*second, 40*minute)
}

// searchShare is how often somebody finds a patient by a search, and not in a list of the unit.
func searchShare(who *world.Staff) float64 {
	switch who.Job.Family {
	case "desk", "records", "quality":
		return 0.6
	case "physician":
		return 0.25
	}
	return 0.1
}

// misclick has somebody open the record of another of the same name, and close it.
func (b *batch) misclick(v *Visit, who *world.Staff, at moment) {
	same := b.h.namesakes[v.human.Family]
	if len(same) < 2 {
		return
	}
	other := same[b.r.IntN(len(same))]
	if other.Person == v.Person {
		return
	}
	b.looks = append(b.looks, look{
		at: at - 25*second, span: moment(4+b.r.IntN(14)) * second, id: v.next(), staff: who, visit: other, person: other.Person,
		what: Preview, why: "misclick", clicks: 2, search: true,
	})
}

// after is a lag: lognormal about a median.
func (b *batch) after(median moment, sigma float64) moment {
	return moment(float64(median) * math.Exp(sigma*b.r.NormFloat64()))
}

// between is some time from one moment to another.
func (b *batch) between(from, to moment) moment {
	if to <= from {
		return from
	}
	return from + moment(b.r.Int64N(int64(to-from)))
}

// chance is true so often.
func (b *batch) chance(share float64) bool { return b.r.Float64() < share }

// some is a number with that mean.
func (b *batch) some(mean float64) int { return poisson(b.r, mean) }

func poisson(r *rand.Rand, mean float64) int {
	if mean > 60 {
		return max(0, int(mean+math.Sqrt(mean)*r.NormFloat64()+0.5))
	}
	limit, n := math.Exp(-mean), 0
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// later puts a chore on a day.
func (b *batch) later(day world.Day, kind choreKind, v *Visit) {
	b.next = append(b.next, chore{day, kind, v})
}

// list puts a row on a list of the site.
func (b *batch) list(at moment, v *Visit, row feed.ListRow) {
	row.Patient, row.Authority, row.Visit = v.MRN, b.h.World.Authority, v.Number
	b.lists = append(b.lists, listed{at: at, id: world.Mix(v.id, uint64(at)), row: row, tale: v.tale})
}
