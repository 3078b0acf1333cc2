package judge

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/internal/hospital"
)

// template is one kind of reason, as templates.yml has it.
type template struct {
	ID       string    `yaml:"id"`
	Title    string    `yaml:"title"`
	Kind     string    `yaml:"kind"`
	Family   string    `yaml:"family"`
	Use      string    `yaml:"use"`
	Test     string    `yaml:"test"`
	Edges    []string  `yaml:"edges"`
	Who      []string  `yaml:"who"`
	Jobs     []string  `yaml:"jobs"`
	Anyone   []string  `yaml:"anyone"`
	Around   string    `yaml:"around"`
	Before   span.Span `yaml:"before"`
	After    span.Span `yaml:"after"`
	Open     span.Span `yaml:"open"`
	Strength string    `yaml:"strength"`
	Shared   string    `yaml:"shared"`
	Own      bool      `yaml:"own"`
	Borne    string    `yaml:"borne"`
	Taken    bool      `yaml:"taken"`
	Noun     string    `yaml:"noun"`
	Holds    string    `yaml:"holds"`
	Fails    string    `yaml:"fails"`
	Source   string    `yaml:"source"`

	edges        []hospital.Kind
	who          uint8
	jobs, anyone uint32
	proposal     *SiteReason // of the site's own ones
}

// written tells whether the reason is something that the person wrote: what stood in the wrong record is taken out again.
func (t *template) written() bool {
	return slices.Contains(t.edges, hospital.Document) || slices.Contains(t.edges, hospital.Message)
}

// group is a kind of reasons as people see it.
type group struct {
	Kind   string `yaml:"kind"`
	Title  string `yaml:"title"`
	Looked string `yaml:"looked"`
	None   string `yaml:"none"`
	Others string `yaml:"others"`
}

const (
	useFilter = "filter"
	useFlag   = "flag"
	useOff    = "off"
)

// The tests that need more than one relation, and how the plain one is called.
const (
	testEdge       = "edge"
	testWard       = "ward"
	testService    = "service"
	testCovers     = "covers"
	testTogether   = "together"
	testDiagnosis  = "diagnosis"
	testAgain      = "again"
	testEmergency  = "emergency"
	testDepartment = "department"
	testAccount    = "account"
	testMachine    = "machine"
	testList       = "list"
	testMother     = "mother"
	testProposal   = "proposal"
)

func tests() []string {
	return []string{testEdge, testWard, testService, testCovers, testTogether, testDiagnosis, testAgain, testEmergency,
		testDepartment, testAccount, testMachine, testList, testMother}
}

// kinds is one more than the greatest hospital.Kind.
const kinds = int(hospital.Transfer) + 1

// edgeNames are the kinds of edges as content writes them, by hospital.Kind.
func edgeNames() []string {
	return []string{"", "provider", "appointment", "order", "result", "copy", "document", "medication", "careteam", "procedure",
		"imaging", "specimen", "prescription", "registration", "account", "trigger", "message", "consult", "research",
		"assignment", "ticket", "page", "transfer"}
}

// The corrections of a Reason.
const (
	SelfMade = "self-made" // by the same person, after the record was opened: counts for little and explains nothing
	Fresh    = "fresh"     // by the same person just before, and nobody did anything about it: explains nothing
	TakenUp  = "taken-up"  // by the same person afterwards, and somebody else acted on it
	NoRoster = "no-roster" // of a place, and no roster says that the person was there
	ShowOnly = "show-only" // the site has it shown, not explain
)

// Why a template did not hold, the least telling first.
const (
	WhyNone     = "none"
	WhyOthers   = "others" // there is such a relation, to somebody else
	WhyWindow   = "outside-window"
	WhyRole     = "role"
	WhyUnit     = "other-unit"
	WhyOffDuty  = "off-duty"
	WhyVoid     = "void"
	WhySelfMade = "self-made" // held, but was made by the person who looked: see the corrections
	WhyWeak     = "weak"      // held, and too little is left of it
	WhyShown    = "show-only" // held, and the site has it explain nothing
)

// telling says how much a cause tells, to choose one of several.
func telling(why string) uint8 {
	switch why {
	case WhyOthers:
		return 1
	case WhyWindow:
		return 2
	case WhyRole:
		return 3
	case WhyUnit:
		return 4
	case WhyOffDuty:
		return 5
	case WhyVoid:
		return 6
	case WhyShown:
		return 7
	case WhyWeak:
		return 8
	case WhySelfMade:
		return 9
	}
	return 0
}

// attempt is what asking one template came to: the strongest reason, or why there is none.
type attempt struct {
	holds      bool
	weight     float64
	edge       *hospital.Edge
	correction string
	through    hospital.StaffID
	why        string // the most telling cause
	near       *hospital.Edge
	own        bool // what is void was made by the person who looked
}

// reasons asks all templates.
func (a *asking) reasons() {
	if a.p != nil {
		a.relations()
	}
	for n := range a.j.templates {
		tm := &a.j.templates[n]
		if tm.Use == useOff {
			continue
		}
		switch tm.Test {
		case testAgain:
			a.again(n)
		case testMachine:
			if a.t.Automatic || a.s != nil && a.s.Type == hospital.Machine {
				a.hold(n, attempt{weight: a.j.score.Strengths[tm.Strength]})
			}
		case testList:
			a.listed(n)
		}
		if a.p == nil || a.s == nil {
			continue
		}
		switch tm.Test {
		case testWard:
			a.ward(n)
		case testService:
			a.service(n)
		case testDepartment:
			a.department(n)
		case testDiagnosis:
			a.diagnosis(n)
		case testAccount:
			a.billed(n)
		case testEmergency:
			a.emergency(n)
		case testMother:
			a.mother(n)
		case testProposal:
			a.proposed(n)
		}
	}
}

