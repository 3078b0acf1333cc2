package page

import (
	"fmt"
	"math"
)

// Weighing is what decided a case: bars to the right ask for a closer look, those to the left speak for a reason. It has no total,
// for the reader concludes.
type Weighing struct {
	Title string
	Width int
	Zero  string // where the bars begin
	Rows  []Weight
	Left  string // what bars to the left do; when empty, they speak for a reason
}

// Weight is one reason in words, with its bar.
type Weight struct {
	Text, X, Width, Class string
}

// Weigh is one thing that weighs: positive asks for a closer look, negative speaks for a reason.
type Weigh struct {
	Text string
	By   float64
}

// weighWidth is how wide both arms are together, with a little at each end.
const weighWidth, weighEdge = 260, 4

// Weighed draws what weighs, in the order given.
func Weighed(all []Weigh) *Weighing {
	if len(all) == 0 {
		return nil
	}
	var left, right float64
	for _, w := range all {
		left, right = max(left, -w.By), max(right, w.By)
	}
	scale := (weighWidth - 2*weighEdge) / max(left+right, 1)
	zero := weighEdge + left*scale
	d := &Weighing{Width: weighWidth, Zero: fmt.Sprintf("%.1f", zero)}
	var look, reason []string
	for _, w := range all {
		long := max(2, math.Abs(w.By)*scale)
		row := Weight{Text: w.Text, Class: "look", X: fmt.Sprintf("%.1f", zero), Width: fmt.Sprintf("%.1f", long)}
		if w.By < 0 {
			row.Class, row.X = "ok", fmt.Sprintf("%.1f", zero-long)
			reason = append(reason, w.Text)
		} else {
			look = append(look, w.Text)
		}
		d.Rows = append(d.Rows, row)
	}
	d.Title = said("What asks for a closer look", look) + " " + said("What speaks for a reason", reason)
	return d
}

// said lists things in one sentence.
func said(what string, all []string) string {
	if len(all) == 0 {
		return what + ": nothing."
	}
	s := what + ": "
	for i, text := range all {
		if i > 0 {
			s += "; "
		}
		s += text
	}
	return s + "."
}

// Interval is an estimate with its uncertainty: a bar on a line from nothing to the most that is shown.
type Interval struct {
	Title  string
	Width  int
	Height int
	Bar    Bar
	At     string
	Axis   []Label
	Words  []Label
}

// Between draws an estimate between low and high on a scale that ends at a round number above high.
func Between(low, at, high float64, title string, label func(float64) string) *Interval {
	const w, left, right, y = 640, 20, 620, 40
	most := roundUp(high)
	if most <= 0 || low > at || at > high {
		return nil
	}
	x := func(v float64) float64 { return left + (right-left)*v/most }
	d := &Interval{Title: title, Width: w, Height: 96, At: fmt.Sprintf("%.1f", x(at))}
	d.Bar = Bar{X: fmt.Sprintf("%.1f", x(low)), Y: fmt.Sprint(y - 8), Width: fmt.Sprintf("%.1f", max(3, x(high)-x(low))), Height: "16"}
	for i := range 5 {
		v := most * float64(i) / 4
		anchor := []string{"start", "middle", "middle", "middle", "end"}[i]
		d.Axis = append(d.Axis, Label{X: fmt.Sprintf("%.1f", x(v)), Y: "84", Anchor: anchor, Text: label(v)})
	}
	anchor := "middle"
	if x(at) < left+90 {
		anchor = "start"
	}
	d.Words = []Label{{X: d.At, Y: "18", Anchor: anchor, Text: "best guess: " + label(at)}}
	return d
}

// roundUp returns the least of 1, 2, 4, 5, 10, 20, ... (or a tenth, a hundredth of them) that is not below v.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 4, 5, 8, 10} {
		if n*unit >= v*(1-1e-9) {
			return n * unit
		}
	}
	return 10 * unit
}
