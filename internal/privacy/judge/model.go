package judge

import (
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Touch is all that one account did with one patient's record on one day of the house's own calendar.
type Touch struct {
	User    hospital.Ref     // the account as the sender writes it
	Staff   hospital.StaffID // whose it is; 0 when nobody knows
	Patient hospital.PatientID
	Day     int32 // days since 1970-01-01 in the house's zone
	First   time.Time
	Last    time.Time
	// Counts is how often each Act was done.
	Counts [Acts]uint32
	// Looked is how long the record was open, as far as the accesses tell: the sum of the times between neighbours that
	// lie less than ten minutes apart.
	Looked time.Duration
	// Sensitive are the classes of items that were opened inside of the record, such as psychiatry notes.
	Sensitive []hospital.Ref
	// Places are workstations, or addresses where no workstation is stated.
	Places []hospital.Ref
	// Remote tells that it came from outside of the house.
	Remote bool
	// Images tells that images were among what was seen or moved.
	Images bool
	// Emergency is what was said when the glass was broken; Broke tells that it was, Declined that it was offered and turned down.
	Emergency       string
	Broke, Declined bool
	// DeclinedAt is when it was turned down first; where it is zero, the first access stands for it.
	DeclinedAt time.Time
	// Automatic tells that a machine did all of it: see template E29.
	Automatic bool
	// Evidence are the first accesses, and where they stand.
	Evidence []Access
}

// Act is a class of what is done with a record.
type Act uint8

// The classes.
const (
	Open   Act = iota // the chart or a part of it was opened
	Listed            // it stood in a list; the chart was not opened
	Search            // it was among what a search found
	Write             // something was written
	Print
	Export
	Other // merges, consents, logins that name a patient
	Acts  // how many there are
)

// Access is one access as evidence of a Touch keeps it.
type Access struct {
	At     time.Time
	Act    Act
	Native string // the sender's own word, which names no patient
	// Against is what the record says of it, where that does not agree; empty where nothing is to be compared.
	Against string `json:",omitempty"`
	Where   hospital.Ref
	Place   hospital.Place
	Source  string
}

// Reason is one explanation that held, or nearly.
type Reason struct {
	Template string  // E01 to E32, or a site's own
	Weight   float64 // decibans after all corrections; negative speaks for a reason
	Edge     *hospital.Edge
	// Correction says in a word what took weight away: see SelfMade and the others; empty for nothing.
	Correction string
	Through    hospital.StaffID // by whom it is indirect (E20, E21)
}

// Flag is one thing that speaks for a closer look.
type Flag struct {
	ID     string  // F01 to F37
	Weight float64 // decibans, positive
	// Counted is what of Weight counts, since flags that say nearly the same count less together.
	Counted float64
	Hard    bool // a person is told whatever explains it
	// Facts are what the sentence about it needs: numbers, days, units. They name no patient.
	Facts map[string]string
}

// Verdict is what is thought of a Touch, with all that led to it.
type Verdict struct {
	Reasons   []Reason // that held, the strongest first
	Tried     []Tried  // what was looked for and not found, or found too weak
	Flags     []Flag   // the heaviest first
	Explained bool
	NoReason  float64 // decibans: what it weighs that nothing explains it
	Score     float64 // decibans: log odds that a person would find it improper
}

// Tried is a template that was asked and did not hold.
type Tried struct {
	Template string
	Why      string // see WhyNone and the others
	Nearest  *hospital.Edge
}
