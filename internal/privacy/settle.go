package privacy

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// Clock tells the Engine what time it is for the house, and has it do what is due. Time that goes back is left out of account.
func (e *Engine) Clock(now time.Time) error {
	if now.Before(e.now) {
		return nil
	}
	e.now = now
	if err := e.again(); err != nil {
		return err
	}
	for {
		s := e.agenda.next(now.UnixMilli())
		if s == nil {
			break
		}
		if err := e.settle(s); err != nil {
			return err
		}
	}
	if err := e.closeDays(); err != nil {
		return err
	}
	if err := e.relearn(); err != nil {
		return err
	}
	if err := e.watchDrugs(); err != nil {
		return err
	}
	return e.rounds()
}

// again judges anew what was unexplained of the patients of whom something else is known.
func (e *Engine) again() error {
	if len(e.anew) == 0 {
		return nil
	}
	changed := make([]hospital.PatientID, 0, len(e.anew))
	for p := range e.anew {
		changed = append(changed, p)
	}
	clear(e.anew)
	slices.Sort(changed)
	for _, p := range changed {
		list := e.by[p]
		if len(list) == 0 {
			continue
		}
		if now := e.house.Current(p); now != p && now != 0 {
			if err := e.moved(p, now); err != nil {
				return err
			}
			list = e.by[now]
		}
		for _, s := range slices.Clone(list) {
			if s.state != settled || s.gone {
				continue
			}
			if err := e.weighUp(s); err != nil {
				return err
			}
			if s.said.explained {
				e.finish(s)
			}
		}
	}
	return nil
}

// moved puts what was done with a record that is another's now into that one's.
func (e *Engine) moved(from, to hospital.PatientID) error {
	for _, old := range slices.Clone(e.by[from]) {
		e.uncount(old)
		e.drop(old)
		e.shelf.remove(old.key)
		old.gone = true
		k := old.key
		k.patient = to
		if d := e.queue.holding(old.key); d != nil {
			e.readdress(d, old.key, k)
		}
		w := e.workday(dayKey{k.user, k.day})
		w.sheets = without(w.sheets, old)
		s, err := e.sheet(k, w)
		if err != nil {
			return err
		}
		for i := range old.rows {
			s.add(old.rows[i])
		}
		for _, l := range old.labels {
			s.label(l)
		}
		s.wrote(old.emergency)
		s.state = max(s.state, old.state)
		if s.state == final {
			s.state = settled
		}
		e.shelf.put(s)
		w.stale = true
		e.schedule(s)
	}
	return nil
}

// settle judges a sheet whose time has come.
func (e *Engine) settle(s *sheet) error {
	if s.state == final {
		return nil
	}
	if s.state == fresh && !s.glanced && e.now.UnixMilli() < s.settles(e) {
		return e.glance(s)
	}
	last := s.state == settled
	if err := e.weighUp(s); err != nil {
		return err
	}
	switch {
	case s.said.explained || last && e.now.UnixMilli() >= s.rows[len(s.rows)-1].at+e.cfg.Final.Milliseconds():
		e.finish(s)
	default:
		s.state = settled
		s.due = s.rows[len(s.rows)-1].at + e.cfg.Final.Milliseconds()
		if s.due <= e.now.UnixMilli() { // it came that late
			e.finish(s)
			break
		}
		e.agenda.add(s)
	}
	return nil
}

// finish ends the judgement of a sheet.
func (e *Engine) finish(s *sheet) {
	s.state = final
	e.shelf.put(s)
	if s.day < e.closed && e.late[dayKey{s.user, s.day}] == nil {
		e.drop(s)
	}
}

// weighUp asks what is to be thought of a sheet now, and draws what follows.
func (e *Engine) weighUp(s *sheet) error {
	k, err := e.known(s)
	if err != nil {
		return err
	}
	t := e.touchOf(s)
	v := e.judge.Verdict(t, e.house, k, time.Time{}) // all that is known by now counts, whatever its sender's clock says
	e.counts.Judged++
	if e.cfg.Judged != nil {
		e.cfg.Judged(t, &v, k)
	}
	e.uncount(s)
	s.said = conclusion{explained: v.Explained, first: k.Pair.Count == 0 || k.Pair.First >= s.day, score: float32(v.Score), drawn: s.said.drawn}
	if len(v.Reasons) > 0 {
		s.said.template, s.said.weight = v.Reasons[0].Template, float32(v.Reasons[0].Weight)
	}
	for _, f := range v.Flags {
		s.said.flags = append(s.said.flags, f.ID)
	}
	if s.state == fresh {
		s.state = settled
	}
	e.tellLate(s, v.Flags)
	e.shelf.put(s)
	e.recount(s)
	if err := e.pairWith(s, &v); err != nil {
		return err
	}
	e.assemble(s, e.touchOf(s), &v)
	return nil
}

