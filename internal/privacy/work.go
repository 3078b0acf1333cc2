package privacy

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// dayKey names what one account did on one day.
type dayKey struct {
	user hospital.Ref
	day  int32
}

// workday is what one account did on one day.
type workday struct {
	dayKey
	staff    hospital.StaffID
	from, to int64 // milliseconds of the first and the last access of which the house was told
	sheets   []*sheet
	opened   int  // patients whose record was opened, for alarms at once
	alarmed  bool // of their number
	strange  bool // told that the machine is a stranger
	outside  bool // somebody came in from outside
	stale    bool // work is not of these sheets any more
	work     judge.Work
	places   []hospital.Ref
	hours    [24]uint16
}

// bare counts the patients that were opened, but for the one of a sheet, and of how many of them nothing explains it, as far as they were
// judged.
func (w *workday) bare(but *sheet) (bare, opened int) {
	for _, s := range w.sheets {
		if s == but || s.gone || s.patient == 0 || s.state == fresh || !s.counted {
			continue
		}
		if opened++; !s.said.explained {
			bare++
		}
	}
	return bare, opened
}

// between counts the touches from one part of a day to another that were judged.
func (w *workday) between(from, to int32) (n tally) {
	if w == nil {
		return n
	}
	for _, s := range w.sheets {
		if s.gone || !s.counted || len(s.rows) == 0 || partOf(s.rows[0].at) < from || partOf(s.rows[0].at) > to {
			continue
		}
		if n.touches++; s.said.explained {
			n.explained++
		}
	}
	return n
}

// brief is what a sheet adds to its day.
type brief struct {
	opened, faces bool
	images        bool
	prints        uint32
	hours         [24]uint8
	places        []hospital.Ref
}

func (w *workday) saw(at int64, staff hospital.StaffID) {
	if w.staff == 0 {
		w.staff = staff
	}
	if w.from == 0 || at < w.from {
		w.from = at
	}
	w.to = max(w.to, at)
}

// count notes that a record was opened which was not before.
func (w *workday) count(s *sheet) {
	if s.patient != 0 && !s.brief.opened && s.opens() {
		s.brief.opened = true
		w.opened++
	}
}

// workday finds what an account did on a day. Of a day that is closed it is taken from the shelf.
func (e *Engine) workday(k dayKey) *workday {
	if k.day >= e.closed {
		w := e.days[k]
		if w == nil {
			w = &workday{dayKey: k, stale: true}
			e.days[k] = w
		}
		return w
	}
	w := e.late[k]
	if w == nil {
		w = &workday{dayKey: k, stale: true, alarmed: true}
		e.late[k] = w
		list, err := e.shelf.day(k)
		e.failed = errors.Join(e.failed, err)
		for _, s := range list {
			if hot := e.hot[s.key]; hot != nil {
				s = hot
			}
			w.sheets = append(w.sheets, s)
			w.staff = s.staff
		}
	}
	return w
}

// shorten makes the brief of a sheet whose rows are there.
func (e *Engine) shorten(s *sheet) {
	b := brief{opened: s.patient != 0 && s.opens()}
	faces, care := false, false
	for i := range s.rows {
		r := &s.rows[i]
		if r.marks&failed != 0 {
			continue
		}
		switch r.act {
		case judge.Print:
			b.prints++
		case judge.Open:
			faces, care = faces || r.marks&face != 0, care || r.marks&face == 0
		case judge.Export:
			b.prints++
			care = true
		case judge.Write:
			care = true
		}
		b.images = b.images || r.marks&image != 0
		h := time.UnixMilli(r.at).In(e.cfg.Zone).Hour()
		if b.hours[h] < 255 {
			b.hours[h]++
		}
		if r.where != 0 && !slices.Contains(b.places, r.where) && len(b.places) < mostPlaces {
			b.places = append(b.places, r.where)
		}
	}
	b.faces = faces && !care
	s.brief = b
}

