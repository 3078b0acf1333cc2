package continuity_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity"
)

// stays are those of an invented hospital, of so many beds: who is registered and admitted, is moved, has something of the record changed, and goes. One in thirty-six days is a holiday that
// nobody entered, with half as many admissions as planned; days differ by more than chance has, and of the discharges of a morning half are entered together at the end of it.
type stays struct {
	*house
	beds int
	rng  *rand.Rand
	due  map[int64][]string // events, by minute
	lost string             // event that does not come any more
	thin int                // of so many others one comes; 0: all do
}

func newStays(t testing.TB, beds int, seed uint64) *stays {
	return &stays{house: newHouse(t), beds: beds, rng: rand.New(rand.NewPCG(seed, uint64(beds))), due: map[int64][]string{}}
}

var (
	registers = [24]float64{2, 2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 9, 8, 8, 8, 8, 8, 7, 7, 6, 5, 4, 3}
	admits    = [24]float64{1, 1, 1, 1, 1, 1, 2, 5, 8, 10, 10, 9, 8, 8, 7, 6, 5, 4, 3, 3, 2, 2, 1, 1}
)

// at plans an event some days and hours from the midnight of a day.
func (s *stays) at(midnight time.Time, hours float64, event string) {
	at := midnight.Add(time.Duration(hours*float64(time.Hour))).Unix() / 60
	s.due[at] = append(s.due[at], event)
}

func (s *stays) hour(weights *[24]float64) float64 {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := s.rng.Float64() * sum
	for h, w := range weights {
		if x -= w; x < 0 {
			return float64(h) + s.rng.Float64()
		}
	}
	return 23.5
}

// chance is how often something happens that does so mean times by itself.
func (s *stays) chance(mean float64) (n int) {
	for sum := s.rng.ExpFloat64(); sum < mean; sum += s.rng.ExpFloat64() {
		n++
	}
	return n
}

// plan plans who comes on the day that begins, and all of the stays.
func (s *stays) plan(midnight time.Time) {
	planned, walks := float64(s.beds)*0.19, float64(s.beds)*0.45
	if d := midnight.Weekday(); d == time.Saturday || d == time.Sunday {
		planned *= 0.6
	}
	if s.rng.IntN(36) == 0 {
		planned, walks = planned/2, walks*0.7
	}
	strays := 0.7 + 0.6*s.rng.Float64()
	for range s.chance(walks * strays) { // to the emergency department, and home
		h := s.hour(&registers)
		s.at(midnight, h, "A04")
		for range s.chance(1.2) {
			s.at(midnight, h+3*s.rng.Float64(), "A08")
		}
		if s.rng.IntN(6) > 0 {
			s.at(midnight, h+1+4*s.rng.Float64(), "A03")
		}
	}
	for range s.chance(planned * strays) {
		h := s.hour(&admits)
		s.at(midnight, h, "A01")
		days := 1 + int(s.rng.ExpFloat64()*4)
		leaves := float64(days*24) + 10 + 4*s.rng.Float64()
		if s.rng.IntN(2) == 0 {
			leaves = float64(days*24) + 13 + 0.05*s.rng.Float64() // entered together
		}
		for range s.chance(0.8) {
			s.at(midnight, h+(leaves-h)*s.rng.Float64(), "A02")
		}
		for range s.chance(1 + 1.2*float64(days)) {
			on := midnight.AddDate(0, 0, s.rng.IntN(days+1))
			s.at(on, 6+15*s.rng.Float64(), "A08")
		}
		s.at(midnight, leaves, "A03")
	}
}

// live goes on for so long, and returns what is told of parts by then.
func (s *stays) live(long time.Duration) (told []continuity.Sign) {
	for end := s.now.Add(long); s.now.Before(end); s.now = s.now.Add(time.Minute) {
		if s.now.Hour() == 0 && s.now.Minute() == 0 {
			s.plan(s.now)
		}
		minute := s.now.Unix() / 60
		for _, event := range s.due[minute] {
			if event == s.lost || s.thin > 0 && s.rng.IntN(s.thin) > 0 {
				continue
			}
			s.n++
			s.say("tap/10.0.0.5", "hl7", "mllp", map[string]any{"MSH-3.1": "EHR", "MSH-4.1": "MAIN", "MSH-5.1": "ENGINE", "MSH-9.1": "ADT", "MSH-9.2": event, "MSH-10": fmt.Sprint("S", s.n)})
		}
		delete(s.due, minute)
		s.signs = append(s.signs, s.engine.Tick(s.now)...)
	}
	told, s.signs = s.signs, nil
	return told
}

