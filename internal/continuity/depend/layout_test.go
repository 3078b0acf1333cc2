package depend_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/continuity/depend"
)

func overlap(a, b depend.Rect) bool {
	const air = 0.5
	return a.X < b.X+b.W-air && b.X < a.X+a.W-air && a.Y < b.Y+b.H-air && b.Y < a.Y+a.H-air
}

func within(a, b depend.Rect) bool {
	return a.X >= b.X && a.Y >= b.Y && a.X+a.W <= b.X+b.W+0.01 && a.Y+a.H <= b.Y+b.H+0.01
}

// holds checks what must be so in each picture.
func holds(t rapid.TB, g *depend.Graph, l depend.Layout) {
	t.Helper()
	whole := depend.Rect{W: l.Width, H: l.Height}
	framed := map[depend.NodeID]depend.Rect{}
	for i, f := range l.Frames {
		if len(f.Nodes) < 3 || !within(f.Rect, whole) {
			t.Errorf("frame %+v", f)
		}
		for _, id := range f.Nodes {
			framed[id] = f.Rect
		}
		for _, o := range l.Frames[:i] {
			if overlap(f.Rect, o.Rect) {
				t.Errorf("frames overlap: %+v %+v", f, o)
			}
		}
	}
	if len(l.Boxes) != len(g.Nodes()) || len(l.Lines) != len(g.Edges()) {
		t.Fatalf("%d boxes of %d, %d lines of %d", len(l.Boxes), len(g.Nodes()), len(l.Lines), len(g.Edges()))
	}
	ends := map[depend.NodeID]depend.Rect{}
	for i, b := range l.Boxes {
		if !within(b.Rect, whole) || math.IsNaN(b.X+b.Y+b.W+b.H) {
			t.Errorf("%s is outside of the picture: %+v", b.Node, b.Rect)
		}
		for _, o := range l.Boxes[:i] {
			if overlap(b.Rect, o.Rect) {
				t.Errorf("%s and %s overlap", b.Node, o.Node)
			}
		}
		ends[b.Node] = b.Rect
		if frame, inside := framed[b.Node]; inside {
			ends[b.Node] = frame
			if !within(b.Rect, frame) {
				t.Errorf("%s is not in its frame", b.Node)
			}
		} else {
			for _, f := range l.Frames {
				if overlap(b.Rect, f.Rect) {
					t.Errorf("%s is in the way of a frame", b.Node)
				}
			}
		}
		for _, text := range b.Label {
			if depend.Width(text, 12)+22+8 > b.W+0.01 {
				t.Errorf("the label of %s does not fit: %.1f in %.1f", b.Node, depend.Width(text, 12), b.W)
			}
		}
		for _, text := range b.Notes {
			if depend.Width(text, 11)+22+8 > b.W+0.01 {
				t.Errorf("a note of %s does not fit", b.Node)
			}
		}
		if high := float64(15*len(b.Label)+14*len(b.Notes)) + 8; high > b.H+0.01 {
			t.Errorf("the lines of %s do not fit", b.Node)
		}
	}
	for i, line := range l.Lines {
		if line.Edge != g.Edges()[i] || len(line.Points) < 2 {
			t.Fatalf("line %d is %+v", i, line)
		}
		from, to := ends[line.Edge.To], ends[line.Edge.From]
		if !touches(line.Points[0], from) || !touches(line.Points[len(line.Points)-1], to) {
			t.Errorf("a line from %s to %s does not touch both", line.Edge.To, line.Edge.From)
		}
		passes(t, l, line, ends)
	}
}

// touches tells whether a point lies on the left or the right side of a box.
func touches(p depend.Point, r depend.Rect) bool {
	return (math.Abs(p.X-r.X) < 0.01 || math.Abs(p.X-r.X-r.W) < 0.01) && p.Y >= r.Y-0.01 && p.Y <= r.Y+r.H+0.01
}

// passes checks that level parts of a line run beside boxes, not through them.
func passes(t rapid.TB, l depend.Layout, line depend.Line, ends map[depend.NodeID]depend.Rect) {
	t.Helper()
	for k := range len(line.Points) - 1 {
		a, b := line.Points[k], line.Points[k+1]
		if a.Y != b.Y {
			continue // it leads from a column to the next, where no boxes are
		}
		part := depend.Rect{X: min(a.X, b.X) + 1, Y: a.Y - 1, W: math.Abs(b.X-a.X) - 2, H: 2}
		for _, box := range l.Boxes {
			if part.W > 0 && overlap(part, ends[box.Node]) {
				t.Errorf("the line from %s to %s runs through %s", line.Edge.To, line.Edge.From, box.Node)
			}
		}
	}
}

func TestLayout(t *testing.T) {
	for _, n := range []int{12, 60, 200, 400} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			g, _ := house(t, n)
			notes := map[depend.NodeID][]string{}
			for i, node := range g.Nodes() {
				notes[node.ID] = []string{"12 patients", "at risk for 19 min"}[:i%3]
			}
			l := g.Layout(depend.Words{Notes: notes, Frames: func(ids []depend.NodeID) []string { return []string{fmt.Sprint(len(ids), " units"), "6 min left"} }})
			holds(t, g, l)
			if before := depend.Unordered(g); l.Crossings >= before && before > 0 {
				t.Errorf("%d lines cross, and %d would without any order", l.Crossings, before)
			}
			t.Logf("%d things, %.0f x %.0f, %d crossings, %d without order", len(g.Nodes()), l.Width, l.Height, l.Crossings, depend.Unordered(g))
			nodes, edges := g.Nodes(), g.Edges()
			slices.Reverse(nodes)
			slices.Reverse(edges)
			turned, err := depend.New(catalogue(t), nodes, edges)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(turned.Layout(depend.Words{}), g.Layout(depend.Words{})); diff != "" {
				t.Errorf("told in another order it looks otherwise:\n%.500s", diff)
			}
		})
	}
}

