package hospital

import "time"

// Dose is what a record says of a drug and one patient: that it was given, or ordered. The House keeps none of it; rooms that need it
// read it from the event: see Doses of package reader.
type Dose struct {
	Patient []Identifier
	Visit   string // by which the patient is found when no identifier says it
	At      time.Time
	Code    string
	Name    string
	Amount  float64 // 0 when it is not stated
	Unit    string
	By      Name   // who gave it
	Order   string // the sender's number
	Ordered bool   // and not given
	Revoked bool   // it was not given after all
}
