package depend

import (
	"cmp"
	"slices"
	"strings"
)

// Layout is a map drawn out: foundations on the left, then feeds, services and units. Measures are in pixels, from the upper left.
type Layout struct {
	Width, Height float64
	Heads         []Head
	Boxes         []Box // by id
	Frames        []Frame
	Lines         []Line // as the edges of the map
	Crossings     int    // of lines
}

// Rect is a part of the picture.
type Rect struct{ X, Y, W, H float64 }

// Head is what stands above the columns of a kind.
type Head struct {
	X, Y float64
	Text string
}

// Box is a thing on the picture; without a size, when it is not shown in its frame.
type Box struct {
	Rect
	Node  NodeID
	Kind  Kind
	Label []string // its name on one or two lines
	Whole string   // its name, where the label had to be cut; else empty
	Notes []string // below the name
}

// Frame is drawn around things that rest on the same and on which the same rests: lines lead to the frame, and stand for all in it.
type Frame struct {
	Rect
	Nodes []NodeID
	Notes []string // at its top
}

// Line is a link on the picture, from what is below to what rests on it.
type Line struct {
	Edge   Edge
	Points []Point
}

// Point is a place on the picture.
type Point struct{ X, Y float64 }

// Words are what stands on a map besides names.
type Words struct {
	Notes  map[NodeID][]string         // lines below the name of a thing; in a frame the first one
	Frames func(ids []NodeID) []string // lines at the top of a frame; may be nil
	Most   int                         // things that are shown of those in a frame; 0: all
}

// The measures of a map.
const (
	boxLeft   = 22.0 // room for a mark before the name
	boxRight  = 8.0
	boxTop    = 4.0
	boxGap    = 7.0
	narrowest = 92.0
	columnGap = 46.0
	edgeRoom  = 12.0
	headRoom  = 30.0
	laneWide  = 5.0
	framePad  = 6.0
	frameGap  = 5.0
	noteHigh  = 14.0
)

// Layout draws a map out. The same map always looks the same.
func (g *Graph) Layout(words Words) Layout {
	column, kinds := g.columns()
	l := Layout{Boxes: make([]Box, len(g.nodes))}
	blocks, of := g.blocks(column)
	for n := range g.nodes {
		l.Boxes[n] = g.word(n, words.Notes[g.nodes[n].ID], len(blocks[of[n]].nodes))
	}
	l.measure(blocks, words)
	b := g.layOut(blocks, of, len(kinds))
	b.reduce()
	b.settle(boxGap)
	l.Crossings = b.crossings()
	lanes := g.lanes(of, b)
	columns := l.place(b, blocks, len(kinds), lanes)
	for e := range g.edges {
		line := Line{Edge: g.edges[e]}
		from, to := of[g.ends[e][0]], of[g.ends[e][1]]
		switch way := b.ways[e]; {
		case way == nil:
			line.Points = beside(blocks[to].Rect, blocks[from].Rect, columns[blocks[to].column], lanes.of[e])
		default:
			line.Points = along(b, way, blocks, columns)
			if way[0] == from {
				slices.Reverse(line.Points) // it leads to the left
			}
		}
		l.Lines = append(l.Lines, line)
	}
	for c, kind := range kinds {
		if c == 0 || kinds[c-1] != kind {
			l.Heads = append(l.Heads, Head{columns[c].X, edgeRoom + noteSize, headOf(kind)})
		}
	}
	return l
}

func headOf(k Kind) string {
	return [...]string{"", "Machines and foundations", "Feeds", "Services", "Units"}[k]
}

// room is how wide the words of a box may be. There are several columns of machines, one of feeds, and of things beside each other in a frame.
func room(k Kind, framed int) float64 {
	if grid(framed) > 1 {
		return 118
	}
	return [...]float64{0, 122, 168, 146, 146}[k]
}

// word gives a thing its words, without a place yet. framed is how many things stand in its frame, itself included.
func (g *Graph) word(n int, notes []string, framed int) Box {
	name, most := g.name(n), room(g.nodes[n].Kind, framed)
	box := Box{Node: g.nodes[n].ID, Kind: g.nodes[n].Kind, Label: wrap(name, labelSize, most)}
	for i, note := range notes {
		if i == 0 || framed < 2 {
			box.Notes = append(box.Notes, fit(note, noteSize, most))
		}
	}
	if strings.Join(box.Label, " ") != strings.Join(strings.Fields(name), " ") {
		box.Whole = name
	}
	return box
}

// size is how large a box must be for its words.
func (b *Box) size() (w, h float64) {
	w = narrowest
	for _, line := range b.Label {
		w = max(w, width(line, labelSize)+boxLeft+boxRight)
	}
	for _, note := range b.Notes {
		w = max(w, width(note, noteSize)+boxLeft+boxRight)
	}
	return w, 2*boxTop + lineHigh*float64(len(b.Label)) + noteHigh*float64(len(b.Notes))
}

