package depend_test

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/continuity/depend"
)

// plant is a hospital's machines: an engine with a twin database, two servers on one host, and their feeds.
const plant = `
nodes:
  - {id: san, kind: component}
  - {id: db-1, kind: component, needs: [san]}
  - {id: db-2, kind: component}
  - {id: host, kind: component}
  - {id: engine, kind: component, needs: [{on: db-1, any_of: db}, {on: db-2, any_of: db}]}
  - {id: a-disk, kind: component}
  - {id: names, kind: component}
  - {id: lis, kind: component, needs: [host, a-disk]}
  - {id: ris, kind: component, needs: [host]}
  - {id: clock, kind: component}
  - {id: f-lab-1, kind: feed, needs: [lis, engine, {on: clock, within: 4h}]}
  - {id: f-lab-2, kind: feed, needs: [lis, engine]}
  - {id: f-lab-3, kind: feed, needs: [lis, engine]}
  - {id: f-rad-1, kind: feed, needs: [ris, engine, {on: clock, within: 4h}]}
  - {id: f-rad-2, kind: feed, needs: [ris, engine]}
  - {id: f-alone, kind: feed}
  - {id: f-pacs, kind: feed, needs: [san]}
  - {id: f-n-1, kind: feed, needs: [names]}
  - {id: f-n-2, kind: feed, needs: [names]}
  - {id: f-n-3, kind: feed, needs: [names]}
  - {id: f-n-4, kind: feed, needs: [{on: names, within: 30m}]}
`

func verdict(v depend.Verdict) (lines []string) {
	for _, s := range v.Suspects {
		line := fmt.Sprintf("%s feeds %v probes %v", s.Node, s.Feeds, s.Probes)
		if s.Sure {
			line += " sure"
		}
		if len(s.Or) > 0 {
			line += fmt.Sprintf(" or %v", s.Or)
		}
		lines = append(lines, line)
	}
	if len(v.Together) > 0 {
		lines = append(lines, fmt.Sprintf("together %v", v.Together))
	}
	if len(v.Unexplained) > 0 {
		lines = append(lines, fmt.Sprintf("unexplained %v", v.Unexplained))
	}
	return lines
}

