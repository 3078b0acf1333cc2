package depend

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Default makes the map of a house that drew none: the services whose feeds are heard and what these usually rest on, and the units that usually work with
// them. feeds are those that are heard, by the id under which they are watched.
func (c *Catalogue) Default(feeds map[NodeID]Heard, units []Place) (*Graph, error) {
	g, err := New(c, nil, nil)
	if err != nil {
		return nil, err
	}
	g, _, err = g.Joined(feeds, units)
	return g, err
}

// Joined is a house's map with what is heard besides: feeds and units that the house does not know stand in it as in Default, but for this: what a service of the
// house's rests on the house has said. called is what the map calls each feed and unit, by the id under which it is watched.
func (g *Graph) Joined(feeds map[NodeID]Heard, units []Place) (joined *Graph, called map[NodeID]NodeID, err error) {
	d := defaults{
		c: g.catalogue, nodes: g.Nodes(), edges: g.Edges(), there: maps.Clone(g.at), own: map[string]NodeID{}, called: map[NodeID]NodeID{},
		feeds: g.known(Feed), others: g.known(Component, Service), units: g.known(Unit),
	}
	for i := range g.nodes {
		if row := g.row(i); row != nil && g.nodes[i].Kind != Feed && d.own[row.ID] == "" {
			d.own[row.ID] = g.nodes[i].ID
		}
	}
	for _, id := range slices.Sorted(maps.Keys(feeds)) {
		d.feed(id, feeds[id])
	}
	for _, u := range units {
		d.unit(&u)
	}
	joined, err = newGraph(g.catalogue, d.nodes, d.edges, mostJoined)
	return joined, d.called, err
}

// names are those by which a map may know a feed, the most exact first: LIS|LAB>EHR|HOSP:ORU^R01 down to LIS.
func (h *Heard) names() (names []string) {
	for _, what := range distinct(cmp.Or(message(h.Type), h.Role), first(h.Type), "") {
		for _, to := range distinct(h.To, program(h.To), "") {
			for _, from := range distinct(h.From, program(h.From)) {
				name := from
				if to != "" && from != "" {
					name += ">"
				}
				if name += to; name != "" && what != "" {
					name += ":" + what
				}
				if name != "" {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// exact is the one name that is of no other feed; nothing for a sender and a receiver without names.
func (h *Heard) exact() []string {
	for _, name := range h.names() {
		return []string{clip(name)}
	}
	return nil
}

// program is the application without its facility: LIS of LIS|LAB.
func program(name string) string {
	app, _, _ := strings.Cut(name, "|")
	return app
}

func distinct(texts ...string) (out []string) {
	for _, t := range texts {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// names finds things of a kind by what a house calls them.
type names map[string]NodeID

// known finds things of these kinds by their ids and the names that the map gives them. Of two things of one name the first by id has it.
func (g *Graph) known(kinds ...Kind) names {
	known := names{}
	for i := range g.nodes {
		n := &g.nodes[i]
		if !slices.Contains(kinds, n.Kind) {
			continue
		}
		for _, name := range append([]string{string(n.ID)}, n.Known...) {
			if name = strings.ToLower(name); known[name] == "" {
				known[name] = n.ID
			}
		}
	}
	return known
}

// first is what has the first of these names; empty when nothing has one.
func (n names) first(names ...string) NodeID {
	for _, name := range names {
		if id, known := n[strings.ToLower(name)]; known {
			return id
		}
	}
	return ""
}

// defaults gathers what a house has without having said so.
type defaults struct {
	c                    *Catalogue
	nodes                []Node
	edges                []Edge
	there                map[NodeID]int
	own                  map[string]NodeID // what the house has of a row of the catalogue, by the id of the row
	called               map[NodeID]NodeID
	feeds, others, units names // of the house
}

func (d *defaults) add(n Node) {
	n.Tolerated = Unstated
	d.there[n.ID] = len(d.nodes)
	d.nodes = append(d.nodes, n)
}

func (d *defaults) link(from, to NodeID, tolerated time.Duration) {
	d.edges = append(d.edges, Edge{From: from, To: to, Tolerated: tolerated})
}

// feed adds a feed, the two that it joins, and the service whose it is.
func (d *defaults) feed(id NodeID, h Heard) {
	if d.called[id] = d.feeds.first(h.names()...); d.called[id] != "" {
		return
	}
	d.called[id] = id
	d.add(Node{ID: id, Kind: Feed, Name: flow(h.From, h.To, h.Type, h.Role), Known: h.exact()})
	for i, name := range [...]string{h.From, h.To} {
		if name == "" || i == 1 && h.From == h.To {
			continue
		}
		end := d.others.first(name, program(name))
		if end == "" {
			end = programID(name)
		}
		if _, there := d.there[end]; !there {
			d.add(Node{ID: end, Kind: Component, Name: programName(name)})
		}
		d.link(id, end, Unstated)
	}
	row := d.c.Match(h)
	if row == nil || d.own[row.ID] != "" {
		return
	}
	d.take(row)
	d.link(NodeID(row.ID), id, Unstated)
}

// take adds a row and what it usually rests on, and returns what it is called.
func (d *defaults) take(row *Row) NodeID {
	id := NodeID(row.ID)
	if own := d.own[row.ID]; own != "" {
		return own
	}
	if _, there := d.there[id]; there {
		return id
	}
	kind := Service
	if row.Foundation {
		kind = Component
	}
	d.add(Node{ID: id, Kind: kind})
	for _, on := range slices.Sorted(maps.Keys(row.Depends)) {
		d.link(id, d.take(d.c.Row(on)), time.Duration(row.Depends[on]))
	}
	return id
}

// unit adds a unit that the house does not know, and has it work with what there is of what such a unit usually works with.
func (d *defaults) unit(u *Place) {
	if d.called[u.ID] = d.units.first(u.Name); d.called[u.ID] != "" {
		return
	}
	d.called[u.ID] = u.ID
	d.add(Node{ID: u.ID, Kind: Unit, Name: u.Name})
	for i := range d.c.rows {
		row := &d.c.rows[i]
		on := cmp.Or(d.own[row.ID], NodeID(row.ID))
		if _, there := d.there[on]; there && !row.Foundation && slices.Contains(row.Where, cmp.Or(u.Sort, "ward")) {
			d.link(u.ID, on, Unstated)
		}
	}
}
