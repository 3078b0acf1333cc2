package privacy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// Cases lists cases, those to look at first before the others.
func (e *Engine) Cases(f Filter) []Case {
	states := f.States
	if len(states) == 0 {
		states = []CaseState{Pending}
	}
	limit := cmp.Or(f.Limit, 50)
	var found []*dossier
	for _, d := range e.queue.cases {
		switch {
		case d.State == Waiting || !slices.Contains(states, d.State):
		case f.ID != "" && d.ID != f.ID:
		case len(f.Lanes) > 0 && !slices.Contains(f.Lanes, d.Lane):
		case len(f.Kinds) > 0 && !slices.Contains(f.Kinds, d.Kind):
		case f.Before > 0 && d.Number >= f.Before:
		case !e.mayJudge(d, f.By):
		default:
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b *dossier) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Number, a.Number))
	})
	list := make([]Case, 0, min(limit, len(found)))
	for _, d := range found[:min(limit, len(found))] {
		c := copyCase(&d.Case)
		list = append(list, c)
	}
	return list
}

// rank has what is urgent before all else, and what is over at the end.
func rank(d *dossier) int {
	switch {
	case d.State != Pending:
		return 2
	case d.Lane == Urgent:
		return 0
	}
	return 1
}

// View returns one case with its evidence, and notes that by saw it.
func (e *Engine) View(id string, by Viewer, at time.Time) (Case, error) {
	d := e.queue.cases[id]
	if d == nil || d.State == Waiting || !e.mayJudge(d, by) {
		return Case{}, ErrNoCase
	}
	if !slices.ContainsFunc(d.Seen, func(s Sight) bool { return s.By.Name == by.Name }) {
		d.Seen = append(d.Seen, Sight{By: by, At: at})
		e.queue.mark(d)
	}
	return copyCase(&d.Case), nil
}

// Alarms returns what a person is to be told of at once, since it was asked last.
func (e *Engine) Alarms() []Alarm {
	filed := e.filed
	e.filed = nil
	return filed
}

// State says how far the Engine is.
func (e *Engine) State() State {
	s := State{Counts: e.counts, Now: e.now}
	for _, h := range e.hot {
		if h.patient != 0 && h.state == fresh {
			s.Waiting++
		}
	}
	for _, d := range e.queue.cases {
		switch {
		case d.State == Pending:
			s.Open++
		case d.State == Waiting && e.heldNow(d):
			s.Held++
		}
	}
	return s
}

func (e *Engine) heldNow(d *dossier) bool {
	return len(d.Held) > 0 && !slices.Contains(d.Held, false)
}

// Assess keeps the four factors of 45 CFR 164.402(2).
func (e *Engine) Assess(id string, factors [4]string, by Viewer) error {
	d := e.queue.cases[id]
	if d == nil || !e.mayJudge(d, by) || d.Breach == nil {
		return ErrNoCase
	}
	b := *d.Breach
	b.Factors = factors
	d.Breach = &b
	e.changedCase(d)
	return nil
}

// WhoSaw lists who opened a patient's record within a period, each with its reason, the latest first.
func (e *Engine) WhoSaw(p hospital.PatientID, from, to time.Time) ([]Seen, error) {
	p = cmp.Or(e.house.Current(p), p)
	sheets, err := e.allOf(p, e.dayOf(from.UnixMilli()), e.dayOf(to.UnixMilli()))
	if err != nil {
		return nil, err
	}
	var list []Seen
	for _, s := range sheets {
		if len(s.rows) == 0 || s.last().Before(from) || s.first().After(to) {
			continue
		}
		list = append(list, e.seen(s))
	}
	slices.SortStableFunc(list, func(a, b Seen) int { return b.First.Compare(a.First) })
	return list, nil
}

// allOf lists what was done with a patient's record, also under numbers that lead to the patient now: what is in memory and what lies on
// the shelf.
func (e *Engine) allOf(p hospital.PatientID, from, to int32) ([]*sheet, error) {
	var all []*sheet
	for _, id := range append([]hospital.PatientID{p}, e.joined[p]...) {
		list, err := e.shelf.ofPatient(id, from, to)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if hot := e.hot[s.key]; hot != nil {
				s = hot
			}
			all = append(all, s)
		}
	}
	return all, nil
}

func (e *Engine) seen(s *sheet) Seen {
	var t judge.Touch
	s.touch(&t, e.house.Text, e.sensitive)
	row := Seen{
		Account: e.partyOfUser(s.user), First: t.First, Last: t.Last, Counts: t.Counts, Explained: s.said.explained, Pending: s.state == fresh, Evidence: t.Evidence,
	}
	row.Account.Role = e.roleOfUser(s)
	if d := e.queue.holds[s.key]; d != nil && d.State != Waiting {
		row.Case = d.ID
	}
	switch {
	case s.state == fresh:
		row.Reason = "It is too early to say: reasons have not had their time to arrive"
	case s.said.explained:
		row.Template = s.said.template
		row.Reason = e.judge.SayReason(&judge.Reason{Template: s.said.template, Weight: float64(s.said.weight)})
	case !s.counted:
		row.Reason = "The record stood in a list or was found by a search, and was not opened"
	default:
		row.Reason = "We found no reason"
	}
	return row
}

