// Package score holds what somebody found of a played hospital against what really happened in it.
//
// It knows the truth that life wrote aside, and what was found in the plainest form: cases, alerts and verdicts on
// single touches. Who found it does not matter, so that two ways of looking can be held side by side. All its figures
// are of a simulation.
package score

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/sim/life"
)

// Case is a case as it was opened: accounts and patients by whatever names the truth is given, too.
type Case struct {
	ID     string
	Lane   string // urgent, ranked, explore; audit for those drawn at random
	Opened time.Time
	Looks  []Look
}

// Look is one account at one record on one day, as a case holds it. A name may be empty.
type Look struct {
	User, Patient string
	First, Last   time.Time
	Bare          bool // it stands in the case because no reason was found for it
}

// Alert is something that was told at once, and of what.
type Alert struct {
	Flag string
	At   time.Time
	Look Look
}

// Touch is what was thought of one touch in the end.
type Touch struct {
	Day       string
	User      string
	Patient   string
	First     bool // of this account and this patient
	Explained bool
	Template  string   // that explained it
	Flags     []string // whatever explains it
	// Volume tells how unusual the number of the account's patients was that day, as -log10 of its chance.
	Volume float64
}

// Names turns the truth's logins and numbers of patients into those of cases. nil leaves them as they are.
type Names struct{ User, Patient func(string) string }

func (n Names) user(s string) string {
	if n.User == nil {
		return s
	}
	return n.User(s)
}

func (n Names) patient(s string) string {
	if n.Patient == nil {
		return s
	}
	return n.Patient(s)
}

// Truth is what really happened, in the names of cases.
type Truth struct {
	// StoriesOnly, set before anything is added, leaves single touches out: cases are held against stories, and a large house has
	// millions of touches.
	StoriesOnly bool

	Tales    []life.Tale
	Untold   int // stories that did not happen: nobody was there whom they could happen to
	Silences []life.Silence
	touches  map[key]life.Touch
	names    Names
}

// key is one account and one patient on one day.
type key struct{ day, user, patient string }

// NewTruth returns an empty truth.
func NewTruth(names Names) *Truth { return &Truth{touches: map[key]life.Touch{}, names: names} }

// Add takes one row of the truth.
func (t *Truth) Add(row *life.Truth) {
	switch {
	case row.Touch != nil && t.StoriesOnly:
	case row.Touch != nil:
		k := key{row.Touch.Day, t.names.user(row.Touch.User), t.names.patient(row.Touch.MRN)}
		t.touches[k] = life.Touch{Why: row.Touch.Why, Documented: row.Touch.Documented, Story: row.Touch.Story}
	case row.Tale != nil && row.Tale.Start.IsZero():
		t.Untold++ // it found nobody to happen to
	case row.Tale != nil:
		tale := *row.Tale
		tale.Records = nil
		tale.Actors = each(tale.Actors, t.names.user)
		tale.Victims = each(tale.Victims, t.names.patient)
		t.Tales = append(t.Tales, tale)
	case row.Silent != nil:
		t.Silences = append(t.Silences, *row.Silent)
	}
}

// Touch returns what is true of a touch; the zero value when it is not known.
func (t *Truth) Touch(day, user, patient string) life.Touch {
	return t.touches[key{day, user, patient}]
}

func each(list []string, name func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = name(s)
	}
	return out
}

// Read takes all rows of a truth file. An error names the line.
func (t *Truth) Read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		var row life.Truth
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return fmt.Errorf("read the truth: line %d is no row of it", n)
		}
		t.Add(&row)
	}
	return lines.Err()
}

// Found is what somebody found.
type Found struct {
	Cases   []Case
	Alerts  []Alert
	Touches []Touch
}

// Window says what is scored: cases opened and touches made from From on, up to Until.
type Window struct {
	From, Until time.Time
	PerDay      int // cases that people look at in a day
}

