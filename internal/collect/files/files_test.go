package files_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/auditd"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/ehrcsv"
	"github.com/wardline/wardline/internal/collect/evtx"
	"github.com/wardline/wardline/internal/collect/files"
	collectjson "github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/collect/syslog"
	"github.com/wardline/wardline/internal/collect/zeek"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// positions keeps them as a database would: as JSON.
type positions struct {
	mu    sync.Mutex
	saved map[string][]byte
	lost  bool // from now on nothing is saved, as if the node had stopped before
}

func (p *positions) Load(context.Context, string) ([]files.Position, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []files.Position
	for _, text := range p.saved {
		var pos files.Position
		if err := json.Unmarshal(text, &pos); err != nil {
			return nil, err
		}
		list = append(list, pos)
	}
	return list, nil
}

func (p *positions) Save(_ context.Context, _ string, changed []files.Position, gone []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost {
		return nil
	}
	for _, pos := range changed {
		text, err := json.Marshal(pos)
		if err != nil {
			return err
		}
		p.saved[pos.Key] = text
	}
	for _, key := range gone {
		delete(p.saved, key)
	}
	return nil
}

func (p *positions) lose(lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = lost
}

// ward is a folder that is followed, by one node after the other.
type ward struct {
	t      *testing.T
	dir    string
	kept   *collecttest.Memory
	saved  *positions
	config files.Config
	o      collect.Options
	end    func() error // waits until the node ends by itself
	stop   func() error // stops it
	intake *collect.Intake
}

func newWard(t *testing.T, patterns ...string) *ward {
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{t: t, dir: t.TempDir(), kept: collecttest.NewMemory(), saved: &positions{saved: map[string][]byte{}}}
	w.o = collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}
	w.config = files.Config{Name: "ward", Rescan: 20 * time.Millisecond, Settle: time.Millisecond, Unfinished: time.Hour}
	for _, p := range patterns {
		w.config.Paths = append(w.config.Paths, filepath.Join(w.dir, p))
	}
	return w
}

func formats(t testing.TB) []collect.Format {
	maps, err := ehrcsv.LoadMappings(content.Mappings())
	if err != nil {
		t.Fatal(err)
	}
	return []collect.Format{evtx.Format(), collectjson.Format(nil), zeek.Format(), auditd.Format(), syslog.Format(), ehrcsv.Format(maps)}
}

// start starts a node; stop, or the end of the test, stops it.
func (w *ward) start() {
	w.t.Helper()
	decode := func(v any) error {
		*v.(*files.Config) = w.config
		return nil
	}
	source, err := files.Kind(files.Setup{Formats: formats(w.t), Positions: w.saved}).New(decode, w.o, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	shares := collect.DefaultConfig()
	shares.Limit.Events, shares.Limit.Bytes = 1e9, 1e12
	w.intake = collect.NewIntake(w.kept, shares, time.Now, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx, w.intake) }()
	end := sync.OnceValue(func() error { return <-ended })
	stop := func() error {
		cancel()
		return end()
	}
	w.end, w.stop = end, stop
	w.t.Cleanup(func() { _ = stop() })
}

func (w *ward) path(name string) string { return filepath.Join(w.dir, name) }

func (w *ward) write(name, text string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// line is one of a log whose beginning is longer than a mark when there are some.
func line(i int) string {
	return fmt.Sprintf(`{"n":%d,"note":"the door of the ward was opened and closed again, as it is every minute of the day"}`, i) + "\n"
}

func lines(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(line(i))
	}
	return b.String()
}

// numbers are those of the events that were kept, each id once, in ascending order.
func (w *ward) numbers() (list []int) {
	seen := map[event.ID]bool{}
	for _, ev := range w.kept.Events(w.t, w.o.Taxonomy) {
		if seen[ev.ID] {
			continue
		}
		seen[ev.ID] = true
		var fields struct{ N int }
		if err := json.Unmarshal(ev.Fields, &fields); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, fields.N)
	}
	slices.Sort(list)
	return list
}

// await waits until all numbers below n have come, and fails when one came twice.
func (w *ward) await(n int) {
	w.t.Helper()
	want := make([]int, n)
	for i := range want {
		want[i] = i
	}
	late := time.Now().Add(20 * time.Second)
	for {
		got := w.numbers()
		if slices.Equal(got, want) {
			return
		}
		if len(got) > n || time.Now().After(late) {
			w.t.Fatalf("events (-) are not the lines (+):\n%s", cmp.Diff(got, want))
		}
		w.kept.Await(w.t, journal.Events, min(len(got)+1, n))
	}
}

// What a rotation does between the moment in which a file is found to have grown and the one in which it is read.
func TestRenamedBeforeItIsRead(t *testing.T) {
	for _, pattern := range []string{"a.log*", "a.log", ""} {
		t.Run(pattern, func(t *testing.T) {
			w := newWard(t, pattern)
			w.config.Settle = time.Nanosecond
			w.intake = collect.NewIntake(w.kept, collect.DefaultConfig(), time.Now, slog.New(slog.DiscardHandler))
			s := files.NewSteps(w.config, files.Setup{Formats: formats(t), Positions: w.saved}, w.o, w.intake)
			quiet := func() {}
			w.write("a.log", lines(0, 30))
			s.Scan()
			s.Read(t.Context(), quiet)
			w.write("a.log", lines(30, 40))
			s.Scan()
			s.Read(t.Context(), sync.OnceFunc(func() {
				w.must(os.Rename(w.path("a.log"), w.path("a.log.1")))
				w.write("a.log", lines(40, 60))
			}))
			s.Scan()
			s.Read(t.Context(), quiet)
			w.await(60)
		})
	}
}

