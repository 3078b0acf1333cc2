// Package chance works out how likely a number is that was counted: of patients a day, of touches without a reason, of cases that
// were upheld.
package chance

import "math"

// beta is the regularised incomplete beta function I_x(a, b), by its continued fraction (Numerical Recipes 6.4; Lentz's way).
func beta(a, b, x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - beta(b, a, 1-x)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	const tiny, steps = 1e-300, 10_000
	c, d := 1.0, 1-(a+b)*x/(a+1)
	if math.Abs(d) < tiny {
		d = tiny
	}
	d = 1 / d
	sum := d
	for m := 1.0; m < steps; m++ {
		for _, k := range [2]float64{m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m)), -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))} {
			if d = 1 + k*d; math.Abs(d) < tiny {
				d = tiny
			}
			if c = 1 + k/c; math.Abs(c) < tiny {
				c = tiny
			}
			d = 1 / d
			sum *= c * d
		}
		if math.Abs(c*d-1) < 1e-14 {
			break
		}
	}
	return min(front*sum, 1)
}

// HitsAtLeast is the probability that of so many, each with that share, n or more are hit.
func HitsAtLeast(n, of int, share float64) float64 {
	if n <= 0 {
		return 1
	}
	return beta(float64(n), float64(of-n+1), share)
}

// HitsAtLeastVarying is the same where the share differs from one time to the next as it does among so many alike: the tail of the beta-binomial.
func HitsAtLeastVarying(n, of int, share, alike float64) float64 {
	if n <= 0 {
		return 1
	}
	a, b := share*alike, (1-share)*alike
	beta := func(x, y float64) float64 {
		lx, _ := math.Lgamma(x)
		ly, _ := math.Lgamma(y)
		lxy, _ := math.Lgamma(x + y)
		return lx + ly - lxy
	}
	none, sum := beta(a, b), 0.0
	for k := n; k <= of; k++ {
		sum += math.Exp(beta(float64(k)+a, float64(of-k)+b) - none - beta(float64(k)+1, float64(of-k)+1) - math.Log(float64(of)+1))
	}
	return min(sum, 1)
}

// Interval is the exact one of Clopper and Pearson that holds the true share with a probability of 95 % or more.
func Interval(hits, of int) (low, high float64) {
	if of == 0 {
		return 0, 1
	}
	k, n := float64(hits), float64(of)
	if hits > 0 {
		low = betaQuantile(0.025, k, n-k+1)
	}
	high = 1
	if hits < of {
		high = betaQuantile(0.975, k+1, n-k)
	}
	return low, high
}

// betaQuantile is the x at which beta is p.
func betaQuantile(p, a, b float64) float64 {
	low, high := 0.0, 1.0
	for range 100 {
		mid := (low + high) / 2
		if beta(a, b, mid) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// AtLeast is the probability that a negative binomial count of that mean and shape is n or more. Its variance is mean + mean²/shape.
func AtLeast(n int, mean, shape float64) float64 {
	switch {
	case n <= 0:
		return 1
	case mean <= 0:
		return 0
	}
	return beta(float64(n), shape, mean/(mean+shape))
}

// Exceeded is the smallest count that is reached with a probability of at most p.
func Exceeded(p, mean, shape float64) float64 {
	if mean <= 0 {
		return 1
	}
	low, high := 0, 1
	for AtLeast(high, mean, shape) > p && high < 1<<20 {
		low, high = high, high*2
	}
	for high-low > 1 {
		if mid := (low + high) / 2; AtLeast(mid, mean, shape) > p {
			low = mid
		} else {
			high = mid
		}
	}
	return float64(high)
}

// Deviate is how many standard deviations a normal variable lies above its mean when only a share p lies higher.
func Deviate(p float64) float64 {
	p = min(max(p, 1e-15), 1-1e-15)
	return math.Sqrt2 * math.Erfinv(1-2*p)
}
