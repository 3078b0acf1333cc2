// Package depend knows what rests on what in a hospital: wards on services, services on feeds and machines, and those on power, network and names.
//
// When something breaks it says whose care that touches, how soon, and what still works (Impact). When feeds fall silent together it
// says which one thing explains them (Cause). It proposes links that traffic shows, for a person to confirm (Learned), and draws the whole as a map
// (Layout, Draw). Nothing in it reads a clock, a file or a network: who calls it brings what is needed, and the same is always answered alike.
package depend

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// NodeID names a thing on the map. Upper and lower case differ.
type NodeID string

// Kind is what a thing is.
type Kind uint8

// The kinds of things, from below to above: what a map shows from left to right.
const (
	Component Kind = iota + 1 // a machine, a program, a foundation such as power or names
	Feed                      // messages or images that flow from one to another
	Service                   // what people work with
	Unit                      // a ward, a theatre, a clinic: where patients are
)

// Class says how soon patients are hurt without it: A within an hour, B within the shift, C within days. 0 is not known.
type Class byte

// The classes.
const (
	A Class = 'A'
	B Class = 'B'
	C Class = 'C'
)

// Node is a thing on the map. What is empty is taken from the row of the catalogue that it is like.
type Node struct {
	ID    NodeID
	Kind  Kind
	Name  string
	Like  string // a row of services.yml; empty for the one whose id is that of the node, if there is one
	Class Class
	// Tolerated is how long care goes on without it; Unstated for what the row says.
	Tolerated time.Duration
	Call      string   // who is called: a name, a number
	Known     []string // by which feeds and machines know it: an application, a host, an AE title
}

// Unstated is a time that nobody stated.
const Unstated time.Duration = -1

// LinkKind is how it is known that one rests on another.
type LinkKind uint8

// The kinds of links. One that was only proposed counts for nothing until a person confirms it.
const (
	Declared  LinkKind = iota // a person wrote it
	Proposed                  // traffic shows it
	Confirmed                 // traffic showed it, and a person agreed
)

// Edge says that From rests on To.
type Edge struct {
	From, To NodeID
	// AnyOf joins edges of one From: while one of them holds, From works. Empty for an edge that is needed by itself.
	AnyOf string
	// Tolerated is how long From goes on without To, on what it has stored; Unstated for none. What care tolerates is a matter of the service.
	Tolerated time.Duration
	Kind      LinkKind
}

// key is by what a link is told from others.
func (e Edge) key() Edge { return Edge{From: e.From, To: e.To, AnyOf: e.AnyOf} }

// Bounds of a map that people keep. A large hospital has some hundred services and machines worth drawing.
const (
	MostNodes     = 5_000
	MostEdges     = perNode * MostNodes
	perNode       = 10
	mostJoined    = 2 * MostNodes // with what is heard besides
	mostText      = 200           // characters in an id or a name
	mostKnown     = 32
	MostTolerated = 30 * 24 * time.Hour
)

// Graph is a map. It never changes, and may be asked from several goroutines.
type Graph struct {
	catalogue *Catalogue
	nodes     []Node // by id
	edges     []Edge // by From, AnyOf, To
	at        map[NodeID]int
	needs     [][]int // edges from a node
	users     [][]int // edges to a node
	ends      [][2]int
	groupOf   []int // by edge; -1 for one that is needed by itself
	groups    []int // how many edges each has that count
}

// New makes a map of nodes and edges. catalogue says what nodes are like, and may be nil. Circles are allowed.
func New(catalogue *Catalogue, nodes []Node, edges []Edge) (*Graph, error) {
	return newGraph(catalogue, nodes, edges, MostNodes)
}

