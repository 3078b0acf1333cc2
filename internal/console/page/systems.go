package page

import "fmt"

// Systems says whether the systems that keep records still hold what they held, part by part.
type Systems struct {
	Frame
	Views                 []Tab
	Now                   *Now
	Rows                  []SystemRow
	EmptyTitle, EmptyText string
}

// SystemRow is one part of a system that is read back: a table, an archive's images, a kind of resources.
type SystemRow struct {
	State              State
	System, Part, URL  string // URL of the list of what differs; empty when nothing does
	Read               string // when
	Covered            Meter  // how much of it was read then
	Differs, Explained string
	Test               State // how the last self-test came out
	TestSays           string
}

// Witnesses says who outside of this house vouches for its journal.
type Witnesses struct {
	Frame
	Views                 []Tab
	Now                   *Now
	Map                   *Vouching
	Rows                  []WitnessRow
	EmptyTitle, EmptyText string
	Commands              []Pair // what to type to exchange introductions
	Meaning               string
}

// WitnessRow is how one other hospital does.
type WitnessRow struct {
	State                      State
	Site                       string
	Ours, Heard, Their, Signed string
}

// Vouching draws who signs whose journal: this house on the left, the others on the right, and a line each way.
type Vouching struct {
	Title         string // the same in words
	Width, Height int
	Here          string
	HereY         int
	Lines         []VouchLine
}

// VouchLine is one other house with the two ways between it and this one.
type VouchLine struct {
	Site, Says string
	Y          int    // of its box
	To, From   string // paths: this house signs theirs; they sign this one's
	Signs      bool   // they signed ours
	Silent     bool   // they did, and are silent now
	Signed     bool   // we signed theirs
}

// Sizes of the drawing, in units of its view box.
const (
	vouchWide  = 480
	vouchEach  = 56
	vouchBox   = 44
	vouchLeft  = 150 // right edge of this house's box
	vouchRight = 330 // left edge of the others'
	vouchName  = 22  // characters of a name that fit
)

// Vouch draws the map. Each line needs its Site, Says, Signs, Silent and Signed.
func Vouch(here, title string, lines []VouchLine) *Vouching {
	v := &Vouching{Title: title, Width: vouchWide, Height: len(lines)*vouchEach + 8, Here: cut(here, vouchName)}
	middle := v.Height / 2
	v.HereY = middle - vouchBox/2
	for i := range lines {
		l := lines[i]
		l.Site, l.Y = cut(l.Site, vouchName), i*vouchEach+10
		center := l.Y + vouchBox/2
		way := func(left, right int) string {
			bend := (vouchLeft + vouchRight) / 2
			return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", vouchLeft, left, bend, left, bend, right, vouchRight, right)
		}
		l.From, l.To = way(middle-7, center-7), way(middle+7, center+7)
		v.Lines = append(v.Lines, l)
	}
	return v
}
