package sibling_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/sibling"
)

// hospital is ten feeds of so many messages a day that come in bursts, each with its own day, and have good and bad days together.
type hospital struct {
	rand  *rand.Rand
	watch *sibling.Watch
	now   time.Time
	day   float64 // factor of all feeds
	daily []float64
	burst float64
}

func newHospital(seed uint64, burst float64) *hospital {
	return &hospital{rand: rand.New(rand.NewPCG(seed, 1)), watch: sibling.New(), now: time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC), burst: burst,
		daily: []float64{200, 400, 700, 1000, 1500, 2000, 3000, 5000, 8000, 12000}}
}

// usual is the half hour of a feed: most by day, a third by night, less on weekends.
func usual(daily float64, feed int, at time.Time) float64 {
	hour := float64(at.Hour()) + float64(at.Minute())/60
	mean := daily / 48 * (1 + 0.7*math.Sin((hour-6-float64(feed%4))/24*2*math.Pi))
	if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
		mean *= 0.6
	}
	return mean
}

// half plays a half hour in which a feed says only a share of what it would; it returns who is told of.
func (h *hospital) half(broken int, share float64) (out []sibling.Less) {
	if h.now.Hour() == 0 && h.now.Minute() == 0 {
		if h.day = 1 + 0.06*h.rand.NormFloat64(); h.rand.IntN(20) == 0 {
			h.day = 0.5 // a holiday that nobody entered
		}
	}
	var all []sibling.Half
	for n, daily := range h.daily {
		mean := usual(daily, n, h.now)
		rate := mean * h.day
		if n == broken {
			rate *= share
		}
		all = append(all, sibling.Half{Feed: fmt.Sprint(n), Came: h.count(rate), Usual: mean})
	}
	h.now = h.now.Add(30 * time.Minute)
	return h.watch.Take(all, h.now)
}

// count draws bursts.
func (h *hospital) count(rate float64) float64 {
	n := 0.0
	for bursts := poisson(h.rand, rate/h.burst); bursts > 0; bursts-- {
		n += 1 + poisson(h.rand, h.burst-1)
	}
	return n
}

func poisson(r *rand.Rand, mean float64) float64 {
	if mean > 30 {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	n, limit := 0.0, math.Exp(-mean)
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// trials is how often each loss is tried; WARDLINE_YEARS asks for all.
func trials() int {
	if os.Getenv("WARDLINE_YEARS") != "" {
		return 20
	}
	return 8
}

// TestPartialLoss is the trial: ten feeds, in bursts of one or of four, ten weeks to learn, and then one of them loses a share.
//
// Half of it lost, by the median of those that were found within a day, and how many were; and false alarms a feed and year. It prints them.
func TestPartialLoss(t *testing.T) {
	for _, burst := range []float64{1, 4} {
		for _, share := range []float64{0.5, 0.7} {
			var took []float64
			tried, wrong, years := 0, 0, 0.0
			for seed := range uint64(trials()) {
				h := newHospital(seed, burst)
				for range 10 * 7 * 48 {
					for _, l := range h.half(-1, 1) {
						if !l.Ended {
							wrong++
						}
					}
				}
				years += 10 * 6.0 / 52 // from the fourth week on
				broken := int(seed) % 10
				tried++
				for n := range 48 {
					if slices.ContainsFunc(h.half(broken, share), func(l sibling.Less) bool { return l.Feed == fmt.Sprint(broken) && !l.Ended }) {
						took = append(took, float64(n+1)/2)
						break
					}
				}
			}
			slices.Sort(took)
			middle := math.NaN()
			if len(took) > 0 {
				middle = took[len(took)/2]
			}
			t.Logf("bursts of %.0f, %.0f %% lost: %d of %d found within a day, by the median after %.1f h; %.1f false alarms a feed and year", burst, 100*(1-share), len(took), tried, middle, float64(wrong)/years)
			if share == 0.5 && burst == 1 && len(took) < tried*3/4 {
				t.Errorf("of %d feeds that lost half only %d were told of within a day", tried, len(took))
			}
			if float64(wrong)/years > 8 {
				t.Errorf("%.1f false alarms a feed and year", float64(wrong)/years)
			}
		}
	}
}

// A holiday that nobody entered halves all feeds, and tells of none; a feed that is well again is told once.
func TestAHolidayIsNobodysLoss(t *testing.T) {
	h := newHospital(1, 1)
	for range 10 * 7 * 48 {
		h.half(-1, 1)
	}
	told := map[string]int{}
	for n := range 3 * 48 {
		h.day = 0.5
		for _, l := range h.half(-1, 1) {
			told[l.Feed]++
		}
		if n%48 == 47 {
			h.day = 1
		}
	}
	if len(told) != 0 {
		t.Errorf("a holiday: %v", told)
	}
	var said []string
	note := func(all []sibling.Less) {
		for _, l := range all {
			said = append(said, fmt.Sprint(l.Feed, " ", l.Ended, " ", l.Came < 0.7*l.Expected))
		}
	}
	var err error
	for range 24 {
		note(h.half(9, 0.5))
		if h.watch, err = sibling.Decode(h.watch.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(said, []string{"9 false true"}) {
		t.Errorf("half is lost: %q", said)
	}
	for range 8 {
		note(h.half(-1, 1))
	}
	if len(said) != 2 || said[1][:6] != "9 true" {
		t.Errorf("it is back: %q", said)
	}
	for _, damaged := range []string{"", "[", `{"a":1}`} {
		if _, err := sibling.Decode([]byte(damaged)); err == nil {
			t.Errorf("%q is taken", damaged)
		}
	}
}

// Of fewer than six feeds nothing can be told.
func TestTooFewSiblings(t *testing.T) {
	h := newHospital(1, 1)
	h.daily = h.daily[5:]
	for range 10 * 7 * 48 {
		h.half(-1, 1)
	}
	for range 48 {
		if told := h.half(4, 0.2); len(told) > 0 {
			t.Fatalf("told: %+v", told)
		}
	}
}
