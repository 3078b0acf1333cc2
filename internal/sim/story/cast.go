package story

import (
	"time"

	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// adult tells whether p is of age, alive and no celebrity.
func (s *scene) adult(p world.Person) bool {
	w := s.World()
	_, dead := w.Died(p)
	return !p.Child() && w.Age(p) >= 20 && !dead && !w.VIP(p)
}

// grownUp finds an adult of the town who is no patient.
func (s *scene) grownUp() world.Person { return s.Stranger(s.adult) }

// stays tells whether somebody works here throughout the story.
func (s *scene) stays(who *world.Staff) bool {
	return who.Employed(s.Day(0)) && who.Employed(s.Day(s.Days()-1))
}

// of finds somebody of a job who works here throughout the story and of whom that holds, on duty on one of the first days
// if there is such a one; nil when there is nobody. holds may be nil.
func (s *scene) of(job string, holds func(*world.Staff) bool) *world.Staff {
	all := s.World().OfJob(job)
	if len(all) == 0 {
		return nil
	}
	from := s.Rand.IntN(len(all))
	for _, soon := range []bool{true, false} {
		for i := range all {
			who := all[(from+i)%len(all)]
			if s.stays(who) && s.soon(who) == soon && (holds == nil || holds(who)) {
				return who
			}
		}
	}
	return nil
}

// soon tells whether somebody is on duty on the first day of the story, and on the second if there is one.
func (s *scene) soon(who *world.Staff) bool {
	_, first := s.Shift(who, 0)
	_, second := s.Shift(who, s.within(1))
	return first && second
}

// anyOf finds somebody of one of the jobs, the first that the house has.
func (s *scene) anyOf(jobs []string, holds func(*world.Staff) bool) *world.Staff {
	for _, j := range jobs {
		if who := s.of(j, holds); who != nil {
			return who
		}
	}
	return nil
}

// onWard tells whether somebody belongs to a ward.
func onWard(who *world.Staff) bool { return who.Unit != nil && who.Unit.Kind == world.Ward }

// apart tells whether a person is nobody to somebody: other house, other street, other name, and never looked at.
func (s *scene) apart(who *world.Staff, p world.Person) bool {
	u := s.World().Human(p)
	return u.Road != who.Human.Road && u.Family != who.Human.Family && !s.Met(who, p)
}

// known finds up to n people who have been patients since the play began and of whose last visit that holds.
func (s *scene) known(n int, holds func(*life.Visit) bool) []*life.Visit {
	taken := map[world.Person]bool{}
	var all []*life.Visit
	for len(all) < n {
		v := s.Known(func(v *life.Visit) bool { return !taken[v.Person] && (holds == nil || holds(v)) })
		if v == nil {
			return all
		}
		taken[v.Person] = true
		all = append(all, v)
	}
	return all
}

// nearby lists those who live in somebody's street close by, other households' members all, and of whom that holds.
func (s *scene) nearby(who *world.Staff, most int, holds func(world.Person) bool) []world.Person {
	const away, households = 18, 400
	w := s.World()
	var all []world.Person
	for _, next := range w.Neighbours(who.Person, away, households) {
		for _, p := range w.Household(next) {
			if len(all) < most && !s.Met(who, p) && holds(p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// seen tells whether somebody has been a patient here since the play began, but does not lie here now.
func (s *scene) seen(p world.Person) bool {
	visits := s.VisitsOf(p)
	if len(visits) == 0 {
		return false
	}
	last := visits[len(visits)-1]
	return !last.To.IsZero() && last.To.Before(s.At(0, 0, 0))
}

// others finds n people of different jobs who work on a day, none of whom has anything to do with a person, each with a moment
// of the shift that lies between two times.
func (s *scene) others(n int, p world.Person, from, to time.Time, jobs ...string) []look {
	var all []look
	taken := map[*world.Staff]bool{}
	for tries := 0; len(all) < n && tries < 40*n; tries++ {
		who := s.of(jobs[tries%len(jobs)], func(u *world.Staff) bool { return !taken[u] && !s.Met(u, p) && u.Person != p })
		if who == nil {
			continue
		}
		for day := 0; day < 2; day++ {
			shift, ok := s.Shift(who, day)
			if !ok || shift.From.After(to) || shift.To.Before(from) {
				continue
			}
			a, b := latest(shift.From, from), earliest(shift.To, to)
			if b.Sub(a) < 30*time.Minute {
				continue
			}
			taken[who] = true
			all = append(all, look{who, a.Add(s.between(10*time.Minute, b.Sub(a)-10*time.Minute))})
			break
		}
	}
	return all
}

// look is somebody who looks at a time.
type look struct {
	who *world.Staff
	at  time.Time
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
