package depend

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Broken is a thing that does not work, and since when.
type Broken struct {
	Node  NodeID
	Since time.Time
}

// Census is how many patients are in each unit. A unit that is not in it is not known, which is not the same as empty.
type Census struct {
	Patients map[NodeID]int
	At       time.Time // when it was counted
}

// Impact is what follows from what is broken.
type Impact struct {
	Causes   []Origin     // what is broken by itself, in the order of its ids
	Services []ServiceHit // next harm first
	Units    []UnitHit    // next harm first
	Between  []Hit        // feeds and machines that fail through it, the first to fail first
	Weakened []Weakened   // what goes on, on fewer legs
	Works    []NodeID     // services of the units that are touched, that go on
	Patients int          // in the units that are touched, as far as that is known
	Unknown  int          // units that are touched and of which nobody counted the patients
	Counted  time.Time    // when the patients were

	graph  *Graph // of which it is
	broken []Broken
	census Census
	now    time.Time
	worst  map[int]Class // by node that is broken or fails: the class of the worst that it touches
	failed map[int]failure
}

// Hit is a thing that fails.
type Hit struct {
	Node  NodeID
	Name  string
	Class Class     // the worst of the services that it touches, or its own
	Since time.Time // when it failed, or will
	// Through is the way on which it fails, from the cause up to it.
	Through []NodeID
}

// Origin is what is broken by itself.
type Origin struct {
	Hit
	Call      string
	Procedure []string // what to do without it
	Still     string   // what usually still works
}

// ServiceHit is a service that is not there for those who work with it.
type ServiceHit struct {
	Hit
	Function  string        // what it does for patients
	Harm      string        // what goes wrong first
	Tolerated time.Duration // how long care goes on without
	Until     time.Time     // when that ends: from then on, harm
	Late      bool          // it has ended
	Procedure []string
	Still     string   // what usually still works without it
	Call      []Call   // who mends the cause before who owns the service
	Units     []NodeID // that work with it, by id
	Patients  int
	Unknown   int // units of which nobody counted the patients
}

// Call is who is called about a thing.
type Call struct {
	Who   string
	About NodeID
}

// UnitHit is a unit that must do without a service.
type UnitHit struct {
	Hit
	Until    time.Time // when harm begins, of the service that it can do without for the shortest time
	Late     bool
	Patients int
	Known    bool     // somebody counted them
	Services []NodeID // that it must do without, next harm first
	Works    []NodeID // that it still has, by id
}

// Weakened is a thing that goes on because another took over. Nothing more of Left may break.
type Weakened struct {
	Node NodeID
	Name string
	Lost []NodeID
	Left []NodeID
}

// Impact follows what is broken to services, units and patients. An id that is not on the map is passed over, for what is not known to be needed touches
// nobody whom we know of. Since may lie ahead, for what is going to fail.
func (g *Graph) Impact(broken []Broken, census Census, now time.Time) *Impact {
	im := &Impact{Counted: census.At, graph: g, broken: slices.Clone(broken), census: census, now: now}
	start := map[int]time.Duration{}
	for _, b := range broken {
		if n, known := g.at[b.Node]; known {
			after := b.Since.Sub(now)
			if before, twice := start[n]; !twice || after < before {
				start[n] = after
			}
		}
	}
	im.failed = g.spread(start)
	im.worst = g.worst(im.failed)
	w := impact{g: g, im: im, census: census, now: now}
	for _, n := range sorted(im.failed) {
		switch kind := g.nodes[n].Kind; {
		case im.failed[n].through < 0 && kind < Service:
			im.Causes = append(im.Causes, w.cause(n))
		case kind == Service:
			im.Services = append(im.Services, w.service(n))
			if im.failed[n].through < 0 {
				im.Causes = append(im.Causes, w.cause(n))
			}
		case kind == Unit:
			im.Units = append(im.Units, w.unit(n))
		default:
			im.Between = append(im.Between, w.hit(n))
		}
	}
	w.order()
	im.Weakened = g.weakened(im.failed)
	return im
}

// Size is how many things are on the map.
func (im *Impact) Size() int { return len(im.graph.nodes) }

