package index_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/index"
)

// searchProcess returns the id of the search process of an index folder; 0 when there is none.
func searchProcess(t *testing.T, dir string) int {
	t.Helper()
	folders, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip("needs /proc to find the search process")
	}
	for _, f := range folders {
		pid, err := strconv.Atoi(f.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", f.Name(), "cmdline"))
		if err == nil && strings.Contains(string(line), "\x00"+index.Command+"\x00") && strings.Contains(string(line), strconv.Quote(dir)) {
			return pid
		}
	}
	return 0
}

// everything returns all places that the index holds, each as often as it holds it.
func (x *running) everything() []string {
	x.t.Helper()
	var places []string
	q := index.Query{Limit: 10_000, Oldest: true}
	for {
		stats, err := x.Search(context.Background(), q, func(h index.Hit) error {
			places = append(places, fmt.Sprintf("%d/%d", h.Entry, h.Line))
			q.After = h.Cursor()
			return nil
		})
		if err != nil {
			x.t.Fatalf("Search: %v", err)
		}
		if !stats.More {
			slices.Sort(places)
			return places
		}
	}
}

// places are what everything is to return for l.
func (l *log) places() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var places []string
	for e, lines := range l.entries {
		for n := range lines {
			places = append(places, fmt.Sprintf("%d/%d", e, n))
		}
	}
	slices.Sort(places)
	return places
}

// fill adds entries of some records each, second after second.
func (l *log) fill(entries, each int) {
	for range entries {
		var records []record
		for i := range each {
			n := int(l.size())*each + i
			records = append(records, record{time: noon.Add(time.Duration(n) * 100 * time.Millisecond),
				fields: fmt.Sprintf(`{"message":"door %d opened","n":%d}`, n%40, n)})
		}
		l.add(records...)
	}
}

// The search process is killed again and again while rows go in. In the end each row is there once.
func TestKilledProcessLosesAndDoublesNothing(t *testing.T) {
	l := newLog()
	cfg := config(t)
	x := run(t, cfg, l)
	for round := range 5 {
		l.fill(40, 50)
		// Half of the time rows have been flushed and partly become durable.
		if round%2 == 0 {
			x.through(l)
		}
		if round >= 3 { // rows lie on the disk that the mark does not know of
			files := filepath.Join(cfg.Dir, "data", "partitions", "*", "datadb", "*", "metadata.json")
			before, _ := filepath.Glob(files)
			until(t, "rows on the disk", func() bool {
				now, _ := filepath.Glob(files)
				return len(now) > 0 && !slices.Equal(now, before)
			})
		}
		var pid int
		until(t, "a search process", func() bool { pid = searchProcess(t, cfg.Dir); return pid != 0 })
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		until(t, "its end", func() bool { return searchProcess(t, cfg.Dir) != pid })
	}
	until(t, "the index", func() bool {
		return x.Counts().Restarts >= 5 && x.Healthy() == nil && x.Through() == l.size()
	})
	got, want := x.everything(), l.places()
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d, each once", len(got), len(want))
	}
	c := x.Counts()
	if c.Known == 0 {
		t.Error("no row lay on the disk beyond the mark: the test proves nothing")
	}
}

// nodeCommand makes the test binary a node that feeds an index until it is killed.
const nodeCommand = "node-for-tests"

// nightShift is what such a node's journal holds.
func nightShift() *hospital {
	return &hospital{entries: 400, each: 100, step: time.Second, begin: noon}
}

// node says on its standard output how far its index came.
func node(dir string) int {
	cfg := index.DefaultConfig(dir)
	cfg.FlushInterval = time.Second
	x, err := index.Open(cfg, quiet())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		for {
			fmt.Println(x.Through())
			time.Sleep(5 * time.Millisecond)
		}
	}()
	slow := func(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
		return nightShift().follow(ctx, from, func(ctx context.Context, b index.Batch) error {
			time.Sleep(10 * time.Millisecond) // so that it can be killed in the middle
			return handle(ctx, b)
		})
	}
	if err := x.Run(context.Background(), slow); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A node is killed twice while it feeds its index. Its search process ends with it, and the next node finds each
