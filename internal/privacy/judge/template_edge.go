package judge

import (
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// fit is how a relation names the one who looked.
type fit uint8

const (
	stranger fit = iota
	personally
	byPlace      // as one who belongs to a unit, a section, a service
	byDepartment // only by the department that a unit belongs to
)

// The bits of template.who.
const (
	whoPerson uint8 = 1 << iota
	whoDepartment
	whoService
	whoUnit
	whoProtocol
	whoSite
)

// relations asks about each relation that systems stated between the patient and somebody.
func (a *asking) relations() {
	for i := range a.p.Edges {
		e := &a.p.Edges[i]
		if int(e.Kind) >= len(a.j.byKind) || !a.at.IsZero() && e.Made.After(a.at) {
			continue
		}
		for _, n := range a.j.byKind[e.Kind] {
			if a.j.templates[n].Use != useOff {
				a.relation(n, e)
			}
		}
	}
}

func (a *asking) relation(n int, e *hospital.Edge) {
	tm := &a.j.templates[n]
	f := a.fits(tm, e)
	if f == stranger {
		a.fail(n, WhyOthers, e)
		if e.As == hospital.Person && tm.Strength == "direct" {
			a.colleague(tm, e)
		}
		return
	}
	void, ended := a.void(e)
	a.best[n].own = a.best[n].own || void && a.ownVoid(tm, e) // whether it would have been a reason or not
	switch {
	case !a.job(tm):
		a.fail(n, WhyRole, e)
		return
	case !a.inWindow(tm, e, ended):
		a.fail(n, WhyWindow, e)
		return
	case void:
		a.fail(n, WhyVoid, e)
		return
	}
	found := attempt{edge: e, weight: a.j.score.Strengths[tm.Strength]}
	if f != personally && tm.Shared != "" {
		if tm.Shared == "place" && a.rostered && !a.onDuty {
			a.fail(n, WhyOffDuty, e)
			return
		}
		found.weight, found.correction = a.placeWeight(tm.Shared, f == byDepartment)
	}
	a.hold(n, a.corrected(tm, found))
}

// fits tells how an edge names the one who looked. An edge to nobody in particular is for those who do such work.
func (a *asking) fits(tm *template, e *hospital.Edge) fit {
	switch {
	case e.Who == 0:
		if a.s != nil && a.s.Family != hospital.UnknownFamily && tm.anyone&(1<<a.s.Family) != 0 {
			return byPlace
		}
	case e.As == hospital.Person:
		if tm.who&whoPerson != 0 && a.me(e.Who) {
			return personally
		}
	case a.s == nil:
	case e.As == hospital.Protocol:
		if tm.who&whoProtocol != 0 && slices.Contains(a.s.Protocols, e.Who) {
			return personally
		}
	case tm.who&whoSite != 0 && e.Who == a.s.Site:
		return byPlace
	case tm.who&(whoDepartment|whoService|whoUnit) != 0:
		return a.belongs(e.Who)
	}
	return stranger
}

// belongs tells whether the one who looked works in a place: codes of departments, services and units are taken alike,
// for systems do not agree on what is which.
func (a *asking) belongs(place hospital.Ref) fit {
	if place == 0 {
		return stranger
	}
	if place == a.s.Dept || place == a.s.Service || slices.Contains(a.s.Units, place) {
		return byPlace
	}
	for i := range a.shifts {
		if a.shifts[i].Unit == place && !a.shifts[i].Leave {
			return byPlace
		}
	}
	if a.s.Dept != 0 && a.h.Unit(place).Department == a.s.Dept {
		return byDepartment
	}
	return stranger
}

// placeWeight is what a reason of place weighs: less when no roster knows the person, and for those from an agency.
func (a *asking) placeWeight(strength string, departmentOnly bool) (float64, string) {
	if strength == "place" && (!a.rostered || departmentOnly || a.s.Type == hospital.Agency) {
		return a.j.score.NoRoster, NoRoster
	}
	return a.j.score.Strengths[strength], ""
}

// inWindow tells whether a part of the touch lies in the time for which an edge is a reason.
func (a *asking) inWindow(tm *template, e *hospital.Edge, ended bool) bool {
	from, to := e.From, e.To
	if from.IsZero() {
		from = e.Made
	}
	if e.From.IsZero() && e.Kind == hospital.CareTeam {
		from = a.first // a role without a beginning was there before it was heard of
	}
	switch tm.Around {
	case "start":
		to = from
	case "visit":
		if to.IsZero() {
			if v := a.visitAt(from); v != nil {
				from, to = v.Start, v.End
			}
		}
	}
	if to.IsZero() {
		to = from.Add(time.Duration(tm.Open))
	}
	if ended && e.Voided.Before(to) {
		to = e.Voided
	}
	if to.Before(from) {
		to = from
	}
	return a.within(from.Add(-time.Duration(tm.Before)), to.Add(time.Duration(tm.After)))
}

// visitAt is the latest visit that was going on at a time.
func (a *asking) visitAt(at time.Time) *hospital.Visit {
	for i := len(a.p.Visits) - 1; i >= 0; i-- {
		v := &a.p.Visits[i]
		if !at.Before(v.Start) && (v.End.IsZero() || !at.After(v.End)) {
			return v
		}
	}
	return nil
}

// void tells whether an edge does not count because it was cancelled, or that it only counts up to when it was.
func (a *asking) void(e *hospital.Edge) (void, ended bool) {
	long := time.Duration(a.j.score.Cancelled)
	if e.Voided.IsZero() || e.Voided.After(a.first.Add(long)) || !a.at.IsZero() && e.Voided.After(a.at) {
		return false, false
	}
	began := e.Made
	if began.IsZero() {
		began = e.From
	}
	if e.Voided.Before(a.first) && !e.Voided.Before(e.From) && e.Voided.Sub(began) >= long {
		return false, true
	}
	return true, false
}

// mine tells whether the one who looked entered an edge.
func (a *asking) mine(tm *template, e *hospital.Edge) bool {
	if e.By == 0 {
		return tm.Own && e.As == hospital.Person && a.me(e.Who)
	}
	return a.me(e.By)
}

// ownVoid tells whether a cancelled edge looks as if it had been made for this touch.
func (a *asking) ownVoid(tm *template, e *hospital.Edge) bool {
	return a.mine(tm, e) && e.Made.After(a.first.Add(-time.Duration(a.j.score.Cancelled)))
}

// corrected takes weight away from a reason that the person may have made for it: decision 0017.
func (a *asking) corrected(tm *template, found attempt) attempt {
	e, s := found.edge, &a.j.score
	if !a.mine(tm, e) {
		return found
	}
	made := e.Made
	if made.IsZero() {
		made = e.From
	}
	after := made.After(a.first)
	if made.IsZero() || made.Before(a.first.Add(-time.Duration(s.Fresh))) || a.borne(tm, e, made) {
		return found
	}
	switch touched := a.touched(e); {
	case after && touched && tm.Taken:
		found.weight, found.correction = found.weight*s.TakenUp, TakenUp
	case after:
		found.weight, found.correction = found.weight*s.SelfMade, SelfMade
	case !touched:
		found.weight, found.correction = found.weight*s.FreshMade, Fresh
	}
	return found
}

// touched tells whether somebody else did something about it: said so, or carried it out.
func (a *asking) touched(e *hospital.Edge) bool {
	return a.known(e.Touched) || e.Kind == hospital.Order && a.known(e.To) && e.To.After(e.Made)
}

// known tells whether a moment has come by the time of the verdict.
func (a *asking) known(at time.Time) bool {
	return !at.IsZero() && (a.at.IsZero() || !at.After(a.at))
}

// borne tells whether something that the person entered carries out what somebody else asked for, or what the patient did.
func (a *asking) borne(tm *template, e *hospital.Edge, made time.Time) bool {
	const day = 24 * time.Hour
	from, to := made.Add(-14*day), made.Add(day)
	switch tm.Borne {
	case "asked":
		for i := range a.p.Edges {
			o := &a.p.Edges[i]
			switch o.Kind {
			case hospital.Order, hospital.Prescription, hospital.Consult, hospital.Appointment, hospital.Specimen, hospital.Imaging:
			default:
				continue
			}
			maker := o.By
			if maker == 0 && o.As == hospital.Person {
				maker = o.Who
			}
			if maker != 0 && !a.me(maker) && o.Voided.IsZero() && !o.From.Before(from) && !o.From.After(to) {
				return true
			}
		}
	case "arrival":
		for i := range a.p.Visits {
			v := &a.p.Visits[i]
			if near(v.Start, made, day) || near(v.End, made, day) ||
				slices.ContainsFunc(v.Stays, func(s hospital.Stay) bool { return near(s.From, made, day) }) {
				return true
			}
		}
		for i := range a.p.Edges {
			o := &a.p.Edges[i]
			if o.Kind == hospital.Appointment && o.Voided.IsZero() && near(o.Made, made, day) {
				return true
			}
		}
	}
	return false
}

func near(x, y time.Time, d time.Duration) bool {
	return !x.IsZero() && !x.Before(y.Add(-d)) && !x.After(y.Add(d))
}
