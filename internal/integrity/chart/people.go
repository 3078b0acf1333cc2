package chart

import (
	"fmt"
	"slices"
	"time"
)

// Person is what a record says of whose it is. What is empty is not known. Names are forms that can be compared (package alike), or hashes of such.
type Person struct {
	Family, Given, Sound string
	Born                 string
	Sex                  string
	National             string
	Former               []string // earlier family names
	Home                 []string // dwelling and telephones
	Protected            bool     // of a celebrity, or restricted
}

// Merge is two records that are made one (ADT A18, A34, A40 and such).
type Merge struct {
	ID                string // of the message, for the caller
	By                string // EVN-5
	Survivor, Retired Person // as their records were before
	Patient           string // the survivor
	SameBirth         bool   // the days of birth are known to be the same
	Said              time.Time
}

// The weights of signs of a merge.
const (
	weighOtherName   = 8 // neither name nor its sound
	weighOtherGiven  = 7 // neither name alike: a person is asked, for hardly anybody changes both
	weighOtherBirth  = 10
	weighOtherSex    = 5
	weighOtherNumber = 10 // of the nation's register
	weighProtected   = 5
	weighSameNumber  = -15 // of the nation's register: names change, numbers do not
	weighFormer      = -8  // one bears the name that the other had
	weighHome        = -3  // so do families
	weighSameBirth   = -8  // one of twenty thousand strangers has the same; who merges looks for it, though
)

// Merge says whether two records that were made one are of different people. Mistyped names and days do not make another person: it takes several signs.
func (c *Chart) Merge(m Merge) []Finding {
	a, b := &m.Survivor, &m.Retired
	f := Finding{Kind: Merged, At: m.Said, Author: m.By, Patient: m.Patient, Things: []string{m.ID}, Count: 1}
	sign := func(x, y string, weight int, id, text string) bool {
		differs := x != "" && y != "" && x != y
		if differs {
			f.Signs = append(f.Signs, Sign{id, text, weight})
		}
		return differs
	}
	if a.Sound != b.Sound {
		sign(a.Family, b.Family, weighOtherName, "name", "The two records have different family names.")
	}
	sign(a.Given, b.Given, weighOtherGiven, "given", "They have different given names.")
	sign(a.Born, b.Born, weighOtherBirth, "birth", "They have different days of birth.")
	sign(a.Sex, b.Sex, weighOtherSex, "sex", "They are of different sexes.")
	sign(a.National, b.National, weighOtherNumber, "national", "They have different numbers in the nation's register.")
	if len(f.Signs) > 0 {
		f.sign(a.National != "" && a.National == b.National, "same-national", weighSameNumber, "They have the same number in the nation's register.")
		f.sign(slices.Contains(a.Former, b.Family) && b.Family != "" || slices.Contains(b.Former, a.Family) && a.Family != "", "former", weighFormer, "One of them had the family name of the other.")
		f.sign(m.SameBirth, "same-birth", weighSameBirth, "They have the same day of birth.")
		f.sign(slices.ContainsFunc(a.Home, func(h string) bool { return slices.Contains(b.Home, h) }), "home", weighHome, "They have the same dwelling or telephone.")
	}
	if len(f.Signs) > 0 && (a.Protected || b.Protected) {
		f.Signs = append(f.Signs, Sign{"protected", "One of them is protected.", weighProtected})
	}
	if f.Weight() < Alarm || !c.once("merge "+m.ID, m.Said, 30*day) {
		return nil
	}
	return []Finding{f}
}

// Shot is a vaccination or another thing that was entered as given (VXU, RXA).
type Shot struct {
	ID       string // of the message, for the caller
	Author   string // who entered it: ORC-10, or else RXA-10
	Patient  string
	Given    time.Time // RXA-3
	Said     time.Time
	Reported bool  // it is told of another place's (RXA-9 01 and such), or was not given (RXA-20, RXA-21)
	There    Truth // the patient was in the house, or had an appointment, around the time when it was given
}

// series is shots of one author that nothing explains.
type series struct {
	IDs      []string        `json:"ids"`
	Patients map[string]bool `json:"patients"`
	Last     time.Time       `json:"last"`
	All      int             `json:"all"`
}

// The weights of signs of vaccinations.
const (
	weighShots     = 3 // each patient who was not there
	mostShots      = 24
	weighNoneThere = 5 // of ten or more none was
)

// Shot takes a vaccination. One that nothing explains says nothing: people are vaccinated elsewhere, and interfaces miss visits. Many by one account do.
func (c *Chart) Shot(s Shot) []Finding {
	if s.Reported || s.Author == "" || s.Patient == "" {
		return nil
	}
	r := c.shots[s.Author]
	if r == nil {
		if len(c.shots) >= mostAuthors {
			return nil
		}
		r = &series{Patients: map[string]bool{}}
		c.shots[s.Author] = r
	}
	if s.Said.Sub(r.Last) > day {
		*r = series{Patients: map[string]bool{}}
	}
	r.Last = s.Said
	r.All++
	if s.There != No || r.Patients[s.Patient] || len(r.IDs) >= 10_000 {
		return nil
	}
	r.Patients[s.Patient] = true
	r.IDs = append(r.IDs, s.ID)
	f := Finding{Kind: Unfounded, At: s.Said, Author: s.Author, Things: slices.Clone(r.IDs[:min(len(r.IDs), mostThings)]), Count: len(r.IDs)}
	f.Signs = append(f.Signs, Sign{"not-there", fmt.Sprintf("Of %d patients who are said to have been given it, %d had no visit and no appointment then.", r.All, len(r.IDs)), min(weighShots*len(r.IDs), mostShots)})
	if r.All >= 10 && len(r.IDs) == r.All {
		f.Signs = append(f.Signs, Sign{"none-there", "Not one of them had.", weighNoneThere})
	}
	if there := r.All - len(r.IDs); there > len(r.IDs) {
		f.Signs = append(f.Signs, Sign{"most-there", "Most of them had.", -mostShots})
	}
	if f.Weight() < Alarm || !c.once("shots "+s.Author, s.Said, day) {
		return nil
	}
	return []Finding{f}
}
