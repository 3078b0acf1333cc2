//go:build unix

package index_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
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

// An index that is stopped in the middle of a request lets it come to its end: the process has nothing to complain of. And it knows
// that rows beyond its mark may be there.
func TestStoppedUnderLoadDoublesNothing(t *testing.T) {
	cfg := config(t)
	h := &hospital{entries: 400, each: 100, step: time.Second, begin: noon}
	known := uint64(0)
	var log safeBuffer
	for far := uint64(0); far < h.entries; {
		x := runLogging(t, cfg, h.follow, slog.New(slog.NewTextHandler(&log, nil)))
		until(t, "some rows", func() bool { return x.Counts().Rows > 2000 || x.Through() == h.entries })
		x.stop()
		far = x.Through()
		known += x.Counts().Known
	}
	x := runOn(t, cfg, h.follow)
	until(t, "the index", func() bool { return x.Healthy() == nil && x.Through() == h.entries })
	if got, want := len(x.everything()), int(h.entries)*h.each; got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
	if known == 0 {
		t.Log("no request was torn this time")
	}
	if strings.Contains(log.String(), "level=WARN") {
		t.Errorf("what was on its way was cut off:\n%s", log.String())
	}
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
		if far < 200 { // the second time the next node finds it still writing
			until(t, "the end of the search process", func() bool { return searchProcess(t, dir) == 0 })
		}
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
	if c := x.Counts(); c.Known == 0 {
		t.Error("no row lay on the disk beyond the mark: the test proves nothing")
	} else if c.Restarts > 0 {
		t.Errorf("%d restarts: the new search process did not wait for the old one", c.Restarts)
	}
}

// A search process whose parent was killed is still writing. The next one waits for it.
func TestProcessWaitsForTheLast(t *testing.T) {
	l := night()
	cfg := config(t)
	f, err := os.Create(filepath.Join(cfg.Dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	x := run(t, cfg, l)
	until(t, "a search process", func() bool { return searchProcess(t, cfg.Dir) != 0 })
	for begun := time.Now(); time.Since(begun) < 300*time.Millisecond; time.Sleep(5 * time.Millisecond) {
		if x.Healthy() == nil {
			t.Fatal("the search process did not wait")
		}
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	x.through(l)
	if got := x.Counts().Restarts; got > 0 {
		t.Errorf("%d restarts", got)
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
		{"another's mark put there", func() error {
			return os.WriteFile(filepath.Join(cfg.Dir, "mark.json"), []byte(`{"layout":2,"index":"another","next":100,"clean":true}`), 0o600)
		}},
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