func (e *Engine) roleOfUser(s *sheet) string { return e.bare.Classes().Person(e.house.Staff(s.staff)) }

// PersonsDay tells what one who works here did on a day.
func (e *Engine) PersonsDay(id hospital.StaffID, day int32) (Day, error) {
	st := e.house.Staff(id)
	if st == nil {
		return Day{}, ErrNoCase
	}
	d := Day{Day: day}
	from := time.UnixMilli(e.dayEnd(day - 1)).UTC()
	d.Shifts, d.Rostered = e.house.Duty(id, from, time.UnixMilli(e.dayEnd(day)).UTC())
	d.Shifts = slices.Clone(d.Shifts)
	for _, name := range st.Names {
		sheets, err := e.shelf.day(dayKey{name, day})
		if err != nil {
			return Day{}, err
		}
		for _, s := range sheets {
			if hot := e.hot[s.key]; hot != nil {
				s = hot
			}
			if len(s.rows) > 0 {
				e.addToDay(&d, s)
			}
		}
	}
	if len(st.Names) > 0 && d.Staff.User == 0 {
		d.Staff = e.partyOfUser(st.Names[0])
	}
	d.Staff.Role = e.bare.Classes().Person(st)
	slices.SortStableFunc(d.Looks, func(a, b Look) int { return a.Touch.First.Compare(b.Touch.First) })
	return d, nil
}

func (e *Engine) addToDay(d *Day, s *sheet) {
	if d.Staff.User == 0 {
		d.Staff = e.partyOfUser(s.user)
	}
	var t judge.Touch
	s.touch(&t, e.house.Text, e.sensitive)
	if d.At.IsZero() || t.First.Before(d.At) {
		d.At = t.First
	}
	if t.Last.After(d.Until) {
		d.Until = t.Last
	}
	l := Look{Touch: t, First: s.said.first, Patient: -1, Pending: s.state == fresh}
	l.Verdict = judge.Verdict{Explained: s.said.explained, Score: float64(s.said.score)}
	if s.said.template != "" {
		l.Verdict.Reasons = []judge.Reason{{Template: s.said.template, Weight: float64(s.said.weight)}}
	}
	for _, f := range s.said.flags {
		l.Verdict.Flags = append(l.Verdict.Flags, judge.Flag{ID: f})
	}
	if s.patient != 0 {
		l.Patient = slices.IndexFunc(d.Patients, func(p Party) bool { return p.Patient == s.patient })
		if l.Patient < 0 {
			l.Patient = len(d.Patients)
			d.Patients = append(d.Patients, e.partyOfPatient(s.patient))
		}
	}
	d.Looks = append(d.Looks, l)
}

// healthDays is over how many days health is told.
const healthDays = 30

// Health tells how well accesses are explained, by department, in the last 30 days.
func (e *Engine) Health() Health {
	h := e.health
	to := e.dayOf(e.now.UnixMilli())
	out := Health{From: to - healthDays + 1, To: to}
	from, until := partOf(e.dayEnd(out.From-1)), partOf(e.dayEnd(to)-1)
	out.All = h.share(0, from, until)
	out.All.Templates = map[string]int64{}
	for k, n := range h.templates {
		if k.day >= out.From {
			out.All.Templates[k.template] += n
		}
	}
	for _, s := range e.hot {
		if s.patient != 0 && s.state == fresh {
			out.All.Waiting++
		}
	}
	for _, d := range e.queue.cases {
		switch {
		case d.State == Waiting && e.heldNow(d):
			out.All.Held++
		case d.State == Withdrawn:
			out.All.Withdrew++
		case d.State == Closed && upheld(d.Decided):
			out.All.Upheld++
		}
		if d.Number > 0 {
			out.All.Opened++
		}
	}
	for _, dept := range h.departments(from, until) {
		out.Departments = append(out.Departments, e.department(dept, out.From, to, from, until))
	}
	slices.SortStableFunc(out.Departments, func(a, b DepartmentHealth) int {
		worth := func(d DepartmentHealth) float64 {
			if d.Held {
				return -1
			}
			return float64(d.Explained) / float64(max(d.Touches, 1))
		}
		return cmp.Or(cmp.Compare(worth(a), worth(b)), strings.Compare(a.Name, b.Name))
	})
	return out
}

func (e *Engine) department(dept hospital.Ref, first, last, from, until int32) DepartmentHealth {
	h := e.health
	d := DepartmentHealth{Department: dept, Name: e.house.Text(dept), Share: h.share(dept, from, until)}
	for day := first; day <= last; day++ {
		n := h.share(dept, partOf(e.dayEnd(day-1)), partOf(e.dayEnd(day)-1))
		d.Days = append(d.Days, DayShare{day, n.Touches, n.Explained})
	}
	past := h.share(dept, from-pastDays*partsOfDay, from-1)
	if past.Touches > 0 {
		d.Past = float64(past.Explained) / float64(past.Touches)
	}
	// Held are the parts of the last two days; later ones have not been judged yet.
	for part := partOf(e.now.UnixMilli()) - 3*partsOfDay; part <= partOf(e.now.UnixMilli()); part++ {
		if _, held := h.held[slot{dept, part}]; held {
			if !d.Held {
				d.Since = time.UnixMilli(int64(part) * partHours * 3_600_000).UTC()
			}
			d.Held = true
		}
	}
	if d.Held {
		d.Reason = e.silentFeed(d.Since)
	}
	return d
}