func TestCause(t *testing.T) {
	g := read(t, plant)
	type ids = []depend.NodeID
	type states = map[depend.NodeID]depend.State
	labs := ids{"f-lab-1", "f-lab-2", "f-lab-3"}
	all := append(ids{"f-rad-1", "f-rad-2"}, labs...)
	for name, c := range map[string]struct {
		silent ids
		probes states
		want   []string
	}{
		"nothing":            {nil, nil, nil},
		"one server":         {labs, nil, []string{"lis feeds [f-lab-1 f-lab-2 f-lab-3] probes [] sure or [a-disk]"}}, // the nearest
		"all feeds of both":  {all, nil, []string{"engine feeds [f-lab-1 f-lab-2 f-lab-3 f-rad-1 f-rad-2] probes [] sure or [host]"}},
		"the host is up":     {all, states{"host": depend.Up}, []string{"engine feeds [f-lab-1 f-lab-2 f-lab-3 f-rad-1 f-rad-2] probes [] sure or [host]"}},
		"the engine listens": {all, states{"engine": depend.Up}, []string{"host feeds [f-lab-1 f-lab-2 f-lab-3 f-rad-1 f-rad-2] probes [] sure or [engine]"}},
		"three, not the one that has names stored": {ids{"f-n-1", "f-n-2", "f-n-3"}, nil, []string{"names feeds [f-n-1 f-n-2 f-n-3] probes [] sure"}},
		"two, not the one that has names stored":   {ids{"f-n-1", "f-n-2"}, states{"f-n-3": depend.Unsure}, []string{"unexplained [f-n-1 f-n-2]"}},
		"the host fails":                           {all, states{"host": depend.Down}, []string{"host feeds [f-lab-1 f-lab-2 f-lab-3 f-rad-1 f-rad-2] probes [host] sure"}},
		"a server answers":                         {all, states{"lis": depend.Up, "engine": depend.Unprobed}, []string{"engine feeds [f-lab-1 f-lab-2 f-lab-3 f-rad-1 f-rad-2] probes [] sure"}},
		"one of two feeds":                         {ids{"f-rad-1"}, nil, []string{"unexplained [f-rad-1]"}},
		"but its probe fails":                      {ids{"f-rad-1"}, states{"ris": depend.Down}, []string{"ris feeds [f-rad-1] probes [ris] sure"}},
		"its other is small":                       {ids{"f-rad-1"}, states{"f-rad-2": depend.Unsure}, []string{"ris feeds [f-rad-1] probes []"}},
		"both of it":                               {ids{"f-rad-1", "f-rad-2"}, nil, []string{"ris feeds [f-rad-1 f-rad-2] probes []"}},
		"it rests on nothing":                      {append(ids{"f-alone"}, labs...), nil, []string{"lis feeds [f-lab-1 f-lab-2 f-lab-3] probes [] sure or [a-disk]", "unexplained [f-alone]"}},
		"not on the map":                           {ids{"moon", "moon"}, states{"sun": depend.Down}, []string{"unexplained [moon]"}},
		"two servers apart":                        {append(ids{"f-pacs"}, labs...), nil, []string{"lis feeds [f-lab-1 f-lab-2 f-lab-3] probes [] sure or [a-disk]", "san feeds [f-pacs] probes []"}},
		"a clock, in time":                         {ids{"f-lab-1", "f-rad-1"}, nil, []string{"clock feeds [f-lab-1 f-rad-1] probes []"}},
		"a clock, not for all":                     {ids{"f-lab-1"}, nil, []string{"unexplained [f-lab-1]"}},                                                                                                                                                                                                                                                                           // the other rests on it, and speaks
		"a clock, for long":                        {append(ids{"f-pacs", "f-alone"}, all...), states{"clock": depend.Down, "engine": depend.Up, "lis": depend.Up, "ris": depend.Up}, []string{"clock feeds [f-lab-1 f-rad-1] probes [clock] sure", "engine feeds [f-lab-1 f-lab-2 f-lab-3 f-rad-1 f-rad-2] probes [] sure", "san feeds [f-pacs] probes []", "unexplained [f-alone]"}}, // that the engine listens says nothing
		"both databases":                           {all, states{"db-1": depend.Down, "db-2": depend.Down, "engine": depend.Down, "host": depend.Up, "lis": depend.Up, "ris": depend.Up}, []string{"db-1 feeds [] probes [db-1] sure", "db-2 feeds [] probes [db-2] sure", "together [engine f-lab-1 f-lab-2 f-lab-3 f-rad-1 f-rad-2]"}},
		"one database":                             {nil, states{"db-1": depend.Down}, []string{"db-1 feeds [] probes [db-1] sure"}},
		"storage below":                            {ids{"f-pacs"}, states{"db-1": depend.Down}, []string{"san feeds [f-pacs] probes [db-1]"}},
		"a server and its host": {all, states{"host": depend.Down, "lis": depend.Down, "ris": depend.Down},
			[]string{"host feeds [f-lab-1 f-lab-2 f-lab-3 f-rad-1 f-rad-2] probes [host lis ris] sure"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(verdict(g.Cause(c.silent, c.probes)), c.want); diff != "" {
				t.Errorf("cause (-got +want):\n%s", diff)
			}
		})
	}
}

// TestCauseHolds holds on any map that what is said is true, that nobody is blamed whose feeds speak, that no fewer would do, and that the order in which silence is told does not
// matter.
func TestCauseHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawn(t)
		var silent []depend.NodeID
		probes := map[depend.NodeID]depend.State{}
		observed := map[depend.NodeID]bool{}
		for _, n := range g.Nodes() {
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				if n.Kind == depend.Feed {
					silent = append(silent, n.ID)
					observed[n.ID] = true
				}
			case 2:
				probes[n.ID] = depend.Down
				observed[n.ID] = true
			case 3:
				probes[n.ID] = depend.Up
			case 4:
				probes[n.ID] = depend.Unsure
			}
		}
		v := g.Cause(silent, probes)
		told := map[depend.NodeID]bool{}
		var chosen []depend.NodeID
		for _, s := range v.Suspects {
			chosen = append(chosen, s.Node)
			fails := naive(g, s.Node)
			for _, id := range slices.Concat(s.Feeds, s.Probes) {
				told[id] = true
				if !fails[id] || !observed[id] {
					t.Fatalf("%s does not explain %s", s.Node, id)
				}
			}
			if n, _ := g.Node(s.Node); n.Kind != depend.Component {
				t.Fatalf("%s is no component", s.Node)
			}
			if probes[s.Node] != depend.Down {
				if speaks := spoken(g, s.Node, observed, probes); speaks != "" {
					t.Fatalf("%s is blamed while %s goes on", s.Node, speaks)
				}
			}
		}
		all := naive(g, chosen...)
		for _, id := range v.Together {
			told[id] = true
			if !all[id] {
				t.Fatalf("all together do not explain %s", id)
			}
		}
		for _, id := range v.Unexplained {
			if told[id] || all[id] {
				t.Fatalf("%s is explained", id)
			}
			told[id] = true
		}
		if diff := cmp.Diff(told, observed); diff != "" {
			t.Fatalf("what is spoken of (-got +want):\n%s", diff)
		}
		if fewer := fewest(g, observed, probes, all); len(chosen) > fewer {
			t.Fatalf("%d suspects, and %d would do", len(chosen), fewer)
		}
		slices.Reverse(silent)
		if diff := cmp.Diff(g.Cause(silent, probes), v); diff != "" {
			t.Fatalf("in another order:\n%s", diff)
		}
	})
}

