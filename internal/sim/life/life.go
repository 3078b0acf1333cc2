// Package life plays the days of an invented hospital: patients come, lie, are treated and go; those who look after them
// write, order, look things up and now and then open a record that no paper says they should; and stories happen among them.
//
//	world (who and where) ──► life (what happens) ──► feed (how systems say it) ──► files, sockets, a callback
//
// Life is made up day by day from one seed. Each patient, each day and each story draws its own chance, so that a story
// more or less changes nothing else. What is true is told apart from what systems say: to a file that no system reads.
package life

import (
	"fmt"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/world"
)

// Config says what is played.
type Config struct {
	Size  world.Size
	Seed  uint64
	House int       // tells the hospitals of one region apart, from 0
	From  time.Time // the day on which it begins
	Days  int
	Learn int // how many of the days pass before stories begin; four fifths of them, 28 at most, unless stated
	// Past is how many days before the first one are told of at the beginning, as a site does that takes over what was: up to
	// 45, which is meant when it is 0. Less than 0 tells only who lies in the house.
	Past int
	Zone string // of the hospital; Europe/Vienna unless stated
	// Quality is what the site's systems are able to tell.
	Quality Quality
	// Rows is the share of the rows within a touch that are written, more than 0 and at most 1; 1 unless stated. Touches
	// stay the same: their first and last rows are always written, and those that tell of more than looking.
	Rows    float64
	Stories []Story
	// Slips has charts written as people write them: see Slip. Without it every note comes in time, as it did before there were slips, so that what was measured of
	// accesses stays comparable.
	Slips bool
	// Bedside has messages say what a nurse needs at the bedside: allergies, and when and how drugs are given; some orders are ended. Without it messages are those that
	// there were before.
	Bedside bool
}

// Quality is what a site is able to tell of itself.
type Quality string

// The qualities.
const (
	FullFeeds Quality = "full"
	NoRoster  Quality = "no-roster"
	NoAddress Quality = "no-address" // the staff office's file has no addresses, numbers or kin
	DailyRows Quality = "daily"      // nothing but the access log, once a day, and what stories leave elsewhere
)

// Qualities lists them.
func Qualities() []Quality { return []Quality{FullFeeds, NoRoster, NoAddress, DailyRows} }

// Story is something that happens among ordinary life, and that should or should not come before a person.
type Story struct {
	ID       string // T01 to T21, D01 to D12, F01 to F12, B01 to B16
	Title    string // what happens, in a sentence that a privacy officer understands
	Days     int    // how many days it takes; when fewer are left it begins during the days of learning
	Sources  []feed.Feed
	Detector string        // what is expected to find it
	Flags    []string      // F01 to F37 that are expected
	Target   time.Duration // within which it should be before a person
	Case     bool          // whether it should become a case: benign twins should not
	Harm     int           // to patients, 1 to 5
	Run      func(*Stage)  // called once, on the morning of its first day
	Ahead    func(*Stage)  // called once before the first day that is played, for what can be seen long before; nil for most
}

// Truth is what really happened. Exactly one pointer is filled.
type Truth struct {
	Touch *Touch `json:"touch,omitempty"`
	Tale  *Tale  `json:"story,omitempty"`
	// Silent is a time in which a feed of ordinary life said nothing though there was something to say.
	Silent *Silence `json:"silent,omitempty"`
}

// Touch is all that one did with one patient's record on one day.
type Touch struct {
	Day   string `json:"day"`
	User  string `json:"user"`
	MRN   string `json:"mrn"`
	First string `json:"first"` // time
	New   bool   `json:"new"`   // nothing of the kind since the play began
	Looks int    `json:"looks"`
	Rows  int    `json:"rows"`
	Why   string `json:"why"` // of the first documented look, or else of the first: care, order, desk, coding, corridor, misclick ...
	// Documented tells that some record of some system says why.
	Documented bool   `json:"documented"`
	Story      string `json:"story,omitempty"`

	Staff  *world.Staff `json:"-"`
	Person world.Person `json:"-"`
}

