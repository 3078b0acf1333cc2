package silence

import (
	"slices"
	"time"
)

// Silent tells whether the feed was silent when it was looked at last.
func (f *Feed) Silent() bool { return f.silent }

// Silence is the present one, as of when the feed was looked at last.
func (f *Feed) Silence() (Silence, bool) {
	return Silence{Since: f.since, Expected: f.missed + f.gap}, f.silent
}

// Half is half an hour.
type Half struct {
	At    time.Time
	Came  float64
	Usual float64 // messages that it usually brings; 0 while learning
	Deaf  bool    // nothing is known of it: we did not listen, or it was planned or silent
}

// Week lists the half hours of the last seven days that the feed was known in, oldest first, up to the present one.
func (f *Feed) Week() []Half {
	if f.clock.IsZero() {
		return nil
	}
	var out []Half
	days := append(f.days(), f.today)
	days = days[max(0, len(days)-8):]
	for i := range days {
		d := &days[i]
		for at, end := f.begins(d.date), f.begins(d.date+1); at.Before(end) && !at.After(f.clock); at = halfEnd(at) {
			b := f.half(at)
			h := Half{At: at, Came: float64(d.counts[b]), Deaf: d.lost&(1<<b) != 0}
			if f.limit > 0 {
				h.Usual = float64(f.rate[f.weekBin(at)]) * halfSeconds
			}
			out = append(out, h)
		}
	}
	return out
}

// Middle is what came in the half hour that holds a time of the last days, and what comes in it in the middle of the weeks before; false when that is not known, or when nothing
// can be told of that half hour.
func (f *Feed) Middle(at time.Time) (came, usual float64, ok bool) {
	const few = 4 // weeks
	days := append(f.days(), f.today)
	date, half := f.date(at), f.half(at)
	i := slices.IndexFunc(days, func(d day) bool { return d.date == date })
	if i < 0 || days[i].lost&(1<<half) != 0 || f.spans(date)[half] != halfSeconds {
		return 0, 0, false
	}
	came = float64(days[i].counts[half])
	var past []float64
	bin := f.weekBin(at)
	for k := range days[:i] {
		d := &days[k]
		if weekday(d.date)*halves+bin%halves == bin && !f.holiday(d.date) && d.lost&(1<<half) == 0 {
			past = append(past, float64(d.counts[half]))
		}
	}
	if len(past) < few {
		return 0, 0, false
	}
	slices.Sort(past)
	past = past[1 : len(past)-1] // a holiday nobody entered, a flood
	for _, n := range past {
		usual += n / float64(len(past))
	}
	return came, usual, true
}

// Strange says that what comes now is not usual, such as a flood: the present half hour teaches nothing.
func (f *Feed) Strange() {
	if !f.clock.IsZero() {
		f.today.lost |= 1 << f.bin
	}
}

// Quiet is how much of its patience the feed has used up: 0 when it has just spoken, 1 when it is silent.
func (f *Feed) Quiet() float64 {
	switch {
	case f.silent:
		return 1
	case f.limit == 0:
		return 0
	}
	return min(1, f.gap/f.limit)
}

// Excuse says that the feed had a reason to be silent until then, and that its silence counts from there.
func (f *Feed) Excuse(at time.Time) {
	f.advance(at)
	f.silent, f.gap, f.missed, f.again = false, 0, 0, 0
	f.heard = f.clock
}
