package correlate

import (
	"cmp"
	"container/heap"
	"container/list"
	"encoding/binary"
	"slices"
	"time"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/finding"
)

// Config bounds what a State remembers.
type Config struct {
	// Lateness is how long an observation waits for earlier ones that arrive after it.
	// Zero waits for Flush: the right choice for files, whose order means nothing.
	Lateness time.Duration
	Pending  int // observations waiting
	Groups   int // groups of each correlation; the one longest untouched goes first
	Window   int // observations remembered of each group
}

// DefaultConfig holds some hundred megabytes at worst.
func DefaultConfig() Config {
	return Config{Pending: 1 << 20, Groups: 100_000, Window: 10_000}
}

// State is what has been seen so far. It belongs to one goroutine.
type State struct {
	plan    *Plan
	config  Config
	groups  []map[string]*list.Element // by correlation, then by group; elements hold *group
	recent  []*list.List               // by correlation: groups, the latest touched in front
	pending pending
	arrived int64     // observations so far, which orders those of one time
	latest  time.Time // of all that arrived
	passed  time.Time // everything before it was counted

	Evicted int64 // groups and observations forgotten for want of room
	Late    int64 // observations that came after their time had been counted
}

// Firing says that a correlation holds for a group.
type Firing struct {
	Correlation *sigma.Correlation
	Group       []string           // values of the group-by fields
	Members     []finding.Evidence // what it rests on; when it held already, only what is new
	Began       bool               // it did not hold before
}

type group struct {
	key     string
	values  []string
	window  []seen // in the order of time; the first gone of them have expired
	gone    int
	tally   tally // of what is left
	holding bool
}

type seen struct {
	time     time.Time
	member   int
	value    string
	evidence finding.Evidence
}

// NewState returns an empty state.
func NewState(p *Plan, c Config) *State {
	s := &State{plan: p, config: c}
	for range p.correlations {
		s.groups = append(s.groups, map[string]*list.Element{})
		s.recent = append(s.recent, list.New())
	}
	return s
}

// Add takes an observation in and calls fire for all that is settled by it.
func (s *State) Add(o Observation, fire func(Firing)) {
	if len(o.Parts) == 0 {
		return
	}
	s.arrived++
	heap.Push(&s.pending, waiting{o, s.arrived})
	if s.config.Lateness > 0 && s.arrived%sweepEvery == 0 {
		s.sweep()
	}
	s.Advance(o.Time, fire)
}

// Advance says that something happened at that time, whether it matters to a correlation or not, and settles what has
// waited long enough for earlier matches. It returns how much that was.
func (s *State) Advance(at time.Time, fire func(Firing)) (settled int) {
	if at.After(s.latest) {
		s.latest = at
	}
	for ; len(s.pending) > 0; settled++ {
		old := s.config.Lateness > 0 && !s.pending[0].Time.After(s.latest.Add(-s.config.Lateness))
		if !old && len(s.pending) <= s.config.Pending {
			break
		}
		s.next(fire)
	}
	return settled
}

// sweepEvery is how many observations pass between two looks for groups that are of no more use.
const sweepEvery = 4096

// sweep forgets groups whose window is over and has room for nothing that may still come in time.
func (s *State) sweep() {
	for n, c := range s.plan.correlations {
		for e := s.recent[n].Back(); e != nil; {
			g, before := e.Value.(*group), e.Prev()
			if g.expire(s.latest.Add(-c.Timespan-s.config.Lateness)) && g.holding {
				g.holding = holds(c, g)
			}
			if len(g.present()) == 0 && !g.holding {
				delete(s.groups[n], g.key)
				s.recent[n].Remove(e)
			}
			e = before
		}
	}
}

// Waiting counts observations that wait for earlier ones.
func (s *State) Waiting() int { return len(s.pending) }

// Due tells until which time of happening observations are to be settled because they were received before the given
// time; ok is false when there are none such. The stream may have become quiet, and nothing later
// come to settle them.
func (s *State) Due(received time.Time) (until time.Time, ok bool) {
	for i := range s.pending {
		w := &s.pending[i]
		if w.Observed.Before(received) && (!ok || w.Time.After(until)) {
			until, ok = w.Time, true
		}
	}
	return until, ok
}

// Settle settles what happened no later than until.
func (s *State) Settle(until time.Time, fire func(Firing)) {
	for len(s.pending) > 0 && !s.pending[0].Time.After(until) {
		s.next(fire)
	}
}

// Flush settles everything that is waiting.
func (s *State) Flush(fire func(Firing)) {
	for len(s.pending) > 0 {
		s.next(fire)
	}
}