// TestAKindIsMissedByWhatElseIsSaid loses discharges on an ordinary day, and on one on which a third of all else comes: then nobody is told before as much of it has come.
func TestAKindIsMissedByWhatElseIsSaid(t *testing.T) {
	told := func(thin int) (after time.Duration) {
		s := newStays(t, 200, 1)
		s.live((40*24 + 9) * time.Hour)
		began := s.now
		s.lost, s.thin = "A03", thin
		for s.now.Sub(began) < 5*24*time.Hour {
			for _, sign := range s.live(10 * time.Minute) {
				if sign.Kind == continuity.PartSilent && !sign.Ended && strings.HasSuffix(sign.Name, "(A03)") {
					return sign.At.Sub(began)
				}
			}
		}
		t.Fatalf("never told, when one of %d others comes", thin)
		return 0
	}
	if usual, few := told(0), told(3); few < usual*3/2 {
		t.Errorf("told after %v on an ordinary day, and after %v when little is said", usual, few)
	}
}

// TestOneKindOfMessageIsLost loses transfers, discharges and updates in turn, and plays a quiet half year, or as many years as WARDLINE_YEARS says, at three sizes.
func TestOneKindOfMessageIsLost(t *testing.T) {
	seeds, quiet, sizes := 1, 182, []int{200}
	if text := os.Getenv("WARDLINE_YEARS"); text != "" {
		fmt.Sscan(text, &seeds)
		quiet, sizes = 365, []int{50, 200, 1000}
	} else if testing.Short() {
		t.Skip("plays a hospital for half a year")
	}
	for _, beds := range sizes {
		falsely, silent, found := map[string]int{}, 0, map[string][]time.Duration{}
		for seed := range seeds {
			s := newStays(t, beds, uint64(seed))
			for _, sign := range s.live(time.Duration(quiet) * 24 * time.Hour) {
				switch {
				case sign.Ended:
				case sign.Kind == continuity.PartSilent:
					falsely[sign.Name]++
				case sign.Kind == continuity.Silent:
					silent++
				}
			}
			for i, event := range []string{"A03", "A02", "A08", "A01", "A04"} {
				s.live(time.Duration(20*24+[]int{9, 15, 22, 3, 12}[(i+seed)%5]) * time.Hour)
				began := s.now
				s.lost = event
				for len(found[event]) == seed {
					if since := s.now.Sub(began); since > 10*24*time.Hour {
						found[event] = append(found[event], since)
						break
					}
					for _, sign := range s.live(10 * time.Minute) {
						if sign.Kind == continuity.PartSilent && !sign.Ended && strings.HasSuffix(sign.Name, "("+event+")") && len(found[event]) == seed {
							found[event] = append(found[event], sign.At.Sub(began))
						}
					}
				}
				s.lost = ""
				s.now = s.now.Truncate(time.Hour)
				s.live(24*time.Hour - time.Duration(s.now.Hour())*time.Hour)
			}
		}
		alarms := 0
		for _, n := range falsely {
			alarms += n
		}
		t.Logf("%d beds, %d times %d days: %d false alarms of parts %v, %d of the feed", beds, seeds, quiet, alarms, falsely, silent)
		for event, times := range found {
			slices.Sort(times)
			t.Logf("%d beds: the loss of %s is found after %v by the median, from %v to %v", beds, event, times[len(times)/2], times[0], times[len(times)-1])
			if beds == 200 && (event == "A03" || event == "A08") && times[len(times)/2] > 24*time.Hour {
				t.Errorf("%s: found after %v", event, times)
			}
		}
		if years := float64(seeds*quiet) / 365; float64(alarms) > 1+0.3*years {
			t.Errorf("%d beds: %d false alarms in %.1f years", beds, alarms, years)
		}
	}
}
