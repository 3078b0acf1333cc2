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
		c := chance(h)
		if c >= 1 && p.field != anyField { // as good as anything in the field
			return &witness{[]mark{{p.field, hint{"", literal.Anywhere}}}, 1}
		}
		w.marks = append(w.marks, mark{p.field, h})
		w.chance += c
	}
	if p.field == anyField { // every text of the event would have to be searched
		w.chance += 1
	}
	return w
}

// chance guesses how large a share of the events that reach a rule hold the literal in
// the field. Only speed depends on it.
func chance(h hint) float64 {
	bits := float64(literal.Bits(h.text))
	related := math.Exp2(-bits / 4) // what stands in a log belongs together: long texts are less rare than their parts say
	switch h.at {
	case literal.Whole:
		if bits == 0 { // no word at all: what stands for nothing, such as "-"
			return 0.05
		}
		return min(max(0.002, related*related), 0.25) // a field has other values too
	case literal.Anywhere:
		if len(h.text) < shortLiteral { // no word, but letters that may stand in any
			related = max(related, 1-math.Exp(-usualLength*math.Exp2(-bits)))
		}
		return max(0.0005, related) + searchCost(len(h.text))
	default:
		return max(0.001, related)
	}
}

const (
	usualLength  = 100 // places of a text at which a literal may stand
	shortLiteral = 4   // bytes from which on a literal is told by its windows
)

// searchCost is what a literal that may stand anywhere costs, whether it is there or not: the shorter the
// literals of a field, the more places of its texts have to be looked at.
func searchCost(length int) float64 {
	switch {
	case length < shortLiteral:
		return 0.2
	case length < 7:
		return 0.02
	}
	return 0
}
