package privacy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// Decide enters what a person concluded of a case, and learns from it.
func (e *Engine) Decide(id string, d Decision) error {
	c := e.queue.cases[id]
	if c == nil || !e.mayJudge(c, d.By) {
		return ErrNoCase
	}
	if c.State != Pending {
		return ErrDecided
	}
	if m := d.Missing; m != nil && c.Kind == DrugCase { // what was missing explains no opening of a record
		once := *m
		once.Live, d.Missing = false, &once
	}
	if m := d.Missing; m != nil && m.Live {
		var err error
		if m.Trial, err = e.Try(m); err != nil {
			return err
		}
		if m.Trial.Upheld > 0 {
			return ErrHides
		}
	}
	e.conclude(c, d)
	return nil
}

// conclude has a decision take effect that was allowed when it was made.
func (e *Engine) conclude(c *dossier, d Decision) {
	if m := d.Missing; m != nil && m.Live {
		n, err := strconv.Atoi(strings.TrimPrefix(m.Template, "S"))
		if err != nil || slices.ContainsFunc(e.queue.site, func(p Proposal) bool { return p.Template == m.Template }) {
			n = e.queue.reasons + 1
		}
		m.Template = fmt.Sprintf("S%03d", n)
		e.queue.reasons = max(e.queue.reasons, n)
		e.queue.site = append(e.queue.site, *m)
	}
	c.State, c.Decided, c.Breach = Closed, &d, nil
	if d.Outcome == Violation && c.Kind != DrugCase { // a drug was taken, and no record read
		c.Breach = e.breach(c, d.At)
	}
	e.decisionChanged(c)
}

// reopen takes the decision of a case back.
func (e *Engine) reopen(c *dossier) {
	if m := c.Decided.Missing; m != nil && m.Live {
		e.queue.site = slices.DeleteFunc(e.queue.site, func(p Proposal) bool { return p.Template == m.Template })
	}
	c.State, c.Decided, c.Breach = Pending, nil, nil
	e.decisionChanged(c)
}

func (e *Engine) decisionChanged(c *dossier) {
	e.changedCase(c)
	e.decideBySite()
	e.derive()
}

// nextReason is the name of the next reason that the site adds: S001, S002. One that was taken back is not given to another: what it
// explained would be the other's.
func (q *queue) nextReason() string { return fmt.Sprintf("S%03d", q.reasons+1) }

// undoWithin is how long a decision may be taken back.
const undoWithin = 10 * time.Minute

// Undo takes a decision back. Whoever made it may, for ten minutes.
func (e *Engine) Undo(id string, by Viewer, at time.Time) error {
	c := e.queue.cases[id]
	if c == nil || !e.mayJudge(c, by) {
		return ErrNoCase
	}
	if c.State != Closed || c.Decided == nil || c.Decided.By != by || at.Sub(c.Decided.At) > undoWithin {
		return ErrDecided
	}
	e.reopen(c)
	return nil
}

// derive works out of all decisions what follows from them.
func (e *Engine) derive() {
	q := &e.queue
	q.seen, q.quiet = map[string]judged{}, map[pairKey]int32{}
	q.byUser, q.byVictim = map[hospital.Ref][]time.Time{}, map[hospital.PatientID][]time.Time{}
	for _, d := range q.sorted(func(d *dossier) bool { return d.State == Closed }) {
		if d.Decided == nil || d.Decided.Outcome == Duplicate || d.Decided.Outcome == Unclear {
			continue
		}
		bad := upheld(d.Decided)
		for f := range d.flags() {
			n := q.seen[f]
			n.decided++
			if bad {
				n.upheld++
			}
			q.seen[f] = n
		}
		if d.Decided.Outcome == Explained {
			until := e.dayOf(d.Decided.At.Add(e.cfg.Quiet).UnixMilli())
			for _, k := range d.Keys {
				q.quiet[pairKey{k.User, k.Patient}] = until
			}
		}
		if !bad {
			continue
		}
		for _, u := range d.Users {
			q.byUser[u.User] = append(q.byUser[u.User], d.Decided.At)
		}
		for _, p := range d.Patients {
			q.byVictim[p.Patient] = append(q.byVictim[p.Patient], d.Decided.At)
		}
	}
	e.rates = nil
}

// answered tells whether a person found that how an account is used is in order, since a time.
func (q *queue) answered(user hospital.Ref, flag string, since time.Time) bool {
	for _, d := range q.cases {
		if d.Kind != AccountCase || d.State != Closed || d.Decided == nil || d.Decided.Outcome != Explained || d.Decided.At.Before(since) || d.Users[0].User != user {
			continue
		}
		if _, is := d.flags()[flag]; is {
			return true
		}
	}
	return false
}

