package world

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// Person is one who lives in the town: the household, times eight, and the place in it. Everything about a person follows
// from that number, so that two million need no memory. The zero Person is somebody; nobody is None.
type Person int64

// None is no person.
const None Person = -1

// most is how large a household gets.
const most = 6

// Human is who somebody is.
type Human struct {
	Person        Person
	Family, Given string
	Former        string // an earlier family name, if there is one
	Sex           string // F or M
	Born          Day
	Street        string // with the number
	Road          string // without
	Number        int
	Postcode      string
	City          string
	Phone         string
	National      string
	East, North   int // metres from the hospital
}

func (w *World) hash(what uint64, p int64) uint64 { return Mix(w.Seed, what, uint64(p)) }

// What hashes are for.
const (
	forSize = iota + 100
	forName
	forBirth
	forDeath
	forJob
	forShift
	forNumber
	forLeave
	forRemote
)

// members is how many live in a household: 2.4 in the mean.
func (w *World) members(household int64) int {
	switch n := w.hash(forSize, household) % 100; {
	case n < 30:
		return 1
	case n < 63:
		return 2
	case n < 79:
		return 3
	case n < 92:
		return 4
	case n < 98:
		return 5
	default:
		return most
	}
}

// Household lists who lives with p, and p.
func (w *World) Household(p Person) []Person {
	h := int64(p) >> 3
	all := make([]Person, w.members(h))
	for i := range all {
		all[i] = Person(h<<3 | int64(i))
	}
	return all
}

// Partner is who lives with p as partner; None when nobody does.
func (w *World) Partner(p Person) Person {
	if at := p & 7; at < 2 && w.members(int64(p)>>3) > 1 {
		return p ^ 1
	}
	return None
}

// Child tells whether p is a child of the household: the third and later are.
func (p Person) Child() bool { return p&7 >= 2 }

// The town: forty cells of three kilometres, each with a postcode of its own. Those around the hospital are dense: many
// who work there and many of its patients live there.
const (
	cells     = 40
	wide      = 8 // cells in a row
	cellWidth = 3000
	inner     = 3
	// innerShare is which share of patients and of staff lives in the cells around the hospital; innerStreets is how
	// many streets such a cell has. Both make chance meetings of neighbours as frequent as they are reported to be.
	innerShare   = 0.45
	innerStreets = 9
	outerStreets = 60
	numbers      = 40 // houses in a street
	between      = 12 // metres from number to number
)

func streets(cell int) int64 {
	if cell < inner {
		return innerStreets
	}
	return outerStreets
}

// Draw finds some person, those near the hospital more often, as patients are.
func (w *World) Draw(r *rand.Rand) Person {
	cell := r.IntN(inner)
	if r.Float64() >= innerShare {
		cell = inner + r.IntN(cells-inner)
	}
	per := w.households / cells
	h := int64(cell)*per + r.Int64N(per)
	return Person(h<<3 | int64(r.IntN(w.members(h))))
}

// place is where a household lives.
func (w *World) place(household int64) (cell int, street, number int64) {
	per := w.households / cells
	cell = int(min(household/per, cells-1))
	in := household - int64(cell)*per
	each := max(per/streets(cell), 1) // households in a street
	street = min(in/each, streets(cell)-1)
	return cell, street, 1 + (in%each)*numbers/each
}

// Neighbours lists up to n people who live in p's street at most that many numbers away, and not in p's household.
func (w *World) Neighbours(p Person, away, n int) []Person {
	h := int64(p) >> 3
	cell, street, number := w.place(h)
	var all []Person
	for _, step := range []int64{1, -1} {
		for other := h + step; other >= 0 && other < w.households && len(all) < n; other += step {
			c, s, no := w.place(other)
			if c != cell || s != street || max(no-number, number-no) > int64(away) {
				break
			}
			all = append(all, Person(other<<3))
		}
	}
	return all
}

// MRN is the number that the house gave p.
func (w *World) MRN(p Person) string { return w.number(p, 10_000_000) }

// Second is another number of p, given to those who were registered twice.
func (w *World) Second(p Person) string { return w.number(p, 55_000_000) }

// number spreads the persons over eight digits, so that neighbours in the town are none in the index.
func (w *World) number(p Person, from uint64) string {
	const prime = 39_999_983 // greater than any Person, so that no two meet
	return strconv.FormatUint(from+(uint64(p)*48_271+w.Seed)%prime, 10)
}

// surnames is how many family names there are. Their frequencies follow Zipf's law.
const surnames = 20_000

func surname(u float64) string {
	rank := int(math.Exp(u*math.Log(surnames+1))) - 1
	return Surname(min(max(rank, 0), surnames-1))
}

func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// Human says who p is.
func (w *World) Human(p Person) Human {
	h := int64(p) >> 3
	cell, street, number := w.place(h)
	family := surname(unit(w.hash(forName, -1-h)))
	own := w.hash(forName, int64(p))
	u := Human{Person: p, Family: family, Sex: "F", Number: int(number), City: "Alderton"}
	if own%2 == 0 {
		u.Sex = "M"
	}
	birthName := surname(unit(Mix(own, 1)))
	switch {
	case p&7 == 1 && own%5 == 0:
		u.Family = birthName // a partner who kept the name
	case p&7 == 1 && own%3 != 0:
		u.Former = birthName
	case p.Child() && own%11 == 0:
		u.Family = birthName
	}
	u.Given = given(u.Sex, Mix(own, 2))
	u.Born = w.born(p)
	u.Postcode = fmt.Sprintf("%04d", 7000+10*cell)
	u.Road = streetName(cell*outerStreets + int(street))
	u.Street = u.Road + " " + strconv.Itoa(u.Number)
	u.Phone = fmt.Sprintf("+1 202 555 01%02d %05d", h%100, h/100) // the numbers that are set aside for stories, with an extension
	u.National = fmt.Sprintf("N%09d", uint64(p)*7%1_000_000_000)
	u.East = cell%wide*cellWidth + int((2*street+1)*cellWidth/(2*streets(cell)))
	u.North = cell/wide*cellWidth + 200 + int(number)*between
	return u
}

func (w *World) born(p Person) Day {
	r := w.hash(forBirth, int64(p))
	head := 25 + int(w.hash(forBirth, -1-int64(p)>>3)%58) // years of the first of the household
	years := head
	switch {
	case p&7 == 1:
		years = max(21, head-5+int(r%9))
	case p.Child():
		years = max(0, head-24-int(r%12)) % 40
	}
	return w.From - Day(years*365+int(r>>8%365))
}

// Age is how many years old p is when the play begins.
func (w *World) Age(p Person) int { return int(w.From-w.born(p)) / 365 }

// Died is when p died; ok is false for the living.
func (w *World) Died(p Person) (at time.Time, ok bool) {
	h := w.hash(forDeath, int64(p))
	if h%100 >= 15 || w.workers[p] != nil || p.Child() {
		return time.Time{}, false
	}
	return w.At(w.From-Day(30+h>>8%4000), int(h>>20%24), int(h>>30%60)), true
}

// VIP tells whether p is known to the public: one of ten thousand.
func (w *World) VIP(p Person) bool {
	return Mix(w.Seed, 0x566970, uint64(p))%10_000 == 0
}

// Worker is who of the staff p is; nil for others.
func (w *World) Worker(p Person) *Staff { return w.workers[p] }
