package index_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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
	for round := range 6 {
		l.fill(40, 50)
		// Half of the time rows have been flushed and partly become durable.
		if round%2 == 0 {
			x.through(l)
		}
		if round >= 4 { // rows lie on the disk that the mark does not know of
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
		return x.Counts().Restarts >= 6 && x.Healthy() == nil && x.Through() == l.size()
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
