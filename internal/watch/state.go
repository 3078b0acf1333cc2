package watch

import (
	"time"

	"github.com/wardline/wardline/internal/finding"
)

// LiveState says how far Live is.
type LiveState struct {
	Next     uint64        `json:"next"`     // journal entry that is judged next
	Events   int64         `json:"events"`   // judged since the start
	Lag      time.Duration `json:"lag"`      // how old the entry judged last is, while more wait; 0 when none does
	Repeated int64         `json:"repeated"` // events that came again, and were not judged again
	Unread   int64         `json:"unread"`   // lines that could not be read
	Damaged  int64         `json:"damaged"`
	Gone     int64         `json:"gone"`    // entries whose events had been deleted after their time
	Waiting  int           `json:"waiting"` // matches that correlations hold back for earlier ones
	Late     int64         `json:"late"`    // matches that came after their time had been counted
	Evicted  int64         `json:"evicted"` // groups and matches forgotten for want of room
	Rules    int           `json:"rules"`
	Version  string        `json:"version"` // of the Set
	Watching bool          `json:"watching"`
}

// RuleState is what is known of one rule at work. Indicators count together.
type RuleState struct {
	finding.Rule
	Hits      int64         `json:"hits"` // since the start
	Last      time.Time     `json:"last"`
	CPU       time.Duration `json:"cpu"`       // time spent on it, estimated from a sample
	Suspended bool          `json:"suspended"` // it took too much time, and is not asked any more
	Flooding  bool          `json:"flooding"`  // it files too much, and its findings are gathered in one

	digest string
}

// State says how far Live is.
func (l *Live) State() LiveState {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := LiveState{
		Next: l.next, Events: l.events, Repeated: l.repeated, Unread: l.unread, Damaged: l.damaged, Gone: l.gone, Rules: len(l.stats) - 1, Version: l.set.Version(),
	}
	if l.state != nil {
		s.Watching, s.Waiting, s.Late, s.Evicted = true, l.state.Waiting(), l.state.Late, l.state.Evicted
	}
	if l.next < l.cfg.Journal.Size() && !l.clock.IsZero() {
		s.Lag = max(0, time.Since(l.clock))
	}
	return s
}

// Rules says how each rule does, rules before correlations, indicators last.
func (l *Live) Rules() []RuleState {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]RuleState, len(l.stats))
	copy(all, l.stats)
	for i := range all {
		if i < len(l.meter.total) {
			all[i].CPU = l.meter.total[i]
		}
		all[i].Flooding = l.floods.flooding(ruleKey(&all[i].Rule), l.cfg.Flood)
	}
	return all
}

// Set is what events are judged by now.
func (l *Live) Set() *Set {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.set
}
