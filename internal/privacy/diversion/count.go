package diversion

import (
	"cmp"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Sign is one of the things that are counted.
type Sign uint8

// The signs.
const (
	Taken Sign = iota
	Ungiven
	Excess
	Late
	Alone
	Witnessed // before one and the same colleague
	Unordered // an override
	Cancelled
	Gone
	OffDuty
	Signs // how many there are
)

func signs() [Signs]string {
	return [Signs]string{"taken", "ungiven", "excess", "late", "alone", "witness", "override", "cancelled", "gone", "off"}
}

// place is one cabinet, and one class of drugs in it: those who use it for that are peers.
type place struct{ station, class hospital.Ref }

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.station, o.station), cmp.Compare(p.class, o.class))
}

// tally is how often something was the case, of how often it could have been.
type tally struct{ hits, of int }

// Person is somebody who uses cabinets: one who works here, whatever accounts they have, or an account that is nobody's.
type Person struct {
	Staff hospital.StaffID
	User  hospital.Ref // where Staff is 0
}

func (p Person) compare(o Person) int {
	return cmp.Or(cmp.Compare(p.Staff, o.Staff), cmp.Compare(p.User, o.User))
}

// counts is what one person did in the window.
type counts struct {
	who      Person
	account  hospital.Ref // the one that took the most
	main     hospital.Ref // the cabinet where most was taken
	days     map[hospital.Ref]map[int64]struct{}
	places   map[place]*[Signs]tally
	order    []place // of places
	accounts map[hospital.Ref]int
	stations map[hospital.Ref]int
	doubts   [Signs][]Doubt
	wastes   []*waste
	together map[cluster]*lot
}

// cluster is what has one cause: all doses for a patient of whom the house did not hear in time, all of a day that the roster does not know. It counts
// once, for five such doses are not five chances.
type cluster struct {
	sign Sign
	of   int64 // patient, or day
}

// lot is a cluster as it was counted, at the place of its first dose.
type lot struct {
	at  place
	hit bool
}

// Doubt is a transaction that does not agree with the record, or weighs for another reason.
type Doubt struct {
	Sign    Sign
	At      time.Time
	User    hospital.Ref
	Patient hospital.PatientID
	Kind    Kind
	Drug    hospital.Ref
	Amount  float64
	Unit    hospital.Ref
	Station hospital.Ref
	Place   hospital.Place
	After   time.Duration // of a late waste: since it was taken out
	Most    float64       // of more than that was given or ordered
}

func doubt(s Sign, e *Entry) Doubt {
	return Doubt{Sign: s, At: time.UnixMilli(e.At).UTC(), User: e.User, Patient: e.Patient, Kind: e.Kind, Drug: e.Drug, Amount: e.Amount, Unit: e.Unit, Station: e.Station, Place: e.place()}
}

// people counts what everybody did.
type people struct {
	rules *Rules
	by    map[Person]*counts
	who   func(hospital.Ref) Person
}

func (p *people) of(e *Entry) *counts {
	who := p.who(e.User)
	c := p.by[who]
	if c == nil {
		c = &counts{who: who, days: map[hospital.Ref]map[int64]struct{}{}, places: map[place]*[Signs]tally{}, accounts: map[hospital.Ref]int{}, stations: map[hospital.Ref]int{},
			together: map[cluster]*lot{}}
		p.by[who] = c
	}
	return c
}

// count counts one more that could have been, and whether it was.
func (c *counts) count(e *Entry, s Sign, hit bool) {
	k := place{e.Station, e.Class}
	t := c.places[k]
	if t == nil {
		t = &[Signs]tally{}
		c.places[k] = t
	}
	t[s].of++
	if hit {
		t[s].hits++
		c.doubts[s] = append(c.doubts[s], doubt(s, e))
	}
}

// once counts what has one cause once.
func (c *counts) once(e *Entry, s Sign, of int64, hit bool) {
	k := cluster{s, of}
	l := c.together[k]
	if l == nil {
		l = &lot{at: place{e.Station, e.Class}}
		c.together[k] = l
	}
	if l.hit = l.hit || hit; hit {
		c.doubts[s] = append(c.doubts[s], doubt(s, e))
	}
}

const dayLong = 24 * 60 * 60 * 1000

