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
	for i := range m.event.Index.Values {
		x := &m.event.Index.Values[i]
		if !isScalar(x.Kind) {
			continue
		}
		slot := v.slot(x.Hash)
		if slot != nil && len(slot.indexes) == 0 {
			slot = nil
		}
		if slot == nil && (g.keywords == nil || int(x.End-x.Start) < g.keywords.shortest) {
			continue
		}
		raw := m.event.Fields[x.Start:x.End]
		key := m.memo.key(v, slot, raw)
		rules, known := m.memo.get(key)
		if !known {
			m.lookUp(g, slot, i)
			m.memo.put(key, m.waiting)
			rules = m.waiting
		}
		for _, rule := range rules {
			m.nominate(rule)
		}
	}
}

// lookUp fills m.waiting with the rules that wait at what stands in value i, which is at the path of slot.
func (m *Matcher) lookUp(g *group, slot *wantedSlot, i int) {
	m.waiting = m.waiting[:0]
	loose := value{owner: m, index: int32(i), kind: m.event.Index.Values[i].Kind}
	if slot != nil {
		for _, n := range slot.indexes {
			m.search(&g.indexes[n], &loose)
		}
	}
	if g.keywords != nil {
		m.search(g.keywords, &loose)
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
	if x.literals.HasShorts() {
		hits = x.literals.Shorts(v.folded(), hits)
	}
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