// Report is the figures.
type Report struct {
	Window Window
	// Single tells that what was thought of single touches was known. Without it there are no figures of what is explained by what,
	// nor of plainer ways.
	Single bool
	// Touches and Firsts are those of the window; Explained of each.
	Touches, Explained      int
	Firsts, FirstsExplained int
	Undocumented            int // touches of ordinary life of which no system says why
	UndocumentedSet         int // of these, explained all the same
	Templates               map[string]int
	// Unseen counts touches that some system explains and that were not explained all the same, by what they were for; Whys all
	// that some system explains.
	Unseen, Whys             map[string]int
	Stories                  []Story
	Untold                   int // stories that found nobody to happen to
	Cases, Right             int // cases that were opened, not drawn at random; those that are about a theft
	Twins                    int // cases about what is in order although it looks odd
	Other                    int // cases about disruptions and falsifications, which are not what cases are for
	Ordinary                 int // cases about nothing but ordinary life
	Outage                   int // of these, opened while a feed was silent, and holding what some system else explains
	Audit                    Audit
	RulesBaseline, VolumeOne Baseline
}

// Story is how one story came out.
type Story struct {
	ID, Title string
	Case      bool // it should have become a case
	Found     bool
	After     time.Duration // from its beginning to the first case or alert about it
	Target    time.Duration
	By        string // lane, or flag of the alert
	Cases     int    // about it
}

// Audit is what a random draw can say, and what is true.
type Audit struct {
	Drawn, Improper int     // drawn cases, and those of them that are about a theft
	True            float64 // share of explained touches that are of a theft
}

// Baseline is how a plainer way of looking came out within the same number of cases.
type Baseline struct {
	Found, Stories int // of the thefts
	Cases, Right   int
}

// theft tells the stories that the privacy office is there for.
func theft(t *life.Tale) bool { return t.Case && strings.HasPrefix(t.ID, "T") }

// Score makes the report.
func (t *Truth) Score(f *Found, w Window) Report {
	r := Report{Window: w, Untold: t.Untold, Single: len(f.Touches) > 0, Templates: map[string]int{}, Unseen: map[string]int{}, Whys: map[string]int{}}
	t.touchFigures(&r, f.Touches)
	t.stories(&r, f)
	t.cases(&r, f.Cases)
	r.RulesBaseline = t.baseline(f.Touches, w, r.Cases, bareRules)
	r.VolumeOne = t.baseline(f.Touches, w, r.Cases, volume)
	return r
}

func (w Window) holds(at time.Time) bool { return !at.Before(w.From) && at.Before(w.Until) }

func (w Window) day(day string) bool {
	return day >= w.From.Format(time.DateOnly) && day < w.Until.Format(time.DateOnly)
}

// dayOf is the day at a time where the window's days are counted.
func (w Window) dayOf(at time.Time) string { return at.In(w.From.Location()).Format(time.DateOnly) }

func (t *Truth) touchFigures(r *Report, touches []Touch) {
	improper := 0
	for i := range touches {
		touch := &touches[i]
		if !r.Window.day(touch.Day) {
			continue
		}
		truth, known := t.touches[key{touch.Day, touch.User, touch.Patient}]
		r.Touches++
		if touch.First {
			r.Firsts++
		}
		if known && !truth.Documented && truth.Story == "" {
			r.Undocumented++
		}
		if truth.Documented {
			r.Whys[truth.Why]++
		}
		if !touch.Explained {
			if truth.Documented {
				r.Unseen[truth.Why]++
			}
			continue
		}
		r.Explained++
		r.Templates[touch.Template]++
		if touch.First {
			r.FirstsExplained++
		}
		if known && !truth.Documented && truth.Story == "" {
			r.UndocumentedSet++
		}
		if tale := t.tale(truth.Story); tale != nil && theft(tale) && !truth.Documented {
			improper++
		}
	}
	if r.Explained > 0 {
		r.Audit.True = float64(improper) / float64(r.Explained)
	}
}

func (t *Truth) tale(id string) *life.Tale {
	for i := range t.Tales {
		if t.Tales[i].ID == id && id != "" {
			return &t.Tales[i]
		}
	}
	return nil
}

// about tells whether a case is about a tale: it was opened after that began, and holds a look of it.
func (c *Case) about(tale *life.Tale) bool {
	return !c.Opened.Before(tale.Start) && slices.ContainsFunc(c.Looks, func(l Look) bool { return l.of(tale) })
}

