package detect

import (
	"encoding/binary"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/literal"
	"github.com/wardline/wardline/internal/event"
)

// viewsOf groups the rules by the classes they serve. Classes that are asked by the
// same rules share a group.
func (c *compiler) viewsOf(classes []*event.Class, o Options) []*view {
	views := make([]*view, len(classes))
	groups := map[string]*group{}
	for i, class := range classes {
		var rules []int32
		for r, rule := range c.rules {
			l := rule.Logsource
			if o.Unrouted || class.Serves(l.Category, l.Product, l.Service) {
				rules = append(rules, int32(r))
			}
		}
		key := groupKey(rules)
		if groups[key] == nil {
			groups[key] = c.newGroup(rules)
		}
		views[i] = c.newView(groups[key], class)
	}
	return views
}

func groupKey(rules []int32) string {
	key := make([]byte, 0, 4*len(rules))
	for _, r := range rules {
		key = binary.LittleEndian.AppendUint32(key, uint32(r))
	}
	return string(key)
}

// newGroup lets each rule wait at its witness.
func (c *compiler) newGroup(rules []int32) *group {
	g := &group{rules: rules}
	waiting := map[mark][]int32{}
	for _, r := range rules {
		w := c.witnesses[r]
		if w == nil {
			g.always = append(g.always, r)
			continue
		}
		for _, m := range w.marks {
			if at := waiting[m]; len(at) == 0 || at[len(at)-1] != r {
				waiting[m] = append(at, r)
			}
		}
	}
	marks := slices.SortedFunc(maps.Keys(waiting), compareMarks)
	keywords := 0 // of anyField, the lowest number
	for keywords < len(marks) && marks[keywords].field == anyField {
		keywords++
	}
	if keywords > 0 {
		x := c.newFieldIndex(anyField, marks[:keywords], waiting)
		g.keywords = &x
	}
	for rest := marks[keywords:]; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].field == rest[0].field {
			n++
		}
		here := slices.Concat(marks[:keywords], rest[:n]) // one search serves both
		g.indexes = append(g.indexes, c.newFieldIndex(rest[0].field, here, waiting))
		rest = rest[n:]
	}
	return g
}

func compareMarks(a, b mark) int {
	if a.field != b.field {
		return int(a.field - b.field)
	}
	if a.hint.at != b.hint.at {
		return int(a.hint.at) - int(b.hint.at)
	}
	return strings.Compare(a.hint.text, b.hint.text)
}

func (c *compiler) newFieldIndex(field int32, marks []mark, waiting map[mark][]int32) fieldIndex {
	x := fieldIndex{field: field, shortest: math.MaxInt}
	b := literal.Builder{Commons: c.commons}
	for id, m := range marks {
		b.Add(m.hint.text, m.hint.at, int32(id))
		x.rules = append(x.rules, waiting[m])
		x.shortest = min(x.shortest, len(m.hint.text))
		if m.hint.at == literal.Whole {
			_, number := parseNumber([]byte(m.hint.text))
			x.numbers = x.numbers || number
		}
	}
	x.sieve, x.literals = b.Sieve(), b.Build()
	if field == anyField && !x.numbers {
		x.teddy = b.Teddy()
	}
	return x
}

// newView lists the paths at which events of a class carry the fields that the
// group's rules ask for.
func (c *compiler) newView(g *group, class *event.Class) *view {
	byHash := map[uint64][]wanted{}
	n := 0
	for _, field := range c.fieldsOf(g.rules) {
		for _, path := range class.Names(c.fields[field]) {
			h := jsonl.HashPath(path)
			byHash[h] = append(byHash[h], wanted{path, field})
			n++
		}
	}
	size := 2 << bits.Len(uint(n))
	v := &view{group: g, slots: make([]wantedSlot, size), mask: uint64(size - 1), salt: uint64(class.ID+1) * 0xd6e8feb86659fd93}
	for h, w := range byHash {
		v.mayBe[h>>58] |= 1 << (h >> 52 & 63)
		at := h & v.mask
		for v.slots[at].wanted != nil {
			at = (at + 1) & v.mask
		}
		v.slots[at] = wantedSlot{h, w, g.indexesOf(w)}
	}
	return v
}

// indexesOf lists the indexes of any of the fields.
func (g *group) indexesOf(ws []wanted) []int32 {
	var positions []int32
	for n := range g.indexes {
		if slices.ContainsFunc(ws, func(w wanted) bool { return w.field == g.indexes[n].field }) {
			positions = append(positions, int32(n))
		}
	}
	return positions
}

// fieldsOf lists the fields that rules ask for, each once, anyField left out.
func (c *compiler) fieldsOf(rules []int32) []int32 {
	seen := make([]bool, len(c.fields))
	var fields []int32
	for _, r := range rules {
		for _, f := range c.ruleFields[r] {
			if f != anyField && !seen[f] {
				seen[f] = true
				fields = append(fields, f)
			}
		}
	}
	return fields
}
