package index_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

// TestLoad measures what the documentation says: go test -run TestLoad -v with WARDLINE_TRUST set. WARDLINE_EVENTS
// is how many events, a million when it is not set.
func TestLoad(t *testing.T) {
	if os.Getenv("WARDLINE_TRUST") == "" {
		t.Skip("set WARDLINE_TRUST to measure")
	}
	events, err := strconv.Atoi(os.Getenv("WARDLINE_EVENTS"))
	if err != nil {
		events = 1_000_000
	}
	const each = 250
	span := 14 * 24 * time.Hour
	h := &hospital{entries: uint64(events / each), each: each, step: span / time.Duration(events), begin: noon}
	cfg := index.DefaultConfig(t.TempDir(), veiltest.New())
	x, err := index.Open(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	began, self := time.Now(), cpu(t, os.Getpid())
	go func() { done <- x.Run(ctx, h.follow) }()
	for deadline := time.Now().Add(time.Hour); x.Through() < h.entries; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not done within an hour")
		}
	}
	took := time.Since(began)
	pid := searchProcess(t, cfg.Dir)
	t.Logf("insert: %.0f events/s; CPU µs an event: parent %.1f, child %.1f; peak child %s", float64(events)/took.Seconds(),
		float64(cpu(t, os.Getpid())-self)/float64(time.Microsecond)/float64(events),
		float64(cpu(t, pid))/float64(time.Microsecond)/float64(events), memory(t, pid, "VmHWM"))
	generating := cpu(t, os.Getpid())
	for e := range min(h.entries, 400) {
		for range h.lines(e) {
		}
	}
	t.Logf("of the parent's, making the events up: %.1f µs", float64(cpu(t, os.Getpid())-generating)/float64(time.Microsecond)/float64(min(h.entries, 400)*each))
	ask(t, x, "newest 100", index.Query{})
	ask(t, x, "oldest 100", index.Query{Oldest: true})
	ask(t, x, "rare word", index.Query{Text: rareWord})
	ask(t, x, "word that no event has", index.Query{Text: "quokka"})
	ask(t, x, "frequent word", index.Query{Text: "sshd"})
	ask(t, x, "field = rare value", index.Query{Fields: []index.Field{{Name: "access.patient", Op: index.Is, Value: "T0012345"}}})
	ask(t, x, "field = frequent value", index.Query{Fields: []index.Field{{Name: "access.verb", Op: index.Is, Value: "search"}}})
	ask(t, x, "field contains", index.Query{Fields: []index.Field{{Name: "CommandLine", Op: index.Contains, Value: "/id 0000"}}})
	ask(t, x, "number range", index.Query{Fields: []index.Field{{Name: "duration", Op: index.More, Value: "29.9999"}}})
	for range 2 {
		tell(t, "count of all", func() error { _, _, _, err := x.Count(ctx, index.Query{}); return err })
		tell(t, "count of a field = value", func() error {
			_, _, _, err := x.Count(ctx, index.Query{Fields: []index.Field{{Name: "access.verb", Op: index.Is, Value: "search"}}})
			return err
		})
		tell(t, "histogram of all, 100 buckets", func() error {
			_, err := x.Histogram(ctx, index.Query{From: noon, To: noon.Add(span)}, 100)
			return err
		})
		tell(t, "top 10 users", func() error { _, err := x.Top(ctx, index.Query{}, "access.user", 10); return err })
		tell(t, "names", func() error { _, err := x.Names(ctx, index.Query{}); return err })
	}
	time.Sleep(20 * time.Second)
	size, files := disk(t, cfg.Dir)
	t.Logf("disk: %.1f bytes an event, %d files", float64(size)/float64(events), files)
	t.Logf("child after 20 s at rest: VmRSS %s RssAnon %s RssFile %s", memory(t, pid, "VmRSS"), memory(t, pid, "RssAnon"), memory(t, pid, "RssFile"))
	resting := cpu(t, pid)
	time.Sleep(10 * time.Second)
	t.Logf("child at rest: %.2f %% of a core", float64(cpu(t, pid)-resting)/float64(10*time.Second)*100)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	restarted := time.Now()
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	go func() { done <- x.Run(ctx, h.follow) }()
	until(t, "the index", func() bool { return x.Healthy() == nil })
	pid = searchProcess(t, cfg.Dir)
	t.Logf("started again in %s with VmRSS %s RssAnon %s", time.Since(restarted).Round(time.Millisecond), memory(t, pid, "VmRSS"), memory(t, pid, "RssAnon"))
	// Killed, it comes back by asking which rows it holds.
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
	killed := time.Now()
	until(t, "a restart", func() bool { return x.Counts().Restarts > 0 && x.Healthy() == nil })
	t.Logf("killed and back in %s, 100 ms of it a pause", time.Since(killed).Round(time.Millisecond))
	t.Logf("%+v", x.Counts())
	cancel()
	<-done
}

