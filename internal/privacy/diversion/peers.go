package diversion

import (
	"maps"
	"math"
	"slices"
)

// Chance is the arithmetic of tails: package chance has it. The room hands it in, for rooms beside each other do not know each other.
type Chance struct {
	// Hits is the tail of the beta-binomial: of so many, n or more are hit.
	Hits func(n, of int, share, alike float64) float64
	// Count is the tail of the negative binomial: n or more.
	Count func(n int, mean, shape float64) float64
}

// Told is what one sign says of one person.
type Told struct {
	Sign     Sign
	Hits, Of int
	Usual    float64 // share, or number, with others at the same cabinets
	Chance   float64 // that it is as much or more, when the person is like them
}

// expected is what a sign would be for one person who is like the others at the same cabinets.
type expected struct {
	known  bool
	tally  tally
	share  float64 // of Taken the number
	unsure float64 // correlation that comes from not knowing the share exactly
	excess float64 // standardised residual, squared, over what binomial or Poisson would give
	z      float64
}

// table compares everybody with everybody else.
type table struct {
	rules  *Rules
	chance Chance
	people []*counts
	places map[place]*[Signs]tally
	days   map[place]int // person-days at the cabinet, for Taken
	house  [Signs]tally
	dayAll int
	prior  [Signs]float64 // how many doses the house's rate counts for at one place
	each   [][Signs]expected
	spread [][Signs]float64 // see spreads
}

// moments are what the spread of people is estimated from.
type moments struct {
	squares float64 // sum of residuals squared
	n       int     // people
	room    float64 // what one unit of spread adds to squares
}

func newTable(r *Rules, c Chance, people []*counts) *table {
	t := &table{rules: r, chance: c, people: people, places: map[place]*[Signs]tally{}, days: map[place]int{}}
	for _, p := range people {
		for _, k := range p.order {
			all := t.places[k]
			if all == nil {
				all = &[Signs]tally{}
				t.places[k] = all
			}
			days := p.daysAt(k.station)
			t.days[k] += days
			t.dayAll += days
			for s := range Signs {
				n := p.places[k][s]
				all[s].hits, all[s].of = all[s].hits+n.hits, all[s].of+n.of
				t.house[s].hits, t.house[s].of = t.house[s].hits+n.hits, t.house[s].of+n.of
			}
		}
	}
	for s := range Signs {
		t.prior[s] = t.shrink(s)
	}
	t.each = make([][Signs]expected, len(people))
	for i, p := range people {
		for s := range Signs {
			t.each[i][s] = t.expect(p, s, nil)
		}
	}
	t.spreads()
	return t
}

// of is how often a sign could have been at a place: for Taken, days.
func (t *table) of(k place, s Sign) tally {
	n := t.places[k][s]
	if s == Taken {
		n.of = t.days[k]
	}
	return n
}

func (t *table) rate(s Sign) float64 { return rateOf(t.all(s)) }

func rateOf(n tally) float64 { return (float64(n.hits) + 0.5) / (float64(n.of) + 1) }

// all is how often a sign was, and could have been, in the house.
func (t *table) all(s Sign) tally {
	n := t.house[s]
	if s == Taken {
		n.of = t.dayAll
	}
	return n
}

// less takes a person out of what all did in the house.
func (n tally) less(p *counts, s Sign) tally {
	if p == nil {
		return n
	}
	for _, k := range p.order {
		n = n.without(p.at(k, s))
	}
	return n
}

func (n tally) without(o tally) tally { return tally{n.hits - o.hits, n.of - o.of} }

// at is what a person did at one place.
func (c *counts) at(k place, s Sign) tally {
	all := c.places[k]
	if all == nil {
		return tally{}
	}
	n := all[s]
	if s == Taken {
		n.of = c.daysAt(k.station)
	}
	return n
}

// The house's rate counts at one place for as many as this, at the least and at the most.
const leastPrior, mostPrior = 5, 500

// shrink estimates by how much places differ (method of moments, Kleinman 1973), and so for how many doses the house's rate counts at each.
// What differs because people do counts as well, so that it shrinks less than it might: places keep what is their own.
func (t *table) shrink(s Sign) float64 {
	p := t.rate(s)
	squares, room, n := 0.0, 0.0, 0
	for k := range t.places {
		c := t.of(k, s)
		if c.of == 0 {
			continue
		}
		mean := float64(c.of) * p
		v := mean * (1 - p)
		if s == Taken {
			v = mean
		}
		squares += (float64(c.hits) - mean) * (float64(c.hits) - mean) / v
		room += float64(c.of - 1)
		n++
	}
	if room == 0 || squares <= float64(n) {
		return mostPrior
	}
	between := (squares - float64(n)) / room
	return min(max(1/between-1, leastPrior), mostPrior)
}