// spoken names what goes on though it rests on a component: in the same moment, and at all when the component explains fewer than three feeds.
func spoken(g *depend.Graph, id depend.NodeID, observed map[depend.NodeID]bool, probes map[depend.NodeID]depend.State) depend.NodeID {
	feeds := 0
	for other := range naive(g, id) {
		if n, _ := g.Node(other); n.Kind == depend.Feed && observed[other] {
			feeds++
		}
	}
	if feeds >= 3 {
		g = atOnce(g)
	}
	for other := range naive(g, id) {
		n, _ := g.Node(other)
		if observed[other] || other == id {
			continue
		}
		if n.Kind == depend.Feed && probes[other] != depend.Unsure || n.Kind == depend.Component && probes[other] == depend.Up {
			return other
		}
	}
	return ""
}

// atOnce is a map without links that bridge a while; of those of which one is enough, one that does holds all.
func atOnce(g *depend.Graph) *depend.Graph {
	holds := map[[2]string]bool{}
	for _, e := range g.Edges() {
		if e.Tolerated > 0 && e.Kind != depend.Proposed {
			holds[[2]string{string(e.From), e.AnyOf}] = true
		}
	}
	edges := slices.DeleteFunc(g.Edges(), func(e depend.Edge) bool {
		return e.Tolerated > 0 || e.AnyOf != "" && holds[[2]string{string(e.From), e.AnyOf}]
	})
	now, err := depend.New(nil, g.Nodes(), edges)
	if err != nil {
		panic(err) // it is a part of one
	}
	return now
}

// fewest tries all sets of components that may be blamed, and tells how small one is that explains all of what was explained.
func fewest(g *depend.Graph, observed map[depend.NodeID]bool, probes map[depend.NodeID]depend.State, explained map[depend.NodeID]bool) int {
	var may []depend.NodeID
	for _, n := range g.Nodes() {
		if n.Kind == depend.Component && (probes[n.ID] == depend.Down || spoken(g, n.ID, observed, probes) == "") {
			may = append(may, n.ID)
		}
	}
	best := len(may)
	for set := range 1 << min(len(may), 12) {
		n := bits.OnesCount(uint(set))
		if n >= best {
			continue
		}
		var chosen []depend.NodeID
		for i, id := range may {
			if set&(1<<i) != 0 {
				chosen = append(chosen, id)
			}
		}
		fails, whole := naive(g, chosen...), true
		for id := range observed {
			whole = whole && (fails[id] || !explained[id])
		}
		if whole {
			best = n
		}
	}
	return best
}

// TestCauseIsNotGreedy has one suspect that explains most, and two others that explain all.
func TestCauseIsNotGreedy(t *testing.T) {
	var nodes []depend.Node
	var edges []depend.Edge
	var silent []depend.NodeID
	for _, c := range []depend.NodeID{"a", "b", "x", "y", "z"} {
		nodes = append(nodes, depend.Node{ID: c, Kind: depend.Component, Tolerated: depend.Unstated})
	}
	for i := range 14 {
		f := depend.NodeID(fmt.Sprintf("f%02d", i))
		nodes = append(nodes, depend.Node{ID: f, Kind: depend.Feed, Tolerated: depend.Unstated})
		silent = append(silent, f)
		row, place := [...]depend.NodeID{"a", "b"}[i/7], [...]depend.NodeID{"x", "x", "x", "x", "y", "y", "z"}[i%7]
		edges = append(edges, depend.Edge{From: f, To: row, Tolerated: depend.Unstated}, depend.Edge{From: f, To: place, Tolerated: depend.Unstated})
	}
	g, err := depend.New(nil, nodes, edges)
	if err != nil {
		t.Fatal(err)
	}
	if v := g.Cause(silent, nil); len(v.Suspects) != 2 || v.Suspects[0].Node != "a" || v.Suspects[1].Node != "b" {
		t.Errorf("%v", verdict(v))
	}
}

