package life_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// TestSlips plays the same days with what is honest and looks falsified, and without: it is there, late notes are late, and whoever looked at records without it
// looks at them with it too.
func TestSlips(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a hospital for days twice")
	}
	c := life.Config{Size: world.Mid, Seed: 6, From: monday, Days: 5, Rows: 0.02}
	looks, files := map[uint64]bool{}, map[string]string{}
	play(t, c, life.Sinks{Record: func(r *feed.Record) error {
		switch {
		case r.Slip != "":
			t.Errorf("without slips there is one: %s", r.Slip)
		case r.Feed == feed.TapLab:
			t.Error("without slips nothing passes an engine")
		case r.Feed == feed.Access:
			looks[r.ID] = true
		case r.Feed == feed.Roster || r.Feed == feed.Staff:
			files[r.Name] = string(r.Data)
		}
		return nil
	}})
	slips, taps := map[life.Slip]int{}, map[feed.Feed]int{}
	c.Slips = true
	play(t, c, life.Sinks{Record: func(r *feed.Record) error {
		slips[life.Slip(r.Slip)]++
		taps[r.Feed]++
		switch r.Feed {
		case feed.Access:
			delete(looks, r.ID)
		case feed.Roster, feed.Staff:
			if files[r.Name] != string(r.Data) {
				t.Errorf("%s is another file", r.Name)
			}
		case feed.Documents:
			checkLate(t, r)
		}
		return nil
	}})
	if len(looks) > 0 {
		t.Errorf("%d rows of the access log are missing with slips", len(looks))
	}
	for _, s := range []life.Slip{life.LateNote, life.LaterNote, life.ChartFixed, life.Renamed, life.Passed} {
		if slips[s] == 0 {
			t.Errorf("nothing is %s in five days", s)
		}
	}
	if share := float64(slips[life.LateNote]) / float64(taps[feed.Documents]); share < 0.02 || share > 0.2 {
		t.Errorf("%.0f %% of notes come late", 100*share)
	}
	if n, m := taps[feed.TapLab], taps[feed.TapRecord]; n == 0 || n-m > n/20 || m-n > n/20 {
		t.Errorf("%d results in front of the engine, and %d behind", n, m)
	}
	t.Log(slips)
}

// checkLate tells whether a note that is late is it, and claims a time that was typed.
func checkLate(t *testing.T, r *feed.Record) {
	t.Helper()
	if r.Slip != string(life.LateNote) && r.Slip != string(life.LaterNote) {
		return
	}
	m, err := hl7.Parse(r.Data, hl7.DefaultLimits())
	if err != nil {
		return // cut short by its sender
	}
	text, _ := m.Get("TXA-4")
	claimed, _, ok := hl7.ParseTime(text)
	if late := r.At.Sub(claimed); ok && (late < 50*time.Minute || r.Slip == string(life.LaterNote) && late < 24*time.Hour || claimed.Second() != 0) {
		t.Errorf("a note that is %s came %s after the time that it claims", r.Slip, late)
	}
}

// TestSlipsAreTheSameAgain: they come from the seed alone.
func TestSlipsAreTheSameAgain(t *testing.T) {
	c := life.Config{Size: world.Mid, Seed: 6, From: monday, Days: 2, Rows: 0.02, Slips: true}
	many := digest(t, c)
	before := runtime.GOMAXPROCS(1)
	one := digest(t, c)
	runtime.GOMAXPROCS(before)
	if one != many {
		t.Errorf("%s with one processor, %s with %d", one, many, before)
	}
}
