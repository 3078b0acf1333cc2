package page

import (
	"fmt"
	"strings"
	"time"
)

// Chart is a picture that the server draws as SVG. Title says what it shows, for those who cannot see it.
type Chart struct {
	Title  string
	Width  int
	Height int
	Line   string // path of the line
	EndX   string // where the line ends
	EndY   string
	Class  string // of the end: act, look, watch, ok, dim
	Bars   []Bar
	Axis   []Label // below
	Ticks  []Label // left
}

// Bar is one column of a histogram.
type Bar struct{ X, Y, Width, Height, Title string }

// Label is a word at a place.
type Label struct{ X, Y, Anchor, Text string }

// Spark draws a line of equal steps without axes; class colours its end. Fewer than two values make
// no line.
func Spark(values []uint64, class, title string) *Chart {
	const w, h, edge = 88, 30, 3
	if len(values) < 2 {
		return nil
	}
	most := uint64(1)
	for _, v := range values {
		most = max(most, v)
	}
	c := &Chart{Title: title, Width: w, Height: h, Class: class}
	var b strings.Builder
	for i, v := range values {
		x := edge + float64(i)*(w-2*edge)/float64(len(values)-1)
		y := h - edge - float64(v)*(h-2*edge)/float64(most)
		op := "L"
		if i == 0 {
			op = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", op, x, y)
		c.EndX, c.EndY = fmt.Sprintf("%.1f", x), fmt.Sprintf("%.1f", y)
	}
	c.Line = b.String()
	return c
}

// Histogram draws how many things happened in equal steps between two times.
func Histogram(values []uint64, from, to time.Time, clock Clock, title string) *Chart {
	const w, h, left, base = 1040, 112, 44, 92
	if len(values) == 0 || !to.After(from) {
		return nil
	}
	most := uint64(1)
	for _, v := range values {
		most = max(most, v)
	}
	c := &Chart{Title: title, Width: w, Height: h}
	step := float64(w-left) / float64(len(values))
	each := to.Sub(from) / time.Duration(len(values))
	for i, v := range values {
		if v == 0 {
			continue
		}
		tall := max(1.5, float64(v)*(base-12)/float64(most))
		c.Bars = append(c.Bars, Bar{
			X: fmt.Sprintf("%.1f", left+float64(i)*step+0.5), Y: fmt.Sprintf("%.1f", base-tall),
			Width: fmt.Sprintf("%.1f", max(0.8, step-1)), Height: fmt.Sprintf("%.1f", tall),
			Title: clock.At(from.Add(time.Duration(i)*each)) + ": " + Number(v),
		})
	}
	for i := range 5 {
		t := from.Add(to.Sub(from) * time.Duration(i) / 4)
		anchor := "middle"
		switch i {
		case 0:
			anchor = "start"
		case 4:
			anchor = "end"
		}
		c.Axis = append(c.Axis, Label{X: fmt.Sprintf("%.1f", left+float64(w-left)*float64(i)/4), Y: "108", Anchor: anchor, Text: clock.At(t)})
	}
	c.Ticks = []Label{{X: "38", Y: "16", Anchor: "end", Text: Number(most)}, {X: "38", Y: "95", Anchor: "end", Text: "0"}}
	return c
}

// Share is how far something is, as a bar of 300 steps.
func Share(done, total uint64) int {
	if total == 0 {
		return 0
	}
	return int(min(done, total) * 300 / total)
}

// Squares draws a black and white picture, such as a QR code, as the path of its dark squares, one step a square.
func Squares(size int, dark func(x, y int) bool) string {
	var b strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			if !dark(x, y) {
				continue
			}
			run := 1
			for x+run < size && dark(x+run, y) {
				run++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, run, run)
			x += run
		}
	}
	return b.String()
}
