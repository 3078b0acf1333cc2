package ruletest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/detect/ruletest"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

func taxonomy(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

const example = `# Two cases.
source windows Microsoft-Windows-Sysmon/Operational
fields {"EventID": 1, "Computer": "WS-RAD-04"}
placeholder Leavers g.formerly "h. bygone"

case a tool was started
event 2026-03-01T02:11:04Z {"Image": "C:\\v.exe",
	"Computer": "WS-RAD-05"}
expect 1 finding level=high rule="Copies deleted"

repeat 3 every 90s event 2026-03-01T03:00:00+01:00 {"n": {{n}}, "round": "{{n%2}}"}
expect none
`

func TestParse(t *testing.T) {
	s, err := ruletest.Parse("rules/copies.test", []byte(example), taxonomy(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"copies.yml"}, s.Rules); diff != "" {
		t.Error(diff)
	}
	first, second := s.Cases[0], s.Cases[1]
	if got, want := string(first.Events[0].Fields), `{"EventID":1,"Image":"C:\\v.exe","Computer":"WS-RAD-05"}`; got != want {
		t.Errorf("fields are %s, want %s", got, want)
	}
	if got := first.Events[0].Class.Category; got != "process_creation" {
		t.Errorf("category is %s", got)
	}
	if diff := cmp.Diff(map[string][]string{"Leavers": {"g.formerly", "h. bygone"}}, first.Placeholders); diff != "" {
		t.Error(diff)
	}
	want := ruletest.Expectation{Line: 9, Findings: 1, Each: map[string]string{"level": "high", "rule": "Copies deleted"}}
	if diff := cmp.Diff(want, first.Expect); diff != "" {
		t.Error(diff)
	}
	var times, fields []string
	for _, ev := range second.Events {
		times = append(times, ev.Time.Format(time.TimeOnly))
		fields = append(fields, string(ev.Fields)[len(`{"EventID":1,"Computer":"WS-RAD-04",`):])
	}
	if diff := cmp.Diff([]string{"02:00:00", "02:01:30", "02:03:00"}, times); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`"n":1,"round":"0"}`, `"n":2,"round":"1"}`, `"n":3,"round":"0"}`}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestParseSaysWhereAndWhatToDo(t *testing.T) {
	const source = "source ehr audit\n"
	for text, want := range map[string]string{
		"":                              "x.test:1: script has no case",
		"\n\nexpected none":             "x.test:3: statement is unknown",
		"event 2026-03-01T02:11:04Z {}": "x.test:1: event comes before any source",
		"source hospital":               "x.test:1: source names a sender",
		"source windows sysmon":         "x.test:1: source names a log",
		source + "event yesterday {}":   "x.test:2: event must begin with a time",
		source + "event 2026-03-01T02:11:04Z {\"a\":\"C:\\x\"}":            "x.test:2: fields must be one JSON object",
		source + "event 2026-03-01T02:11:04Z {} {}":                        "x.test:2: fields must be one JSON object",
		source + "event 2026-03-01T02:11:04Z {}":                           "x.test:2: case has no expect",
		source + "expect none":                                             "x.test:2: expect has no events",
		source + "event 2026-03-01T02:11:04Z {}\nexpect some":              "x.test:3: expect must be written",
		source + "event 2026-03-01T02:11:04Z {}\nexpect 0 findings":        "x.test:3: expect must state how many",
		source + "event 2026-03-01T02:11:04Z {}\nexpect 1 finding high":    "x.test:3: expect states what findings have",
		source + "repeat 5 event 2026-03-01T02:11:04Z {}":                  "x.test:2: repeat must be written",
		source + "repeat 100000000 every 1s event 2026-03-01T02:11:04Z {}": "x.test:2: repeat is longer",
		source + "case a\ncase b":                                          "x.test:3: the case before has no expect",
		source + "placeholder Leavers":                                     "x.test:2: placeholder must be",
		source + "case a\nrule other.yml":                                  "x.test:3: rule must name a file",
		"\xff":                                                             "x.test:1: script must be UTF-8",
	} {
		_, err := ruletest.Parse("x.test", []byte(text), taxonomy(t))
		var e *ruletest.Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestRunReportsWhatWasFound(t *testing.T) {
	s, err := ruletest.Parse("rules/copies.test", []byte(example), taxonomy(t))
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	result := s.Run(func(rules []string, _ map[string][]string, events []event.Event) ([]finding.Finding, error) {
		asked = append(asked, fmt.Sprint(rules, len(events)))
		f := finding.Finding{Count: len(events), Rule: finding.Rule{Title: "Copies deleted", Level: "low"},
			Entities: map[string][]string{"host": {"WS-RAD-05"}}}
		return []finding.Finding{f}, nil
	})
	if diff := cmp.Diff([]string{"[rules/copies.yml] 1", "[rules/copies.yml] 3"}, asked); diff != "" {
		t.Error(diff)
	}
	want := `rules/copies.test:9: a tool was started
    expected: 1 finding level=high rule=Copies deleted
    found:    Copies deleted (level=low events=1 host=WS-RAD-05)
              level: low
rules/copies.test:12
    expected: none
    found:    Copies deleted (level=low events=3 host=WS-RAD-05)
`
	got := ""
	for _, f := range result.Failures {
		got += f.String()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := ruletest.Summary([]ruletest.Result{result}), "2 cases in 1 test: 2 not as expected"; got != want {
		t.Errorf("summary is %q, want %q", got, want)
	}
}

func TestRunPassesOnWhyARuleCannotBeRun(t *testing.T) {
	s, err := ruletest.Parse("copies.test", []byte(example), taxonomy(t))
	if err != nil {
		t.Fatal(err)
	}
	result := s.Run(func([]string, map[string][]string, []event.Event) ([]finding.Finding, error) {
		return nil, errors.New("copies.yml:4: level is unknown")
	})
	if len(result.Failures) != 2 || !strings.Contains(result.Failures[0].Reason, "copies.yml:4") {
		t.Error(result.Failures)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("source ehr audit\nevent 2026-03-01T02:11:04Z {\"a\":\"{{n%0}}{{n\"}\nexpect 2 findings a=\"b c\"\n"))
	f.Add([]byte("source zeek conn\nrepeat 9 every 1h event 2026-03-01T02:11:04Z\n\t{\"a.b\":[1,{}]}\nexpect none"))
	tax := taxonomy(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<12 {
			return
		}
		s, err := ruletest.Parse("x.test", text, tax)
		if err != nil {
			var e *ruletest.Error
			if s != nil || !errors.As(err, &e) || e.Line < 1 {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		for _, c := range s.Cases {
			if len(c.Events) == 0 || len(c.Events) > 100_000 {
				t.Fatalf("case with %d events", len(c.Events))
			}
		}
	})
}
