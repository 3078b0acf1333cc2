package judge

import (
	"slices"
	"time"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/internal/hospital"
)

// colleague asks whether one whom an edge names is covered, led or reported to by the one who looked (E20), or works with
// them (E21).
func (a *asking) colleague(tm *template, e *hospital.Edge) {
	if a.s == nil || e.Who == 0 {
		return
	}
	v := a.h.StaffNamed(e.Who)
	if v == nil || v.ID == a.s.ID {
		return
	}
	covers, mates := a.covers(v), a.mates(v.ID)
	if !covers && !mates {
		return
	}
	void, ended := a.void(e)
	if void || !a.inWindow(tm, e, ended) {
		return
	}
	if covers {
		a.through(a.j.covers, e, v.ID)
	}
	if mates {
		a.through(a.j.together, e, v.ID)
	}
}

// through notes that a colleague has a reason.
func (a *asking) through(templates []int, e *hospital.Edge, v hospital.StaffID) {
	for _, n := range templates {
		switch t := &a.j.templates[n]; {
		case t.Use == useOff:
		case !a.job(t):
			a.fail(n, WhyRole, e)
		default:
			a.hold(n, a.corrected(t, attempt{edge: e, weight: a.j.score.Strengths[t.Strength], through: v}))
		}
	}
}

// covers tells whether the one who looked stands in for v, leads v or reports to v.
func (a *asking) covers(v *hospital.Staff) bool {
	if v.Manager == a.s.ID || a.s.Manager == v.ID {
		return true
	}
	for i := range a.shifts {
		if a.shifts[i].Covers == v.ID && !a.shifts[i].Leave {
			return true
		}
	}
	return false
}

func (a *asking) mates(v hospital.StaffID) bool {
	for i := range a.k.Mates {
		if m := &a.k.Mates[i]; m.Staff == v {
			return float64(m.Lift) >= a.j.score.Together.Lift && float64(m.Shared) >= a.j.score.Together.Shared
		}
	}
	return false
}

// ward asks whether the patient lay on a unit of the one who looked while they were on duty there (E09).
func (a *asking) ward(n int) {
	tm := &a.j.templates[n]
	for i := range a.p.Visits {
		for k := range a.p.Visits[i].Stays {
			a.stay(n, tm, &a.p.Visits[i].Stays[k])
		}
	}
}

func (a *asking) stay(n int, tm *template, st *hospital.Stay) {
	from, to := st.From.Add(-time.Duration(tm.Before)), st.To
	if to.IsZero() {
		to = st.From.Add(time.Duration(tm.Open))
	}
	to = to.Add(time.Duration(tm.After))
	if to.Before(a.first.Add(-30*24*time.Hour)) || st.Unit == 0 {
		return // so long ago that it need not be told
	}
	f := a.belongs(st.Unit)
	switch {
	case f == stranger:
		a.fail(n, WhyOthers, nil)
	case !a.job(tm):
		a.fail(n, WhyRole, nil)
	case !a.within(from, to):
		a.fail(n, WhyWindow, nil)
	case !a.rostered:
		a.hold(n, attempt{weight: a.j.score.NoRoster, correction: NoRoster})
	default:
		if why := a.onWard(st.Unit, from, to); why != "" {
			a.fail(n, why, nil)
			return
		}
		float := len(a.s.Units) == 0 // belongs nowhere, works everywhere
		w, c := a.placeWeight(tm.Strength, f == byDepartment || float)
		a.hold(n, attempt{weight: w, correction: c})
	}
}

// onWard tells why none of the shifts is one on a unit within a time and the touch; empty when one is.
func (a *asking) onWard(unit hospital.Ref, from, to time.Time) string {
	slack := time.Duration(a.j.score.Duty)
	why := WhyOffDuty
	for i := range a.shifts {
		s := &a.shifts[i]
		begins, ends := s.From.Add(-slack), s.To.Add(slack)
		if s.Leave || !a.within(begins, ends) || to.Before(begins) || from.After(ends) || !a.within(latest(from, begins), earliest(to, ends)) {
			continue
		}
		// A shift somewhere else is no shift here. One that names no unit, or an on-call one, is wherever the person belongs.
		if s.Unit == 0 || s.Unit == unit || s.OnCall {
			return ""
		}
		why = WhyUnit
	}
	return why
}