// block is one thing, or several in a frame.
type block struct {
	Rect
	nodes  []int // in a frame from above to below
	shown  int   // how many of them
	column int
	notes  []string  // at the top of the frame
	rows   []float64 // heights of its rows
}

func (b *block) framed() bool { return len(b.nodes) > 1 }

// fewestFramed is from how many on things that rest on the same are framed. Services never are: each has its own words.
const fewestFramed = 3

// blocks puts things together that rest on the same and on which the same rests, and returns also the block of each thing.
func (g *Graph) blocks(column []int) (blocks []block, of []int) {
	alike := map[string][]int{}
	for n := range g.nodes {
		if g.nodes[n].Kind != Service {
			key := g.neighbours(n)
			alike[key] = append(alike[key], n)
		}
	}
	of = make([]int, len(g.nodes))
	for n := range g.nodes {
		together := []int{n}
		if g.nodes[n].Kind != Service {
			if all := alike[g.neighbours(n)]; len(all) >= fewestFramed {
				if all[0] != n {
					of[n] = of[all[0]]
					continue
				}
				together = slices.Clone(all)
			}
		}
		of[n] = len(blocks)
		blocks = append(blocks, block{nodes: together, column: column[n]})
	}
	return blocks, of
}

// neighbours is a text that is the same for things of one kind with the same links.
func (g *Graph) neighbours(n int) string {
	key := []byte{byte(g.nodes[n].Kind)}
	add := func(e, other int) {
		edge := &g.edges[e]
		key = append(append(append(append(key, g.nodes[other].ID...), 0), edge.AnyOf...), 0, byte(edge.Kind))
		key = append(append(key, spanText(g.bridges(e))...), 0)
	}
	for _, e := range g.needs[n] {
		add(e, g.ends[e][1])
	}
	key = append(key, 1)
	for _, e := range g.users[n] {
		add(e, g.ends[e][0])
	}
	return string(key)
}

// grid is in how many columns things stand in a frame.
func grid(n int) int {
	switch {
	case n <= 5:
		return 1
	case n <= 14:
		return 2
	case n <= 45:
		return 3
	}
	return 4
}

// measure finds how large blocks are. Single boxes of one column are of one width; boxes in a frame are of one size.
func (l *Layout) measure(blocks []block, words Words) {
	wide := map[int]float64{}
	for i := range blocks {
		if b := &blocks[i]; !b.framed() {
			b.W, b.H = l.Boxes[b.nodes[0]].size()
			wide[b.column] = max(wide[b.column], b.W)
		}
	}
	for i := range blocks {
		b := &blocks[i]
		if !b.framed() {
			b.W = wide[b.column]
			l.Boxes[b.nodes[0]].Rect = b.Rect
			continue
		}
		l.frame(b, words)
	}
}

// frame measures a frame: its boxes are of one width, and those of a row of one height.
func (l *Layout) frame(b *block, words Words) {
	name := func(n int) string { return cmp.Or(l.Boxes[n].Whole, strings.Join(l.Boxes[n].Label, " ")) }
	slices.SortStableFunc(b.nodes, func(x, y int) int { return natural(name(x), name(y)) })
	columns := grid(len(b.nodes))
	if b.shown = len(b.nodes); words.Most > 0 && b.shown > words.Most {
		b.shown, columns = words.Most, 2
	}
	b.rows = make([]float64, (b.shown+columns-1)/columns)
	var ids []NodeID
	for _, n := range b.nodes {
		ids = append(ids, l.Boxes[n].Node)
	}
	w := 0.0
	for i, n := range b.nodes[:b.shown] {
		wide, high := l.Boxes[n].size()
		w, b.rows[i%len(b.rows)] = max(w, wide), max(b.rows[i%len(b.rows)], high)
	}
	if words.Frames != nil {
		b.notes = words.Frames(ids)
	}
	for _, note := range b.notes {
		w = max(w, (width(note, noteSize)-frameGap*float64(columns-1))/float64(columns))
	}
	b.W = 2*framePad + float64(columns)*(w+frameGap) - frameGap
	b.H = 2*framePad + noteHigh*float64(len(b.notes)) - frameGap
	for _, high := range b.rows {
		b.H += high + frameGap
	}
	for i, n := range b.nodes[:b.shown] {
		l.Boxes[n].W, l.Boxes[n].H = w, b.rows[i%len(b.rows)]
	}
}

// lanes are the places right of a column where links within it run.
type lanes struct {
	of    []int // by edge
	count []int // by column
}

