package detect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/literal"
)

// compiler turns rules into shared predicates and small programs.
type compiler struct {
	rules      []*sigma.Rule
	programs   []program
	witnesses  []*witness
	ruleFields [][]int32 // fields whose values a rule may ask for

	fields      []string
	fieldNumber map[string]int32
	predicates  []predicate
	regexes     int
	commons     *literal.Commons
	known       map[string]int32 // predicates by what they ask, so that equal ones are one
}

func newCompiler() *compiler {
	return &compiler{fields: []string{anyField: ""}, fieldNumber: map[string]int32{"": anyField}, known: map[string]int32{}, commons: literal.NewCommons()}
}

func (c *compiler) addRules(rules []*sigma.Rule) []sigma.Problem {
	var problems []sigma.Problem
	for _, r := range rules {
		if err := c.add(r); err != nil {
			problems = append(problems, sigma.Problem{File: r.File, Line: r.Line, ID: r.ID, Title: r.Title, Reason: err.Error()})
		}
	}
	return problems
}

func (c *compiler) add(r *sigma.Rule) error {
	l := lowering{compiler: c, rule: r, selections: map[string]*sigma.Selection{}, items: map[*sigma.Item]expr{}}
	for i := range r.Selections {
		l.selections[r.Selections[i].Name] = &r.Selections[i]
	}
	var anyCondition []expr
	for i := range r.Conditions {
		e, err := l.condition(&r.Conditions[i])
		if err != nil {
			return err
		}
		anyCondition = append(anyCondition, e)
	}
	e := anyOf(anyCondition...)
	c.rules = append(c.rules, r)
	c.programs = append(c.programs, assemble(e, c.predicates))
	c.witnesses = append(c.witnesses, c.witnessOf(e, false))
	c.ruleFields = append(c.ruleFields, l.fields)
	return nil
}

// field numbers a field name.
func (c *compiler) field(name string) int32 {
	n, ok := c.fieldNumber[name]
	if !ok {
		n = int32(len(c.fields))
		c.fields = append(c.fields, name)
		c.fieldNumber[name] = n
	}
	return n
}

// predicate numbers a predicate; key says all that it asks.
func (c *compiler) predicate(key string, build func() (predicate, error)) (int32, error) {
	if n, ok := c.known[key]; ok {
		return n, nil
	}
	p, err := build()
	if err != nil {
		return 0, err
	}
	n := int32(len(c.predicates))
	c.predicates = append(c.predicates, p)
	c.known[key] = n
	return n, nil
}

// lowering turns one rule's syntax into an expr.
type lowering struct {
	*compiler
	rule       *sigma.Rule
	selections map[string]*sigma.Selection
	items      map[*sigma.Item]expr // those lowered already: conditions may name a selection again and again
	questions  int
	fields     []int32
}

// maxQuestions bounds the questions of one rule, each counted as often as its conditions ask it.
// Real rules have some hundred; none that names its selections once comes near.
const maxQuestions = 1 << 18

func (l *lowering) condition(n *sigma.Condition) (expr, error) {
	switch {
	case n.Not != nil:
		e, err := l.condition(n.Not)
		return notOf(e), err
	case n.And != nil:
		es, err := l.conditions(n.And)
		return allOf(es...), err
	case n.Or != nil:
		es, err := l.conditions(n.Or)
		return anyOf(es...), err
	case n.Of != nil:
		return l.quantifier(n.Of)
	}
	s, ok := l.selections[n.Identifier]
	if !ok {
		return expr{}, fmt.Errorf("condition in line %d names a selection that is not there", n.Line)
	}
	return l.search(&s.Search)
}

func (l *lowering) conditions(ns []sigma.Condition) ([]expr, error) {
	es := make([]expr, 0, len(ns))
	for i := range ns {
		e, err := l.condition(&ns[i])
		if err != nil {
			return nil, err
		}
		es = append(es, e)
	}
	return es, nil
}

func (l *lowering) quantifier(q *sigma.Quantifier) (expr, error) {
	var es []expr
	for i := range l.rule.Selections {
		s := &l.rule.Selections[i]
		if !q.Covers(s.Name) {
			continue
		}
		e, err := l.search(&s.Search)
		if err != nil {
			return expr{}, err
		}
		es = append(es, e)
	}
	if len(es) == 0 {
		return expr{}, fmt.Errorf("condition speaks of selections that are not there")
	}
	if q.All {
		return allOf(es...), nil
	}
	return anyOf(es...), nil
}

func (l *lowering) search(s *sigma.Search) (expr, error) {
	switch {
	case s.Item != nil:
		return l.item(s.Item)
	case s.All != nil:
		es, err := l.searches(s.All)
		return allOf(es...), err
	default:
		es, err := l.searches(s.Any)
		return anyOf(es...), err
	}
}

func (l *lowering) searches(ss []sigma.Search) ([]expr, error) {
	es := make([]expr, 0, len(ss))
	for i := range ss {
		e, err := l.search(&ss[i])
		if err != nil {
			return nil, err
		}
		es = append(es, e)
	}
	return es, nil
}

func (l *lowering) item(it *sigma.Item) (expr, error) {
	e, ok := l.items[it]
	if !ok {
		var err error
		if e, err = l.newItem(it); err != nil {
			return expr{}, fmt.Errorf("line %d: %w", it.Line, err)
		}
		l.items[it] = e
	}
	if l.questions += e.size(); l.questions > maxQuestions {
		return expr{}, fmt.Errorf("conditions come to more than %d questions: name each selection once", maxQuestions)
	}
	return e, nil
}