// TestLayoutOfAnything holds pictures of any map, with circles, links to the left and names of any length.
func TestLayoutOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawn(t)
		notes := map[depend.NodeID][]string{}
		for _, n := range g.Nodes() {
			notes[n.ID] = rapid.SampledFrom([][]string{nil, {"x"}, {strings.Repeat("patients ", 9), "y"}}).Draw(t, "note")
		}
		l := g.Layout(depend.Words{Notes: notes})
		holds(t, g, l)
		if fast, slow := depend.Crossed(g); fast != slow {
			t.Errorf("%d crossings are counted, and there are %d", fast, slow)
		}
		if l.Crossings > depend.Unordered(g) {
			t.Errorf("%d lines cross, and %d would without any order", l.Crossings, depend.Unordered(g))
		}
	})
}

// TestColumns holds that foundations stand left and units right, and what rests on another of its kind to the right of it.
func TestColumns(t *testing.T) {
	g, _ := house(t, 200)
	l := g.Layout(depend.Words{})
	at := map[depend.NodeID]depend.Box{}
	for _, b := range l.Boxes {
		at[b.Node] = b
	}
	for _, e := range g.Edges() {
		from, to := at[e.From], at[e.To]
		if from.Kind > to.Kind && from.X < to.X+to.W {
			t.Errorf("%s rests on %s and stands left of its end", e.From, e.To)
		}
	}
	for _, chain := range [][2]depend.NodeID{{"power", "hosts"}, {"hosts", "dns"}, {"dns", "directory"}, {"directory", "server-lab"}} {
		if at[chain[0]].X >= at[chain[1]].X {
			t.Errorf("%s is not left of %s", chain[0], chain[1])
		}
	}
	if len(l.Heads) != 4 {
		t.Errorf("heads: %+v", l.Heads)
	}
	if empty := read(t, "").Layout(depend.Words{}); empty.Width <= 0 || len(empty.Boxes) != 0 {
		t.Errorf("an empty map: %+v", empty)
	}
}

// TestFrames holds that only what rests on the same, for as long, is framed.
func TestFrames(t *testing.T) {
	g := read(t, `
nodes:
  - {id: lab, kind: service}
  - {id: diet, kind: service}
  - {id: w10, kind: unit, name: Ward 10, needs: [lab]}
  - {id: w2, kind: unit, name: Ward 2, needs: [lab]}
  - {id: w1, kind: unit, name: Ward 1, needs: [lab]}
  - {id: icu, kind: unit, needs: [{on: lab, within: 1m}]}
  - {id: ed, kind: unit, needs: [lab, diet]}
`)
	l := g.Layout(depend.Words{})
	if len(l.Frames) != 1 || !slices.Equal(l.Frames[0].Nodes, []depend.NodeID{"w1", "w2", "w10"}) {
		t.Errorf("frames: %+v", l.Frames)
	}
	holds(t, g, l)
}

// TestBrief holds that of a large frame the first four are drawn, within it, and all others nowhere.
func TestBrief(t *testing.T) {
	g, census := house(t, 200)
	im := g.Impact([]depend.Broken{{Node: "engine-1", Since: noon()}}, census, noon())
	l := g.Layout(depend.Words{Most: 4})
	boxes := map[depend.NodeID]depend.Rect{}
	for _, b := range l.Boxes {
		boxes[b.Node] = b.Rect
	}
	large := 0
	for _, f := range l.Frames {
		shown := 0
		for _, id := range f.Nodes {
			if boxes[id] == (depend.Rect{}) {
				delete(boxes, id)
			} else if shown++; !within(boxes[id], f.Rect) {
				t.Errorf("%s stands outside of its frame", id)
			}
		}
		if shown != min(4, len(f.Nodes)) {
			t.Errorf("of %d things %d are drawn", len(f.Nodes), shown)
		}
		if len(f.Nodes) > 4 {
			large++
		}
	}
	svg := im.Brief()
	if drawn, said := strings.Count(svg, `class="map-box`), strings.Count(svg, "the first 4 of them"); large == 0 || drawn != len(boxes) || said != large {
		t.Errorf("%d boxes, and %d frames say that there are more; want %d, %d", drawn, said, len(boxes), large)
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string][]string{
		"Ward 2":                     {"Ward 2"},
		"Emergency department north": {"Emergency", "department north"},
		"Clinic of internal medicine and diabetes 14": {"Clinic of internal", "medicine an… 14"},
		"Donaudampfschifffahrtsgesellschaft":          {"Donaudampfsch…"},
		"":                                            {""},
	} {
		got := depend.Wrap(text, 118)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%q (-got +want):\n%s", text, diff)
		}
	}
}

func BenchmarkCause(b *testing.B) {
	for _, n := range []int{200, 1000, 4000} {
		g, _ := house(b, n)
		var silent []depend.NodeID
		for _, node := range g.Nodes() {
			if node.Kind == depend.Feed {
				silent = append(silent, node.ID)
			}
		}
		b.Run(fmt.Sprintf("%d-feeds-of-%d", len(silent), n), func(b *testing.B) {
			for b.Loop() {
				g.Cause(silent, nil)
			}
		})
	}
}
