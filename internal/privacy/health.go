package privacy

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// health counts, by department and hours, how much of what was done is explained. When a department's share falls
// against its own past, a feed is broken, and nobody has begun to pry.
type health struct {
	tallies   map[slot]*tally
	templates map[dayTemplate]int64
	flags     map[string]int64 // settled touches that carry a flag
	settled   int64            // touches
	bareFlags map[string]int64 // those of them that nothing explains
	bare      int64
	began     int32 // first day
	episode   bool  // some department's feed is silent now
	held      map[slot]struct{}
	dirty     map[slot]struct{}
}

// slot is three hours of one department; department 0 is the house.
type slot struct {
	dept hospital.Ref
	part int32 // hours since 1970 by 3
}

type tally struct{ touches, explained, firsts, firstsExplained int32 }

type dayTemplate struct {
	day      int32
	template string
}

const (
	partHours   = 3
	partsOfDay  = 24 / partHours
	pastDays    = 28
	fewTouches  = 30  // from which on a share says something
	muchTouches = 200 // that the past must have
	fewDays     = 5   // that it must have: what is usual is not known before
	noAccident  = 3.5 // standard deviations beyond which a fall is no accident
)

func newHealth() *health {
	return &health{tallies: map[slot]*tally{}, templates: map[dayTemplate]int64{}, flags: map[string]int64{}, bareFlags: map[string]int64{}, held: map[slot]struct{}{}, dirty: map[slot]struct{}{}}
}

func (e *Engine) deptOf(s hospital.StaffID) hospital.Ref {
	if st := e.house.Staff(s); st != nil {
		return st.Dept
	}
	return 0
}

func partOf(milli int64) int32 { return int32(milli / (partHours * 3_600_000)) }

// uncount takes out what a sheet counted for.
func (e *Engine) uncount(s *sheet) { e.tell(s, -1) }

// recount enters what it counts for now.
func (e *Engine) recount(s *sheet) {
	s.counted = s.opens()
	s.dept = e.deptOf(s.staff)
	e.tell(s, 1)
}

func (e *Engine) tell(s *sheet, by int32) {
	if !s.counted {
		return
	}
	if by < 0 {
		s.counted = false
	}
	h, part := e.health, partOf(s.rows[0].at)
	h.add(slot{0, part}, s, by)
	if s.dept != 0 {
		h.add(slot{s.dept, part}, s, by)
	}
	h.settled += int64(by)
	if s.said.explained {
		h.templates[dayTemplate{s.day, s.said.template}] += int64(by)
	} else {
		h.bare += int64(by)
	}
	for _, f := range s.said.flags {
		h.flags[f] += int64(by)
		if !s.said.explained {
			h.bareFlags[f] += int64(by)
		}
	}
	if h.began == 0 || s.day < h.began {
		h.began = s.day
	}
}

func (h *health) add(at slot, s *sheet, by int32) {
	t := h.tallies[at]
	if t == nil {
		t = &tally{}
		h.tallies[at] = t
	}
	h.dirty[at] = struct{}{}
	t.touches += by
	if s.said.explained {
		t.explained += by
	}
	if s.said.first {
		t.firsts += by
		if s.said.explained {
			t.firstsExplained += by
		}
	}
}

// around adds up the parts from one to another.
func (h *health) around(dept hospital.Ref, from, to int32) (sum tally) {
	for part := from; part <= to; part++ {
		if t := h.tallies[slot{dept, part}]; t != nil {
			sum.touches += t.touches
			sum.explained += t.explained
		}
	}
	return sum
}

// past is how a department did at that time of the day in the four weeks before, without the parts that are held.
func (h *health) past(dept hospital.Ref, part int32) (sum tally, days int) {
	for day := int32(1); day <= pastDays; day++ {
		before := sum.touches
		for at := part - day*partsOfDay - 1; at <= part-day*partsOfDay+1; at++ {
			k := slot{dept, at}
			if _, held := h.held[k]; held {
				continue
			}
			if t := h.tallies[k]; t != nil {
				sum.touches += t.touches
				sum.explained += t.explained
			}
		}
		if sum.touches > before {
			days++
		}
	}
	return sum, days
}

// fell tells whether what a department did around a part of a day is less explained than its past would have it, by
// more points than fall.
func (h *health) fell(dept hospital.Ref, part int32, fall float64) bool {
	now := h.around(dept, part-1, part)
	if now.touches < fewTouches {
		now = h.around(dept, part-2, part+2)
	}
	before, days := h.past(dept, part)
	if now.touches < fewTouches || before.touches < muchTouches || days < fewDays {
		return false
	}
	was, is := before.share(), now.share()
	deviation := math.Sqrt(max(was*(1-was), 0.005) / float64(now.touches))
	return was-is > fall/100 && (was-is)/deviation > noAccident
}

func (t tally) share() float64 { return float64(t.explained) / float64(max(t.touches, 1)) }

