package judge

import (
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Known is what was learned before about the one who looked and about the patient, as far as a judge needs it for one
// Touch. It is filled anew for each and must not be kept. What is zero is not known and says nothing.
type Known struct {
	Pair Pair
	// Mates are those with whom the person shares patients far above chance (E21), the closest first.
	Mates []Mate
	// Responsible tells how much more often a department sees patients with a diagnosis than others (E22): 0 when that
	// was not learned. It is never nil.
	Responsible func(department, diagnosis hospital.Ref) (ratio float64)
	Work        Work
	// Others are the further accounts that opened the record within 48 h and that nothing explains (F26).
	Others int
	// Readers are all accounts that opened the record within 48 h, with the one who looked; 0 when that is not known. Usual is how
	// often nothing explains what such readers open, on average; 0 when that is not known.
	Readers int
	Usual   float64
	// UpheldUser and UpheldPatient count cases in 24 months that a person upheld (F33).
	UpheldUser, UpheldPatient int
	// News tells that the patient stands on the watch list of who is in the news (F07).
	News bool
	// Rates are the site's own, in place of those that ship; see Rates.
	Rates *Rates
}

// Pair is what is known of one account and one patient from earlier days.
type Pair struct {
	First, Last int32  // days since 1970-01-01 of the first and the latest touch before this one; 0 for never
	Count       uint32 // days with a touch
	Settled     int32  // the latest day whose touch was explained by something else than an earlier one; 0 for never
	Weight      float32
	Template    string // that explained it, with Weight
}

// Mate is one with whom patients are shared.
type Mate struct {
	Staff  hospital.StaffID
	Lift   float32 // how many times more patients than chance would have it
	Shared int32
}

// Work is what the account did on the day of the touch, and how that differs from what it and its peers do.
type Work struct {
	Patients int     // opened that day
	Limit    float64 // patients a day that one of the role exceeds on one day of 1,000
	Chance   float64 // that so many are opened by one who works as before; 1 when nothing is odd
	Creeping bool    // a little too many for many days (CUSUM)
	Batch    bool    // works through lists: research, coding
	// Bare are the patients of that day, with the one of the touch, of whom nothing explains why they were opened; BareOdds is the chance
	// of so many, by how many usually are: 1 when nothing is odd.
	Bare     int
	BareOdds float64
	// Bareness is how many times more than usual of what others opened around then nothing explains: a feed may be silent. Up to 1 it says
	// nothing; 0 when it is not known.
	Bareness  float64
	Searches  int
	Unopened  int    // searches of which nothing was opened
	Sweep     string // alphabet, sequence, guess or surname; empty for none
	Faces     int    // patients of whom identity or insurance was looked at and nothing else
	FacesOdds float64
	Prints    int     // pages printed and records exported
	PrintsTop float64 // P99 of the role
	// PrintsOdds is the chance that one of the role prints so many; 0 when it is not known.
	PrintsOdds float64
	Exported   int  // most patients in one report or export
	Bulk       bool // an export of which nobody says how many it holds
	Guessed    int  // records asked for by numbers that nobody has, along a row of them
	Images     int  // most studies moved in one hour
	Scraped    bool // of them so many that nobody looks at them
	Stranger   bool // images went to a machine that is not registered
	LogViewed  bool // the audit trail was opened or exported
	LogOff     bool // the audit trail was switched off
	// Hour is the share of the account's own past at this hour of the week; below 0 when too little is known.
	Hour float64
	// Odd tells that a workstation was never used by the account, Away that it came from outside on a day at work.
	Odd, Away bool
	Travel    Travel
	Shared    int // times that two workstations took turns within walking time
	// SharedBefore is how often they did on the latest day on which several people must have used the account, SharedAgo how many days ago that was.
	SharedBefore, SharedAgo int
	Dormant                 int // days since the account was used before; 0 when it is in use, or new
	// Rare is how often peers of the same job do the rarest thing done here; 0 when not known.
	Rare float64
}

// Travel is two places at once.
type Travel struct {
	Kind string // remote: two countries, or outside and in the house; house: two workstations; empty for none
	Gap  time.Duration
}

// Rates are what the site itself has shown, in place of the rates that ship.
type Rates struct {
	Touches int64
	Flags   map[string]float64 // by flag: in which share of touches it stands
	// Bare are the touches that nothing explained, BareFlags is by flag in which share of those it stands.
	Bare      int64
	BareFlags map[string]float64
	// Unexplained is by department which share of its touches of four weeks nothing explained; 0 is the whole house.
	Unexplained map[hospital.Ref]float64
	// UpheldCases were found improper by a person; Upheld is by flag in how many of them it stood.
	UpheldCases int
	Upheld      map[string]float64
}