// work says what the account did on that day. It is made anew when something was added.
func (e *Engine) work(w *workday) *judge.Work {
	if !w.stale {
		return &w.work
	}
	w.stale = false
	w.hours, w.places = [24]uint16{}, w.places[:0]
	p := e.profile(w.user)
	k := judge.Work{Chance: 1, FacesOdds: 1, Hour: -1}
	w.opened = 0
	var rows []row
	for _, s := range w.sheets {
		e.shorten(s)
		if s.brief.opened {
			w.opened++
		}
		if s.brief.faces {
			k.Faces++
		}
		k.Prints += int(s.brief.prints)
		for h, n := range s.brief.hours {
			w.hours[h] += uint16(n)
		}
		for _, at := range s.brief.places {
			if !slices.Contains(w.places, at) {
				w.places = append(w.places, at)
			}
		}
		if s.patient == 0 {
			rows = append(rows, s.rows...)
			w.outside = w.outside || slices.ContainsFunc(s.rows, func(r row) bool { return e.cameIn(&r) })
			continue
		}
		for i := range s.rows {
			if s.rows[i].act == judge.Open && s.rows[i].query != 0 { // asked for by its number
				rows = append(rows, s.rows[i])
			}
		}
	}
	k.Patients = w.opened
	e.many(&k, rows, w)
	e.imaging(&k, w, p)
	e.weigh(&k, w, p)
	for _, at := range w.places {
		k.Odd = k.Odd || p.odd(at)
	}
	k.Shared = turns(w)
	if ago := w.day - p.shared.day; p.shared.turns > 0 && ago > 0 && ago <= week {
		k.SharedBefore, k.SharedAgo = p.shared.turns, int(ago)
	}
	k.Travel = e.travel(w)
	if p.last != 0 && w.day-p.last > 90 {
		k.Dormant = int(w.day - p.last)
	}
	w.work = k
	return &w.work
}

// many adds up what is about many records at once.
func (e *Engine) many(k *judge.Work, rows []row, w *workday) {
	slices.SortFunc(rows, func(a, b row) int { return a.compare(&b) })
	for i := range rows {
		r := &rows[i]
		switch {
		case r.marks&logOff != 0:
			k.LogOff = true
		case r.marks&logView != 0:
			k.LogViewed = true
		}
		if r.marks&failed != 0 || r.act != judge.Export && r.act != judge.Print || e.permitted(w.user, r, "export") {
			continue
		}
		k.Exported = max(k.Exported, int(r.n))
		k.Bulk = k.Bulk || r.marks&bulk != 0
	}
	k.Searches, k.Unopened = searches(rows, openings(w))
	k.Sweep = inOrder(rows)
	if k.Guessed = guessed(rows); k.Guessed > 0 {
		k.Sweep = "guess"
	}
	if k.Sweep == "" && e.namesakes(w) {
		k.Sweep = "surname"
	}
}

// openings lists when records were opened, in order.
func openings(w *workday) []int64 {
	var at []int64
	for _, s := range w.sheets {
		if s.patient == 0 {
			continue
		}
		for i := range s.rows {
			if s.rows[i].act == judge.Open {
				at = append(at, s.rows[i].at)
				break
			}
		}
	}
	slices.Sort(at)
	return at
}

// namesakes tells whether many records of people of one name were opened, of a name that is not common.
func (e *Engine) namesakes(w *workday) bool {
	const many, common = 6, 0.01
	if len(w.sheets) < many {
		return false
	}
	names, opened := map[uint64]int{}, 0
	for _, s := range w.sheets {
		if s.patient == 0 || !s.brief.opened {
			continue
		}
		p := e.house.Patient(s.patient)
		if p == nil || p.Identity.Family == 0 {
			continue
		}
		names[p.Identity.Family]++
		opened++
	}
	for name, n := range names {
		if rarity := e.house.Rarity(name); n >= many && rarity < common && float64(n) > 3+4*rarity*float64(opened) {
			return true
		}
	}
	return false
}

// turns counts how often two workstations took turns within a time in which nobody walks from one to the other.
func turns(w *workday) int {
	const walking = 20_000 // milliseconds
	if len(w.places) < 2 {
		return 0
	}
	type use struct {
		at    int64
		where hospital.Ref
	}
	var uses []use
	for _, s := range w.sheets {
		for i := range s.rows {
			if r := &s.rows[i]; r.where != 0 && r.marks&(failed|remote) == 0 && r.act != judge.Export {
				uses = append(uses, use{r.at, r.where})
			}
		}
	}
	slices.SortFunc(uses, func(a, b use) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.where, b.where)) })
	n := 0
	for i := 2; i < len(uses); i++ {
		a, b, c := uses[i-2], uses[i-1], uses[i]
		if a.where == c.where && a.where != b.where && c.at-a.at < walking {
			n++
		}
	}
	return n
}