// lanes gives links within a column lanes, so that two that lie beside each other have different ones. Short ones run close to the boxes.
func (g *Graph) lanes(of []int, b *board) lanes {
	l := lanes{of: make([]int, len(g.edges)), count: make([]int, len(b.columns))}
	type stretch struct {
		edge     int
		from, to float64
	}
	within := make([][]stretch, len(b.columns))
	for e := range g.edges {
		if b.ways[e] == nil {
			from, to := &b.items[of[g.ends[e][0]]], &b.items[of[g.ends[e][1]]]
			within[from.column] = append(within[from.column], stretch{e, min(from.y, to.y), max(from.y, to.y)})
		}
	}
	for c, list := range within {
		slices.SortStableFunc(list, func(a, b stretch) int { return cmp.Compare(a.to-a.from, b.to-b.from) })
		var taken [][]stretch
		for _, s := range list {
			lane := 0
			for lane < len(taken) && slices.ContainsFunc(taken[lane], func(o stretch) bool { return s.from <= o.to && o.from <= s.to }) {
				lane++
			}
			if lane == len(taken) {
				taken = append(taken, nil)
			}
			taken[lane] = append(taken[lane], s)
			l.of[s.edge] = lane
		}
		l.count[c] = len(taken)
	}
	return l
}

// place gives all blocks and boxes their places, and returns where the columns are.
func (l *Layout) place(b *board, blocks []block, count int, lanes lanes) []Rect {
	columns := make([]Rect, count)
	for i := range blocks {
		columns[blocks[i].column].W = max(columns[blocks[i].column].W, blocks[i].W)
	}
	x := edgeRoom
	for c := range columns {
		columns[c].X = x
		x += columns[c].W + laneWide*float64(lanes.count[c])
		if c < count-1 {
			x += b.gap(c)
		} else {
			x += edgeRoom
		}
	}
	top, bottom := 0.0, 0.0
	for i := range b.items {
		it := &b.items[i]
		if i == 0 || it.y-it.high/2 < top {
			top = it.y - it.high/2
		}
		if i == 0 || it.y+it.high/2 > bottom {
			bottom = it.y + it.high/2
		}
	}
	for i := range b.items {
		b.items[i].y += edgeRoom + headRoom - top
	}
	for i := range blocks {
		blocks[i].X, blocks[i].Y = columns[blocks[i].column].X, b.items[i].y-blocks[i].H/2
		l.fill(&blocks[i])
	}
	l.Width, l.Height = max(x, 2*edgeRoom), bottom-top+2*edgeRoom+headRoom
	return columns
}

// gap is how wide the room for lines right of a column is: more lines need more.
func (b *board) gap(c int) float64 {
	lines := 0
	for _, i := range b.columns[c] {
		lines += len(b.items[i].right)
	}
	return columnGap + min(columnGap, float64(lines)/3)
}

// fill puts the boxes of a block into it, in a frame from above to below.
func (l *Layout) fill(b *block) {
	if !b.framed() {
		l.Boxes[b.nodes[0]].Rect = b.Rect
		return
	}
	frame := Frame{Rect: b.Rect, Notes: b.notes}
	top := b.Y + framePad + noteHigh*float64(len(b.notes))
	y := top
	for _, n := range b.nodes {
		frame.Nodes = append(frame.Nodes, l.Boxes[n].Node)
	}
	for i, n := range b.nodes[:b.shown] {
		row := i % len(b.rows)
		if row == 0 {
			y = top
		}
		box := &l.Boxes[n]
		box.X, box.Y = b.X+framePad+float64(i/len(b.rows))*(box.W+frameGap), y
		y += b.rows[row] + frameGap
	}
	l.Frames = append(l.Frames, frame)
}

// along is a line through the places that are kept for it.
func along(b *board, way []int, blocks []block, columns []Rect) []Point {
	var points []Point
	for k, i := range way {
		it := &b.items[i]
		column := columns[it.column]
		if k > 0 {
			points = append(points, Point{column.X, it.y})
		}
		if k == 0 && blocks[i].W < column.W {
			points = append(points, Point{column.X + blocks[i].W, it.y})
		}
		if k < len(way)-1 {
			points = append(points, Point{column.X + column.W, it.y})
		}
	}
	return points
}

// beside is a line between two blocks of one column, on the right of it.
func beside(a, b, column Rect, lane int) []Point {
	out := column.X + column.W + 8 + laneWide*float64(lane)
	up := -3.0 // it leaves below and enters above, where others do not
	if b.Y < a.Y {
		up = 3
	}
	from, to := a.Y+a.H/2-up, b.Y+b.H/2+up
	return []Point{{a.X + a.W, from}, {out, from}, {out, to}, {b.X + b.W, to}}
}