// TestCauseChooses has two pairs of suspects explain the same four feeds, in six places at once.
func TestCauseChooses(t *testing.T) {
	var nodes []depend.Node
	var edges []depend.Edge
	var silent []depend.NodeID
	for place := range 6 {
		id := func(name string) depend.NodeID { return depend.NodeID(fmt.Sprintf("%d-%s", place, name)) }
		for _, c := range []string{"a", "b", "c", "d"} {
			nodes = append(nodes, depend.Node{ID: id(c), Kind: depend.Component, Tolerated: depend.Unstated})
		}
		for _, f := range []string{"ac", "ad", "bc", "bd"} {
			nodes = append(nodes, depend.Node{ID: id(f), Kind: depend.Feed, Tolerated: depend.Unstated})
			silent = append(silent, id(f))
			edges = append(edges, depend.Edge{From: id(f), To: id(f[:1]), Tolerated: depend.Unstated}, depend.Edge{From: id(f), To: id(f[1:]), Tolerated: depend.Unstated})
		}
	}
	g, err := depend.New(nil, nodes, edges)
	if err != nil {
		t.Fatal(err)
	}
	suspects := func(v depend.Verdict) (ids []string) {
		for _, s := range v.Suspects {
			ids = append(ids, string(s.Node))
		}
		return ids
	}
	v := g.Cause(silent, map[depend.NodeID]depend.State{"1-a": depend.Up, "2-c": depend.Up})
	want := []string{"0-a", "0-b", "1-c", "1-d", "2-a", "2-b", "3-a", "3-b", "4-a", "4-b", "5-a", "5-b"}
	if diff := cmp.Diff(suspects(v), want); diff != "" || len(v.Unexplained) > 0 {
		t.Errorf("suspects (-got +want):\n%s", diff)
	}
}

// TestCauseOfACircle needs more suspects than are tried in all combinations: each feed rests on two neighbours of nine.
func TestCauseOfACircle(t *testing.T) {
	var nodes []depend.Node
	var edges []depend.Edge
	var silent []depend.NodeID
	for i := range 9 {
		c, f := depend.NodeID(fmt.Sprintf("c%d", i)), depend.NodeID(fmt.Sprintf("f%d", i))
		nodes = append(nodes, depend.Node{ID: c, Kind: depend.Component, Tolerated: depend.Unstated}, depend.Node{ID: f, Kind: depend.Feed, Tolerated: depend.Unstated})
		edges = append(edges, depend.Edge{From: f, To: c, Tolerated: depend.Unstated}, depend.Edge{From: f, To: depend.NodeID(fmt.Sprintf("c%d", (i+1)%9)), Tolerated: depend.Unstated})
		silent = append(silent, f)
	}
	g, err := depend.New(nil, nodes, edges)
	if err != nil {
		t.Fatal(err)
	}
	v := g.Cause(silent, nil)
	explained := map[depend.NodeID]bool{}
	for _, s := range v.Suspects {
		for _, f := range s.Feeds {
			explained[f] = true
		}
	}
	if len(v.Suspects) != 5 || len(explained) != 9 || len(v.Unexplained) > 0 {
		t.Errorf("%v", verdict(v))
	}
}

// TestCauseOfMany has more things go wrong at once than are tried in all combinations.
func TestCauseOfMany(t *testing.T) {
	var nodes []depend.Node
	var edges []depend.Edge
	var silent []depend.NodeID
	want := map[depend.NodeID]bool{}
	for i := range 40 {
		c, twin := depend.NodeID(fmt.Sprintf("c%02d", i)), depend.NodeID(fmt.Sprintf("d%02d", i))
		nodes = append(nodes, depend.Node{ID: c, Kind: depend.Component, Tolerated: depend.Unstated}, depend.Node{ID: twin, Kind: depend.Component, Tolerated: depend.Unstated})
		for k := range 25 {
			f := depend.NodeID(fmt.Sprintf("f%02d-%02d", i, k))
			nodes = append(nodes, depend.Node{ID: f, Kind: depend.Feed, Tolerated: depend.Unstated})
			edges = append(edges, depend.Edge{From: f, To: c, Tolerated: depend.Unstated})
			if k < 20 {
				edges = append(edges, depend.Edge{From: f, To: twin, Tolerated: depend.Unstated}) // it explains some, and never all
			}
			if i < 20 {
				silent = append(silent, f)
				want[c] = true
			}
		}
	}
	g, err := depend.New(nil, nodes, edges)
	if err != nil {
		t.Fatal(err)
	}
	got := map[depend.NodeID]bool{}
	v := g.Cause(silent, nil)
	for _, s := range v.Suspects {
		got[s.Node] = true
	}
	if diff := cmp.Diff(got, want); diff != "" || len(v.Unexplained) > 0 {
		t.Errorf("suspects (-got +want):\n%s", diff)
	}
}
