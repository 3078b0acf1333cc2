package depend

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// State is what is known of a thing besides whether it is silent.
type State uint8

// The states. A feed that is neither silent nor Unsure is taken to speak.
const (
	Unprobed State = iota
	Up             // its probe is answered
	Down           // its probe fails
	Unsure         // a feed that says so little that its silence tells nothing
)

// Verdict is what explains that feeds are silent.
type Verdict struct {
	Suspects    []Suspect // as few as explain it, by id
	Together    []NodeID  // silent or failed, and explained by several suspects only together
	Unexplained []NodeID  // silent or failed by themselves: no component explains them
}

// Suspect is one component that explains something.
type Suspect struct {
	Node   NodeID
	Name   string
	Feeds  []NodeID // silent feeds that it explains by itself
	Probes []NodeID // failed probes that it explains by itself, its own among them
	// Sure tells that its own probe fails, or that it explains three feeds or more: fewer can fall silent by chance.
	Sure bool
	Or   []NodeID // components that would explain exactly the same
}

// Bounds of the search for the fewest suspects, for each thing that went wrong apart from others. Beyond them the one that explains most is taken first.
const (
	exactSuspects = 3
	mostLooks     = 50_000
	enoughFeeds   = 3
)

// Cause finds the fewest components that explain why feeds are silent and probes fail. A component explains what fails when it alone is gone. It is not
// suspected while another feed that would fail with it speaks, or another component that would is up, unless its own probe fails; what goes on without it
// for a while does not speak for a component that explains three feeds. Of as many, those that explain three feeds or more come first, then those whose own probe
// fails, then the nearest to the feeds, then by id.
func (g *Graph) Cause(silent []NodeID, probes map[NodeID]State) Verdict {
	s := suspicion{g: g, walk: g.walk(), state: make([]State, len(g.nodes)), bit: map[int]int{}}
	var v Verdict
	for _, id := range silent {
		if n, known := g.at[id]; known {
			s.observe(n)
		} else {
			v.Unexplained = append(v.Unexplained, id)
		}
	}
	for id, state := range probes {
		n, known := g.at[id]
		if known {
			s.state[n] = state
		}
		if known && state == Down {
			s.observe(n)
		}
	}
	s.sort()
	s.candidates()
	s.tell(&v, s.pruned(s.fewest()))
	slices.Sort(v.Unexplained)
	v.Unexplained = slices.Compact(v.Unexplained)
	return v
}

// suspicion is a search for what explains observations.
type suspicion struct {
	g     *Graph
	walk  *walk
	state []State     // by node
	seen  []int       // nodes that are silent or whose probe fails, by id
	bit   map[int]int // of a node in seen
	all   []candidate
	by    [][]int // candidates that explain an observation
}

// candidate is a component, with what it explains.
type candidate struct {
	node     int
	explains set
	feeds    int // how many of them are feeds
	near     int // steps to the nearest of these
	or       []int
}

func (s *suspicion) observe(n int) {
	if _, already := s.bit[n]; !already {
		s.bit[n] = len(s.seen)
		s.seen = append(s.seen, n)
	}
}

// sort makes the order of observations that of their ids.
func (s *suspicion) sort() {
	slices.Sort(s.seen)
	for i, n := range s.seen {
		s.bit[n] = i
	}
}

// candidates finds the components on which an observation rests and against which nothing speaks. Of those that explain the same one is kept.
func (s *suspicion) candidates() {
	below, list := map[int]bool{}, slices.Clone(s.seen)
	for _, n := range list {
		below[n] = true
	}
	for ; len(list) > 0; list = list[1:] {
		for _, e := range s.g.needs[list[0]] {
			if on := s.g.ends[e][1]; s.g.counts(e) && !below[on] {
				below[on] = true
				list = append(list, on)
			}
		}
	}
	same := map[string][]candidate{}
	for n := range below {
		if s.g.nodes[n].Kind != Component {
			continue
		}
		if c, suspect := s.suspect(n); suspect {
			key := c.explains.key()
			same[key] = append(same[key], c)
		}
	}
	for _, list := range same {
		slices.SortFunc(list, s.better)
		for _, c := range list[1:] {
			list[0].or = append(list[0].or, c.node)
		}
		s.all = append(s.all, list[0])
	}
	slices.SortFunc(s.all, s.better)
	s.by = make([][]int, len(s.seen))
	for i := range s.all {
		for o := range s.seen {
			if s.all[i].explains.has(o) {
				s.by[o] = append(s.by[o], i)
			}
		}
	}
}

