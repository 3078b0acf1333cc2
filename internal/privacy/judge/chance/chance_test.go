package chance_test

import (
	"math"
	"testing"

	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// Values of R: pnbinom(n-1, size, mu=mean, lower.tail=FALSE).
func TestAtLeast(t *testing.T) {
	for _, c := range []struct {
		n           int
		mean, shape float64
		want        float64
	}{
		{0, 5, 2, 1},
		{1, 1, 1, 0.5},   // geometric: 1 - 1/2
		{3, 1, 1, 0.125}, // 1/2³
		{10, 2, 1, math.Pow(2.0/3, 10)},
		{1, 3, 2, 1 - math.Pow(0.4, 2)}, // 1 - (2/5)²
		{1, 1e-9, 4, 1e-9},
	} {
		if got := chance.AtLeast(c.n, c.mean, c.shape); math.Abs(got-c.want) > 1e-9*max(1, c.want) {
			t.Errorf("P(N >= %d) of mean %v and shape %v is %v, want %v", c.n, c.mean, c.shape, got, c.want)
		}
	}
	if n := chance.Exceeded(0.01, 20, 4); chance.AtLeast(int(n), 20, 4) > 0.01 || chance.AtLeast(int(n)-1, 20, 4) <= 0.01 {
		t.Errorf("%v is not the smallest that is exceeded one time in a hundred", n)
	}
}

// Added up by hand from the definition: C(N, k) B(k+a, N-k+b) / B(a, b), in another language.
func TestVarying(t *testing.T) {
	for _, c := range []struct {
		n, of              int
		share, alike, want float64
	}{
		{0, 9, 0.1, 10, 1}, {1, 1, 0.3, 10, 0.3}, {3, 3, 0.5, 2, 0.25}, {5, 20, 0.05, 10, 0.0462945567109581}, {8, 60, 0.01, 10, 0.01843216524229104}, {35, 36, 0.002, 10, 7.666618970117117e-12},
	} {
		if got := chance.HitsAtLeastVarying(c.n, c.of, c.share, c.alike); math.Abs(got-c.want) > 1e-9*c.want {
			t.Errorf("%d of %d with %v: %v, want %v", c.n, c.of, c.share, got, c.want)
		}
	}
}

// Clopper and Pearson 1934, and the rule of three: of 100 that are all proper, at most 3.6 % are not.
func TestInterval(t *testing.T) {
	for _, c := range []struct {
		hits, of  int
		low, high float64
	}{
		{0, 0, 0, 1}, {0, 100, 0, 0.036217}, {1, 10, 0.002529, 0.445016}, {5, 10, 0.187086, 0.812914}, {10, 10, 0.691503, 1},
	} {
		if low, high := chance.Interval(c.hits, c.of); math.Abs(low-c.low) > 1e-6 || math.Abs(high-c.high) > 1e-6 {
			t.Errorf("%d of %d: %v to %v, want %v to %v", c.hits, c.of, low, high, c.low, c.high)
		}
	}
}
