package hospital

import "time"

// Overview is how much a House knows, and how fresh that is.
type Overview struct {
	Patients int `json:"patients"` // without those that were merged into others
	Merged   int `json:"merged"`   // records that lead to another
	Staff    int `json:"staff"`    // in HR, and not gone
	// Accounts were used in the last 90 days; Linked of them belong to somebody in HR. Below 98 of 100 much stays unexplained.
	Accounts int `json:"accounts"`
	Linked   int `json:"linked"`
	// Rostered of Staff who are clinical have a shift within 15 days of now.
	Clinical int `json:"clinical"`
	Rostered int `json:"rostered"`
	// Units were heard of; Homeless of them belong to no department.
	Units    int `json:"units"`
	Homeless int `json:"homeless"`
	// HR is when the last row of HR was said. Missing of Staff were not in the last export: they are not taken for gone.
	HR      time.Time `json:"hr"`
	Missing int       `json:"missing"`
	Feeds   []Feed    `json:"feeds"`
	Limits  Limits    `json:"limits"`
}

// Feed is what one source says of one kind.
type Feed struct {
	Source string    `json:"source"`
	Kind   string    `json:"kind"` // patient, merge, visit, staff, shift, unit, mark, or the kind of a reason
	Facts  int64     `json:"facts"`
	Last   time.Time `json:"last"` // when the latest was said
	Seen   time.Time `json:"seen"` // when it came
}

// Limits counts what was not kept.
type Limits struct {
	Dropped   int64 `json:"dropped"`   // the oldest of a patient that had too much of something
	Unnamed   int64 `json:"unnamed"`   // names beyond the number that is kept
	Conflicts int64 `json:"conflicts"` // facts whose identifiers are those of several patients; the first one's counted
	Nobody    int64 `json:"nobody"`    // facts that say of no patient, and of no one who works here, whom they are about
	Merges    int64 `json:"merges"`    // that would have made one patient of too many records
}