// suspect tells what a component explains, and whether it can be the cause: it explains something, and nothing goes on that could not.
func (s *suspicion) suspect(n int) (candidate, bool) {
	down := s.state[n] == Down
	speaks := func(other int) bool { return other != n && s.speaks(other) }
	if !down {
		atOnce := func(e int) bool { return s.g.counts(e) && s.g.bridges(e) == 0 }
		if _, cleared := s.walk.from([]int{n}, atOnce, speaks); cleared {
			return candidate{}, false
		}
	}
	failed, _ := s.walk.from([]int{n}, s.g.counts, nowhere)
	c := candidate{node: n, explains: newSet(len(s.seen)), near: len(s.g.nodes)}
	for _, at := range failed {
		o, observed := s.bit[at]
		if !observed {
			continue
		}
		c.explains.add(o)
		if s.g.nodes[at].Kind != Feed {
			continue
		}
		if c.feeds++; c.feeds == 1 {
			c.near = s.walk.steps[at] // they come in the order of their steps
		}
	}
	if !down && c.feeds < enoughFeeds && slices.ContainsFunc(failed, speaks) {
		return candidate{}, false // it is too little to speak against what goes on, if only for a while
	}
	return c, c.explains.any()
}

func nowhere(int) bool { return false }

// speaks tells whether a thing goes on.
func (s *suspicion) speaks(n int) bool {
	if _, observed := s.bit[n]; observed {
		return false
	}
	kind := s.g.nodes[n].Kind
	return kind == Feed && s.state[n] != Unsure || kind == Component && s.state[n] == Up
}

// better puts first what is rather the cause.
func (s *suspicion) better(a, b candidate) int {
	return cmp.Or(
		cmp.Compare(weak(a.feeds), weak(b.feeds)),
		cmp.Compare(s.doubt(a.node), s.doubt(b.node)),
		cmp.Compare(a.near, b.near),
		cmp.Compare(a.node, b.node), // nodes are in the order of their ids
	)
}

// weak is 1 for so few feeds that they may be silent by chance.
func weak(feeds int) int {
	if feeds < enoughFeeds {
		return 1
	}
	return 0
}

// doubt is 0 for a component whose probe fails, and more for one that nobody probed, and for one that answers.
func (s *suspicion) doubt(n int) int {
	switch s.state[n] {
	case Down:
		return 0
	case Up:
		return 2
	}
	return 1
}

// fewest chooses candidates. What only one explains is of no choice; what these explain together is explained.
func (s *suspicion) fewest() []int {
	var chosen []int
	for _, by := range s.by {
		if len(by) == 1 && !slices.Contains(chosen, by[0]) {
			chosen = append(chosen, by[0])
		}
	}
	rest := newSet(len(s.seen))
	explained := s.together(chosen)
	for o, by := range s.by {
		if len(by) > 0 && !explained.has(o) {
			rest.add(o)
		}
	}
	for _, apart := range s.apart(rest) {
		chosen = append(chosen, s.explainers(apart)...)
	}
	return chosen
}

// apart splits observations into those that no candidate explains with one of another: several things went wrong at once.
func (s *suspicion) apart(rest set) (parts []set) {
	done, asked := newSet(len(s.seen)), newSet(len(s.all))
	for first := range s.seen {
		if !rest.has(first) || done.has(first) {
			continue
		}
		part := newSet(len(s.seen))
		part.add(first)
		done.add(first)
		for list := []int{first}; len(list) > 0; list = list[1:] {
			for _, i := range s.by[list[0]] {
				if asked.has(i) {
					continue
				}
				asked.add(i)
				for o := range s.seen {
					if s.all[i].explains.has(o) && rest.has(o) && !done.has(o) {
						done.add(o)
						part.add(o)
						list = append(list, o)
					}
				}
			}
		}
		parts = append(parts, part)
	}
	return parts
}

// explainers are the fewest candidates that explain all of rest.
func (s *suspicion) explainers(rest set) []int {
	for depth := 1; depth <= exactSuspects; depth++ {
		search := search{s: s}
		search.look(rest, depth, nil)
		if search.best != nil {
			return search.best
		}
	}
	return s.greedy(rest)
}

// pruned leaves out whom the others explain together as well, the weakest first.
func (s *suspicion) pruned(chosen []int) []int {
	whole := s.together(chosen)
	slices.Sort(chosen) // the better comes first
	for i := len(chosen) - 1; i >= 0; i-- {
		if fewer := slices.Delete(slices.Clone(chosen), i, i+1); !whole.without(s.together(fewer)).any() {
			chosen = fewer
		}
	}
	return chosen
}

