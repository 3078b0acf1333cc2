package downtime

import "fmt"

// Part is one of the card's: a word, and lines below it.
type Part struct {
	Title string
	Lines []string
}

// Card are the parts of the card behind the numbers to call, in the order in which somebody needs them.
func (p *Pack) Card() []Part {
	or := func(lines []string, none string) []string {
		if len(lines) == 0 {
			return []string{none}
		}
		return lines
	}
	var steps, forms []string
	for i, s := range p.Steps {
		steps = append(steps, fmt.Sprintf("%d.  %s", i+1, s))
	}
	for _, f := range p.Forms {
		forms = append(forms, f.Number+"  "+f.Title)
	}
	for _, b := range []struct {
		block Block
		what  string
	}{{p.MRNs, "Numbers for new patients"}, {p.Accessions, "Numbers for specimens and images"}} {
		if all := b.block.numbers(); len(all) > 0 {
			forms = append(forms, fmt.Sprintf("%s: %s to %s", b.what, all[0], all[len(all)-1]))
		}
	}
	return []Part{
		{"What is down", or(p.Down, "Nothing was known to be down when this was made.")},
		{"What to do", or(steps, "Follow the house's downtime procedure.")},
		{"What still works", or(p.Works, "Not known. Try the telephone first.")},
		{"Forms and numbers", or(forms, "None are listed.")},
	}
}

// cardSize is of the card's letters; a card that is fuller than one page has smaller ones.
const cardSize = 14.0

// card is one page: numbers to call first, then what is down, what to do, what still works, which forms.
func (d *paper) card() {
	d.page("Unit card", false)
	size := cardSize
	for size > 8 && d.cardHeight(size) > d.low()-top {
		size--
	}
	d.title("Call", size)
	d.contacts(size)
	for _, p := range d.pack.Card() {
		d.title(p.Title, size)
		for _, text := range p.Lines {
			for _, l := range d.wrap(text, size, false, d.width()-6) {
				if d.y+l.height() > d.low() {
					return // never: Check bounds what there is, and letters become smaller
				}
				d.put(margin+6, d.y, size, false, l.text)
				d.y += l.height()
			}
		}
	}
}

// title is a word above a part, with a bar beside it.
func (d *paper) title(text string, size float64) {
	l := line{size: size + 2}
	d.y += size * 0.14
	d.SetFillColor(0, 0, 0)
	d.Rect(margin, d.y+0.6, 2.2, l.height()-1, "F")
	d.put(margin+6, d.y, size+2, true, text)
	d.y += l.height() + 0.6
}

// contacts are set in two columns, with their numbers large.
func (d *paper) contacts(size float64) {
	half := d.width() / 2
	step := line{size: size + 6}.height() + 1
	if len(d.pack.Call) == 0 {
		d.text(margin+6, d.width()-6, size, false, "No numbers are listed. Write the switchboard's here: ____________")
		return
	}
	for i, c := range d.pack.Call {
		x := margin + 6 + float64(i%2)*half
		if i%2 == 0 && i > 0 {
			d.y += step
		}
		number := d.fit(c.Number, size+6, true, half*0.4)
		d.put(x, d.y, size+6, true, number)
		d.letters(size+6, true)
		w := d.GetStringWidth(number) + 3
		d.put(x+w, d.y+1.4, size, false, d.fit(c.Name, size, false, half-w-8))
	}
	d.y += step
}

// cardHeight is how high the card becomes with letters of that size.
func (d *paper) cardHeight(size float64) float64 {
	title := size*0.14 + line{size: size + 2}.height() + 0.6
	h := title + float64((max(len(d.pack.Call), 1)+1)/2)*(line{size: size + 6}.height()+1)
	for _, p := range d.pack.Card() {
		h += title
		for _, text := range p.Lines {
			h += float64(len(d.wrap(text, size, false, d.width()-6))) * line{size: size}.height()
		}
	}
	return h
}
