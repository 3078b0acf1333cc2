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
	Class     byte   // E, I or O; those who are admitted from the emergency department are I
	From, To  time.Time
	Stays     []UnitStay // where the patient was, in turn
	Condition *Condition
	Attending *world.Staff
	Family    *world.Staff // the family doctor; nil when not known
	VIP       bool
	NoShow    bool
	Died      bool

	id      uint64
	seq     uint64         // counts what the visit leaves, so that each has an id of its own
	tale    int16          // which story made it; 0 for ordinary life
	pid     []byte         // PID, PD1 and NK1 of its messages
	rx      []prescription // what the patient gets here
	human   world.Human
	former  *world.Human // who a record is called after that is merged into the patient's, where that is somebody else
	mother  *Visit       // of a newborn
	brought bool         // by ambulance, as a story has it
	wrong   world.Person // a second number that is taken for this person's, wrongly; None for most
}

// UnitStay is a time on one unit.
type UnitStay struct {
	Unit     *world.Unit
	Bed      string
	From, To time.Time
}

// Where is on which unit the patient was at a time; nil for none.
func (v *Visit) Where(at time.Time) *world.Unit {
	if s := v.stay(at); s != nil {
		return s.Unit
	}
	return nil
}

func (v *Visit) stay(at time.Time) *UnitStay {
	for i := range v.Stays {
		if s := &v.Stays[i]; !at.Before(s.From) && at.Before(s.To) {
			return s
		}
	}
	return nil
}

// next is the id of one more thing that the visit leaves.
func (v *Visit) next() uint64 {
	v.seq++
	return world.Mix(v.id, v.seq)
}

// Condition is what brings patients to the house, and what is done about it.
type Condition struct {
	Name      string
	Diagnosis string // an invented code
	Service   string
	Label     string // class of restricted records: psychiatry, hiv, substance ...; empty for most

	emergency, elective, clinic int     // how often, of a thousand of each kind
	days                        float64 // median of the stay of those who are admitted
	labs                        []panel // on arrival
	daily                       float64 // panels a day in a ward
	image                       string  // code of the unit
	imaged                      float64 // share of those who get it
	drugs                       int
	controlled                  float64 // share of controlled drugs among them
	consult                     string  // service that is asked
	theatre                     bool
}

// panel is a group of laboratory values that are ordered together.
type panel struct {
	code, title, section string
	values               []analyte
}

type analyte struct {
	code, title, unit, reference string
	mean, spread                 float64
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
	whats                    // how many there are
)

// habit is how often one clicks there, and what the record system then writes.
type habit struct {
	clicks  float64 // median
	metrics []string
}

func habits() [whats]habit {
	return [whats]habit{
		Chart:        {14, []string{"Open chart", "View storyboard", "View results", "View note", "View medication list", "View problem list", "View vitals"}},
		Nursing:      {16, []string{"Open chart", "View flowsheet", "File flowsheet", "View orders", "View medication list", "View vitals", "View note"}},
		Giving:       {8, []string{"Open chart", "View MAR", "Update MAR", "View MAR", "View orders"}},
		Rounds:       {16, []string{"Open chart", "View results", "View vitals", "View note", "View imaging report", "View orders", "View medication list"}},
		Ordering:     {10, []string{"Open chart", "View orders", "Enter order", "Sign order", "View results"}},
		Writing:      {9, []string{"Open chart", "View results", "Edit note", "Sign note", "View note"}},
		Results:      {5, []string{"Open chart", "View results", "View result detail", "View results"}},
		Notes:        {5, []string{"Open chart", "View note", "View note", "View encounter"}},
		Psychiatry:   {4, []string{"Open chart", "View psychiatry note", "View psychiatry note", "View encounter"}},
		Demographics: {3, []string{"Open chart", "View demographics", "View insurance", "View demographics"}},
		Registering:  {7, []string{"Open registration", "View demographics", "Update demographics", "View insurance", "Update insurance", "View encounter"}},
		Booking:      {5, []string{"Open appointment desk", "View appointments", "Update appointment", "View referral"}},
		Coding:       {11, []string{"Open chart", "View note", "View encounter", "View discharge summary", "Update coding", "View results"}},
		Account:      {6, []string{"Open account", "View charges", "View claim", "Update claim", "View insurance"}},
		Images:       {7, []string{"Open chart", "View image", "View imaging report", "View orders", "View image"}},
		Drugs:        {7, []string{"Open chart", "View medication list", "View orders", "Verify order complete", "View results"}},
		Specimens:    {4, []string{"Open chart", "View orders", "Update specimen", "View results"}},
		Printing:     {3, []string{"Open chart", "Print face sheet", "View demographics", "Print label"}},
		Preview:      {2, []string{"Open chart", "View storyboard"}},
	}
}
