package sigma_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/format/sigma"
)

func parseCorrelation(section string) (*sigma.Correlation, []sigma.Problem) {
	section = "    " + strings.ReplaceAll(strings.TrimSpace(section), "\n", "\n    ")
	docs, problems := sigma.Parse("c.yml", []byte("title: Many charts opened\nname: charts\nlevel: high\ncorrelation:\n"+section+"\n"), sigma.Options{})
	if len(docs.Correlations) == 0 {
		return nil, problems
	}
	return docs.Correlations[0], problems
}

func TestCorrelations(t *testing.T) {
	for _, c := range []struct {
		section string
		want    sigma.Correlation
	}{
		{"type: event_count\nrules: [a]\ngroup-by: [User]\ntimespan: 1h\ncondition: {gte: 100}",
			sigma.Correlation{Type: sigma.EventCount, Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Hour,
				Threshold: []sigma.Threshold{{Op: sigma.GTE, Value: 100}}}},
		{"type: event_count\nrules: a\ngroup-by: User\ntimespan: 90m\ngenerate: true\ncondition:\n  gt: 100\n  lte: 200",
			sigma.Correlation{Type: sigma.EventCount, Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: 90 * time.Minute, Generate: true,
				Threshold: []sigma.Threshold{{Op: sigma.GT, Value: 100}, {Op: sigma.LTE, Value: 200}}}},
		{"type: value_count\nrules: [a, b]\ntimespan: 2d\ncondition: {field: Patient, neq: 3}",
			sigma.Correlation{Type: sigma.ValueCount, Rules: []string{"a", "b"}, Timespan: 48 * time.Hour, ValueField: "Patient",
				Threshold: []sigma.Threshold{{Op: sigma.NEQ, Value: 3}}}},
		{"type: value_count\nrules: [a]\ntimespan: 1w\ncondition: {field: [Patient], eq: 3}",
			sigma.Correlation{Type: sigma.ValueCount, Rules: []string{"a"}, Timespan: 7 * 24 * time.Hour, ValueField: "Patient",
				Threshold: []sigma.Threshold{{Op: sigma.EQ, Value: 3}}}},
		{"type: value_sum\nrules: [a]\ntimespan: 1M\ncondition: {field: bytes, lt: 1.5}",
			sigma.Correlation{Type: sigma.ValueSum, Rules: []string{"a"}, Timespan: 2629746 * time.Second, ValueField: "bytes",
				Threshold: []sigma.Threshold{{Op: sigma.LT, Value: 1.5}}}},
		{"type: value_avg\nrules: [a]\ntimespan: 1y\ncondition: {field: bytes, gt: 1}",
			sigma.Correlation{Type: sigma.ValueAvg, Rules: []string{"a"}, Timespan: 31556952 * time.Second, ValueField: "bytes",
				Threshold: []sigma.Threshold{{Op: sigma.GT, Value: 1}}}},
		{"type: value_median\nrules: [a]\ntimespan: 30s\ncondition: {field: bytes, gt: 1}",
			sigma.Correlation{Type: sigma.ValueMedian, Rules: []string{"a"}, Timespan: 30 * time.Second, ValueField: "bytes",
				Threshold: []sigma.Threshold{{Op: sigma.GT, Value: 1}}}},
		{"type: value_percentile\nrules: [a]\ntimespan: 30s\ncondition: {field: bytes, percentile: 99, gt: 1}",
			sigma.Correlation{Type: sigma.ValuePercentile, Rules: []string{"a"}, Timespan: 30 * time.Second, ValueField: "bytes", Percentile: 99,
				Threshold: []sigma.Threshold{{Op: sigma.GT, Value: 1}}}},
		{"type: temporal\nrules: [a, b]\ntimespan: 10s\ngroup-by: [ip]\naliases:\n  ip: {a: source.ip, b: destination.ip}",
			sigma.Correlation{Type: sigma.Temporal, Rules: []string{"a", "b"}, Timespan: 10 * time.Second, GroupBy: []string{"ip"},
				Aliases: []sigma.Alias{{Name: "ip", Fields: map[string]string{"a": "source.ip", "b": "destination.ip"}}}}},
		{"type: temporal_ordered\nrules: [a, b]\ntimespan: 10s\ncondition: {gte: 2}",
			sigma.Correlation{Type: sigma.TemporalOrdered, Rules: []string{"a", "b"}, Timespan: 10 * time.Second,
				Threshold: []sigma.Threshold{{Op: sigma.GTE, Value: 2}}}},
	} {
		got, problems := parseCorrelation(c.section)
		if got == nil || len(problems) != 0 {
			t.Errorf("%s: %v", c.section, problems)
			continue
		}
		if diff := cmp.Diff(*got, c.want, cmpopts.IgnoreFields(sigma.Correlation{}, "Rule")); diff != "" {
			t.Errorf("%s: %s", c.section, diff)
		}
		if got.Title == "" || got.Name != "charts" || got.Level != sigma.LevelHigh || got.Line != 1 {
			t.Errorf("%s: metadata missing", c.section)
		}
	}
}

