package life_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// monday is when most tests begin.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// play plays a hospital, and fails the test when that cannot be done.
func play(t testing.TB, c life.Config, to life.Sinks) *life.Hospital {
	t.Helper()
	h, err := life.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Play(context.Background(), to); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestChanceMeetingsAreAsFrequentAsReported compares how often those who look and those who are looked at have to do with
// each other, by chance and rightly, with what Boxwala 2011 (table 3) counted per million accesses.
func TestChanceMeetingsAreAsFrequentAsReported(t *testing.T) {
	if testing.Short() {
		t.Skip("plays four weeks")
	}
	size, days := world.Mid, 28
	if s := os.Getenv("WARDLINE_SIM_SIZE"); s != "" {
		size = world.Size(s)
	}
	counts, touches := map[string]int{}, 0
	for seed := range uint64(3) {
		h, err := life.New(life.Config{Size: size, Seed: seed + 1, From: monday, Days: days, Rows: 0.01})
		if err != nil {
			t.Fatal(err)
		}
		messaged := map[string]bool{}
		err = h.Play(context.Background(), life.Sinks{Truth: func(x *life.Truth) error {
			if x.Touch == nil {
				return nil
			}
			touches++
			for _, name := range meetings(h, x.Touch) {
				counts[name]++
			}
			if x.Touch.Why == "call" {
				messaged[x.Touch.MRN] = true
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range h.AllVisits() {
			messaged[h.World.MRN(v.Person)] = true
		}
	}
	t.Logf("%d touches", touches)
	for _, r := range []struct {
		name     string
		reported float64 // per million
	}{{"co-worker", 93}, {"VIP", 142}, {"family", 876}, {"neighbour", 5538}, {"no recent visit", 166}} {
		got := float64(counts[r.name]) / float64(touches) * 1e6
		t.Logf("%-16s reported %6.0f  played %6.0f  per million (%d)", r.name, r.reported, got, counts[r.name])
		if got < r.reported/2 || got > r.reported*2 {
			t.Errorf("%s: %.0f per million, and %.0f are reported: not within a factor of two", r.name, got, r.reported)
		}
	}
}

// meetings names what the two of a touch have to do with each other.
func meetings(h *life.Hospital, x *life.Touch) (all []string) {
	w := h.World
	who, p := x.Staff, x.Person
	if worker := w.Worker(p); worker != nil && worker != who && worker.Department == who.Department {
		all = append(all, "co-worker")
	}
	if w.VIP(p) {
		all = append(all, "VIP")
	}
	a, b := who.Human, w.Human(p)
	same := int64(who.Person)>>3 == int64(p)>>3
	if same || a.Family == b.Family && a.Postcode == b.Postcode {
		all = append(all, "family")
	}
	if !same && near(a, b) {
		all = append(all, "neighbour")
	}
	if x.Why == "old matter" || x.Why == "misclick" && !visited(h, p) {
		all = append(all, "no recent visit")
	}
	return all
}

func near(a, b world.Human) bool {
	east, north := a.East-b.East, a.North-b.North
	return east*east+north*north <= 100*100 || a.Road == b.Road && max(a.Number-b.Number, b.Number-a.Number) <= 20
}

func visited(h *life.Hospital, p world.Person) bool { return h.Visited(p) }
