package page

// Today answers whether anything is wrong and what one thing to do.
type Today struct {
	Frame
	Now     Now
	Seals   Seals
	Days    string // how long the lines of Rooms are
	Rooms   []RoomCard
	Waiting []Waiting
	Quiet   string // when nothing waits
}

// Seals says how far the journal and its readers are.
type Seals struct {
	State  State
	Text   string
	Meters []Meter
}

// Meter is a bar that says how far something is.
type Meter struct {
	State
	Name, Says string
	Share      int // of 300
}

// RoomCard is a room with its one number.
type RoomCard struct {
	Name, URL, About string
	State            State
	Figure, Of       string
	Text, More       string
	Spark            *Chart
}

// Waiting is a finding in a short list.
type Waiting struct {
	State                               State
	URL, Title, Where, Care, Owner, Age string
}

// Findings is the queue and the finding that is open.
type Findings struct {
	Frame
	Views                 []Tab
	Rows                  []QueueRow
	Order                 string
	Older                 string // address of the next rows
	Open                  *Finding
	EmptyTitle, EmptyText string
	EmptyNext             *Link
}

// QueueRow is one finding of the queue.
type QueueRow struct {
	State                  State
	URL, Age, Title, Where string
	Here, Next, Before     bool
}

// Finding is one finding in full.
type Finding struct {
	URL, Short, Title, Owner, When string
	State                          State
	Verdict                        *Verdict
	Say, About, Care               string
	Step                           Step
	Shown                          string
	Masked                         bool
	Evidence                       []Event
	Why                            string
	Rule, Things                   []Pair
	Expect                         []string
	PlacesSay                      string
	Places                         []Seal
	History                        []Done
	CanJudge, CanUndo              bool
	NextURL, HideURL               string
}

// Done is one thing that was done with a finding.
type Done struct {
	Time, Text string
	State      State
}

// Verdict is what a person said of a finding.
type Verdict struct {
	State State
	Text  string
}

// Step is what we propose to do next.
type Step struct {
	State               State
	Label, Text, Action string
	Link                *Link  // where the button leads
	Search              []Pair // or else the question that it asks
}

// Event is one event, in the words of its sender.
type Event struct {
	Time, Source string
	Chosen, All  []Pair
	Seal         *Seal
	More         *Link // where it is told in full
}

// Hide is the form that hides what is expected, with its receipt.
type Hide struct {
	Frame
	Action, Back, Reason string
	Scopes, Days         []Choice
	Receipt              *Receipt
}

// Receipt says what would be hidden.
type Receipt struct {
	State        State
	Text, Caveat string
	Facts        []Pair
}

// Proposal is what one person wants and another must agree to. Without Agree it is the reader's own.
type Proposal struct{ Title, Text, Receipt, By, Until, Agree, Decline, Word string }

// Hidden lists what is hidden.
type Hidden struct {
	Frame
	Views     []Tab
	Proposals []Proposal
	Rows      []HiddenRow
}

// HiddenRow is one rule that is not shown for a time.
type HiddenRow struct{ Rule, About, Reason, By, Until, Lift string }

// Search is the question, and the answer once it was asked.
type Search struct {
	Frame
	Views          []Tab
	Text, From, To string
	Presets        []Choice
	Filters        int // how many are in use
	FilterRows     []FilterRow
	Names          []string
	Asked          bool
	Histogram      *Chart
	HistogramSays  string
	Hits           []Event
	Found          string
	FoundSays      string
	Older, Save    string
	NothingSays    string
	Saved          []SavedRow
	Index          State
	IndexSays      string
	IndexFacts     []Pair
}

// FilterRow asks one field.
type FilterRow struct {
	Name, Value string
	Ops         []Choice
}

// SavedRow is a question that was kept.
type SavedRow struct{ Name, URL, By, Forget string }

// Hunt asks the past.
type Hunt struct {
	Frame
	Views            []Tab
	Indicators, Rule string
	Days             []Choice
	Running          []Running
	Answers          []AnswerRow
}

// Running is work that is not done yet.
type Running struct {
	Title, URL, Says string
	State            State
	Meter            Meter
}

// AnswerRow is one answer from the past.
type AnswerRow struct {
	Asked, When, By, Seen, Looked string
	State                         State
	Seal                          *Seal
}

// Job is one piece of long work, running or done.
type Job struct {
	Frame
	URL, Label, Heading, Says, Meaning string
	State                              State
	Running                            bool
	Meter                              Meter
	Facts                              []Pair
	Next                               *Link
	Act                                *Button // in the place of Next
	Seal                               *Seal
	FoundHeading                       string
	Findings                           []Waiting
}

// Button does something, with what it says along.
type Button struct{ URL, Text, Name, Value string }

// Sources says who sends, and whether the books balance.
type Sources struct {
	Frame
	Now   *Now
	Rows  []SourceRow
	Total SourceRow
}

// SourceRow is one sender with its books.
type SourceRow struct {
	Name, Note, Last                       string
	State                                  State
	Spark                                  *Chart
	Received, Stored, Aside, Refused, Lost string
	Books                                  State
}

// AddSource makes a token and shows how the sender is set up.
type AddSource struct {
	Frame
	Kinds      []Choice
	Name, CIDR string

	Chosen                bool // the rest is filled
	Token, Until          string
	Sender, File, Snippet string
	Steps                 []string
	Check                 string
}

