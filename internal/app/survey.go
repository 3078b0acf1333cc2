package app

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/scan"
	"github.com/wardline/wardline/internal/vault"
)

// noticing wraps sinks so that the run knows afterwards whether there are accesses to records to be explained, or drug cabinets.
func (s *scanRun) noticing(sinks func() scan.Sink) func() scan.Sink {
	return func() scan.Sink { return &noticer{sink: sinks(), seen: &s.accesses} }
}

// noticer is a sink that notices accesses to records on their way.
type noticer struct {
	sink  scan.Sink
	seen  *atomic.Bool
	class *event.Class // of the event before, which is that of most events
}

// Emit implements scan.Sink.
func (n *noticer) Emit(ev *event.Event) error {
	if ev.Class != n.class {
		n.class = ev.Class
		if ev.Class.Serves("", "ehr", "audit") || privacy.IsCabinet(ev.Class) {
			n.seen.Store(true)
		}
	}
	return n.sink.Emit(ev)
}

// survey reads the sources twice more: for what they say of the house, and then for the accesses, which that explains. It adds
// the cases to what was found.
func (s *scanRun) survey(ctx context.Context, found []finding.Finding) ([]finding.Finding, error) {
	j, err := judge.Load(content.Privacy(), nil)
	if err != nil {
		return nil, err
	}
	drugs, err := diversion.Load(content.Privacy(), nil)
	if err != nil {
		return nil, err
	}
	keys, err := vault.Invented(0) // so that two scans of the same files say the same
	if err != nil {
		return nil, err
	}
	zone := s.config.Zone
	house := hospital.New(keys, hospital.Options{Zone: zone, Family: func(_, title string) hospital.Family { return j.Classes().Family(title) }})
	facts := reader.New(zone)
	v := privacy.NewSurvey(house, privacy.Config{Zone: zone, Drugs: drugs}, j, facts.Read)
	for _, pass := range []func(*event.Event) error{v.Fact, v.Access} {
		config, stats := s.config, scan.Stats{}
		config.Whole, config.Workers = true, 1 // the reader belongs to one goroutine, and files in order need less memory
		if err := scan.Run(ctx, config, &stats, func() scan.Sink { return sinkFunc(pass) }); err != nil {
			return nil, err
		}
	}
	sum, err := v.Summary()
	if err != nil {
		return nil, err
	}
	s.review = reviewOf(&sum)
	found = append(found, sum.Findings...)
	slices.SortStableFunc(found, func(a, b finding.Finding) int { return finding.Rank(b.Rule.Level) - finding.Rank(a.Rule.Level) })
	return found, nil
}

// sinkFunc is a function as a sink.
type sinkFunc func(*event.Event) error

// Emit implements scan.Sink.
func (f sinkFunc) Emit(ev *event.Event) error { return f(ev) }

func reviewOf(s *privacy.Summary) *report.Review {
	r := &report.Review{
		Accesses: s.Rows, Touches: s.Touches, Explained: s.Explained, Firsts: s.Firsts, FirstsExplained: s.FirstsExplained,
		Accounts: int64(s.Accounts), Staffed: int64(s.Staffed), Patients: int64(s.Patients), Facts: s.Facts, Cases: int64(len(s.Cases)), Cabinet: s.Cabinet, Given: s.Given,
	}
	for _, c := range s.Templates {
		r.Templates = append(r.Templates, report.ReviewRow{Title: c.Title, Touches: c.Touches})
	}
	for _, c := range s.Flags {
		r.Flags = append(r.Flags, report.ReviewRow{Title: c.Title, Touches: c.Touches, Unexplained: c.Unexplained})
	}
	for _, d := range s.Departments {
		r.Departments = append(r.Departments, report.ReviewShare{Name: d.Name, Touches: d.Touches, Explained: d.Explained})
	}
	return r
}
