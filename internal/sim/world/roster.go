package world

import "time"

// Roster is who is on duty on one day: shifts that begin on it.
type Roster struct {
	Day    Day
	Shifts []Shift
	unit   [][]int32 // by Unit.Index, into Shifts
	staff  []int32   // by Staff.Index, into Shifts; -1 for none
}

// Of is the shift of somebody; nil when there is none.
func (r *Roster) Of(s *Staff) *Shift {
	if i := r.staff[s.Index]; i >= 0 {
		return &r.Shifts[i]
	}
	return nil
}

// Each calls f for the shifts of a unit.
func (r *Roster) Each(u *Unit, f func(*Shift)) {
	for _, i := range r.unit[u.Index] {
		f(&r.Shifts[i])
	}
}

// Roster makes the roster of a day.
func (w *World) Roster(d Day) *Roster {
	r := &Roster{Day: d, unit: make([][]int32, len(w.Units)), staff: make([]int32, len(w.Staff))}
	for _, s := range w.Staff {
		r.staff[s.Index] = -1
		sh, ok := w.Shift(s, d)
		if !ok {
			continue
		}
		n := int32(len(r.Shifts))
		r.Shifts = append(r.Shifts, sh)
		r.staff[s.Index] = n
		if sh.Unit != nil {
			r.unit[sh.Unit.Index] = append(r.unit[sh.Unit.Index], n)
		}
	}
	return r
}

// Shift is when s is on duty on a day: the shift that begins on it.
func (w *World) Shift(s *Staff, d Day) (Shift, bool) {
	if !s.Employed(d) || w.OnLeave(s, d) {
		return Shift{}, false
	}
	sh := Shift{Staff: s, Unit: s.Unit, Kind: "shift"}
	if s.Unit == nil && s.Job.Code == "RN" { // the float pool goes where it is needed
		wards := w.wards()
		sh.Unit = wards[Mix(s.phase, uint64(d))%uint64(len(wards))]
	}
	var ok bool
	switch s.Job.Pattern {
	case Twelve:
		sh.From, sh.To, ok = w.twelve(s, d)
	case Eight:
		sh.From, sh.To, ok = w.eight(s, d)
	case DoctorHours:
		sh.From, sh.To, ok = w.doctor(s, d)
	case OfficeHours:
		ok = !d.Weekend() && Mix(s.phase, uint64(d), 3)%10 > 0
		start := 7 + int(s.phase%3)
		sh.From, sh.To = w.At(d, start, 30*int(s.phase>>4%2)), w.At(d, start+8, 30)
	}
	return sh, ok
}

// OnLeave tells whether s is away that week: one week in nine.
func (w *World) OnLeave(s *Staff, d Day) bool {
	return w.Size != Clinic && Mix(s.phase, uint64((int(d)+int(s.phase%7))/7), 5)%9 == 0
}

// twelve is seven shifts in fourteen days; four weeks of days, then four of nights.
func (w *World) twelve(s *Staff, d Day) (from, to time.Time, ok bool) {
	const on = 0b00_0110_0111_0011 // two on, two off, three on, two off, two on, three off
	at := (int(d) + 5*s.slot) % 14
	if on>>at&1 == 0 {
		return
	}
	if (int(d)/28+s.slot)%2 == 0 {
		return w.At(d, 7, 0), w.At(d, 19, 0), true
	}
	return w.At(d, 19, 0), w.At(d, 31, 0), true
}

// eight is five days of seven; early, late or night for a week.
func (w *World) eight(s *Staff, d Day) (from, to time.Time, ok bool) {
	at := int(d) + 3*s.slot
	if at%7 >= 5 {
		return
	}
	switch turns := "ELNELEELNE"; turns[(at/7+s.slot)%len(turns)] {
	case 'E':
		return w.At(d, 6, 0), w.At(d, 14, 0), true
	case 'L':
		return w.At(d, 14, 0), w.At(d, 22, 0), true
	default:
		return w.At(d, 22, 0), w.At(d, 30, 0), true
	}
}

// doctor is Monday to Friday, and every eighth day through the night.
func (w *World) doctor(s *Staff, d Day) (from, to time.Time, ok bool) {
	call := w.OnCall(s, d)
	switch {
	case call:
		return w.At(d, 7, 30), w.At(d, 31, 30), true
	case d.Weekend() || w.OnCall(s, d-1):
		return
	}
	return w.At(d, 7, 30), w.At(d, 17, 30), true
}

// OnCall tells whether a doctor stays for the night.
func (w *World) OnCall(s *Staff, d Day) bool {
	return s.Job.Pattern == DoctorHours && w.Size != Clinic && (int(d)+s.slot)%8 == 0
}

func (w *World) wards() []*Unit {
	n := 0
	for n < len(w.Units) && w.Units[n].Kind == Ward {
		n++
	}
	return w.Units[:n] // they come first
}

// Wards lists the wards. It may not be changed.
func (w *World) Wards() []*Unit { return w.wards() }

// OfKind lists the units of a kind.
func (w *World) OfKind(k UnitKind) []*Unit {
	var all []*Unit
	for _, u := range w.Units {
		if u.Kind == k {
			all = append(all, u)
		}
	}
	return all
}