func TestExtendedCorrelations(t *testing.T) {
	c, problems := parseCorrelation("type: temporal\ntimespan: 5m\ncondition: break_in and not (ticket or drill)")
	if c == nil {
		t.Fatal(problems)
	}
	if got := show(c.Extended); got != "(break_in & !(ticket | drill))" {
		t.Error(got)
	}
	if diff := cmp.Diff(c.Rules, []string{"break_in", "ticket", "drill"}); diff != "" {
		t.Error(diff)
	}
}

func TestGenerateAtTheTop(t *testing.T) {
	docs, problems := sigma.Parse("c.yml", []byte("title: a\ngenerate: true\ncorrelation: {type: temporal, rules: [a], timespan: 1m}\n"), sigma.Options{})
	if len(docs.Correlations) != 1 || !docs.Correlations[0].Generate {
		t.Error(problems)
	}
}

func TestCorrelationsRefused(t *testing.T) {
	const rest = "rules: [a, b]\ntimespan: 1m\n"
	for section, reason := range map[string]string{
		rest + "condition: {gte: 1}":                                                    "has no type",
		rest + "type: events\ncondition: {gte: 1}":                                      "unknown type",
		rest + "type: event_count":                                                      "has no condition",
		rest + "type: event_count\ncondition: {}":                                       "compares with nothing",
		rest + "type: event_count\ncondition: {gte: '5'}":                               "must be a number",
		rest + "type: event_count\ncondition: {above: 5}":                               `unknown key "above"`,
		rest + "type: event_count\ncondition: a and b":                                  "only temporal",
		rest + "type: value_count\ncondition: {gte: 1}":                                 "needs a field",
		rest + "type: value_sum\ncondition: {gte: 1}":                                   "needs a field",
		rest + "type: value_count\ncondition: {field: [a, b], gte: 1}":                  "one field",
		rest + "type: value_percentile\ncondition: {field: a, percentile: 101, gte: 1}": "from 0 to 100",
		rest + "type: temporal\ngroup_by: [a]":                                          `unknown key "group_by"`,
		rest + "type: temporal\ncondition: a":                                           "does not speak of",
		rest + "type: temporal\ncondition: a and b and c":                               "does not list",
		rest + "type: temporal\ncondition: a and (b":                                    "not closed",
		rest + "type: temporal\ncondition: 1 of a":                                      "one by one",
		rest + "type: temporal\ngenerate: maybe":                                        "true or false",
		rest + "type: temporal\naliases: {x: {c: f}}":                                   "does not list",
		rest + "type: temporal\naliases: {x: f}":                                        "alias must be a map",
		rest + "type: temporal\naliases: [x]":                                           "aliases must be a map",
		"type: temporal\ntimespan: 1m":                                                  "names no rules",
		"type: temporal\nrules: [a, a]\ntimespan: 1m":                                   "twice",
		"type: temporal\nrules: [a]":                                                    "no timespan",
		"type: temporal\nrules: [a]\ntimespan: 1H":                                      "timespan must be",
		"type: temporal\nrules: [a]\ntimespan: 0s":                                      "timespan must be",
		"type: temporal\nrules: [a]\ntimespan: 1h30m":                                   "timespan must be",
		"type: temporal\nrules: [a]\ntimespan: '60'":                                    "timespan must be",
		"type: temporal\nrules: [a]\ntimespan: 101y":                                    "timespan must be",
		"type: temporal\nrules: [a]\ntimespan: -5m":                                     "timespan must be",
	} {
		c, problems := parseCorrelation(section)
		if c != nil || len(problems) != 1 || !strings.Contains(problems[0].Reason, reason) {
			t.Errorf("%s: %v", section, problems)
		}
	}
}
