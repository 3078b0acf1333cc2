package sigma_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/sigma"
)

const filteredRule = `title: Charts opened at night
id: 3f2c1a70-5a54-4a7e-9f0a-1f2e3d4c5b6a
name: night_charts
logsource: {product: ehr, service: audit}
detection:
    sel_a: {F: a}
    sel_b: {F: b}
    condition: [1 of them, all of sel_*]
`

func parseFilter(text string) (*sigma.Filter, []sigma.Problem) {
	docs, problems := sigma.Parse("filter.yml", []byte(text), sigma.Options{})
	if len(docs.Filters) == 0 {
		return nil, problems
	}
	return docs.Filters[0], problems
}

const filterText = `title: The night team
logsource: {product: ehr}
filter:
    rules: [night_charts]
    sel_a: {User: n1}
    sel_c: {User: n2}
    condition: not 1 of sel_* and not sel_a
`

func filteredRuleParsed(t *testing.T) *sigma.Rule {
	t.Helper()
	docs, problems := sigma.Parse("rule.yml", []byte(filteredRule), sigma.Options{})
	if len(docs.Rules) != 1 {
		t.Fatal(problems)
	}
	return docs.Rules[0]
}

func TestFilterApply(t *testing.T) {
	f, problems := parseFilter(filterText)
	if f == nil || len(problems) != 0 {
		t.Fatal(problems)
	}
	r := filteredRuleParsed(t)
	narrowed, ok := f.Apply(r)
	if !ok {
		t.Fatal("the filter does not concern the rule")
	}
	var got []string
	for i := range narrowed.Conditions {
		got = append(got, show(&narrowed.Conditions[i]))
	}
	const only = "(!(_filter_sel_a | _filter_sel_c) & !_filter_sel_a)"
	if diff := cmp.Diff(got, []string{"(1[them] & " + only + ")", "(all[sel_*] & " + only + ")"}); diff != "" {
		t.Error(diff)
	}
	if got, want := narrowed.Conditions[0].Text, "(1 of them) and (not 1 of sel_* and not sel_a)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(r.Selections) != 2 || len(r.Conditions) != 2 || r.Conditions[0].And != nil {
		t.Error("the rule itself was changed")
	}
	for _, s := range narrowed.Selections[2:] {
		for _, pattern := range []string{"them", "*", "*sel*", "_*"} {
			if (&sigma.Quantifier{Pattern: pattern}).Covers(s.Name) {
				t.Errorf("%s covers a selection of the filter", pattern)
			}
		}
	}
	again, ok := f.Apply(narrowed)
	names := map[string]bool{}
	for _, s := range again.Selections {
		names[s.Name] = true
	}
	if !ok || len(names) != 6 {
		t.Error("selections of two filters clash")
	}
}

func TestFilterConcerns(t *testing.T) {
	edit := func(from, to string) string { return strings.Replace(filterText, from, to, 1) }
	r := filteredRuleParsed(t)
	for text, want := range map[string]bool{
		filterText:                                                   true,
		edit("[night_charts]", "night_charts"):                       true,
		edit("[night_charts]", "any"):                                true,
		edit("[night_charts]", "Any"):                                true,
		edit("[night_charts]", "all"):                                true,
		edit("[night_charts]", "[]"):                                 true,
		edit("night_charts", "3f2c1a70-5a54-4a7e-9f0a-1f2e3d4c5b6a"): true,
		edit("night_charts", "Charts opened at night"):               false,
		edit("night_charts", "other"):                                false,
		edit("product: ehr", "product: ehr, service: audit"):         true,
		edit("product: ehr", "service: audit"):                       true,
		edit("product: ehr", "product: hl7"):                         false,
		edit("product: ehr", "category: any"):                        false,
	} {
		f, problems := parseFilter(text)
		if f == nil {
			t.Error(problems)
			continue
		}
		if _, got := f.Apply(r); got != want {
			t.Errorf("got %v, want %v: %s", got, want, text)
		}
	}
}

func TestFilterProblems(t *testing.T) {
	edit := func(from, to string) string { return strings.Replace(filterText, from, to, 1) }
	for text, reason := range map[string]string{
		edit("    rules: [night_charts]\n", ""):                   "for which rules",
		edit("not 1 of sel_* and not sel_a", "sel_x"):             "no selection is called that",
		edit("not 1 of sel_* and not sel_a", "[sel_a, sel_c]"):    "exactly one condition",
		edit("    condition: not 1 of sel_* and not sel_a\n", ""): "condition is missing",
		edit("logsource: {product: ehr}\n", ""):                   "logsource is missing",
		edit("title: The night team\n", ""):                       "title is missing",
	} {
		if f, problems := parseFilter(text); f != nil || len(problems) != 1 || !strings.Contains(problems[0].Reason, reason) {
			t.Errorf("%s: %v", reason, problems)
		}
	}
	f, problems := parseFilter(edit("not 1 of sel_* and not sel_a", "sel_a"))
	if f == nil || len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].Reason, `no "not"`) {
		t.Error(problems)
	}
}