// touchOf is what a judge is told of a sheet; it holds until the next one is asked for.
func (e *Engine) touchOf(s *sheet) *judge.Touch {
	t := &e.scratch
	s.touch(t, e.house.Text, e.sensitive)
	t.Automatic = e.automatic(s)
	return t
}

// pairWith remembers the pair for the days to come.
func (e *Engine) pairWith(s *sheet, v *judge.Verdict) error {
	k := pairKey{s.user, s.patient}
	before, err := e.shelf.pair(k)
	if err != nil {
		return err
	}
	p := before
	if p.Count == 0 || s.day < p.First {
		p.First = s.day
	}
	if s.day > p.Last || p.Count == 0 {
		p.Count++
		p.Last = s.day
	}
	if r := e.judge.Heritable(v); r != nil && s.day >= p.Settled {
		p.Settled, p.Weight, p.Template = s.day, float32(r.Weight), r.Template
	}
	if p != before {
		e.shelf.setPair(k, p)
	}
	return nil
}

// known gathers what a judge needs beside the touch and the house.
func (e *Engine) known(s *sheet) (*judge.Known, error) {
	pair, err := e.shelf.pair(pairKey{s.user, s.patient})
	if err != nil {
		return nil, err
	}
	if pair.Settled >= s.day {
		pair.Settled, pair.Weight, pair.Template = 0, 0, ""
	}
	k := &judge.Known{Pair: pair, Mates: e.learned.mates[s.staff], Responsible: e.learned.responsible, Rates: e.health.own(e)}
	k.Work = *e.workOf(s)
	e.unusual(s, e.days[dayKey{s.user, s.day}], &k.Work, k.Rates)
	k.Work.Away = away(s, e.days[dayKey{s.user, s.day}]) || k.Work.Away && s.work != nil
	k.Work.Stranger = e.stranger(s)
	k.UpheldUser, k.UpheldPatient = e.queue.upheld(s.user, s.patient, e.now)
	return k, e.others(s, k)
}

// workOf is what the account did on the day of the sheet. When that day is closed it is as it was then.
func (e *Engine) workOf(s *sheet) *judge.Work {
	if s.day < e.closed && s.work != nil && e.late[dayKey{s.user, s.day}] == nil {
		return s.work
	}
	return e.work(e.workday(dayKey{s.user, s.day}))
}

// unusual says how usual the place and the hour of a sheet were for the account when its day ended, and that so much was without a
// reason. Later the account has been there, and then, and nothing would be odd any more.
func (e *Engine) unusual(s *sheet, day *workday, w *judge.Work, r *judge.Rates) {
	if s.work != nil {
		w.Odd, w.Hour, w.Bare, w.BareOdds, w.Bareness = s.work.Odd, s.work.Hour, s.work.Bare, s.work.BareOdds, s.work.Bareness
		if w.Bareness == 0 { // it was not known yet what is usual
			w.Bareness = e.bareness(s, day, r)
		}
		return
	}
	w.Bare, w.BareOdds, w.Bareness = 0, 1, e.bareness(s, day, r)
	if day != nil && r != nil {
		e.without(s, day, w, r)
	}
	w.Odd = w.Odd && e.oddly(s)
	w.Hour = e.profile(s.user).hour(s.first().In(e.cfg.Zone))
}

// without says how odd it is that nothing explains so many of the records that an account opened on a day, by its own past and that of its
// department.
func (e *Engine) without(s *sheet, day *workday, w *judge.Work, r *judge.Rates) {
	const (
		asMuch = 50 // patients of the department that count beside the account's own
		alike  = 10 // days differ: of who helps elsewhere for a day much is without a reason
	)
	share, ok := r.Unexplained[e.deptOf(s.staff)]
	if !ok {
		share = r.Unexplained[0]
	}
	p := e.profile(s.user)
	bare, opened := day.bare(s)
	w.Bare = bare + 1
	w.BareOdds = chance.HitsAtLeastVarying(w.Bare, opened+1, (p.bare+asMuch*share)/(p.opened+asMuch), alike)
}

// oddly tells whether this record was opened from a place that the account never used.
func (e *Engine) oddly(s *sheet) bool {
	p := e.profile(s.user)
	for i := range s.rows {
		if r := &s.rows[i]; r.where != 0 && p.odd(r.where) {
			return true
		}
	}
	return false
}