// hold notes a reason for template n, if it is stronger than the one that is known.
func (a *asking) hold(n int, found attempt) {
	tm := &a.j.templates[n]
	if tm.Use == useFlag {
		found.weight, found.correction = 0, ShowOnly
	}
	b := &a.best[n]
	// What explains is better than what was made to, whatever the two weigh.
	if b.holds && (explains(b.correction) && !explains(found.correction) ||
		explains(b.correction) == explains(found.correction) && b.weight <= found.weight) {
		return
	}
	found.holds, found.why, found.near, found.own = true, b.why, b.near, b.own
	*b = found
}

// fail notes why template n did not hold; the most telling cause stays, and of equals the latest relation.
func (a *asking) fail(n int, why string, e *hospital.Edge) {
	b := &a.best[n]
	new, old := telling(why), telling(b.why)
	if new > old || new == old && e != nil && (b.near == nil || b.near.From.Before(e.From)) {
		b.why, b.near = why, e
	}
}

// explains tells whether a reason with this correction can explain by itself.
func explains(correction string) bool {
	return correction != SelfMade && correction != Fresh && correction != ShowOnly
}

// standing lists the reasons that hold, the strongest first of those that explain, then the others.
func (a *asking) standing() (all []Reason, explained bool) {
	held := 0
	for n := range a.best {
		if a.best[n].holds {
			held++
		}
	}
	if held == 0 {
		return nil, false
	}
	all = make([]Reason, 0, held)
	edges := make([]hospital.Edge, 0, held) // copies: the House may change its own
	for n := range a.best {
		if b := &a.best[n]; b.holds {
			r := Reason{Template: a.j.templates[n].ID, Weight: b.weight, Correction: b.correction, Through: b.through}
			if b.edge != nil {
				edges = append(edges, *b.edge)
				r.Edge = &edges[len(edges)-1]
			}
			all = append(all, r)
			explained = explained || a.j.score.enough(b.weight, b.correction)
		}
	}
	slices.SortStableFunc(all, func(x, y Reason) int {
		if ex, ey := a.j.score.enough(x.Weight, x.Correction), a.j.score.enough(y.Weight, y.Correction); ex != ey {
			if ex {
				return -1
			}
			return 1
		}
		switch {
		case x.Weight < y.Weight:
			return -1
		case x.Weight > y.Weight:
			return 1
		}
		return 0
	})
	return all, explained
}

// Heritable is the reason of an explained touch that may explain later ones (see Pair): the strongest that explains by itself and was not
// itself inherited. It is nil when there is none.
func (j *Judge) Heritable(v *Verdict) *Reason {
	for i := range v.Reasons {
		r := &v.Reasons[i]
		if t := j.template(r.Template); t != nil && t.Test != testAgain && t.Test != testMachine && t.Test != testList &&
			j.score.enough(r.Weight, r.Correction) {
			return r
		}
	}
	return nil
}

// tried lists what was looked for in vain.
func (a *asking) tried() []Tried {
	all := make([]Tried, 0, len(a.best))
	near := 0
	for n := range a.best {
		if b := &a.best[n]; b.holds || b.near != nil && b.why != WhyOthers {
			near++
		}
	}
	edges := make([]hospital.Edge, 0, near) // copies: the House may change its own
	for n := range a.best {
		b, tm := &a.best[n], &a.j.templates[n]
		if tm.Use == useOff {
			continue
		}
		one, near := Tried{Template: tm.ID, Why: cmp.Or(b.why, WhyNone)}, b.near
		if b.holds {
			near = b.edge
			switch {
			case b.correction == ShowOnly:
				one.Why = WhyShown
			case explains(b.correction):
				one.Why = WhyWeak
			default:
				one.Why = WhySelfMade
			}
		}
		if near != nil && one.Why != WhyOthers {
			edges = append(edges, *near)
			one.Nearest = &edges[len(edges)-1]
		}
		all = append(all, one)
	}
	return all
}

// job tells whether a template can be a reason for one of this job. A job that nobody stated is not held against anyone.
func (a *asking) job(tm *template) bool {
	return tm.jobs == 0 || a.s == nil || a.s.Family == hospital.UnknownFamily || tm.jobs&(1<<a.s.Family) != 0
}

// again asks whether an earlier touch was explained (E23): half of that reason, which fades.
func (a *asking) again(n int) {
	p, s := &a.k.Pair, &a.j.score.Again
	if p.Settled == 0 || p.Weight >= 0 || p.Template == "E23" || p.Template == "E29" || p.Template == "E30" || a.j.template(p.Template) == nil { // a site may have taken its own back
		return
	}
	days := float64(a.t.Day - p.Settled)
	const day = float64(24 * time.Hour)
	if days < 0 || days*day > float64(s.Lasts) {
		a.fail(n, WhyWindow, nil)
		return
	}
	a.hold(n, attempt{weight: s.Share * float64(p.Weight) * math.Exp2(-days*day/float64(s.Half))})
}

// listed asks whether the record only stood in a list or in what a search found (E30).
func (a *asking) listed(n int) {
	c := &a.t.Counts
	if c[Open]+c[Write]+c[Print]+c[Export]+c[Other] > 0 || c[Listed]+c[Search] == 0 {
		return
	}
	if a.rostered && !a.onDuty {
		a.fail(n, WhyOffDuty, nil)
		return
	}
	a.hold(n, attempt{weight: a.j.score.Strengths[a.j.templates[n].Strength]})
}
