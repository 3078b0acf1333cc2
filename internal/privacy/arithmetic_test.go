package privacy_test

import (
	"math"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/privacy"
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
		if got := privacy.AtLeast(c.n, c.mean, c.shape); math.Abs(got-c.want) > 1e-9*max(1, c.want) {
			t.Errorf("P(N >= %d) of mean %v and shape %v is %v, want %v", c.n, c.mean, c.shape, got, c.want)
		}
	}
	if n := privacy.Exceeded(0.01, 20, 4); privacy.AtLeast(int(n), 20, 4) > 0.01 || privacy.AtLeast(int(n)-1, 20, 4) <= 0.01 {
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
		if got := privacy.Varying(c.n, c.of, c.share, c.alike); math.Abs(got-c.want) > 1e-9*c.want {
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
		if low, high := privacy.Interval(c.hits, c.of); math.Abs(low-c.low) > 1e-6 || math.Abs(high-c.high) > 1e-6 {
			t.Errorf("%d of %d: %v to %v, want %v to %v", c.hits, c.of, low, high, c.low, c.high)
		}
	}
}

// The day of discovery is day 0; small breaches of a year are reported 60 days after its end, which is 29 February in a leap year.
func TestClocks(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip(err)
	}
	found := time.Date(2027, 3, 2, 3, 0, 0, 0, time.UTC) // 22:00 on 1 March there
	aware := found.Add(24 * time.Hour)
	due := map[string]string{}
	for _, c := range privacy.Clocks(found, aware, zone, 499) {
		due[c.Rule] = c.Due.Format(time.RFC3339)
	}
	for rule, want := range map[string]string{
		"EU-GDPR-33": "2027-03-06T03:00:00Z", "US-HIPAA-IND": "2027-04-30T23:59:59-04:00", "US-HIPAA-HHS-S": "2028-02-29T23:59:59-05:00",
	} {
		if due[rule] != want {
			t.Errorf("%s is due %s, want %s", rule, due[rule], want)
		}
	}
	for people, rule := range map[int]string{499: "US-HIPAA-HHS-S", 500: "US-HIPAA-HHS-L"} {
		if c := privacy.Clocks(found, aware, zone, people); c[2].Rule != rule {
			t.Errorf("%d people: %s, want %s", people, c[2].Rule, rule)
		}
	}
}

// Neighbours in an order are neighbours as numbers, and numbers are no names.
func TestQueryOf(t *testing.T) {
	for _, c := range [][2]string{{"Adams", "Baker"}, {"1000", "1001"}, {"Smith, A", "Smith, B"}} {
		if privacy.QueryOf(c[0]) >= privacy.QueryOf(c[1]) {
			t.Errorf("%q does not come before %q", c[0], c[1])
		}
	}
	if privacy.QueryOf("") != 0 || privacy.QueryOf("1000")>>62 == 0 || privacy.QueryOf("Smith 1000")>>62 != 0 {
		t.Error("numbers and names are mixed up")
	}
}
