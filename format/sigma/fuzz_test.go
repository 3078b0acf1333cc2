package sigma_test

import (
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/format/sigma"
)

// A YAML library makes a node of each value and a rule makes patterns of it: that is what a
// byte may cost.
const (
	allocBase    = 4 << 20
	allocPerByte = 4 << 10
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(wholeRule))
	f.Add([]byte(filteredRule + "---\n" + filterText + "---\n" + smallRule))
	f.Add([]byte(ruleHead + "  s:\n    A|windash|contains|all: ['-a /b', x]\n    B|re|i: a{3}\n    C|cidr: ::1/128\n    D|expand: '%One%'\n  condition: 1 of s*\n"))
	f.Add([]byte("title: c\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  group-by: [x]\n  aliases: {x: {a: f, b: g}}\n  condition: a and not b\n"))
	f.Add([]byte("a: &a [x, *a]\nb: *a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		docs, problems := sigma.Parse("f.yml", data, bound)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(allocBase+allocPerByte*len(data)) {
			t.Errorf("%d bytes allocated for %d", got, len(data))
		}
		if took > time.Second+time.Duration(len(data))*20*time.Microsecond {
			t.Errorf("%v for %d bytes", took, len(data))
		}
		lines := 1 // as YAML counts them (YAML 1.2, 5.4, and what older versions added)
		for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
			lines += strings.Count(string(data), end)
		}
		for _, p := range problems {
			if p.Reason == "" || !utf8.ValidString(p.Reason) || len(p.Reason) > 1000 || p.Line < 0 || p.Line > lines+1 {
				t.Errorf("line %d of %d: %s", p.Line, lines, p.Reason)
			}
		}
		for _, r := range docs.Rules {
			checkRule(t, r)
			for _, filter := range docs.Filters {
				if narrowed, ok := filter.Apply(r); ok {
					checkRule(t, narrowed)
				}
			}
		}
		for _, c := range docs.Correlations {
			if len(c.Rules) == 0 || c.Timespan <= 0 || c.Title == "" || c.Extended == nil && len(c.Threshold) == 0 && !strings.HasPrefix(string(c.Type), "temporal") {
				t.Error("correlation is incomplete")
			}
		}
	})
}

// checkRule asserts what evaluators rely on.
func checkRule(t *testing.T, r *sigma.Rule) {
	if r.Title == "" || len(r.Selections) == 0 || len(r.Conditions) == 0 {
		t.Fatal("rule is incomplete")
	}
	names := map[string]bool{}
	for i := range r.Selections {
		if names[r.Selections[i].Name] {
			t.Error("two selections of one name")
		}
		names[r.Selections[i].Name] = true
		checkSearch(t, &r.Selections[i].Search)
	}
	for i := range r.Conditions {
		checkCondition(t, &r.Conditions[i], names)
	}
}

func checkSearch(t *testing.T, s *sigma.Search) {
	forms := 0
	if s.Item != nil {
		forms++
		checkItem(t, s.Item)
	}
	if s.All != nil {
		forms++
	}
	if s.Any != nil {
		forms++
	}
	if forms != 1 {
		t.Fatal("search has not exactly one form")
	}
	for i := range s.All {
		checkSearch(t, &s.All[i])
	}
	for i := range s.Any {
		checkSearch(t, &s.Any[i])
	}
}

func checkItem(t *testing.T, it *sigma.Item) {
	if len(it.Values) == 0 {
		t.Fatal("item without values")
	}
	for _, v := range it.Values {
		switch {
		case it.Op == sigma.Matches && v.Kind == sigma.Text && len(v.Patterns) == 0:
			t.Error("text without patterns")
		case it.Op == sigma.Exists && v.Kind != sigma.Bool, it.Op >= sigma.Less && it.Op <= sigma.GreaterEqual && v.Kind != sigma.Number:
			t.Error("value of the wrong kind")
		}
	}
}

func checkCondition(t *testing.T, c *sigma.Condition, names map[string]bool) {
	switch {
	case c.Not != nil:
		checkCondition(t, c.Not, names)
	case c.And != nil || c.Or != nil:
		for i := range c.And {
			checkCondition(t, &c.And[i], names)
		}
		for i := range c.Or {
			checkCondition(t, &c.Or[i], names)
		}
	case c.Of != nil:
		for name := range names {
			if c.Of.Covers(name) {
				return
			}
		}
		t.Error("quantifier covers nothing")
	case !names[c.Identifier]:
		t.Error("condition names a selection that is not there")
	}
}

// FuzzCondition compares the parser with the printed form of what it read.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"sel_a", "1 of sel_* and not (filter-c or sel_b)", "not not all of them", "((sel_a)", "sel_a | count() > 5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
		r, _ := parseConditionOf(quoted)
		if r == nil {
			return
		}
		first := show(&r.Conditions[0])
		spelled := strings.NewReplacer("&", "and", "|", "or", "!", "not ", "1[", "1 of ", "all[", "all of ", "]", "").Replace(first)
		again, problems := parseConditionOf(spelled)
		if again == nil {
			t.Fatal("printed condition is refused:", problems)
		}
		if second := show(&again.Conditions[0]); second != first {
			t.Errorf("printed condition reads differently: %s, %s", first, second)
		}
	})
}
