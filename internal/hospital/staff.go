package hospital

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// worker is a Staff with what is needed to bring it up to date.
type worker struct {
	Staff
	into   StaffID // whose account it turned out to be; 0 for none
	clear  []byte  // a Human, encoded
	said   stamp   // when HR last spoke of the person
	ends   Ref     // who said when the person goes
	bars   Ref     // who said that the account is suspended
	shifts []shift // by beginning
	days   []presence
	member []membership
	used   stamp // when the account was last seen at work, to the quarter of an hour
}

// workers are all who work or worked here. They are few, and all in memory.
type workers struct {
	all        []*worker // the one with ID n is at n-1
	byName     map[Ref]StaffID
	byNational map[uint64][]StaffID
	byPerson   map[uint64][]StaffID
	patients   patients
	dirty      map[StaffID]struct{}
	age        uint64 // counts changes of names
	hr         stamp  // when HR last spoke of anybody
}

// patients tells which patients work here.
type patients map[PatientID][]StaffID

func (p patients) of(id PatientID) StaffID {
	if list := p[id]; len(list) > 0 {
		return list[0]
	}
	return 0
}

func newWorkers() workers {
	return workers{byName: map[Ref]StaffID{}, byNational: map[uint64][]StaffID{}, byPerson: map[uint64][]StaffID{}, patients: patients{}, dirty: map[StaffID]struct{}{}}
}

// StaffNamed returns who goes by a name: a login, a staff number, a provider number. nil when nobody is known by it.
func (h *House) StaffNamed(name Ref) *Staff { return h.Staff(h.workers.byName[name]) }

// Staff returns one who works here; nil when there is none.
func (h *House) Staff(id StaffID) *Staff {
	w := h.workers.get(id)
	if w == nil {
		return nil
	}
	if len(w.member) > 0 {
		w.Protocols = w.protocols(h.now())
	}
	return &w.Staff
}

func (ws *workers) get(id StaffID) *worker {
	for id > 0 && int(id) <= len(ws.all) {
		w := ws.all[id-1]
		if w.into == 0 {
			return w
		}
		id = w.into
	}
	return nil
}

// AllStaff yields all who work or worked here, by their ID.
func (h *House) AllStaff() iter.Seq[*Staff] {
	return func(yield func(*Staff) bool) {
		for _, w := range h.workers.all {
			if w.into == 0 && !yield(h.Staff(w.ID)) {
				return
			}
		}
	}
}

// Missing lists who is in HR and was not in its last export. That ends nothing: a row may be lost, and an export may be of a part of the house.
// People have to ask HR.
func (h *House) Missing() (all []StaffID) {
	for _, w := range h.workers.all {
		if h.employed(w) && w.said.plus(exportAge) < h.workers.hr {
			all = append(all, w.ID)
		}
	}
	return all
}

// employed tells whether w is in HR, and not gone.
func (h *House) employed(w *worker) bool {
	return w.into == 0 && w.Number != "" && (w.End.IsZero() || at(w.End) > h.now())
}

// RevealStaff says who one who works here is.
func (h *House) RevealStaff(id StaffID) (Human, error) {
	w := h.workers.get(id)
	if w == nil {
		return Human{}, nil
	}
	return decodeHuman(w.clear)
}

// named finds who goes by a name, or makes one of whom nothing else is known.
func (h *House) named(name Ref) *worker {
	ws := &h.workers
	if w := ws.get(ws.byName[name]); w != nil || name == 0 {
		return w
	}
	w := &worker{Staff: Staff{ID: StaffID(len(ws.all) + 1), Names: []Ref{name}}}
	ws.all = append(ws.all, w)
	ws.byName[name] = w.ID
	ws.age++
	ws.dirty[w.ID] = struct{}{}
	return w
}

// takeStaff enters a row of HR.
func (h *House) takeStaff(f *StaffFact, said stamp, source Ref) {
	names := h.namesOf(f)
	if len(names) == 0 {
		h.limits.Nobody++
		return
	}
	w := h.whose(names, f.Number != "")
	for _, n := range names {
		h.claim(w, n, f.Number != "", said)
	}
	before := w.Staff
	if f.Number != "" && w.Number == "" {
		w.Number = strings.Clone(normal(f.Number))
	}
	if said >= w.said {
		w.said = said
		h.employ(w, f, said, source)
	}
	if f.Number != "" {
		h.workers.hr = max(h.workers.hr, said)
	}
	h.workers.dirty[w.ID] = struct{}{}
	if before.Patient != w.Patient {
		h.change(h.Current(before.Patient))
		h.change(h.Current(w.Patient))
	}
}

// whose finds whom names are of: HR goes by its number, which comes first; others may know a person by some names only, and who is in HR
// counts before who is not.
func (h *House) whose(names []Ref, hr bool) *worker {
	found := names[0]
	for _, n := range names {
		if w := h.workers.get(h.workers.byName[n]); w != nil && w.Number != "" && !hr {
			return w
		} else if w != nil && !hr && h.workers.byName[found] == 0 {
			found = n
		}
	}
	return h.named(found)
}

// mostLogins bounds by how many names one goes.
const mostLogins = 32

func (h *House) namesOf(f *StaffFact) []Ref {
	var names []Ref
	for _, text := range append([]string{f.Number}, f.Logins[:min(len(f.Logins), mostLogins)]...) {
		if r := h.Intern(text); r != 0 && !slices.Contains(names, r) {
			names = append(names, r)
		}
	}
	return names
}

