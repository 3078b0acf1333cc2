package depend

// Unordered is how many lines of a map would cross if things stood in the order of their ids.
func Unordered(g *Graph) int {
	column, kinds := g.columns()
	blocks, of := g.blocks(column)
	return g.layOut(blocks, of, len(kinds)).crossings()
}

// Crossed counts crossings by looking at each pair of lines.
func Crossed(g *Graph) (fast, slow int) {
	column, kinds := g.columns()
	blocks, of := g.blocks(column)
	b := g.layOut(blocks, of, len(kinds))
	for c := range len(b.columns) - 1 {
		type line struct{ from, to int }
		var lines []line
		for _, i := range b.columns[c] {
			for _, to := range b.items[i].right {
				lines = append(lines, line{b.items[i].row, b.items[to].row})
			}
		}
		for i, x := range lines {
			for _, y := range lines[:i] {
				if (x.from-y.from)*(x.to-y.to) < 0 {
					slow++
				}
			}
		}
	}
	return b.crossings(), slow
}

// Width is how wide a text is taken to be.
func Width(text string, size float64) float64 { return width(text, size) }

// Wrap breaks a label.
func Wrap(text string, most float64) []string { return wrap(text, labelSize, most) }
