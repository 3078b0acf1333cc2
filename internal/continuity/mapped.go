package continuity

import (
	"strings"

	"github.com/wardline/wardline/internal/continuity/depend"
	"github.com/wardline/wardline/internal/continuity/incident"
	"github.com/wardline/wardline/internal/event"
)

// house is what rests on what in the house, and how what is heard is called there.
type house struct {
	*depend.Graph
	feeds map[string]depend.NodeID // by the id under which a feed is watched
	units map[string]depend.NodeID // by the name that messages give a unit
}

// graph is the house's map at this moment. Who calls it holds r.mu.
func (r *Room) graph() (house, error) { return r.engine.house(r.catalogue.Default) }

// house has the map drawn of the feeds that are heard, and of the units that they name.
func (e *Engine) house(draw func(map[depend.NodeID]depend.Heard, []depend.Place) (*depend.Graph, error)) (house, error) {
	h := house{feeds: map[string]depend.NodeID{}, units: map[string]depend.NodeID{}}
	feeds, units := map[depend.NodeID]depend.Heard{}, []depend.Place{}
	for _, f := range e.order {
		id := depend.NodeID("feed-" + event.NewID("feed", f.id).String())
		known := f.known
		known.From, known.To = e.shown(known.From), e.shown(known.To)
		feeds[id], h.feeds[f.id] = known, id
		for name := range f.parts {
			if unit, is := strings.CutPrefix(name, "unit "); is && h.units[unit] == "" {
				h.units[unit] = depend.NodeID("unit-" + event.NewID("unit", unit).String())
				units = append(units, depend.Place{ID: h.units[unit], Name: e.shown(unit)})
			}
		}
	}
	var err error
	h.Graph, err = draw(feeds, units)
	return h, err
}

// Map is what rests on what in a house that has drawn no map of its own, as far as its feeds tell it, and what the incidents that go on do in it: the services whose
// feeds are heard with what these usually rest on, and the units that messages name. lying is how many patients were counted on units; it may be empty.
func (r *Room) Map(lying Counted) (*depend.Impact, error) {
	r.mu.Lock()
	h, err := r.graph()
	var broken []depend.Broken
	if err == nil {
		for _, i := range r.incidents.book.Open() {
			broken = append(broken, h.broken(i)...)
		}
	}
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return h.Impact(broken, h.census(lying), r.cfg.Now()), nil
}

// census is how many patients lie on the units of the map.
func (h house) census(lying Counted) depend.Census {
	c := depend.Census{At: lying.At}
	if lying.Patients == nil {
		return c
	}
	c.Patients = map[depend.NodeID]int{}
	for unit, id := range h.units {
		if n, counted := lying.Patients[unit]; counted {
			c.Patients[id] = n
		}
	}
	return c
}

// broken are the things on the map that do not work while an incident goes on: the component that explains it, feeds that are silent, and what somebody says of servers,
// channels and ways. An analyser that is silent breaks no feed, and an attack has broken nothing yet.
func (h house) broken(i *incident.Incident) (out []depend.Broken) {
	if i.Cause != "" {
		out = append(out, depend.Broken{Node: depend.NodeID(i.Cause), Since: i.Facts[0].Since})
	}
	for n := range i.Facts {
		f := &i.Facts[n]
		if !f.Over.IsZero() {
			continue
		}
		switch Kind(f.Kind) {
		case Silent:
			if node, known := h.feeds[f.About]; known {
				out = append(out, depend.Broken{Node: node, Since: f.Since})
			}
		case ServerDown, Disconnected, NotForwarded, Expired, "no-answers", "rejections":
			for _, node := range h.marked(f) {
				out = append(out, depend.Broken{Node: node, Since: f.Since})
			}
		}
	}
	return out
}

// marked is the component whose server a fact is about, or else the services.
func (h house) marked(f *incident.Fact) (out []depend.NodeID) {
	if node, known := h.server(f); known {
		return []depend.NodeID{node}
	}
	for _, m := range f.Marks {
		if id, is := strings.CutPrefix(m, "service "); is {
			if _, known := h.Node(depend.NodeID(id)); known {
				out = append(out, depend.NodeID(id))
			}
		}
	}
	return out
}