// claim gives a name to w. An account of which nothing was known is w's own from now on; a name that HR had given to another goes
// over when HR gives it to w later.
func (h *House) claim(w *worker, name Ref, hr bool, said stamp) {
	ws := &h.workers
	o := ws.get(ws.byName[name])
	if o == w {
		return
	}
	switch {
	case o == nil:
	case o.Number == "":
		h.absorb(w, o)
	case !hr || said < o.said:
		return
	default:
		o.Names = slices.DeleteFunc(slices.Clone(o.Names), func(n Ref) bool { return n == name })
		ws.dirty[o.ID] = struct{}{}
	}
	ws.age++
	ws.byName[name] = w.ID
	if !slices.Contains(w.Names, name) && len(w.Names) < 4*mostLogins {
		w.Names = append(slices.Clip(w.Names), name)
	}
}

// absorb makes the account o one of w's.
func (h *House) absorb(w, o *worker) {
	ws := &h.workers
	for _, n := range o.Names {
		ws.byName[n] = w.ID
		if !slices.Contains(w.Names, n) {
			w.Names = append(slices.Clip(w.Names), n)
		}
	}
	for _, s := range o.shifts {
		s.staff = w.ID
		w.roster(s, &h.limits)
	}
	for _, d := range o.days {
		w.saw(d)
	}
	for _, m := range o.member {
		w.join(m, &h.limits)
	}
	w.used = max(w.used, o.used)
	h.link(o, 0)
	ws.index(o, o.Identity, Identity{})
	*o = worker{Staff: Staff{ID: o.ID}, into: w.ID}
	ws.dirty[o.ID] = struct{}{}
}

// employ enters what HR says. What is empty changes nothing, but for the end and the suspension: who said them can take them back.
func (h *House) employ(w *worker, f *StaffFact, said stamp, source Ref) {
	for _, set := range []struct {
		to   *Ref
		text string
	}{{&w.Job, f.Job}, {&w.Dept, f.Department}, {&w.Service, f.Service}, {&w.Site, f.Site}} {
		if r := h.Intern(set.text); r != 0 {
			*set.to = r
		}
	}
	if family := h.familyOf(f); family != UnknownFamily {
		w.Family = family
	}
	if kind := employment(f.Employment); kind != UnknownEmployment {
		w.Type = kind
	}
	if len(f.Units) > 0 {
		w.Units = w.Units[:0:0]
		for _, u := range f.Units[:min(len(f.Units), 64)] {
			if r := h.Intern(u); r != 0 && !slices.Contains(w.Units, r) {
				w.Units = append(w.Units, r)
				h.units.heard(r)
			}
		}
	}
	if m := h.named(h.Intern(f.Manager)); m != nil && m != w {
		w.Manager = m.ID
	}
	if !f.Start.IsZero() {
		w.Start = at(f.Start).time()
	}
	end, suspended := at(f.End), at(f.Suspended)
	if f.Gone && (end == 0 || end > said) {
		if end = said; w.ends != 0 && !w.End.IsZero() {
			end = min(end, at(w.End))
		}
	}
	if end != 0 || w.ends == source {
		w.End, w.ends = end.time(), source
	}
	if suspended != 0 || w.bars == source {
		w.Suspended, w.bars = suspended.time(), source
	}
	h.recognise(w, f)
}

// recognise enters who the person is.
func (h *House) recognise(w *worker, f *StaffFact) {
	p, err := decodeHuman(w.clear)
	if err != nil {
		h.fail(err)
		return
	}
	p.learn(bounded(f.Human))
	text := p.encode()
	if string(text) == string(w.clear) || p.empty() {
		return
	}
	before := w.Identity
	w.clear, w.Identity = text, identify(h.v, &p)
	h.workers.index(w, before, w.Identity)
	h.relinkOf(&before)
	h.relinkOf(&w.Identity)
}

// index keeps those who work here findable by who they are.
func (ws *workers) index(w *worker, from, into Identity) {
	move := func(index map[uint64][]StaffID, from, into uint64) {
		if from == into {
			return
		}
		if list := slices.DeleteFunc(slices.Clone(index[from]), func(id StaffID) bool { return id == w.ID }); from != 0 && len(list) > 0 {
			index[from] = list
		} else {
			delete(index, from)
		}
		if into != 0 {
			list := append(slices.Clone(index[into]), w.ID)
			slices.Sort(list)
			index[into] = list
		}
	}
	move(ws.byNational, from.National, into.National)
	move(ws.byPerson, from.Person, into.Person)
}

// SawAtWork notes that an account was used at a time, from where, if that is known, and returns whose it is. An account that nobody told of
// becomes one who works here without a number.
func (h *House) SawAtWork(account Ref, when time.Time, unit Ref) StaffID {
	w := h.named(account)
	if w == nil {
		return 0
	}
	t := at(when)
	local := when.In(h.o.Zone)
	date := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
	const quarter = stamp(15 * 60 * 1000)
	begin := t - t%quarter
	changed := w.saw(presence{int32(date), unit, begin, begin + quarter})
	if begin > w.used {
		w.used, changed = begin, true
	}
	if changed {
		h.workers.dirty[w.ID] = struct{}{}
	}
	return w.ID
}

// familyOf tells the family of a job.
func (h *House) familyOf(f *StaffFact) Family {
	if family := ParseFamily(f.Family); family != UnknownFamily {
		return family
	}
	if h.o.Family != nil {
		return h.o.Family(f.Job, f.Title)
	}
	return familyByTitle(f.Title)
}