// silent tells whether a sheet lies in a time in which its department's feeds, or those of the house, were broken, and remembers
// that.
func (e *Engine) silent(s *sheet) bool {
	if len(s.rows) == 0 {
		return s.said.held
	}
	h, part := e.health, partOf(s.rows[0].at)
	fell := h.fell(0, part, e.cfg.Fall)
	if fell {
		h.held[slot{0, part}] = struct{}{}
	} else {
		delete(h.held, slot{0, part})
	}
	if s.dept == 0 {
		return fell
	}
	own := h.fell(s.dept, part, e.cfg.Fall)
	if own || fell {
		h.held[slot{s.dept, part}] = struct{}{}
	} else {
		delete(h.held, slot{s.dept, part})
	}
	return own || fell
}

// silences notes in which parts of a day that is over feeds were silent, whether anybody's touches were in question or not: such times say
// nothing of what is usual.
func (e *Engine) silences(day int32) {
	h := e.health
	from, to := partOf(e.dayEnd(day-1)), partOf(e.dayEnd(day))
	for part := from; part < to; part++ {
		all := h.fell(0, part, e.cfg.Fall)
		for _, dept := range append(h.departments(part, part), 0) {
			if all || dept != 0 && h.fell(dept, part, e.cfg.Fall) {
				k := slot{dept, part}
				h.held[k], h.dirty[k] = struct{}{}, struct{}{}
			}
		}
	}
}

// forget lets go of what is too old to be compared with.
func (h *health) forget(day int32) {
	oldest := (day - pastDays - 12) * partsOfDay
	for k := range h.tallies {
		if k.part < oldest {
			delete(h.tallies, k)
			delete(h.held, k)
			h.dirty[k] = struct{}{}
		}
	}
	for k := range h.templates {
		if k.day < day-pastDays-12 {
			delete(h.templates, k)
		}
	}
}

// own are the site's own rates, once they say something.
func (h *health) own(e *Engine) *judge.Rates {
	if h.began == 0 || h.settled < 10_000 || e.now.UnixMilli() < e.dayEnd(h.began)+e.cfg.Own.Milliseconds() {
		return nil
	}
	hour := e.now.Unix() / 3600
	if e.rates != nil && e.ratesAt == hour {
		return e.rates
	}
	r := h.rates()
	e.queue.rates(r)
	e.rates, e.ratesAt = r, hour
	return r
}

func (h *health) rates() *judge.Rates {
	return &judge.Rates{
		Touches: h.settled, Flags: shares(h.flags, h.settled), Bare: h.bare, BareFlags: shares(h.bareFlags, h.bare), Unexplained: h.unexplained(), Upheld: map[string]float64{},
	}
}

func shares(counts map[string]int64, of int64) map[string]float64 {
	all := map[string]float64{}
	for name, n := range counts {
		all[name] = (float64(n) + 0.5) / (float64(of) + 1)
	}
	return all
}

// unexplained is by department which share of its touches nothing explained, as far as no feed was silent. What a small one did counts
// little beside what all did. Touches settle from one day to the next, so this is what happened up to yesterday.
func (h *health) unexplained() map[hospital.Ref]float64 {
	const asMuch = 200 // touches of the whole house that count beside those of a department
	sums := map[hospital.Ref]tally{}
	for k, t := range h.tallies {
		if _, held := h.held[k]; !held {
			sum := sums[k.dept]
			sum.touches += t.touches
			sum.explained += t.explained
			sums[k.dept] = sum
		}
	}
	house := 1 - sums[0].share()
	all := map[hospital.Ref]float64{}
	for dept, t := range sums {
		all[dept] = (float64(t.touches-t.explained) + asMuch*house) / (float64(t.touches) + asMuch)
	}
	return all
}

// bareness is how many times more than usual nothing explains what was opened around the time of a sheet, in its department or in the house. What its
// own account did that day is left out, unless the fall is one of a feed: who opens much without a reason is not to be excused by that.
func (e *Engine) bareness(s *sheet, day *workday, r *judge.Rates) float64 {
	if r == nil {
		return 0
	}
	part := partOf(s.rows[0].at)
	own := day.between(part-1, part+1)
	most := 1.0
	for _, dept := range [...]hospital.Ref{0, e.deptOf(s.staff)} {
		usual, known := r.Unexplained[dept]
		if !known || usual <= 0 {
			continue
		}
		all := e.health.around(dept, part-1, part+1)
		times := all.less(own).times(usual)
		if with := all.times(usual); with > max(times, 1) && e.health.fell(dept, part, e.cfg.Fall) {
			times = with
		}
		most = max(most, times)
	}
	return most
}

func (t tally) less(o tally) tally {
	return tally{touches: t.touches - o.touches, explained: t.explained - o.explained}
}

// times is how many times the usual share has no reason; 0 where too little was done to say.
func (t tally) times(usual float64) float64 {
	const asMuch = 60 // touches as usual that count beside
	if t.touches < fewTouches {
		return 0
	}
	return (float64(t.touches-t.explained) + asMuch*usual) / (float64(t.touches) + asMuch) / usual
}

// departments lists the departments that did something within parts.
func (h *health) departments(from, to int32) []hospital.Ref {
	set := map[hospital.Ref]struct{}{}
	for k := range h.tallies {
		if k.dept != 0 && from <= k.part && k.part <= to {
			set[k.dept] = struct{}{}
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b hospital.Ref) int { return cmp.Compare(a, b) })
}
