package content_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/detect/ruletest"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

// files lists the files of our rules with the given ending.
func files(t *testing.T, ending string) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(content.Rules(), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(p) == ending {
			all = append(all, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := fs.ReadFile(content.Rules(), file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// example binds the placeholders of our rules as a site would.
func example(t *testing.T) map[string][]string {
	t.Helper()
	var bound map[string][]string
	if err := yaml.Unmarshal(read(t, "placeholders.example"), &bound); err != nil {
		t.Fatal(err)
	}
	return bound
}

// parse reads one of our rule files.
func parse(t *testing.T, file string) sigma.Documents {
	t.Helper()
	docs, problems := sigma.Parse(file, read(t, file), sigma.Options{Placeholders: example(t)})
	for _, p := range problems {
		t.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	return docs
}

// all lists the rules and correlations of a file.
func all(docs sigma.Documents) []*sigma.Rule {
	rules := slices.Clone(docs.Rules)
	for _, c := range docs.Correlations {
		rules = append(rules, &c.Rule)
	}
	return rules
}

func TestEveryRuleSaysWhatItOwes(t *testing.T) {
	ids, titles := map[string]string{}, map[string]string{}
	technique := regexp.MustCompile(`^attack\.t\d{4}(\.\d{3})?$`)
	uuid4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	harms := []string{"threat", "theft", "disruption", "falsification", "exposure", "policy"}
	for _, file := range files(t, ".yml") {
		for _, r := range all(parse(t, file)) {
			text := func(key string) string { s, _ := r.Custom[key].(string); return s }
			for what, ok := range map[string]bool{
				"id is no UUID of version 4":           uuid4.MatchString(r.ID),
				"id is taken by " + ids[r.ID]:          ids[r.ID] == "",
				"title is taken by " + titles[r.Title]: titles[r.Title] == "",
				"description is missing":               len(r.Description) > 20,
				"references are missing":               len(r.References) > 0,
				"author is not Wardline":               r.Author == "Wardline",
				"license is not Apache-2.0":            r.License == "Apache-2.0",
				"date is missing":                      r.Date != "",
				"status is missing":                    r.Status != "",
				"level is missing":                     r.Level.String() != "",
				"falsepositives are missing":           len(r.FalsePositives) > 0,
				"care_impact is no sentence":           strings.HasSuffix(text("care_impact"), "."),
				"harm is unknown":                      slices.Contains(harms, text("harm")),
				"tags name no technique and no care":   slices.ContainsFunc(r.Tags, func(tag string) bool { return technique.MatchString(tag) || strings.HasPrefix(tag, "care.") }),
				"correlated rules need names of ours":  r.Name == "" || strings.HasPrefix(r.Name, "wardline_"),
				"reference is not a public https page": !slices.ContainsFunc(r.References, func(s string) bool { return !strings.HasPrefix(s, "https://") }),
			} {
				if !ok {
					t.Errorf("%s: %s: %s", file, r.Title, what)
				}
			}
			ids[r.ID], titles[r.Title] = file, file
		}
	}
	t.Logf("%d rules and correlations in %d files", len(ids), len(files(t, ".yml")))
}

// TestRulesAreValidSigma holds every document against the specification's own schema.
func TestRulesAreValidSigma(t *testing.T) {
	dir, err := filepath.Abs(formattest.Corpora(t, "sigma", "spec", "json-schema"))
	if err != nil {
		t.Fatal(err)
	}
	schema := func(name string) *jsonschema.Schema {
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		s, err := c.Compile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	rule, correlation := schema("sigma-detection-rule-schema.json"), schema("sigma-correlation-rules-schema.json")
	for _, file := range files(t, ".yml") {
		for i, text := range strings.Split(string(read(t, file)), "\n---\n") {
			s := rule
			if strings.Contains(text, "\ncorrelation:") {
				s = correlation
			}
			if err := s.Validate(document(t, text)); err != nil {
				t.Errorf("%s, document %d: %v", file, i+1, err)
			}
		}
	}
}

// document decodes YAML as JSON would be: dates stay texts.
func document(t *testing.T, text string) any {
	t.Helper()
	var root map[string]any
	if err := yaml.Unmarshal([]byte(regexp.MustCompile(`(?m)^date: (.*)$`).ReplaceAllString(text, `date: "$1"`)), &root); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(encoded)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestEveryRuleHasATest wants a case that finds and one that leaves alone.
func TestEveryRuleHasATest(t *testing.T) {
	tax := taxonomy(t)
	tests := files(t, ".test")
	for _, file := range files(t, ".yml") {
		test := strings.TrimSuffix(file, ".yml") + ".test"
		if !slices.Contains(tests, test) {
			t.Errorf("%s has no test", file)
			continue
		}
		script, err := ruletest.Parse(test, read(t, test), tax)
		if err != nil {
			t.Error(err)
			continue
		}
		found := slices.ContainsFunc(script.Cases, func(c ruletest.Case) bool { return c.Expect.Findings > 0 })
		alone := slices.ContainsFunc(script.Cases, func(c ruletest.Case) bool { return c.Expect.Findings == 0 })
		if !found || !alone {
			t.Errorf("%s: needs a case that is found and one that is not", test)
		}
	}
}

// TestRules runs the tests of our rules as "wardline rule test" does.
func TestRules(t *testing.T) {
	tax := taxonomy(t)
	var results []ruletest.Result
	for _, file := range files(t, ".test") {
		script, err := ruletest.Parse(file, read(t, file), tax)
		if err != nil {
			t.Error(err)
			continue
		}
		result := script.Run(func(rules []string, placeholders map[string][]string, events []event.Event) ([]finding.Finding, error) {
			return evaluate(tax, rules, placeholders, events)
		})
		for _, f := range result.Failures {
			t.Error("\n" + f.String())
		}
		results = append(results, result)
	}
	t.Log(ruletest.Summary(results))
}

// TestUnboundRulesAreRefused: a rule that a site has told nothing must not run half.
func TestUnboundRulesAreRefused(t *testing.T) {
	refused := 0
	for _, file := range files(t, ".yml") {
		_, problems := sigma.Parse(file, read(t, file), sigma.Options{})
		for _, p := range problems {
			if refused++; !strings.Contains(p.Reason, "is not bound") {
				t.Errorf("%s:%d: %s", p.File, p.Line, p.Reason)
			}
		}
	}
	if want := len(example(t)); refused != want || want > 4 {
		t.Errorf("%d rules are refused without placeholders, want %d (at most 4)", refused, want)
	}
}

func taxonomy(t *testing.T) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

// evaluate asks the engine and the correlations, as a scan does.
func evaluate(tax *event.Taxonomy, files []string, placeholders map[string][]string, events []event.Event) ([]finding.Finding, error) {
	var docs sigma.Documents
	for _, file := range files {
		data, err := fs.ReadFile(content.Rules(), file)
		if err != nil {
			return nil, err
		}
		d, problems := sigma.Parse(file, data, sigma.Options{Placeholders: placeholders})
		if len(problems) > 0 {
			return nil, fmt.Errorf("%s:%d: %s", problems[0].File, problems[0].Line, problems[0].Reason)
		}
		docs.Rules, docs.Correlations = append(docs.Rules, d.Rules...), append(docs.Correlations, d.Correlations...)
	}
	engine, problems := detect.Compile(docs.Rules, tax, detect.Options{})
	plan, unjoined := correlate.NewPlan(docs.Correlations, engine.Rules())
	if problems = append(problems, unjoined...); len(problems) > 0 {
		return nil, errors.New(problems[0].Reason)
	}
	state := correlate.NewState(plan, correlate.DefaultConfig())
	book := finding.NewBook(0)
	ruleOf := func(r *sigma.Rule) *finding.Rule {
		return &finding.Rule{ID: r.ID, Title: r.Title, Level: r.Level.String(), Source: r.File}
	}
	kind := func(r *sigma.Rule) finding.Kind { harm, _ := r.Custom["harm"].(string); return finding.Kind(harm) }
	fire := func(f correlate.Firing) {
		book.AddJoined(kind(&f.Correlation.Rule), ruleOf(&f.Correlation.Rule), strings.Join(f.Group, " "), f.Members)
	}
	m := engine.Matcher()
	for i := range events {
		for _, n := range m.Match(&events[i]) {
			if r := engine.Rules()[n]; !plan.Silenced(int(n)) {
				book.Add(kind(r), ruleOf(r), &events[i])
			}
			state.Add(plan.Observe(int(n), &events[i]), fire)
		}
	}
	state.Flush(fire)
	return book.Findings(), nil
}
