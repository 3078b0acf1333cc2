package reference

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/sigma"
)

// Evaluator evaluates rules. The zero value knows fields by their own names only.
type Evaluator struct {
	// Names lists the further names under which the event carries a rule's field; it
	// may list the field's own name too. Nil means none.
	Names func(field string) []string
}

// Match tells whether an event, decoded with UseNumber, satisfies the rule. The log source is the
// caller's affair.
func Match(r *sigma.Rule, event map[string]any) bool {
	return Evaluator{}.Match(r, FromMap(event))
}

// Match tells whether an event satisfies the rule. The log source is the caller's affair.
func (e Evaluator) Match(r *sigma.Rule, event Event) bool {
	v := evaluation{e, r, event}
	return slices.ContainsFunc(r.Conditions, func(c sigma.Condition) bool { return v.condition(&c) }) // 7
}

// evaluation is that of one rule on one event.
type evaluation struct {
	Evaluator
	rule  *sigma.Rule
	event Event
}

func (v *evaluation) condition(c *sigma.Condition) bool {
	switch {
	case c.Not != nil:
		return !v.condition(c.Not)
	case c.And != nil:
		return !slices.ContainsFunc(c.And, func(c sigma.Condition) bool { return !v.condition(&c) })
	case c.Or != nil:
		return slices.ContainsFunc(c.Or, func(c sigma.Condition) bool { return v.condition(&c) })
	case c.Of != nil:
		return v.quantifier(c.Of)
	}
	return slices.ContainsFunc(v.rule.Selections, func(s sigma.Selection) bool {
		return s.Name == c.Identifier && v.search(&s.Search)
	})
}

func (v *evaluation) quantifier(q *sigma.Quantifier) bool {
	holding, covered := 0, 0
	for _, s := range v.rule.Selections {
		if !q.Covers(s.Name) {
			continue
		}
		covered++
		if v.search(&s.Search) {
			holding++
		}
	}
	return holding > 0 && (!q.All || holding == covered)
}

// search is sentence 8.
func (v *evaluation) search(s *sigma.Search) bool {
	switch {
	case s.Item != nil:
		return v.item(s.Item)
	case s.All != nil:
		return !slices.ContainsFunc(s.All, func(s sigma.Search) bool { return !v.search(&s) })
	}
	return slices.ContainsFunc(s.Any, func(s sigma.Search) bool { return v.search(&s) })
}

// item is sentence 9.
func (v *evaluation) item(it *sigma.Item) bool {
	holding := 0
	for i := range it.Values {
		if v.value(it, &it.Values[i]) {
			holding++
		}
	}
	holds := holding > 0
	if it.AllValues {
		holds = holding == len(it.Values)
	}
	return holds != it.Negated
}

// value is sentence 10 with its exceptions.
func (v *evaluation) value(it *sigma.Item, want *sigma.Value) bool {
	values := v.field(it.Field)
	switch {
	case it.Op == sigma.Exists: // 18
		return (len(values) > 0) == want.Bool
	case it.Op == sigma.Matches && want.Kind == sigma.Null: // 17
		return len(values) == 0 || slices.ContainsFunc(values, func(x Value) bool { return x.Kind == Null })
	}
	for _, x := range values {
		if x.Kind == Scalar && v.satisfies(it, want, x.Text) {
			return true
		}
	}
	return false
}

// field is sentence 4; without a name, all values of the event.
func (v *evaluation) field(name string) []Value {
	if name == "" {
		return v.event
	}
	names := []string{name}
	if v.Names != nil {
		names = append(names, v.Names(name)...)
	}
	var values []Value
	for _, x := range v.event {
		if slices.Contains(names, x.Path) {
			values = append(values, x)
		}
	}
	return values
}

// satisfies asks a scalar's text.
func (v *evaluation) satisfies(it *sigma.Item, want *sigma.Value, text string) bool {
	switch it.Op {
	case sigma.Regex: // 16
		re, err := regexp.Compile(want.Text)
		return err == nil && re.MatchString(text)
	case sigma.CIDR:
		return inside(want.Text, text)
	case sigma.Less, sigma.LessEqual, sigma.Greater, sigma.GreaterEqual:
		return compares(it.Op, text, want.Number)
	case sigma.Time:
		t, ok := ParseTimestamp(text)
		return ok && t.part(it.Part) == int(want.Number)
	case sigma.FieldRef:
		return v.refers(it, want, text)
	}
	switch want.Kind {
	case sigma.Number: // 13
		n, ok := number(text)
		return text == want.Text || ok && n == want.Number
	case sigma.Bool: // 14
		return fold(text) == fold(map[bool]string{true: "true", false: "false"}[want.Bool])
	}
	if !it.Cased {
		text = fold(text)
	}
	return slices.ContainsFunc(want.Patterns, func(p sigma.Pattern) bool { return matches(p, text, it.Cased) })
}

// compares is sentence 15.
func compares(op sigma.Op, text string, want float64) bool {
	n, ok := number(text)
	if !ok {
		return false
	}
	switch op {
	case sigma.Less:
		return n < want
	case sigma.LessEqual:
		return n <= want
	case sigma.Greater:
		return n > want
	default:
		return n >= want
	}
}

// inside is sentence 19.
func inside(network, text string) bool {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(text)
	return err == nil && prefix.Contains(addr.WithZone("").Unmap())
}

// refers is sentence 20.
func (v *evaluation) refers(it *sigma.Item, want *sigma.Value, text string) bool {
	if !it.Cased {
		text = fold(text)
	}
	for _, x := range v.field(want.Text) {
		if x.Kind != Scalar {
			continue
		}
		other := x.Text
		if !it.Cased {
			other = fold(other)
		}
		holds := false
		switch want.Anchor {
		case sigma.Whole:
			holds = text == other
		case sigma.AtStart:
			holds = strings.HasPrefix(text, other)
		case sigma.AtEnd:
			holds = strings.HasSuffix(text, other)
		case sigma.Anywhere:
			holds = strings.Contains(text, other)
		}
		if holds {
			return true
		}
	}
	return false
}