// flags lists what speaks for a closer look at a case.
func (d *dossier) flags() map[string]struct{} {
	set := map[string]struct{}{}
	for i := range d.Touches {
		for _, f := range d.Touches[i].Verdict.Flags {
			set[f.ID] = struct{}{}
		}
	}
	return set
}

// upheld counts the cases of the last 24 months that people upheld, of an account and of a patient.
func (q *queue) upheld(user hospital.Ref, p hospital.PatientID, now time.Time) (byUser, byPatient int) {
	for _, at := range q.byUser[user] {
		if now.Sub(at) < 730*24*time.Hour {
			byUser++
		}
	}
	for _, at := range q.byVictim[p] {
		if now.Sub(at) < 730*24*time.Hour {
			byPatient++
		}
	}
	return byUser, byPatient
}

// rates adds in which share of upheld cases each flag stands, once some were. The prior is worth 20 cases.
func (q *queue) rates(r *judge.Rates) {
	all := 0
	for _, d := range q.cases {
		if d.State == Closed && upheld(d.Decided) {
			all++
		}
	}
	r.UpheldCases = all
	for f, n := range q.seen {
		r.Upheld[f] = float64(n.upheld)
	}
}

// upheld tells whether a person found something improper.
func upheld(d *Decision) bool {
	return d != nil && d.Undone.IsZero() && (d.Outcome == Violation || d.Outcome == Policy)
}

// mayJudge tells whether a viewer may see and decide a case: not when it is about them, nor about whom they report to.
func (e *Engine) mayJudge(d *dossier, by Viewer) bool {
	bosses := e.line(by.Staff)
	for _, u := range d.Users {
		if by.Name != "" && e.house.Ref(by.Name) == u.User {
			return false
		}
		if _, is := bosses[u.Staff]; is && u.Staff != 0 {
			return false
		}
	}
	for _, p := range d.Patients {
		if known := e.house.Patient(p.Patient); known != nil && known.Staff != 0 && known.Staff == by.Staff {
			return false // it is about the reviewer's own record
		}
	}
	return true
}

// line is a person and all whom the person reports to.
func (e *Engine) line(s hospital.StaffID) map[hospital.StaffID]struct{} {
	set := map[hospital.StaffID]struct{}{}
	for s != 0 {
		if _, been := set[s]; been {
			break
		}
		set[s] = struct{}{}
		st := e.house.Staff(s)
		if st == nil {
			break
		}
		s = st.Manager
	}
	return set
}

// breach gathers what the law asks.
func (e *Engine) breach(d *dossier, aware time.Time) *Breach {
	people := map[hospital.PatientID]struct{}{}
	for _, keys := range [][]savedKey{d.Keys, d.More} {
		for _, k := range keys {
			if k.Patient != 0 {
				people[cmp.Or(e.house.Current(k.Patient), k.Patient)] = struct{}{}
			}
		}
	}
	exported := 0
	for i := range d.Touches {
		for _, f := range d.Touches[i].Verdict.Flags {
			if n, err := strconv.Atoi(strings.ReplaceAll(f.Facts["count"], ",", "")); err == nil && f.ID == "F20" { // see grouped
				exported = max(exported, n)
			}
		}
	}
	b := &Breach{Patients: max(len(people), exported), Discovered: d.Opened}
	b.Clocks = clocks(d.Opened, aware, e.cfg.Zone, b.Patients)
	return b
}

// clocks are the times that the law sets. Days of HIPAA are calendar days of the house, the day of discovery is day 0 (45
// CFR 164.404(b)); the 72 hours of GDPR article 33 run through weekends, from when somebody was sure.
func clocks(discovered, aware time.Time, zone *time.Location, people int) []Clock {
	day := discovered.In(zone)
	sixty := time.Date(day.Year(), day.Month(), day.Day()+61, 0, 0, 0, 0, zone).Add(-time.Second)
	list := []Clock{
		{Rule: "EU-GDPR-33", From: aware, Due: aware.Add(72 * time.Hour)},
		{Rule: "US-HIPAA-IND", From: discovered, Due: sixty, Whole: true},
	}
	if people >= 500 {
		return append(list, Clock{Rule: "US-HIPAA-HHS-L", From: discovered, Due: sixty, Whole: true})
	}
	// 60 days after the end of the calendar year of discovery (45 CFR 164.408(c)).
	return append(list, Clock{Rule: "US-HIPAA-HHS-S", From: discovered, Due: time.Date(day.Year()+1, 1, 61, 0, 0, 0, 0, zone).Add(-time.Second), Whole: true})
}

