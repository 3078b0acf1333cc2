package privacy

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// profile is how an account is used, learned from the days that are over.
type profile struct {
	user   hospital.Ref
	role   hospital.Ref
	days   int32 // learned
	last   int32 // the latest of them
	sum    [tallies]float64
	opened float64 // patients, and of how many of them nothing explained it
	bare   float64
	creep  float64     // CUSUM of patients a day
	crept  int32       // day on which it went too far last
	shared sharing     // the latest day on which several people must have used it
	hours  [168]uint16 // accesses by hour of the week, from Monday 0:00 on
	total  uint32      // accesses in hours
	places []placeUse  // workstations, the one used last at the end
	dirty  bool
}

// sharing is how often two workstations took turns on a day.
type sharing struct {
	turns int
	day   int32
}

type placeUse struct {
	where hospital.Ref
	day   int32 // last used
}

// The things of which numbers a day are learned.
const (
	patients = iota
	faces
	prints
	tallies
)

const (
	mostKnownPlaces = 64
	enoughDays      = 10   // days after which one knows where and when an account is used
	pseudoDays      = 30   // that the role's curve counts for
	daysEach        = 8    // of each in a role, in the mean, before its curve counts: two weeks of shifts, weekends and all
	enoughUsers     = 10   // a role with fewer is taken together with its family
	tooFar          = 8.0  // CUSUM beyond which somebody is told
	slack           = 0.5  // that a day may lie above the mean without being counted
	usualShape      = 4.0  // of the negative binomial until there is a better one
	shortOfProof    = 1e-6 // chance below which a number of patients is told at once
)

func (e *Engine) profile(user hospital.Ref) *profile {
	p := e.users[user]
	if p == nil {
		p = &profile{user: user}
		e.users[user] = p
	}
	return p
}

// odd tells whether a workstation was never used, by one of whom enough is known.
func (p *profile) odd(where hospital.Ref) bool {
	return p.days >= enoughDays && !slices.ContainsFunc(p.places, func(u placeUse) bool { return u.where == where })
}

// hour is the share of the account's past that lies within the hour before and after; below 0 when too little is known.
func (p *profile) hour(at time.Time) float64 {
	if p.days < enoughDays || p.total < 200 {
		return -1
	}
	h := (int(at.Weekday())+6)%7*24 + at.Hour()
	n := 0
	for d := 167; d <= 169; d++ {
		n += int(p.hours[(h+d)%168])
	}
	return float64(n) / float64(p.total)
}

// curves are the numbers a day of one role.
type curves struct {
	days   float64
	sum    [tallies]float64
	square [tallies]float64 // of numbers
	week   [7]float64       // patients by weekday, Monday first
	weeks  [7]float64       // days by weekday
	users  map[hospital.Ref]struct{}
}

func newCurves() *curves { return &curves{users: map[hospital.Ref]struct{}{}} }

func (c *curves) learn(user hospital.Ref, day int32, n [tallies]int) {
	c.days++
	for i, v := range n {
		c.sum[i] += float64(v)
		c.square[i] += float64(v) * float64(v)
	}
	c.week[weekday(day)] += float64(n[patients])
	c.weeks[weekday(day)]++
	c.users[user] = struct{}{}
}

// weekday counts from Monday. 1970-01-01 was a Thursday.
func weekday(day int32) int { return int(((day+3)%7 + 7) % 7) }

// mean is the role's number a day.
func (c *curves) mean(of int) float64 {
	if c.days == 0 {
		return 0
	}
	return c.sum[of] / c.days
}

// factor is how much more is done on that weekday than on others.
func (c *curves) factor(day int32) float64 {
	w, mean := weekday(day), c.mean(patients)
	if c.weeks[w] < 20 || mean == 0 {
		return 1
	}
	return min(max(c.week[w]/c.weeks[w]/mean, 0.2), 3)
}

// shape of the negative binomial, by its moments; smaller is wilder.
func (c *curves) shape(of int) float64 {
	if c.days < 30 {
		return usualShape
	}
	m := c.mean(of)
	v := c.square[of]/c.days - m*m
	if v <= m*1.01 {
		return 100
	}
	return min(max(m*m/(v-m), 0.3), 100)
}

// roleOf is the job of one who works here, or its family while few have the job.
func (e *Engine) roleOf(s hospital.StaffID) hospital.Ref {
	st := e.house.Staff(s)
	if st == nil {
		return 0
	}
	if c := e.curves[st.Job]; st.Job != 0 && c != nil && len(c.users) >= enoughUsers {
		return st.Job
	}
	return familyRole(st.Family)
}