// newGraph makes a map of at most so many things.
func newGraph(catalogue *Catalogue, nodes []Node, edges []Edge, most int) (*Graph, error) {
	if catalogue == nil {
		catalogue = &Catalogue{}
	}
	if faults := check(catalogue, nodes, edges, most); len(faults) > 0 {
		var all []error
		for _, f := range faults[:min(len(faults), mostFaults)] {
			all = append(all, f.error())
		}
		return nil, errors.Join(all...)
	}
	g := &Graph{catalogue: catalogue, nodes: slices.Clone(nodes), edges: slices.Clone(edges), at: make(map[NodeID]int, len(nodes))}
	slices.SortFunc(g.nodes, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(g.edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.AnyOf, b.AnyOf), cmp.Compare(a.To, b.To))
	})
	for i := range g.nodes {
		g.at[g.nodes[i].ID] = i
	}
	g.needs, g.users, g.ends = make([][]int, len(nodes)), make([][]int, len(nodes)), make([][2]int, len(edges))
	for i := range g.edges {
		from, to := g.at[g.edges[i].From], g.at[g.edges[i].To]
		g.ends[i] = [2]int{from, to}
		g.needs[from] = append(g.needs[from], i)
		g.users[to] = append(g.users[to], i)
	}
	g.group()
	return g, nil
}

// group numbers the groups of edges of which one is enough.
func (g *Graph) group() {
	g.groupOf = make([]int, len(g.edges))
	for i := range g.edges {
		e := &g.edges[i]
		if g.groupOf[i] = -1; e.AnyOf == "" {
			continue
		}
		if i == 0 || g.edges[i-1].From != e.From || g.edges[i-1].AnyOf != e.AnyOf { // they lie beside each other
			g.groups = append(g.groups, 0)
		}
		g.groupOf[i] = len(g.groups) - 1
		if g.counts(i) {
			g.groups[g.groupOf[i]]++
		}
	}
}

// Nodes lists all things, by id.
func (g *Graph) Nodes() []Node { return slices.Clone(g.nodes) }

// Edges lists all links, by what rests.
func (g *Graph) Edges() []Edge { return slices.Clone(g.edges) }

// Node finds a thing.
func (g *Graph) Node(id NodeID) (Node, bool) {
	i, ok := g.at[id]
	if !ok {
		return Node{}, false
	}
	return g.nodes[i], true
}

// Name is what people call a thing; its id when it is not on the map.
func (g *Graph) Name(id NodeID) string {
	if i, ok := g.at[id]; ok {
		return g.name(i)
	}
	return string(id)
}

// Like is the row of the catalogue that a thing is like; nil when there is none.
func (g *Graph) Like(id NodeID) *Row {
	i, ok := g.at[id]
	if !ok {
		return nil
	}
	return g.row(i)
}

func (g *Graph) row(i int) *Row {
	n := &g.nodes[i]
	if n.Kind == Unit || n.Kind == Feed && n.Like == "" {
		return nil // a ward that is called lab is no laboratory's service
	}
	return g.catalogue.Row(cmp.Or(n.Like, string(n.ID)))
}

// name is what people call a thing.
func (g *Graph) name(i int) string {
	n := &g.nodes[i]
	if row := g.row(i); n.Name == "" && row != nil {
		return row.Name
	}
	return cmp.Or(n.Name, string(n.ID))
}

func (g *Graph) class(i int) Class {
	if row := g.row(i); g.nodes[i].Class == 0 && row != nil {
		return row.Class
	}
	return g.nodes[i].Class
}

// tolerated is how long care goes on without a thing.
func (g *Graph) tolerated(i int) time.Duration {
	if t := g.nodes[i].Tolerated; t != Unstated {
		return t
	}
	if row := g.row(i); row != nil && g.nodes[i].Kind == Service {
		return time.Duration(row.Tolerated)
	}
	return 0
}

// bridges is how long what rests on an edge goes on without it. A unit goes on as long as care does without the service.
func (g *Graph) bridges(e int) time.Duration {
	if t := g.edges[e].Tolerated; t != Unstated {
		return t
	}
	from, to := g.ends[e][0], g.ends[e][1]
	if g.nodes[from].Kind == Unit {
		return g.tolerated(to)
	}
	return 0
}

// counts tells whether an edge is more than a proposal.
func (g *Graph) counts(e int) bool { return g.edges[e].Kind != Proposed }

// fault is what is wrong with a node or an edge: the other index is -1, and both are when it is the whole.
type fault struct {
	node, edge int
	text       string
}

func (f fault) error() error {
	switch {
	case f.node >= 0:
		return fmt.Errorf("thing %d of the map: %s", f.node+1, f.text)
	case f.edge >= 0:
		return fmt.Errorf("link %d of the map: %s", f.edge+1, f.text)
	}
	return errors.New("map: " + f.text)
}

