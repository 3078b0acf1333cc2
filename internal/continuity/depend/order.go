package depend

import (
	"cmp"
	"slices"
)

// columnsOf is in how many columns at most things of a kind stand: more would make the map too wide to be read.
func columnsOf(k Kind) int {
	return [...]int{0, 5, 1, 3, 1}[k]
}

// columns gives each thing its column, from the left: within a kind what rests on another stands to the right of it. It returns also of which kind the things of each
// column are.
func (g *Graph) columns() (column []int, kinds []Kind) {
	rank := g.ranks()
	column = make([]int, len(g.nodes))
	for kind := Component; kind <= Unit; kind++ {
		most, any := 0, false
		for n := range g.nodes {
			if g.nodes[n].Kind == kind {
				most, any = max(most, rank[n]), true
			}
		}
		if !any {
			continue
		}
		count := min(most+1, columnsOf(kind))
		for n := range g.nodes {
			if g.nodes[n].Kind == kind {
				column[n] = len(kinds) + rank[n]*count/(most+1)
			}
		}
		for range count {
			kinds = append(kinds, kind)
		}
	}
	return column, kinds
}

// ranks is the length of the longest way below each thing within its kind. Where there is a circle, it is cut at the link that closes it when it is walked from the
// first of its ids.
func (g *Graph) ranks() []int {
	const walking = -1
	rank, done := make([]int, len(g.nodes)), make([]bool, len(g.nodes))
	type frame struct{ node, next int }
	for start := range g.nodes {
		stack := []frame{{start, 0}}
		if done[start] {
			continue
		}
		rank[start] = walking
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next < len(g.needs[top.node]) {
				on := g.ends[g.needs[top.node][top.next]][1]
				top.next++
				if !done[on] && rank[on] != walking && g.nodes[on].Kind == g.nodes[top.node].Kind {
					rank[on] = walking
					stack = append(stack, frame{on, 0})
				}
				continue
			}
			n := top.node
			stack = stack[:len(stack)-1]
			rank[n], done[n] = 0, true
			for _, e := range g.needs[n] {
				if on := g.ends[e][1]; done[on] && on != n && g.nodes[on].Kind == g.nodes[n].Kind {
					rank[n] = max(rank[n], rank[on]+1)
				}
			}
		}
	}
	return g.late(rank)
}

// late moves what rests on nothing of its kind to the right, close to the first that rests on it.
func (g *Graph) late(rank []int) []int {
	out := slices.Clone(rank)
	most := map[Kind]int{}
	for n := range g.nodes {
		most[g.nodes[n].Kind] = max(most[g.nodes[n].Kind], rank[n])
	}
	for n := range g.nodes {
		alike := func(e, end int) bool { return g.nodes[g.ends[e][end]].Kind == g.nodes[n].Kind }
		if g.nodes[n].Kind != Component || slices.ContainsFunc(g.needs[n], func(e int) bool { return alike(e, 1) }) {
			continue
		}
		nearest := most[Component] + 1
		for _, e := range g.users[n] {
			if alike(e, 0) {
				nearest = min(nearest, rank[g.ends[e][0]])
			}
		}
		out[n] = max(0, nearest-1)
	}
	return out
}

// item stands in a column: a block of things, or the place at which lines of one block pass by.
type item struct {
	place  bool // of lines
	left   []int
	right  []int // items of the next columns to which lines lead
	row    int   // in its column, from above
	column int
	high   float64
	y      float64 // of its middle
}

// board is all items, column by column in their order. The first are the blocks.
type board struct {
	items   []item
	columns [][]int
	ways    [][]int // by edge, the items from left to right; nil for links within a column
}

// way is where lines of one block pass a column.
type way struct {
	from   int // the block on the left
	column int
	back   bool // it leads to the left
}

// layOut puts blocks into columns and lines between neighbouring ones. Lines that lead from one block to several run together until they must part. of is the block of a
// thing.
func (g *Graph) layOut(blocks []block, of []int, columns int) *board {
	const lineRoom = 7.0
	b := &board{columns: make([][]int, columns), ways: make([][]int, len(g.edges))}
	for i := range blocks {
		b.add(item{column: blocks[i].column, high: blocks[i].H})
	}
	places, joined := map[way]int{}, map[[2]int]bool{}
	for e := range g.edges {
		left, right := of[g.ends[e][1]], of[g.ends[e][0]]
		back := blocks[left].column > blocks[right].column
		if back {
			left, right = right, left
		}
		if blocks[left].column == blocks[right].column {
			continue
		}
		at := left
		b.ways[e] = []int{left}
		for c := blocks[left].column + 1; c <= blocks[right].column; c++ {
			next := right
			if w := (way{left, c, back}); c < blocks[right].column {
				if _, known := places[w]; !known {
					places[w] = b.add(item{place: true, column: c, high: lineRoom})
				}
				next = places[w]
			}
			if !joined[[2]int{at, next}] {
				joined[[2]int{at, next}] = true
				b.items[at].right = append(b.items[at].right, next)
				b.items[next].left = append(b.items[next].left, at)
			}
			b.ways[e] = append(b.ways[e], next)
			at = next
		}
	}
	return b
}

func (b *board) add(it item) int {
	it.row = len(b.columns[it.column])
	b.items = append(b.items, it)
	b.columns[it.column] = append(b.columns[it.column], len(b.items)-1)
	return len(b.items) - 1
}

// crossings is how many lines cross between the columns.
func (b *board) crossings() (n int) {
	for c := range len(b.columns) - 1 {
		n += b.between(c)
	}
	return n
}

