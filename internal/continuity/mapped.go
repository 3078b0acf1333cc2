package continuity

import (
	"strings"
	"time"

	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/event"
)

// house is what rests on what in the house, and how what is heard is called there.
type house struct {
	*depend.Graph
	feeds map[string]depend.NodeID // by the id under which a feed is watched
	units map[string]depend.NodeID // by the name that messages give a unit
}

// graph is the house's map at this moment. Who calls it holds r.mu.
func (r *Room) graph() (house, error) {
	h := house{feeds: map[string]depend.NodeID{}, units: map[string]depend.NodeID{}}
	feeds, units := map[depend.NodeID]depend.Heard{}, []depend.Place{}
	for _, f := range r.engine.order {
		id := depend.NodeID("feed-" + event.NewID("feed", f.id).String())
		known := f.known
		known.From, known.To = r.engine.shown(known.From), r.engine.shown(known.To)
		feeds[id], h.feeds[f.id] = known, id
		for name := range f.parts {
			if unit, is := strings.CutPrefix(name, "unit "); is && h.units[unit] == "" {
				h.units[unit] = depend.NodeID("unit-" + event.NewID("unit", unit).String())
				units = append(units, depend.Place{ID: h.units[unit], Name: r.engine.shown(unit)})
			}
		}
	}
	var err error
	h.Graph, err = r.catalogue.Default(feeds, units)
	return h, err
}

// Map is what rests on what in a house that has drawn no map of its own, as far as its feeds tell it, and what the present silence does in it: the services whose
// feeds are heard with what these usually rest on, and the units that messages name. A component that explains why feeds are silent stands for them.
// lying is how many patients were counted on units; it may be empty.
func (r *Room) Map(lying Counted) (*depend.Impact, error) {
	r.mu.Lock()
	h, err := r.graph()
	var silent []depend.Broken
	for _, f := range r.engine.order {
		if s, is := f.model.Silence(); is {
			silent = append(silent, depend.Broken{Node: h.feeds[f.id], Since: s.Since})
		}
	}
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	census := depend.Census{At: lying.At}
	if lying.Patients != nil {
		census.Patients = map[depend.NodeID]int{}
	}
	for unit, id := range h.units {
		if n, counted := lying.Patients[unit]; counted {
			census.Patients[id] = n
		}
	}
	return h.Impact(blamed(h.Graph, silent), census, r.cfg.Now()), nil
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