// mostFaults bounds how many are told of: who has more starts with these.
const mostFaults = 100

// check lists what is wrong with a map of at most so many things, in its order.
func check(c *Catalogue, nodes []Node, edges []Edge, most int) (faults []fault) {
	if len(nodes) > most || len(edges) > perNode*most {
		return []fault{{-1, -1, fmt.Sprintf("it has %d things and %d links; at most %d and %d can be kept: leave out what no service rests on", len(nodes), len(edges), most, perNode*most)}}
	}
	at := make(map[NodeID]int, len(nodes))
	for i := range nodes {
		text := nodes[i].fault(c)
		if _, twice := at[nodes[i].ID]; text == "" && twice {
			text = "its id is there twice"
		}
		at[nodes[i].ID] = i
		if text != "" {
			faults = append(faults, fault{i, -1, text})
		}
	}
	type name struct {
		from, to NodeID
		anyOf    string
	}
	seen := make(map[name]bool, len(edges))
	for i := range edges {
		e := &edges[i]
		text := e.fault(nodes, at)
		if n := (name{e.From, e.To, e.AnyOf}); text == "" && seen[n] {
			text = "it is there twice"
		} else {
			seen[n] = true
		}
		if text != "" {
			faults = append(faults, fault{-1, i, text})
		}
	}
	return faults
}

// fault says what is wrong with a node; nothing for most.
func (n *Node) fault(c *Catalogue) string {
	switch {
	case !ident(string(n.ID)):
		return fmt.Sprintf("its id must be 1 to %d characters that can be seen, without blanks", mostText)
	case n.Kind < Component || n.Kind > Unit:
		return "its kind must be component, feed, service or unit"
	case n.Class != 0 && n.Class != A && n.Class != B && n.Class != C:
		return "its class must be A, B or C"
	case !shown(n.Name) || !shown(n.Call):
		return fmt.Sprintf("its name and whom to call are one line of at most %d characters", mostText)
	case n.Like != "" && c.Row(n.Like) == nil:
		return "like must be the id of a row of services.yml"
	case !bounded(n.Tolerated):
		return "what is tolerated is at most 30d"
	case len(n.Known) > mostKnown:
		return fmt.Sprintf("it is known by more than %d names", mostKnown)
	}
	for _, k := range n.Known {
		if k == "" || !shown(k) {
			return fmt.Sprintf("a name by which it is known is one line of 1 to %d characters", mostText)
		}
	}
	return ""
}

// fault says what is wrong with an edge; nothing for most.
func (e *Edge) fault(nodes []Node, at map[NodeID]int) string {
	from, known := at[e.From]
	to, alsoKnown := at[e.To]
	switch {
	case !known || !alsoKnown:
		return "it leads to an id that is not on the map: add that thing, or mend the id"
	case from == to:
		return "a thing cannot rest on itself"
	case nodes[to].Kind == Unit:
		return "nothing rests on a unit: name the service that the unit gives"
	case e.AnyOf != "" && !ident(e.AnyOf):
		return fmt.Sprintf("any_of is a word of at most %d characters", mostText)
	case !bounded(e.Tolerated):
		return "what is tolerated is at most 30d"
	case e.Kind > Confirmed:
		return "a link is declared, proposed or confirmed"
	}
	return ""
}

func bounded(d time.Duration) bool { return d == Unstated || d >= 0 && d <= MostTolerated }

// ident tells whether a text can be an id: it stands in lists, addresses of pages and logs.
func ident(text string) bool {
	for _, r := range text {
		if unicode.IsSpace(r) {
			return false
		}
	}
	return text != "" && shown(text)
}

// shown tells whether a text can be shown on one line.
func shown(text string) bool {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > mostText {
		return false
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// String is the word for a kind, as maps have it.
func (k Kind) String() string {
	return [...]string{"", "component", "feed", "service", "unit"}[min(int(k), 4)]
}

// String is the word for how a link is known.
func (k LinkKind) String() string {
	return [...]string{"declared", "proposed", "confirmed"}[min(int(k), 2)]
}

// String is the letter of a class; empty when it is not known.
func (c Class) String() string {
	if c == 0 {
		return ""
	}
	return string(rune(c))
}
