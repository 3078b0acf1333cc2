package depend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/depend"
)

// TestNewRefuses lists what is no map.
func TestNewRefuses(t *testing.T) {
	node := func(id string) depend.Node {
		return depend.Node{ID: depend.NodeID(id), Kind: depend.Component, Tolerated: depend.Unstated}
	}
	edge := func(from, to string) depend.Edge {
		return depend.Edge{From: depend.NodeID(from), To: depend.NodeID(to), Tolerated: depend.Unstated}
	}
	with := func(change func(*depend.Node)) []depend.Node {
		n := node("a")
		change(&n)
		return []depend.Node{n}
	}
	a, b := node("a"), node("b")
	for name, c := range map[string]struct {
		nodes []depend.Node
		edges []depend.Edge
		want  string
	}{
		"twice":            {nodes: []depend.Node{a, a}, want: "thing 2 of the map: its id is there twice"},
		"no id":            {nodes: []depend.Node{node("")}, want: "its id must be"},
		"a blank":          {nodes: []depend.Node{node("a b")}, want: "its id must be"},
		"too long":         {nodes: []depend.Node{node(strings.Repeat("x", 201))}, want: "its id must be"},
		"unseen":           {nodes: []depend.Node{node("a\x00")}, want: "its id must be"},
		"no kind":          {nodes: with(func(n *depend.Node) { n.Kind = 0 }), want: "its kind must be"},
		"class":            {nodes: with(func(n *depend.Node) { n.Class = 'D' }), want: "its class must be"},
		"two lines":        {nodes: with(func(n *depend.Node) { n.Name = "a\nb" }), want: "one line"},
		"like":             {nodes: with(func(n *depend.Node) { n.Like = "moon" }), want: "like must be"},
		"for too long":     {nodes: with(func(n *depend.Node) { n.Tolerated = 31 * 24 * time.Hour }), want: "at most 30d"},
		"below nothing":    {nodes: with(func(n *depend.Node) { n.Tolerated = -2 }), want: "at most 30d"},
		"known by nothing": {nodes: with(func(n *depend.Node) { n.Known = []string{""} }), want: "by which it is known"},
		"nowhere":          {nodes: []depend.Node{a}, edges: []depend.Edge{edge("a", "c")}, want: "link 1 of the map: it leads to an id that is not on the map"},
		"on itself":        {nodes: []depend.Node{a}, edges: []depend.Edge{edge("a", "a")}, want: "cannot rest on itself"},
		"link twice":       {nodes: []depend.Node{a, b}, edges: []depend.Edge{edge("a", "b"), edge("a", "b")}, want: "link 2 of the map: it is there twice"},
		"on a unit":        {nodes: []depend.Node{a, {ID: "u", Kind: depend.Unit, Tolerated: depend.Unstated}}, edges: []depend.Edge{edge("a", "u")}, want: "nothing rests on a unit"},
		"too many":         {nodes: make([]depend.Node, depend.MostNodes+1), want: "at most 5000 and 50000"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := depend.New(nil, c.nodes, c.edges)
			if err == nil || !strings.Contains(err.Error(), c.want) || g != nil {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	if _, err := depend.New(nil, []depend.Node{a, b}, []depend.Edge{edge("a", "b"), edge("b", "a")}); err != nil {
		t.Errorf("a circle: %v", err)
	}
}