// count counts all that was agreed on. heard tells whether the record was heard around a moment.
func (p *people) count(all *agreed, heard func(time.Time) bool) []*counts {
	for _, d := range all.doses {
		p.dose(d, heard)
	}
	for _, e := range all.cancels {
		p.of(e).count(e, Cancelled, true)
	}
	for _, w := range all.wastes {
		p.waste(w)
	}
	list := make([]*counts, 0, len(p.by))
	for _, c := range p.by {
		c.finish(p.rules)
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *counts) int { return a.who.compare(b.who) })
	return list
}

func (p *people) dose(d *dose, heard func(time.Time) bool) {
	c, e := p.of(d.Entry), d.Entry
	c.accounts[e.User]++
	c.stations[e.Station]++
	if c.days[e.Station] == nil {
		c.days[e.Station] = map[int64]struct{}{}
	}
	c.days[e.Station][e.At/dayLong] = struct{}{}
	c.count(e, Taken, true)
	c.count(e, Cancelled, false)
	if heard(time.UnixMilli(e.At).UTC()) { // givings and orders come the same way
		c.count(e, Unordered, e.Kind == Override && !d.ordered)
		c.count(e, Ungiven, d.given == nil && !d.back)
	}
	if d.most > 0 && d.Amount > 0 {
		more := d.Amount-d.wasted > d.most*(1+rounding)
		c.count(e, Excess, more && !d.back)
		if n := len(c.doubts[Excess]); more && !d.back {
			c.doubts[Excess][n-1].Most = d.most
		}
	}
	if e.Marks&Known != 0 {
		c.once(e, Gone, int64(e.Patient), e.Marks&Left != 0 && !d.back)
	}
	if e.Marks&Rostered != 0 {
		c.once(e, OffDuty, e.At/dayLong, e.Marks&Off != 0)
	}
}

func (p *people) waste(w *waste) {
	c, e := p.of(w.Entry), w.Entry
	c.wastes = append(c.wastes, w)
	c.count(e, Alone, e.Witness == 0 || p.who(e.Witness) == c.who)
	if w.of == nil {
		return
	}
	after := e.At - w.of.At
	late := after > milli(p.rules.Waste)
	c.count(e, Late, late)
	if n := len(c.doubts[Late]); late {
		c.doubts[Late][n-1].After = time.Duration(after) * time.Millisecond
	}
}

// finish works out what is known only in the end: who the witness was most often, and which cabinet is the person's. The first waste before
// somebody says nothing yet, so one less counts: then the share of one who has many colleagues does not rest on how many wastes there were.
func (c *counts) finish(r *Rules) {
	c.account, c.main = most(c.accounts), most(c.stations)
	for k, l := range c.together {
		t := &c.places[l.at][k.sign] // made when the dose was counted
		t.of++
		if l.hit {
			t.hits++
		}
	}
	for k := range c.places {
		c.order = append(c.order, k)
	}
	slices.SortFunc(c.order, place.compare)
	before := map[hospital.Ref]int{}
	for _, w := range c.wastes {
		if w.Witness != 0 {
			before[w.Witness]++
		}
	}
	favourite := most(before)
	for _, w := range c.wastes {
		if w.Witness != 0 {
			c.count(w.Entry, Witnessed, w.Witness == favourite)
		}
	}
	c.lessOne()
}

// lessOne takes the first waste before the favourite out of what counts.
func (c *counts) lessOne() {
	for _, k := range c.order {
		if t := &c.places[k][Witnessed]; t.hits > 0 {
			t.hits, t.of = t.hits-1, t.of-1
			return
		}
	}
}

// most is what was counted most often; of several the one with the smallest number.
func most(n map[hospital.Ref]int) (best hospital.Ref) {
	for k, count := range n {
		if best == 0 || count > n[best] || count == n[best] && k < best {
			best = k
		}
	}
	return best
}

// total adds up a sign over all places.
func (c *counts) total(s Sign) (sum tally) {
	for _, t := range c.places {
		sum.hits += t[s].hits
		sum.of += t[s].of
	}
	return sum
}

// daysAt is on how many days a person used a cabinet.
func (c *counts) daysAt(station hospital.Ref) int { return len(c.days[station]) }
