package downtime

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// dueLine is a drug at a time.
type dueLine struct {
	at   time.Time
	text string
}

// dues lists what is due of a patient's drugs, in the order of time.
func (p *Pack) dues(t *Patient) []dueLine {
	var all []dueLine
	for i := range t.Drugs {
		g := &t.Drugs[i]
		for _, s := range g.Due {
			text := p.slot(s) + "  " + g.what()
			if !s.Given.IsZero() {
				text += " (given " + p.moment(s.Given) + ")"
			}
			all = append(all, dueLine{s.At, text})
		}
	}
	slices.SortFunc(all, func(a, b dueLine) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.text, b.text)) })
	return all
}

// slot is a time at which a drug is due; a ring marks the house's own hours.
func (p *Pack) slot(s Slot) string {
	if s.Usual {
		return p.moment(s.At) + "°"
	}
	return p.moment(s.At)
}

// what is a drug with how much and how.
func (g *Drug) what() string {
	text := g.Name
	for _, more := range []string{g.Dose, g.Route} {
		if more != "" {
			text += ", " + more
		}
	}
	return text
}

// missed lists what was due, and of which no system told that it was given.
func (p *Pack) missed(t *Patient) (out []string) {
	for i := range t.Drugs {
		for _, s := range t.Drugs[i].Missed {
			out = append(out, p.slot(s)+"  "+t.Drugs[i].Name+": NO DOSE SEEN")
		}
	}
	return out
}

// beside is what else is to be known of a patient's drugs where there is no room for all.
func (t *Patient) beside() (out []string) {
	var needed, unclear, held int
	for i := range t.Drugs {
		g := &t.Drugs[i]
		switch {
		case g.Stopped:
		case g.Held:
			held++
		case g.Needed:
			needed++
		case !g.Clear:
			unclear++
		}
	}
	for _, c := range []struct {
		n    int
		what string
	}{{needed, "when needed"}, {unclear, "time not sent: ask"}, {held, "on hold"}} {
		if c.n > 0 {
			out = append(out, fmt.Sprintf("+ %d %s", c.n, c.what))
		}
	}
	return out
}

// value writes a result in a line.
func (p *Pack) value(v *Result) string {
	text := v.Name + " " + v.Value
	if v.Unit != "" {
		text += " " + v.Unit
	}
	if v.Flag != "" {
		text += " " + v.Flag
	}
	if v.Waiting {
		text += " (preliminary)"
	}
	return text + ", " + p.moment(v.At)
}

// incomplete says that something of a patient is known to be missing; empty when nothing is.
func (t *Patient) incomplete() string {
	if t.Left == 0 {
		return ""
	}
	return fmt.Sprintf("INCOMPLETE: %d more facts did not fit. Ask.", t.Left)
}

// census lists who lies on the unit.
func (d *paper) census() {
	d.page("Census", true)
	p, w := d.pack, d.width()
	t := d.table(column{"Bed", 17}, column{"Patient", 60}, column{"ALLERGIES", 58}, column{"Due in the next 8 hours", w - 17 - 60 - 58 - 58}, column{"Last results", 58})
	const size = 9
	for i := range p.Patients {
		n := &p.Patients[i]
		who := t.cell(1, size+1.5, true, d.name(n))
		who = append(who, t.cell(1, size, false, "MRN "+n.MRN, p.born(n)+sex(n.Sex))...)
		for _, text := range p.notes(n) {
			who = append(who, t.cell(1, size, false, text)...)
		}
		var due, results []line
		for _, text := range p.missed(n) {
			due = append(due, t.cell(3, size, true, text)...)
		}
		for _, l := range p.dues(n) {
			due = append(due, t.cell(3, size, false, l.text)...)
		}
		for _, text := range n.beside() {
			due = append(due, t.cell(3, size, true, text)...)
		}
		for i := range n.Results {
			results = append(results, t.cell(4, size, n.Results[i].Flag != "", p.value(&n.Results[i]))...)
		}
		if text := n.incomplete(); text != "" {
			who = append(who, t.cell(1, size, true, text)...)
		}
		t.row(13, t.cell(0, 14, true, or(n.Bed, "?")), who, t.cell(2, size+1, true, p.allergies(n)...), due, results)
	}
	if len(p.Patients) == 0 {
		t.row(10, nil, t.cell(1, size, true, "Nobody lay here when the data was taken."))
	}
	t.end()
	d.y += 2
	d.text(margin, w, size, false, counted(len(p.Patients))+" ° = hour of the house's rounds: the order says only how often. NO DOSE SEEN = it was due, and no system told of a dose. "+
		"No allergies sent is not the same as none. What happened after "+p.moment(p.Data)+" is not here.")
}

// counted says how many there are, so that a page that is missing is missed.
func counted(n int) string {
	if n == 1 {
		return "1 patient."
	}
	return fmt.Sprintf("%d patients.", n)
}

func sex(code string) string {
	if code == "" {
		return ""
	}
	return ", " + code
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
