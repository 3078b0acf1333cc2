package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

// Set is all that events are judged by: rules, correlations and indicators, compiled. It never changes and
// serves any number of Judges at once.
type Set struct {
	engine     *detect.Engine
	rules      []finding.Rule // by number of the engine's rules
	plan       *correlate.Plan
	joined     []finding.Rule // by number of the plan's correlations
	indicators *indicator.Set // nil without any

	parts   func() []string // names all that each rule says, rules before correlations, and last the indicators
	version func() string
}

// NewSet makes a Set of what is compiled already. plan is that of the engine's rules; indicators may be nil.
func NewSet(engine *detect.Engine, plan *correlate.Plan, indicators *indicator.Set) *Set {
	s := &Set{engine: engine, plan: plan, indicators: indicators}
	for _, r := range engine.Rules() {
		s.rules = append(s.rules, ruleOf(r, "rule"))
	}
	for _, c := range plan.Correlations() {
		r := ruleOf(&c.Rule, "correlation")
		r.Asks = append(r.Asks, c.GroupBy...)
		if c.ValueField != "" {
			r.Asks = append(r.Asks, c.ValueField)
		}
		s.joined = append(s.joined, r)
	}
	s.parts, s.version = sync.OnceValue(s.digestParts), sync.OnceValue(s.digestAll)
	return s
}

// Compile makes a Set. A rule or correlation that cannot be honoured is left out and reported. indicators may be nil.
func Compile(rules []*sigma.Rule, correlations []*sigma.Correlation, indicators *indicator.Set, tax *event.Taxonomy) (*Set, []sigma.Problem) {
	engine, refused := detect.Compile(rules, tax, detect.Options{})
	plan, unjoined := correlate.NewPlan(correlations, engine.Rules())
	return NewSet(engine, plan, indicators), append(refused, unjoined...)
}

// Rules lists what findings say of the rules and of the correlations that events are judged by.
func (s *Set) Rules() []finding.Rule { return slices.Concat(s.rules, s.joined) }

// Await returns where correlations keep what they wait for, empty.
func (s *Set) Await() *correlate.State { return correlate.NewState(s.plan, correlate.DefaultConfig()) }

// Indicators counts the known-bad values that events are asked for.
func (s *Set) Indicators() int {
	if s.indicators == nil {
		return 0
	}
	return s.indicators.Len()
}

// Version names what the set judges by: two sets of one version find the same. It takes some time, once, for
// millions of indicators.
func (s *Set) Version() string { return s.version() }

func (s *Set) digestAll() string {
	all := sha256.New()
	for _, d := range s.parts() {
		fmt.Fprintf(all, "%s\n", d)
	}
	return hex.EncodeToString(all.Sum(nil)[:12])
}

// digestParts names the indicators as one part, behind rules and correlations; "" when there are none.
func (s *Set) digestParts() []string {
	listed := ""
	if s.indicators != nil {
		listed = fmt.Sprintf("indicators %x", s.indicators.Digest())
	}
	return append(s.digestRules(), listed)
}

// digestRules leaves out where each rule stands in its file.
func (s *Set) digestRules() []string {
	var digests []string
	for _, r := range s.engine.Rules() {
		same := *r
		same.Line = 0
		digests = append(digests, digest(same))
	}
	for _, c := range s.plan.Correlations() {
		same := *c
		same.Line = 0
		digests = append(digests, digest(same))
	}
	return digests
}

func digest(rule any) string {
	text, err := json.Marshal(rule)
	if err != nil { // a value that JSON has no word for, such as .inf
		text = fmt.Appendf(nil, "%+v", rule)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// numberOf is the place of a correlation in Rules.
func (s *Set) numberOf(c *sigma.Correlation) int {
	return len(s.rules) + slices.Index(s.plan.Correlations(), c)
}

// Joined is what a finding says of a correlation; entity, the values of its group, tells its findings apart.
func (s *Set) Joined(f *correlate.Firing) (kind finding.Kind, rule *finding.Rule, entity string) {
	n := s.numberOf(f.Correlation) - len(s.rules)
	return kindOf(&f.Correlation.Rule), &s.joined[n], strings.Join(f.Group, "\x00")
}

// ruleOf is what a finding says of the rule that it rests on.
func ruleOf(r *sigma.Rule, kind string) finding.Rule {
	text := func(name string) string {
		s, _ := r.Custom[name].(string)
		return s
	}
	return finding.Rule{
		ID: r.ID, Title: r.Title, Level: r.Level.String(), Author: r.Author, Source: r.File, Type: kind,
		Status: r.Status, Summary: r.Description, Tags: r.Tags, References: r.References,
		FalsePositives: r.FalsePositives, CareImpact: text("care_impact"), License: r.License, Asks: r.Asks(),
	}
}

// kindOf tells which harm a rule speaks of: what it says itself (harm), or what its
// log source suggests.
func kindOf(r *sigma.Rule) finding.Kind {
	if harm, ok := r.Custom["harm"].(string); ok {
		return finding.Kind(harm)
	}
	switch r.Logsource.Product {
	case "ehr", "dicom", "pacs":
		return finding.Theft
	default:
		return finding.Threat
	}
}
