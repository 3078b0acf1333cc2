package privacy

import (
	"slices"
	"strconv"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// hard has a person told at once of what is not to wait. It is asked when an act of a kind is done for the first time.
func (e *Engine) hard(s *sheet, w *workday, fresh bool, r *row) {
	if !fresh && !worthAsking(s, r) {
		return
	}
	for _, f := range slices.Concat(e.askHard(s, w), e.tooMany(w), e.tooShared(w)) {
		if f.ID != "F17" || !w.told(f.ID) {
			e.tellOnce(s, f)
		}
		if f.ID == "F18" {
			e.allOfDay(s, w, f)
		}
	}
}

// tellLate has a person told of what became hard since: HR often says late that somebody had left. What stands on all that the account did
// on that day was told when it happened.
func (e *Engine) tellLate(s *sheet, flags []judge.Flag) {
	for _, f := range flags {
		if f.Hard && !ofTheDay(f) {
			e.tellOnce(s, f)
		}
	}
}

// tellOnce has a person told of a flag of a sheet, unless that was done.
func (e *Engine) tellOnce(s *sheet, f judge.Flag) {
	if !slices.Contains(s.hard, f.ID) {
		s.hard = append(s.hard, f.ID)
		e.alarm(s, f)
	}
}

// told tells whether a person was told of a flag of the account's day already, whichever record it was at.
func (w *workday) told(flag string) bool {
	return slices.ContainsFunc(w.sheets, func(s *sheet) bool { return slices.Contains(s.hard, flag) })
}

// worthAsking tells whether a further row of a sheet may be what a person is told of at once. What counts only by its number is asked
// about now and then.
func worthAsking(s *sheet, r *row) bool {
	const often = 10
	switch {
	case r.marks&^(machine|image|absent|face|remote) != 0:
		return true
	case s.patient != 0, r.act == judge.Search, r.act == judge.Listed:
		return false
	case r.act == judge.Open, r.act == judge.Write:
		return len(s.rows)%often == 0
	}
	return true
}

// askHard asks the judge. What was done with nobody's record in particular is judged by the day, anything else by itself.
func (e *Engine) askHard(s *sheet, w *workday) []judge.Flag {
	t := &e.scratch
	s.touch(t, e.house.Text, e.sensitive)
	p := e.profile(s.user)
	k := judge.Known{Responsible: e.learned.responsible, Work: judge.Work{Chance: 1, FacesOdds: 1, Hour: -1}}
	if s.patient == 0 {
		k.Work = *e.work(w)
	} else if w.outside {
		k.Work.Travel = e.work(w).Travel
	} else if p.last != 0 && s.day-p.last > 90 {
		k.Work.Dormant = int(s.day - p.last)
	}
	if !w.strange && e.stranger(s) { // it is told of once a day
		k.Work.Stranger, w.strange, k.Work.Images = true, true, max(1, e.work(w).Images)
	}
	return e.judge.HardFlags(t, e.house, &k, e.now)
}

// tooMany tells when an account opens far more records than it ever did, and than its role does.
func (e *Engine) tooMany(w *workday) []judge.Flag {
	const fewest = 30
	if w.alarmed || w.opened < fewest || w.opened%10 != 0 {
		return nil
	}
	mean, shape, ok := e.expect(e.profile(w.user), e.roleOf(w.staff), patients, w.day)
	if !ok || chance.AtLeast(w.opened, mean, shape) > shortOfProof {
		return nil
	}
	n := w.opened - e.commissioned(w)
	if n < fewest || chance.AtLeast(n, mean, shape) > shortOfProof {
		return nil
	}
	w.alarmed = true
	return []judge.Flag{{ID: "F13", Weight: 20, Hard: true, Facts: map[string]string{"count": strconv.Itoa(n), "usual": strconv.Itoa(int(mean + 0.5))}}}
}

// tooShared tells when two workstations take turns with an account so often that it must be used by several people, unless a person
// has answered for that.
func (e *Engine) tooShared(w *workday) []judge.Flag {
	const asked = 20 // patients; asking takes the whole day into account
	if w.day < e.closed || w.opened < asked || w.opened%10 != 0 || w.told("F18") {
		return nil
	}
	k := e.work(w)
	if !e.judge.SharedByMany(k.Shared) || e.queue.answered(w.user, "F18", e.now.Add(-e.cfg.Quiet)) {
		return nil
	}
	e.noteShared(e.profile(w.user), w.day, k.Shared)
	return []judge.Flag{{ID: "F18", Weight: 20, Hard: true, Facts: map[string]string{"count": strconv.Itoa(k.Shared), "when": "that day"}}}
}

// allOfDay adds to the case about a shared account what else was opened with it that day: any of it may have been somebody else.
func (e *Engine) allOfDay(s *sheet, w *workday, f judge.Flag) {
	d := e.queue.holding(s.key)
	for _, o := range w.sheets {
		if d == nil || o == s || o.patient == 0 || !o.opens() || e.queue.holding(o.key) != nil {
			continue
		}
		e.put(d, o.key, e.touchOf(o), &judge.Verdict{Flags: []judge.Flag{f}, Score: f.Weight})
	}
}

// commissioned counts the records that a list of the house has the person work through: of a study that the person is on, of a review.
// Who reads all of a study's records in a day does what was asked for.
func (e *Engine) commissioned(w *workday) int {
	st := e.house.Staff(w.staff)
	if st == nil {
		return 0
	}
	n := 0
	for _, s := range w.sheets {
		p := e.house.Patient(s.patient)
		if s.patient == 0 || p == nil || !s.brief.opened {
			continue
		}
		if slices.ContainsFunc(p.Edges, func(d hospital.Edge) bool { return commissions(&d, st, s) }) {
			n++
		}
	}
	return n
}

func commissions(d *hospital.Edge, st *hospital.Staff, s *sheet) bool {
	named := d.As == hospital.Protocol && slices.Contains(st.Protocols, d.Who) || d.As == hospital.Person && slices.Contains(st.Names, d.Who)
	switch d.Kind {
	case hospital.Research, hospital.Assignment, hospital.Trigger:
	default:
		return false
	}
	return named && d.Voided.IsZero() && !s.first().Before(d.From) && (d.To.IsZero() || !s.last().After(d.To)) && (d.By == 0 || !slices.Contains(st.Names, d.By))
}

// alarm files a hard flag and opens a case for it.
func (e *Engine) alarm(s *sheet, f judge.Flag) {
	kind, what := AccountCase, uint64(0)
	if f.ID == "F29" || f.ID == "F01" || f.ID == "F07" {
		kind, what = UserCase, e.household(s.patient)
	}
	t := &e.scratch
	s.touch(t, e.house.Text, e.sensitive)
	v := judge.Verdict{Flags: []judge.Flag{f}, Score: f.Weight}
	d := e.queue.holding(s.key)
	if d == nil {
		d = e.caseOf(kind, s.user, what, s.day)
	}
	if at := slices.Index(d.Keys, s.key.saved()); at >= 0 {
		v = d.Touches[at].Verdict
		v.Flags = append([]judge.Flag{f}, v.Flags...)
	}
	d.Hard = true
	e.put(d, s.key, t, &v)
	if d.State == Waiting {
		e.open(d, Urgent)
	}
	at := s.last()
	e.filed = append(e.filed, Alarm{Flag: f, Case: d.ID, User: s.user, Patient: s.patient, At: at, Evidence: slices.Clone(t.Evidence)})
}