// silentFeed names the feed that was heard of least lately, in words.
func (e *Engine) silentFeed(since time.Time) string {
	var worst hospital.Feed
	for _, f := range e.house.Overview().Feeds {
		if f.Facts > 100 && f.Last.Before(since.Add(partHours*time.Hour)) && (worst.Source == "" || f.Last.Before(worst.Last)) {
			worst = f
		}
	}
	if worst.Source == "" {
		return "Fewer reasons than usual arrive, from which feed we cannot tell"
	}
	return fmt.Sprintf("The feed %s has said nothing of the kind %s since %s", worst.Source, worst.Kind, worst.Last.Format("2 January, 15:04"))
}

func (h *health) share(dept hospital.Ref, from, until int32) (s Share) {
	for part := from; part <= until; part++ {
		if t := h.tallies[slot{dept, part}]; t != nil {
			s.Touches += int64(t.touches)
			s.Explained += int64(t.explained)
			s.Firsts += int64(t.firsts)
			s.FirstsExplained += int64(t.firstsExplained)
		}
	}
	return s
}

// WhoSaw lists who opened a patient's record within a period, each with its reason.
func (r *Room) WhoSaw(ctx context.Context, p hospital.PatientID, from, to time.Time) ([]Seen, error) {
	var list []Seen
	err := r.look(ctx, func(e *Engine) (err error) {
		list, err = e.WhoSaw(p, from, to)
		return err
	})
	return list, err
}

// PersonsDay tells what one who works here did on a day, given as days since 1970-01-01.
func (r *Room) PersonsDay(ctx context.Context, s hospital.StaffID, day int32) (Day, error) {
	var d Day
	err := r.look(ctx, func(e *Engine) (err error) {
		d, err = e.PersonsDay(s, day)
		return err
	})
	return d, err
}

// Health tells how well accesses are explained, by department, in the last 30 days.
func (r *Room) Health(ctx context.Context) (Health, error) {
	var h Health
	err := r.look(ctx, func(e *Engine) error {
		h = e.Health()
		return nil
	})
	return h, err
}

// Misses tells what the random audit says about what nobody sees.
func (r *Room) Misses(ctx context.Context) (Estimate, error) {
	var m Estimate
	err := r.look(ctx, func(e *Engine) error {
		m = e.Estimate()
		return nil
	})
	return m, err
}

// Reveal says who is behind a case. Whoever calls it has sealed the intent before.
func (r *Room) Reveal(ctx context.Context, id string, by Viewer) (Revealed, error) {
	var shown Revealed
	err := r.look(ctx, func(e *Engine) error {
		d := e.queue.cases[id]
		if d == nil || d.State == Waiting || !e.mayJudge(d, by) {
			return ErrNoCase
		}
		for _, p := range d.Patients {
			human, ids, err := e.house.Reveal(p.Patient)
			if err != nil {
				return fmt.Errorf("reveal a patient: %w", err)
			}
			shown.Patients = append(shown.Patients, Named{Token: p.Token, Human: human, Identifiers: ids})
		}
		for _, u := range d.Users {
			n := Named{Token: u.Token, Account: e.house.Text(u.User)}
			if u.Staff != 0 {
				human, err := e.house.RevealStaff(u.Staff)
				if err != nil {
					return fmt.Errorf("reveal one who works here: %w", err)
				}
				n.Human = human
			}
			shown.Users = append(shown.Users, n)
		}
		return nil
	})
	return shown, err
}

// Viewer finds who works here under one of these names.
func (r *Room) Viewer(ctx context.Context, name string, logins ...string) (Viewer, error) {
	v := Viewer{Name: name}
	err := r.look(ctx, func(e *Engine) error {
		for _, n := range append([]string{name}, logins...) {
			if st := e.house.StaffNamed(e.house.Ref(n)); st != nil {
				v.Staff = st.ID
				return nil
			}
		}
		return nil
	})
	return v, err
}

// FindPatient finds a patient by a number as a person types it. It is 0 when nobody has it.
func (r *Room) FindPatient(ctx context.Context, number string) (hospital.PatientID, error) {
	var id hospital.PatientID
	err := r.look(ctx, func(e *Engine) error {
		id, _ = e.house.Find([]hospital.Identifier{{Value: strings.TrimSpace(number)}})
		return nil
	})
	return id, err
}

// FindStaff finds who works here by login or staff number. It is 0 when nobody has it.
func (r *Room) FindStaff(ctx context.Context, name string) (hospital.StaffID, error) {
	var id hospital.StaffID
	err := r.look(ctx, func(e *Engine) error {
		if st := e.house.StaffNamed(e.house.Ref(strings.TrimSpace(name))); st != nil {
			id = st.ID
		}
		return nil
	})
	return id, err
}
