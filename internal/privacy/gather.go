package privacy

import (
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// assemble puts a judged touch into the case that it belongs to, or takes it out again.
func (e *Engine) assemble(s *sheet, t *judge.Touch, v *judge.Verdict) {
	q := &e.queue
	d := q.holding(s.key)
	if v.Explained {
		if d != nil {
			e.reasonCame(d, s.key, t, v)
		} else if s.counted && !s.said.drawn {
			e.draw(s, t, v)
		}
		return
	}
	if s.said.drawn { // nothing explains it any more
		q.drawn = slices.DeleteFunc(q.drawn, func(d *dossier) bool { return d.Keys[0] == s.key.saved() })
	}
	if d == nil {
		if over := q.holds[s.key]; over != nil && over.State == Closed {
			return // a person said what is to be thought of it
		}
		if day := e.dayCase(s, v); day != nil {
			if day.State == Pending {
				e.put(day, s.key, t, v)
			}
			return
		}
		if v.Score < e.cfg.Threshold-underBar || q.quiet[pairKey{s.user, s.patient}] >= s.day {
			return
		}
		kind, what := UserCase, e.household(s.patient)
		if aboutPatient(v, nil) < e.cfg.Threshold && slices.ContainsFunc(v.Flags, ofTheDay) {
			kind, what = AccountCase, 0 // however many patients there are
		}
		d = e.caseOf(kind, s.user, what, s.day)
	}
	e.put(d, s.key, t, v)
	if slices.ContainsFunc(v.Flags, func(f judge.Flag) bool { return f.ID == "F26" }) {
		e.cascade(s)
	}
}

// dayCase finds the case of which a person was told at once because of all that the account did on that day, such as an export of all, when
// nothing about this patient makes a case of the touch: the records of one export are one case, however many they are.
func (e *Engine) dayCase(s *sheet, v *judge.Verdict) *dossier {
	d := e.queue.cases[e.queue.clusters[cluster{kind: AccountCase, user: s.user}]]
	if d == nil || !d.Hard || s.day <= d.First-week || s.day >= d.First+week {
		return nil
	}
	hard := d.hardFlags()
	told := slices.ContainsFunc(v.Flags, func(f judge.Flag) bool { _, is := hard[f.ID]; return is })
	if !told || aboutPatient(v, hard) >= e.cfg.Threshold {
		return nil
	}
	return d
}

// aboutPatient is what is left of a score without the flags that stand on all that an account does on a day, and those of which a
// person was told.
func aboutPatient(v *judge.Verdict, told map[string]struct{}) float64 {
	left := v.Score
	for _, f := range v.Flags {
		if _, is := told[f.ID]; is || ofTheDay(f) {
			left -= f.Counted
		}
	}
	return left
}

// ofTheDay tells flags that stand on all that an account does on a day, whoever the patients are.
func ofTheDay(f judge.Flag) bool {
	switch f.ID {
	case "F13", "F14", "F17", "F18", "F20", "F21", "F30", "F31", "F36":
		return true
	case "F22":
		return f.Facts["copies"] != "" // and not the one record
	}
	return false
}

// hardFlags are those of which a person was told.
func (d *dossier) hardFlags() map[string]struct{} {
	set := map[string]struct{}{}
	for i := range d.Touches {
		for _, f := range d.Touches[i].Verdict.Flags {
			if f.Hard {
				set[f.ID] = struct{}{}
			}
		}
	}
	return set
}

// caseOf finds the case of a cluster within a week, or begins one.
func (e *Engine) caseOf(kind CaseKind, user hospital.Ref, what uint64, day int32) *dossier {
	c := cluster{kind, user, what}
	if d := e.queue.cases[e.queue.clusters[c]]; d != nil && d.State != Closed && d.State != Withdrawn && day > d.First-week && day < d.First+week {
		return d
	}
	d := &dossier{Case: Case{Kind: kind, State: Waiting, Changed: e.now}, Cluster: what, First: day}
	d.ID = e.caseID(c, day)
	e.queue.cases[d.ID], e.queue.clusters[c] = d, d.ID
	return d
}

// put enters a touch into a case, in place of what was thought of it before.
func (e *Engine) put(d *dossier, k key, t *judge.Touch, v *judge.Verdict) {
	if len(d.Keys) >= mostTouches && !slices.Contains(d.Keys, k.saved()) {
		if e.queue.holds[k] != d && len(d.More) < mostMore {
			d.More = append(d.More, k.saved())
			e.queue.holds[k] = d
			e.queue.mark(d)
		}
		return
	}
	look := Look{Touch: cloneTouch(t), Verdict: cloneVerdict(v), First: v != nil && e.firstEver(k)}
	look.User, look.Patient = e.party(d, k)
	at := slices.Index(d.Keys, k.saved())
	if at < 0 {
		d.Keys, d.Touches, d.Held = append(d.Keys, k.saved()), append(d.Touches, look), append(d.Held, false)
	} else {
		d.Touches[at] = look
	}
	e.queue.holds[k] = d
	e.changedCase(d)
}

// reasonCame notes that a touch of a case is explained now.
func (e *Engine) reasonCame(d *dossier, k key, t *judge.Touch, v *judge.Verdict) {
	e.put(d, k, t, v)
	if d.Hard || d.Lane == Audit {
		return
	}
	for i := range d.Touches {
		if !d.Touches[i].Verdict.Explained {
			return
		}
	}
	switch {
	case d.State == Waiting:
		e.forgetCase(d)
	case len(d.Seen) == 0:
		d.State, d.Arrived = Withdrawn, e.now
	default:
		d.Arrived = e.now
		e.changedCase(d) // its text says so
	}
}

func (e *Engine) forgetCase(d *dossier) {
	delete(e.queue.cases, d.ID)
	for _, keys := range [][]savedKey{d.Keys, d.More} {
		for _, k := range keys {
			if e.queue.holds[k.key()] == d {
				delete(e.queue.holds, k.key())
			}
		}
	}
	d.State = Withdrawn
}

// cascade gathers what several accounts did with one record, and nothing explains, in one case about the patient. What is before a person
// already stays where it is.
func (e *Engine) cascade(s *sheet) {
	var d *dossier
	for _, o := range e.by[s.patient] {
		if o.gone || o.said.explained || o.state == fresh && !o.doubted || o.day <= s.day-week || o.day >= s.day+week {
			continue
		}
		from := e.queue.holding(o.key)
		glimpsed := from == nil && o.state == fresh && e.queue.holds[o.key] == nil
		if !glimpsed && (from == nil || from.State != Waiting || from.Kind == PatientCase) {
			continue
		}
		if d == nil {
			d = e.caseOf(PatientCase, 0, uint64(s.patient), s.day)
		}
		if glimpsed {
			e.join(d, o)
			continue
		}
		at := slices.Index(from.Keys, o.key.saved())
		if at < 0 { // beyond what the case shows
			from.More = slices.DeleteFunc(from.More, func(k savedKey) bool { return k == o.key.saved() })
			delete(e.queue.holds, o.key)
			e.queue.mark(from)
			e.join(d, o)
			continue
		}
		look := from.Touches[at]
		e.take(from, at)
		e.put(d, o.key, &look.Touch, &look.Verdict)
	}
}

// join judges a touch anew and puts it into a case: one that waits for its reasons still, or of which nothing but its key was kept.
func (e *Engine) join(d *dossier, o *sheet) {
	k, err := e.known(o)
	if err != nil {
		e.failed = errors.Join(e.failed, err)
		return
	}
	t := e.touchOf(o)
	if v := e.judge.Verdict(t, e.house, k, time.Time{}); !v.Explained {
		e.put(d, o.key, t, &v)
	}
}

// take takes a touch out of a case that waits, and the case away when it was the last.
func (e *Engine) take(d *dossier, at int) {
	delete(e.queue.holds, d.Keys[at].key())
	d.Keys, d.Touches, d.Held = slices.Delete(d.Keys, at, at+1), slices.Delete(d.Touches, at, at+1), slices.Delete(d.Held, at, at+1)
	if len(d.Keys) == 0 {
		e.forgetCase(d)
	}
	e.changedCase(d)
}

// readdress has a touch of a case be one of the record into which its own was put.
func (e *Engine) readdress(d *dossier, from, to key) {
	delete(e.queue.holds, from)
	at := slices.Index(d.Keys, from.saved())
	switch {
	case at < 0:
		d.More = slices.DeleteFunc(d.More, func(k savedKey) bool { return k == from.saved() })
	case slices.Contains(d.Keys, to.saved()):
		d.Keys, d.Touches, d.Held = slices.Delete(d.Keys, at, at+1), slices.Delete(d.Touches, at, at+1), slices.Delete(d.Held, at, at+1)
	default:
		d.Keys[at], d.Touches[at].Touch.Patient = to.saved(), to.patient
		e.queue.holds[to] = d
	}
	d.Patients = nil // in the order of the touches
	for i, k := range d.Keys {
		_, d.Touches[i].Patient = e.party(d, k.key())
	}
	e.changedCase(d)
}

// party finds account and patient among those of the case.
func (e *Engine) party(d *dossier, k key) (user, patient int) {
	user = slices.IndexFunc(d.Users, func(p Party) bool { return p.User == k.user })
	if user < 0 {
		user = len(d.Users)
		d.Users = append(d.Users, e.partyOfUser(k.user))
	}
	if k.patient == 0 {
		return user, -1
	}
	patient = slices.IndexFunc(d.Patients, func(p Party) bool { return p.Patient == k.patient })
	if patient < 0 {
		patient = len(d.Patients)
		d.Patients = append(d.Patients, e.partyOfPatient(k.patient))
	}
	return user, patient
}

func (e *Engine) partyOfUser(user hospital.Ref) Party {
	account := e.house.Text(user)
	p := Party{Token: "ac_" + hex.EncodeToString(e.keyed("account " + account)[:6]), Hint: tail(account), User: user}
	if st := e.house.StaffNamed(user); st != nil {
		p.Staff, p.Role, p.Unit = st.ID, e.bare.Classes().Person(st), e.house.Text(st.Dept)
	}
	return p
}

func (e *Engine) partyOfPatient(id hospital.PatientID) Party {
	p := Party{Token: e.house.Token(id), Patient: id}
	if _, ids, err := e.house.Reveal(id); err == nil && len(ids) > 0 {
		p.Hint = tail(ids[0].Value)
	}
	return p
}

// tail is what is shown of a number: its last four, and never more than half of it.
func tail(text string) string {
	r := []rune(text)
	return string(r[len(r)-min(4, len(r)/2):])
}

func cloneTouch(t *judge.Touch) judge.Touch {
	c := *t
	c.Sensitive, c.Places, c.Evidence = slices.Clone(t.Sensitive), slices.Clone(t.Places), slices.Clone(t.Evidence)
	return c
}

// cloneVerdict copies what belongs to the house, which changes.
func cloneVerdict(v *judge.Verdict) judge.Verdict {
	c := *v
	c.Reasons, c.Tried, c.Flags = slices.Clone(v.Reasons), slices.Clone(v.Tried), slices.Clone(v.Flags)
	for i := range c.Reasons {
		c.Reasons[i].Edge = cloneEdge(c.Reasons[i].Edge)
	}
	for i := range c.Tried {
		c.Tried[i].Nearest = cloneEdge(c.Tried[i].Nearest)
	}
	return c
}

func cloneEdge(edge *hospital.Edge) *hospital.Edge {
	if edge == nil {
		return nil
	}
	c := *edge
	return &c
}