// together is what fails when all of the chosen are gone.
func (s *suspicion) together(chosen []int) set {
	var start []int
	for _, i := range chosen {
		start = append(start, s.all[i].node)
	}
	out := newSet(len(s.seen))
	failed, _ := s.walk.from(start, s.g.counts, nowhere)
	for _, n := range failed {
		if o, observed := s.bit[n]; observed {
			out.add(o)
		}
	}
	return out
}

// search looks for the best of all sets of one size.
type search struct {
	s     *suspicion
	best  []int
	steps int
}

func (f *search) look(rest set, depth int, chosen []int) {
	if !rest.any() {
		if f.best == nil || f.s.betterSet(chosen, f.best) {
			f.best = slices.Clone(chosen)
		}
		return
	}
	if depth == 0 {
		return
	}
	fewest := -1
	for o := range f.s.seen {
		if rest.has(o) && (fewest < 0 || len(f.s.by[o]) < len(f.s.by[fewest])) {
			fewest = o
		}
	}
	for _, i := range f.s.by[fewest] {
		if f.steps++; f.steps > mostLooks {
			return
		}
		f.look(rest.without(f.s.all[i].explains), depth-1, append(chosen, i))
	}
}

// betterSet tells which of two sets of one size is rather the cause.
func (s *suspicion) betterSet(a, b []int) bool {
	sum := func(chosen []int) (weaks, doubts, near int) {
		for _, i := range chosen {
			c := &s.all[i]
			weaks, doubts, near = weaks+weak(c.feeds), doubts+s.doubt(c.node), near+c.near
		}
		return weaks, doubts, near
	}
	weakA, doubtA, nearA := sum(a)
	weakB, doubtB, nearB := sum(b)
	nodes := func(chosen []int) []int {
		var list []int
		for _, i := range chosen {
			list = append(list, s.all[i].node)
		}
		slices.Sort(list)
		return list
	}
	return cmp.Or(cmp.Compare(weakA, weakB), cmp.Compare(doubtA, doubtB), cmp.Compare(nearA, nearB), slices.Compare(nodes(a), nodes(b))) < 0
}

// greedy takes what explains most of the rest, again and again.
func (s *suspicion) greedy(rest set) []int {
	var chosen []int
	for rest.any() {
		best, most := -1, 0
		for i := range s.all {
			if n := rest.common(s.all[i].explains); n > most { // of as many the better, which comes first
				best, most = i, n
			}
		}
		chosen = append(chosen, best)
		rest = rest.without(s.all[best].explains)
	}
	return chosen
}

// tell says what was found.
func (s *suspicion) tell(v *Verdict, chosen []int) {
	explained, alone := s.together(chosen), newSet(len(s.seen))
	for _, i := range chosen {
		c := &s.all[i]
		p := Suspect{Node: s.g.nodes[c.node].ID, Name: s.g.name(c.node), Sure: s.state[c.node] == Down || c.feeds >= enoughFeeds}
		for o, n := range s.seen {
			if !c.explains.has(o) {
				continue
			}
			alone.add(o)
			if s.g.nodes[n].Kind == Feed {
				p.Feeds = append(p.Feeds, s.g.nodes[n].ID)
			} else {
				p.Probes = append(p.Probes, s.g.nodes[n].ID)
			}
		}
		for _, n := range c.or {
			p.Or = append(p.Or, s.g.nodes[n].ID)
		}
		slices.Sort(p.Or)
		v.Suspects = append(v.Suspects, p)
	}
	slices.SortFunc(v.Suspects, func(a, b Suspect) int { return strings.Compare(string(a.Node), string(b.Node)) })
	for o, n := range s.seen {
		switch id := s.g.nodes[n].ID; {
		case alone.has(o):
		case explained.has(o):
			v.Together = append(v.Together, id)
		default:
			v.Unexplained = append(v.Unexplained, id)
		}
	}
}

// set is a set of observations.
type set []uint64

func newSet(n int) set       { return make(set, (n+63)/64) }
func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s set) any() bool      { return slices.ContainsFunc(s, func(w uint64) bool { return w != 0 }) }
func (s set) without(o set) set {
	out := slices.Clone(s)
	for i := range o {
		out[i] &^= o[i]
	}
	return out
}

func (s set) common(o set) (n int) {
	for i := range s {
		n += bits.OnesCount64(s[i] & o[i])
	}
	return n
}

// key makes a set the key of a map.
func (s set) key() string {
	var b strings.Builder
	for _, w := range s {
		for i := range 8 {
			b.WriteByte(byte(w >> (8 * i)))
		}
	}
	return b.String()
}