func ask(t *testing.T, x *index.Index, what string, q index.Query) {
	t.Helper()
	var took []string
	var stats index.Stats
	for range 3 {
		var err error
		stats, err = x.Search(context.Background(), q, func(index.Hit) error { return nil })
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		took = append(took, fmt.Sprintf("%.1f", float64(stats.Took)/float64(time.Millisecond)))
	}
	t.Logf("%-32s %3d hits, %2d asks: %s ms", what, stats.Hits, stats.Asks, strings.Join(took, ", "))
}

func tell(t *testing.T, what string, f func() error) {
	t.Helper()
	began := time.Now()
	if err := f(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	t.Logf("%-32s %.1f ms", what, float64(time.Since(began))/float64(time.Millisecond))
}

// cpu is what a process has used of processors.
func cpu(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skip("needs /proc")
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / 100
}

func memory(t *testing.T, pid int, what string) string {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("needs /proc")
	}
	for line := range strings.Lines(string(status)) {
		if name, value, _ := strings.Cut(line, ":"); name == what {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return "?"
}

func disk(t *testing.T, dir string) (size int64, files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
			files++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size, files
}

// TestWildClocks measures what senders cost whose events claim any day of the 400 that are believed.
func TestWildClocks(t *testing.T) {
	if os.Getenv("WARDLINE_TRUST") == "" {
		t.Skip("set WARDLINE_TRUST to measure")
	}
	l := newLog()
	for e := range 400 {
		var records []record
		for n := range 250 {
			at := noon.Add(-time.Duration((e*7919+n*104729)%400) * 24 * time.Hour)
			records = append(records, record{time: at, observed: noon, fields: fmt.Sprintf(`{"message":"door %d opened","n":%d}`, n%40, n)})
		}
		l.add(records...)
	}
	cfg := index.DefaultConfig(t.TempDir(), veiltest.New())
	began := time.Now()
	x := run(t, cfg, l)
	for deadline := time.Now().Add(10 * time.Minute); x.Through() < l.size(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not done within ten minutes")
		}
	}
	pid := searchProcess(t, cfg.Dir)
	t.Logf("insert: %.0f events/s", 100_000/time.Since(began).Seconds())
	time.Sleep(40 * time.Second)
	size, files := disk(t, cfg.Dir)
	open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	t.Logf("disk: %.1f bytes an event, %d files, %d of them open; VmRSS %s RssAnon %s, peak %s", float64(size)/100_000, files, len(open),
		memory(t, pid, "VmRSS"), memory(t, pid, "RssAnon"), memory(t, pid, "VmHWM"))
	ask(t, x.Index, "newest 100", index.Query{})
	tell(t, "count of all", func() error { _, _, _, err := x.Count(context.Background(), index.Query{}); return err })
	x.stop()
	x = run(t, cfg, l)
	until(t, "the index", func() bool { return x.Healthy() == nil })
	pid = searchProcess(t, cfg.Dir)
	t.Logf("started again: VmRSS %s RssAnon %s", memory(t, pid, "VmRSS"), memory(t, pid, "RssAnon"))
	tell(t, "count of all", func() error { _, _, _, err := x.Count(context.Background(), index.Query{}); return err })
	t.Logf("and asked: VmRSS %s RssAnon %s", memory(t, pid, "VmRSS"), memory(t, pid, "RssAnon"))
}
