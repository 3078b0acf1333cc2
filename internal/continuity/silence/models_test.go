package silence_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/silence"
)

// model is an invented feed: a shape of the week, a volume, and how its messages come.
type model struct {
	shape    string
	aDay     int
	arrivals string
	holidays bool
}

func (m model) String() string {
	days := "no holidays"
	if m.holidays {
		days = "holidays"
	}
	return fmt.Sprintf("%s, %d a day, %s, %s", m.shape, m.aDay, m.arrivals, days)
}

func models(volumes []int) (all []model) {
	for _, shape := range []string{"admissions", "laboratory", "office hours"} {
		for _, n := range volumes {
			for _, a := range []string{"poisson", "gamma", "bursts"} {
				for _, h := range []bool{false, true} {
					all = append(all, model{shape, n, a, h})
				}
			}
		}
	}
	return all
}

// shapes are messages by hour of a weekday, and what a Saturday or Sunday has of that: the normal patterns of hospitals' feeds.
var shapes = map[string]struct {
	hours   [24]float64
	weekend float64
}{
	"admissions":   {[24]float64{4, 3, 3, 2, 2, 2, 3, 5, 8, 11, 13, 13, 13, 12, 12, 12, 12, 12, 11, 11, 10, 8, 7, 5}, 0.8},
	"laboratory":   {[24]float64{4, 4, 4, 4, 5, 11, 13, 12, 11, 9, 10, 10, 9, 9, 9, 8, 7, 6, 5, 5, 4, 4, 4, 4}, 0.75},
	"office hours": {[24]float64{0, 0, 0, 0, 0, 0, 0, 5, 12, 15, 15, 14, 10, 12, 14, 13, 10, 4, 0, 0, 0, 0, 0, 0}, 0.02},
}

// rate is messages a second at a local time.
func (m model) rate(local time.Time) float64 {
	s := shapes[m.shape]
	day := 0.0
	for _, h := range s.hours {
		day += h
	}
	r := float64(m.aDay) * s.hours[local.Hour()] / day / 3600
	if d := local.Weekday(); d == time.Saturday || d == time.Sunday {
		r *= s.weekend
	}
	return r
}

// play calls for each message, in order, and for the end of each ten minutes, with the true rate of these a second.
func (m model) play(from time.Time, days int, seed uint64, message, slot func(at time.Time, rate float64)) {
	const ten = 10 * time.Minute
	r := rand.New(rand.NewPCG(seed, uint64(m.aDay)))
	holiday := map[int]bool{}
	for range days / 36 {
		holiday[r.IntN(days)] = true
	}
	var times []time.Duration
	for d := range days {
		for at, end := from.AddDate(0, 0, d), from.AddDate(0, 0, d+1); at.Before(end); at = at.Add(ten) {
			rate := m.rate(at)
			mean := rate * ten.Seconds()
			if m.holidays && holiday[d] {
				mean /= 2
			}
			if m.arrivals != "poisson" {
				mean *= gamma3(r) / 3
			}
			size := 1.0
			if m.arrivals == "bursts" {
				size = 4
			}
			times = times[:0]
			for range poisson(r, mean/size) {
				t := time.Duration(r.Int64N(int64(ten)))
				times = append(times, t)
				for size > 1 && r.Float64() > 1/size {
					times = append(times, t)
				}
			}
			slices.Sort(times)
			for _, t := range times {
				message(at.Add(t), rate)
			}
			slot(at.Add(ten), rate)
		}
	}
}

func gamma3(r *rand.Rand) float64 { return r.ExpFloat64() + r.ExpFloat64() + r.ExpFloat64() }

func poisson(r *rand.Rand, mean float64) int {
	if mean > 60 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	n := 0
	for sum := r.ExpFloat64(); sum < mean; sum += r.ExpFloat64() {
		n++
	}
	return n
}

