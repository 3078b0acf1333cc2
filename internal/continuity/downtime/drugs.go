package downtime

import "strings"

// Boxes to sign in.
const (
	boxWide = 23.0
	boxHigh = 13.0
)

// drugs is a patient's own sheet: what is due when, with boxes to sign in.
func (d *paper) drugs(t *Patient) {
	d.page("Drugs", false)
	d.banner(t)
	d.again = func() { d.banner(t) }
	d.y += 2
	table := d.table(column{"Drug", 70}, column{"Due: sign when given, write R when refused", d.width() - 70})
	given := []string{}
	for i := range t.Drugs {
		g := &t.Drugs[i]
		if g.Stopped {
			for _, l := range g.Last {
				given = append(given, d.pack.moment(l.At)+"  "+g.what()+refused(l))
			}
			continue
		}
		d.drug(table, g)
	}
	for i := range 4 {
		if i > 0 && d.y+boxHigh+45 > d.low() {
			break // rather fewer empty rows than a page for them
		}
		d.boxes(table, table.cell(0, 9, false, "New order:"), make([]string, 4))
	}
	table.end()
	d.again = func() { d.banner(t) }
	d.y += 2
	if len(given) > 0 {
		d.need(12)
		d.text(margin, d.width(), 9, true, "Given lately; nothing more is ordered of it:")
		for _, text := range given {
			d.text(margin, d.width(), 9, false, text)
		}
		d.y += 1
	}
	d.waiting(t)
	d.need(16)
	d.text(margin, d.width(), 9, false, "Two people check each controlled drug and each infusion: both sign. ° = hour of the house's rounds: the order says only how often.")
	d.y += 4
	d.put(margin, d.y, 9, false, "Name and initials: ______________________   ______________________   ______________________   ______________________")
	d.y += 5
}

func refused(l Dose) string {
	if l.Refused {
		return ": refused"
	}
	return ""
}

// waiting lists what has not come back.
func (d *paper) waiting(t *Patient) {
	if len(t.Requests) == 0 {
		return
	}
	var all []string
	for _, q := range t.Requests {
		all = append(all, or(q.Title, q.Number)+" ("+d.pack.moment(q.Said)+")")
	}
	d.need(12)
	d.text(margin, d.width(), 9, true, "Asked for, and not answered yet:")
	d.text(margin, d.width(), 9, false, strings.Join(all, "; "))
	d.y += 1
}

// banner says whose sheet it is, and what the patient cannot have.
func (d *paper) banner(t *Patient) {
	w := d.width()
	d.put(margin, d.y, 22, true, d.fit(or(t.Bed, "?"), 22, true, 30))
	d.put(margin+32, d.y, 16, true, d.fit(d.name(t), 16, true, w-32))
	d.put(margin+32, d.y+7, 11, false, d.fit("MRN "+t.MRN+"   born "+d.pack.born(t)+sex(t.Sex), 11, false, w-32))
	d.y += 14
	lines := d.wrap("Allergies: "+strings.Join(d.pack.allergies(t), "; "), 12, true, w-6)
	if len(lines) > 8 {
		lines = append(lines[:7], line{"MORE: see the census", 12, true})
	}
	h := 2.0
	for _, l := range lines {
		h += l.height()
	}
	d.SetLineWidth(0.9)
	d.Rect(margin, d.y, w, h, "D")
	y := d.y + 1
	for _, l := range lines {
		d.put(margin+3, y, 12, true, l.text)
		y += l.height()
	}
	d.y += h + 1
	for _, text := range d.pack.notes(t) {
		d.put(margin, d.y, 10, true, d.fit(text, 10, true, w))
		d.y += line{size: 10}.height()
	}
	if text := t.incomplete(); text != "" {
		d.put(margin, d.y, 10, true, text)
		d.y += line{size: 10}.height()
	}
	if !t.Heard.IsZero() {
		d.put(margin, d.y, 9, false, "Last word of any system about this patient: "+d.pack.moment(t.Heard))
		d.y += line{size: 9}.height()
	}
}

// drug is a row: what it is, and a box for each time.
func (d *paper) drug(t *table, g *Drug) {
	text := t.cell(0, 10.5, true, g.Name)
	text = append(text, t.cell(0, 9, false, d.pack.order(g))...)
	for _, l := range g.Last {
		word := "last given "
		if l.Refused {
			word = "refused "
		}
		text = append(text, t.cell(0, 9, false, word+d.pack.moment(l.At))...)
	}
	boxes := d.pack.boxTexts(g)
	if word := g.remark(len(boxes)); word != "" {
		text = append(text, t.cell(0, 9, true, word)...)
	}
	d.boxes(t, text, boxes)
}

// boxes is a row of a drug's text and its boxes, which keep together.
func (d *paper) boxes(t *table, text []line, labels []string) {
	column := t.columns[1].w - 2*padding
	each := int(column / (boxWide + 1))
	rows := (len(labels) + each - 1) / each
	h := max(t.height([][]line{text}), float64(rows)*(boxHigh+1)+2*padding)
	if d.y+h > d.low() {
		d.turn()
	}
	y := d.y + padding
	t.row(h, text)
	x := margin + t.columns[0].w + padding
	d.SetLineWidth(0.2)
	for i, label := range labels {
		bx, by := x+float64(i%each)*(boxWide+1), y+float64(i/each)*(boxHigh+1)
		if by+boxHigh > d.low() {
			break // only of hundreds of times, which Due never has
		}
		d.Rect(bx, by, boxWide, boxHigh, "D")
		if label == "" {
			label = "__:__"
		}
		size := 9.0
		if len(label) > 14 {
			size = 7.5
		}
		for j, l := range d.wrap(label, size, true, boxWide-1.5) {
			if j < 2 {
				d.put(bx+0.8, by+0.5+float64(j)*l.height(), size, true, l.text)
			}
		}
	}
}
