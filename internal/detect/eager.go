package detect

import "github.com/wardline/wardline/format/sigma"

// Eager lists the rules that wait at no literal: they are run on every event of
// their log source. They are not wrong, only slow.
func (e *Engine) Eager() []*sigma.Rule {
	eager := make([]bool, len(e.rules))
	for _, v := range e.views {
		for _, r := range v.group.always {
			eager[r] = true
		}
	}
	var rules []*sigma.Rule
	for i, yes := range eager {
		if yes {
			rules = append(rules, e.rules[i])
		}
	}
	return rules
}
