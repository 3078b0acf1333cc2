package detect_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/format/sigma/reference"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/event"
)

// smallTaxonomy has a class for each way in which events carry the fields of rules: under their
// own names, under an alias, under a prefix; and one that no rule serves.
func smallTaxonomy(t testing.TB) *event.Taxonomy {
	t.Helper()
	tax, err := event.LoadTaxonomy(fstest.MapFS{"small.yml": {Data: []byte(`
- product: windows
  dialects:
    windows: {}
    beat: {prefixes: [w., ''], aliases: {G: w.f}}
  services:
    - service: security
      codes: [{code: ['4688'], category: process_creation, aliases: {Image: New.Name}}]
`)}})
	if err != nil {
		t.Fatal(err)
	}
	return tax
}

// tester is what FuzzDifferential and rapid have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// tally counts what a comparison has met, to tell whether it means anything.
type tally struct{ rules, refused, verdicts, matches int }

// comparison holds the engine against the reference.
type comparison struct {
	classes []*event.Class
	tax     *event.Taxonomy
	texts   map[*sigma.Rule]string // of the program at hand
	rules   []*sigma.Rule          // likewise
	tally   tally
}

func newComparison(t testing.TB) *comparison {
	tax := smallTaxonomy(t)
	return &comparison{tax: tax, classes: []*event.Class{
		tax.Class("windows", "security", "4688"), tax.Class("windows", "", ""), tax.Class("beat", "security", "4688"), tax.Class("", "", ""),
	}}
}

// check compiles the rules of a program together and asks them about its events, routed and
// not, the events one after the other and once more.
func (c *comparison) check(t tester, program []byte) {
	t.Helper()
	texts, events := decode(program)
	var rules []*sigma.Rule
	c.texts = map[*sigma.Rule]string{}
	for _, text := range texts {
		docs, _ := sigma.Parse("rule.yml", []byte(text), sigma.Options{Placeholders: map[string][]string{"One": {"a*", "8?"}}})
		for _, r := range docs.Rules {
			rules = append(rules, r)
			c.texts[r] = text
		}
	}
	c.rules = rules
	c.tally.rules += len(rules)
	c.tally.refused += len(texts) - len(rules)
	routed := c.matcher(t, rules, detect.Options{})
	unrouted := c.matcher(t, rules, detect.Options{Unrouted: true})
	for _, text := range slices.Concat(events, events, events) { // new, known, and with verdicts that are remembered
		class, text := c.classes[text[0]-'0'], text[1:]
		ev := event.Event{Class: class, Fields: []byte(text)}
		if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
			t.Fatalf("event is no JSON: %v\n%s", err, text)
		}
		all, served := c.expected(t, rules, class, text)
		c.compare(t, "unrouted", unrouted, &ev, all)
		c.compare(t, "routed", routed, &ev, served)
	}
}

// compare shows the first rule on which verdicts differ.
func (c *comparison) compare(t tester, how string, m *detect.Matcher, ev *event.Event, want []int32) {
	t.Helper()
	got := m.Match(ev)
	for i, r := range c.rules {
		matched, wanted := slices.Contains(got, int32(i)), slices.Contains(want, int32(i))
		if matched != wanted {
			t.Fatalf("%s: matched %t, want %t\n%s\nclass %v\n%s", how, matched, wanted, c.texts[r], ev.Class.Logsource, ev.Fields)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %v, want %v", how, got, want)
	}
}

func (c *comparison) matcher(t tester, rules []*sigma.Rule, o detect.Options) *detect.Matcher {
	t.Helper()
	engine, problems := detect.Compile(rules, c.tax, o)
	if len(problems) > 0 {
		t.Fatalf("compile: %v", problems)
	}
	return engine.Matcher()
}

// expected lists the rules that the reference finds to match, and those of them that serve the class.
func (c *comparison) expected(t tester, rules []*sigma.Rule, class *event.Class, text string) (all, served []int32) {
	t.Helper()
	e, err := reference.Decode([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	evaluator := reference.Evaluator{Names: class.Names}
	for i, r := range rules {
		c.tally.verdicts++
		if !evaluator.Match(r, e) {
			continue
		}
		c.tally.matches++
		all = append(all, int32(i))
		if l := r.Logsource; class.Serves(l.Category, l.Product, l.Service) {
			served = append(served, int32(i))
		}
	}
	return all, served
}

// FuzzDifferential decodes rules and events from bytes: the engine must give the verdicts of
// the reference.
func FuzzDifferential(f *testing.F) {
	c := newComparison(f)
	for seed := range uint64(16) {
		f.Add(randomProgram(seed, 100+40*int(seed)))
	}
	f.Fuzz(func(t *testing.T, program []byte) { c.check(t, program) })
}

// randomProgram makes a program in which all choices are equally likely.
func randomProgram(seed uint64, size int) []byte {
	program := make([]byte, size)
	source := rand.New(rand.NewPCG(seed, 0))
	for i := range program {
		program[i] = byte(source.Uint32())
	}
	return program
}

// TestEngineAgreesWithReference is FuzzDifferential for every day.
func TestEngineAgreesWithReference(t *testing.T) {
	c := newComparison(t)
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		for i := range uint64(30) {
			c.check(t, randomProgram(seed+i<<32, 500))
		}
	})
	t.Logf("%+v", c.tally)
}
