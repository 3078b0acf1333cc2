package diversion

import (
	"math"
	"slices"
)

// correlations are how much two signs go together among people.
type correlations [Signs][Signs]float64

// together estimates it from all who are compared, and shrinks it to what is assumed: of few people any two signs go together by chance. One
// who documents badly does so in every way, and is to count once.
func (t *table) together(compared []int) (c correlations) {
	r := t.rules
	for a := range Signs {
		for b := range a {
			products, n := 0.0, 0
			for _, i := range compared {
				x, knownX := t.standard(i, a)
				y, knownY := t.standard(i, b)
				if knownX && knownY {
					products += x * y
					n++
				}
			}
			c[a][b] = min(max((products+r.Alike*r.Weight)/(float64(n)+r.Weight), 0), 0.95)
			c[b][a] = c[a][b]
		}
	}
	return c
}

// rarest is the least that one sign may say: no model of how people differ holds further out.
const rarest = 1e-9

// combine is how likely it is that all that was told, or more, is chance. Many signs that each say a little are found by Fisher's sum, one that
// says much by the least of them: among nine that say nothing the sum loses it. As it was asked twice, the better answer counts half (Bonferroni).
func combine(told []Told, c *correlations) float64 {
	if len(told) == 0 {
		return 1
	}
	least := 1.0
	for i := range told {
		least = min(least, max(told[i].Chance, rarest))
	}
	return min(2*min(fisher(told, c), corrected(least, len(told))), 1)
}

// fisher is the sum of logarithms, held against a chi-square that is stretched by how much signs go together (Brown 1975), whose covariances are
// those of Kost and McDermott 2002.
func fisher(told []Told, c *correlations) float64 {
	sum, variance := 0.0, 4*float64(len(told))
	for i := range told {
		sum -= 2 * math.Log(max(told[i].Chance, rarest))
		for j := range i {
			r := c[told[i].Sign][told[j].Sign]
			variance += 2 * r * (3.263 + r*(0.710+0.027*r))
		}
	}
	mean := 2 * float64(len(told))
	return squaresAbove(sum*2*mean/variance, 2*mean*mean/variance)
}

// tame holds what was found of each against how far out the others are: when a tenth of them is farther out than a tenth should be, the model of how
// people differ is too narrow, and the one is moved in by as much (the empirical null of Efron 2004, by one quantile).
func tame(all []float64) {
	const tenth = 1.2815515655446004 // standard deviations beyond which a tenth lies
	if len(all) < 2 {
		return
	}
	z := make([]float64, len(all))
	for i, p := range all {
		z[i] = deviate(p)
	}
	sorted := slices.Clone(z)
	slices.Sort(sorted)
	last := (len(all) - 1) * 9 / 10 // of the others
	for i := range all {
		at := last
		if own, _ := slices.BinarySearch(sorted, z[i]); own <= last {
			at++
		}
		if wide := sorted[at] / tenth; wide > 1 && z[i] > 0 {
			all[i] = math.Erfc(z[i]/wide/math.Sqrt2) / 2
		}
	}
}

// deviate is how many standard deviations a normal variable lies above its mean when only a share p lies higher.
func deviate(p float64) float64 { return math.Sqrt2 * math.Erfcinv(2*min(max(p, 1e-300), 1-1e-15)) }

// corrected is how likely it is that any of so many is as rare by chance (Šidák 1967).
func corrected(p float64, of int) float64 {
	return -math.Expm1(float64(of) * math.Log1p(-min(p, 1-1e-15)))
}

// squaresAbove is the tail of the chi-square with that many degrees of freedom: the regularised incomplete gamma function Q(degrees/2, x/2),
// by series below and by continued fraction above (Numerical Recipes 6.2).
func squaresAbove(x, degrees float64) float64 {
	a := degrees / 2
	x /= 2
	if x <= 0 {
		return 1
	}
	lg, _ := math.Lgamma(a)
	front := math.Exp(a*math.Log(x) - x - lg)
	const steps, close = 2000, 1e-14
	if x < a+1 {
		term, sum := 1/a, 1/a
		for n := 1.0; n < steps && term > sum*close; n++ {
			term *= x / (a + n)
			sum += term
		}
		return max(1-front*sum, 0)
	}
	const tiny = 1e-300
	b := x + 1 - a
	c, d := 1/tiny, 1/b
	h := d
	for n := 1.0; n < steps; n++ {
		k := -n * (n - a)
		b += 2
		if d = k*d + b; math.Abs(d) < tiny {
			d = tiny
		}
		if c = b + k/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		h *= d * c
		if math.Abs(d*c-1) < close {
			break
		}
	}
	return front * h
}
