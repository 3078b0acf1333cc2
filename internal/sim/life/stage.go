package life

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/sim/world"
)

// Stage is where a story happens: it finds who plays in it, and has them do things. All that is done through it is noted
// as the story's. Chance comes from a stream of its own, of the seed and the story.
//
// A story sees the house as it is on the morning of the day on which it is told; it may go on telling on later mornings:
// see On. Times that have passed by then are moved to the morning. What other stories do it does not see.
type Stage struct {
	Rand *rand.Rand

	h       *Hospital
	tale    *Tale
	telling *telling
	index   int16
}

// World is the house and its town.
func (s *Stage) World() *world.World { return s.h.World }

// Days is how many days are left to the story, its first among them.
func (s *Stage) Days() int { return s.h.c.Days - s.telling.from }

// At is a time on the n-th day of the story, from 0, by the clock on the wall. Hours may go on behind 24.
func (s *Stage) At(day, hour, minute int) time.Time { return s.h.World.At(s.Day(day), hour, minute) }

// Day is the n-th day of the story in the calendar of the house.
func (s *Stage) Day(n int) world.Day { return s.h.World.From + world.Day(s.telling.from+n) }

// On goes on with the story on the morning of its n-th day, with what has become known by then.
func (s *Stage) On(day int, tell func()) {
	at := max(s.telling.from+day, s.h.today)
	s.telling.on[at] = append(s.telling.on[at], tell)
}

// Note names whom the story is about, for the truth.
func (s *Stage) Note(actors []*world.Staff, victims []world.Person) {
	for _, a := range actors {
		s.tale.Actors = append(s.tale.Actors, a.Login)
	}
	for _, v := range victims {
		s.tale.Victims = append(s.tale.Victims, s.h.World.MRN(v))
	}
}

// Expect changes what is expected of the story, where that depends on how it went.
func (s *Stage) Expect(change func(*Tale)) { change(s.tale) }

