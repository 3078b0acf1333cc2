package journal_test

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// faults are the system calls with which a journal makes things durable, and what is let happen in their place.
var faults = []struct{ call, fault string }{
	{"fsync", "error=EIO"},
	{"fdatasync", "error=EIO"},
	{"pwrite64", "error=EIO"},
	{"write", "error=ENOSPC"},
	{"openat", "error=EIO"},
	{"renameat", "error=EIO"},
	{"mkdirat", "error=EIO"},
	{"close", "error=EIO"},
	{"fsync", "signal=KILL"},
	{"fdatasync", "signal=KILL"},
	{"pwrite64", "signal=KILL"},
	{"write", "signal=KILL"},
	{"renameat", "signal=KILL"},
	{"openat", "signal=KILL"},
}

// TestEachSystemCallFails is promise P3, by the method of SQLite and Tessera: in each thread of the process the first call of a
// kind fails, in the next run the second, and so on, until no thread makes so many. The journal is reopened without
// faults each time. The short form leaves numbers out.
func TestEachSystemCallFails(t *testing.T) {
	quick(t)
	_, err := exec.LookPath("strace")
	need(t, err == nil, "strace")
	right(t, exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "true").Run() == nil, "the right to trace processes")
	dir := journalDir(t)
	if _, err := start(t, orders{Dir: dir, Senders: 2, Lines: 6, Ballast: -1}, "strace", "-f", "-qq", "-o", "/dev/null").wait(); err != nil {
		t.Fatal(err)
	}
	var c tally
	ended := map[string]int{}
	runs, healed := 0, 0
	for _, f := range faults {
		numbers := slices.Values([]int{1, 3, 8, 13})
		if long() {
			numbers = func(yield func(int) bool) {
				for n := 1; yield(n); n++ {
				}
			}
		}
		idle := 0
		for n := range numbers {
			runs++
			how := faultRun(t, &c, dir, runs, f.call, f.fault, n)
			ended[f.call+" "+f.fault+": "+how]++
			if t.Failed() {
				t.Fatalf("%s %s at call %d", f.call, f.fault, n)
			}
			if how == "healed" {
				healed++
			}
			if idle++; how != "not hurt" {
				idle = 0
			}
			if idle == 3 {
				break
			}
		}
	}
	t.Logf("%d runs: acknowledged %d lines, lost %d; %d entries, %d orphaned parts of segments", runs, c.acked, c.lost, c.entries, c.orphans)
	for _, how := range slices.Sorted(maps.Keys(ended)) {
		t.Logf("%4d x %s", ended[how], how)
	}
	if healed == 0 {
		t.Error("no run healed without a restart")
	}
}

// faultRun runs a child whose nth call of each thread goes wrong, and says how that ended.
func faultRun(t *testing.T, c *tally, dir string, number int, call, fault string, n int) string {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	p := start(t, orders{Dir: dir, First: number * 1000, Senders: 2, Lines: 6, Ballast: -1},
		"strace", "-f", "-q", "-o", trace, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:%s:when=%d", call, fault, n))
	acks, err := p.wait()
	c.account(t, dir, acks)
	if err == nil && len(acks) != 12 {
		t.Errorf("only %d of 12 lines were acknowledged", len(acks))
	}
	stderr := p.stderr.String()
	switch traced := readFile(t, trace); {
	case strings.Contains(stderr, "panic:") || strings.Contains(stderr, "fatal error:"):
		return "died"
	case strings.Contains(traced, "killed by SIGKILL"):
		return "killed"
	case err != nil:
		return "did not open or close"
	case strings.Contains(stderr, "journal is back"):
		return "healed"
	case strings.Contains(traced, "(INJECTED)"):
		return "went on"
	}
	return "not hurt"
}

// TestKilledWhileItIsMade kills the first start of a journal at one sync after the other. The next start makes it, or finds it made.
func TestKilledWhileItIsMade(t *testing.T) {
	quick(t)
	_, err := exec.LookPath("strace")
	need(t, err == nil, "strace")
	right(t, exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "true").Run() == nil, "the right to trace processes")
	killed := 0
	for n := 1; ; n++ {
		var c tally
		how := faultRun(t, &c, journalDir(t), 1, "fsync", "signal=KILL", n)
		if t.Failed() {
			t.Fatalf("killed at sync %d", n)
		}
		if how != "killed" {
			break
		}
		killed++
	}
	t.Logf("killed at %d syncs of the first start and what came then", killed)
	if killed < 10 {
		t.Error("that is too few to have been at all of them")
	}
}
