package depend

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
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
	return newGraph(g.catalogue, nodes, joined(g.Edges(), im.Edges), mostJoined)
}

// Write writes what a table says as a file of a map. What it only refers to, and house knows, is left to house.
func (im *Import) Write(house *Graph) ([]byte, error) {
	nodes, there := slices.Clone(im.Nodes), map[NodeID]bool{}
	for _, n := range im.Implied {
		if !house.has(n.ID) {
			nodes = append(nodes, n)
		}
	}
	for i := range nodes {
		there[nodes[i].ID] = true
	}
	for _, e := range im.Edges {
		if !there[e.From] { // a thing of house rests on something more
			there[e.From] = true
			nodes = append(nodes, Node{ID: e.From, Tolerated: Unstated})
		}
	}
	edges := slices.Clone(im.Edges)
	slices.SortFunc(nodes, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Compare(a.To, b.To) })
	return write(nodes, edges)
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
	for i, e := range edges {
		at[e.key()] = i
	}
	for _, e := range more {
		if i, known := at[e.key()]; known {
			edges[i] = e
			continue
		}
		at[e.key()] = len(edges)
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
		edges[e.key()] = e
	}
	for _, e := range after.edges {
		old, known := edges[e.key()]
		c.Edges.add(known, old == e)
		delete(edges, e.key())
	}
	c.Edges.Gone = len(edges)
	return c
}

// Words are what changes as a sentence says it: 3 units new, 1 changed, 9 as before; 4 links new.
func (c *Changes) Words() string {
	var parts []string
	for k := Component; k <= Unit; k++ {
		if n := c.Nodes[k]; n != (Count{}) {
			parts = append(parts, n.words(k.String()))
		}
	}
	if c.Edges != (Count{}) {
		parts = append(parts, c.Edges.words("link"))
	}
	return strings.Join(parts, "; ")
}

func (c Count) words(thing string) string {
	var parts []string
	for _, p := range [...]struct {
		n    int
		what string
	}{{c.Added, "new"}, {c.Changed, "changed"}, {c.Same, "as before"}, {c.Gone, "gone"}} {
		switch {
		case p.n == 0:
		case parts == nil:
			parts = append(parts, many(p.n, thing)+" "+p.what)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
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
