// Package world makes up a hospital and the town around it: households and their addresses, those who work for the
// house and when, units and what they belong to. All of it follows from one number, so that it is the same tomorrow.
//
// Nobody in it exists. Names are put together from syllables, addresses lie in no town, telephone numbers in no network.
package world

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Size says how large a hospital is.
type Size string

// The sizes.
const (
	Clinic Size = "clinic" // a practice: ten who work there, sixty patients a day
	Mid    Size = "mid"    // 200 beds
	Full   Size = "full"   // 1,000 beds
)

// World is a hospital and its town. It does not change while it is played, and may be read by many at once.
type World struct {
	Size      Size
	Seed      uint64
	Name      string         // of the hospital
	Authority string         // that issues its patients' numbers
	Zone      *time.Location // in which it lives
	From      Day            // the first day that is played
	Scale     float64        // 1 for 1,000 beds
	Beds      int
	Units     []*Unit
	Staff     []*Staff

	households int64
	units      map[string]*Unit
	logins     map[string]*Staff
	workers    map[Person]*Staff
	belonging  map[*Unit][]*Staff
	ofJob      map[string][]*Staff
}

// Day is a day of the house's own calendar, counted from 1970-01-01.
type Day int32

// DayOf is the day on which t falls in the house.
func (w *World) DayOf(t time.Time) Day {
	y, m, d := t.In(w.Zone).Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// At is a time by the clock on the wall; hours may go on behind 24.
func (w *World) At(d Day, hour, minute int) time.Time {
	return time.Date(1970, 1, 1+int(d), hour, minute, 0, 0, w.Zone)
}

// Weekday is what day of the week d is.
func (d Day) Weekday() time.Weekday { return time.Weekday((int(d) + 4) % 7) }

// Weekend tells whether offices are closed.
func (d Day) Weekend() bool { return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday }

// String is the day as 2006-01-02.
func (d Day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// Mix makes one number of several, of which each changes every bit.
func Mix(numbers ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, n := range numbers {
		h ^= n
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// Rand is a stream of chance of its own for something, so that nothing else changes what it gives.
func (w *World) Rand(numbers ...uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.Seed, Mix(numbers...)))
}

// names are those of hospitals, for regions that have several.
func names() []string { return []string{"Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"} }

// New makes up the hospital of a seed. house tells the hospitals of one region apart, from 0.
func New(size Size, seed uint64, house int, zone *time.Location, from time.Time) (*World, error) {
	w := &World{
		Size: size, Seed: seed, Zone: zone,
		units: map[string]*Unit{}, logins: map[string]*Staff{}, workers: map[Person]*Staff{},
		belonging: map[*Unit][]*Staff{}, ofJob: map[string][]*Staff{},
	}
	name := names()[house%len(names())]
	w.Name, w.Authority = name+" Hospital", strings.ToUpper(name)
	y, m, d := from.Date()
	w.From = Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	switch size {
	case Clinic:
		w.Scale, w.households, w.Name = 0.012, 8_000, name+" Practice"
	case Mid:
		w.Scale, w.households = 0.2, 160_000
	case Full:
		w.Scale, w.households = 1, 800_000
	default:
		return nil, fmt.Errorf("make up a hospital: no size %q: there are clinic, mid and full", size)
	}
	w.build()
	w.employ()
	return w, nil
}
