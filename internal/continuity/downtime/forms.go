package downtime

import (
	"fmt"
	"strings"
)

// numbers are the registers of the numbers that the unit may give out.
func (d *paper) numbers() {
	if all := d.pack.MRNs.numbers(); len(all) > 0 {
		d.page("Register of new patients", false)
		d.text(margin, d.width(), 10, false, "One line for each patient who comes while no system gives numbers. Write the number on wristband, forms and specimens. Never use one twice.")
		d.y += 2
		t := d.table(column{"Number", 34}, column{"Family name, given name", 70}, column{"Born", 26}, column{"Came", 22}, column{"Bed", 16}, column{"True MRN", d.width() - 168})
		for _, n := range all {
			t.row(10.5, t.cell(0, 11, true, n))
		}
		t.end()
	}
	if all := d.pack.Accessions.numbers(); len(all) > 0 {
		d.page("Register of specimens and images", false)
		d.text(margin, d.width(), 10, false, "One line for each specimen and each image. The number goes on the tube and on the request. Never use one twice.")
		d.y += 2
		t := d.table(column{"Number", 34}, column{"MRN", 34}, column{"What", 52}, column{"Taken", 24}, column{"By", 20}, column{"Entered", d.width() - 164})
		for _, n := range all {
			t.row(10.5, t.cell(0, 11, true, n))
		}
		t.end()
	}
}

// blanks are lines to write on, each with a word before it.
func (d *paper) blanks(words ...string) {
	w := d.width() / float64(len(words))
	for i, text := range words {
		x := margin + float64(i)*w
		d.put(x, d.y, 10, false, text)
		d.letters(10, false)
		d.SetLineWidth(0.2)
		d.Line(x+d.GetStringWidth(text)+1.5, d.y+5, x+w-3, d.y+5)
	}
	d.y += 9
}

// orderForm is a blank form for orders.
func (d *paper) orderForm() {
	d.page("Order form (blank: copy it)", false)
	d.blanks("Family name, given name")
	d.blanks("MRN or downtime number", "Born", "Bed")
	d.blanks("Allergies: ask the patient")
	d.y += 1
	t := d.table(column{"Time", 16}, column{"Drug, dose, route, how often - or examination", d.width() - 16 - 30 - 30 - 24}, column{"Ordered by", 30}, column{"Checked by", 30}, column{"Entered", 24})
	for d.y+11 < d.low() {
		t.row(11)
	}
	t.end()
}

// charting is a blank form for what nurses measure.
func (d *paper) charting() {
	d.page("Charting form (blank: copy it)", true)
	d.blanks("Family name, given name", "MRN or downtime number")
	d.blanks("Born", "Bed", "Day")
	d.y += 1
	w := (d.width() - 16 - 60) / 10
	columns := []column{{"Time", 16}}
	for _, title := range []string{"Pulse", "BP", "Resp.", "SpO2", "O2 l/min", "Temp.", "Pain", "Alert", "In ml", "Out ml"} {
		columns = append(columns, column{title, w})
	}
	t := d.table(append(columns, column{"Remark, initials", 60})...)
	for d.y+9.5 < d.low() {
		t.row(9.5)
	}
	t.end()
}

// phoned is where results are written that come by telephone.
func (d *paper) phoned() {
	d.page("Results by telephone", false)
	d.text(margin, d.width(), 10, false, "Write, then read it back aloud. Tick only when the other side has said that it is right. Tell the doctor at once when it is critical.")
	d.y += 2
	t := d.table(column{"Time", 16}, column{"MRN", 30}, column{"Test and value", d.width() - 16 - 30 - 36 - 22 - 28 - 20}, column{"Told by", 36}, column{"Read back", 22}, column{"Doctor told", 28}, column{"Entered", 20})
	for d.y+11 < d.low() {
		t.row(11)
	}
	t.end()
}

// entering is the list of what must be entered when the systems are back, with a line for each patient who lay here.
func (d *paper) entering() {
	d.page("To be entered back", true)
	d.text(margin, d.width(), 10, false, "When the systems are back: tick what was on paper and is entered, with its true time and \"late entry: downtime\". Keep the paper. Nobody is done before every line is ticked or crossed out.")
	d.y += 2
	kinds := []string{"Drugs", "Orders", "Vitals", "Results", "Notes", "Moves"}
	const each = 24.0
	columns := []column{{"Bed", 17}, {"Patient", 76}}
	for _, k := range kinds {
		columns = append(columns, column{k, each})
	}
	t := d.table(append(columns, column{"Done by, at", d.width() - 93 - each*float64(len(kinds))})...)
	row := func(bed, who, mrn string) {
		cells := [][]line{t.cell(0, 11, true, bed), append(t.cell(1, 10, true, who), t.cell(1, 9, false, mrn)...)}
		for range kinds {
			cells = append(cells, []line{{"□", 14, false}})
		}
		t.row(11, cells...)
	}
	for i := range d.pack.Patients {
		n := &d.pack.Patients[i]
		row(or(n.Bed, "?"), d.name(n), "MRN "+n.MRN)
	}
	for range 5 {
		row("", "", "")
	}
	t.end()
}

// tally counts what a list holds by its kinds.
func tally(items []Item) string {
	count := map[Kind]int{}
	for _, i := range items {
		count[i.Kind]++
	}
	var all []string
	for _, k := range kinds() {
		if count[k] > 0 {
			all = append(all, fmt.Sprintf("%s: %d", k, count[k]))
		}
	}
	return strings.Join(all, ", ")
}