// of tells whether a look is one of a tale's people at one of its patients, while it went on.
func (l *Look) of(tale *life.Tale) bool {
	return !l.First.After(tale.End.Add(skew)) && !l.Last.Before(tale.Start.Add(-skew)) && concerns(tale, l.User, l.Patient)
}

// skew is how far the clocks of systems may be from that of the truth.
const skew = time.Hour

// concerns tells whether an account and a patient are those of a tale, as far as either is named.
func concerns(tale *life.Tale, user, patient string) bool {
	if user == "" {
		return slices.Contains(tale.Victims, patient)
	}
	return slices.Contains(tale.Actors, user) && (patient == "" || len(tale.Victims) == 0 || slices.Contains(tale.Victims, patient))
}

func (t *Truth) stories(r *Report, f *Found) {
	for i := range t.Tales {
		tale := &t.Tales[i]
		if tale.Case && !theft(tale) {
			continue // for others to find
		}
		s := Story{ID: tale.ID, Title: tale.Title, Case: tale.Case}
		s.Target, _ = time.ParseDuration(tale.Target)
		for j := range f.Cases {
			c := &f.Cases[j]
			if c.Lane != "audit" && c.about(tale) {
				s.Cases++
				s.see(c.Opened.Sub(tale.Start), c.Lane)
			}
		}
		for j := range f.Alerts {
			a := &f.Alerts[j]
			if !a.At.Before(tale.Start) && a.Look.of(tale) {
				s.see(a.At.Sub(tale.Start), a.Flag)
			}
		}
		r.Stories = append(r.Stories, s)
	}
	slices.SortStableFunc(r.Stories, func(a, b Story) int { return strings.Compare(a.ID, b.ID) })
}

func (s *Story) see(after time.Duration, by string) {
	if !s.Found || after < s.After {
		s.Found, s.After, s.By = true, after, by
	}
}

// About lists the tales that a case is about.
func (t *Truth) About(c *Case) (tales []*life.Tale) {
	for i := range t.Tales {
		if tale := &t.Tales[i]; c.about(tale) {
			tales = append(tales, tale)
		}
	}
	return tales
}

func (t *Truth) cases(r *Report, cases []Case) {
	for i := range cases {
		c := &cases[i]
		if !r.Window.holds(c.Opened) {
			continue
		}
		right, twin, other := false, false, false
		for _, tale := range t.About(c) {
			right = right || theft(tale)
			twin = twin || !tale.Case
			other = true
		}
		if c.Lane == "audit" {
			r.Audit.Drawn++
			if right {
				r.Audit.Improper++
			}
			continue
		}
		r.Cases++
		switch {
		case right:
			r.Right++
		case twin:
			r.Twins++
		case other:
			r.Other++
		default:
			r.Ordinary++
			if t.Silent(c, r.Window) {
				r.Outage++
			}
		}
	}
}

// Silent tells whether a silent feed is to blame for a case.
func (t *Truth) Silent(c *Case, w Window) bool { return t.silent(c.Opened) && t.known(c, w) }

// known tells whether some system would have said why something was looked at for which a case found no reason, had all of them said what
// they know.
func (t *Truth) known(c *Case, w Window) bool {
	return slices.ContainsFunc(c.Looks, func(l Look) bool { return l.Bare && t.touches[key{w.dayOf(l.First), l.User, l.Patient}].Documented })
}

// silent tells whether a feed said nothing at a time, or had not for a day before it.
func (t *Truth) silent(at time.Time) bool {
	return slices.ContainsFunc(t.Silences, func(s life.Silence) bool {
		return at.After(s.From) && at.Before(s.To.Add(24*time.Hour))
	})
}

// Recall is the share of thefts that were found.
func (r *Report) Recall() (found, all int) {
	for i := range r.Stories {
		if s := &r.Stories[i]; s.Case && strings.HasPrefix(s.ID, "T") {
			all++
			if s.Found {
				found++
			}
		}
	}
	return found, all
}
