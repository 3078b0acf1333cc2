package privacy

import (
	"errors"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// Case is what one person is asked to look at: touches that belong together, with why they are here.
// It names nobody: see Room.Reveal.
type Case struct {
	ID     string // the same touches always make the same
	Number int64  // by which people call it
	Kind   CaseKind
	Lane   Lane
	State  CaseState
	Score  float64 // puts cases in an order; shown to nobody
	// Users and Patients are those it is about, the first one first.
	Users    []Party
	Patients []Party
	Opened   time.Time // by the domain's clock; from then on the house knew of it
	Changed  time.Time
	Touches  []Look
	Text     judge.Text
	Beside   *Beside `json:",omitempty"` // of a DrugCase
	// Arrived tells that a reason came after the case had been opened, and when.
	Arrived time.Time
	Decided *Decision
	// Breach is filled once a person found it improper.
	Breach *Breach
	Seen   []Sight
}

// CaseState says where a case stands.
type CaseState string

// The states.
const (
	Waiting   CaseState = "waiting"   // for its place in the queue; shown to nobody
	Pending   CaseState = "open"      // before a person
	Withdrawn CaseState = "withdrawn" // a reason came before anybody looked
	Closed    CaseState = "closed"    // decided
)

// CaseKind is what a Case gathers.
type CaseKind string

// The kinds of cases.
const (
	UserCase     CaseKind = "user"     // one account, within a week, and one patient or household
	PatientCase  CaseKind = "patient"  // one patient, and several accounts
	CampaignCase CaseKind = "campaign" // one address, tool or query, and several accounts
	AccountCase  CaseKind = "account"  // how an account is used: shared, of a leaver
	DrugCase     CaseKind = "drugs"    // what one person took out of drug cabinets
)

// Lane is why a case came before a person.
type Lane string

// The lanes of the queue.
const (
	Urgent  Lane = "urgent"  // a hard flag
	Ranked  Lane = "ranked"  // by its score
	Explore Lane = "explore" // of a kind that was rarely seen
	Audit   Lane = "audit"   // drawn at random from what was explained
	Drugs   Lane = "drugs"   // the few who stand out at drug cabinets; it takes no place from the others
)

// Outcome is what a person concluded.
type Outcome string

// The outcomes.
const (
	Violation Outcome = "violation"
	Policy    Outcome = "policy"    // not a breach; a talk, or the unit is reminded
	Explained Outcome = "explained" // there was a reason
	Duplicate Outcome = "duplicate"
	Unclear   Outcome = "unclear" // not enough to tell
)

// Party is somebody whom a case is about, without a name.
type Party struct {
	Token   string // stands for the account or the patient
	Hint    string // the last digits
	Role    string // in words: a registration clerk; empty for patients
	Unit    string // code of the department
	Staff   hospital.StaffID
	Patient hospital.PatientID
	User    hospital.Ref
}

// Look is one Touch of a case, with what is thought of it.
type Look struct {
	Touch   judge.Touch
	Verdict judge.Verdict
	// Token and Account name patient and account within the case: indexes of Patients and Users.
	Patient, User int
	First         bool // the first touch ever of this account and this patient
	Pending       bool `json:",omitzero"` // of a Day: it is too early to say
}

// Decision is what a person concluded of a case.
type Decision struct {
	Outcome Outcome
	Why     string // a sentence; sealed in the journal, and shown to those who may see the case
	By      Viewer
	At      time.Time
	// Missing is what explained it and was in no feed, for Explained.
	Missing *Proposal
	Undone  time.Time
}

// Proposal is a reason that the site may add, and what it would have done.
type Proposal struct {
	judge.SiteReason
	Trial Trial `json:"trial"`
}

// Trial is what a proposal would have done in the past 30 days.
type Trial struct {
	Touches int `json:"touches"` // that it would have explained
	Cases   int `json:"cases"`   // that would not have been opened
	Upheld  int `json:"upheld"`  // of them upheld: above 0 it must not go live
}

// Viewer is somebody who uses the console: under what name, and who that is at work.
type Viewer struct {
	Name  string           `json:"name"`
	Staff hospital.StaffID `json:"staff,omitempty"`
}

// Sight is that somebody saw a case.
type Sight struct {
	By Viewer
	At time.Time
}

// Filter says which cases are asked for.
type Filter struct {
	States []CaseState // none: Pending
	Lanes  []Lane
	Kinds  []CaseKind
	// By is who asks: cases about them, or about whom they report to, are left out.
	By     Viewer
	ID     string // that one alone, when it is among them
	Before int64  // numbers below; 0 for all
	Limit  int    // 50 when 0
}

// ErrNoCase says that there is no such case, or none that the viewer may see: the two are not told apart.
var ErrNoCase = errors.New("no such case")

// ErrDecided says that a case was decided, or withdrawn, before.
var ErrDecided = errors.New("the case was decided in the meantime: read it again")

// ErrHides says that a proposed reason would have hidden cases that a person upheld.
var ErrHides = errors.New("this reason would have hidden cases that were upheld, so it does not go live: make it narrower")

// Revealed is who is behind a case, in clear.
type Revealed struct {
	Patients []Named
	Users    []Named
}

// Named is one person in clear, by the Token of its Party.
type Named struct {
	Token       string
	Human       hospital.Human
	Identifiers []hospital.Identifier
	Account     string
}

// Breach is what the law asks about a case that is one.
type Breach struct {
	Patients   int       // counted from the log, after merges
	Discovered time.Time // when the house knew
	Clocks     []Clock
	Factors    [4]string // the four of 45 CFR 164.402(2), as the officer wrote them
}

// Clock is a time that the law sets.
type Clock struct {
	Rule  string // EU-GDPR-33, US-HIPAA-IND ...
	From  time.Time
	Due   time.Time
	Whole bool // Due is a day, not a moment
}

// Seen is one row of the answer to who saw a chart.
type Seen struct {
	Account   Party
	First     time.Time
	Last      time.Time
	Counts    [judge.Acts]uint32
	Explained bool
	Template  string // that explained it best
	Reason    string // a sentence
	Case      string // id; empty for none
	Pending   bool   // it is too early to say
	Evidence  []judge.Access
}

// Day is what one who works here did on one day.
type Day struct {
	Staff     Party
	Day       int32
	Shifts    []hospital.Shift
	Rostered  bool
	At, Until time.Time // first and last thing done
	Looks     []Look    // by the time of the first access; Patient is an index of Patients
	Patients  []Party
}

// Health is how well accesses are explained, and which feeds are silent.
type Health struct {
	From, To    int32 // days
	All         Share
	Departments []DepartmentHealth // the worst first
}

// Share counts touches and those of them that something explained.
type Share struct {
	Touches, Explained       int64
	Firsts, FirstsExplained  int64            // first touches ever of an account and a patient
	Waiting                  int64            // not settled yet
	Templates                map[string]int64 `json:",omitempty"` // by which template
	Held                     int64
	Opened, Upheld, Withdrew int64 // cases
}

// DepartmentHealth is the health of a department.
type DepartmentHealth struct {
	Department hospital.Ref
	Name       string
	Share
	Days   []DayShare
	Past   float64 // explained share of the 28 days before
	Held   bool    // it fell: its cases wait for the feed
	Since  time.Time
	Reason string // what is silent, in words
}

// DayShare is one day of one department.
type DayShare struct {
	Day                int32
	Touches, Explained int64
}

// Estimate is what the random audit says about what was missed.
type Estimate struct {
	Population int64 // explained touches, of which some were drawn
	Drawn      int
	Decided    int
	Improper   int
	Share      float64 // improper among decided
	Low, High  float64 // its 95 % interval (Clopper-Pearson)
	Templates  []TemplatePrecision
}

// TemplatePrecision is how often a template was right when a person looked.
type TemplatePrecision struct {
	Template        string
	Decided, Proper int
	Low, High       float64
}
