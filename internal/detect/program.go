package detect

import (
	"cmp"
	"slices"
)

// expr is a rule's meaning: a boolean tree over predicates. Exactly one part is set.
type expr struct {
	and, or []expr
	not     *expr
	pred    int32 // when nothing else is set
	kind    exprKind
}

type exprKind uint8

const (
	isPredicate exprKind = iota
	isAnd
	isOr
	isNot
	isNever // no event satisfies it
)

func allOf(es ...expr) expr {
	if len(es) == 1 {
		return es[0]
	}
	return expr{kind: isAnd, and: es}
}

func anyOf(es ...expr) expr {
	switch len(es) {
	case 0:
		return expr{kind: isNever}
	case 1:
		return es[0]
	}
	return expr{kind: isOr, or: es}
}

// size is the number of nodes of e.
func (e *expr) size() int {
	n := 1
	for i := range e.and {
		n += e.and[i].size()
	}
	for i := range e.or {
		n += e.or[i].size()
	}
	if e.not != nil {
		n += e.not.size()
	}
	return n
}

func notOf(e expr) expr { return expr{kind: isNot, not: &e} }

// program is a rule ready to run: each step asks one predicate and says where to go
// on either answer. Every leaf of the tree is one step, and a rule is decided by
// walking forward only.
//
//	(A and not B) or C        0: A ? 1 : 2
//	                          1: B ? 2 : yes
//	                          2: C ? yes : no
type program struct {
	entry int32
	steps []step
}

type step struct {
	pred    int32
	yes, no int32
}

const (
	accept = -1
	reject = -2
)

// assemble flattens a tree. Steps are written from the last to the first, so that
// the places to go are known, and the list is turned round in the end.
func assemble(e expr, predicates []predicate) program {
	a := assembler{predicates: predicates}
	entry := a.emit(e, accept, reject)
	last := int32(len(a.steps) - 1)
	turn := func(at int32) int32 {
		if at < 0 {
			return at
		}
		return last - at
	}
	slices.Reverse(a.steps)
	for i := range a.steps {
		a.steps[i].yes, a.steps[i].no = turn(a.steps[i].yes), turn(a.steps[i].no)
	}
	return program{turn(entry), a.steps}
}

type assembler struct {
	steps      []step
	predicates []predicate
}

// emit writes e and returns where it begins.
func (a *assembler) emit(e expr, yes, no int32) int32 {
	switch e.kind {
	case isNever:
		return no
	case isNot:
		return a.emit(*e.not, no, yes)
	case isAnd:
		for _, child := range a.decisiveLast(e.and, false) {
			yes = a.emit(child, yes, no)
		}
		return yes
	case isOr:
		for _, child := range a.decisiveLast(e.or, true) {
			no = a.emit(child, yes, no)
		}
		return no
	default:
		a.steps = append(a.steps, step{e.pred, yes, no})
		return int32(len(a.steps) - 1)
	}
}

// decisiveLast orders operands for writing backwards: what is asked first is what settles the question, by
// being false in a conjunction and true in a disjunction, at the least expected cost.
func (a *assembler) decisiveLast(es []expr, settledBy bool) []expr {
	type operand struct {
		expr
		price float64
	}
	operands := make([]operand, len(es))
	for i, e := range es {
		cost, odds := a.expect(e)
		if !settledBy {
			odds = 1 - odds
		}
		operands[i] = operand{e, cost / max(odds, 0.001)}
	}
	slices.SortStableFunc(operands, func(x, y operand) int { return cmp.Compare(y.price, x.price) })
	ordered := make([]expr, len(es))
	for i := range operands {
		ordered[i] = operands[i].expr
	}
	return ordered
}

// expect guesses what asking e costs and how often it is true.
func (a *assembler) expect(e expr) (cost, odds float64) {
	switch e.kind {
	case isNever:
		return 0, 0
	case isNot:
		cost, odds = a.expect(*e.not)
		return cost, 1 - odds
	case isPredicate:
		p := &a.predicates[e.pred]
		return float64(p.cost), p.odds()
	}
	odds = 1
	for _, child := range e.and {
		c, o := a.expect(child)
		cost, odds = cost+c*odds, odds*o
	}
	for _, child := range e.or { // true unless all are false
		c, o := a.expect(child)
		cost, odds = cost+c*odds, odds*(1-o)
	}
	if e.kind == isOr {
		odds = 1 - odds
	}
	return cost, odds
}
