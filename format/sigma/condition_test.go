package sigma_test

import (
	"strings"
	"testing"

	"github.com/wardline/wardline/format/sigma"
)

// parseConditionOf reads a rule with four selections.
func parseConditionOf(condition string) (*sigma.Rule, []sigma.Problem) {
	docs, problems := sigma.Parse("rule.yml", []byte(ruleHead+`    sel_a: {F: a}
    sel_b: {F: b}
    filter-c: {F: c}
    _hidden: {F: d}
    condition: `+condition+"\n"), sigma.Options{})
	if len(docs.Rules) == 0 {
		return nil, problems
	}
	return docs.Rules[0], problems
}

// show prints a condition with every parenthesis.
func show(c *sigma.Condition) string {
	join := func(list []sigma.Condition, operator string) string {
		var parts []string
		for i := range list {
			parts = append(parts, show(&list[i]))
		}
		return "(" + strings.Join(parts, operator) + ")"
	}
	switch {
	case c.And != nil:
		return join(c.And, " & ")
	case c.Or != nil:
		return join(c.Or, " | ")
	case c.Not != nil:
		return "!" + show(c.Not)
	case c.Of != nil && c.Of.All:
		return "all[" + c.Of.Pattern + "]"
	case c.Of != nil:
		return "1[" + c.Of.Pattern + "]"
	}
	return c.Identifier
}

func TestConditions(t *testing.T) {
	for condition, want := range map[string]string{
		`sel_a`:                                `sel_a`,
		`(sel_a)`:                              `sel_a`,
		`((sel_a))`:                            `sel_a`,
		`sel_a and sel_b`:                      `(sel_a & sel_b)`,
		`sel_a or sel_b and filter-c`:          `(sel_a | (sel_b & filter-c))`,
		`sel_a and sel_b or filter-c`:          `((sel_a & sel_b) | filter-c)`,
		`(sel_a or sel_b) and filter-c`:        `((sel_a | sel_b) & filter-c)`,
		`not sel_a and sel_b`:                  `(!sel_a & sel_b)`,
		`not (sel_a and sel_b)`:                `!(sel_a & sel_b)`,
		`not not sel_a`:                        `!!sel_a`,
		`sel_a and not sel_b`:                  `(sel_a & !sel_b)`,
		`sel_a or sel_b or filter-c`:           `(sel_a | sel_b | filter-c)`,
		`1 of them`:                            `1[them]`,
		`any of them`:                          `1[them]`,
		`all of them`:                          `all[them]`,
		`1 of sel_*`:                           `1[sel_*]`,
		`all of *_a`:                           `all[*_a]`,
		`1 of s*_b`:                            `1[s*_b]`,
		`all of sel_a`:                         `all[sel_a]`,
		`not 1 of filter-*`:                    `!1[filter-*]`,
		`all of sel_* and not 1 of filter-*`:   `(all[sel_*] & !1[filter-*])`,
		`not 1 of sel_* or filter-c`:           `(!1[sel_*] | filter-c)`,
		`_hidden`:                              `_hidden`,
		`"\n  sel_a\t and\n\n  (sel_b )  \n "`: `(sel_a & sel_b)`,
		">\n        sel_a\n        or sel_b":   `(sel_a | sel_b)`,
	} {
		r, problems := parseConditionOf(condition)
		if r == nil {
			t.Errorf("%s: %v", condition, problems)
			continue
		}
		if got := show(&r.Conditions[0]); got != want {
			t.Errorf("%s: got %s, want %s", condition, got, want)
		}
		if r.Conditions[0].Text == "" || r.Conditions[0].Line == 0 {
			t.Errorf("%s: text or line missing", condition)
		}
	}
}

func TestConditionsRefused(t *testing.T) {
	for condition, reason := range map[string]string{
		`''`:                                  `condition is empty`,
		`null`:                                `condition is missing`,
		`[]`:                                  `empty list`,
		`{a: b}`:                              `must be a text`,
		`sel_c`:                               `no selection is called that`,
		`SEL_A`:                               `no selection is called that`,
		`sel_a AND sel_b`:                     `lower case`,
		`NOT sel_a`:                           `unexpected`,
		`sel_a Or sel_b`:                      `lower case`,
		`2 of sel_*`:                          `unexpected "of"`,
		`1 of nothing_*`:                      `no selection fits`,
		`1 of _hid*`:                          `no selection fits`,
		`all of sel`:                          `no selection fits`,
		`1 of`:                                `"of" without`,
		`1 of (sel_a, sel_b)`:                 `"of" without`,
		`sel_*`:                               `write "1 of"`,
		`sel_a and`:                           `ends where a selection`,
		`and sel_a`:                           `unexpected "and"`,
		`sel_a sel_b`:                         `unexpected "sel_b"`,
		`(sel_a`:                              `not closed`,
		`sel_a)`:                              `unexpected ")"`,
		`()`:                                  `unexpected ")"`,
		`not`:                                 `ends where a selection`,
		`sel_a & sel_b`:                       `belongs to no name`,
		`'sel_a | count() > 5'`:               `use a correlation`,
		`'sel_a | count(F) by G >= 5'`:        `use a correlation`,
		`'sel_a | near sel_b'`:                `use a correlation`,
		strings.Repeat("(", 200) + "sel_a":    `nested deeper`,
		strings.Repeat("not ", 200) + "sel_a": `nested deeper`,
		strings.Repeat("sel_a or ", 20000) + "sel_a": `longer than`,
	} {
		r, problems := parseConditionOf(condition)
		name := condition[:min(len(condition), 40)]
		if r != nil || len(problems) != 1 {
			t.Errorf("%s: not refused", name)
			continue
		}
		if !strings.Contains(problems[0].Reason, reason) {
			t.Errorf("%s: refused because %s", name, problems[0].Reason)
		}
	}
}

func TestConditionList(t *testing.T) {
	r, problems := parseConditionOf("[sel_a, not sel_b]")
	if r == nil || len(r.Conditions) != 2 || show(&r.Conditions[1]) != "!sel_b" {
		t.Fatal(problems)
	}
}

func TestQuantifierCovers(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"them", "selection", true}, {"them", "_selection", false},
		{"sel*", "selection", true}, {"sel*", "sel", true}, {"sel*", "filter", false},
		{"*_main", "a_main", true}, {"*_main", "a_main_b", false},
		{"s*n", "selection", true}, {"s*n", "sn", true}, {"sel*sel", "sel", false},
		{"*a*b*", "xaxbx", true}, {"*a*b*", "xbxax", false},
		{"sel", "selection", false}, {"*", "_x", false}, {"*", "x", true}, {"_x*", "_x1", false},
		{"Sel*", "selection", false},
	} {
		if got := (&sigma.Quantifier{Pattern: c.pattern}).Covers(c.name); got != c.want {
			t.Errorf("%s covers %s: got %v", c.pattern, c.name, got)
		}
	}
}
