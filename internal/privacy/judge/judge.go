// Package judge says of one Touch, all that an account did with one patient's record on one day, which reasons there were for it,
// what speaks for a closer look and what both weigh, and tells it in sentences.
//
//	content/privacy ──► Load ──► Judge
//	Touch, hospital.House, Known ──► Judge ──► Verdict ──► Text
//
// It remembers nothing and knows of no case: what was learned before comes with each touch, as Known. The stories below
// testdata/verdicts hold each reason, flag and weight.
package judge

import (
	"slices"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Judge says of a Touch which reasons there were for it, what speaks for a closer look, and what both weigh together. All that
// it goes by is content (see Load). It remembers nothing and serves any number of goroutines.
type Judge struct {
	templates []template
	byKind    [kinds][]int // which templates an edge of a kind may serve
	own       [kinds]bool  // what one can only do oneself
	flags     map[string]*flag
	groups    []group
	score     scoring
	classes   Classes
	site      Site
	// covers and together are the templates that ask about colleagues: E20 and E21.
	covers, together []int
	spare            *sync.Pool // of *asking, so that judging leaves little to clear away
}

// Site is what one site decided for itself and keeps elsewhere than in content.
type Site struct {
	// Export and Images are the limits of patients in one report and of studies moved in an hour; 0 for those of flags.yml.
	Export, Images int
	// Reasons are those that were learned from decisions; those that are not Live are left out.
	Reasons []SiteReason
}

// SiteReason is a reason that a site adds: accounts of a kind see patients of a kind.
type SiteReason struct {
	Template   string       `json:"template"` // S001 ...
	Fact       string       `json:"fact"`     // what was missing, in words
	Department hospital.Ref `json:"department"`
	Job        hospital.Ref `json:"job,omitempty"`
	Service    hospital.Ref `json:"service"` // of the patient's visit; 0 for any
	Live       bool         `json:"live"`
}

// With returns a Judge that also goes by what the site decided.
func (j *Judge) With(s Site) *Judge {
	other := *j
	other.site = s
	other.templates = slices.Clone(j.templates)
	for _, r := range s.Reasons {
		if r.Live {
			other.templates = append(other.templates, j.proposed(r))
		}
	}
	return &other
}

// Threshold is the score from which on a touch makes a case.
func (j *Judge) Threshold() float64 { return j.score.Threshold }

// Classes says what belongs to which class.
func (j *Judge) Classes() *Classes { return &j.classes }

// Verdict judges t by what h and k know. What was entered after at is left out, so that a verdict of the past can be made
// again; the zero time leaves nothing out. It changes nothing.
//
// Whether nothing explains a touch is worth something only once its reasons had time to arrive: see privacy.Config.Settle.
func (j *Judge) Verdict(t *Touch, h *hospital.House, k *Known, at time.Time) Verdict {
	a := j.asking(t, h, k, at)
	defer a.done()
	a.reasons()
	var v Verdict
	v.Reasons, v.Explained = a.standing()
	if !v.Explained {
		v.Tried = a.tried()
	}
	a.explained = v.Explained
	a.weigh()
	v.Flags = a.raised
	v.Score = j.score.Prior + j.cap(v.Flags)
	if v.Explained {
		v.Score += a.reasonWeight(v.Reasons)
	} else {
		v.NoReason = a.noReason()
		v.Score += v.NoReason
	}
	slices.SortStableFunc(v.Flags, heavier)
	return v
}

// Private tells whether a patient concerns somebody in private: the person, family, a neighbour, somebody from work, or one whom the house
// protects.
func (j *Judge) Private(t *Touch, h *hospital.House, k *Known) bool {
	a := j.asking(t, h, k, time.Time{})
	defer a.done()
	if a.p == nil {
		return false
	}
	if a.p.VIP || k.News {
		return true
	}
	if a.s == nil {
		return false
	}
	a.self()
	a.kinship()
	a.coworker()
	a.neighbour()
	return len(a.raised) > 0
}

// HardFlags lists what a person is told at once, whatever may explain it later. It is quick: the first access is enough.
func (j *Judge) HardFlags(t *Touch, h *hospital.House, k *Known, at time.Time) []Flag {
	a := j.asking(t, h, k, at)
	defer a.done()
	a.self()
	a.account()
	a.trap()
	a.bulk()
	a.sweeping()
	a.raised = slices.DeleteFunc(a.raised, func(f Flag) bool { return !f.Hard })
	return a.raised
}

// asking is one verdict being made.
type asking struct {
	j *Judge
	t *Touch
	h *hospital.House
	k *Known
	s *hospital.Staff   // nil when nobody knows whose account it is
	p *hospital.Patient // nil when nobody knows the patient
	// Shifts are those within reach of the touch; rostered tells that the roster knows the person then, onDuty that one
	// of the shifts overlaps with the touch.
	shifts           []hospital.Shift
	rostered, onDuty bool
	at               time.Time
	first, last      time.Time
	best             []attempt // by template
	explained        bool
	raised           []Flag
}

func (j *Judge) asking(t *Touch, h *hospital.House, k *Known, at time.Time) *asking {
	if k == nil {
		k = &Known{}
	}
	a, ok := j.spare.Get().(*asking)
	if !ok {
		a = &asking{}
	}
	best := a.best[:0]
	*a = asking{j: j, t: t, h: h, k: k, at: at, first: t.First, last: t.Last}
	if a.last.Before(a.first) {
		a.last = a.first
	}
	a.best = slices.Grow(best, len(j.templates))[:len(j.templates)]
	clear(a.best)
	if t.Staff != 0 {
		a.s = h.Staff(t.Staff)
	} else {
		a.s = h.StaffNamed(t.User)
	}
	a.p = h.Patient(t.Patient)
	if a.s != nil {
		a.duty()
	}
	return a
}

// done gives its memory to the next verdict.
func (a *asking) done() {
	j := a.j
	clear(a.best)
	*a = asking{best: a.best[:0]}
	j.spare.Put(a)
}

// duty asks the roster about the time of the touch.
func (a *asking) duty() {
	slack := time.Duration(a.j.score.Duty)
	// Shifts that reach into the touch are all that matters. One that only touches it counts, so ask for a little more.
	a.shifts, a.rostered = a.h.Duty(a.s.ID, a.first.Add(-slack-time.Second), a.last.Add(slack+time.Second))
	for i := range a.shifts {
		if !a.shifts[i].Leave && a.within(a.shifts[i].From.Add(-slack), a.shifts[i].To.Add(slack)) {
			a.onDuty = true
			return
		}
	}
}

// within tells whether a part of the touch lies in a time; a zero end is none.
func (a *asking) within(from, to time.Time) bool {
	return !a.last.Before(from) && (to.IsZero() || !a.first.After(to))
}

// me tells whether a name is one of the person who looked.
func (a *asking) me(name hospital.Ref) bool {
	return name != 0 && (name == a.t.User || a.s != nil && slices.Contains(a.s.Names, name))
}

func heavier(x, y Flag) int {
	switch {
	case x.Hard != y.Hard && x.Hard:
		return -1
	case x.Hard != y.Hard:
		return 1
	case x.Weight > y.Weight:
		return -1
	case x.Weight < y.Weight:
		return 1
	}
	return 0
}