// Tale is a story as it was played.
type Tale struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Actors   []string  `json:"actors"`  // logins
	Victims  []string  `json:"victims"` // numbers of patients
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Records  []string  `json:"records"` // truth ids of what the story left, 16 digits each
	Sources  []string  `json:"sources"` // feeds in which they stand
	Harm     int       `json:"harm"`
	Flags    []string  `json:"flags"`
	Detector string    `json:"detector"`
	Target   string    `json:"target"`
	Case     bool      `json:"case"`
}

// Silence is a time in which a feed said nothing.
type Silence struct {
	Feed  string    `json:"feed"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Late  bool      `json:"late"` // what was not said was said afterwards
	Story string    `json:"story,omitempty"`
}

// Sinks take what is played: each may be nil.
type Sinks struct {
	// Record takes records in the order in which they leave their systems, ties in a fixed order.
	Record func(*feed.Record) error
	Truth  func(*Truth) error
	// Day is called after each day.
	Day func(day int, at time.Time) error
}

// Hospital is a hospital at play. One goroutine plays it; while a day is made others read it, and change nothing.
type Hospital struct {
	World *world.World

	c                Config
	today            int // which day is played, from 0
	date             world.Day
	dayStart, dayEnd moment
	rosters          [3]*world.Roster // of yesterday, today and tomorrow
	habits           [whats]habit
	conditions       []*Condition
	undocumented     float64 // how often things are done that no paper tells of

	wardsOf, clinicsOf, serving                        map[string][]*world.Unit // by medical service
	scheduling, registration, coding, billing, records *world.Unit
	beds                                               [][]time.Time // by unit: when each is free

	due       map[world.Day][]chore
	visits    map[world.Person][]*Visit // all since the play began
	lately    []*Visit                  // those that are not over
	past      []*Visit                  // those that are, the last of them
	members   [][]world.Person          // of each study who takes part
	canaries  []world.Person            // records of nobody
	formulary []drug
	stock     [][]pocket // by unit, then by drug; nil for units without a cabinet
	careless  []float64  // by Staff.Index: how often somebody documents late or not at all, against others
	lying     map[world.Person]bool
	namesakes map[string][]*Visit       // some of those who were here lately, by family name
	ofFamily  map[*world.Staff][]*Visit // by the family doctor
	accounts  map[*world.Staff][]*Visit // by who of billing works on them
	met       map[uint64]bool           // pairs of those who look and are looked at
	carried   batch                     // what happens on later days
	delays    []delay
	silences  []silence
	repeats   []repeat
	cuts      []cut
	stories   []*telling

	certificates []certificate
	left         map[*world.Staff]world.Day // as stories have it
}

// New makes up a hospital.
func New(c Config) (*Hospital, error) {
	if c.Zone == "" {
		c.Zone = "Europe/Vienna"
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, fmt.Errorf("make up a hospital: %w", err)
	}
	if c.Days < 1 {
		return nil, fmt.Errorf("make up a hospital: it must be played for a day at least")
	}
	if c.Quality == "" {
		c.Quality = FullFeeds
	}
	if !slices.Contains(Qualities(), c.Quality) {
		return nil, fmt.Errorf("make up a hospital: no quality %q: there are full, no-roster, no-address and daily", c.Quality)
	}
	if c.Rows <= 0 || c.Rows > 1 {
		c.Rows = 1
	}
	if c.Past == 0 {
		c.Past = before
	}
	if c.Learn == 0 {
		c.Learn = min(28, c.Days*4/5)
	}
	w, err := world.New(c.Size, c.Seed, c.House, zone, c.From)
	if err != nil {
		return nil, err
	}
	return &Hospital{World: w, c: c}, nil
}

// Period is how much time one file of the access log holds.
func (h *Hospital) Period() time.Duration {
	if h.c.Quality == DailyRows {
		return 24 * time.Hour
	}
	return time.Hour
}
