package hospital

import (
	"cmp"
	"slices"
	"time"
)

// edge is an Edge with what is needed to bring it up to date, in whatever order facts about it come.
type edge struct {
	kind     Kind
	as       WhoKind
	who      Ref // 0: about all edges of the same kind and key, or nobody in particular
	key      uint64
	visit    uint64 // key of the visit that it belongs to; 0 for none
	from, to stamp
	fromTold stamp // when from was last said
	toTold   stamp
	made     stamp // when the first fact about it was said
	place    Place // of that fact
	alive    stamp // when it was last said that it is
	// The first and the last time that it was said to be cancelled.
	voidFirst, voidLast stamp
	acts                []act // who entered something about it; the one who did first comes first
}

// act is what one did about an edge.
type act struct {
	by          Ref
	first, last stamp
}

// mostActs bounds who is remembered: the first, and those who came last.
const mostActs = 3

// matches tells whether a fact of kind and key about who is about e.
func (e *edge) matches(kind Kind, key uint64, who Ref, as WhoKind, from stamp) bool {
	return e.kind == kind && e.key == key && e.who == who && e.as == as && (key != 0 || e.from == from)
}

// take brings e up to date and tells whether that changed it.
func (e *edge) take(f *ReasonFact, said stamp, by Ref, visit uint64, p Place) (changed bool) {
	before := *e
	if e.made == 0 || said < e.made {
		e.made, e.place = said, p
	}
	e.about(at(f.From), at(f.To), said, said)
	if visit != 0 {
		e.visit = visit
	}
	if f.Void {
		e.voidFirst, e.voidLast = earlier(e.voidFirst, said), max(e.voidLast, said)
	} else {
		e.alive = max(e.alive, said)
	}
	acted := by != 0 && e.act(by, said)
	return acted || e.from != before.from || e.to != before.to || e.made != before.made || e.visit != before.visit ||
		e.voided() != before.voided() || before.made == 0
}

// about enters when it begins and ends. What was said last holds, of what was said at once the earlier beginning and the later end.
func (e *edge) about(from, to, fromTold, toTold stamp) {
	switch {
	case from == 0 || fromTold < e.fromTold:
	case fromTold == e.fromTold:
		e.from = earlier(e.from, from)
	default:
		e.from, e.fromTold = from, fromTold
	}
	switch {
	case to == 0 || toTold < e.toTold:
	case toTold == e.toTold:
		e.to = max(e.to, to)
	default:
		e.to, e.toTold = to, toTold
	}
}

// first is a, or b when a is none.
func first(a, b stamp) stamp {
	if a == 0 {
		return b
	}
	return a
}

// act notes that somebody did something about it.
func (e *edge) act(by Ref, said stamp) (changed bool) {
	i := slices.IndexFunc(e.acts, func(a act) bool { return a.by == by })
	if i < 0 {
		e.acts = append(e.acts, act{by, said, said})
	} else {
		a := &e.acts[i]
		if said >= a.first && said <= a.last {
			return false
		}
		a.first, a.last = min(a.first, said), max(a.last, said)
	}
	slices.SortFunc(e.acts, func(a, b act) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.by, b.by)) })
	for len(e.acts) > mostActs { // the first stays, and of the others those who came last
		least := 1
		for i := 2; i < len(e.acts); i++ {
			if e.acts[i].last < e.acts[least].last {
				least = i
			}
		}
		e.acts = slices.Delete(e.acts, least, least+1)
	}
	return true
}

// voided is since when it is cancelled. What was said to be again since is not.
func (e *edge) voided() stamp {
	switch {
	case e.voidLast == 0 || e.alive > e.voidLast:
		return 0
	case e.alive > e.voidFirst:
		return e.voidLast
	}
	return e.voidFirst
}

// latest is the last moment that e is about.
func (e *edge) latest() stamp { return max(e.from, e.to, e.made, e.alive, e.voidLast) }

// Every edge is kept for as long as a template may ask for it (E01 asks for 30 days after its end), and long enough for
// accesses that come late. What has no end is kept while it may last, accounts for the half year in which bills are written.
const (
	keepShort = 120 * day
	keepBills = 300 * day
	keepLong  = 730 * day
)

