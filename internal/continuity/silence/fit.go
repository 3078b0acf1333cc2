package silence

import (
	"math"
	"slices"
)

// fit makes the curve of the week and the limit of the gap from the days that are kept.
func (f *Feed) fit(days []day) {
	rate := f.curve(days)
	if rate == nil {
		return
	}
	f.rate = rate
	if len(days) >= learning {
		f.limit = f.threshold(days)
	}
}

// curve is how many messages a second each half hour of the week brings, made careful: where the rate rises or falls, the
// lower of the two is expected. nil when nothing was heard.
func (f *Feed) curve(days []day) []float32 {
	var sum, span [bins]float64
	for i := range days {
		d := &days[i]
		if f.holiday(d.date) {
			continue // it says nothing of the day that it fell on, nor of Sundays
		}
		first, spans := weekday(d.date)*halves, f.spans(d.date)
		for b, n := range d.counts {
			if d.lost&(1<<b) != 0 || spans[b] == 0 {
				continue
			}
			sum[first+b] += float64(n)
			span[first+b] += spans[b]
		}
	}
	var raw [bins]float64
	total, known := 0.0, 0
	for b := range raw {
		raw[b] = math.NaN()
		if span[b] > 0 {
			raw[b] = sum[b] / span[b]
			total += raw[b]
			known++
		}
	}
	if total == 0 {
		return nil
	}
	least := leastRate * total / float64(known)
	rate := make([]float32, bins)
	for b := range rate {
		rate[b] = float32(max(least, careful(raw[b], raw[(b+bins-1)%bins], raw[(b+1)%bins])))
	}
	return rate
}

// spans is how many seconds of a day each half hour of its wall clock lasted: on two days of the year some last none, or twice as long.
func (f *Feed) spans(date int32) (seconds [halves]float64) {
	for at, end := f.begins(date), f.begins(date+1); at.Before(end); at = halfEnd(at) {
		seconds[f.half(at)] += min(halfEnd(at).Sub(at), end.Sub(at)).Seconds()
	}
	return seconds
}

// careful is the envelope: the mean of a bin and the least of it and its neighbours; the least alone where that is less than a quarter
// of the bin, which is a step such as the opening of a clinic. What is not known expects nothing.
func careful(own, before, after float64) float64 {
	if math.IsNaN(own) {
		return 0
	}
	low := own
	for _, v := range []float64{before, after} {
		if v < low { // never of what is not known
			low = v
		}
	}
	if low*step < own {
		return low
	}
	return (own + low) / 2
}

// threshold is the gap that counts as silence: what the law of the largest gaps expects four years of ordinary life to
// stay below, and well beyond what was ever seen.
func (f *Feed) threshold(days []day) float64 {
	var all []uint16
	n, measured := 0, 0
	for i := range days {
		if d := &days[i]; d.n > 0 {
			all = append(all, d.gaps...)
			n += d.n
			measured++
		}
	}
	if len(all) < fewest {
		return math.Inf(1) // too few to tell what is usual
	}
	slices.SortFunc(all, func(a, b uint16) int { return int(b) - int(a) })
	exceed := min(len(all)-1, max(fewest, min(most, int(above*float64(n)))))
	u, sum := value(all[exceed]), 0.0
	for _, c := range all[:exceed] {
		sum += value(c) - u
	}
	sigma := sum / float64(exceed)
	aYear := float64(exceed) * 365 / float64(measured)
	h := u + sigma*math.Log(max(1, aYear/falseAYear))
	h = max(margin*h, beyond*value(all[0]))
	if n < fewGaps { // so few that their tail is not known: at least what independent messages would need
		h = max(h, math.Log(float64(n)*365/float64(measured)/falseAYear))
	}
	for _, o := range f.happens {
		if f.today.date-o.date < 365 {
			h = max(h, beyond*float64(o.gap))
		}
	}
	return h
}
