package correlate

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/wardline/wardline/internal/finding"
)

// snapshot is a State on disk. Groups are named by the id of their correlation, so that a
// changed rule set takes up what still fits and forgets the rest.
type snapshot struct {
	Version int               `json:"version"`
	Arrived int64             `json:"arrived"`
	Latest  time.Time         `json:"latest"`
	Passed  time.Time         `json:"passed"`
	Groups  []groupSnapshot   `json:"groups"` // the longest untouched first
	Pending []pendingSnapshot `json:"pending"`
}

type groupSnapshot struct {
	Correlation string         `json:"correlation"`
	Values      []string       `json:"values"`
	Holding     bool           `json:"holding"`
	Window      []seenSnapshot `json:"window"`
}

type seenSnapshot struct {
	Time     time.Time        `json:"time"`
	Member   int              `json:"member"`
	Value    string           `json:"value,omitempty"`
	Evidence finding.Evidence `json:"evidence"`
}

type pendingSnapshot struct {
	Arrived     int64       `json:"arrived"`
	Rules       []string    `json:"correlations"` // of the parts, in their order
	Observation Observation `json:"observation"`
}

const snapshotVersion = 1

// identity is what a correlation is recognised by after a restart: its name, and all that decides
// what its groups remember.
func (p *Plan) identity(n int) string {
	c := p.correlations[n]
	return fmt.Sprintf("%q|%s|%q|%q|%s|%q|%q", cmp.Or(c.ID, c.Name, c.Title), c.Type, c.Rules, c.GroupBy, c.Timespan, c.Aliases, c.ValueField)
}

// has tells whether correlation n has a member of that number.
func (p *Plan) has(n, member int) bool { return member >= 0 && member < len(p.correlations[n].Rules) }

// Save writes the state.
func (s *State) Save(w io.Writer) error {
	snap := snapshot{Version: snapshotVersion, Arrived: s.arrived, Latest: s.latest, Passed: s.passed}
	for n, recent := range s.recent {
		for e := recent.Back(); e != nil; e = e.Prev() {
			g := e.Value.(*group)
			gs := groupSnapshot{s.plan.identity(n), g.values, g.holding, nil}
			for _, w := range g.present() {
				gs.Window = append(gs.Window, seenSnapshot{w.time, w.member, w.value, w.evidence})
			}
			snap.Groups = append(snap.Groups, gs)
		}
	}
	for _, w := range s.pending {
		ps := pendingSnapshot{w.Arrived, nil, w.Observation}
		for _, part := range w.Parts {
			ps.Rules = append(ps.Rules, s.plan.identity(part.Correlation))
		}
		snap.Pending = append(snap.Pending, ps)
	}
	return json.NewEncoder(w).Encode(snap)
}

// Load takes up what Save wrote, into an empty state. What belongs to correlations that have changed
// or gone is left out.
func (s *State) Load(r io.Reader) error {
	var snap snapshot
	if err := json.NewDecoder(r).Decode(&snap); err != nil {
		return fmt.Errorf("read correlation state: %w", err)
	}
	if snap.Version != snapshotVersion {
		return fmt.Errorf("read correlation state: version %d is not known", snap.Version)
	}
	number := map[string]int{}
	for n := range s.plan.correlations {
		number[s.plan.identity(n)] = n
	}
	for _, gs := range snap.Groups {
		n, ok := number[gs.Correlation]
		if !ok {
			continue
		}
		g := s.group(Part{Correlation: n, Group: gs.Values})
		g.holding = gs.Holding
		for _, w := range gs.Window {
			if s.plan.has(n, w.Member) {
				g.add(seen{w.Time, w.Member, w.Value, w.Evidence})
			}
		}
	}
	for _, ps := range snap.Pending {
		s.takeUp(ps, number)
	}
	heap.Init(&s.pending)
	s.arrived, s.latest, s.passed = snap.Arrived, snap.Latest, snap.Passed
	return nil
}

func (s *State) takeUp(ps pendingSnapshot, number map[string]int) {
	o := ps.Observation
	parts := o.Parts
	o.Parts = nil
	for i, part := range parts {
		if i >= len(ps.Rules) {
			break
		}
		if n, ok := number[ps.Rules[i]]; ok && s.plan.has(n, part.Member) {
			part.Correlation = n
			o.Parts = append(o.Parts, part)
		}
	}
	if len(o.Parts) > 0 {
		s.pending = append(s.pending, waiting{o, ps.Arrived})
	}
}
