package life_test

import (
	"slices"
	"testing"

	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// within checks a figure against what the model says, and prints both.
func within(t *testing.T, what string, got, least, most float64) {
	t.Helper()
	t.Logf("%-44s %8.2f  (%g to %g)", what, got, least, most)
	if got < least || got > most {
		t.Errorf("%s is %.2f, and should lie between %g and %g", what, got, least, most)
	}
}

// TestFiguresOfTheModel checks what is played against the figures that the model is built on, scaled to 200 beds.
func TestFiguresOfTheModel(t *testing.T) {
	if testing.Short() {
		t.Skip("plays four weeks")
	}
	const days = 28
	var rows []float64
	var touches, documented, fresh, freshDocumented, looks float64
	messages := 0
	h := play(t, life.Config{Size: world.Mid, Seed: 5, From: monday, Days: days}, life.Sinks{
		Record: func(r *feed.Record) error {
			if feed.Describe(r.Feed).Way == feed.MLLP {
				messages++
			}
			return nil
		},
		Truth: func(x *life.Truth) error {
			if x.Touch == nil {
				return nil
			}
			rows = append(rows, float64(x.Touch.Rows))
			touches++
			looks += float64(x.Touch.Looks)
			if x.Touch.Documented {
				documented++
			}
			if x.Touch.New && x.Touch.Day > "2026-03-15" {
				fresh++
				if x.Touch.Documented {
					freshDocumented++
				}
			}
			return nil
		},
	})
	f := count(h, days)
	slices.Sort(rows)
	slices.Sort(f.length)
	within(t, "visits to the emergency department a day", f.emergency/days, 52*0.93, 52*1.07)
	within(t, "of them admitted, percent", 100*f.admitted/f.emergency, 22, 28)
	within(t, "median stay, days", f.length[len(f.length)/2], 2.8, 4.2)
	within(t, "mean stay, days", mean(f.length), 4.6, 6.4)
	within(t, "moves within a stay", f.moves/f.stays, 1.1, 1.9)
	within(t, "deaths a day", f.died/days, 0.4, 1.2)
	within(t, "outpatients a working day", f.outpatients/20, 560*0.9, 560*1.1)
	within(t, "of them missed, percent", 100*f.missed/f.outpatients, 10, 14)
	within(t, "mean census", mean(f.census), 90, 170)
	within(t, "active accounts", active(h.World), 1600*0.9, 1600*1.3)
	within(t, "touches a day", touches/days, 4000, 9000)
	within(t, "looks in a touch", looks/touches, 1, 2)
	within(t, "rows in a touch, median", rows[len(rows)/2], 8, 24)
	within(t, "rows in a touch, mean", mean(rows), 20, 40)
	within(t, "rows of the access log a day", mean(rows)*touches/days, 160_000, 280_000)
	within(t, "HL7 messages a day", float64(messages)/days, 6_000, 60_000)
	within(t, "touches that are written down, percent", 100*documented/touches, 94, 97)
	within(t, "first touches that are written down, percent", 100*freshDocumented/fresh, 60, 97)
	within(t, "touches that are first ones, percent", 100*fresh/touches, 5, 70)
}

func mean(of []float64) float64 {
	sum := 0.0
	for _, x := range of {
		sum += x
	}
	return sum / float64(len(of))
}

func active(w *world.World) float64 {
	n := 0.0
	for _, s := range w.Staff {
		if s.Employed(w.From + 3) {
			n++
		}
	}
	return n
}

// TestFewRowsKeepAllTouches leaves out rows, as evaluations do: who looked at whom stays the same.
func TestFewRowsKeepAllTouches(t *testing.T) {
	all, thin := map[string]int{}, map[string]int{}
	var rows [2]int
	for i, share := range []float64{1, 0.1} {
		into := []map[string]int{all, thin}[i]
		play(t, life.Config{Size: world.Mid, Seed: 3, From: monday, Days: 1, Rows: share}, life.Sinks{
			Record: func(r *feed.Record) error {
				if r.Feed == feed.Access {
					rows[i]++
				}
				return nil
			},
			Truth: func(x *life.Truth) error {
				if x.Touch != nil {
					into[x.Touch.User+x.Touch.MRN+x.Touch.First] = x.Touch.Looks
				}
				return nil
			},
		})
	}
	if len(all) != len(thin) {
		t.Fatalf("%d touches, and %d with few rows", len(all), len(thin))
	}
	for k, n := range all {
		if thin[k] != n {
			t.Fatal("a touch differs when rows are left out")
		}
	}
	if share := float64(rows[1]) / float64(rows[0]); share > 0.5 || share < 0.1 {
		t.Errorf("a tenth of the rows within looks left %.2f of all", share)
	}
	t.Logf("%d rows, %d with few: %.2f", rows[0], rows[1], float64(rows[1])/float64(rows[0]))
}

// figures are what visits come to.
type figures struct {
	emergency, admitted, outpatients, missed, died, moves, stays float64
	length                                                       []float64 // of stays, in days
	census                                                       []float64 // at noon of each day
}

func count(h *life.Hospital, days int) (f figures) {
	f.census = make([]float64, days)
	from := h.World.At(h.World.From, 0, 0)
	for _, v := range h.AllVisits() {
		for d := range f.census {
			if noon := h.World.At(h.World.From+world.Day(d), 12, 0); v.Class == 'I' && v.Where(noon) != nil && v.Where(noon).Kind == world.Ward {
				f.census[d]++
			}
		}
		if v.From.Before(from) || !v.From.Before(from.AddDate(0, 0, days)) {
			continue
		}
		first := v.Stays[0].Unit.Kind
		if first == world.Emergency {
			f.emergency++
		}
		switch {
		case v.Class == 'I':
			f.stays++
			f.moves += float64(len(v.Stays) - 1)
			if first == world.Emergency {
				f.admitted++
			}
			if v.Died {
				f.died++
			}
			f.length = append(f.length, v.To.Sub(v.From).Hours()/24)
		case v.Class == 'O':
			f.outpatients++
			if v.NoShow {
				f.missed++
			}
		}
	}
	return f
}