// expect says what would be usual for one person: the rates of the places where the person was, as others there made them, weighed by how much the
// person did at each. The person is not held against the own doings, nor, when but is somebody, against that one's.
func (t *table) expect(p *counts, s Sign, but *counts) (e expected) {
	house := rateOf(t.all(s).less(p, s).less(but, s))
	sum, unsure := 0.0, 0.0
	for _, k := range p.order {
		own := p.at(k, s)
		if own.of == 0 {
			continue
		}
		all := t.of(k, s).without(own)
		if but != nil {
			all = all.without(but.at(k, s))
		}
		others := float64(all.of) + t.prior[s]
		share := (float64(all.hits) + t.prior[s]*house) / others
		sum += float64(own.of) * share
		unsure += float64(own.of) / (others + 1)
		e.tally.hits, e.tally.of = e.tally.hits+own.hits, e.tally.of+own.of
	}
	if s == Taken {
		e.tally.of = p.allDays()
	}
	if e.tally.of == 0 || sum <= 0 {
		return expected{}
	}
	e.known, e.share, e.unsure = true, sum, unsure
	v := sum
	if s != Taken {
		e.share = min(sum/float64(e.tally.of), 1-1e-9)
		e.unsure = unsure / float64(e.tally.of)
		v = sum * (1 - e.share)
	}
	e.z = (float64(e.tally.hits) - sum) / math.Sqrt(v)
	e.excess = e.z * e.z
	return e
}

// roomOf is what one unit of spread adds to the squared residual of one person: doses beyond the first, or the mean of a count.
func (e *expected) roomOf(s Sign) float64 {
	if s == Taken {
		return e.share
	}
	return float64(e.tally.of - 1)
}

// add adds a person, or takes one out.
func (m *moments) add(e *expected, s Sign, by int) {
	if !e.known {
		return
	}
	m.squares += float64(by) * e.excess
	m.room += float64(by) * e.roomOf(s)
	m.n += by
}

// spreads estimates, for each person, how much all others differ. What is expected of those at the same cabinets is worked out without the person, too:
// on a small ward one who steals would else make everybody else look odd, and be as odd as they are.
func (t *table) spreads() {
	var all [Signs]moments
	for i := range t.people {
		for s := range Signs {
			all[s].add(&t.each[i][s], s, 1)
		}
	}
	at := map[place][]int{}
	for i, p := range t.people {
		for _, k := range p.order {
			at[k] = append(at[k], i)
		}
	}
	t.spread = make([][Signs]float64, len(t.people))
	for i, p := range t.people {
		near := map[int]struct{}{}
		for _, k := range p.order {
			for _, j := range at[k] {
				near[j] = struct{}{}
			}
		}
		order := slices.Sorted(maps.Keys(near)) // sums of fractions depend on their order
		for s := range Signs {
			m := all[s]
			for _, j := range order {
				m.add(&t.each[j][s], s, -1)
				if j != i {
					e := t.expect(t.people[j], s, p)
					m.add(&e, s, 1)
				}
			}
			t.spread[i][s] = m.spread(t.rules)
		}
	}
}

// spread is how much people differ, and one standard error more, for it is estimated from few. It is the correlation of two doses of one person, and of
// a count the inverse of its shape.
func (m *moments) spread(r *Rules) float64 {
	if m.n <= 0 || m.room <= 0 {
		return 0.5 // nobody to compare with
	}
	found := (m.squares*(1+math.Sqrt(2/float64(m.n))) - float64(m.n)) / m.room
	return min(max(found, r.Spread), 0.9)
}

// told says what a sign says of one person; false when there is too little for it to say anything.
func (t *table) told(i int, s Sign) (Told, bool) {
	e := &t.each[i][s]
	if !e.known || e.tally.of < t.fewest(s) {
		return Told{}, false
	}
	told := Told{Sign: s, Hits: e.tally.hits, Of: e.tally.of, Usual: e.share}
	spread := t.spread[i][s]
	if s == Taken {
		told.Chance = t.chance.Count(e.tally.hits, e.share, 1/(spread+e.unsure/max(e.share, 1)))
		return told, true
	}
	if told.Hits < t.rules.Least.Hits {
		told.Chance = 1 // it was asked, and counts among the questions
		return told, true
	}
	spread = min(spread+e.unsure*(1+spread*e.roomOf(s)), 0.95)
	told.Chance = t.chance.Hits(e.tally.hits, e.tally.of, e.share, 1/spread-1)
	return told, true
}

// fewest is of how many a sign says anything.
func (t *table) fewest(s Sign) int {
	l := &t.rules.Least
	switch s {
	case Taken:
		return 1 // day
	case Late, Alone, Gone, OffDuty:
		return l.Wastes
	case Witnessed:
		return l.Wastes - 1
	case Excess:
		return l.Amounts
	}
	return l.Taken
}

// standard is the residual of a sign with the spread of people taken into account, held to what a few far ones may say.
func (t *table) standard(i int, s Sign) (z float64, ok bool) {
	e := &t.each[i][s]
	if !e.known || e.tally.of < t.fewest(s) {
		return 0, false
	}
	return min(max(e.z/math.Sqrt(1+t.spread[i][s]*e.roomOf(s)), -3), 3), true
}

// allDays is on how many days a person used any cabinet.
func (c *counts) allDays() int {
	days := map[int64]struct{}{}
	for _, d := range c.days {
		for day := range d {
			days[day] = struct{}{}
		}
	}
	return len(days)
}