// familyRole numbers families of jobs beyond all names.
func familyRole(f hospital.Family) hospital.Ref { return math.MaxUint32 - hospital.Ref(f) }

// expect is the number a day that is expected of an account, and the shape of its curve: its own past, shrunk to the
// role's.
func (e *Engine) expect(p *profile, role hospital.Ref, of int, day int32) (mean, shape float64, known bool) {
	c := e.curves[role]
	if c == nil || c.days < 30 || c.days < daysEach*float64(len(c.users)) {
		return 0, 0, false
	}
	mean = (p.sum[of] + pseudoDays*c.mean(of)) / (float64(p.days) + pseudoDays)
	if of == patients {
		mean *= c.factor(day)
	}
	return max(mean, 0.05), c.shape(of), true
}

// weigh says how odd the numbers of a day are.
func (e *Engine) weigh(k *judge.Work, w *workday, p *profile) {
	role := e.roleOf(w.staff)
	if mean, shape, ok := e.expect(p, role, patients, w.day); ok {
		k.Limit, k.Chance = chance.Exceeded(1e-3, mean, shape), chance.AtLeast(k.Patients, mean, shape)
		k.Batch = mean > 150
	}
	if mean, shape, ok := e.expect(p, role, faces, w.day); ok {
		k.FacesOdds = chance.AtLeast(k.Faces, mean, shape)
	}
	if c := e.curves[role]; c != nil && c.days >= 30 {
		mean := max(c.mean(prints), 0.05)
		k.PrintsTop, k.PrintsOdds = chance.Exceeded(0.01, mean, c.shape(prints)), chance.AtLeast(k.Prints, mean, c.shape(prints))
	}
	k.Creeping = p.crept != 0 && w.day-p.crept <= 7
}

// learnDay adds a day that is over to what is known of the account and of its role.
func (e *Engine) learnDay(w *workday) {
	k := e.work(w)
	p := e.profile(w.user)
	n := [tallies]int{k.Patients, k.Faces, k.Prints}
	role := e.roleOf(w.staff)
	if mean, shape, ok := e.expect(p, role, patients, w.day); ok && p.days >= enoughDays {
		odds := (chance.AtLeast(n[patients], mean, shape) + chance.AtLeast(n[patients]+1, mean, shape)) / 2
		if p.creep = max(0, p.creep+chance.Deviate(odds)-slack); p.creep > tooFar {
			p.crept, p.creep = w.day, 0
		}
	}
	e.noteShared(p, w.day, k.Shared)
	p.days++
	bare, opened := w.bare(nil)
	p.bare, p.opened = p.bare+float64(bare), p.opened+float64(opened)
	p.last, p.role = max(p.last, w.day), role
	if !p.dirty {
		p.dirty = true
		e.usedNew = append(e.usedNew, p)
	}
	e.learnedDay = true
	for i, v := range n {
		p.sum[i] += float64(v)
	}
	for h, n := range w.hours {
		at := &p.hours[weekday(w.day)*24+h]
		*at = uint16(min(int(*at)+int(n), math.MaxUint16))
		p.total += uint32(n)
	}
	for _, where := range w.places {
		p.used(where, w.day)
	}
	if st := e.house.Staff(w.staff); st != nil {
		e.curve(st.Job).learn(w.user, w.day, n)
		e.curve(familyRole(st.Family)).learn(w.user, w.day, n)
	}
}

// noteShared remembers that several people must have used an account.
func (e *Engine) noteShared(p *profile, day int32, turns int) {
	if e.judge.SharedByMany(turns) && day >= p.shared.day {
		p.shared = sharing{turns, day}
	}
}

func (e *Engine) curve(role hospital.Ref) *curves {
	c := e.curves[role]
	if c == nil {
		c = newCurves()
		e.curves[role] = c
	}
	return c
}

// used keeps the workstations that were used last.
func (p *profile) used(where hospital.Ref, day int32) {
	p.places = slices.DeleteFunc(p.places, func(u placeUse) bool { return u.where == where })
	p.places = append(p.places, placeUse{where, day})
	slices.SortStableFunc(p.places, func(a, b placeUse) int { return cmp.Compare(a.day, b.day) })
	if over := len(p.places) - mostKnownPlaces; over > 0 {
		p.places = slices.Delete(p.places, 0, over)
	}
}
