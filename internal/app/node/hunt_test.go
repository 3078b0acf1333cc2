package node_test

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/sim/load"
	"github.com/wardline/wardline/internal/watch"
)

// TestHunts asks a long past for what was seen and what was not, deletes the index while the node runs, and asks again
// when it has filled itself (promise P11): the answers are the same. WARDLINE_HUNT says how many events to ask.
func TestHunts(t *testing.T) {
	events := 20_000
	if n, err := strconv.Atoi(os.Getenv("WARDLINE_HUNT")); err == nil {
		events = n
	}
	h := newHouse(t)
	h.start()
	rate := 12_000
	if events < 50_000 {
		rate = 4_000
	}
	target := h.target()
	target.MLLP, target.FHIR = "", "" // three in four of the rate
	began := time.Now()
	long := time.Duration(float64(events) / float64(rate) / 0.75 * float64(time.Second))
	if _, err := load.Run(t.Context(), load.Config{Target: target, Run: "h", Rate: rate, For: long}); err != nil {
		t.Fatal(err)
	}
	t.Logf("taken in within %v", time.Since(began).Round(time.Second))
	h.caughtUp(t)
	c, err := node.ReadConfig(h.config)
	if err != nil {
		t.Fatal(err)
	}
	questions := []string{"10.20.7.3", "198.51.100.9", "clinic007.example.org", "Windows shadow copies deleted"}
	ask := func(of string) map[string]int {
		seen := map[string]int{}
		for _, q := range questions {
			began := time.Now()
			a, err := node.Hunt(t.Context(), &c, node.HuntRequest{Question: q}, func(watch.Progress) {})
			if err != nil {
				t.Fatal(err)
			}
			seen[q] = a.Seen
			t.Logf("%s, %s: seen %d of %d events, %d of them judged, %.2f s (index asked: %v)", of, q, a.Seen, a.Events, a.Judged, time.Since(began).Seconds(), a.Index)
		}
		return seen
	}
	before := ask("first")
	if before["10.20.7.3"] == 0 || before["198.51.100.9"] != 0 {
		t.Errorf("got %v", before)
	}
	began = time.Now()
	if err := os.RemoveAll(filepath.Join(h.dir, "data", "index")); err != nil {
		t.Fatal(err)
	}
	h.rebuilt(t, &c)
	t.Logf("the index was there again after %v: %.0f events a second", time.Since(began).Round(time.Second/10), float64(events)/time.Since(began).Seconds())
	after := ask("rebuilt")
	for q, n := range before {
		if after[q] != n {
			t.Errorf("%s: seen %d times before, %d after", q, n, after[q])
		}
	}
	h.stop(syscall.SIGTERM)
}

// rebuilt waits until search has begun anew and seen everything, however long that takes.
func (h *house) rebuilt(t *testing.T, c *node.Config) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var s node.Status
		if err := node.Control(t.Context(), c, "/status", nil, &s); err == nil && s.Rebuilds > 0 && s.Indexed >= s.Entries {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the index did not come back")
		}
	}
}
