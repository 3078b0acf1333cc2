package page

// State is how well something is: a shape and a colour by Class, and the word beside it.
type State struct {
	Class string // act, look, watch, ok, dim
	Word  string
}

// Act means that care may suffer this hour.
func Act(word string) State { return State{"act", word} }

// Look means that a person decides this shift.
func Look(word string) State { return State{"look", word} }

// Watch means that nothing is to be done yet.
func Watch(word string) State { return State{"watch", word} }

// OK means checked and well; never "not checked".
func OK(word string) State { return State{"ok", word} }

// Dim means that we cannot see, or found nothing.
func Dim(word string) State { return State{"dim", word} }

// Level is the state that a rule's level stands for. An unknown level is one to keep an eye on: too high
// is seen, too low is missed.
func Level(level string) State {
	switch level {
	case "critical":
		return Act("Act now")
	case "high":
		return Look("Look today")
	case "low", "informational":
		return Dim("For the record")
	}
	return Watch("Keep an eye")
}

// Rank orders states, the worst first.
func (s State) Rank() int {
	switch s.Class {
	case "act":
		return 0
	case "look":
		return 1
	case "watch":
		return 2
	case "dim":
		return 3
	}
	return 4
}

// Frame is what every page has around its own matter.
type Frame struct {
	Title   string // of the window
	Site    string
	Ask     string // the question that the page answers
	Answer  string // the headline
	Context string // one sentence below it
	Crumbs  []Link
	Here    string // key of the room that the page belongs to
	Groups  []Group
	Tabs    []Room
	Who     string // who reads
	Roles   string
	Sealed  State  // foot of the rail
	Count   string // entries of the journal, in words
	Vouched string // how many witnesses sign it; empty without any
	Time    string // now
	Keys    []Key
	Toast   *Toast
	Live    string // address of the stream of news, if the page has one
	Print   string // line at the head of a printed page
	KeysOff bool   // the reader wants no keys
	Wrong   string // what failed, and what to do
}

// Link is a word that leads somewhere.
type Link struct{ Text, URL string }

// Group is a part of the rail.
type Group struct {
	Name  string // empty for the first
	Rooms []Room
}

// Room is one row of the rail.
type Room struct {
	Key   string // of the icon, and of Frame.Here
	Name  string
	URL   string
	Go    string // the letter after G
	Class string // worst state inside; empty when steady
	Count string
	Says  string // what the count means, for those who cannot see the shape
}

// Key is one entry of the key bar.
type Key struct {
	Keys []string
	Does string
}

// Toast says what became of a click.
type Toast struct {
	State State
	Text  string
	Undo  string // address that takes it back, by POST; may be empty
}

// Seal leads to the proof of one line of the journal.
type Seal struct{ URL, Entry string }

// Pair is a fact with its label.
type Pair struct {
	Name   string
	Value  string
	Masked bool
	Mono   bool
}

// Now is the card with the one thing to do.
type Now struct {
	State  State
	Label  string
	Title  string
	Text   string
	Facts  []Pair
	Action Link
	More   []Link
	Figure *Chart
	Says   string // above the figure
}

// Choice is one entry of a list to choose from.
type Choice struct {
	Value, Text, Hint string
	Chosen            bool
}

// Tab is one of several views of a page.
type Tab struct {
	Text, URL string
	Here      bool
}
