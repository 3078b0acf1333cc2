package sim_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/atna"
	"github.com/wardline/wardline/internal/collect/ehrcsv"
	"github.com/wardline/wardline/internal/collect/entra"
	"github.com/wardline/wardline/internal/collect/eve"
	"github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/collect/syslog"
	"github.com/wardline/wardline/internal/collect/windows"
	"github.com/wardline/wardline/internal/collect/zeek"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/sim"
)

var night = time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)

func TestStoryIsTheSameForTheSameSeed(t *testing.T) {
	one, other := sim.Story(7, night), sim.Story(7, night.Add(5*time.Hour))
	for i, f := range one.Files {
		if !bytes.Equal(f.Data, other.Files[i].Data) {
			t.Errorf("%s differs", f.Name)
		}
	}
	if diff := cmp.Diff(one.Truth, other.Truth); diff != "" {
		t.Error(diff)
	}
	if bytes.Equal(sim.Story(7, night).Files[0].Data, sim.Story(8, night).Files[0].Data) {
		t.Error("another seed tells the same story")
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := sim.Write(dir, 1, night); err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, f := range sim.Story(1, night).Files {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, f.Data) {
			t.Errorf("%s differs from the story", f.Name)
		}
		size += len(got)
	}
	if size > 2<<20 {
		t.Errorf("bundle has %d bytes: too large for a first look", size)
	}
	t.Logf("%d bytes", size)
}

// TestStoryIsReadAndFound reads the logs as a scan does: nothing is damaged, our rules find
// what happened, and nothing else.
func TestStoryIsReadAndFound(t *testing.T) {
	for seed := range uint64(3) {
		bundle := sim.Story(seed, night)
		var want []string
		for _, truth := range bundle.Truth {
			want = append(want, truth.Rule)
		}
		slices.Sort(want)
		if diff := cmp.Diff(slices.Compact(want), findings(t, bundle)); diff != "" {
			t.Errorf("seed %d: (-happened +found)\n%s", seed, diff)
		}
	}
}

// findings lists the titles of what our rules find.
func findings(t *testing.T, bundle sim.Bundle) []string {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	set, err := ruleset.LoadFS(content.Rules(), "", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine, problems := detect.Compile(set.Rules, tax, detect.Options{})
	plan, unjoined := correlate.NewPlan(set.Correlations, engine.Rules())
	for _, p := range append(problems, unjoined...) {
		t.Error(p)
	}
	var titles []string
	fire := func(f correlate.Firing) {
		titles = append(titles, f.Correlation.Title)
	}
	matcher, state, count := engine.Matcher(), correlate.NewState(plan, correlate.DefaultConfig()), 0
	for _, f := range bundle.Files {
		each(t, f, tax, func(ev *event.Event) {
			count++
			for _, n := range matcher.Match(ev) {
				if !plan.Silenced(int(n)) {
					titles = append(titles, engine.Rules()[n].Title)
				}
				state.Add(plan.Observe(int(n), ev), fire)
			}
		})
	}
	state.Flush(fire)
	t.Logf("%d events", count)
	slices.Sort(titles)
	return slices.Compact(titles)
}

// each reads a log.
func each(t *testing.T, f sim.File, tax *event.Taxonomy, emit func(*event.Event)) {
	t.Helper()
	format := recognise(t, f.Data)
	if format.Name == "" {
		t.Fatalf("%s is of no known format", f.Name)
	}
	d := format.Open(bytes.NewReader(f.Data), collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax})
	for {
		ev := event.Event{Source: f.Name, Class: tax.Class("", "", "")}
		err := d.Next(&ev)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s, read as %s: %v", f.Name, format.Name, err)
		}
		if ev.Time.IsZero() || ev.Time.Before(night) || ev.Time.After(night.Add(31*time.Hour)) {
			t.Fatalf("%s: event %d is at %v", f.Name, ev.Record, ev.Time)
		}
		if ev.Class.ID == 0 || strings.Contains(ev.Class.Service, "unknown") {
			t.Fatalf("%s: event %d stands in no log source", f.Name, ev.Record)
		}
		emit(&ev)
	}
}

func recognise(t *testing.T, head []byte) (best collect.Format) {
	t.Helper()
	mappings, err := ehrcsv.LoadMappings(content.Mappings())
	if err != nil {
		t.Fatal(err)
	}
	shapes := append(append(windows.Shapes(), entra.Shapes()...), eve.Shape(), zeek.Shape())
	formats := []collect.Format{
		json.Format(shapes), zeek.Format(), hl7.Format(), atna.Format(), ehrcsv.Format(mappings),
		syslog.Format(syslog.Body{Fits: atna.Fits, Event: atna.Event}),
	}
	most := 0
	for _, f := range formats {
		if sure := f.Sniff(head[:min(len(head), 64<<10)]); sure > most {
			best, most = f, sure
		}
	}
	return best
}