func (s *State) next(fire func(Firing)) {
	o := heap.Pop(&s.pending).(waiting)
	if o.Time.Before(s.passed) {
		s.Late++
	} else {
		s.passed = o.Time
	}
	for _, part := range o.Parts {
		s.count(part, o.Time, o.Evidence, fire)
	}
}

// count enters one part and asks whether its correlation holds now. What holds is itself
// observed by the correlations that rest on it. A part that comes late joins the window that ends
// with the latest of its group, unless it is too old for that.
func (s *State) count(p Part, at time.Time, e finding.Evidence, fire func(Firing)) {
	c := s.plan.correlations[p.Correlation]
	g := s.group(p)
	from := g.latest(at).Add(-c.Timespan)
	if at.Before(from) {
		return
	}
	if g.expire(from) && g.holding {
		g.holding = holds(c, g)
	}
	if len(g.present()) >= s.config.Window {
		g.drop(1)
		s.Evicted++
	}
	now := seen{at, p.Member, p.Value, e}
	g.add(now)
	if !holds(c, g) {
		g.holding = false
		return
	}
	f := Firing{Correlation: c, Group: g.values, Began: !g.holding}
	if f.Began {
		for _, w := range g.present() {
			f.Members = append(f.Members, w.evidence)
		}
	} else {
		f.Members = []finding.Evidence{e}
	}
	g.holding = true
	if !s.plan.silenced[s.plan.rules+p.Correlation] {
		fire(f)
	}
	s.chain(p.Correlation, c, g, now, fire)
}

func (s *State) chain(n int, c *sigma.Correlation, g *group, now seen, fire func(Firing)) {
	source := s.plan.rules + n
	if source >= len(s.plan.watchers) {
		return
	}
	for _, w := range s.plan.watchers[source] {
		part, ok := w.part(func(field string) (string, bool) {
			for i, name := range c.GroupBy {
				if name == field && i < len(g.values) {
					return g.values[i], true
				}
			}
			return "", false
		})
		if ok {
			s.count(part, now.time, now.evidence, fire)
		}
	}
}

// group finds or makes the group of a part, and puts it in front.
func (s *State) group(p Part) *group {
	key := groupKey(p.Group)
	if at := s.groups[p.Correlation][key]; at != nil {
		s.recent[p.Correlation].MoveToFront(at)
		return at.Value.(*group)
	}
	if recent := s.recent[p.Correlation]; recent.Len() >= s.config.Groups {
		oldest := recent.Back()
		delete(s.groups[p.Correlation], oldest.Value.(*group).key)
		recent.Remove(oldest)
		s.Evicted++
	}
	g := &group{key: key, values: p.Group}
	s.groups[p.Correlation][key] = s.recent[p.Correlation].PushFront(g)
	return g
}

// groupKey joins values so that no two groups have one key.
func groupKey(values []string) string {
	var key []byte
	for _, v := range values {
		key = binary.AppendUvarint(key, uint64(len(v)))
		key = append(key, v...)
	}
	return string(key)
}

// present is what the window holds now.
func (g *group) present() []seen { return g.window[g.gone:] }

// latest is the time of the latest observation once one at the given time is in.
func (g *group) latest(at time.Time) time.Time {
	if n := len(g.window); n > g.gone && g.window[n-1].time.After(at) {
		return g.window[n-1].time
	}
	return at
}

// add puts an observation in its place; mostly that is the end.
func (g *group) add(now seen) {
	at := len(g.window)
	for at > g.gone && g.window[at-1].time.After(now.time) {
		at--
	}
	g.window = slices.Insert(g.window, at, now)
	g.tally.add(now)
}

// expire forgets what is older than from and tells whether there was any.
func (g *group) expire(from time.Time) bool {
	n := 0
	for _, w := range g.present() {
		if !w.time.Before(from) {
			break
		}
		n++
	}
	g.drop(n)
	return n > 0
}

// drop forgets the n oldest observations. Room is won back when half of it is empty.
func (g *group) drop(n int) {
	for _, w := range g.present()[:n] {
		g.tally.remove(w)
	}
	clear(g.present()[:n])
	g.gone += n
	if g.gone > len(g.window)/2 {
		g.window = append(g.window[:0], g.present()...)
		g.gone = 0
	}
}

// waiting is an observation in the order of time, then of arrival.
type waiting struct {
	Observation
	Arrived int64
}

type pending []waiting

func (p pending) Len() int      { return len(p) }
func (p pending) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p pending) Less(i, j int) bool {
	return cmp.Or(p[i].Time.Compare(p[j].Time), cmp.Compare(p[i].Arrived, p[j].Arrived)) < 0
}
func (p *pending) Push(x any) { *p = append(*p, x.(waiting)) }
func (p *pending) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}
