package silence

import (
	"math"
	"slices"
)

// day is what is kept of one day.
type day struct {
	date   int32          // days since 1970 of the local date
	counts [halves]uint32 // messages by half hour of the wall clock
	lost   uint64         // half hours that say nothing: planned, silent, or not heard by us
	gaps   []uint16       // the largest gaps, coded; a heap with its least first
	n      int            // gaps that were measured
}

// coded and value keep a gap in two bytes, to a part in three thousand.
func coded(gap float64) uint16 {
	return uint16(max(0, min(math.MaxUint16, math.Round((math.Log(max(gap, leastGap))-math.Log(leastGap))*perLog))))
}

func value(c uint16) float64 { return leastGap * math.Exp(float64(c)/perLog) }

const (
	leastGap = 1e-3
	perLog   = 2800
)

// measured takes a gap between two messages.
func (d *day) measured(gap float64) {
	d.n++
	c := coded(gap)
	if len(d.gaps) < tail {
		d.gaps = append(d.gaps, c)
		d.up(len(d.gaps) - 1)
		return
	}
	if c > d.gaps[0] {
		d.gaps[0] = c
		d.down()
	}
}

func (d *day) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if d.gaps[parent] <= d.gaps[i] {
			return
		}
		d.gaps[parent], d.gaps[i] = d.gaps[i], d.gaps[parent]
		i = parent
	}
}

func (d *day) down() {
	i := 0
	for {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(d.gaps) && d.gaps[child] < d.gaps[least] {
				least = child
			}
		}
		if least == i {
			return
		}
		d.gaps[i], d.gaps[least] = d.gaps[least], d.gaps[i]
		i = least
	}
}

// close keeps of the gaps what a fit can use.
func (d *day) close() {
	slices.SortFunc(d.gaps, func(a, b uint16) int { return int(b) - int(a) })
	d.gaps = slices.Clip(d.gaps[:min(len(d.gaps), max(6, d.n*3/100))])
}
