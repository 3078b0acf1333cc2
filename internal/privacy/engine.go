// Package privacy asks of every access to a patient's record why it happened, answers from what the hospital knows
// anyway, and brings the few that nothing explains to a person, in sentences.
//
//	accesses ──► Touch ──► Judge ──► Verdict ──► Case ──► a person decides ──► what is learned
//
// What is thought of one Touch is package judge's. This package makes touches of accesses, judges them when their reasons had time to
// arrive, and again when something else is known, makes cases of them, and learns.
//
// A reviewer concludes, Wardline does not: a judge.Verdict is a list of reasons and flags, and its score only puts cases in an order.
package privacy

import (
	"bytes"
	"hash/fnv"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// action is what is known of a native action of a system.
type action struct {
	act        judge.Act
	known      bool         // act counts, whatever the verb says
	background bool         // happens without anybody asking
	face       bool         // shows identity, address or insurance, and nothing of care
	sensitive  hospital.Ref // class of what is shown, such as psychiatry notes
}

// Engine judges accesses. All that it knows lies in memory and in its shelf; it does nothing by itself, belongs to one
// goroutine, and what it does depends on the order of its calls alone.
type Engine struct {
	cfg   Config
	bare  *judge.Judge // without what the site decided
	judge *judge.Judge
	house *hospital.House
	shelf shelf
	hear  *hearer

	now     time.Time // of the domain
	hot     map[key]*sheet
	by      map[hospital.PatientID][]*sheet             // hot ones of a patient, in order of their keys
	days    map[dayKey]*workday                         // that are not closed
	late    map[dayKey]*workday                         // that were closed, and of which more came
	shutAt  int                                         // of late, so many are too many
	minute  int64                                       // in which it was looked for those that can go
	closed  int32                                       // days before are closed
	led     map[hospital.PatientID]hospital.PatientID   // merged: to whom they lead
	joined  map[hospital.PatientID][]hospital.PatientID // the other way round
	failed  error                                       // of the shelf: nothing counts any more
	decided map[string]savedDecision                    // by case: made before a restart, of cases that are yet to be opened once more
	agenda  agenda
	anew    map[hospital.PatientID]struct{} // something else is known of them since they were judged

	users      map[hospital.Ref]*profile
	curves     map[hospital.Ref]*curves // by job
	health     *health
	learned    learned
	learnedNew bool                            // it is to be written
	learnedDay bool                            // curves are
	usedNew    []*profile                      // that are
	ledNew     map[hospital.PatientID]struct{} // of led
	queue      queue
	actions    map[hospital.Ref]action
	filed      []Alarm // hard flags and broken feeds, since the last Alarms
	counts     Counts
	announced  []announced
	drugs      *drugs           // nil: nobody looks for theft of them
	crowdedOn  int32            // day on which a person was told of too many accounts
	countries  map[uint64]int64 // from which people signed in, how often

	last    lastHeard
	scratch judge.Touch
	rates   *judge.Rates
	ratesAt int64 // hour
}

// Counts say what an Engine did since it began.
type Counts struct {
	Rows     int64 // accesses read
	Repeated int64 // that had come before, or that another system had reported
	Nameless int64 // that name no account
	Quiet    int64 // side effects that nobody asked for
	Judged   int64 // verdicts
	Late     int64 // accesses of days that were closed
	Cabinet  int64 // transactions at drug cabinets
	Crowded  int64 // accesses of accounts beyond Config.Accounts
}

// Alarm is what a person is told of at once.
type Alarm struct {
	Flag     judge.Flag
	Case     string
	User     hospital.Ref
	Patient  hospital.PatientID
	Feed     bool // a feed is silent: no flag of anybody
	Crowd    bool // there are more accounts than can be told apart: no flag either
	At       time.Time
	Evidence []judge.Access
}

// lastHeard saves looking up what most rows have in common with the one before.
type lastHeard struct {
	user    []byte
	ref     hospital.Ref
	patient []byte
	id      hospital.PatientID
	day     int32
	from    int64 // milliseconds: the day begins and ends
	to      int64
	class   *event.Class
	wanted  bool
	drugs   bool
	source  []byte
	origin  hospital.Ref
}

// NewEngine returns an Engine that keeps all in memory.
func NewEngine(h *hospital.House, c Config, j *judge.Judge) *Engine {
	return newEngine(h, c, j, newMemory())
}

func newEngine(h *hospital.House, c Config, j *judge.Judge, s shelf) *Engine {
	e := &Engine{
		cfg: c.complete(), bare: j, house: h, shelf: s, hear: newHearer(),
		hot: map[key]*sheet{}, by: map[hospital.PatientID][]*sheet{}, days: map[dayKey]*workday{}, late: map[dayKey]*workday{}, anew: map[hospital.PatientID]struct{}{},
		led: map[hospital.PatientID]hospital.PatientID{}, joined: map[hospital.PatientID][]hospital.PatientID{},
		users: map[hospital.Ref]*profile{}, curves: map[hospital.Ref]*curves{}, health: newHealth(),
		actions: map[hospital.Ref]action{}, countries: map[uint64]int64{}, queue: newQueue(), drugs: newDrugs(c.Drugs), decided: map[string]savedDecision{}, ledNew: map[hospital.PatientID]struct{}{},
	}
	if e.cfg.Threshold == 0 {
		e.cfg.Threshold = j.Threshold()
	}
	e.decideBySite()
	return e
}

// Wants tells whether events of a class say anything of accesses, or of drugs.
func Wants(c *event.Class) bool { return tellsOfAccess(c) || tellsOfDrugs(c) }

func tellsOfAccess(c *event.Class) bool {
	return isList(c) || c.Serves("", "ehr", "audit") || isSignIn(c)
}

// Event takes in what an event says, and what is known since of the patients that changed.
func (e *Engine) Event(ev *event.Event, at hospital.Place, changed []hospital.PatientID) error {
	if e.failed != nil {
		return e.failed
	}
	for _, p := range changed {
		e.changed(p)
	}
	if ev.Class != e.last.class {
		e.last.class, e.last.wanted, e.last.drugs = ev.Class, tellsOfAccess(ev.Class), tellsOfDrugs(ev.Class)
	}
	if e.last.drugs {
		e.drug(ev, at)
	}
	if !e.last.wanted {
		return nil
	}
	if isList(ev.Class) {
		e.announce(ev)
		return nil
	}
	e.counts.Rows++
	if !ev.Class.Serves("", "ehr", "audit") {
		e.signIn(ev, at)
		return nil
	}
	return e.access(ev, e.hear.hear(ev), at)
}

// Believed is when an event happened, as far as its sender can be believed.
func believed(ev *event.Event) time.Time {
	const ahead = 10 * time.Minute
	if !ev.Observed.IsZero() && (ev.Time.IsZero() || ev.Time.After(ev.Observed.Add(ahead))) {
		return ev.Observed
	}
	return ev.Time
}

func (e *Engine) access(ev *event.Event, s *said, at hospital.Place) error {
	t := believed(ev)
	switch {
	case len(s.user) == 0 || t.IsZero():
		e.counts.Nameless++
		return nil
	case s.background:
		e.counts.Quiet++
		return nil
	}
	native := e.house.Intern(e.nativeOf(s))
	action := e.action(native)
	if action.background {
		e.counts.Quiet++
		return nil
	}
	r := row{
		at: t.UnixMilli(), entry: at.Entry, line: at.Line, native: native, where: e.house.Intern(string(s.place())), source: e.sourceOf(ev, s),
		object: e.short(s.object), corr: e.short(s.corr), act: s.act(), marks: s.marks(action), query: numberOf(s),
	}
	if action.known && r.act != judge.Other {
		r.act = action.act
	}
	user := e.userOf(s.user)
	k := key{user: user, day: e.dayOf(r.at)}
	if e.crowded(dayKey{user, k.day}) {
		return nil
	}
	w := e.workday(dayKey{user, k.day})
	if w.staff == 0 || r.at < w.from || r.at > w.to+5*60*1000 {
		w.saw(r.at, e.house.SawAtWork(user, t, 0))
	}
	return e.fold(k, r, s, w)
}

// crowded tells whether an account is one too many, and not one that the house knows. A person is told of it once a day.
func (e *Engine) crowded(k dayKey) bool {
	if len(e.days) < e.cfg.Accounts || e.days[k] != nil || e.house.StaffNamed(k.user) != nil {
		return false
	}
	if e.counts.Crowded++; e.crowdedOn != k.day {
		e.crowdedOn = k.day
		e.filed = append(e.filed, Alarm{Crowd: true, At: e.now})
	}
	return true
}

// fold enters a row for each patient that the event names, and one for none where it is about many at once.
func (e *Engine) fold(k key, r row, s *said, w *workday) error {
	many := r.act == judge.Search || r.act == judge.Listed || (r.act == judge.Export || r.act == judge.Print) && max(s.count, len(s.patients)) > 1
	if len(s.patients) == 0 || many {
		all := r
		all.n = uint32(max(s.count, len(s.patients)))
		if all.query == 0 {
			all.query = queryOf(s.query)
		}
		if all.marks&image == 0 {
			all.object = 0
		}
		if err := e.enter(k, all, s, w); err != nil {
			return err
		}
	}
	for i, id := range s.patients {
		var authority []byte
		if len(s.authorities) == len(s.patients) {
			authority = s.authorities[i]
		} else if len(s.authorities) == 1 {
			authority = s.authorities[0]
		}
		if k.patient = e.patientOf(id, authority); k.patient == 0 {
			continue
		}
		if err := e.enter(k, r, s, w); err != nil {
			return err
		}
	}
	return nil
}

// enter adds a row to its sheet, and has the sheet judged in time.
func (e *Engine) enter(k key, r row, s *said, w *workday) error {
	sh, err := e.sheet(k, w)
	if err != nil {
		return err
	}
	fresh := len(sh.rows) == 0
	changed := sh.add(r)
	for _, l := range s.labels {
		changed = sh.label(e.house.Intern(string(l))) || changed
	}
	if len(s.text)+len(s.reason) > 0 {
		const longest = 500
		text := string(bytes.Join([][]byte{s.reason, s.text}, []byte(" ")))
		changed = sh.wrote(text[:min(len(text), longest)]) || changed
	}
	if !changed {
		e.counts.Repeated++
		return nil
	}
	e.shelf.put(sh)
	w.stale = true
	w.count(sh)
	e.hard(sh, w, fresh, &r)
	e.schedule(sh)
	return nil
}

// sheet finds the sheet of a key: in memory, on the shelf when its day is closed, or else a new one.
func (e *Engine) sheet(k key, w *workday) (*sheet, error) {
	if s := e.hot[k]; s != nil {
		return s, nil
	}
	var s *sheet
	if k.day < e.closed {
		e.counts.Late++
		var err error
		if s, err = e.shelved(k); err != nil {
			return nil, err
		}
	}
	if s == nil {
		s = &sheet{key: k, staff: w.staff}
	}
	e.keep(s)
	return s, nil
}

// shelved takes a sheet from the shelf, also one that was put there under a number that leads to the patient now.
func (e *Engine) shelved(k key) (*sheet, error) {
	s, err := e.shelf.sheet(k)
	if s != nil || err != nil {
		return s, err
	}
	for _, old := range e.joined[k.patient] {
		was := key{k.user, old, k.day}
		if s, err = e.shelf.sheet(was); s != nil && err == nil {
			e.shelf.remove(was)
			s.patient = k.patient
			e.shelf.put(s)
			return s, nil
		}
	}
	return nil, err
}

// keep has a sheet in memory.
func (e *Engine) keep(s *sheet) {
	e.hold(s)
	w := e.workday(dayKey{s.user, s.day})
	if at := slices.IndexFunc(w.sheets, func(o *sheet) bool { return o.key == s.key }); at >= 0 {
		w.sheets[at] = s
	} else {
		w.sheets = append(w.sheets, s)
	}
	if w.staff == 0 {
		w.staff = s.staff
	}
	w.stale = true
}

// hold has a sheet in memory whose day is over.
func (e *Engine) hold(s *sheet) {
	e.hot[s.key] = s
	if s.patient != 0 {
		list := e.by[s.patient]
		at, _ := slices.BinarySearchFunc(list, s, func(a, b *sheet) int { return a.key.compare(b.key) })
		e.by[s.patient] = slices.Insert(list, at, s)
	}
}

// drop lets a sheet go that is on the shelf.
func (e *Engine) drop(s *sheet) {
	delete(e.hot, s.key)
	if s.patient == 0 {
		return
	}
	list := slices.DeleteFunc(e.by[s.patient], func(o *sheet) bool { return o == s })
	if len(list) == 0 {
		delete(e.by, s.patient)
		return
	}
	e.by[s.patient] = list
}

// schedule has a sheet judged when its reasons have had their time.
func (e *Engine) schedule(s *sheet) {
	if s.patient == 0 {
		return
	}
	if s.state == final {
		s.state = fresh
	}
	last := s.rows[len(s.rows)-1].at
	due := last + e.cfg.Settle.Milliseconds()
	switch {
	case s.state == settled:
		due = min(s.due, max(due, e.now.UnixMilli()))
	case s.state == fresh && !s.glanced && s.opens() && e.private(s):
		due = min(due, last+e.cfg.Glance.Milliseconds())
	}
	s.due = due
	e.agenda.add(s)
}

// action says what a native action is, and remembers it.
func (e *Engine) action(native hospital.Ref) action {
	a, ok := e.actions[native]
	if !ok {
		name := e.house.Text(native)
		a.act, a.background, a.known = e.bare.Classes().Act(name)
		if item := e.bare.Classes().Item(name); item != "" {
			a.sensitive, a.face = e.house.Intern(item), item == "identity"
		}
		e.actions[native] = a
	}
	return a
}

func (e *Engine) sensitive(native hospital.Ref) hospital.Ref { return e.action(native).sensitive }

func (e *Engine) nativeOf(s *said) string {
	if len(s.native) > 0 {
		const longest = 200
		return string(s.native[:min(len(s.native), longest)])
	}
	return string(s.verb)
}

func (e *Engine) userOf(user []byte) hospital.Ref {
	if e.last.ref == 0 || !bytes.Equal(user, e.last.user) {
		e.last.user = append(e.last.user[:0], user...)
		e.last.ref = e.house.Intern(string(user))
	}
	return e.last.ref
}

// sourceOf names the system that reports, so that two that report the same access are told from one that does twice.
func (e *Engine) sourceOf(ev *event.Event, s *said) hospital.Ref {
	name := append(append(append(make([]byte, 0, 64), ev.Format...), ' '), s.system...)
	if e.last.origin == 0 || !bytes.Equal(name, e.last.source) {
		e.last.source = append(e.last.source[:0], name...)
		e.last.origin = e.house.Intern(string(bytes.TrimSpace(name)))
	}
	return e.last.origin
}

// patientOf finds the patient, and makes one of a number that no other system has told of.
func (e *Engine) patientOf(id, authority []byte) hospital.PatientID {
	name := append(append(append(make([]byte, 0, 64), authority...), 0), id...)
	if e.last.id != 0 && bytes.Equal(name, e.last.patient) {
		return e.last.id
	}
	ids := []hospital.Identifier{{Authority: string(authority), Value: string(id)}}
	p, _ := e.house.Find(ids)
	if p == 0 {
		for _, p := range e.house.Take(&hospital.Fact{Patient: &hospital.PatientFact{IDs: ids}, Place: hospital.Place{Line: -1}}) {
			e.changed(p)
		}
		p, _ = e.house.Find(ids)
	}
	e.last.patient, e.last.id = append(e.last.patient[:0], name...), p
	return p
}

// dayOf is the day of the house's calendar.
func (e *Engine) dayOf(at int64) int32 {
	if e.last.from <= at && at < e.last.to {
		return e.last.day
	}
	year, month, day := time.UnixMilli(at).In(e.cfg.Zone).Date()
	from := time.Date(year, month, day, 0, 0, 0, 0, e.cfg.Zone)
	e.last.day = int32(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	e.last.from, e.last.to = from.UnixMilli(), time.Date(year, month, day+1, 0, 0, 0, 0, e.cfg.Zone).UnixMilli()
	return e.last.day
}

// dayEnd is when a day ends, in milliseconds.
func (e *Engine) dayEnd(day int32) int64 {
	t := time.Unix(int64(day+1)*86400, 0).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, e.cfg.Zone).UnixMilli()
}

// short makes a number of a text that is only compared: seeded by the site's secret, so that it says nothing elsewhere.
func (e *Engine) short(text []byte) uint32 {
	if len(text) == 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write(e.cfg.Secret)
	h.Write(text)
	sum := h.Sum64()
	return max(uint32(sum^sum>>32), 1)
}

// changed notes that something else is known of a patient.
func (e *Engine) changed(p hospital.PatientID) {
	if p == e.last.id {
		e.last.id = 0
	}
	e.anew[p] = struct{}{}
	now, was := e.house.Current(p), e.led[p]
	if now == p {
		now = 0
	}
	if now == was {
		return
	}
	e.ledNew[p] = struct{}{}
	e.joined[was] = slices.DeleteFunc(e.joined[was], func(o hospital.PatientID) bool { return o == p })
	if now == 0 {
		delete(e.led, p)
		return
	}
	e.led[p] = now
	e.joined[now] = append(e.joined[now], p)
}

// Now is what time it is for the house.
func (e *Engine) Now() time.Time { return e.now }
