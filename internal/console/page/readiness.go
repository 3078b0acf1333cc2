package page

import (
	"fmt"
	"time"
)

// Readiness says whether units could work on paper.
type Readiness struct {
	Frame
	Views []Tab
	Rows  []ReadyRow
	Cards bool // unit cards open without signing in
	Empty string
}

// ReadyRow is how ready one unit is.
type ReadyRow struct {
	Unit, URL                      string
	State                          State
	Also                           string // what else it lacks
	Data, Patients, Printed, Drill string
}

// Unit is how ready one unit is, and what it can do about it.
type Unit struct {
	Frame
	Lacks     []State
	Facts     []Pair
	Drill     *Drill // that goes on
	Drills    []DrillRow
	Downtimes []DowntimeRow
	Base      string // of the addresses of what can be practised; empty for who may not
	Recover   string // address by which what must be entered back is listed; empty for who may not
}

// Drill is one that goes on.
type Drill struct {
	By, Began string
	Elapsed   time.Duration
	Steps     []DrillStep
	Done, Of  int
}

// Milliseconds is how long it has gone on, for the clock that counts.
func (d *Drill) Milliseconds() int64 { return d.Elapsed.Milliseconds() }

// DrillStep is one thing to do in a drill.
type DrillStep struct {
	N    int // from 0
	Key  string
	What string
	Done string // when, counted from the start; empty while it is not
}

// DrillRow is a drill that was.
type DrillRow struct {
	State               State
	When, By, Hand, Did string
}

// DowntimeRow is a downtime that was.
type DowntimeRow struct{ When, Items, File, By string }

// UnitCards lists the cards of units.
type UnitCards struct {
	Frame
	Units []Link
}

// UnitCard is what a unit needs to know when its screens go dark, and no patient.
type UnitCard struct {
	Frame
	Made  string // of when the data of its newest pack is
	Now   string // when this was drawn
	Call  []Pair
	Parts []CardPart
}

// CardPart is a word, and lines below it.
type CardPart struct {
	Title string
	Lines []string
}

// Stopwatch writes how long something has gone on: 4:07, 1:04:07.
func Stopwatch(d time.Duration) string {
	s := int(d / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
