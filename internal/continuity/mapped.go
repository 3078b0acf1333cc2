package continuity

import (
	"strings"
	"time"

	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/event"
)

// Map is what rests on what in a house that has drawn no map of its own, as far as its feeds tell it, and what the present silence does in it: the services whose
// feeds are heard with what these usually rest on, and the units that messages name. A component that explains why feeds are silent stands for them.
// lying is how many patients were counted on units; it may be empty.
func (r *Room) Map(lying Counted) (*depend.Impact, error) {
	r.mu.Lock()
	feeds, units, silent := map[depend.NodeID]depend.Heard{}, []depend.Place{}, []depend.Broken{}
	census := depend.Census{At: lying.At}
	if lying.Patients != nil {
		census.Patients = map[depend.NodeID]int{}
	}
	seen := map[string]bool{}
	now := r.cfg.Now()
	for _, f := range r.engine.order {
		id := depend.NodeID("feed-" + event.NewID("feed", f.id).String())
		known := f.known
		known.From, known.To = r.engine.shown(known.From), r.engine.shown(known.To)
		feeds[id] = known
		if s, is := f.model.Silence(); is {
			silent = append(silent, depend.Broken{Node: id, Since: s.Since})
		}
		for name := range f.parts {
			if unit, is := strings.CutPrefix(name, "unit "); is && !seen[unit] {
				seen[unit] = true
				id := depend.NodeID("unit-" + event.NewID("unit", unit).String())
				units = append(units, depend.Place{ID: id, Name: r.engine.shown(unit)})
				if n, counted := lying.Patients[unit]; counted {
					census.Patients[id] = n
				}
			}
		}
	}
	r.mu.Unlock()
	g, err := r.catalogue.Default(feeds, units)
	if err != nil {
		return nil, err
	}
	return g.Impact(blamed(g, silent), census, now), nil
}

// blamed puts the components that surely explain silent feeds in their place, broken since the first of them fell silent.
func blamed(g *depend.Graph, silent []depend.Broken) []depend.Broken {
	since := map[depend.NodeID]time.Time{}
	var ids []depend.NodeID
	for _, b := range silent {
		since[b.Node] = b.Since
		ids = append(ids, b.Node)
	}
	out := silent
	for _, s := range g.Cause(ids, nil).Suspects {
		if !s.Sure {
			continue // fewer feeds can fall silent by chance
		}
		var first time.Time
		for _, id := range s.Feeds {
			if at := since[id]; first.IsZero() || at.Before(first) {
				first = at
			}
		}
		out = append(out, depend.Broken{Node: s.Node, Since: first})
	}
	return out
}
