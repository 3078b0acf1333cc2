package crowd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/crowd"
)

var monday = time.Date(2030, 1, 7, 0, 0, 0, 0, time.UTC)

func book() *crowd.Book { return crowd.New(crowd.Config{Zone: time.UTC}) }

// play has so many come a day, as many as chance and the day have it: one day is busier than the other by so much, and a weekend less so by a tenth.
func play(b *crowd.Book, from, days int, seed uint64, aDay func(day int) float64, differ float64) (said []crowd.Trouble, at []int) {
	r := rand.New(rand.NewPCG(seed, uint64(from)))
	for d := from; d < from+days; d++ {
		mean := aDay(d) * math.Exp(differ*r.NormFloat64())
		if d%7 > 4 {
			mean *= 0.9
		}
		for n := range poisson(r, mean) {
			for _, t := range b.Came("MAIN", uint64(d)<<32*0x9e3779b97f4a7c15+uint64(n), monday.AddDate(0, 0, d).Add(12*time.Hour)) {
				said, at = append(said, t), append(at, d)
			}
		}
	}
	return said, at
}

func poisson(r *rand.Rand, mean float64) (n int) {
	for sum := r.ExpFloat64(); sum < mean; sum += r.ExpFloat64() {
		n++
	}
	return n
}

// TestArrivals counts false alarms in ten years of each, and how soon a third more, and twice as many, are told.
func TestArrivals(t *testing.T) {
	alarms := 0
	for _, n := range []float64{13, 50, 250} {
		for _, differ := range []float64{0, 0.1} {
			usual := func(int) float64 { return n }
			said, _ := play(book(), 0, 3650, 1, usual, differ)
			line, began := fmt.Sprintf("%.0f a day, days differ by %.0f %%", n, 100*differ), 0
			for _, s := range said {
				if !s.Ended {
					began++
				}
			}
			alarms += began
			line += fmt.Sprintf(": %d false alarms in ten years", began)
			for _, more := range []float64{1.1, 1.35, 2} {
				var after []int
				for seed := range uint64(20) {
					b := book()
					play(b, 0, 60, 10+seed, usual, differ)
					said, at := play(b, 60, 28, 10+seed, func(int) float64 { return more * n }, differ)
					if i := slices.IndexFunc(said, func(t crowd.Trouble) bool { return !t.Ended }); i >= 0 {
						after = append(after, at[i]-60)
					}
				}
				slices.Sort(after)
				line += fmt.Sprintf("; times %.2f: %d of 20", more, len(after))
				if len(after) > 0 {
					line += fmt.Sprintf(" within %d days (up to %d)", after[len(after)/2], after[len(after)-1])
				}
			}
			t.Log(line)
		}
	}
	if alarms > 30 { // in sixty years
		t.Errorf("%d false alarms", alarms)
	}
}