func latest(x, y time.Time) time.Time {
	if x.After(y) {
		return x
	}
	return y
}

func earliest(x, y time.Time) time.Time {
	if x.Before(y) {
		return x
	}
	return y
}

// going tells whether a visit overlaps with the touch, so long before and after it.
func (a *asking) going(v *hospital.Visit, tm *template) bool {
	to := v.End
	if to.IsZero() {
		to = v.Start.Add(time.Duration(tm.Open))
	}
	return a.within(v.Start.Add(-time.Duration(tm.Before)), to.Add(time.Duration(tm.After)))
}

// service asks whether the patient was under the service of the one who looked (E10).
func (a *asking) service(n int) {
	tm := &a.j.templates[n]
	for i := range a.p.Visits {
		v := &a.p.Visits[i]
		switch {
		case v.Service == 0:
		case v.Service != a.s.Service:
			a.fail(n, WhyOthers, nil)
		case !a.job(tm):
			a.fail(n, WhyRole, nil)
		case !a.going(v, tm):
			a.fail(n, WhyWindow, nil)
		case a.rostered && !a.onDuty:
			a.fail(n, WhyOffDuty, nil)
		default:
			w, c := a.placeWeight(tm.Strength, false)
			a.hold(n, attempt{weight: w, correction: c})
		}
	}
}

// department asks whether the patient was in the emergency department of the one who looked, who was on duty (E28). That a
// team was called is asked as a relation.
func (a *asking) department(n int) {
	tm := &a.j.templates[n]
	for i := range a.p.Visits {
		v := &a.p.Visits[i]
		if v.Class != 'E' {
			continue
		}
		for k := range v.Stays {
			st := &v.Stays[k]
			to := st.To
			if to.IsZero() {
				to = st.From.Add(time.Duration(tm.Open))
			}
			switch {
			case st.Unit == 0 || a.belongs(st.Unit) == stranger:
				a.fail(n, WhyOthers, nil)
			case !a.job(tm):
				a.fail(n, WhyRole, nil)
			case !a.within(st.From.Add(-time.Duration(tm.Before)), to.Add(time.Duration(tm.After))):
				a.fail(n, WhyWindow, nil)
			case a.rostered && !a.onDuty:
				a.fail(n, WhyOffDuty, nil)
			default:
				w, c := a.placeWeight(tm.Strength, false)
				a.hold(n, attempt{weight: w, correction: c})
			}
		}
	}
}

// billed asks whether a visit still has to be coded and billed by the one who looked (E16), where no account of the patient was ever
// heard of: not every house sends them, and none sends those from before it was connected. Accounts themselves are asked as relations.
func (a *asking) billed(n int) {
	tm := &a.j.templates[n]
	if a.s.Family == hospital.UnknownFamily || tm.anyone&(1<<a.s.Family) == 0 ||
		slices.ContainsFunc(a.p.Edges, func(e hospital.Edge) bool { return slices.Contains(tm.edges, e.Kind) }) {
		return
	}
	for i := range a.p.Visits {
		if a.going(&a.p.Visits[i], tm) {
			a.hold(n, attempt{weight: a.j.score.Strengths[tm.Strength]})
		} else {
			a.fail(n, WhyWindow, nil)
		}
	}
}

// diagnosis asks whether the department of the one who looked is the one that sees patients with such a diagnosis (E22).
func (a *asking) diagnosis(n int) {
	tm := &a.j.templates[n]
	if a.k.Responsible == nil || a.s.Dept == 0 {
		return
	}
	for i := range a.p.Visits {
		v := &a.p.Visits[i]
		for _, d := range v.Diagnoses {
			switch {
			case a.k.Responsible(a.s.Dept, d) < a.j.score.Diagnosis.Ratio:
			case !a.job(tm):
				a.fail(n, WhyRole, nil)
			case !a.going(v, tm):
				a.fail(n, WhyWindow, nil)
			default:
				a.hold(n, attempt{weight: a.j.score.Strengths[tm.Strength]})
			}
		}
	}
}