// A file that one look at its folder lacks is not given up, for it may be renamed just then.
func TestMissedOnce(t *testing.T) {
	w := newWard(t, "a.log")
	w.intake = collect.NewIntake(w.kept, collect.DefaultConfig(), time.Now, slog.New(slog.DiscardHandler))
	s := files.NewSteps(w.config, files.Setup{Formats: formats(t), Positions: w.saved}, w.o, w.intake)
	quiet := func() {}
	w.write("a.log", lines(0, 30))
	s.Scan()
	s.Read(t.Context(), quiet)
	w.write("a.log", lines(30, 40))
	w.must(os.Rename(w.path("a.log"), w.path("a.log.1")))
	s.Hide()
	s.Scan()
	s.Read(t.Context(), quiet)
	w.await(40)
	w.must(os.Remove(w.path("a.log.1")))
	s.Scan()
	s.Scan()
	if n := s.Followed(); n > 0 {
		t.Errorf("%d files are followed that are gone", n)
	}
}

// What the tools of rotation do, while the log is followed and while the node is stopped.
func TestRotation(t *testing.T) {
	copyFile := func(w *ward, from, to string) {
		text, err := os.ReadFile(w.path(from))
		w.must(err)
		w.write(to, string(text))
	}
	pack := func(w *ward, from, to string) {
		text, err := os.ReadFile(w.path(from))
		w.must(err)
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err = z.Write(text)
		w.must(err)
		w.must(z.Close())
		w.write(to, b.String())
		w.must(os.Remove(w.path(from)))
	}
	for name, c := range map[string]struct {
		pattern string
		rotate  func(w *ward)
	}{
		"renamed and begun anew":            {"a.log", func(w *ward) { w.must(os.Rename(w.path("a.log"), w.path("a.log.1"))) }},
		"renamed within the pattern":        {"a.log*", func(w *ward) { w.must(os.Rename(w.path("a.log"), w.path("a.log.1"))) }},
		"copied and cut off":                {"a.log", func(w *ward) { copyFile(w, "a.log", "a.log.1"); w.must(os.Truncate(w.path("a.log"), 0)) }},
		"copied and cut off in the pattern": {"a.log*", func(w *ward) { copyFile(w, "a.log", "a.log.1"); w.must(os.Truncate(w.path("a.log"), 0)) }},
		"renamed and packed": {"a.log*", func(w *ward) {
			w.must(os.Rename(w.path("a.log"), w.path("a.log.1")))
			pack(w, "a.log.1", "a.log.1.gz")
		}},
		"renamed twice": {"a.log*", func(w *ward) {
			w.must(os.Rename(w.path("a.log"), w.path("a.log.1")))
			w.must(os.Rename(w.path("a.log.1"), w.path("a.log.2")))
		}},
		"in a folder": {"", func(w *ward) { w.must(os.Rename(w.path("a.log"), w.path("old.log"))) }},
	} {
		t.Run(name+", followed", func(t *testing.T) {
			w := newWard(t, c.pattern)
			w.start()
			w.write("a.log", lines(0, 30))
			w.await(30)
			w.write("a.log", lines(30, 40))
			c.rotate(w)
			w.write("a.log", lines(40, 60))
			w.await(60)
			w.write("a.log", lines(60, 61))
			w.await(61)
			collecttest.Balanced(t, w.intake)
		})
		t.Run(name+", stopped", func(t *testing.T) {
			w := newWard(t, c.pattern)
			w.write("a.log", lines(0, 30))
			w.start()
			w.await(30)
			if err := w.stop(); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			w.write("a.log", lines(30, 40))
			c.rotate(w)
			w.write("a.log", lines(40, 60))
			w.start()
			w.await(60)
		})
	}
}

// BenchmarkFollow is how fast a log that is there is taken into a sealer that keeps it in memory.
func BenchmarkFollow(b *testing.B) {
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		b.Fatal(err)
	}
	const events = 50_000
	config := files.DefaultConfig()
	config.Name, config.Paths = "bench", []string{filepath.Join(b.TempDir(), "a.log")}
	text := lines(0, events)
	if err := os.WriteFile(config.Paths[0], []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		setup := files.Setup{Formats: formats(b), Positions: &positions{saved: map[string][]byte{}}}
		decode := func(v any) error { *v.(*files.Config) = config; return nil }
		source, err := files.Kind(setup).New(decode, collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax}, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		kept := collecttest.NewMemory()
		shares := collect.DefaultConfig()
		shares.Limit.Events, shares.Limit.Bytes = 1e9, 1e12
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		in := collect.NewIntake(kept, shares, time.Now, slog.New(slog.DiscardHandler))
		go func() { ended <- source.Run(ctx, in) }()
		stored := int64(0)
		for poll := time.NewTicker(time.Millisecond); stored < events; <-poll.C {
			stored = 0
			for _, s := range in.Standings() {
				stored += s.Stored
			}
		}
		cancel()
		<-ended
	}
	b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
