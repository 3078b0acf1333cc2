package correlate

import (
	"math"
	"slices"
	"strconv"

	"github.com/wardline/wardline/format/sigma"
)

// holds tells whether a correlation's condition is met by what stands in a group's window.
func holds(c *sigma.Correlation, g *group) bool {
	t := &g.tally
	switch c.Type {
	case sigma.EventCount:
		return meets(c.Threshold, float64(t.events))
	case sigma.ValueCount:
		return meets(c.Threshold, float64(len(t.values)))
	case sigma.Temporal:
		return temporal(c, t)
	case sigma.TemporalOrdered:
		return temporal(c, t) && ordered(len(c.Rules), g.present())
	}
	return len(t.numbers) > 0 && meets(c.Threshold, measure(c, t.numbers))
}

// tally sums a window up, so that a long one is not counted anew for every event.
type tally struct {
	events  int
	values  map[string]int // how often each value stands in the window
	members map[int]int    // how often each member does
	numbers []float64      // values that are numbers, sorted
}

func (t *tally) add(s seen) {
	if t.members == nil {
		t.values, t.members = map[string]int{}, map[int]int{}
	}
	t.events++
	t.values[s.value]++
	t.members[s.member]++
	if f, ok := number(s.value); ok {
		at, _ := slices.BinarySearch(t.numbers, f)
		t.numbers = slices.Insert(t.numbers, at, f)
	}
}

func (t *tally) remove(s seen) {
	t.events--
	if t.values[s.value]--; t.values[s.value] == 0 {
		delete(t.values, s.value)
	}
	if t.members[s.member]--; t.members[s.member] == 0 {
		delete(t.members, s.member)
	}
	if f, ok := number(s.value); ok {
		at, _ := slices.BinarySearch(t.numbers, f)
		t.numbers = slices.Delete(t.numbers, at, at+1)
	}
}

func number(value string) (float64, bool) {
	f, err := strconv.ParseFloat(value, 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// meets tells whether n passes every threshold.
func meets(thresholds []sigma.Threshold, n float64) bool {
	for _, t := range thresholds {
		ok := false
		switch t.Op {
		case sigma.GT:
			ok = n > t.Value
		case sigma.GTE:
			ok = n >= t.Value
		case sigma.LT:
			ok = n < t.Value
		case sigma.LTE:
			ok = n <= t.Value
		case sigma.EQ:
			ok = n == t.Value
		case sigma.NEQ:
			ok = n != t.Value
		}
		if !ok {
			return false
		}
	}
	return true
}

// temporal asks for all members, for as many different ones as a threshold says, or for an
// extended condition over their names.
func temporal(c *sigma.Correlation, t *tally) bool {
	present := map[string]bool{}
	for member := range t.members {
		present[c.Rules[member]] = true
	}
	switch {
	case c.Extended != nil:
		return extended(c.Extended, present)
	case len(c.Threshold) > 0:
		return meets(c.Threshold, float64(len(present)))
	default:
		return len(present) == len(c.Rules)
	}
}

func extended(n *sigma.Condition, present map[string]bool) bool {
	switch {
	case n.Not != nil:
		return !extended(n.Not, present)
	case n.And != nil:
		return !slices.ContainsFunc(n.And, func(c sigma.Condition) bool { return !extended(&c, present) })
	case n.Or != nil:
		return slices.ContainsFunc(n.Or, func(c sigma.Condition) bool { return extended(&c, present) })
	default:
		return present[n.Identifier]
	}
}

// ordered looks for the members one after the other. Taking the latest that fits, from the
// last member to the first, finds an order if there is one.
func ordered(members int, window []seen) bool {
	wanted := members - 1
	for i := len(window) - 1; i >= 0 && wanted >= 0; i-- {
		if window[i].member == wanted {
			wanted--
		}
	}
	return wanted < 0
}

// measure computes what a value_* correlation compares, from sorted values. The percentile is the nearest
// rank; the specification leaves the method open.
func measure(c *sigma.Correlation, values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	switch c.Type {
	case sigma.ValueSum:
		return sum
	case sigma.ValueAvg:
		return sum / float64(len(values))
	case sigma.ValueMedian:
		middle := len(values) / 2
		if len(values)%2 == 1 {
			return values[middle]
		}
		return (values[middle-1] + values[middle]) / 2
	default: // value_percentile
		rank := int(math.Ceil(c.Percentile / 100 * float64(len(values))))
		return values[min(max(rank, 1), len(values))-1]
	}
}
