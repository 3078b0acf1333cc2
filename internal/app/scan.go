package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/detect/indicator/feed"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/finding/ocsf"
	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/scan"
)

// ScanConfig is one scan as a person asks for it.
type ScanConfig struct {
	Paths        []string
	Rules        []string // places of rules; Builtin names those that ship with Wardline
	Indicators   []string // files
	Placeholders string   // file of values for |expand, or ""
	Mappings     string   // folder of further mappings for CSV exports, or ""
	Zone         string   // whose clocks times show that state no offset, such as Europe/Berlin; "" is UTC
	Format       string   // table, jsonl or ocsf
	Report       string   // file to write the page to, or ""
	AllEvents    bool     // list every matched event
	Events       bool     // run no rules and print every event
	Stats        bool     // end with a line of statistics
	Workers      int
}

// Builtin is the name that stands for the rules that ship with Wardline.
const Builtin = "builtin"

// Terminal is where a run writes.
type Terminal struct {
	Out, Err io.Writer
	Width    int  // columns of Out, 0 when it is no terminal
	ErrWidth int  // columns of Err, 0 when it is no terminal
	Color    bool // Out shows colour and the person wants it
}

// Scan reads, judges and reports. It returns the findings, the worst first.
func Scan(ctx context.Context, c ScanConfig, t Terminal) ([]finding.Finding, error) {
	s, err := newScanRun(c, t)
	if err != nil {
		return nil, err
	}
	if c.Events {
		return nil, s.events(ctx)
	}
	return s.findings(ctx)
}

// scanRun is one scan under way.
type scanRun struct {
	ScanConfig
	terminal Terminal
	config   scan.Config
	stats    scan.Stats
	started  time.Time
	loaded   loadedRules
	count    int64          // indicators
	unlisted []feed.Problem // entries of their lists that were refused
	accesses atomic.Bool    // some source tells of accesses to records
	review   *report.Review // of them
}

func newScanRun(c ScanConfig, t Terminal) (*scanRun, error) {
	tax, err := Taxonomy()
	if err != nil {
		return nil, err
	}
	formats, err := Formats(c.Mappings)
	if err != nil {
		return nil, err
	}
	zone, err := zoneNamed(c.Zone)
	if err != nil {
		return nil, err
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	for _, path := range c.Paths {
		if _, err := os.Stat(path); path != scan.Stdin && err != nil {
			return nil, fmt.Errorf("nothing to scan: %w", err)
		}
	}
	return &scanRun{ScanConfig: c, terminal: t, started: time.Now(), config: scan.Config{
		Paths: c.Paths, Formats: formats, Taxonomy: tax, Limits: scan.DefaultLimits(), Records: collect.DefaultLimits(), Workers: c.Workers, Zone: zone,
	}}, nil
}

// zoneNamed is a place of the time zone database; "" is UTC.
func zoneNamed(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone: name a place of the time zone database, such as Europe/Berlin: %w", err)
	}
	return zone, nil
}

// events prints every event in the order of the sources.
func (s *scanRun) events(ctx context.Context) error {
	s.config.Workers = 1
	w := scan.NewEventWriter(s.terminal.Out)
	err := scan.Run(ctx, s.config, &s.stats, func() scan.Sink { return w })
	return errors.Join(err, w.Flush(), s.writeStats())
}

func (s *scanRun) findings(ctx context.Context) ([]finding.Finding, error) {
	detector, err := s.detector()
	if err != nil {
		return nil, err
	}
	stop := s.showProgress()
	err = scan.Run(ctx, s.config, &s.stats, s.noticing(detector.Sink))
	found := detector.Findings()
	switch {
	case err != nil || !s.accesses.Load():
	case slices.Contains(s.config.Paths, scan.Stdin):
		s.review = &report.Review{Once: true} // it takes three readings
	default:
		found, err = s.survey(ctx, found)
	}
	stop()
	if err != nil {
		return nil, err
	}
	return found, errors.Join(s.write(found), s.writeReport(found), s.writeStats())
}