// Part is the same on the part of the map that is touched: what fails, what is weakened, and what stands in for others there. It is what the page of one incident shows
// when the whole map is too large to be seen at one look. What still works is left out of it.
func (im *Impact) Part() *Impact {
	g := im.graph
	keep := map[int]bool{}
	for n := range im.failed {
		keep[n] = true
	}
	for _, w := range im.Weakened {
		keep[g.at[w.Node]] = true
	}
	touched := maps.Clone(keep)
	for e := range g.edges {
		if touched[g.ends[e][0]] && g.edges[e].AnyOf != "" && g.counts(e) {
			keep[g.ends[e][1]] = true // without it there would be fewer legs than there are
		}
	}
	var nodes []Node
	var edges []Edge
	for n := range g.nodes {
		if keep[n] {
			nodes = append(nodes, g.nodes[n])
		}
	}
	for e := range g.edges {
		if keep[g.ends[e][0]] && keep[g.ends[e][1]] && (touched[g.ends[e][0]] || g.edges[e].AnyOf == "") {
			edges = append(edges, g.edges[e])
		}
	}
	smaller, err := newGraph(g.catalogue, nodes, edges, mostJoined)
	if err != nil {
		panic("wardline: internal error: a part of a map is none: " + err.Error())
	}
	return smaller.Impact(im.broken, im.census, im.now)
}

// sorted lists what fails, by index.
func sorted(failed map[int]failure) []int {
	order := make([]int, 0, len(failed))
	for n := range failed {
		order = append(order, n)
	}
	slices.Sort(order)
	return order
}

// impact is an Impact in the making.
type impact struct {
	g      *Graph
	im     *Impact
	census Census
	now    time.Time
}

func (w *impact) hit(n int) Hit {
	f := w.im.failed[n]
	h := Hit{Node: w.g.nodes[n].ID, Name: w.g.name(n), Class: w.im.worst[n], Since: w.now.Add(f.after)}
	for f.through >= 0 {
		n = w.g.ends[f.through][1]
		h.Through = append(h.Through, w.g.nodes[n].ID)
		f = w.im.failed[n]
	}
	slices.Reverse(h.Through)
	return h
}

func (w *impact) cause(n int) Origin {
	c := Origin{Hit: w.hit(n), Call: w.g.nodes[n].Call}
	if row := w.g.row(n); row != nil {
		c.Procedure, c.Still = slices.Clone(row.Procedure), row.Still
	}
	return c
}

func (w *impact) service(n int) ServiceHit {
	s := ServiceHit{Hit: w.hit(n), Tolerated: w.g.tolerated(n)}
	s.Until = s.Since.Add(s.Tolerated)
	s.Late = s.Until.Before(w.now)
	if row := w.g.row(n); row != nil {
		s.Function, s.Harm, s.Still, s.Procedure = row.Function, row.Harm, row.Still, slices.Clone(row.Procedure)
	}
	for _, id := range append(slices.Clone(s.Through), s.Node) {
		if call := w.g.nodes[w.g.at[id]].Call; call != "" && !slices.ContainsFunc(s.Call, func(c Call) bool { return c.Who == call }) {
			s.Call = append(s.Call, Call{call, id})
		}
	}
	for _, u := range w.with(n) {
		s.Units = append(s.Units, w.g.nodes[u].ID)
		if patients, known := w.patients(u); known {
			s.Patients += patients
		} else {
			s.Unknown++
		}
	}
	return s
}

// with lists the units that work with a service, straight or through services that rest on it.
func (w *impact) with(n int) []int {
	seen := map[int]bool{n: true}
	var units []int
	for list := []int{n}; len(list) > 0; list = list[1:] {
		for _, e := range w.g.users[list[0]] {
			user := w.g.ends[e][0]
			if _, fails := w.im.failed[user]; !w.g.counts(e) || seen[user] || !fails {
				continue
			}
			seen[user] = true
			if w.g.nodes[user].Kind == Unit {
				units = append(units, user)
			} else {
				list = append(list, user)
			}
		}
	}
	slices.Sort(units)
	return units
}

func (w *impact) patients(unit int) (int, bool) {
	n, known := w.census.Patients[w.g.nodes[unit].ID]
	return max(0, n), known && n >= 0
}

func (w *impact) unit(n int) UnitHit {
	u := UnitHit{Hit: w.hit(n)}
	u.Until = u.Since // it fails when it can do without no longer
	u.Late = u.Until.Before(w.now)
	u.Patients, u.Known = w.patients(n)
	var lost []int
	for _, e := range w.g.needs[n] {
		if !w.g.counts(e) {
			continue
		}
		on := w.g.ends[e][1]
		f, fails := w.im.failed[on]
		switch {
		case fails:
			lost = append(lost, e)
			if since := w.now.Add(f.after); since.Before(u.Since) {
				u.Since = since
			}
		case w.g.nodes[on].Kind == Service && !slices.Contains(u.Works, w.g.nodes[on].ID):
			u.Works = append(u.Works, w.g.nodes[on].ID)
		}
	}
	slices.SortStableFunc(lost, func(a, b int) int {
		harm := func(e int) time.Duration { return w.im.failed[w.g.ends[e][1]].after + w.g.bridges(e) }
		return cmp.Compare(harm(a), harm(b))
	})
	for _, e := range lost {
		if id := w.g.edges[e].To; !slices.Contains(u.Services, id) {
			u.Services = append(u.Services, id)
		}
	}
	return u
}

