package scan

import (
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

// Detector asks rules, indicators and correlations about the events of a scan and
// gathers what they say.
type Detector struct {
	engine     *detect.Engine
	rules      []finding.Rule // by number of the engine's rules
	plan       *correlate.Plan
	joined     []finding.Rule // by number of the plan's correlations
	indicators *indicator.Set // nil without any
	keep       int

	mu    sync.Mutex
	state *correlate.State // guarded by mu
	book  *finding.Book    // of what correlations found; guarded by mu
	sinks []*detectorSink
}

// NewDetector prepares a scan that keeps at most keep events of each finding, or all
// when keep is 0.
func NewDetector(engine *detect.Engine, plan *correlate.Plan, indicators *indicator.Set, keep int) *Detector {
	d := &Detector{engine: engine, plan: plan, indicators: indicators, keep: keep, book: finding.NewBook(keep)}
	for _, r := range engine.Rules() {
		d.rules = append(d.rules, ruleOf(r, "rule"))
	}
	for _, c := range plan.Correlations() {
		r := ruleOf(&c.Rule, "correlation")
		r.Asks = append(r.Asks, c.GroupBy...)
		if c.ValueField != "" {
			r.Asks = append(r.Asks, c.ValueField)
		}
		d.joined = append(d.joined, r)
	}
	d.state = correlate.NewState(plan, correlate.DefaultConfig())
	return d
}

// Sink returns a new worker's sink.
func (d *Detector) Sink() Sink {
	s := &detectorSink{detector: d, matcher: d.engine.Matcher(), book: finding.NewBook(d.keep)}
	d.sinks = append(d.sinks, s)
	return s
}

// Findings settles the correlations and returns everything found, the worst first. It
// is called once, after the run.
func (d *Detector) Findings() []finding.Finding {
	d.state.Flush(d.fire)
	for _, s := range d.sinks {
		d.book.Merge(s.book)
	}
	return d.book.Findings()
}

// fire enters what a correlation says. The group's values tell its findings apart.
func (d *Detector) fire(f correlate.Firing) {
	n := slices.Index(d.plan.Correlations(), f.Correlation)
	d.book.AddJoined(kindOf(&f.Correlation.Rule), &d.joined[n], strings.Join(f.Group, "\x00"), f.Members)
}

// Forgotten counts matches that correlations had no room for.
func (d *Detector) Forgotten() int64 { return d.state.Evicted }

// detectorSink is one worker's part of a Detector.
type detectorSink struct {
	detector *Detector
	matcher  *detect.Matcher
	book     *finding.Book
	hits     []indicator.Hit
}

// Emit implements Sink.
func (s *detectorSink) Emit(ev *event.Event) error {
	d := s.detector
	for _, n := range s.matcher.Match(ev) {
		if !d.plan.Silenced(int(n)) {
			s.book.Add(kindOf(d.engine.Rules()[n]), &d.rules[n], ev)
		}
		if d.plan.Listens(int(n)) {
			o := d.plan.Observe(int(n), ev)
			d.mu.Lock()
			d.state.Add(o, d.fire)
			d.mu.Unlock()
		}
	}
	if d.indicators != nil {
		s.lookUp(ev)
	}
	return nil
}

func (s *detectorSink) lookUp(ev *event.Event) {
	s.hits = s.detector.indicators.Match(ev, s.hits[:0])
	for i := range s.hits {
		r := indicatorRule(&s.hits[i])
		s.book.Add(finding.Threat, &r, ev)
	}
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
