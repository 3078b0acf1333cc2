package hospital

import (
	"cmp"
	"slices"
	"time"
)

// Bounds of what is kept of the duty of one who works here.
const (
	mostShifts = 512
	mostDays   = 40 // of presence
)

// keepShifts is how long after its end a shift is kept.
const keepShifts = 120 * day

// rosterReach is how far from a time a shift may lie, so that the roster is taken to know the person then.
const rosterReach = 15 * day

// shift is a Shift with when it was said.
type shift struct {
	staff    StaffID
	unit     Ref
	from, to stamp
	covers   StaffID
	onCall   bool
	leave    bool
	void     bool
	said     stamp
}

// presence is what was seen of an account on one day of the house's own calendar.
type presence struct {
	date        int32
	unit        Ref
	first, last stamp
}

// takeShift enters a row of the roster.
func (h *House) takeShift(f *ShiftFact, said stamp) {
	w := h.named(h.Intern(f.Staff))
	from, to := at(f.From), at(f.To)
	if w == nil || from == 0 || to <= from || time.Duration(to-from)*time.Millisecond > 400*day {
		h.limits.Nobody++
		return
	}
	s := shift{staff: w.ID, unit: h.Intern(f.Unit), from: from, to: to, onCall: f.OnCall, leave: f.Leave, void: f.Void, said: said}
	h.units.heard(s.unit)
	if covered := h.named(h.Intern(f.Covers)); covered != nil && covered != w {
		s.covers = covered.ID
	}
	if w.roster(s, &h.limits) {
		h.workers.dirty[w.ID] = struct{}{}
	}
}

// same tells whether two rows are about one shift.
func (s *shift) same(o *shift) bool {
	return s.from == o.from && s.to == o.to && s.unit == o.unit && s.onCall == o.onCall && s.leave == o.leave
}

// roster enters a shift. What was said before about that time stays, for the later word to be taken back; duty tells
// which one holds.
func (w *worker) roster(s shift, limits *Limits) (changed bool) {
	i := slices.IndexFunc(w.shifts, func(o shift) bool { return s.same(&o) })
	if i >= 0 {
		o := &w.shifts[i]
		if s.said < o.said || s.said == o.said && s.void == o.void && s.covers == o.covers {
			return false
		}
		*o = s
		return true
	}
	i, _ = slices.BinarySearchFunc(w.shifts, s.from, func(o shift, from stamp) int { return cmp.Compare(o.from, from) })
	w.shifts = slices.Insert(w.shifts, i, s)
	w.shifts = bound(w.shifts, mostShifts, limits)
	return true
}

// fade drops what lies too far back.
func (w *worker) fade(now stamp) {
	w.shifts = slices.DeleteFunc(w.shifts, func(s shift) bool { return s.to.plus(keepShifts) < now })
}

// saw enters a time at work.
func (w *worker) saw(p presence) (changed bool) {
	i, there := slices.BinarySearchFunc(w.days, p.date, func(o presence, date int32) int { return cmp.Compare(o.date, date) })
	if !there {
		if len(w.days) >= mostDays && i == 0 {
			return false // older than all that is kept
		}
		w.days = slices.Insert(w.days, i, p)
		if over := len(w.days) - mostDays; over > 0 {
			w.days = slices.Delete(w.days, 0, over)
		}
		return true
	}
	d := &w.days[i]
	before := *d
	if p.unit != 0 && (d.unit == 0 || p.last > d.last || p.last == d.last && p.unit > d.unit) {
		d.unit = p.unit
	}
	d.first, d.last = min(d.first, p.first), max(d.last, p.last)
	return *d != before
}

// Duty lists the shifts of one who works here that overlap with a time, without those that a leave cuts out, and tells whether the
// roster knows the person around that time at all. When it does not, the shifts are the times between the first
// and the last access of each day: see SawAtWork.
func (h *House) Duty(id StaffID, from, to time.Time) (shifts []Shift, rostered bool) {
	w := h.workers.get(id)
	if w == nil {
		return nil, false
	}
	begin, end := at(from), at(to)
	around, rostered := w.around(begin, end)
	if !rostered {
		for _, d := range w.days {
			if d.first < end && d.last > begin {
				shifts = append(shifts, Shift{Staff: w.ID, Unit: d.unit, From: d.first.time(), To: d.last.time()})
			}
		}
		return shifts, false
	}
	for i := range around {
		s := &around[i]
		if s.leave || w.replaced(s, func(o *shift) bool { return o.leave }) {
			continue
		}
		shifts = append(shifts, Shift{w.ID, s.unit, s.from.time(), s.to.time(), s.covers, s.onCall, false})
	}
	return shifts, true
}

// OnLeave tells whether the roster says that the person is away at a time.
func (h *House) OnLeave(id StaffID, when time.Time) bool {
	w := h.workers.get(id)
	if w == nil {
		return false
	}
	t := at(when)
	around, _ := w.around(t, t+1)
	return slices.ContainsFunc(around, func(s shift) bool { return s.leave && s.from <= t && t < s.to })
}

// around lists the shifts that hold and overlap with a time, and tells whether there are any near it.
func (w *worker) around(begin, end stamp) (holding []shift, near bool) {
	for i := range w.shifts {
		s := &w.shifts[i]
		if s.void || s.from > end.plus(rosterReach) || s.to < begin.plus(-rosterReach) {
			continue
		}
		near = true
		// A later word on the same time replaces an earlier one: the roster was changed.
		if s.from < end && s.to > begin && !w.replaced(s, func(o *shift) bool {
			return o.said > s.said && o.leave == s.leave && o.onCall == s.onCall
		}) {
			holding = append(holding, *s)
		}
	}
	return holding, near
}

// replaced tells whether another shift of a kind takes the middle of s: a handover that overlaps does not, nor does a leave that begins
// on the morning after a night.
func (w *worker) replaced(s *shift, kind func(*shift) bool) bool {
	middle := s.from + (s.to-s.from)/2
	for i := range w.shifts {
		o := &w.shifts[i]
		if o.from <= middle && middle < o.to && !o.same(s) && !o.void && kind(o) {
			return true
		}
	}
	return false
}