// Staff finds somebody who works here now and throughout the story, and of whom that holds; nil when there is nobody.
func (s *Stage) Staff(holds func(*world.Staff) bool) *world.Staff {
	var all []*world.Staff
	first, last := s.Day(0)-30, s.Day(s.Days())
	for _, who := range s.h.World.Staff {
		if who.Employed(first) && who.Employed(last) && (holds == nil || holds(who)) {
			all = append(all, who)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[s.Rand.IntN(len(all))]
}

// Job finds somebody of a job family (nursing, physician, desk ...), and of whom that holds; holds may be nil.
func (s *Stage) Job(family string, holds func(*world.Staff) bool) *world.Staff {
	return s.Staff(func(who *world.Staff) bool {
		return who.Job.Family == family && (holds == nil || holds(who))
	})
}

// Shift is when somebody is on duty on the n-th day; ok is false when not at all.
func (s *Stage) Shift(who *world.Staff, day int) (shift world.Shift, ok bool) {
	return s.h.World.Shift(who, s.Day(day))
}

// Duty finds the first day of the story, from day on, on which somebody is on duty, and a moment of that shift: a share of
// it from 0 to 1. Without any within 14 days it is a moment of an ordinary working day.
func (s *Stage) Duty(who *world.Staff, day int, share float64) time.Time {
	for d := day; d < day+14; d++ {
		if sh, ok := s.Shift(who, d); ok {
			return sh.From.Add(time.Duration(share * float64(sh.To.Sub(sh.From))))
		}
	}
	return s.At(day, 8, 0).Add(time.Duration(share * float64(8*time.Hour)))
}

// OnDuty lists who is on duty on a unit at a time.
func (s *Stage) OnDuty(u *world.Unit, at time.Time) []*world.Staff {
	var all []*world.Staff
	d := s.h.World.DayOf(at)
	for _, r := range []*world.Roster{s.h.World.Roster(d - 1), s.h.World.Roster(d)} {
		r.Each(u, func(sh *world.Shift) {
			if !at.Before(sh.From) && at.Before(sh.To) {
				all = append(all, sh.Staff)
			}
		})
	}
	return all
}

// mine tells whether the story may know of a visit.
func (s *Stage) mine(v *Visit) bool { return v.tale == 0 || v.tale == s.index }

// Stranger finds somebody of the town who is no patient these weeks and was none since the play began, does not work
// here, is alive, and of whom that holds; holds may be nil. It is None when there is nobody.
func (s *Stage) Stranger(holds func(world.Person) bool) world.Person {
	for range 200_000 {
		p := s.h.World.Draw(s.Rand)
		if _, dead := s.h.World.Died(p); dead || s.h.World.Worker(p) != nil || len(s.VisitsOf(p)) > 0 {
			continue
		}
		if holds == nil || holds(p) {
			return p
		}
	}
	return world.None
}

// Known finds somebody who has been a patient since the play began, and of whose last visit that holds; nil when there is
// nobody.
func (s *Stage) Known(holds func(*Visit) bool) *Visit {
	all := s.h.past
	if len(all) == 0 {
		return nil
	}
	first := s.Rand.IntN(len(all))
	for i := range all {
		v := all[(first+i)%len(all)]
		if s.mine(v) && !v.NoShow && !v.Died && (holds == nil || holds(v)) {
			return v
		}
	}
	return nil
}

// Inpatients lists who lies on a ward now; on all wards when u is nil.
func (s *Stage) Inpatients(u *world.Unit) []*Visit {
	var all []*Visit
	for _, v := range s.h.lately {
		if where := v.Where(s.h.dayStart.time()); where != nil && where.Kind == world.Ward && (u == nil || u == where) {
			all = append(all, v)
		}
	}
	return all
}

// VisitsOf lists the visits of a person since the play began, the newest last. Appointments of the next days are among them.
func (s *Stage) VisitsOf(p world.Person) []*Visit {
	var all []*Visit
	for _, v := range s.h.visits[p] {
		if s.mine(v) {
			all = append(all, v)
		}
	}
	return all
}

// Met tells whether somebody has looked at a person's record since the play began.
func (s *Stage) Met(who *world.Staff, p world.Person) bool {
	return s.h.met[uint64(who.Index)<<32|uint64(p)]
}

// Leavers lists who left the house within that many days before the story.
func (s *Stage) Leavers(within int) []*world.Staff {
	var all []*world.Staff
	for _, who := range s.h.World.Staff {
		if who.Job.Pattern != world.Never && who.End != 0 && who.End <= s.Day(0) && who.End > s.Day(-within) {
			all = append(all, who)
		}
	}
	return all
}

// Canaries are records of nobody, laid out as traps; the site's lists name them.
func (s *Stage) Canaries() []world.Person { return s.h.Canaries() }

// Famous are those whom the site's lists name as known to the public.
func (s *Stage) Famous() []world.Person { return s.h.Known() }

// Protocol is the study that somebody of research works on, and who takes part in it.
func (s *Stage) Protocol(who *world.Staff) (name string, members []world.Person) {
	n := who.Index % s.h.protocols()
	return protocolName(n), slices.Clone(s.h.members[n])
}

// Stay says how somebody becomes a patient.
type Stay struct {
	Class     byte        // E, I or O
	Unit      *world.Unit // where; the emergency department, some ward or some clinic when nil
	From      time.Time
	For       time.Duration // how long; as long as is usual when 0
	VIP       bool
	Condition string // what it is about, a Condition's name; any when empty
	Ambulance bool   // brings the person for sure
}

// Stay makes somebody a patient of the house: that person comes to the emergency department, or as an inpatient or an
// outpatient, with all that follows from it: messages, orders, results, and the looks of those who look after the person.
// What follows is the story's, but none of it is noted as out of order.
func (s *Stage) Stay(p world.Person, o Stay) *Visit {
	h := s.h
	v := h.visit(p, o.Class, o.From, world.Mix(s.id(), 0x73746179))
	v.tale, v.VIP, v.MRN, v.brought = s.index, v.VIP || o.VIP, h.World.MRN(p), o.Ambulance
	weight, kind := ofEmergency, emergencyIt
	unit := o.Unit
	switch o.Class {
	case 'I':
		weight, kind = ofElective, stayIt
	case 'O':
		weight, kind = ofClinic, seeIt
	}
	v.Condition = h.named(o.Condition)
	if v.Condition == nil {
		v.Condition = h.condition(s.Rand, v, weight)
	}
	long := o.For
	if long == 0 {
		long = map[byte]time.Duration{'E': 4 * time.Hour, 'I': time.Duration(math.Max(1, v.Condition.days) * 24 * float64(time.Hour)), 'O': 40 * time.Minute}[o.Class]
	}
	v.To = o.From.Add(long)
	if unit == nil {
		unit = s.unitFor(o.Class, v.Condition)
	}
	v.Attending = s.attending(unit, o.From, v.id)
	v.Stays = []UnitStay{{Unit: unit, Bed: "X1", From: v.From, To: v.To}}
	h.enter(v)
	h.later(max(h.World.DayOf(o.From), h.date), kind, v)
	return v
}

func (s *Stage) attending(u *world.Unit, at time.Time, by uint64) *world.Staff {
	if who := s.h.doctorOn(u, at, by, attending); who != nil {
		return who
	}
	return s.Job("physician", nil)
}

func (s *Stage) unitFor(class byte, c *Condition) *world.Unit {
	h := s.h
	switch class {
	case 'E':
		if u := h.World.Unit("ED"); u != nil {
			return u
		}
	case 'I':
		if wards := h.wardsOf[h.wardService(c.Service)]; len(wards) > 0 {
			return wards[s.Rand.IntN(len(wards))]
		}
	}
	rooms := h.clinicsOf[c.Service]
	if len(rooms) == 0 {
		rooms = h.World.OfKind(world.ClinicRoom)
	}
	return rooms[s.Rand.IntN(len(rooms))]
}

func (h *Hospital) named(condition string) *Condition {
	for _, c := range h.conditions {
		if c.Name == condition {
			return c
		}
	}
	return nil
}
