package life

import (
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// duty picks somebody who is on duty on a unit at a moment and of whom that holds; nil when there is nobody.
func (b *batch) duty(u *world.Unit, at moment, holds func(*world.Staff) bool) *world.Staff {
	if u == nil {
		return nil
	}
	var found *world.Staff
	n := 0
	t := at.time()
	for _, r := range b.h.around(at) {
		r.Each(u, func(s *world.Shift) {
			if t.Before(s.From) || !t.Before(s.To) || !holds(s.Staff) {
				return
			}
			n++
			if b.r.IntN(n) == 0 {
				found = s.Staff
			}
		})
	}
	return found
}

// same is duty, but it picks the same person again and again while that one is on duty: who has looked after somebody goes
// on doing so. by is whom it is about.
func (b *batch) same(by uint64, u *world.Unit, at moment, holds func(*world.Staff) bool) *world.Staff {
	if u == nil {
		return nil
	}
	var found *world.Staff
	best := uint64(0)
	t := at.time()
	for _, r := range b.h.around(at) {
		r.Each(u, func(s *world.Shift) {
			if t.Before(s.From) || !t.Before(s.To) || !holds(s.Staff) {
				return
			}
			if x := world.Mix(by, uint64(s.Staff.Index)); found == nil || x > best {
				found, best = s.Staff, x
			}
		})
	}
	return found
}

// on tells whether somebody is on duty at a moment, until at least that long after it.
func (b *batch) on(s *world.Staff, at, long moment) bool {
	if s == nil {
		return false
	}
	t := at.time()
	for _, r := range b.h.around(at) {
		if sh := r.Of(s); sh != nil && !t.Before(sh.From) && (at + long).time().Before(sh.To) {
			return true
		}
	}
	return false
}

// around are the rosters whose shifts can hold at a moment: that of the day, and the one before for its nights.
func (h *Hospital) around(at moment) []*world.Roster {
	i := 1
	if at >= h.dayEnd {
		i = 2
	} else if at < h.dayStart {
		i = 1
	}
	return h.rosters[i-1 : i+1]
}

// working picks somebody of a unit who works that day, whenever: and a moment of that working day. ok is false when nobody does.
// Of those who do it is the same for the same patient.
func (b *batch) working(v *Visit, u *world.Unit, holds func(*world.Staff) bool) (who *world.Staff, at moment, ok bool) {
	if u == nil {
		return nil, 0, false
	}
	best := uint64(0)
	var shift *world.Shift
	b.h.rosters[1].Each(u, func(s *world.Shift) {
		if !holds(s.Staff) {
			return
		}
		if x := world.Mix(uint64(v.Person), uint64(s.Staff.Index)); shift == nil || x > best {
			shift, best = s, x
		}
	})
	if shift == nil {
		return nil, 0, false
	}
	return shift.Staff, b.between(momentOf(shift.From)+10*minute, min(momentOf(shift.To), b.h.dayEnd)-10*minute), true
}

// doctor picks a doctor of a service who is on duty; the attending one if that is so.
func (b *batch) doctor(v *Visit, at moment) *world.Staff {
	if b.on(v.Attending, at, 0) {
		return v.Attending
	}
	if who := b.ofService(v.Attending.Service, at, physician); who != nil {
		return who
	}
	return nil
}

// ofService picks somebody of a service's units who is on duty.
func (b *batch) ofService(service string, at moment, holds func(*world.Staff) bool) *world.Staff {
	units := b.h.serving[service]
	if len(units) == 0 {
		return nil
	}
	first := b.r.IntN(len(units))
	for i := range units {
		if who := b.duty(units[(first+i)%len(units)], at, holds); who != nil {
			return who
		}
	}
	return nil
}

func anyone(*world.Staff) bool      { return true }
func nurse(s *world.Staff) bool     { return s.Job.Code == "RN" || s.Job.Code == "CHG" }
func aide(s *world.Staff) bool      { return s.Job.Code == "CNA" || s.Job.Code == "MA" }
func physician(s *world.Staff) bool { return s.Job.Family == "physician" }
func resident(s *world.Staff) bool  { return s.Job.Code == "RES" }
func attending(s *world.Staff) bool { return s.Job.Code == "MD" || s.Job.Code == "EMD" }
func desk(s *world.Staff) bool      { return s.Job.Family == "desk" }
func job(code string) func(*world.Staff) bool {
	return func(s *world.Staff) bool { return s.Job.Code == code }
}

// application is what a feed's system calls itself.
func application(f feed.Feed) string {
	switch f {
	case feed.Lab:
		return "LIS"
	case feed.Imaging:
		return "RIS"
	case feed.Pharmacy:
		return "PHARM"
	case feed.Scheduling:
		return "SCHED"
	case feed.Billing:
		return "BILL"
	case feed.Directory:
		return "HR"
	default:
		return "EHR"
	}
}