// Rules lists what is looked for.
type Rules struct {
	Frame
	Views                 []Tab
	Heading, Order        string
	Rows                  []RuleRow
	More                  *Link
	Refused               []Pair
	EmptyTitle, EmptyText string
	MayLook               bool
	Changes, Trouble      string // what is configured and not at work; what is wrong
	Running               *Running
}

// Changes says what is configured and not at work.
type Changes struct {
	Frame
	Version, Order, Lists, Trouble string
	Rows                           []ChangeRow
	Refused                        []Pair
	Days                           []Choice
	Running                        *Running
	MayChange                      bool
}

// ChangeRow is one rule that differs.
type ChangeRow struct {
	State, Level State
	Title, File  string
}

// RuleRow is one rule.
type RuleRow struct {
	URL, Title, Hits, Last, Precision, Author string
	State                                     State
}

// Rule is one rule in full.
type Rule struct {
	Frame
	State             State
	Summary, Care     string
	Expect, Links     []string
	Facts, Judged     []Pair
	Precision, Sample string
	Hide, Findings    string
	Suspended         bool
	Resume            string
}

// Journal says how much is sealed.
type Journal struct {
	Frame
	Views      []Tab
	State      State
	Says       string
	Checkpoint []Pair
	Note       string
	Verify     Verify
	Shown      string
	Entries    []EntryRow
}

// Verify is the check of the whole journal.
type Verify struct {
	State   State
	Says    string
	Running bool
	Meter   Meter
	Facts   []Pair
}

// EntryRow is one entry of the journal.
type EntryRow struct {
	Entry, When, Kind, Lines, From string
	Seal                           Seal
}

// Proof shows one line of the journal and that it is sealed.
type Proof struct {
	Frame
	Download string
	State    State
	Kept     Kept
	Lines    []Tab
	Steps    []ProofStep
	Facts    []Pair
	Path     []string
	Meaning  string
	Command  string
}

// Kept is what the journal holds at one place.
type Kept struct {
	State       State
	Says        string
	Chosen, All []Pair
}

// ProofStep is one check, in words.
type ProofStep struct {
	State       State
	Title, Text string
}

// People lists who may do what.
type People struct {
	Frame
	Views              []Tab
	Once               *Once
	Counts             string
	Users              []UserRow
	Proposals          []Proposal
	Choices            []Choice
	Tokens             []TokenRow
	CanWrite, CanToken bool
	TokenMay           []Choice // what a reader may only when it is said
}

// Once is a secret that is shown one time.
type Once struct{ Title, Secret, Text string }

// UserRow is one person.
type UserRow struct {
	ID, Name, Display, Roles, Last string
	State                          State
	Active                         bool
	RoleChoices                    []Choice
}

// TokenRow is one token.
type TokenRow struct {
	Name, May, From, Last, Ends, Revoke string
	State                               State
}

// Trail lists who did what.
type Trail struct {
	Frame
	Views         []Tab
	People, Verbs []Choice
	Rows          []ActRow
	Older         string // address of the next page
}

// ActRow is one act.
type ActRow struct {
	Time, Who, What, Object string
	State                   State
	Seal                    *Seal
}

// Login asks who is there.
type Login struct {
	Frame
	To, Name string
	Fresh    bool // nobody has ever signed in
	Provider bool // people may sign in at the house's own provider
	Passkeys Passkeys
}

// Passkeys says whether a browser can use passkeys where it is.
type Passkeys struct {
	Here  bool
	Where string // the only address at which it can
	None  bool   // it cannot anywhere: the console has no name that browsers accept
}

// AskKey has the browser ask for a passkey, or make one.
type AskKey struct {
	Frame
	New, Joining          bool
	Heading, Says, Action string
	Options, Secret       string // what the browser is asked with, and what shows that it was asked
	Ticket, Answered      string // names of the fields with that secret and with the answer
	Carry                 []Pair
	Back                  Link
}

// You lists what a person signs in with.
type You struct {
	Frame
	Views          []Tab
	Passkeys       Passkeys
	Elsewhere, App bool
	Codes          string
	Few            bool // of the recovery codes
	Held           []KeyRow
}

// KeyRow is one passkey. Remove is empty where it is all that there is.
type KeyRow struct{ Name, Made, Used, Remove string }

// Entered says that somebody came in by way of the house's own provider.
type Entered struct {
	Frame
	Name string
}

// Setup makes the first user or an invited one.
type Setup struct {
	Frame
	Heading, Says, Action, Secret, Name, Display string
	AskName                                      bool
}

// Enrol shows the second factor.
type Enrol struct {
	Frame
	QR, Secret, Action, Enrolment, OTPAuth string
	Size                                   int
	Passkeys                               Passkeys
}

// Prove asks for the second factor again, and carries along what was asked for.
type Prove struct {
	Frame
	Provider bool // some sign in elsewhere and have no code here
	Passkeys Passkeys
	To       string
	Carry    []Pair
}

// Recovery shows the recovery codes once.
type Recovery struct {
	Frame
	Codes   []string
	Joining bool // they are the last step of it
	Next    Link
}

// Denied says who may.
type Denied struct {
	Frame
	For, Holders string
}

// Failure says what failed and what still holds.
type Failure struct {
	Frame
	Heading, Says, Code string
	Next                Link
}

// Help lists the keys.
type Help struct {
	Frame
	Everywhere, Lists []Key
	Off               bool
}
