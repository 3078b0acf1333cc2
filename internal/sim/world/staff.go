package world

import "time"

// Unit is a ward, a clinic, a theatre, a section, an office.
type Unit struct {
	Index      int
	Code       string // as PV1-3 and rosters write it
	Title      string
	Kind       UnitKind
	Department string
	Service    string // medical service; empty for offices
	Building   string
	Site       string
	Beds       int
}

// UnitKind is what a unit is.
type UnitKind uint8

// The kinds of units.
const (
	Ward UnitKind = iota + 1
	Emergency
	Theatre
	ClinicRoom
	Section // of the laboratory, radiology, pharmacy
	Office
)

// Job is what somebody is employed as.
type Job struct {
	Code, Title string
	Family      string // physician, nursing, therapy, pharmacy, radiology, lab, desk, records, quality, research, it, office, support
	Type        string // as the access log calls it
	Pattern     Pattern
}

// Pattern is how a job is rostered.
type Pattern uint8

// The patterns.
const (
	OfficeHours Pattern = iota // Monday to Friday
	Twelve                     // days and nights of twelve hours, three or four a week
	Eight                      // early, late, night
	DoctorHours                // Monday to Friday, and on call
	Never                      // accounts that nobody works with
)

// Staff is one who works for the house, or did.
type Staff struct {
	Index      int
	Number     string // in the staff office
	Login      string
	Person     Person
	Human      Human
	Job        Job
	Unit       *Unit // where the person belongs; nil for the float pool
	Department string
	Service    string
	Manager    *Staff // nil for the heads
	Employment string // employee, agency, student
	Start      Day    // 0 for long ago
	End        Day    // the first day on which the person does not work here any more; 0 for none
	Remote     bool   // works from home, mostly
	phase      uint64
	slot       int // among those of the unit with the same job: rosters spread them over the days
}

// Name is the name as the record system shows it.
func (s *Staff) Name() string { return s.Human.Family + ", " + s.Human.Given }

// Employed tells whether s works here on that day.
func (s *Staff) Employed(d Day) bool {
	return s.Job.Pattern != Never && d >= s.Start && (s.End == 0 || d < s.End)
}

// Shift is a time on duty.
type Shift struct {
	Staff    *Staff
	Unit     *Unit
	From, To time.Time
	Kind     string // shift, on-call, leave
	Covers   *Staff
}

// Unit finds a unit by its code; nil when there is none.
func (w *World) Unit(code string) *Unit { return w.units[code] }

// Login finds who has a login; nil when nobody does.
func (w *World) Login(login string) *Staff { return w.logins[login] }

// Belonging lists who belongs to a unit, in a fixed order. It may not be changed.
func (w *World) Belonging(u *Unit) []*Staff { return w.belonging[u] }

// OfJob lists who has a job, in a fixed order. It may not be changed.
func (w *World) OfJob(code string) []*Staff { return w.ofJob[code] }
