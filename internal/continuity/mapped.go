package continuity

import (
	"slices"
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

// graph is the house's map at this moment: what the house drew, what is heard besides, and the links to which people agreed. Who calls it holds r.mu.
func (r *Room) graph() (house, error) {
	return r.engine.house(func(feeds map[depend.NodeID]depend.Heard, units []depend.Place) (*depend.Graph, map[depend.NodeID]depend.NodeID, error) {
		g, called, err := r.cfg.Site.Map.Joined(feeds, units)
		if err == nil {
			g, err = r.said.Drawn(g, r.engine.shown)
		}
		return g, called, err
	})
}

// drawing makes a map of feeds that are heard and of units, and says how these are called there, where that is otherwise.
type drawing func(map[depend.NodeID]depend.Heard, []depend.Place) (*depend.Graph, map[depend.NodeID]depend.NodeID, error)

// house has the map drawn of the feeds that are heard, and of the units that they name.
func (e *Engine) house(draw drawing) (house, error) {
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
	g, called, err := draw(feeds, units)
	if err != nil {
		return h, err
	}
	h.Graph = g
	for _, ids := range []map[string]depend.NodeID{h.feeds, h.units} {
		for name, id := range ids {
			if other, is := called[id]; is {
				ids[name] = other
			}
		}
	}
	return h, nil
}

// Redraw goes on by what the house says of itself now: site, or err where that could not be read. When it cannot be taken, all stays as it was, MapTrouble says why, and the
// error is returned. It falls between two entries of the journal, so that none is heard twice or not at all.
func (r *Room) Redraw(site *Site, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.cfg.Site
	if err == nil {
		r.cfg.Site = site
		if _, err = r.graph(); err != nil {
			r.cfg.Site = before
		}
	}
	if err != nil {
		r.trouble = err.Error()
		return err
	}
	r.trouble = ""
	r.engine.reclass(site.Catalogue)
	return nil
}

// MapTrouble says why the house's map is not taken as its files say it now; empty when it is.
func (r *Room) MapTrouble() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trouble
}

// MapView is what rests on what, and what people are asked about it.
type MapView struct {
	*depend.Impact            // of the incidents that go on
	Drawn          bool       // the house drew a map of its own
	Trouble        string     // why it is not taken as its files say it now; the one from before is in force
	Asked          []LinkView // that traffic shows, seen longest first; the first of them are on the map, and count for nothing
	Said           []LinkView // that people spoke of, latest first
}

// mostAsked is about how many links people are asked at once, and mostSaid how many of their answers are shown.
const (
	mostAsked = 10
	mostSaid  = 100
)

// Map is what rests on what, and what the incidents that go on do in it. lying is how many patients were counted on units; it may be empty.
func (r *Room) Map(lying Counted) (*MapView, error) {
	r.mu.Lock()
	h, err := r.graph()
	if err != nil {
		r.mu.Unlock()
		return nil, err
	}
	var broken []depend.Broken
	for _, i := range r.incidents.book.Open() {
		broken = append(broken, h.broken(i)...)
	}
	pairs, said, shown := r.engine.traffic(), r.said, r.engine.shown
	v := &MapView{Drawn: r.cfg.Site.Drawn, Trouble: r.trouble}
	r.mu.Unlock()
	asked := said.Propose(h.Graph, pairs, askedAfter)
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
	v.Impact = g.Impact(broken, h.census(lying), r.cfg.Now())
	return v, nil
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
			c.Patients[id] += n // a house may call two of them one
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
