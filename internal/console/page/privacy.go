package page

// Review is the queue of accesses to patients' records that nothing explains.
type Review struct {
	Frame
	Views                 []Tab
	Now                   *Now
	Rows                  []CaseRow
	Order, Older          string
	Held                  *Held
	Doors                 []RoomCard
	Proposals             []Proposal
	EmptyTitle, EmptyText string
	EmptyNext             *Link
}

// CaseRow is one case of the queue. It names nobody.
type CaseRow struct {
	State                  State
	URL, Short, Age, Title string
	Where                  string
	Here, Next, Before     bool
}

// Held says what a reader has to know first: that departments wait, and for what, or what became of a case meanwhile.
type Held struct {
	State       State
	Title, Text string
	More        Link // where it is told in full; may be empty
}

// Case is one case in full: what was opened, what was looked for, and what a person concludes.
type Case struct {
	Frame
	URL, Short, Order string
	State             State
	Rows              []CaseRow
	Subject           []Pair
	Reveal            *Reveal
	Verdict           *Verdict
	Note              *Held
	Paragraphs        []string
	Day               *Timeline
	DayTitle, DayWhen string
	DayURL, BreachURL string
	Tried             TriedReasons
	Beside            *Peers
	Weighs            *Weighing
	Evidence          []EvidenceRow
	EvidenceSays      string
	Compared          bool // evidence is what a cabinet says, beside what the record does
	Decide            *Decide
	UndoURL           string
	Facts             []Pair
	Seen              []Done
}

// Reveal asks for the names of a case, or says how long they are shown.
type Reveal struct {
	Action, Conceal string
	Until           string // empty while masked
	Two             string // when a second person has to agree: how that goes
	Waits           string // when it waits for one
	Reasons         []Choice
}

// TriedReasons is what was looked for, by kind and one by one.
type TriedReasons struct {
	Heading string
	Kinds   []TriedRow
	All     []TriedRow
}

// TriedRow is one kind of reason, or one reason.
type TriedRow struct {
	State                     State
	Kind, Looked, Tried, Says string
}

// EvidenceRow is one access, with its proof.
type EvidenceRow struct {
	Time, What, Where string
	Against           string // what the record says of it
	Seal              *Seal
}

// Decide asks what a person concludes.
type Decide struct {
	Action, Base string
	Choices      []Choice
	Why, Next    string
}

// Missing asks which fact was missing, and says what the next one like it would do.
type Missing struct {
	Frame
	Action, Back, Why, Next, Fact string
	Says                          string
	Proposals                     []Choice
	Receipt                       *Receipt
	MayTeach                      bool
}

// WhoSaw says who opened one patient's record, and why.
type WhoSaw struct {
	Frame
	From, To      string
	Presets       []Choice
	Asked         bool
	Patient       []Pair
	Reveal        *Reveal
	Period, Basis string
	Rows          []SeenRow
	Days          string
	Counts        []Pair
	NothingSays   string
}

// SeenRow is one person on one day, as an accounting lists it.
type SeenRow struct {
	Day, Time, Who, Unit, What string
	Masked                     bool
	State                      State
	Reason                     string
	Seal                       *Seal
	CaseURL                    string
}

// Workday is what one who works here did on one day, or asks for whom and when.
type Workday struct {
	Frame
	Asks          bool
	Presets       []Choice
	On            string
	Subject       []Pair
	Reveal        *Reveal
	Day           *Timeline
	Heading, When string
	Before, After Link
	Rows          []WorkRow
	Totals        []Pair
	NothingSays   string
}

// WorkRow is one record that was opened.
type WorkRow struct {
	Time, Patient, What, Where string
	State                      State
	Reason                     string
	Seal                       *Seal
}

// Explained says how many accesses can be explained, by department and by feed.
type Explained struct {
	Frame
	Views       []Tab
	Now         *Now
	Departments []ExplainedRow
	Feeds       []FeedRow
	Days        string
	NothingSays string
}

// ExplainedRow is one department.
type ExplainedRow struct {
	Name, Share, Base, Usual string
	State                    State
	Says                     string
	Spark                    *Chart
}

// FeedRow is one feed that explanations rest on.
type FeedRow struct {
	Name, Gives, Last, Facts string
	State                    State
}

// Misses says how many improper accesses we probably do not see.
type Misses struct {
	Frame
	Views         []Tab
	State         State
	Heading, Says string
	Limits        []string
	Interval      *Interval
	Facts         []Pair
	Reasons       []RightRow
	NothingSays   string
	Next          *Link
}

// RightRow is how often a kind of reason was right when a person looked.
type RightRow struct{ Name, Looked, Right, Range string }

// Breach holds the facts of a breach, its clocks and the four questions.
type Breach struct {
	Frame
	Action, Back string
	Counts       []Pair
	Clocks       []ClockRow
	Factors      []Factor
	Conclusions  []Choice
	Reason       string
	MaySave      bool
	Saved        string
	Note         string
}

// ClockRow is one time limit, as a date.
type ClockRow struct {
	State                  State
	Name, From, Due, Basis string
}

// Factor is one of the four questions.
type Factor struct {
	Name, Title, Hint, Text string
	Marks                   []Choice
}
