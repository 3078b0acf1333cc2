package continuity

import (
	"slices"
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

// graph is the house's map at this moment: what the house drew, what is heard besides, and the links to which people agreed. Who calls it holds r.mu.
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
	g, called, err := r.cfg.Site.Map.Joined(feeds, units)
	if err == nil {
		h.Graph, err = r.said.Drawn(g, r.engine.shown)
	}
	if err != nil {
		return h, err
	}
	for _, ids := range []map[string]depend.NodeID{h.feeds, h.units} {
		for name, id := range ids {
			ids[name] = called[id]
		}
	}
	return h, nil
}

// MapView is what rests on what, and what people are asked about it.
type MapView struct {
	*depend.Impact            // of what is silent now
	Drawn          bool       // the house drew a map of its own
	Asked          []LinkView // that traffic shows, seen longest first; the first of them are on the map, and count for nothing
	Said           []LinkView // that people spoke of, latest first
}

// mostAsked is about how many links people are asked at once, and mostSaid how many of their answers are shown.
const (
	mostAsked = 10
	mostSaid  = 100
)

// Map is what rests on what, and what the present silence does in it. A component that explains why feeds are silent stands for them. lying is how many patients were
// counted on units; it may be empty.
func (r *Room) Map(lying Counted) (*MapView, error) {
	r.mu.Lock()
	h, err := r.graph()
	if err != nil {
		r.mu.Unlock()
		return nil, err
	}
	var silent []depend.Broken
	for _, f := range r.engine.order {
		if s, is := f.model.Silence(); is {
			silent = append(silent, depend.Broken{Node: h.feeds[f.id], Since: s.Since})
		}
	}
	pairs, said, shown := r.engine.pairs(), r.said, r.engine.shown
	r.mu.Unlock()
	asked := said.Propose(h.Graph, pairs, askedAfter)
	census := depend.Census{At: lying.At}
	if lying.Patients != nil {
		census.Patients = map[depend.NodeID]int{}
	}
	for unit, id := range h.units {
		if n, counted := lying.Patients[unit]; counted {
			census.Patients[id] += n // a house may call two of them one
		}
	}
	v := &MapView{Drawn: r.cfg.Site.Drawn}
	for i := range asked {
		p := &asked[i]
		l := shownLink(h.Graph, &p.Edge, p.Nodes)
		l.Why, l.Count, l.Days = p.Why, p.Count, p.Days
		v.Asked = append(v.Asked, l)
	}
	for _, d := range said.Decisions() {
		l := shownLink(h.Graph, &d.Edge, d.Nodes)
		l.From, l.To = shown(l.From), shown(l.To) // who is a patient may have been heard since
		l.Yes, l.By, l.At = d.Confirmed, d.By, d.At
		v.Said = append(v.Said, l)
	}
	slices.SortStableFunc(v.Said, func(a, b LinkView) int { return b.At.Compare(a.At) })
	v.Said = v.Said[:min(mostSaid, len(v.Said))]
	g, err := depend.With(h.Graph, asked[:min(mostAsked, len(asked))])
	if err != nil {
		return nil, err
	}
	v.Impact = g.Impact(blamed(g, silent), census, r.cfg.Now())
	return v, nil
}

// blamed puts the components that surely explain silent feeds in their place, broken since the first of them fell silent.
func blamed(g *depend.Graph, silent []depend.Broken) []depend.Broken {
	since := map[depend.NodeID]time.Time{}
	var ids []depend.NodeID
	for _, b := range silent {
		if first, known := since[b.Node]; !known || b.Since.Before(first) { // a house may call two feeds one
			since[b.Node] = b.Since
		}
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
