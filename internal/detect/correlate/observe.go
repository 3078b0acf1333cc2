package correlate

import (
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
)

// Observation is one match as correlations see it.
type Observation struct {
	Time     time.Time
	Observed time.Time `json:"observed,omitzero"` // when a node received it; zero in a scan
	Evidence finding.Evidence
	Parts    []Part // one for each correlation that the match takes part in
}

// Part is what one correlation needs to know of a match.
type Part struct {
	Correlation int
	Member      int      // place in the correlation's list of rules
	Group       []string // values of the group-by fields
	Value       string   // of the field that value_* correlations look at
	HasValue    bool
}

// Observe takes from a matched event what the correlations need. It has no parts when
// none can use it: an event without one of the group-by fields takes no part, and
// neither does one without a time.
func (p *Plan) Observe(rule int, ev *event.Event) Observation {
	o := Observation{Time: Believed(ev), Observed: ev.Observed}
	if !p.Listens(rule) || o.Time.IsZero() {
		return o
	}
	for _, w := range p.watchers[rule] {
		if part, ok := w.part(func(field string) (string, bool) { return valueOf(ev, field) }); ok {
			o.Parts = append(o.Parts, part)
		}
	}
	if len(o.Parts) > 0 {
		o.Evidence = finding.NewEvidence(ev)
	}
	return o
}

// maxAhead is how far a sender's clock may be ahead of ours and still be believed.
const maxAhead = 5 * time.Minute

// Believed is the time that a correlation goes by. A node knows when it received an event: that stands for a
// time that is missing, and for one in the future. Else one event of next year would end all windows of its group
// until then, and blind the correlation.
func Believed(ev *event.Event) time.Time {
	if !ev.Observed.IsZero() && (ev.Time.IsZero() || ev.Time.After(ev.Observed.Add(maxAhead))) {
		return ev.Observed
	}
	return ev.Time
}

func (w *watcher) part(value func(field string) (string, bool)) (Part, bool) {
	part := Part{Correlation: w.correlation, Member: w.member}
	for _, field := range w.groupBy {
		v, ok := value(field)
		if !ok {
			return Part{}, false
		}
		part.Group = append(part.Group, v)
	}
	if w.value != "" {
		part.Value, part.HasValue = value(w.value)
		if !part.HasValue {
			return Part{}, false
		}
	}
	return part, true
}

// maxGroupValue bounds what is remembered of one value.
const maxGroupValue = 1024

// valueOf returns the first scalar value that the event has for what rules call field.
func valueOf(ev *event.Event, field string) (string, bool) {
	for _, name := range ev.Class.Names(field) {
		for text := range ev.Values(name) {
			return strings.ToValidUTF8(string(text[:min(len(text), maxGroupValue)]), ""), true
		}
	}
	return "", false
}