// Propose makes of what was missing in a case a reason of the site.
func (e *Engine) Propose(id, fact string, by Viewer) (Proposal, error) {
	d := e.queue.cases[id]
	if d == nil || !e.mayJudge(d, by) {
		return Proposal{}, ErrNoCase
	}
	p := Proposal{SiteReason: judge.SiteReason{Fact: fact, Template: e.queue.nextReason()}}
	if d.Kind == DrugCase {
		return p, nil
	}
	for i := range d.Touches {
		st := e.house.Staff(d.Touches[i].Touch.Staff)
		if st == nil || d.Touches[i].Verdict.Explained && d.Lane != Audit {
			continue
		}
		p.Department, p.Job = st.Dept, st.Job
		p.Service = e.serviceOf(&d.Touches[i].Touch)
		break
	}
	var err error
	p.Trial, err = e.Try(&p)
	return p, err
}

// serviceOf is the service that looked after the patient at the time of a touch, or last before.
func (e *Engine) serviceOf(t *judge.Touch) hospital.Ref {
	p := e.house.Patient(t.Patient)
	if p == nil {
		return 0
	}
	var service hospital.Ref
	for i := range p.Visits {
		if v := &p.Visits[i]; v.Service != 0 && !v.Start.After(t.Last) {
			service = v.Service
		}
	}
	return service
}

// Try tells what a proposal would have done to what is kept.
func (e *Engine) Try(p *Proposal) (Trial, error) {
	var trial Trial
	live := p.SiteReason
	live.Live = true
	j := e.bare.With(judge.Site{Reasons: []judge.SiteReason{live}})
	today := e.dayOf(e.now.UnixMilli())
	err := e.shelf.unexplained(today-30, today, func(s *sheet) {
		t := judge.Touch{User: s.user, Staff: s.staff, Patient: s.patient, Day: s.day, First: s.first(), Last: s.last()}
		if e.explainedBy(j, &live, &t) {
			trial.Touches++
		}
	})
	if err != nil {
		return Trial{}, err
	}
	tried := func(d *dossier) bool {
		return d.Lane != Audit && !d.Hard && d.State != Waiting && len(d.Touches) > 0 && d.Kind != DrugCase
	}
	for _, d := range e.queue.sorted(tried) {
		all := true
		for i := range d.Touches {
			all = all && (d.Touches[i].Verdict.Explained || e.explainedBy(j, &live, &d.Touches[i].Touch))
		}
		if all {
			trial.Cases++
			if upheld(d.Decided) {
				trial.Upheld++
			}
		}
	}
	return trial, nil
}

// explainedBy tells whether a reason of the site would explain a touch.
func (e *Engine) explainedBy(j *judge.Judge, r *judge.SiteReason, t *judge.Touch) bool {
	v := j.Verdict(t, e.house, &judge.Known{Responsible: e.learned.responsible}, time.Time{})
	return v.Explained && slices.ContainsFunc(v.Reasons, func(found judge.Reason) bool { return found.Template == r.Template })
}

// decideBySite has the judge go by the reasons that the site added.
func (e *Engine) decideBySite() {
	s := judge.Site{Export: e.cfg.Export, Images: e.cfg.Images}
	for i := range e.queue.site {
		s.Reasons = append(s.Reasons, e.queue.site[i].SiteReason)
	}
	e.judge = e.bare.With(s)
}

// Estimate is what the random audit says.
func (e *Engine) Estimate() Estimate {
	est := e.queue.audited
	est.Decided, est.Improper = 0, 0
	by := map[string]TemplatePrecision{}
	for _, d := range e.queue.cases {
		if d.Lane != Audit || d.State != Closed || d.Decided == nil || d.Decided.Outcome == Unclear || d.Decided.Outcome == Duplicate {
			continue
		}
		est.Decided++
		bad := upheld(d.Decided)
		if bad {
			est.Improper++
		}
		if len(d.Touches) > 0 && len(d.Touches[0].Verdict.Reasons) > 0 {
			name := d.Touches[0].Verdict.Reasons[0].Template
			p := by[name]
			p.Template = name
			p.Decided++
			if !bad {
				p.Proper++
			}
			by[name] = p
		}
	}
	est.Low, est.High = chance.Interval(est.Improper, est.Decided)
	if est.Decided > 0 {
		est.Share = float64(est.Improper) / float64(est.Decided)
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		p := by[name]
		p.Low, p.High = chance.Interval(p.Proper, p.Decided)
		est.Templates = append(est.Templates, p)
	}
	return est
}
