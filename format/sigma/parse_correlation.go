package sigma

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// correlation reads a correlation rule (correlation rules specification 2.1.0).
func (d *document) correlation(top []pair) error {
	if err := d.metadata(top, "correlation", "generate"); err != nil {
		return err
	}
	section, err := d.pairs(find(top, "correlation").value, "correlation")
	if err != nil {
		return err
	}
	// What is not understood changes what is counted, so it is not passed over.
	for _, p := range section {
		if !slices.Contains([]string{"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"}, p.key) {
			return refuse(p.line, "correlation has the unknown key %s", quote(p.key))
		}
	}
	c := &Correlation{}
	steps := []func([]pair) error{
		func(s []pair) error { return d.correlationType(c, s) },
		func(s []pair) error { return d.members(c, s) },
		func(s []pair) error { return d.correlationCondition(c, s) },
		func(s []pair) error { return d.aliases(c, s) },
		func(s []pair) error { return d.generate(c, top, s) },
	}
	for _, step := range steps {
		if err := step(section); err != nil {
			return err
		}
	}
	c.Rule = d.meta
	d.documents.Correlations = append(d.documents.Correlations, c)
	return nil
}

func (d *document) correlationType(c *Correlation, section []pair) error {
	p := find(section, "type")
	name, err := d.text(p)
	if err != nil {
		return err
	}
	c.Type = CorrelationType(name)
	switch c.Type {
	case EventCount, ValueCount, Temporal, TemporalOrdered, ValueSum, ValueAvg, ValuePercentile, ValueMedian:
		return nil
	case "":
		return refuse(d.meta.Line, "correlation has no type")
	}
	return refuse(p.line, "correlation has the unknown type %s", quote(name))
}

func (c *Correlation) temporal() bool { return c.Type == Temporal || c.Type == TemporalOrdered }

// members reads which rules are joined, by what fields, and within what time.
func (d *document) members(c *Correlation, section []pair) error {
	var err error
	if c.Rules, err = d.strings(find(section, "rules")); err != nil {
		return err
	}
	for i, ref := range c.Rules {
		if slices.Contains(c.Rules[:i], ref) {
			return refuse(find(section, "rules").line, "correlation lists the rule %s twice", quote(ref))
		}
	}
	if c.GroupBy, err = d.strings(find(section, "group-by")); err != nil {
		return err
	}
	p := find(section, "timespan")
	span, err := d.text(p)
	if err != nil {
		return err
	}
	if span == "" {
		return refuse(d.meta.Line, "correlation has no timespan")
	}
	var ok bool
	if c.Timespan, ok = parseTimespan(span); !ok {
		return refuse(p.line, "timespan must be a number and one of s, m, h, d, w, M, y, such as 90m, and at most 100y")
	}
	return nil
}

