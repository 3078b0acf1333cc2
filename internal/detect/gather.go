package detect

import (
	"slices"

	"github.com/wardline/wardline/format/jsonl"
)

// gather collects the rules that the event may satisfy: those one of whose witnesses is there,
// and those that have none. What was found out about a value is remembered: most values of
// a log have been seen before.
func (m *Matcher) gather(v *view) {
	g := v.group
	for _, rule := range g.always {
		m.nominate(rule)
	}
	m.place(v)
	for i := range m.placed {
		p := &m.placed[i]
		x := &m.event.Index.Values[p.index]
		if len(p.slot.indexes) == 0 || !isScalar(x.Kind) {
			continue
		}
		key := m.memo.key(v, p.slot, m.event.Fields[x.Start:x.End])
		rules, known := m.memo.get(key)
		if known {
			p.known = key
		} else {
			m.lookUp(g, p.slot, int(p.index))
			m.memo.put(key, m.waiting)
			rules = m.waiting
		}
		m.nominateAll(rules)
	}
	if g.keywords != nil {
		m.gatherWords(g.keywords)
	}
}

// place fills m.placed with the values of which something is wanted.
func (m *Matcher) place(v *view) {
	x := &m.event.Index
	known := &m.layouts[x.Shape%layouts]
	if known.view == v && known.shape == x.Shape && known.values == len(x.Values) {
		m.placed = append(m.placed, known.placed...)
		return
	}
	for i := range x.Values {
		if slot := v.slot(x.Values[i].Hash); slot != nil {
			m.placed = append(m.placed, placed{slot: slot, index: int32(i)})
		}
	}
	if len(m.placed) <= mostPlaced {
		*known = layout{view: v, shape: x.Shape, values: len(x.Values), placed: append(known.placed[:0], m.placed...)}
	}
}

// layout is what is wanted of events of one shape, by one view: most events of a log have the paths of one before. It is told by hashes of
// paths alone, so that only link says which field a value belongs to.
type layout struct {
	view   *view
	shape  uint64
	values int
	placed []placed
}

const (
	layouts    = 256 // remembered
	mostPlaced = 100 // values wanted of an event whose layout is
)

// placed is a value of the event at a path of which something is wanted.
type placed struct {
	slot  *wantedSlot
	known uint64 // what memo tells it by, if it has been there before
	index int32
}

// glimpses are places of an event at which words of any field may stand: few, and mostly none.
type glimpses struct {
	places []int32 // that are not passed yet
	blind  bool    // nobody looked: they may stand anywhere
}

// glance looks for words of any field in the event as a whole, where that can be done.
func (m *Matcher) glance(keywords *fieldIndex) glimpses {
	if keywords.teddy == nil {
		return glimpses{blind: true}
	}
	m.glimpses = keywords.teddy.Find(m.event.Fields, m.glimpses[:0])
	return glimpses{places: m.glimpses}
}

// nowhere tells whether no word can stand in any value.
func (g *glimpses) nowhere(x *jsonl.Index) bool {
	return !g.blind && len(g.places) == 0 && x.Marks&(jsonl.OddlyEscaped|jsonl.NonASCII) == 0
}

// within tells whether a word may stand in a value. Values are asked for in their order. Of those that are
// not written as literals are nothing is known.
func (g *glimpses) within(v *jsonl.Value) bool {
	if g.blind || v.Marks&(jsonl.OddlyEscaped|jsonl.NonASCII) != 0 {
		return true
	}
	for len(g.places) > 0 && g.places[0] < int32(v.Start) {
		g.places = g.places[1:]
	}
	return len(g.places) > 0 && g.places[0] < int32(v.End)
}

// gatherWords looks for words of any field in the values that no index of their own serves.
func (m *Matcher) gatherWords(k *fieldIndex) {
	ahead := m.glance(k)
	if ahead.nowhere(&m.event.Index) {
		return
	}
	indexed := m.placed
	for i := range m.event.Index.Values {
		x := &m.event.Index.Values[i]
		for len(indexed) > 0 && (int(indexed[0].index) < i || len(indexed[0].slot.indexes) == 0) {
			indexed = indexed[1:]
		}
		if len(indexed) > 0 && int(indexed[0].index) == i {
			continue
		}
		if isScalar(x.Kind) && int(x.End-x.Start) >= k.shortest && ahead.within(x) {
			m.gatherKeywords(k, i)
		}
	}
}

// gatherKeywords looks for words in a value that nothing else is wanted of. Mostly there are none, and to remember
// that would cost more.
func (m *Matcher) gatherKeywords(x *fieldIndex, i int) {
	v := &m.event.Index.Values[i]
	m.waiting = m.waiting[:0]
	if v.Marks&(jsonl.OddlyEscaped|jsonl.NonASCII) != 0 || x.numbers || x.sieve.Anchored() {
		m.search(x, &value{owner: m, index: int32(i), kind: v.Kind})
	} else if hits := x.sieve.Anywhere(m.event.Fields[v.Start:v.End], m.hits[:0]); len(hits) > 0 {
		m.wait(x, hits)
	}
	m.nominateAll(m.waiting)
}

// lookUp fills m.waiting with the rules that wait at what stands in value i, which is at the path of slot.
func (m *Matcher) lookUp(g *group, slot *wantedSlot, i int) {
	m.waiting = m.waiting[:0]
	loose := value{owner: m, index: int32(i), kind: m.event.Index.Values[i].Kind}
	for _, n := range slot.indexes {
		m.search(&g.indexes[n], &loose)
	}
	slices.Sort(m.waiting)
	m.waiting = slices.Compact(m.waiting)
}

// search adds to m.waiting the rules whose witness in a field may stand in v.
func (m *Matcher) search(x *fieldIndex, v *value) {
	i := &m.event.Index.Values[v.index]
	raw := m.event.Fields[i.Start:i.End]
	if i.Marks&jsonl.OddlyEscaped != 0 || i.Marks&jsonl.NonASCII != 0 && !x.sieve.Serves(raw) {
		m.wait(x, x.literals.Find(v.folded(), m.hits[:0]))
		m.searchNumber(x, v.folded())
		return
	}
	hits := x.sieve.Anywhere(raw, x.sieve.Ends(raw, m.hits[:0]))
	m.wait(x, hits)
	m.searchNumber(x, raw)
}

// searchNumber looks for a number that the value writes in another way than the rules do.
func (m *Matcher) searchNumber(x *fieldIndex, text []byte) {
	if !x.numbers {
		return
	}
	var other bool
	if m.number, other = appendOtherNumber(m.number[:0], text); other {
		m.wait(x, x.literals.Find(m.number, m.hits[:0]))
	}
}

// wait adds the rules that wait at the literals found.
func (m *Matcher) wait(x *fieldIndex, hits []int32) {
	m.hits = hits
	for _, hit := range hits {
		m.waiting = append(m.waiting, x.rules[hit]...)
	}
}

// nominate makes a rule a candidate.
func (m *Matcher) nominate(rule int32) {
	if m.asked[rule] != m.now {
		m.asked[rule] = m.now
		m.candidates = append(m.candidates, rule)
	}
}

func (m *Matcher) nominateAll(rules []int32) {
	for _, rule := range rules {
		m.nominate(rule)
	}
}
