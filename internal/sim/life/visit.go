package life

import (
	"time"

	"github.com/wardline/wardline/internal/sim/world"
)

// Visit is a time in which somebody is a patient.
type Visit struct {
	Person    world.Person
	Number    string // as PV1-19 and the access log write it
	MRN       string // under which the visit runs: a second one for those who were registered twice
	Class     byte   // E, I or O
	From, To  time.Time
	Stays     []UnitStay // where the patient was, in turn
	Condition *Condition
	Attending *world.Staff
	VIP       bool
	NoShow    bool
}

// UnitStay is a time on one unit.
type UnitStay struct {
	Unit     *world.Unit
	Bed      string
	From, To time.Time
}

// Where is on which unit the patient was at a time; nil for none.
func (v *Visit) Where(at time.Time) *world.Unit {
	for i := range v.Stays {
		if s := &v.Stays[i]; !at.Before(s.From) && at.Before(s.To) {
			return s.Unit
		}
	}
	return nil
}

// Condition is what brings patients to the house, and what is done about it.
type Condition struct {
	Name      string
	Diagnosis string // an invented code
	Service   string
	Label     string // class of restricted records: psychiatry, hiv, substance ...; empty for most
}

// What is what somebody looks at in a record.
type What uint8

// What people look at.
const (
	Chart        What = iota // a bit of everything
	Nursing                  // assessments, drugs to be given
	Giving                   // drugs are given
	Rounds                   // results, notes, orders
	Ordering                 // orders are entered
	Writing                  // a note is written
	Results                  // results only
	Notes                    // notes only
	Psychiatry               // notes of psychiatry
	Demographics             // address, insurance
	Registering              // address and insurance are entered
	Booking                  // appointments
	Coding                   // documents and diagnoses are read
	Account                  // charges and claims
	Images                   // images and their reports
	Drugs                    // prescriptions
	Specimens                // orders and specimens
	Printing                 // pages are printed
	Preview                  // the record is opened and closed
)
