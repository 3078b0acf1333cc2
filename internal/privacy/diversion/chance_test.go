package diversion_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/diversion"
)

// With an even number of degrees the tail of chi-square is a sum: exp(-x/2) (1 + x/2 + ... ).
func TestSquares(t *testing.T) {
	for _, c := range []struct{ x, degrees, want float64 }{
		{0, 4, 1}, {2, 2, math.Exp(-1)}, {10, 4, math.Exp(-5) * 6}, {3, 6, math.Exp(-1.5) * (1 + 1.5 + 1.125)}, {3.841459, 1, 0.05}, {100, 2, math.Exp(-50)},
	} {
		if got := diversion.SquaresAbove(c.x, c.degrees); math.Abs(got-c.want) > 1e-6*c.want {
			t.Errorf("P(chi-square of %v >= %v) is %v, want %v", c.degrees, c.x, got, c.want)
		}
	}
}

// Fisher's own: two chances of 0.1 are exp(-x/2) (1 + x/2) with x/2 = -2 ln 0.1. What goes together fully counts once. What goes together half
// lies between.
func TestCombined(t *testing.T) {
	x := -2 * math.Log(0.1)
	for _, c := range []struct {
		r       float64
		chances []float64
		want    float64
	}{
		{0, []float64{0.1}, 0.1}, {0, []float64{0.1, 0.1}, math.Exp(-x) * (1 + x)}, {1, []float64{0.1, 0.1}, 0.1}, {0, []float64{1, 1, 1}, 1}, {0, nil, 1},
	} {
		if got := diversion.Fishers(c.r, c.chances...); math.Abs(got-c.want) > 2e-4 {
			t.Errorf("%v that go together %v: %v, want %v", c.chances, c.r, got, c.want)
		}
	}
	if half := diversion.Fishers(0.5, 0.1, 0.1); half <= diversion.Fishers(0, 0.1, 0.1) || half >= 0.1 {
		t.Errorf("half: %v", half)
	}
	if got := diversion.Corrected(0.001, 10); math.Abs(got-(1-math.Pow(0.999, 10))) > 1e-12 {
		t.Errorf("one of ten: %v", got)
	}
}

// house plays a window: units that differ, people who document as they do all the time, in every sign. Rates are those of an ordinary house; temper
// is how much people differ (the standard deviation of the logarithm).
type house struct {
	*rand.Rand
	units, people int
	temper        float64
}

func (h *house) window() (all []diversion.One) {
	for u := range h.units {
		heavy := math.Exp(0.4 * h.NormFloat64())
		sloppy := math.Exp(0.3 * h.NormFloat64())
		for range h.people {
			temper := math.Exp(h.temper*h.NormFloat64() - h.temper*h.temper/2)
			o := diversion.One{Station: hospital.Ref(u + 1), Days: 6 + h.IntN(10), Signs: map[diversion.Sign][2]int{}}
			doses := h.poisson(float64(o.Days) * 3 * heavy * math.Exp(0.3*h.NormFloat64()))
			wastes := h.binomial(doses, 0.2)
			rate := func(p float64) float64 { return min(p*temper*sloppy, 0.9) }
			o.Signs[diversion.Taken] = [2]int{doses, doses}
			o.Signs[diversion.Ungiven] = [2]int{h.binomial(doses, rate(0.02)), doses}
			o.Signs[diversion.Unordered] = [2]int{h.binomial(doses, rate(0.01)), doses}
			o.Signs[diversion.Cancelled] = [2]int{h.binomial(doses, 0.015), doses}
			o.Signs[diversion.Gone] = [2]int{h.binomial(doses*2/3, rate(0.01)), doses * 2 / 3}
			o.Signs[diversion.OffDuty] = [2]int{h.binomial(o.Days, rate(0.01)), o.Days}
			o.Signs[diversion.Late] = [2]int{h.binomial(wastes, rate(0.06)), wastes}
			o.Signs[diversion.Alone] = [2]int{h.binomial(wastes, rate(0.01)), wastes}
			favourite := 0.15
			if h.IntN(4) == 0 {
				favourite = 0.6
			}
			o.Signs[diversion.Witnessed] = [2]int{h.binomial(max(wastes-1, 0), favourite), max(wastes-1, 0)}
			all = append(all, o)
		}
	}
	return all
}

func (h *house) binomial(n int, p float64) (hits int) {
	for range n {
		if h.Float64() < p {
			hits++
		}
	}
	return hits
}

func (h *house) poisson(mean float64) (n int) {
	for x := h.ExpFloat64(); x < mean; x += h.ExpFloat64() {
		n++
	}
	return n
}

// When nobody steals, a window lists somebody as seldom as the rules say (one in twenty), however much people and units differ.
func TestNobodyStandsOut(t *testing.T) {
	windows := 300
	if testing.Short() {
		windows = 60
	}
	r := shipped(t)
	for name, h := range map[string]house{
		"all alike":               {units: 12, people: 12, temper: 0},
		"some document badly":     {units: 12, people: 12, temper: 0.6},
		"few people in few units": {units: 3, people: 8, temper: 0.6},
	} {
		h.Rand = rand.New(rand.NewPCG(1, 2))
		listed := 0
		for range windows {
			if len(r.Suspects(h.window(), tails())) > 0 {
				listed++
			}
		}
		// Three standard errors beyond the share that is stated.
		most := r.Chance*float64(windows) + 3*math.Sqrt(r.Chance*float64(windows))
		t.Logf("%s: %d of %d windows", name, listed, windows)
		if float64(listed) > most {
			t.Errorf("%s: %d of %d windows list somebody, at most %.0f may", name, listed, windows, most)
		}
	}
}

// One who keeps a dose on each of fifteen shifts, of some three that are taken out, is found in most windows by that alone, among those who document as
// people do; one who keeps two, in all.
func TestOneDoseAShift(t *testing.T) {
	const shifts, windows = 15, 60
	r := shipped(t)
	for _, c := range []struct {
		what   string
		kept   int // doses a shift
		fewest int // of a hundred windows
	}{{"one dose a shift", 1, 60}, {"two doses a shift", 2, 95}} {
		h := house{Rand: rand.New(rand.NewPCG(3, 4)), units: 12, people: 12, temper: 0.6}
		found, others := 0, 0
		for range windows {
			all := h.window()
			thief := &all[17]
			doses := (2 + c.kept) * shifts
			thief.Days = shifts
			thief.Signs[diversion.Taken] = [2]int{doses, doses}
			thief.Signs[diversion.Ungiven] = [2]int{c.kept * shifts, doses}
			for _, s := range r.Suspects(all, tails()) {
				if s.Account == 18 {
					found++
				} else {
					others++
				}
			}
		}
		t.Logf("%s: found in %d of %d windows; %d others", c.what, found, windows, others)
		if found*100 < windows*c.fewest || others > 8 {
			t.Errorf("%s: found in %d of %d windows, with %d others", c.what, found, windows, others)
		}
	}
}
