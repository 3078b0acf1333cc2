package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/format/sigma/reference"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/event"
)

// yardstick holds the engine against the reference evaluator, which takes some thousand times as
// long: on one event in so many with the rules of its log source, and on one in fifty of these
// with all rules.
type yardstick struct {
	t                *testing.T
	rules            []*sigma.Rule
	routed, unrouted *detect.Matcher
	every            int
	seen, asked      int // events
	verdicts         int
	matches          int
}

func newYardstick(t *testing.T, every int) *yardstick {
	t.Helper()
	if os.Getenv("WARDLINE_WHOLE") != "" {
		every = 1
	}
	tax, rules := newReader(t).tax, publicRules(t).Rules
	routed, problems := detect.Compile(rules, tax, detect.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	unrouted, _ := detect.Compile(rules, tax, detect.Options{Unrouted: true})
	return &yardstick{t: t, rules: rules, routed: routed.Matcher(), unrouted: unrouted.Matcher(), every: every}
}

func (y *yardstick) ask(ev *event.Event) {
	y.t.Helper()
	if y.seen++; y.seen%y.every != 0 {
		return
	}
	const wholly = 50
	if y.asked++; y.asked%wholly == 0 {
		y.compare(y.unrouted.Match(ev), y.expect(ev, func(sigma.Logsource) bool { return true }))
	}
	serves := func(l sigma.Logsource) bool { return ev.Class.Serves(l.Category, l.Product, l.Service) }
	y.compare(y.routed.Match(ev), y.expect(ev, serves))
}

// expect lists the rules for a log source that the reference finds to match.
func (y *yardstick) expect(ev *event.Event, asked func(sigma.Logsource) bool) []int32 {
	y.t.Helper()
	decoded, err := reference.Decode(ev.Fields)
	if err != nil {
		y.t.Fatal(err)
	}
	evaluator := reference.Evaluator{Names: ev.Class.Names}
	var matching []int32
	for i, r := range y.rules {
		if !asked(r.Logsource) {
			continue
		}
		y.verdicts++
		if evaluator.Match(r, decoded) {
			y.matches++
			matching = append(matching, int32(i))
		}
	}
	return matching
}

func (y *yardstick) compare(got, want []int32) {
	y.t.Helper()
	for _, n := range slices.Concat(got, want) {
		if slices.Contains(got, n) != slices.Contains(want, n) {
			y.t.Errorf("event %d: the engine and the reference disagree about %s", y.seen, y.rules[n].File)
		}
	}
	if !slices.IsSorted(got) {
		y.t.Errorf("event %d: %v is not in order", y.seen, got)
	}
}

func (y *yardstick) report() {
	y.t.Logf("%d of %d events, %d rules: %d verdicts, %d matches; set WARDLINE_WHOLE for all events", y.asked, y.seen, len(y.rules), y.verdicts, y.matches)
}

func TestEngineIsReferenceOnPublicCases(t *testing.T) {
	y, r, dir := newYardstick(t, 3), newReader(t), formattest.Corpora(t, "sigma")
	lines(r, filepath.Join(dir, "cases.jsonl"), func(c publicCase) { r.events(filepath.Join(dir, c.EVTX), y.ask) })
	y.report()
}

func TestEngineIsReferenceOnSecurityDatasets(t *testing.T) {
	y, r, dir := newYardstick(t, 199), newReader(t), formattest.Corpora(t, "security-datasets")
	lines(r, filepath.Join(dir, "index.jsonl"), func(f struct{ File string }) { r.events(filepath.Join(dir, f.File), y.ask) })
	y.report()
}

func TestEngineIsReferenceOnEVTXSamples(t *testing.T) {
	y, r, dir := newYardstick(t, 131), newReader(t), formattest.Corpora(t, "evtx")
	lines(r, filepath.Join(dir, "index.jsonl"), func(s sample) { r.events(filepath.Join(dir, s.File), y.ask) })
	y.report()
}
