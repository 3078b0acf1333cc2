package depend

import (
	"cmp"
	"reflect"
	"slices"
)

// Merge adds to a map what a table says: what it states of a thing counts, what it does not state stays, and what it does not name stays as well, for an
// export of one program never is the whole house.
func Merge(g *Graph, im *Import) (*Graph, error) {
	nodes, at := g.Nodes(), map[NodeID]int{}
	for i := range nodes {
		at[nodes[i].ID] = i
	}
	for _, n := range im.Nodes {
		if i, known := at[n.ID]; known {
			nodes[i] = nodes[i].with(n)
		} else {
			at[n.ID] = len(nodes)
			nodes = append(nodes, n)
		}
	}
	for _, n := range im.Implied {
		if _, known := at[n.ID]; !known {
			at[n.ID] = len(nodes)
			nodes = append(nodes, n)
		}
	}
	return New(g.catalogue, nodes, joined(g.Edges(), im.Edges))
}

// with is n as another says it is.
func (n Node) with(o Node) Node {
	if o.Tolerated == Unstated {
		o.Tolerated = n.Tolerated
	}
	known := slices.Clone(n.Known)
	for _, k := range o.Known {
		if !slices.Contains(known, k) && len(known) < mostKnown {
			known = append(known, k)
		}
	}
	return Node{
		ID: n.ID, Kind: cmp.Or(o.Kind, n.Kind), Name: cmp.Or(o.Name, n.Name), Like: cmp.Or(o.Like, n.Like), Class: cmp.Or(o.Class, n.Class),
		Tolerated: o.Tolerated, Call: cmp.Or(o.Call, n.Call), Known: known,
	}
}

// joined are edges and more of them; of two between the same the later one counts.
func joined(edges, more []Edge) []Edge {
	at := map[Edge]int{}
	key := func(e Edge) Edge { return Edge{From: e.From, To: e.To, AnyOf: e.AnyOf} }
	for i, e := range edges {
		at[key(e)] = i
	}
	for _, e := range more {
		if i, known := at[key(e)]; known {
			edges[i] = e
			continue
		}
		at[key(e)] = len(edges)
		edges = append(edges, e)
	}
	return edges
}

// Count is how much of something comes, changes, stays and goes.
type Count struct{ Added, Changed, Same, Gone int }

// Changes is what another map would change: it is shown before anyone agrees to it.
type Changes struct {
	Nodes map[Kind]Count // by the kind that they have afterwards, or had
	Edges Count
}

// Compare counts what is otherwise in after.
func Compare(before, after *Graph) Changes {
	c := Changes{Nodes: map[Kind]Count{}}
	for i := range after.nodes {
		n := &after.nodes[i]
		old, known := before.Node(n.ID)
		count := c.Nodes[n.Kind]
		count.add(known, known && reflect.DeepEqual(old, *n))
		c.Nodes[n.Kind] = count
	}
	for i := range before.nodes {
		if n := &before.nodes[i]; !after.has(n.ID) {
			count := c.Nodes[n.Kind]
			count.Gone++
			c.Nodes[n.Kind] = count
		}
	}
	edges := map[Edge]Edge{}
	for _, e := range before.edges {
		edges[Edge{From: e.From, To: e.To, AnyOf: e.AnyOf}] = e
	}
	for _, e := range after.edges {
		key := Edge{From: e.From, To: e.To, AnyOf: e.AnyOf}
		old, known := edges[key]
		c.Edges.add(known, old == e)
		delete(edges, key)
	}
	c.Edges.Gone = len(edges)
	return c
}

func (g *Graph) has(id NodeID) bool { _, ok := g.at[id]; return ok }

func (c *Count) add(known, same bool) {
	switch {
	case !known:
		c.Added++
	case same:
		c.Same++
	default:
		c.Changed++
	}
}
