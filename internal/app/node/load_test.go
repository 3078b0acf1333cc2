package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/sim/load"
)

// TestLoad holds a node to what it must stand (load L1 and L2): all that was acknowledged is kept, and memory stays
// within bounds. It takes long: WARDLINE_LOAD lists runs as rate:duration, such as 5000:10m,20000:60s.
func TestLoad(t *testing.T) {
	runs := os.Getenv("WARDLINE_LOAD")
	if runs == "" {
		t.Skip("it takes long: set WARDLINE_LOAD to runs such as 5000:10m,20000:60s")
	}
	h := newHouse(t)
	h.start()
	before := h.usage()
	for i, run := range strings.Split(runs, ",") {
		rate, long, ok := strings.Cut(run, ":")
		n, err := strconv.Atoi(rate)
		d, err2 := time.ParseDuration(long)
		if !ok || err != nil || err2 != nil {
			t.Fatalf("WARDLINE_LOAD: %q is no rate:duration", run)
		}
		began := time.Now()
		books, err := load.Run(t.Context(), load.Config{Target: h.target(), Run: "l" + strconv.Itoa(i), Rate: n, For: d})
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		after := h.usage()
		sent := 0
		for _, way := range []load.Way{load.Syslog, load.MLLP, load.FHIR, load.Bulk} {
			b := books[way]
			sent += b.Sent
			t.Logf("  %-6s sent %d, acknowledged %d, refused %d, late %d, p50 %v, p99 %v", way, b.Sent, b.Acked, b.Refused, b.Late,
				b.Quantile(50).Round(time.Millisecond/10), b.Quantile(99).Round(time.Millisecond/10))
		}
		t.Logf("%s: %d records in %v: %.0f a second; node %.2f cores and %d MB, search %.2f cores and %d MB", run, sent, took.Round(time.Second),
			float64(sent)/took.Seconds(), (after.node.cpu-before.node.cpu).Seconds()/took.Seconds(), after.node.rss>>20,
			(after.search.cpu-before.search.cpu).Seconds()/took.Seconds(), after.search.rss>>20)
		before = after
	}
	h.caughtUp(t)
	h.stop(syscall.SIGTERM)
	for name, size := range map[string]int64{"journal": du(t, filepath.Join(h.dir, "data", "journal", "segments")) + du(t, filepath.Join(h.dir, "data", "journal", "log")), "index": du(t, filepath.Join(h.dir, "data", "index"))} {
		t.Logf("%s: %d MB on disk", name, size>>20)
	}
	found := h.kept()
	twice := 0
	for _, n := range found {
		if n > 1 {
			twice++
		}
	}
	t.Logf("%d records kept, %d twice", len(found), twice)
}

// usage is what a process has used.
type usage struct {
	cpu time.Duration
	rss int64
}

type usages struct{ node, search usage }

func (h *house) usage() usages {
	h.t.Helper()
	u := usages{node: processUsage(h.process.Process.Pid)}
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, file := range processes {
		stat, _ := os.ReadFile(file)
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(h.process.Process.Pid) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			u.search = processUsage(pid)
		}
	}
	return u
}

// processUsage reads /proc (proc(5)): utime and stime in hundredths of a second, and the resident pages.
func processUsage(pid int) usage {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	if len(f) < 22 {
		return usage{}
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	pages, _ := strconv.ParseInt(f[21], 10, 64)
	return usage{time.Duration(user+system) * 10 * time.Millisecond, pages * int64(os.Getpagesize())}
}

func du(t *testing.T, dir string) (size int64) {
	t.Helper()
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}