// others tells k of further accounts that opened the record within 48 h and that nothing explains, and of all who opened it. What is explained is
// no longer in memory after a day or two, so all are only counted where enough are not.
func (e *Engine) others(s *sheet, k *judge.Known) error {
	const window = 48 * 60 * 60 * 1000
	near := func(o *sheet) bool {
		return o.user != s.user && !o.gone && o.opens() && o.rows[0].at < s.rows[len(s.rows)-1].at+window && s.rows[0].at < o.rows[len(o.rows)-1].at+window
	}
	users := map[hospital.Ref]struct{}{}
	for _, o := range e.by[s.patient] {
		if (o.state != fresh && !o.said.explained || s.state == fresh && o.doubted) && near(o) {
			users[o.user] = struct{}{}
		}
	}
	k.Others = len(users)
	if !e.judge.Several(k.Others + 1) {
		return nil
	}
	list, err := e.allOf(s.patient, s.day-3, s.day+3)
	all := map[hospital.Ref]hospital.StaffID{s.user: s.staff}
	for _, o := range list {
		if near(o) {
			all[o.user] = o.staff
		}
	}
	k.Readers = len(all)
	if k.Rates != nil {
		for _, user := range slices.Sorted(maps.Keys(all)) {
			share, ok := k.Rates.Unexplained[e.deptOf(all[user])]
			if !ok {
				share = k.Rates.Unexplained[0]
			}
			k.Usual += share / float64(len(all))
		}
	}
	return err
}

// away tells that a touch came from outside within half an hour of work in the house.
func away(s *sheet, w *workday) bool {
	const near = 30 * 60 * 1000
	if w == nil {
		return false
	}
	for i := range s.rows {
		if s.rows[i].marks&remote == 0 {
			continue
		}
		for _, o := range w.sheets {
			for j := range o.rows {
				r := &o.rows[j]
				if r.marks&remote == 0 && r.where != 0 && max(r.at-s.rows[i].at, s.rows[i].at-r.at) < near {
					return true
				}
			}
		}
	}
	return false
}

// closeDays ends the days whose touches have all been settled, and learns from them.
func (e *Engine) closeDays() error {
	today := e.dayOf(e.now.UnixMilli())
	if e.closed == 0 {
		e.closed = today - 30
		for k := range e.days {
			e.closed = min(e.closed, k.day)
		}
	}
	for e.dayEnd(e.closed)+e.cfg.Settle.Milliseconds()+closing <= e.now.UnixMilli() {
		var over []*workday
		for k, w := range e.days {
			if k.day == e.closed {
				over = append(over, w)
			}
		}
		slices.SortFunc(over, func(a, b *workday) int { return cmp.Compare(a.user, b.user) })
		for _, w := range over {
			e.closeDay(w)
		}
		e.silences(e.closed)
		e.closed++
		e.health.forget(e.closed)
		e.shelf.forget(e.closed - int32(e.cfg.Keep/(24*time.Hour)))
	}
	return e.shut()
}

// closing is how long after its touches have settled a day ends.
const closing = 60 * 60 * 1000

func (e *Engine) closeDay(w *workday) {
	for _, s := range w.sheets {
		if s.state != final && s.patient != 0 {
			work := *e.work(w)
			e.unusual(s, w, &work, e.health.own(e))
			s.work = &work
		}
	}
	e.learnDay(w)
	delete(e.days, w.dayKey)
	e.putAway(w)
}

// putAway lets go of what nothing is waited for with, and keeps for the rest what the day was like.
func (e *Engine) putAway(w *workday) {
	for _, s := range w.sheets {
		switch {
		case s.gone || e.hot[s.key] != s:
			continue
		case s.patient == 0:
			s.state = final
		case s.state != final:
			work := w.work
			e.unusual(s, w, &work, e.health.own(e))
			s.work = &work
		}
		e.shelf.put(s)
		if s.state == final {
			e.drop(s)
		}
	}
}

// shut lets go of days of which more came after they had been closed.
func (e *Engine) shut() error {
	minute := e.now.Unix() / 60
	if len(e.late) == 0 || len(e.late) < e.shutAt && minute == e.minute {
		return e.failed
	}
	e.minute = minute
	for k, w := range e.late {
		waits := false
		for _, s := range w.sheets {
			waits = waits || s.patient != 0 && s.state == fresh && !s.gone && e.hot[s.key] == s
		}
		if !waits {
			e.work(w)
			delete(e.late, k)
			e.putAway(w)
		}
	}
	e.shutAt = 2*len(e.late) + 64
	return e.failed
}
