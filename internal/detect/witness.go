package detect

import (
	"math"

	"github.com/wardline/wardline/internal/detect/literal"
)

// A witness is a set of literals, at least one of which stands in every event that a
// rule can match. Rules wait at their witness and are not looked at before it turns up.
// Among the sets that a rule's logic offers, the one expected to turn up least
// is taken.
type witness struct {
	marks  []mark
	chance float64 // expected share of events that hold it, very roughly
}

// mark is one literal of a witness, in one field.
type mark struct {
	field int32
	hint  hint
}

// never is the witness of what no event satisfies.
func never() *witness { return &witness{} }

// witnessOf returns the best witness of e, or of its opposite when negated; nil when it has none.
func (c *compiler) witnessOf(e expr, negated bool) *witness {
	switch {
	case e.kind == isNot:
		return c.witnessOf(*e.not, !negated)
	case e.kind == isNever && !negated:
		return never()
	case e.kind == isAnd && !negated:
		return c.bestOf(e.and, negated)
	case e.kind == isOr && negated: // not (a or b) is (not a) and (not b)
		return c.bestOf(e.or, negated)
	case e.kind == isOr:
		return c.unionOf(e.or, negated)
	case e.kind == isAnd:
		return c.unionOf(e.and, negated)
	case e.kind == isPredicate && !negated:
		return c.ownWitness(e.pred)
	}
	return nil
}

// bestOf serves a conjunction: the witness of any operand will do.
func (c *compiler) bestOf(es []expr, negated bool) *witness {
	var best *witness
	for _, e := range es {
		if w := c.witnessOf(e, negated); w != nil && (best == nil || w.chance < best.chance) {
			best = w
		}
	}
	return best
}

// unionOf serves a disjunction: the witnesses of all operands together.
func (c *compiler) unionOf(es []expr, negated bool) *witness {
	union := never()
	for _, e := range es {
		w := c.witnessOf(e, negated)
		if w == nil {
			return nil
		}
		union.marks = append(union.marks, w.marks...)
		union.chance += w.chance
	}
	return union
}

// ownWitness is that of a single predicate: its hints.
func (c *compiler) ownWitness(pred int32) *witness {
	p := &c.predicates[pred]
	if len(p.hints) == 0 {
		return nil
	}
	w := never()
	for _, h := range p.hints {
		w.marks = append(w.marks, mark{p.field, h})
		w.chance += chance(h)
	}
	if p.field == anyField { // every text of the event would have to be searched
		w.chance += 1
	}
	return w
}

// shortLiteral is where literals begin to be found by their windows.
const shortLiteral = 4

// chance guesses how large a share of the events that reach a rule hold the literal in
// the field. Only speed depends on it.
func chance(h hint) float64 {
	bits := float64(literal.Bits(h.text))
	switch h.at {
	case literal.Whole:
		return max(0.002, math.Exp2(-bits/2))
	case literal.Anywhere:
		if len(h.text) < shortLiteral { // it is looked for by itself
			return 0.3 + math.Exp2(-bits/4)
		}
		return max(0.0005, math.Exp2(-bits/4))
	default:
		return max(0.001, math.Exp2(-bits/4))
	}
}
