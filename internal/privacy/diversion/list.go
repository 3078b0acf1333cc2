package diversion

import (
	"cmp"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Asking is what an assessment has to know of the house.
type Asking struct {
	Chance Chance
	// Who tells whose account it is; Current to whom a record leads after a merge.
	Who     func(hospital.Ref) Person
	Current func(hospital.PatientID) hospital.PatientID
	// Heard tells whether the record said anything of drugs around a moment.
	Heard func(time.Time) bool
}

// Suspect is somebody whose withdrawals stand out from those of peers.
type Suspect struct {
	Who      Person
	Account  hospital.Ref // the one that took the most
	From, To time.Time
	Doses    int
	Told     []Told  // what weighs, the rarest first
	Chance   float64 // that anybody of those compared is as far out, when all are alike
	Compared int     // people
	Peers    int     // of them at the same cabinet
	Doubts   []Doubt // the transactions that Told rests on, in order, each once
	// Others are the shares of peers for the rarest sign, for a picture; Own is the person's.
	Others []float64
	Own    float64
}

// Assess says who stands out in the window that ends, but for the time that givings need, at a moment: the farthest first, and nobody whom the
// rules' chance leaves in. At the most the rules' list is asked for by the caller, who knows whom it told of before.
func (b *Book) Assess(at time.Time, a *Asking) []Suspect {
	until := at.Add(-time.Duration(b.rules.Wait))
	from := until.Add(-time.Duration(b.rules.Window))
	p := &people{rules: b.rules, by: map[Person]*counts{}, who: a.Who}
	all := p.count(b.agree(from.UnixMilli(), until.UnixMilli(), a.Current), a.Heard)
	list := b.rules.suspects(all, a.Chance)
	for i := range list {
		list[i].From, list[i].To = from, until
	}
	return list
}

// suspects compares people, and returns those who are too far out for chance.
func (r *Rules) suspects(people []*counts, chance Chance) []Suspect {
	t := newTable(r, chance, people)
	compared := t.compared()
	together := t.together(compared)
	var found []Suspect
	chances := make([]float64, len(compared))
	for n, i := range compared {
		chances[n] = combine(t.says(i), &together)
	}
	tame(chances)
	for n, i := range compared {
		told := t.says(i)
		p := corrected(chances[n], len(compared))
		if p > r.Chance {
			continue
		}
		s := Suspect{Who: people[i].who, Account: people[i].account, Doses: people[i].total(Taken).hits, Chance: p, Compared: len(compared), Peers: t.peers(i)}
		for _, one := range told {
			if one.Chance <= r.Weighs {
				s.Told = append(s.Told, one)
				if one.Sign != Taken { // there each is as good as any
					s.Doubts = append(s.Doubts, people[i].doubts[one.Sign]...)
				}
			}
		}
		if len(s.Told) == 0 { // many signs, each of which is nothing
			continue
		}
		slices.SortStableFunc(s.Told, func(x, y Told) int { return cmp.Compare(x.Chance, y.Chance) })
		if len(s.Doubts) == 0 {
			s.Doubts = people[i].doubts[s.Told[0].Sign]
		}
		s.Doubts = once(s.Doubts)
		s.Own, s.Others = t.beside(i, s.Told[0].Sign)
		found = append(found, s)
	}
	slices.SortStableFunc(found, func(x, y Suspect) int { return cmp.Or(cmp.Compare(x.Chance, y.Chance), x.Who.compare(y.Who)) })
	return found
}

// compared lists those who took enough, at a cabinet where others did as well.
func (t *table) compared() []int {
	var list []int
	for i, p := range t.people {
		if p.total(Taken).hits >= t.rules.Least.Taken && t.peers(i) >= t.rules.Least.Peers {
			list = append(list, i)
		}
	}
	return list
}

// peers counts the others who took something out of the person's main cabinet.
func (t *table) peers(i int) (n int) {
	main := t.people[i].main
	for j, p := range t.people {
		if j != i && p.stations[main] > 0 {
			n++
		}
	}
	return n
}

// says is what the signs say of one person.
func (t *table) says(i int) (list []Told) {
	for s := range Signs {
		if s == Ungiven && !t.heard() {
			continue
		}
		if told, ok := t.told(i, s); ok {
			list = append(list, told)
		}
	}
	return list
}

// heard tells whether the record says of enough doses that they were given. Where it does not its feed is missing.
func (t *table) heard() bool {
	n := t.house[Ungiven]
	return float64(n.of-n.hits) >= t.rules.Least.Heard*float64(n.of)
}

// beside is the share of a person in a sign, and of each peer at the same cabinet. Of doses taken it is the number on a day.
func (t *table) beside(i int, s Sign) (own float64, others []float64) {
	const most = 60
	main := t.people[i].main
	for j, p := range t.people {
		e := &t.each[j][s]
		if !e.known || p.stations[main] == 0 && j != i || e.tally.of < max(1, t.fewest(s)/2) {
			continue
		}
		share := float64(e.tally.hits) / float64(e.tally.of)
		if j == i {
			own = share
		} else if len(others) < most {
			others = append(others, share)
		}
	}
	slices.Sort(others)
	return own, others
}

// once puts doubts in order, and of those about one transaction keeps the first.
func once(all []Doubt) []Doubt {
	slices.SortStableFunc(all, func(a, b Doubt) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.User, b.User), cmp.Compare(a.Patient, b.Patient), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Drug, b.Drug), cmp.Compare(a.Sign, b.Sign))
	})
	return slices.CompactFunc(all, func(a, b Doubt) bool {
		return a.At.Equal(b.At) && a.User == b.User && a.Patient == b.Patient && a.Kind == b.Kind && a.Drug == b.Drug
	})
}
