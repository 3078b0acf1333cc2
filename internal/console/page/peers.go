package page

import (
	"fmt"
	"slices"
)

// Peers draws one person beside others on a line: each is a dot, and the person's is marked.
type Peers struct {
	Title         string // what it shows, for those who cannot see it
	Label         string // of what is shown
	Width, Height int
	Base          string // where the line lies
	Dots          []PeerDot
	Own           PeerDot
	Axis          []Label
	Name          Label // beside the person's dot
}

// PeerDot is where one dot lies.
type PeerDot struct{ X, Y string }

const peersWidth, peersHeight, peersEdge, peersBase = 440, 92, 12, 68

// Beside draws it. Values are shares when share is set, else numbers.
func Beside(label string, own float64, others []float64, share bool) *Peers {
	if len(others) == 0 {
		return nil
	}
	most := max(own, slices.Max(others), 1e-9)
	says := func(v float64) string {
		if share {
			return fmt.Sprintf("%.0f %%", 100*v)
		}
		return fmt.Sprintf("%.1f", v)
	}
	at := func(v float64) float64 { return peersEdge + v/most*(peersWidth-2*peersEdge) }
	p := &Peers{Label: label, Width: peersWidth, Height: peersHeight, Base: fmt.Sprint(peersBase)}
	stacked := map[int]int{} // dots that would hide each other lie one above the other
	for _, v := range others {
		const wide, high = 8, 5
		column := int(at(v)) / wide
		y := peersBase - 7 - 9*min(stacked[column], high)
		stacked[column]++
		p.Dots = append(p.Dots, PeerDot{fmt.Sprintf("%.1f", at(v)), fmt.Sprint(y)})
	}
	x := at(own)
	p.Own = PeerDot{fmt.Sprintf("%.1f", x), fmt.Sprint(peersBase - 8)}
	p.Name = Label{X: fmt.Sprintf("%.1f", x), Y: "12", Anchor: "middle", Text: "this person, " + says(own)}
	switch {
	case x > peersWidth-80:
		p.Name.Anchor = "end"
	case x < 80:
		p.Name.Anchor = "start"
	}
	base := fmt.Sprint(peersBase + 17)
	p.Axis = []Label{{X: fmt.Sprint(peersEdge), Y: base, Anchor: "start", Text: says(0)}, {X: fmt.Sprint(peersWidth - peersEdge), Y: base, Anchor: "end", Text: says(most)}}
	middle := slices.Sorted(slices.Values(others))[len(others)/2]
	p.Title = fmt.Sprintf("%s: this person %s; of %s the one in the middle %s, the highest %s.", label, says(own), Plural(len(others), "other"), says(middle), says(slices.Max(others)))
	return p
}
