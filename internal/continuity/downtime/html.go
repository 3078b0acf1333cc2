package downtime

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"
)

//go:embed pack.html
var pageText string

// HTML is the same pack as one page that needs nothing else: no script, no picture, no letters from elsewhere. It is for PCs without a program for PDF, and prints
// with the age of its data on every page. What a person's browser can show it shows: names are not limited to the letters of the press.
func (p *Pack) HTML() ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	t, err := template.New("pack").Funcs(template.FuncMap{
		"parts": p.Card, "born": p.born, "allergies": p.allergies, "dues": p.dueTexts, "missed": p.missed, "value": p.value, "moment": p.moment,
		"name": (*Patient).name, "beside": (*Patient).beside, "incomplete": (*Patient).incomplete, "boxes": p.boxTexts, "what": (*Drug).what, "notes": p.notes, "order": p.order, "remark": (*Drug).remark, "or": or, "join": strings.Join,
		"known":  func(t time.Time) bool { return !t.IsZero() },
		"blank":  func(n int) []struct{} { return make([]struct{}, n) },
		"counts": func() string { return counted(len(p.Patients)) },
	}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("read the page of downtime packs: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, struct {
		*Pack
		Age, Until, Printed  string
		MRNList, Accessioned []string
	}{p, p.Age(), p.until(), p.printed(), p.MRNs.numbers(), p.Accessions.numbers()}); err != nil {
		return nil, fmt.Errorf("write the downtime pack of %s as a page: %w", p.Unit, err)
	}
	return out.Bytes(), nil
}

func (p *Pack) dueTexts(t *Patient) (all []string) {
	for _, l := range p.dues(t) {
		all = append(all, l.text)
	}
	return all
}

// boxTexts are what stands in the boxes of a drug.
func (p *Pack) boxTexts(g *Drug) (boxes []string) {
	for _, s := range g.Missed {
		boxes = append(boxes, p.slot(s)+" no dose seen")
	}
	for _, s := range g.Due {
		label := p.slot(s)
		if !s.Given.IsZero() {
			label += " given " + p.moment(s.Given)
		}
		boxes = append(boxes, label)
	}
	switch {
	case g.Held:
		return nil
	case g.Needed:
		return make([]string, 4)
	case !g.Clear:
		return append(boxes, "", "", "")
	}
	return boxes
}

// remark is a word on a drug that its boxes do not say.
func (g *Drug) remark(boxes int) string {
	switch {
	case g.Held:
		return "ON HOLD: do not give"
	case g.Needed:
		return "When needed"
	case !g.Clear:
		return "The order does not say when in words that are known here: ask"
	case boxes == 0:
		return "Not due in these hours"
	}
	return ""
}
