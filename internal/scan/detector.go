package scan

import (
	"sync"

	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/watch"
)

// Detector asks rules, indicators and correlations about the events of a scan and
// gathers what they say.
type Detector struct {
	set  *watch.Set
	keep int

	mu    sync.Mutex
	state *correlate.State // guarded by mu
	book  *finding.Book    // of what correlations found; guarded by mu
	sinks []*detectorSink
}

// NewDetector prepares a scan that keeps at most keep events of each finding, or all
// when keep is 0.
func NewDetector(engine *detect.Engine, plan *correlate.Plan, indicators *indicator.Set, keep int) *Detector {
	return &Detector{
		set: watch.NewSet(engine, plan, indicators), keep: keep, book: finding.NewBook(keep),
		state: correlate.NewState(plan, correlate.DefaultConfig()),
	}
}

// Sink returns a new worker's sink.
func (d *Detector) Sink() Sink {
	s := &detectorSink{detector: d, judge: d.set.Judge(), book: finding.NewBook(d.keep)}
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

// fire enters what a correlation says.
func (d *Detector) fire(f correlate.Firing) {
	kind, rule, entity := d.set.Joined(&f)
	d.book.AddJoined(kind, rule, entity, f.Members)
}

// Forgotten counts matches that correlations had no room for.
func (d *Detector) Forgotten() int64 { return d.state.Evicted }

// detectorSink is one worker's part of a Detector.
type detectorSink struct {
	detector *Detector
	judge    *watch.Judge
	book     *finding.Book
}

// Emit implements Sink.
func (s *detectorSink) Emit(ev *event.Event) error {
	matches := s.judge.Matches(ev)
	for i := range matches {
		m := &matches[i]
		if !m.Silent {
			s.book.Add(m.Kind, m.Rule, ev)
		}
		if o, ok := s.judge.Observe(m, ev); ok {
			d := s.detector
			d.mu.Lock()
			d.state.Add(o, d.fire)
			d.mu.Unlock()
		}
	}
	return nil
}
