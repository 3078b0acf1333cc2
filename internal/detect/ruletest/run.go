package ruletest

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

// Evaluate asks rules about events that are a world of their own, in the order given. rules are paths
// from where the script's own path starts. A rule that cannot be loaded is an error, worded
// so that its author can mend it.
type Evaluate func(rules []string, placeholders map[string][]string, events []event.Event) ([]finding.Finding, error)

// Result is what became of one script.
type Result struct {
	File     string
	Cases    int
	Failures []Failure
}

// Failure is a case that did not go as expected.
type Failure struct {
	File   string
	Line   int // of the expect
	Case   string
	Reason string // what was expected and what was found, on several lines
}

// Run runs all cases.
func (s *Script) Run(evaluate Evaluate) Result {
	rules := make([]string, len(s.Rules))
	for i, r := range s.Rules {
		rules[i] = path.Join(path.Dir(strings.ReplaceAll(s.File, `\`, "/")), r)
	}
	result := Result{File: s.File, Cases: len(s.Cases)}
	for _, c := range s.Cases {
		events := slices.Clone(c.Events)
		found, err := evaluate(rules, c.Placeholders, events)
		reason := ""
		if err != nil {
			reason = "the rule could not be run: " + err.Error() + "\n"
		} else {
			reason = c.Expect.differs(found)
		}
		if reason != "" {
			result.Failures = append(result.Failures, Failure{s.File, c.Expect.Line, c.Name, reason})
		}
	}
	return result
}

// String is the failure for people, ending in a line break.
func (f Failure) String() string {
	name := ""
	if f.Case != "" {
		name = ": " + f.Case
	}
	return fmt.Sprintf("%s:%d%s\n%s", f.File, f.Line, name, indent(f.Reason))
}

// Summary says in a line how many cases of how many scripts went as expected.
func Summary(results []Result) string {
	cases, failed := 0, 0
	for _, r := range results {
		cases += r.Cases
		failed += len(r.Failures)
	}
	if failed == 0 {
		return fmt.Sprintf("%s in %s: all as expected", plural(cases, "case"), plural(len(results), "test"))
	}
	return fmt.Sprintf("%s in %s: %d not as expected", plural(cases, "case"), plural(len(results), "test"), failed)
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// differs says what is not as expected, or nothing.
func (e Expectation) differs(found []finding.Finding) string {
	ok := len(found) == e.Findings
	for i := range found {
		for key, want := range e.Each {
			ok = ok && slices.Contains(facts(&found[i], key), want)
		}
	}
	if ok {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "expected: %s\n", e)
	if len(found) == 0 {
		b.WriteString("found:    none\n")
	}
	for i := range found {
		f := &found[i]
		fmt.Fprintf(&b, "found:    %s (level=%s events=%d%s)\n", f.Rule.Title, f.Rule.Level, f.Count, things(f))
		for _, key := range sorted(e.Each) {
			got := facts(f, key)
			if slices.Contains(got, e.Each[key]) {
				continue
			}
			if len(got) == 0 {
				got = []string{"not stated"}
			}
			fmt.Fprintf(&b, "          %s: %s\n", key, strings.Join(got, ", "))
		}
	}
	return b.String()
}

// String is what the expect said.
func (e Expectation) String() string {
	if e.Findings == 0 {
		return "none"
	}
	text := plural(e.Findings, "finding")
	for _, key := range sorted(e.Each) {
		text += " " + key + "=" + e.Each[key]
	}
	return text
}

// facts lists what a finding says under a key of expect.
func facts(f *finding.Finding, key string) []string {
	switch key {
	case "level":
		return []string{f.Rule.Level}
	case "events":
		return []string{strconv.Itoa(f.Count)}
	case "rule":
		return []string{f.Rule.Title}
	case "kind":
		return []string{string(f.Kind)}
	}
	return f.Entities[key]
}

func things(f *finding.Finding) string {
	text := ""
	for _, kind := range sorted(f.Entities) {
		text += " " + kind + "=" + strings.Join(f.Entities[kind], ",")
	}
	return text
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
