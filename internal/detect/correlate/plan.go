// Package correlate joins matches over time: many failed logins of one user, files
// renamed by the hundred, a login after a guess.
//
// Windows slide: every match opens the question anew for the time span that ends with it.
// What is remembered is bounded, and can be put aside and taken up again after a
// restart.
package correlate

import (
	"fmt"

	"github.com/wardline/wardline/format/sigma"
)

// Plan is a set of correlations whose references are settled. It never changes.
type Plan struct {
	correlations []*sigma.Correlation
	watchers     [][]watcher // by source: the correlations that listen to it
	rules        int         // sources below this are rules; the rest are correlations in their order
	silenced     []bool      // by source: what it finds is not reported for itself
}

// watcher is a correlation that a source is a member of.
type watcher struct {
	correlation int
	member      int      // place in the correlation's list of rules
	groupBy     []string // fields of this member's events
	value       string   // field that a value_* correlation looks at
}

// NewPlan settles which rules and correlations each correlation speaks of, by id or
// name. One whose members are not all there is left out and reported.
func NewPlan(correlations []*sigma.Correlation, rules []*sigma.Rule) (*Plan, []sigma.Problem) {
	p := &Plan{rules: len(rules), silenced: make([]bool, len(rules))}
	known := map[string]int{}
	for i, r := range rules {
		name(known, r, i)
	}
	var problems []sigma.Problem
	for len(correlations) > 0 { // a correlation may rest on one that is written after it
		var later []*sigma.Correlation
		for _, c := range correlations {
			if missing(c, known) != "" {
				later = append(later, c)
				continue
			}
			name(known, &c.Rule, p.add(c, known))
		}
		if len(later) == len(correlations) {
			for _, c := range later {
				problems = append(problems, sigma.Problem{File: c.File, Line: c.Line, ID: c.ID, Title: c.Title,
					Reason: fmt.Sprintf("correlation rests on a rule that is not loaded: %s", missing(c, known))})
			}
			break
		}
		correlations = later
	}
	return p, problems
}

func name(known map[string]int, r *sigma.Rule, source int) {
	for _, n := range []string{r.ID, r.Name} {
		if n != "" {
			known[n] = source
		}
	}
}

func missing(c *sigma.Correlation, known map[string]int) string {
	for _, ref := range c.Rules {
		if _, ok := known[ref]; !ok {
			return ref
		}
	}
	return ""
}

// add enters a correlation and returns its source number.
func (p *Plan) add(c *sigma.Correlation, known map[string]int) int {
	n := len(p.correlations)
	p.correlations = append(p.correlations, c)
	p.silenced = append(p.silenced, false)
	for i, ref := range c.Rules {
		source := known[ref]
		w := watcher{correlation: n, member: i, value: c.ValueField}
		for _, field := range c.GroupBy {
			w.groupBy = append(w.groupBy, aliased(c, field, ref))
		}
		for len(p.watchers) <= source {
			p.watchers = append(p.watchers, nil)
		}
		p.watchers[source] = append(p.watchers[source], w)
		if !c.Generate {
			p.silenced[source] = true
		}
	}
	return p.rules + n
}

// aliased returns the field that a group-by name stands for in a member's events.
func aliased(c *sigma.Correlation, field, ref string) string {
	for _, a := range c.Aliases {
		if a.Name == field && a.Fields[ref] != "" {
			return a.Fields[ref]
		}
	}
	return field
}

// Correlations lists the correlations of the plan.
func (p *Plan) Correlations() []*sigma.Correlation { return p.correlations }

// Listens tells whether any correlation rests on rule number n.
func (p *Plan) Listens(rule int) bool { return rule < len(p.watchers) && len(p.watchers[rule]) > 0 }

// Silenced tells whether matches of rule number n are reported through correlations only
// (specification, generate: false). Correlations that others rest on are silenced likewise,
// and State.Add keeps quiet about them.
func (p *Plan) Silenced(rule int) bool { return p.silenced[rule] }
