package downtime

// column is one of a table.
type column struct {
	title string
	w     float64 // millimetres
}

// padding is around what stands in a cell.
const padding = 1.2

// headSize is of the letters in a table's head.
const headSize = 9

// table sets rows under a head that every page repeats.
type table struct {
	d       *paper
	columns []column
}

// table begins one where the last thing ended.
func (d *paper) table(columns ...column) *table {
	t := &table{d, columns}
	before := d.again
	t.head()
	d.again = func() {
		if before != nil {
			before()
		}
		t.head()
	}
	return t
}

// end leaves the table: pages that follow do not repeat its head.
func (t *table) end() { t.d.again = nil }

func (t *table) head() {
	h := headSize*point*lineSpace + 2*padding
	if t.d.y+3*h > t.d.low() && t.d.again == nil { // the head of a table does not stand alone
		t.d.turn()
	}
	x := margin
	t.d.SetFillColor(225, 225, 225)
	t.d.SetLineWidth(0.3)
	for _, c := range t.columns {
		t.d.Rect(x, t.d.y, c.w, h, "FD")
		t.d.put(x+padding, t.d.y+padding, headSize, true, t.d.fit(c.title, headSize, true, c.w-2*padding))
		x += c.w
	}
	t.d.y += h
}

// row sets a row, at least that high. One that does not fit goes to the next page; one that is higher than a page goes on there, with its first cell repeated.
func (t *table) row(least float64, cells ...[]line) {
	for first := true; ; first = false {
		h := max(least, t.height(cells))
		room := t.d.low() - t.d.y
		if h <= room {
			t.draw(h, cells)
			return
		}
		if first && h <= t.d.low()-top-30 || room < 20 {
			t.d.turn()
			if h <= t.d.low()-t.d.y {
				t.draw(h, cells)
				return
			}
			room = t.d.low() - t.d.y
		}
		part, rest := make([][]line, len(cells)), make([][]line, len(cells))
		for i, c := range cells {
			part[i], rest[i] = cut(c, room-2*padding)
		}
		if len(rest[0]) == 0 {
			rest[0] = cells[0]
		}
		t.draw(room, part)
		cells, least = rest, 0
		t.d.turn()
	}
}

func (t *table) height(cells [][]line) (h float64) {
	for _, c := range cells {
		sum := 2 * padding
		for _, l := range c {
			sum += l.height()
		}
		h = max(h, sum)
	}
	return h
}

// cut takes as many lines as fit, one at least.
func cut(lines []line, room float64) (fit, rest []line) {
	for i, l := range lines {
		if room -= l.height(); room < 0 && i > 0 {
			return lines[:i], lines[i:]
		}
	}
	return lines, nil
}

func (t *table) draw(h float64, cells [][]line) {
	x := margin
	t.d.SetLineWidth(0.3)
	for i, c := range t.columns {
		t.d.Rect(x, t.d.y, c.w, h, "D")
		y := t.d.y + padding
		if i < len(cells) {
			for _, l := range cells[i] {
				t.d.put(x+padding, y, l.size, l.bold, l.text)
				y += l.height()
			}
		}
		x += c.w
	}
	t.d.y += h
}

// cell wraps texts for a column.
func (t *table) cell(column int, size float64, bold bool, texts ...string) (lines []line) {
	for _, text := range texts {
		lines = append(lines, t.d.wrap(text, size, bold, t.columns[column].w-2*padding)...)
	}
	return lines
}
