package watch

import "time"

// meter adds up what rules cost, from a sample of the events.
type meter struct {
	share  float64
	window time.Duration
	cost   time.Duration

	total  []time.Duration // by rule, since the start
	spent  []time.Duration // by rule, in the present window
	since  time.Time       // when the window began
	events int64           // when it did
}

// measured is of how many events one is measured: looking at the clock costs about as much as a rule.
const measured = 16

func newMeter(rules int, c LiveConfig) *meter {
	return &meter{share: c.RuleShare, window: c.RuleWindow, cost: c.RuleCost, total: make([]time.Duration, rules), spent: make([]time.Duration, rules)}
}

// add takes in how long a rule took for an event of the sample.
func (m *meter) add(rule int32, d time.Duration) {
	m.total[rule] += d * measured
	m.spent[rule] += d * measured
}

// tooDear ends the window if it is over, and returns the rules that took too much in it: more than their share of a core,
// and more than their cost for each of the events. events counts all that were judged so far.
func (m *meter) tooDear(now time.Time, events int64) []int {
	elapsed := now.Sub(m.since)
	if m.since.IsZero() || elapsed < 0 { // the first look, or the clock was put back
		m.begin(now, events)
		return nil
	}
	if elapsed < m.window {
		return nil
	}
	var dear []int
	judged := events - m.events
	for rule, d := range m.spent {
		if float64(d) > m.share*float64(elapsed) && judged > 0 && d/time.Duration(judged) >= m.cost {
			dear = append(dear, rule)
		}
	}
	m.begin(now, events)
	return dear
}

func (m *meter) begin(now time.Time, events int64) {
	m.since, m.events = now, events
	clear(m.spent)
}