// detector loads what the scan judges by.
func (s *scanRun) detector() (*scan.Detector, error) {
	placeholders, err := Placeholders(s.Placeholders)
	if err != nil {
		return nil, err
	}
	if s.loaded, err = loadRules(s.Rules, s.config.Taxonomy, sigma.Options{Placeholders: placeholders}); err != nil {
		return nil, err
	}
	indicators, problems, err := loadIndicators(s.Indicators)
	if err != nil {
		return nil, err
	}
	s.unlisted = problems
	if indicators != nil {
		s.count = int64(indicators.Len())
	}
	keep := 10
	if s.AllEvents {
		keep = 0
	}
	return scan.NewDetector(s.loaded.engine, s.loaded.plan, indicators, keep), nil
}

// loadedRules is a rule set ready to run, and what was refused of it.
type loadedRules struct {
	engine   *detect.Engine
	plan     *correlate.Plan
	problems []sigma.Problem
}

func loadRules(places []string, tax *event.Taxonomy, o sigma.Options) (loadedRules, error) {
	set, err := LoadRules(places, o)
	if err != nil {
		return loadedRules{}, err
	}
	return compileRules(&set, tax), nil
}

func compileRules(set *ruleset.Set, tax *event.Taxonomy) loadedRules {
	engine, refused := detect.Compile(set.Rules, tax, detect.Options{})
	plan, unjoined := correlate.NewPlan(set.Correlations, engine.Rules())
	problems := append(append(set.Problems, refused...), unjoined...)
	return loadedRules{engine, plan, problems}
}

// refused lists the rules that will not run.
func (l *loadedRules) refused() []sigma.Problem {
	var refused []sigma.Problem
	for _, p := range l.problems {
		if !p.Warning {
			refused = append(refused, p)
		}
	}
	return refused
}

// count is how many rules and correlations run.
func (l *loadedRules) count() int { return len(l.engine.Rules()) + len(l.plan.Correlations()) }

// showProgress draws a line of progress while the scan runs, on a terminal only.
func (s *scanRun) showProgress() (stop func()) {
	if s.terminal.ErrWidth == 0 {
		return func() {}
	}
	p := report.StartProgress(s.terminal.Err, func() (bytes, total, events int64) {
		return s.stats.Bytes.Load(), s.stats.TotalBytes.Load(), s.stats.Events.Load()
	}, s.terminal.ErrWidth)
	return p.Stop
}

func (s *scanRun) write(found []finding.Finding) error {
	out := bufio.NewWriterSize(s.terminal.Out, 64<<10)
	var err error
	switch s.Format {
	case "jsonl":
		err = writeLines(out, found)
	case "ocsf":
		err = writeOCSF(out, found, s.started)
	default:
		err = report.Table(out, s.summary(), found, report.Options{Width: s.terminal.Width, Color: s.terminal.Color})
	}
	return errors.Join(err, out.Flush())
}

func writeLines(w io.Writer, found []finding.Finding) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range found {
		if err := enc.Encode(&found[i]); err != nil {
			return err
		}
	}
	return nil
}

func writeOCSF(w io.Writer, found []finding.Finding, now time.Time) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	producer := ocsf.Producer{Name: "Wardline", Vendor: "Wardline", Version: Version(), Now: now}
	for i := range found {
		if err := enc.Encode(ocsf.DetectionFinding(&found[i], producer)); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanRun) writeReport(found []finding.Finding) error {
	if s.Report == "" {
		return nil
	}
	f, err := os.Create(s.Report)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(report.HTML(f, s.summary(), found), f.Close())
}

// summary is what the table and the page say of the run.
func (s *scanRun) summary() *report.Run {
	run := &report.Run{
		Product: "Wardline " + Version(), Paths: s.Paths, Started: s.started, Duration: time.Since(s.started),
		Files: int(s.stats.Sources.Load()), Bytes: s.stats.Bytes.Load(), Events: s.stats.Events.Load(),
		Formats: s.stats.Formats(), Damaged: s.stats.Damaged.Load(), Skipped: s.stats.PassedOver.Load(),
		Rules: s.loaded.count(), Indicators: s.count,
	}
	run.First, run.Last = s.stats.Span()
	run.Review = s.review
	for _, d := range s.stats.Damage() {
		run.Problems = append(run.Problems, report.Problem{Source: d.Source, Offset: d.Offset, Reason: d.Reason, Unknown: d.Reason == scan.UnknownFormat})
	}
	run.Refused, run.Unlisted = refusals(s.loaded.problems), unlisted(s.unlisted)
	return run
}