// order puts what is most urgent first, and adds up.
func (w *impact) order() {
	im := w.im
	slices.SortStableFunc(im.Services, func(a, b ServiceHit) int {
		return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(rank(a.Class), rank(b.Class)), cmp.Compare(b.Patients, a.Patients))
	})
	slices.SortStableFunc(im.Units, func(a, b UnitHit) int { return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(b.Patients, a.Patients)) })
	slices.SortStableFunc(im.Between, func(a, b Hit) int { return a.Since.Compare(b.Since) })
	for i := range im.Units {
		u := &im.Units[i]
		if im.Patients += u.Patients; !u.Known {
			im.Unknown++
		}
		im.Works = append(im.Works, u.Works...)
	}
	slices.Sort(im.Works)
	im.Works = slices.Compact(im.Works)
}

// rank puts A before B before C before what is not known.
func rank(c Class) int {
	if c == 0 {
		return 'D'
	}
	return int(c)
}

// worst finds, for each thing that fails, the class of the worst service that fails through it; for a unit, of those that it must do without.
func (g *Graph) worst(failed map[int]failure) map[int]Class {
	worst, seen := make(map[int]Class, len(failed)), make(map[int]bool, len(failed))
	order := sorted(failed)
	for _, c := range [...]Class{A, B, C} { // each is followed down once: what a worse one led to is not asked again
		var list []int
		for _, n := range order {
			if g.nodes[n].Kind == Service && g.class(n) == c {
				worst[n] = c
				list = append(list, n)
			}
		}
		for ; len(list) > 0; list = list[1:] {
			for _, e := range g.needs[list[0]] {
				on := g.ends[e][1]
				if !g.carries(e, failed) || seen[on] {
					continue
				}
				seen[on] = true
				if g.nodes[on].Kind != Service {
					worst[on] = c
				}
				list = append(list, on)
			}
		}
	}
	for _, n := range order {
		for _, e := range g.needs[n] {
			if on := worst[g.ends[e][1]]; g.nodes[n].Kind == Unit && g.carries(e, failed) && on != 0 && rank(on) < rank(worst[n]) {
				worst[n] = on
			}
		}
		if worst[n] == 0 && g.nodes[n].Kind != Unit {
			worst[n] = g.class(n)
		}
	}
	return worst
}

// carries tells whether a failure came, or comes, by an edge: of those of which one is enough none does while one holds.
func (g *Graph) carries(e int, failed map[int]failure) bool {
	from, to := g.ends[e][0], g.ends[e][1]
	_, fails := failed[from]
	if _, already := failed[to]; !fails || !already || !g.counts(e) {
		return false
	}
	return g.edges[e].AnyOf == "" || !slices.ContainsFunc(g.needs[from], func(other int) bool {
		_, fails := failed[g.ends[other][1]]
		return !fails && g.counts(other) && g.edges[other].AnyOf == g.edges[e].AnyOf
	})
}

// weakened lists what goes on though one of those of which one is enough has failed.
func (g *Graph) weakened(failed map[int]failure) []Weakened {
	seen := map[int]bool{}
	var out []Weakened
	for _, n := range sorted(failed) {
		for _, e := range g.users[n] {
			user := g.ends[e][0]
			if _, fails := failed[user]; fails || seen[user] || !g.counts(e) {
				continue
			}
			seen[user] = true // it holds, so the edge is one of several
			out = append(out, g.legs(user, failed))
		}
	}
	slices.SortFunc(out, func(a, b Weakened) int { return cmp.Compare(a.Node, b.Node) })
	return out
}

// legs tells what of a thing's alternatives is lost, and what is left in place of it.
func (g *Graph) legs(n int, failed map[int]failure) Weakened {
	w := Weakened{Node: g.nodes[n].ID, Name: g.name(n)}
	fails := func(e int) bool { _, fails := failed[g.ends[e][1]]; return fails && g.counts(e) }
	shorter := map[string]bool{}
	for _, e := range g.needs[n] {
		if fails(e) {
			shorter[g.edges[e].AnyOf] = true
			w.Lost = append(w.Lost, g.edges[e].To)
		}
	}
	for _, e := range g.needs[n] {
		if shorter[g.edges[e].AnyOf] && g.counts(e) && !fails(e) {
			w.Left = append(w.Left, g.edges[e].To)
		}
	}
	return w
}