// TestFeedModels plays 36 feeds for a year, or 54, larger ones too, for as many as WARDLINE_YEARS says, and counts false alarms: of the rule, of a
// fixed quarter of an hour, and of a threshold that takes messages for independent and knows the true rate. Then it stops each feed at busy times.
func TestFeedModels(t *testing.T) {
	years, volumes := 1, []int{200, 2_000}
	if s := os.Getenv("WARDLINE_YEARS"); s != "" {
		fmt.Sscan(s, &years)
		volumes = append(volumes, 20_000)
	} else if testing.Short() {
		t.Skip("plays feeds for a year")
	}
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	all := models(volumes)
	results := make([]played, len(all))
	var wait sync.WaitGroup
	free := make(chan struct{}, 2)
	for i, m := range all {
		free <- struct{}{}
		wait.Go(func() {
			defer func() { <-free }()
			results[i] = m.try(zone, years, uint64(i))
		})
	}
	wait.Wait()
	feedYears := float64(years) - float64(14)/365
	var alarms, taught, timers, poissons []float64
	for i, r := range results {
		t.Logf("%-47v %5.2f false alarms a year, %5.2f when they are judged (timer %7.0f, independent %7.0f), stopped: found after %v", all[i], float64(r.alarms)/feedYears,
			float64(r.taught)/feedYears, float64(r.timer)/feedYears, float64(r.poisson)/feedYears, quantile(r.found, 50).Round(time.Second))
		alarms, taught = append(alarms, float64(r.alarms)/feedYears), append(taught, float64(r.taught)/feedYears)
		timers, poissons = append(timers, float64(r.timer)/feedYears), append(poissons, float64(r.poisson)/feedYears)
	}
	slices.Sort(timers)
	slices.Sort(poissons)
	t.Logf("%d feeds for %d years: %.3f false alarms a feed and year, worst %.2f; when each is judged %.3f, worst %.2f; a fixed timer %.0f and independent messages %.0f by the median",
		len(all), years, mean(alarms), slices.Max(alarms), mean(taught), slices.Max(taught), timers[len(timers)/2], poissons[len(poissons)/2])
	most := map[int]time.Duration{200: 2*time.Hour + 15*time.Minute, 2_000: 24 * time.Minute, 20_000: 7 * time.Minute}
	for _, n := range volumes {
		var found, office []time.Duration
		for i, r := range results {
			if all[i].aDay == n {
				found, office = append(found, r.found...), append(office, r.office...)
			}
		}
		t.Logf("%6d a day, stopped while above the mean: found after %v by the median, 1 in 10 after %v; between nine and five after %v, 1 in 10 after %v", n,
			quantile(found, 50).Round(time.Second), quantile(found, 90).Round(time.Second), quantile(office, 50).Round(time.Second), quantile(office, 90).Round(time.Second))
		if m := quantile(office, 50); m > most[n] {
			t.Errorf("%d a day: found after %v", n, m)
		}
	}
	if m := mean(alarms); m > 0.15 {
		t.Errorf("%.3f false alarms a feed and year", m)
	}
}

func mean(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// played is what became of a model.
type played struct {
	alarms, taught, timer, poisson int
	found                          []time.Duration // stopped while the rate was above its mean
	office                         []time.Duration // of these, between nine and five
}

func (m model) try(zone *time.Location, years int, seed uint64) (p played) {
	from := time.Date(2030, 1, 1, 0, 0, 0, 0, zone)
	days := int(from.AddDate(years, 0, 0).Sub(from) / (24 * time.Hour))
	f := silence.New(silence.Config{Zone: zone, Floor: 5 * time.Minute})
	taught := silence.New(silence.Config{Zone: zone, Floor: 5 * time.Minute}) // of whose false alarms a person says that they are
	outages := rand.New(rand.NewPCG(seed, 7))
	last, counted, gap := from, from, 0.0
	learned := from.AddDate(0, 0, 14)
	m.play(from, days, seed, func(at time.Time, rate float64) {
		if _, _, began := f.Check(at); began {
			p.alarms++
		}
		if _, _, began := taught.Check(at); began {
			p.taught++
			taught.Ordinary()
		}
		f.Observe(at)
		taught.Observe(at)
		if gap += rate * at.Sub(counted).Seconds(); at.After(learned) {
			if at.Sub(last) > 15*time.Minute {
				p.timer++
			}
			if gap > independent {
				p.poisson++
			}
		}
		last, counted, gap = at, at, 0
	}, func(end time.Time, rate float64) {
		gap += rate * end.Sub(counted).Seconds()
		counted = end
		if end.After(from.AddDate(0, 0, days-56)) && rate*86400 > float64(m.aDay) && outages.IntN(20) == 0 {
			after := stopped(f, zone, end)
			p.found = append(p.found, after)
			if h := end.In(zone).Hour(); h >= 9 && h < 17 {
				p.office = append(p.office, after)
			}
		}
	})
	return p
}

// independent is the gap that comes once in a hundred thousand between messages that know nothing of each other.
const independent = 11.5

// stopped is how long it takes to find that a feed says nothing any more from that time on.
func stopped(f *silence.Feed, zone *time.Location, at time.Time) time.Duration {
	state := f.Encode()
	c, err := silence.Decode(silence.Config{Zone: zone, Floor: 5 * time.Minute}, state)
	if err != nil {
		panic(err)
	}
	for now := at; ; now = now.Add(10 * time.Second) {
		if _, silent, _ := c.Check(now); silent {
			return now.Sub(at)
		}
	}
}

func quantile(d []time.Duration, percent int) time.Duration {
	slices.Sort(d)
	return d[min(len(d)-1, len(d)*percent/100)]
}
