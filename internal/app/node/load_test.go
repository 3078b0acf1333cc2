package node_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/wardline/wardline/internal/sim/load"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
)

// TestLoad holds a node to what it must stand (load L1 and L2): all that was acknowledged is kept, and memory stays
// within bounds. It takes long: WARDLINE_LOAD lists runs as rate:duration, such as 5000:10m,20000:60s. WARDLINE_SLOW_DISK makes
// each sync of the disk take so much longer, such as 5ms (load L3).
func TestLoad(t *testing.T) {
	runs := os.Getenv("WARDLINE_LOAD")
	if runs == "" {
		t.Skip("it takes long: set WARDLINE_LOAD to runs such as 5000:10m,20000:60s")
	}
	h := newHouse(t)
	if slow := os.Getenv("WARDLINE_SLOW_DISK"); slow != "" {
		h.binary = append(slowDisk(t, slow), h.binary...)
	}
	h.start()
	before := h.usage()
	stop := h.probe(t)
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
			log, _ := os.ReadFile(filepath.Join(h.dir, "node.log"))
			t.Fatalf("%v\nthe node said:\n%s", err, log)
		}
		took := time.Since(began)
		after := h.usage()
		sent := 0
		for _, b := range books {
			sent += b.Sent
		}
		t.Log(table(books))
		t.Logf("%s: %d records in %v: %.0f a second; node %.2f cores and %d MB, search %.2f cores and %d MB", run, sent, took.Round(time.Second),
			float64(sent)/took.Seconds(), (after.node.cpu-before.node.cpu).Seconds()/took.Seconds(), after.node.rss>>20,
			(after.search.cpu-before.search.cpu).Seconds()/took.Seconds(), after.search.rss>>20)
		before = after
	}
	stop()
	h.caughtUp(t)
	h.stop(syscall.SIGTERM)
	h.latencies(t)
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

// slowDisk is what a node is started by so that each sync takes longer.
func slowDisk(t *testing.T, longer string) []string {
	t.Helper()
	d, err := time.ParseDuration(longer)
	if err != nil {
		t.Fatalf("WARDLINE_SLOW_DISK: %v", err)
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("it needs strace")
	}
	calls := "fsync,fdatasync,sync_file_range"
	return []string{strace, "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=" + calls, "-e", fmt.Sprintf("inject=%s:delay_exit=%d", calls, d.Microseconds())}
}

// table shows what became of the records of each way, and how soon they were acknowledged: from when one was sent, or the
// request that it was in, to the answer (promise P1).
func table(books map[load.Way]*load.Books) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nway\tsent\tMB\tacknowledged\trefused\tlate\tp50\tp99\tlongest\t")
	for _, way := range load.Ways() {
		b := books[way]
		if b == nil {
			continue
		}
		quantile := func(percent int) string {
			if len(b.Latency) == 0 {
				return "-"
			}
			return b.Quantile(percent).Round(time.Millisecond / 10).String()
		}
		fmt.Fprintf(w, "%s\t%d\t%.2f\t%d\t%d\t%d\t%s\t%s\t%s\t\n", way, b.Sent, float64(b.Bytes)/1e6, b.Acked, b.Refused, b.Late,
			quantile(50), quantile(99), quantile(100))
	}
	w.Flush()
	return text.String()
}

// probe sends, every four seconds, an event that a rule finds: backups of a host deleted, another host each time.
func (h *house) probe(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	target := h.target()
	var done sync.WaitGroup
	done.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			body := fmt.Sprintf("{\"create\":{}}\n"+`{"@timestamp":%q,"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":1,"computer_name":"PROBE-%03d.example.org","event_data":{"Image":"C:\\Windows\\System32\\vssadmin.exe","OriginalFileName":"VSSADMIN.EXE","CommandLine":"vssadmin delete shadows /all /quiet"}},"event":{"code":"1","provider":"Microsoft-Windows-Sysmon"},"agent":{"type":"winlogbeat","version":"8.15.0"}}`+"\n",
				time.Now().UTC().Format(time.RFC3339Nano), n)
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.Bulk+"/_bulk", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Content-Type", "application/x-ndjson")
			req.Header.Set("Authorization", "Bearer "+h.token)
			if res, err := target.Client.Do(req); err == nil {
				res.Body.Close()
			}
			select {
			case <-time.After(4 * time.Second):
			case <-ctx.Done():
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// latencies tells how long it took from a probe to the finding on the desk.
func (h *house) latencies(t *testing.T) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(h.dir, "data", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	desk, err := triage.Open(t.Context(), db, h.veil())
	if err != nil {
		t.Fatal(err)
	}
	items, err := desk.List(t.Context(), triage.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var took []time.Duration
	for _, i := range items {
		if host := i.Entities["host"]; len(host) > 0 && strings.HasPrefix(host[0], "PROBE-") {
			took = append(took, i.Opened.Sub(i.First))
		}
	}
	slices.Sort(took)
	if len(took) == 0 {
		t.Fatal("no probe was found")
	}
	t.Logf("%d probes found: p50 %v, p99 %v, last %v", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
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
