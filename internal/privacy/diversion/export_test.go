package diversion

import (
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Counted says in a line what signs were counted of each person: hits of how many.
func (b *Book) Counted(at time.Time, a *Asking) map[hospital.Ref]string {
	until := at.Add(-time.Duration(b.rules.Wait))
	from := until.Add(-time.Duration(b.rules.Window))
	p := &people{rules: b.rules, by: map[Person]*counts{}, who: a.Who}
	said := map[hospital.Ref]string{}
	for _, c := range p.count(b.agree(from.UnixMilli(), until.UnixMilli(), a.Current), a.Heard) {
		var words []string
		for s := range Signs {
			if t := c.total(s); t.of > 0 {
				words = append(words, fmt.Sprintf("%s %d/%d", signs()[s], t.hits, t.of))
			}
		}
		said[c.who.User] = strings.Join(words, ", ")
	}
	return said
}

// One is what somebody did in a window, for tests that count nothing.
type One struct {
	Station hospital.Ref
	Days    int
	Signs   map[Sign][2]int // hits of so many
}

// Suspects compares people.
func (r *Rules) Suspects(all []One, c Chance) []Suspect {
	var people []*counts
	for i, o := range all {
		k := place{o.Station, 1}
		one := &counts{who: Person{User: hospital.Ref(i + 1)}, account: hospital.Ref(i + 1), main: o.Station, days: map[hospital.Ref]map[int64]struct{}{o.Station: {}},
			places: map[place]*[Signs]tally{k: {}}, order: []place{k}, stations: map[hospital.Ref]int{o.Station: 1}}
		for d := range o.Days {
			one.days[o.Station][int64(d)] = struct{}{}
		}
		for s, n := range o.Signs {
			one.places[k][s] = tally{n[0], n[1]}
		}
		people = append(people, one)
	}
	return r.suspects(people, c)
}

// Worked out, for tests.
var (
	SquaresAbove = squaresAbove
	Corrected    = corrected
)

// Fishers and Combined combine chances of signs that all go together as much.
func Fishers(r float64, chances ...float64) float64 {
	told, c := together(r, chances)
	return fisher(told, c)
}

// Combined is what people are held against.
func Combined(r float64, chances ...float64) float64 {
	told, c := together(r, chances)
	return combine(told, c)
}

func together(r float64, chances []float64) ([]Told, *correlations) {
	var c correlations
	var told []Told
	for i, p := range chances {
		told = append(told, Told{Sign: Sign(i), Chance: p})
		for j := range Signs {
			c[i][j] = r
		}
	}
	return told, &c
}