// between counts crossings right of a column: pairs of lines whose ends are in different order.
func (b *board) between(c int) (n int) {
	tree := make([]int, len(b.columns[c+1])+1) // Fenwick's: how many lines ended up to a row
	ended := 0
	for _, i := range b.columns[c] {
		rows := make([]int, 0, len(b.items[i].right))
		for _, to := range b.items[i].right {
			rows = append(rows, b.items[to].row)
		}
		for _, row := range rows {
			upTo := 0
			for k := row + 1; k > 0; k -= k & -k {
				upTo += tree[k]
			}
			n += ended - upTo
		}
		for _, row := range rows {
			for k := row + 1; k < len(tree); k += k & -k {
				tree[k]++
			}
			ended++
		}
	}
	return n
}

const sweeps = 24

// reduce orders the columns so that few lines cross: each item goes to the middle of those that it is joined with, sweep by sweep, and of all
// orders that come up the best is kept.
func (b *board) reduce() {
	best, fewest := b.rows(), b.crossings()
	for sweep := range sweeps {
		if fewest == 0 {
			break
		}
		for k := range b.columns {
			c := k
			if sweep%2 == 1 {
				c = len(b.columns) - 1 - k
			}
			b.centre(c, sweep)
		}
		b.swap()
		if n := b.crossings(); n < fewest {
			best, fewest = b.rows(), n
		}
	}
	b.restore(best)
}

// centre orders a column by the middles of its neighbours: on the left in even sweeps, on the right in odd ones, on both in every third.
func (b *board) centre(c, sweep int) {
	middle := make(map[int]float64, len(b.columns[c]))
	for _, i := range b.columns[c] {
		near := b.items[i].left
		if sweep%2 == 1 {
			near = b.items[i].right
		}
		if sweep%3 == 2 {
			near = slices.Concat(b.items[i].left, b.items[i].right)
		}
		middle[i] = float64(b.items[i].row) / float64(len(b.columns[c]))
		if len(near) > 0 {
			sum := 0.0
			for _, o := range near {
				sum += (float64(b.items[o].row) + 0.5) / float64(len(b.columns[b.items[o].column]))
			}
			middle[i] = sum / float64(len(near))
		}
	}
	slices.SortStableFunc(b.columns[c], func(x, y int) int { return cmp.Compare(middle[x], middle[y]) })
	b.number(c)
}

func (b *board) number(c int) {
	for row, i := range b.columns[c] {
		b.items[i].row = row
	}
}

// swap changes neighbours in a column where that makes fewer lines cross.
func (b *board) swap() {
	for c := range b.columns {
		for row := range len(b.columns[c]) - 1 {
			x, y := b.columns[c][row], b.columns[c][row+1]
			before := b.crossed(b.items[x].left, b.items[y].left) + b.crossed(b.items[x].right, b.items[y].right)
			after := b.crossed(b.items[y].left, b.items[x].left) + b.crossed(b.items[y].right, b.items[x].right)
			if after < before {
				b.columns[c][row], b.columns[c][row+1] = y, x
				b.items[x].row, b.items[y].row = row+1, row
			}
		}
	}
}

// crossed counts how many lines of the upper cross lines of the lower.
func (b *board) crossed(upper, lower []int) (n int) {
	for _, u := range upper {
		for _, l := range lower {
			if b.items[u].row > b.items[l].row {
				n++
			}
		}
	}
	return n
}

func (b *board) rows() []int {
	rows := make([]int, len(b.items))
	for i := range b.items {
		rows[i] = b.items[i].row
	}
	return rows
}

func (b *board) restore(rows []int) {
	for i := range b.items {
		b.items[i].row = rows[i]
	}
	for c := range b.columns {
		slices.SortFunc(b.columns[c], func(x, y int) int { return cmp.Compare(b.items[x].row, b.items[y].row) })
	}
}

// settle gives each item its height on the picture: as near as can be to the middle of those that it is joined with, in its order and without
// touching its neighbours.
func (b *board) settle(gap float64) {
	for c := range b.columns {
		y := 0.0
		for _, i := range b.columns[c] {
			b.items[i].y = y + b.items[i].high/2
			y += b.items[i].high + gap
		}
	}
	for sweep := range 16 {
		for k := range b.columns {
			c := k
			if sweep%2 == 1 {
				c = len(b.columns) - 1 - k
			}
			b.relax(c, gap)
		}
	}
}

// relax moves the items of one column to where they want to be. Where they would touch, those that touch move together to the mean of what they want
// (the pool-adjacent-violators algorithm), so the sum of squares is the least that the order allows.
func (b *board) relax(c int, gap float64) {
	type pool struct {
		want, weight float64 // the mean
		items        int
	}
	var pools []pool
	offset := 0.0 // of an item, if all stood as close as they may
	offsets := make([]float64, len(b.columns[c]))
	for row, i := range b.columns[c] {
		it := &b.items[i]
		if row > 0 {
			offset += b.items[b.columns[c][row-1]].high/2 + gap + it.high/2
		}
		offsets[row] = offset
		want, weight := b.wish(it)
		p := pool{want - offset, weight, 1}
		for len(pools) > 0 && pools[len(pools)-1].want > p.want {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			sum := last.weight + p.weight
			p = pool{(last.want*last.weight + p.want*p.weight) / sum, sum, last.items + p.items}
		}
		pools = append(pools, p)
	}
	row := 0
	for _, p := range pools {
		for range p.items {
			b.items[b.columns[c][row]].y = p.want + offsets[row]
			row++
		}
	}
}

// wish is where an item wants to be, and how much. Lines that pass want to be straight.
func (b *board) wish(it *item) (want, weight float64) {
	for _, near := range [...][]int{it.left, it.right} {
		for _, o := range near {
			want += b.items[o].y
			weight++
		}
	}
	if weight == 0 {
		return it.y, 0.1
	}
	want /= weight
	if it.place {
		return want, 4
	}
	return want, 1
}
