package sigma

import (
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rule reads a detection rule (rules specification 2.1.0).
func (d *document) rule(top []pair) error {
	if err := d.metadata(top, "logsource", "detection"); err != nil {
		return err
	}
	if err := d.logsource(top); err != nil {
		return err
	}
	detection, err := d.pairs(find(top, "detection").value, "detection")
	if err != nil {
		return err
	}
	r := d.meta
	if old := find(detection, "timeframe"); old != nil && old.value.Kind == yaml.ScalarNode {
		return refuse(old.line, "timeframe belongs to aggregations, which are no part of Sigma 2: use a correlation")
	}
	if r.Selections, err = d.selections(detection, "condition"); err != nil {
		return err
	}
	if r.Conditions, err = d.conditions(detection); err != nil {
		return err
	}
	names := selectionNames(r.Selections)
	for i := range r.Conditions {
		if err := r.Conditions[i].check(names); err != nil {
			return err
		}
	}
	d.documents.Rules = append(d.documents.Rules, &r)
	return nil
}

func selectionNames(selections []Selection) []string {
	names := make([]string, len(selections))
	for i := range selections {
		names[i] = selections[i].Name
	}
	return names
}

// conditions reads the condition, or a list of them, any of which suffices.
func (d *document) conditions(detection []pair) ([]Condition, error) {
	p := find(detection, "condition")
	if p == nil || isNull(p.value) {
		return nil, refuse(d.meta.Line, "condition is missing")
	}
	elements, err := d.elements(p.value)
	if err != nil {
		return nil, err
	}
	if len(elements) == 0 {
		return nil, refuse(p.line, "condition is an empty list")
	}
	conditions := make([]Condition, len(elements))
	for i, e := range elements {
		if e.Kind != yaml.ScalarNode {
			return nil, refuse(d.line(e), "condition must be a text or a list of texts")
		}
		if conditions[i], err = parseCondition(e.Value, d.line(e)); err != nil {
			return nil, err
		}
	}
	return conditions, nil
}

// selections reads every entry that is not one of the keys in except.
func (d *document) selections(entries []pair, except ...string) ([]Selection, error) {
	var selections []Selection
	for _, p := range entries {
		if slices.Contains(except, p.key) {
			continue
		}
		if isNull(p.value) {
			return nil, refuse(p.line, "selection %s is empty", quote(p.key))
		}
		search, err := d.search(p.value, 0)
		if err != nil {
			return nil, err
		}
		selections = append(selections, Selection{Name: p.key, Search: search, Line: p.line})
	}
	if len(selections) == 0 {
		return nil, refuse(d.meta.Line, "there is no selection")
	}
	return selections, nil
}

// search reads a selection: a map of items, of which all must hold; a list of such maps, of
// which one must; or keywords (specification, "Lists" and "Maps").
func (d *document) search(n *yaml.Node, depth int) (Search, error) {
	if depth > maxDepth {
		return Search{}, refuse(d.line(n), "selection is nested deeper than %d", maxDepth)
	}
	if n.Kind == yaml.MappingNode {
		return d.itemMap(n)
	}
	elements, err := d.elements(n)
	if err != nil {
		return Search{}, err
	}
	if len(elements) == 0 {
		return Search{}, refuse(d.line(n), "selection is an empty list")
	}
	if !slices.ContainsFunc(elements, func(e *yaml.Node) bool { return e.Kind != yaml.ScalarNode }) {
		item, err := d.item("", elements, d.line(n))
		return Search{Item: item}, err
	}
	s := Search{Any: make([]Search, len(elements))}
	for i, e := range elements {
		if s.Any[i], err = d.search(e, depth+1); err != nil {
			return Search{}, err
		}
	}
	return s, nil
}

func (d *document) itemMap(n *yaml.Node) (Search, error) {
	entries, err := d.pairs(n, "selection")
	if err != nil {
		return Search{}, err
	}
	if len(entries) == 0 {
		return Search{}, refuse(d.line(n), "selection is an empty map")
	}
	s := Search{All: make([]Search, len(entries))}
	for i, p := range entries {
		if p.value.Kind == yaml.MappingNode {
			return Search{}, refuse(p.line, "field %s holds a map: write nested fields with dots", quote(p.key))
		}
		values, err := d.elements(p.value)
		if err != nil {
			return Search{}, err
		}
		item, err := d.item(p.key, values, p.line)
		if err != nil {
			return Search{}, err
		}
		s.All[i] = Search{Item: item}
	}
	return s, nil
}

// item reads one line of a selection: `field|modifier|modifier: values`.
func (d *document) item(key string, values []*yaml.Node, line int) (*Item, error) {
	field, rest, modified := strings.Cut(key, "|")
	b := itemBuilder{document: d, item: &Item{Field: field, Line: line}}
	if len(values) == 0 {
		return nil, refuse(line, "field %s has an empty list of values", quote(field))
	}
	for _, n := range values {
		if n.Kind != yaml.ScalarNode {
			return nil, refuse(d.line(n), "field %s has a value that is no text, number, true, false or null", quote(field))
		}
		v := scalar(n)
		switch {
		case v.Kind == Null && len(values) > 1:
			return nil, refuse(d.line(n), "null cannot stand in a list of values: use two selections")
		case v.Kind == Null && field == "":
			return nil, refuse(d.line(n), "null needs a field")
		}
		b.item.Values = append(b.item.Values, v)
	}
	if modified {
		for _, name := range strings.Split(rest, "|") {
			if err := b.apply(name); err != nil {
				return nil, err
			}
		}
	}
	return b.item, b.finish()
}

// scalar reads a YAML scalar. Dates, and numbers that are none (.inf, .nan), are text.
func scalar(n *yaml.Node) Value {
	v := Value{Kind: Text, Text: n.Value}
	switch n.ShortTag() {
	case "!!null":
		return Value{Kind: Null}
	case "!!bool":
		if n.Decode(&v.Bool) == nil {
			v.Kind = Bool
		}
	case "!!int", "!!float":
		if n.Decode(&v.Number) == nil && !math.IsInf(v.Number, 0) && !math.IsNaN(v.Number) {
			v.Kind = Number
			return v
		}
		v.Number = 0
	}
	return v
}
