//go:build unix

package watch_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/watch"
)

// ours is the set that ships.
func ours(b *testing.B) *watch.Set {
	b.Helper()
	loaded, err := ruleset.LoadFS(content.Rules(), "builtin/", sigma.Options{})
	if err != nil {
		b.Fatal(err)
	}
	set, _ := watch.Compile(loaded.Rules, loaded.Correlations, nil, taxonomy(b))
	return set
}

// sigmaHQ is ours, those of the tests and all public rules.
func sigmaHQ(b *testing.B) *watch.Set {
	b.Helper()
	loaded, err := ruleset.Load([]string{formattest.Corpora(b, "sigma", "rules")}, sigma.Options{})
	if err != nil {
		b.Fatal(err)
	}
	shipped, err := ruleset.LoadFS(content.Rules(), "builtin/", sigma.Options{})
	if err != nil {
		b.Fatal(err)
	}
	loaded.Add(shipped)
	docs, _ := sigma.Parse("ward.yml", []byte(rules), sigma.Options{})
	loaded.Add(ruleset.Set{Rules: docs.Rules, Correlations: docs.Correlations})
	set, _ := watch.Compile(loaded.Rules, loaded.Correlations, nil, taxonomy(b))
	return set
}

// filled is a journal of public Windows events, again and again until there are so many, as a node seals them.
func filled(b *testing.B, events int) *ward {
	b.Helper()
	w := newWard(b, sqlite(b))
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(b, "security-datasets", "events"), "*.jsonl.gz"))
	if err != nil {
		b.Fatal(err)
	}
	var lines []journal.Line
	at := lately()
	for n := 0; len(lines) < events; n++ {
		each(b, files[n%len(files)], w.tax, func(ev *event.Event) {
			if len(lines) == events {
				return
			}
			w.records++
			ev.Source, ev.Record, ev.Observed = "bench", w.records, at
			ev.ID = event.NewID("bench", fmt.Sprint(w.records))
			lines = append(lines, journal.Line{Kind: journal.Events, Source: "bench", Time: ev.Time, JSON: event.AppendLine(nil, ev)})
		})
	}
	for some := range slices.Chunk(lines, 10_000) {
		if _, err := w.journal.Append(b.Context(), some...); err != nil {
			b.Fatal(err)
		}
	}
	return w
}

const benchEvents = 100_000

// cpu is how long the processors have worked for this process: what a machine that does other things too does not change.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perSecond reports how many events were judged in a second, and in a second of one core.
func perSecond(b *testing.B, worked time.Duration) {
	b.ReportMetric(float64(benchEvents)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(benchEvents)*float64(b.N)/worked.Seconds(), "events/core-s")
}

// BenchmarkLive follows a journal on one core, findings filed and positions written as on a node.
func BenchmarkLive(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, c := range []struct {
		name string
		set  *watch.Set
	}{{"shipped", ours(b)}, {"SigmaHQ", sigmaHQ(b)}} {
		b.Run(c.name, func(b *testing.B) {
			w := filled(b, benchEvents)
			end := w.journal.Size()
			var worked time.Duration
			for b.Loop() {
				b.StopTimer()
				w.db = sqlite(b)
				l := w.live(c.set, func(c *watch.LiveConfig) { c.Checkpoint = time.Second })
				b.StartTimer()
				begun := cpu(b)
				if err := w.during(l, func(func() bool) {
					for l.State().Next < end {
						time.Sleep(time.Millisecond)
					}
				}); err != nil {
					b.Fatal(err)
				}
				worked += cpu(b) - begun
			}
			perSecond(b, worked)
			b.ReportMetric(float64(len(c.set.Rules())), "rules")
		})
	}
}

// BenchmarkLatency goes from an event that is handed to the journal to its finding, sealed.
func BenchmarkLatency(b *testing.B) {
	w := newWard(b, sqlite(b))
	l := w.live(sigmaHQ(b), func(c *watch.LiveConfig) { c.Checkpoint = time.Second })
	var took []time.Duration
	if err := w.during(l, func(func() bool) {
		for n := 0; b.Loop(); n++ {
			begun, host := time.Now(), fmt.Sprint("WS-", n)
			from := w.journal.Size()
			if _, err := w.journal.Add(b.Context(), w.line(deleted(begun, host))); err != nil {
				b.Error(err)
				return
			}
			if err := w.awaitFinding(b, from, host); err != nil {
				b.Error(err)
				return
			}
			took = append(took, time.Since(begun))
		}
	}); err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "ms-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "ms-p99")
}

// awaitFinding returns when a finding about the host is in the journal.
func (w *ward) awaitFinding(b *testing.B, from uint64, host string) error {
	err := w.journal.Follow(b.Context(), from, func(_ context.Context, e *journal.Entry) error {
		if e.Header.Kind != journal.Findings {
			return nil
		}
		for _, line := range e.Lines() {
			if bytes.Contains(line, []byte(`"`+host+`"`)) {
				return errKilled
			}
		}
		return nil
	})
	if err == errKilled {
		return nil
	}
	return err
}

// BenchmarkHunt searches the past on all cores: by reading all of it, and by asking the index first.
func BenchmarkHunt(b *testing.B) {
	w := filled(b, benchEvents)
	one := compile(b, strings.Split(rules, "---\n")[0], "")
	x := w.indexed()
	until(b, "the index", func() bool { return x.Through() >= w.journal.Size() && x.Healthy() == nil })
	for _, c := range []struct {
		name  string
		set   *watch.Set
		index *index.Index
	}{{"one-rule/whole", one, nil}, {"one-rule/index", one, x}, {"SigmaHQ/whole", sigmaHQ(b), nil}} {
		b.Run(c.name, func(b *testing.B) {
			h := w.hunter(func(cfg *watch.HunterConfig) { cfg.Index = c.index })
			var a watch.Answer
			begun := cpu(b)
			for b.Loop() {
				a = w.hunt(h, watch.Question{Set: c.set})
			}
			perSecond(b, cpu(b)-begun)
			b.ReportMetric(float64(a.Judged), "judged")
		})
	}
}
