package crowd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
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

// TestArrivals counts false alarms in three years of each, or as many as WARDLINE_YEARS says, and how soon a tenth, a third and twice as many are told.
func TestArrivals(t *testing.T) {
	if testing.Short() {
		t.Skip("counts arrivals for years")
	}
	years, seeds := 3, uint64(5)
	if s := os.Getenv("WARDLINE_YEARS"); s != "" {
		fmt.Sscan(s, &years)
		seeds = 20
	}
	alarms := 0
	for _, n := range []float64{13, 50, 250} {
		for _, differ := range []float64{0, 0.1} {
			usual := func(int) float64 { return n }
			said, _ := play(book(), 0, years*365, 1, usual, differ)
			line, began := fmt.Sprintf("%.0f a day, days differ by %.0f %%", n, 100*differ), 0
			for _, s := range said {
				if !s.Ended {
					began++
				}
			}
			alarms += began
			line += fmt.Sprintf(": %d false alarms in %d years", began, years)
			for _, more := range []float64{1.1, 1.35, 2} {
				var after []int
				for seed := range seeds {
					b := book()
					play(b, 0, 60, 10+seed, usual, differ)
					said, at := play(b, 60, 28, 10+seed, func(int) float64 { return more * n }, differ)
					if i := slices.IndexFunc(said, func(t crowd.Trouble) bool { return !t.Ended }); i >= 0 {
						after = append(after, at[i]-60)
					}
				}
				slices.Sort(after)
				line += fmt.Sprintf("; times %.2f: %d of %d", more, len(after), seeds)
				if len(after) > 0 {
					line += fmt.Sprintf(" within %d days (up to %d)", after[len(after)/2], after[len(after)-1])
				}
			}
			t.Log(line)
		}
	}
	if alarms > 3*years { // of six hospitals each
		t.Errorf("%d false alarms", alarms)
	}
}

// TestAVisitCountsOnce: a message that is heard at two points, or sent again, brings nobody.
func TestAVisitCountsOnce(t *testing.T) {
	b := book()
	play(b, 0, 60, 1, func(int) float64 { return 50 }, 0)
	for d := 60; d < 70; d++ {
		for n := range 300 {
			if said := b.Came("MAIN", uint64(d)<<32+uint64(n%45), monday.AddDate(0, 0, d).Add(12*time.Hour)); len(said) > 0 {
				t.Fatalf("%+v", said)
			}
		}
	}
}

// TestItEnds tells the end of what began, after a restart, too.
func TestItEnds(t *testing.T) {
	b := book()
	play(b, 0, 60, 1, func(int) float64 { return 50 }, 0)
	began, _ := play(b, 60, 12, 1, func(int) float64 { return 80 }, 0)
	if len(began) != 1 || began[0].Ended || began[0].Count < int(began[0].Expected) {
		t.Fatalf("%+v", began)
	}
	b, err := crowd.Decode(crowd.Config{Zone: time.UTC}, b.Encode())
	if err != nil {
		t.Fatal(err)
	}
	ended, _ := play(b, 72, 60, 1, func(int) float64 { return 50 }, 0)
	if len(ended) != 1 || !ended[0].Ended || !ended[0].Since.Equal(began[0].Since) {
		t.Errorf("%+v", ended)
	}
}

// TestDaysThatNobodyHeard: of days on which nobody listened in the evening it is not known how many came.
func TestDaysThatNobodyHeard(t *testing.T) {
	b := book()
	for d := range 60 {
		play(b, d, 1, 1, func(int) float64 { return 30 }, 0)
		b.Deaf(monday.AddDate(0, 0, d).Add(18 * time.Hour))
	}
	if said, _ := play(b, 60, 25, 1, func(int) float64 { return 50 }, 0); len(said) > 0 {
		t.Errorf("%+v", said)
	}
}

// TestSilenceHidesNothing: days on which the feed was silent, which are no days with few patients, do not make others look usual.
func TestSilenceHidesNothing(t *testing.T) {
	b := book()
	play(b, 0, 40, 1, func(int) float64 { return 50 }, 0)
	play(b, 40, 10, 1, func(int) float64 { return 2 }, 0)
	play(b, 50, 14, 1, func(int) float64 { return 50 }, 0)
	if said, _ := play(b, 64, 7, 1, func(int) float64 { return 75 }, 0); len(said) != 1 || said[0].Expected < 45*float64(said[0].Days) {
		t.Errorf("%+v", said)
	}
}

func FuzzDecode(f *testing.F) {
	b := book()
	play(b, 0, 70, 1, func(int) float64 { return 20 }, 0)
	f.Add(b.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := crowd.Decode(crowd.Config{Zone: time.UTC}, data)
		if err != nil {
			return
		}
		play(b, 0, 70, 1, func(int) float64 { return 2 }, 0)
		b.Deaf(monday.AddDate(0, 0, 80))
		if _, err := crowd.Decode(crowd.Config{Zone: time.UTC}, b.Encode()); err != nil {
			t.Fatal(err)
		}
	})
}