func (l *lowering) newItem(it *sigma.Item) (expr, error) {
	field := l.field(it.Field)
	l.fields = append(l.fields, field)
	groups := [][]sigma.Value{it.Values}
	if it.AllValues { // each value is a question of its own
		groups = groups[:0]
		for i := range it.Values {
			groups = append(groups, it.Values[i:i+1])
		}
	}
	var all []expr
	for _, values := range groups {
		e, err := l.anyValue(field, it, values)
		if err != nil {
			return expr{}, err
		}
		all = append(all, e)
	}
	e := allOf(all...)
	if it.Negated {
		e = notOf(e)
	}
	return e, nil
}

// anyValue asks whether the field has any of the values. Texts become one predicate,
// the rest one each.
func (l *lowering) anyValue(field int32, it *sigma.Item, values []sigma.Value) (expr, error) {
	var any []expr
	var patterns []sigma.Pattern
	for _, v := range values {
		if it.Op == sigma.Matches && v.Kind == sigma.Text {
			patterns = append(patterns, v.Patterns...)
			continue
		}
		n, err := l.single(field, it, v)
		if err != nil {
			return expr{}, err
		}
		any = append(any, expr{pred: n})
	}
	if patterns = slices.DeleteFunc(patterns, impossible); len(patterns) > 0 {
		n, err := l.texts(field, it.Cased, patterns)
		if err != nil {
			return expr{}, err
		}
		any = append(any, expr{pred: n})
	}
	return anyOf(any...), nil
}

func (l *lowering) texts(field int32, cased bool, written []sigma.Pattern) (int32, error) {
	var patterns []pattern
	var key strings.Builder
	fmt.Fprintf(&key, "text %d %t", field, cased)
	for _, p := range written {
		fmt.Fprintf(&key, " %q", p)
		patterns = append(patterns, newPattern(l.commons, p, cased))
	}
	return l.predicate(key.String(), func() (predicate, error) {
		p := predicate{field: field, test: newTextTest(l.commons, patterns, cased), cost: 4 + 2*len(patterns)}
		for i := range patterns {
			h, ok := patterns[i].hint()
			if !ok {
				p.hints = nil
				return p, nil
			}
			p.hints = append(p.hints, h)
		}
		return p, nil
	})
}

// single makes the predicate of one value that is not a text pattern.
func (l *lowering) single(field int32, it *sigma.Item, v sigma.Value) (int32, error) {
	key := fmt.Sprintf("op %d %d %d %t %q %v %t %d %d", it.Op, field, v.Kind, it.Cased, v.Text, v.Number, v.Bool, it.Part, v.Anchor)
	if it.Op == sigma.FieldRef {
		l.fields = append(l.fields, l.field(v.Text))
	}
	return l.predicate(key, func() (predicate, error) { return l.build(field, it, v) })
}

func (l *lowering) build(field int32, it *sigma.Item, v sigma.Value) (predicate, error) {
	switch it.Op {
	case sigma.Exists:
		if v.Bool {
			return predicate{field: field, asks: asksPresent, cost: 1}, nil
		}
		return predicate{field: field, asks: asksMissing, cost: 1}, nil
	case sigma.Regex:
		return l.newRegexPredicate(field, v.Text)
	case sigma.CIDR:
		return newCIDRPredicate(field, v.Text)
	case sigma.Time:
		return predicate{field: field, test: &timeTest{it.Part, int(v.Number)}, cost: 20}, nil
	case sigma.FieldRef:
		return predicate{field: field, test: &fieldTest{l.field(v.Text), it.Cased, refAnchor(v.Anchor)}, relates: true, cost: 10}, nil
	case sigma.Matches:
		return l.plainPredicate(field, v), nil
	default:
		return predicate{field: field, test: &numberTest{op: it.Op, want: v.Number}, cost: 8}, nil
	}
}

// plainPredicate compares with a number, a truth value or null.
func (c *compiler) plainPredicate(field int32, v sigma.Value) predicate {
	switch v.Kind {
	case sigma.Null:
		return predicate{field: field, asks: asksNull, cost: 1}
	case sigma.Bool:
		text := Fold(strconv.FormatBool(v.Bool))
		return c.newExactPredicate(field, text)
	}
	p := predicate{field: field, test: &numberTest{sigma.Matches, v.Number, v.Text}, cost: 6}
	p.hints = []hint{{string(appendShortest(nil, v.Number)), literal.Whole}}
	if written := Fold(v.Text); written != p.hints[0].text {
		p.hints = append(p.hints, hint{written, literal.Whole})
	}
	return p
}

func (c *compiler) newExactPredicate(field int32, folded string) predicate {
	p := pattern{text: []byte(folded)}
	h, _ := p.hint()
	return predicate{field: field, test: newTextTest(c.commons, []pattern{p}, false), cost: 4, hints: []hint{h}}
}

// refAnchor tells where the other field's value must stand in this one's.
func refAnchor(a sigma.Anchor) literal.Anchor {
	switch a {
	case sigma.AtStart:
		return literal.Start
	case sigma.AtEnd:
		return literal.End
	case sigma.Anywhere:
		return literal.Anywhere
	}
	return literal.Whole
}