// emergency asks whether care followed on emergency access that a reason was given for (E27). What the person did then is not
// held to be self-made: doing it is the reason.
func (a *asking) emergency(n int) {
	tm := &a.j.templates[n]
	if !a.t.Broke || a.j.classes.poor(a.t.Emergency, 1) {
		return
	}
	if !a.job(tm) {
		a.fail(n, WhyRole, nil)
		return
	}
	for i := range a.p.Edges {
		e := &a.p.Edges[i]
		if e.Kind != hospital.Document && e.Kind != hospital.Order && e.Kind != hospital.Medication ||
			e.As != hospital.Person || !a.me(e.Who) || !a.at.IsZero() && e.Made.After(a.at) {
			continue
		}
		made := e.Made
		if made.IsZero() {
			made = e.From
		}
		if made.Before(a.first.Add(-time.Duration(tm.Before))) || made.After(a.first.Add(time.Duration(tm.After))) {
			a.fail(n, WhyWindow, e)
			continue
		}
		if void, _ := a.void(e); void {
			a.fail(n, WhyVoid, e)
			a.best[n].own = a.best[n].own || a.ownVoid(tm, e)
			continue
		}
		a.hold(n, attempt{weight: a.j.score.Strengths[tm.Strength], edge: e})
	}
}

// mother asks whether there was a reason for the mother or for a newborn of the patient, while one of the two was here (E32).
func (a *asking) mother(n int) {
	if a.p.Mother != 0 {
		a.linked(n, a.p.Mother)
	}
	for _, child := range a.p.Children {
		a.linked(n, child)
	}
}

func (a *asking) linked(n int, id hospital.PatientID) {
	q := a.h.Patient(id)
	if q == nil || q.ID == a.p.ID {
		return
	}
	tm := &a.j.templates[n]
	here := false
	for _, p := range []*hospital.Patient{a.p, q} {
		for i := range p.Visits {
			here = here || a.going(&p.Visits[i], tm)
		}
	}
	if !here {
		a.fail(n, WhyWindow, nil)
		return
	}
	b := *a
	b.p, b.best, b.raised = q, make([]attempt, len(a.best)), nil
	b.relations()
	for m := range b.j.templates {
		if b.j.templates[m].Use != useFilter {
			continue
		}
		switch b.j.templates[m].Test {
		case testWard:
			b.ward(m)
		case testService:
			b.service(m)
		case testDepartment:
			b.department(m)
		}
	}
	for m := range b.best {
		if r := &b.best[m]; r.holds && b.j.templates[m].Strength != "indirect" && b.j.score.enough(r.weight, r.correction) {
			a.hold(n, attempt{weight: a.j.score.Strengths[tm.Strength], edge: r.edge, through: r.through})
			return
		}
	}
	a.fail(n, WhyOthers, nil)
}

// proposed is a reason of the site's own as a template.
func (j *Judge) proposed(r SiteReason) template {
	const day = 24 * time.Hour
	return template{ID: r.Template, Title: r.Fact, Kind: "colleagues", Family: r.Template, Use: useFilter, Test: testProposal,
		Before: span.Span(day), After: span.Span(7 * day), Open: span.Span(90 * day), Strength: "indirect", Noun: "an agreed reason",
		Holds: "The house agreed on this reason: " + r.Fact, Fails: "Not what the house agreed on: " + r.Fact, proposal: &r}
}

// proposed asks whether the one who looked and the patient are of the groups that the site named.
func (a *asking) proposed(n int) {
	tm := &a.j.templates[n]
	r := tm.proposal
	if r.Department != a.s.Dept || r.Job != 0 && r.Job != a.s.Job {
		return
	}
	for i := range a.p.Visits {
		v := &a.p.Visits[i]
		switch {
		case r.Service != 0 && r.Service != v.Service:
			a.fail(n, WhyOthers, nil)
		case !a.going(v, tm):
			a.fail(n, WhyWindow, nil)
		default:
			a.hold(n, attempt{weight: a.j.score.Strengths[tm.Strength]})
		}
	}
}