// parseTimespan reads a number and a unit. A month is a twelfth of a year, a year 365.2425 days.
func parseTimespan(s string) (time.Duration, bool) {
	const year = 31_556_952 * time.Second
	if s == "" {
		return 0, false
	}
	unit, known := map[byte]time.Duration{
		's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour,
		'w': 7 * 24 * time.Hour, 'M': year / 12, 'y': year,
	}[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if !known || err != nil || n == 0 || n > uint64(100*year/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

func (d *document) correlationCondition(c *Correlation, section []pair) error {
	p := find(section, "condition")
	switch {
	case p == nil || isNull(p.value):
		if !c.temporal() {
			return refuse(d.meta.Line, "correlation has no condition")
		}
	case p.value.Kind == yaml.ScalarNode:
		if err := d.extended(c, p); err != nil {
			return err
		}
	default:
		if err := d.thresholds(c, p); err != nil {
			return err
		}
	}
	if len(c.Rules) == 0 {
		return refuse(d.meta.Line, "correlation names no rules")
	}
	return nil
}

// extended reads a boolean expression over rule names. Without a list of rules, those
// it names are the members.
func (d *document) extended(c *Correlation, p *pair) error {
	if !c.temporal() {
		return refuse(p.line, "only temporal correlations may have an expression for a condition: write a map such as gte: 10")
	}
	condition, err := parseCondition(p.value.Value, d.line(p.value))
	if err != nil {
		return err
	}
	var named []string
	condition.walk(func(n *Condition) {
		if n.Of != nil {
			err = refuse(p.line, "condition of a correlation names rules one by one: \"of\" is not possible")
		}
		if n.Identifier != "" && !slices.Contains(named, n.Identifier) {
			named = append(named, n.Identifier)
		}
	})
	if err != nil {
		return err
	}
	if len(c.Rules) == 0 {
		c.Rules = named
	}
	for _, ref := range c.Rules {
		if !slices.Contains(named, ref) {
			return refuse(p.line, "condition does not speak of %s, which the correlation lists", quote(ref))
		}
	}
	if err := condition.check(c.Rules); err != nil {
		return refuse(p.line, "condition names a rule that the correlation does not list")
	}
	c.Extended = &condition
	return nil
}

// thresholds reads comparisons, all of which must hold, and what they are about.
func (d *document) thresholds(c *Correlation, p *pair) error {
	entries, err := d.pairs(p.value, "condition")
	if err != nil {
		return err
	}
	percentile := false
	for i := range entries {
		e := &entries[i]
		switch e.key {
		case "gt", "gte", "lt", "lte", "eq", "neq":
			v := scalar(e.value)
			if e.value.Kind != yaml.ScalarNode || v.Kind != Number {
				return refuse(e.line, "condition %s must be a number", e.key)
			}
			c.Threshold = append(c.Threshold, Threshold{Comparison(e.key), v.Number})
		case "field":
			if e.value.Kind == yaml.SequenceNode && len(e.value.Content) != 1 {
				return refuse(e.line, "condition must name one field: combinations of several are not counted")
			}
			fields, err := d.strings(e)
			if err != nil {
				return err
			}
			c.ValueField = strings.Join(fields, "")
		case "percentile":
			v := scalar(e.value)
			if e.value.Kind != yaml.ScalarNode || v.Kind != Number || v.Number < 0 || v.Number > 100 {
				return refuse(e.line, "percentile must be a number from 0 to 100")
			}
			c.Percentile, percentile = v.Number, true
		default:
			return refuse(e.line, "condition has the unknown key %s", quote(e.key))
		}
	}
	return d.checkThresholds(c, p.line, percentile)
}

func (d *document) checkThresholds(c *Correlation, line int, percentile bool) error {
	counts := c.temporal() || c.Type == EventCount
	switch {
	case len(c.Threshold) == 0:
		return refuse(line, "condition of a correlation compares with nothing: write a map such as gte: 10")
	case !counts && c.ValueField == "":
		return refuse(line, "condition of %s needs a field", c.Type)
	case counts && c.ValueField != "":
		d.warn(line, "condition of "+string(c.Type)+" looks at no field: the one named is passed over")
	case c.Type == ValuePercentile && !percentile:
		c.Percentile = 50
		d.warn(line, "condition states no percentile: 50 is taken")
	}
	for _, t := range c.Threshold {
		if (counts || c.Type == ValueCount) && t.Value != math.Trunc(t.Value) {
			d.warn(line, "condition compares a count with a fraction")
		}
	}
	return nil
}

// aliases reads group-by names that stand for a different field in each rule.
func (d *document) aliases(c *Correlation, section []pair) error {
	p := find(section, "aliases")
	if p == nil || isNull(p.value) {
		return nil
	}
	entries, err := d.pairs(p.value, "aliases")
	if err != nil {
		return err
	}
	for _, e := range entries {
		alias := Alias{Name: e.key, Fields: map[string]string{}}
		fields, err := d.pairs(e.value, "alias")
		if err != nil {
			return err
		}
		for i := range fields {
			f := &fields[i]
			if !slices.Contains(c.Rules, f.key) {
				return refuse(f.line, "alias %s speaks of %s, which the correlation does not list", quote(e.key), quote(f.key))
			}
			if alias.Fields[f.key], err = d.text(f); err != nil {
				return err
			}
		}
		c.Aliases = append(c.Aliases, alias)
	}
	return nil
}

// generate stands in the correlation in most rules, and at the top in the specification's schema.
func (d *document) generate(c *Correlation, top, section []pair) error {
	for _, p := range []*pair{find(top, "generate"), find(section, "generate")} {
		if p == nil || isNull(p.value) {
			continue
		}
		v := scalar(p.value)
		if p.value.Kind != yaml.ScalarNode || v.Kind != Bool {
			return refuse(p.line, "generate must be true or false")
		}
		c.Generate = v.Bool
	}
	return nil
}
