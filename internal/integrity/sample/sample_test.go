package sample_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/integrity/sample"
)

// TestSize: the numbers that the literature gives for finding one of a share of falsified records.
func TestSize(t *testing.T) {
	for _, c := range []struct {
		share, confidence float64
		want              int
	}{
		{0.001, 0.95, 2995}, {0.0001, 0.95, 29956}, {0.5, 0.5, 1}, {0.01, 0.99, 459},
		{0, 0.95, 0}, {1, 0.95, 0}, {0.1, 1, 0}, {0.1, 0, 0}, {math.NaN(), 0.5, 0}, {1e-300, 0.95, math.MaxInt32},
	} {
		if got := sample.Size(c.share, c.confidence); got != c.want {
			t.Errorf("%v, %v: %d, not %d", c.share, c.confidence, got, c.want)
		}
	}
}

// TestASampleIsDrawnEvenly: so many different things, and each as likely as the others.
func TestASampleIsDrawnEvenly(t *testing.T) {
	dice := sample.NewDice(rand.NewPCG(1, 2))
	rapid.Check(t, func(t *rapid.T) {
		total, n := rapid.Int64Range(0, 300).Draw(t, "things"), rapid.IntRange(0, 400).Draw(t, "asked")
		got := dice.Draw(total, n)
		if int64(len(got)) != min(total, int64(n)) || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("%d of %d gave %v", n, total, got)
		}
		for _, p := range got {
			if p < 0 || p >= total {
				t.Errorf("%d is none of %d", p, total)
			}
		}
	})
	counts := make([]int, 10)
	for range 20_000 {
		for _, p := range dice.Draw(10, 3) {
			counts[p]++
		}
	}
	for p, n := range counts { // 6,000 each are expected; 65 is the standard deviation
		if n < 5_500 || n > 6_500 {
			t.Errorf("%d was drawn %d times", p, n)
		}
	}
}

// TestShares: half for what is grave, the rest for the rest, and nothing is left undone that could be.
func TestShares(t *testing.T) {
	parts := []sample.Part{{Count: 300}, {Count: 100}, {Count: 20, High: true}}
	for _, c := range []struct {
		n    int
		want []int
	}{{40, []int{15, 5, 20}}, {100, []int{60, 20, 20}}, {1000, []int{300, 100, 20}}, {0, []int{0, 0, 0}}} {
		if got := sample.Shares(c.n, parts); !slices.Equal(got, c.want) {
			t.Errorf("%d: %v, want %v", c.n, got, c.want)
		}
	}
	if got := sample.Shares(10, nil); len(got) != 0 {
		t.Error(got)
	}
}