// row once.
func TestKilledNodeLeavesNoProcessAndDoublesNothing(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, far := range []uint64{90, 200} {
		cmd := exec.Command(self, nodeCommand, dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		through := uint64(0)
		for lines := bufio.NewScanner(out); through < far && lines.Scan(); {
			through, _ = strconv.ParseUint(lines.Text(), 10, 64)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		if through < far {
			t.Fatalf("the node came to entry %d, want %d", through, far)
		}
		until(t, "the end of the search process", func() bool { return searchProcess(t, dir) == 0 })
	}
	cfg := config(t)
	cfg.Dir = dir
	h := nightShift()
	x := runOn(t, cfg, h.follow)
	until(t, "the index", func() bool { return x.Healthy() == nil && x.Through() == h.entries })
	var want []string
	for e := range h.entries {
		for n := range h.lines(e) {
			want = append(want, fmt.Sprintf("%d/%d", e, n))
		}
	}
	slices.Sort(want)
	if got := x.everything(); !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d, each once", len(got), len(want))
	}
	if x.Counts().Known == 0 {
		t.Error("no row lay on the disk beyond the mark: the test proves nothing")
	}
}

// digest is what an index answers to some questions.
func (x *running) digest() string {
	x.t.Helper()
	var h strings.Builder
	for _, q := range []index.Query{
		{Limit: 1000}, {Oldest: true, Limit: 1000}, {Text: "password"}, {Text: rareWord},
		{Fields: []index.Field{{Name: "access.verb", Op: index.Is, Value: "search"}}, Limit: 5000},
		{Fields: []index.Field{{Name: "duration", Op: index.More, Value: "29"}}, Limit: 5000},
	} {
		_, err := x.Search(context.Background(), q, func(hit index.Hit) error {
			fmt.Fprintln(&h, hit.Time, hit.Entry, hit.Line, hit.ID, hit.Source, hit.Format, hit.Class, string(hit.Fields))
			return nil
		})
		if err != nil {
			x.t.Fatal(err)
		}
		n, first, last, err := x.Count(context.Background(), q)
		if err != nil {
			x.t.Fatal(err)
		}
		fmt.Fprintln(&h, n, first, last)
	}
	top, err := x.Top(context.Background(), index.Query{}, "access.user", 20)
	if err != nil {
		x.t.Fatal(err)
	}
	fmt.Fprintln(&h, top)
	names, err := x.Names(context.Background(), index.Query{})
	if err != nil {
		x.t.Fatal(err)
	}
	slices.SortFunc(names, func(a, b index.Value) int { return strings.Compare(a.Text, b.Text) })
	fmt.Fprintln(&h, names)
	return h.String()
}

// The index is deleted in several ways while it runs. It answers the same when it is back, even when the search
// process is killed meanwhile.
func TestRebuiltIndexAnswersTheSame(t *testing.T) {
	cfg := config(t)
	h := &hospital{entries: 200, each: 100, step: 30 * time.Second, begin: noon}
	x := runOn(t, cfg, h.follow)
	back := func() { until(t, "the index", func() bool { return x.Healthy() == nil && x.Through() == h.entries }) }
	back()
	want := x.digest()
	rebuilds := uint64(0)
	for _, way := range []struct {
		name string
		drop func() error
	}{
		{"asked to", func() error { return x.Drop(context.Background()) }},
		{"its folder deleted", func() error { return os.RemoveAll(cfg.Dir) }},
		{"its mark deleted", func() error { return os.Remove(filepath.Join(cfg.Dir, "mark.json")) }},
		{"asked to, and the process killed", func() error {
			if err := x.Drop(context.Background()); err != nil {
				return err
			}
			until(t, "some rows", func() bool { return x.Through() > 0 && searchProcess(t, cfg.Dir) != 0 })
			before := x.Counts().Restarts
			err := syscall.Kill(searchProcess(t, cfg.Dir), syscall.SIGKILL)
			until(t, "a restart", func() bool { return x.Counts().Restarts > before })
			return err
		}},
	} {
		if err := way.drop(); err != nil {
			t.Fatalf("%s: %v", way.name, err)
		}
		rebuilds++
		until(t, "the rebuild to begin", func() bool { return x.Counts().Rebuilds >= rebuilds })
		back()
		if diff := cmp.Diff(x.digest(), want); diff != "" {
			t.Errorf("%s: the index answers, and answered before:\n%s", way.name, diff)
		}
	}
}
