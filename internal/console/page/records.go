package page

import "fmt"

// Records lists what may not be true of records, and how the ways between systems do.
type Records struct {
	Frame
	Views                 []Tab
	Now                   *Now
	Rows                  []DoubtRow
	Order                 string
	Routes                []RouteCard
	Setup                 *Held // what a person has to do before routes are compared
	EmptyTitle, EmptyText string
	EmptyNext             *Link
}

// DoubtRow is one doubt of the list. It names nobody.
type DoubtRow struct {
	State                   State
	URL, Title, When, Where string
	Patient, Count          string
	About                   string // codes, as the sender writes them
}

// RouteCard is how one way of messages does, or how charts are looked at.
type RouteCard struct {
	Name, Text string
	State      State
	Facts      []Pair
}

// Doubt is one doubt in full: what was said, where it changed, and what to do.
type Doubt struct {
	Frame
	State   State
	Subject []Pair
	Now     Now
	Way     *Way
	Points  *Points
	Life    []LifeRow
	LifeOf  string // heading above Life
	Weighs  *Weighing
	Expect  []string // when it is legitimate
	Proof   []ProofRow
	Command string
	Meaning string // what it does not prove
	Facts   []Pair
}

// Points is what was said at two points, side by side.
type Points struct {
	Name          string
	Before, After PointHead
	Rows          []PointRow
	Says          string // a sentence below
	Lost          string // why a message is not shown
}

// PointHead names a point, and proves what was said there.
type PointHead struct {
	Name, Time string
	Seal       *Seal
}

// PointRow is one field.
type PointRow struct {
	State                 State
	Name, Before, After   string
	Changed, Same         bool // neither: written in another way, as the engine is known to
	MaskBefore, MaskAfter bool
}

// LifeRow is one event of a thing's life.
type LifeRow struct {
	Time, Strong, Text, Class string
	Seal                      *Seal
}

// ProofRow is one sealed message that a doubt rests on.
type ProofRow struct {
	Name, Entry, When string
	Seal              *Seal
}

// Way draws the two points of a way, the engine between them, and where what was said changed.
type Way struct {
	Title         string // the same in words, for those who cannot see it
	Before, After string // what was said; short
	From, To      string // names of the points
	Between       string // what lies between them
	NotBefore     bool   // nothing was said in front
	NotAfter      bool   // nothing came out
	Says          string
}

// wayText is how many characters fit below a point.
const wayText = 16

// Along draws a way. What is said at a point is cut to what fits below it.
func Along(from, before, to, after, says string, notBefore, notAfter bool) *Way {
	w := &Way{Before: cut(before, wayText), After: cut(after, wayText), From: from, To: to, Between: "Engine", NotBefore: notBefore, NotAfter: notAfter, Says: says}
	side := func(name, said string, nothing bool) string {
		if nothing {
			return name + ": nothing"
		}
		if said == "" {
			return name
		}
		return name + ": " + said
	}
	w.Title = fmt.Sprintf("%s; %s. %s", side(from, before, notBefore), side(to, after, notAfter), says)
	return w
}