func (e *edge) keep() time.Duration {
	switch e.kind {
	case Account:
		return keepBills
	case CareTeam, Research, Assignment, Trigger:
		if e.to == 0 {
			return keepLong
		}
	}
	return keepShort
}

// expired tells whether no template could use e any more.
func (e *edge) expired(now stamp) bool { return now != 0 && e.latest().plus(e.keep()) < now }

// reason finds the edge, or makes one.
func (r *record) reason(kind Kind, key uint64, who Ref, as WhoKind, from stamp, limits *Limits) *edge {
	for i := len(r.edges) - 1; i >= 0; i-- {
		if r.edges[i].matches(kind, key, who, as, from) {
			return &r.edges[i]
		}
	}
	if len(r.edges) >= mostEdges {
		r.dropOldest(limits)
	}
	r.edges = append(r.edges, edge{kind: kind, key: key, who: who, as: as})
	return &r.edges[len(r.edges)-1]
}

// dropOldest makes room for more edges: an eighth of them at once, so that it is rarely done.
func (r *record) dropOldest(limits *Limits) {
	age := make([]stamp, len(r.edges))
	for i := range r.edges {
		age[i] = r.edges[i].latest()
	}
	slices.Sort(age)
	limit := age[len(age)/8]
	before := len(r.edges)
	r.edges = slices.DeleteFunc(r.edges, func(e edge) bool {
		if e.latest() > limit {
			return false
		}
		r.faded = max(r.faded, e.latest())
		return true
	})
	limits.Dropped += int64(before - len(r.edges))
}

// fade drops edges that no template could use any more, and visits of long ago, whose numbers it returns.
func (r *record) fade(now stamp) (changed bool, numbers []uint64) {
	edges, visits := len(r.edges), len(r.visits)
	r.edges = slices.DeleteFunc(r.edges, func(e edge) bool {
		if e.expired(now) {
			r.faded = max(r.faded, e.latest())
			return true
		}
		return false
	})
	r.visits = slices.DeleteFunc(r.visits, func(v visit) bool {
		if v.expired(now) {
			r.faded = max(r.faded, v.latest())
			numbers = append(append(numbers, v.key), v.former...)
			return true
		}
		return false
	})
	return len(r.edges) != edges || len(r.visits) != visits, numbers
}

func (e *edge) encode(w *writer) {
	w.byte(byte(e.kind) | byte(e.as)<<5)
	flags := byte(len(e.acts))
	for i, set := range []bool{e.key != 0, e.visit != 0, e.voidLast != 0, e.to != 0, e.alive != e.made} {
		if set {
			flags |= 4 << i
		}
	}
	w.byte(flags)
	w.ref(e.who)
	if e.key != 0 {
		w.hash(e.key)
	}
	if e.visit != 0 {
		w.hash(e.visit)
	}
	w.time(e.made)
	w.time(e.from)
	w.time(e.fromTold)
	if e.to != 0 {
		w.time(e.to)
		w.time(e.toTold)
	}
	if e.alive != e.made {
		w.time(e.alive)
	}
	if e.voidLast != 0 {
		w.time(e.voidFirst)
		w.time(e.voidLast)
	}
	w.place(e.place)
	for _, a := range e.acts {
		w.ref(a.by)
		w.time(a.first)
		w.time(a.last)
	}
}

func (e *edge) decode(r *reader) {
	head, flags := r.byte(), r.byte()
	e.kind, e.as, e.who = Kind(head&31), WhoKind(head>>5), r.ref()
	if flags&4 != 0 {
		e.key = r.hash()
	}
	if flags&8 != 0 {
		e.visit = r.hash()
	}
	e.made, e.from, e.fromTold = r.time(), r.time(), r.time()
	if flags&32 != 0 {
		e.to, e.toTold = r.time(), r.time()
	}
	e.alive = e.made
	if flags&64 != 0 {
		e.alive = r.time()
	}
	if flags&16 != 0 {
		e.voidFirst, e.voidLast = r.time(), r.time()
	}
	e.place = r.place()
	if n := int(flags & 3); n > 0 {
		e.acts = make([]act, n)
		for i := range e.acts {
			e.acts[i] = act{r.ref(), r.time(), r.time()}
		}
	}
}
