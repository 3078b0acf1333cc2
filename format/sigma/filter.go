package sigma

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Filter narrows rules without touching their files. Its condition is ANDed,
// as written, with that of every rule it names whose log source is compatible.
type Filter struct {
	Title      string
	ID         string
	Name       string
	Logsource  Logsource
	Rules      []string // ids or names; empty with Any
	Any        bool     // rules: any
	Selections []Selection
	Condition  Condition
	File       string
	Line       int
}

// Apply returns a copy of r narrowed by the filter, or r itself and false when the filter does
// not concern it. The filter's selections join the rule's under names that begin with an
// underscore, so no "them" or wildcard of the rule takes them in.
func (f *Filter) Apply(r *Rule) (*Rule, bool) {
	if !f.concerns(r) {
		return r, false
	}
	narrowed := *r
	narrowed.Selections = slices.Clone(r.Selections)
	renamed := map[string]string{}
	for _, s := range f.Selections {
		own := s.Name
		s.Name = freshName(own, narrowed.Selections)
		renamed[own] = s.Name
		narrowed.Selections = append(narrowed.Selections, s)
	}
	only := f.rename(&f.Condition, renamed)
	narrowed.Conditions = make([]Condition, len(r.Conditions))
	for i, c := range r.Conditions {
		narrowed.Conditions[i] = Condition{
			And:  []Condition{c, only},
			Text: fmt.Sprintf("(%s) and (%s)", c.Text, f.Condition.Text),
			Line: c.Line,
		}
	}
	return &narrowed, true
}

func (f *Filter) concerns(r *Rule) bool {
	stated := func(asked, has string) bool { return asked == "" || asked == has }
	l := f.Logsource
	if !stated(l.Category, r.Logsource.Category) || !stated(l.Product, r.Logsource.Product) || !stated(l.Service, r.Logsource.Service) {
		return false
	}
	names := func(ref string) bool { return ref != "" && (strings.EqualFold(ref, r.ID) || ref == r.Name) }
	return f.Any || slices.ContainsFunc(f.Rules, names)
}

func freshName(name string, taken []Selection) string {
	name = "_filter_" + name
	for n := 2; ; n++ {
		if !slices.ContainsFunc(taken, func(s Selection) bool { return s.Name == name }) {
			return name
		}
		name = fmt.Sprintf("%s_%d", strings.TrimSuffix(name, fmt.Sprintf("_%d", n-1)), n)
	}
}

// rename copies a condition of the filter with its selections' new names; quantifiers
// are written out, for they speak of the filter's own selections.
func (f *Filter) rename(c *Condition, renamed map[string]string) Condition {
	d := Condition{Line: c.Line}
	switch {
	case c.Not != nil:
		n := f.rename(c.Not, renamed)
		d.Not = &n
	case c.Of != nil:
		var covered []Condition
		for _, s := range f.Selections {
			if c.Of.Covers(s.Name) {
				covered = append(covered, Condition{Identifier: renamed[s.Name], Line: c.Line})
			}
		}
		if len(covered) == 1 {
			return covered[0]
		}
		if c.Of.All {
			d.And = covered
		} else {
			d.Or = covered
		}
	case c.Identifier != "":
		d.Identifier = renamed[c.Identifier]
	default:
		for i := range c.And {
			d.And = append(d.And, f.rename(&c.And[i], renamed))
		}
		for i := range c.Or {
			d.Or = append(d.Or, f.rename(&c.Or[i], renamed))
		}
	}
	return d
}

// filter reads a filter (filters specification 2.0.0).
func (d *document) filter(top []pair) error {
	if err := d.metadata(top, "logsource", "filter"); err != nil {
		return err
	}
	if err := d.logsource(top); err != nil {
		return err
	}
	section, err := d.pairs(find(top, "filter").value, "filter")
	if err != nil {
		return err
	}
	m := &d.meta
	f := &Filter{Title: m.Title, ID: m.ID, Name: m.Name, Logsource: m.Logsource, File: m.File, Line: m.Line}
	if err := d.filterRules(f, section); err != nil {
		return err
	}
	if f.Selections, err = d.selections(section, "rules", "condition"); err != nil {
		return err
	}
	conditions, err := d.conditions(section)
	if err != nil {
		return err
	}
	if len(conditions) != 1 {
		return refuse(f.Line, "filter must have exactly one condition")
	}
	f.Condition = conditions[0]
	if err := f.Condition.check(selectionNames(f.Selections)); err != nil {
		return err
	}
	if !f.Condition.negates() {
		d.warn(f.Condition.Line, "condition of the filter has no \"not\": rules will match only where the filter does, instead of where it does not")
	}
	d.documents.Filters = append(d.documents.Filters, f)
	return nil
}

// filterRules reads which rules are meant: a list of ids and names, or "any".
func (d *document) filterRules(f *Filter, section []pair) error {
	p := find(section, "rules")
	if p == nil || isNull(p.value) {
		return refuse(f.Line, "filter does not say for which rules it is: list their ids or names, or write any")
	}
	var err error
	if f.Rules, err = d.strings(p); err != nil {
		return err
	}
	one := p.value.Kind == yaml.ScalarNode
	if len(f.Rules) == 0 || one && (strings.EqualFold(f.Rules[0], "any") || strings.EqualFold(f.Rules[0], "all")) {
		f.Any, f.Rules = true, nil
	}
	return nil
}
