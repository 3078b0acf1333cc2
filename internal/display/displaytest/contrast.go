// Package displaytest computes whether colours of a stylesheet can be told apart.
package displaytest

import (
	"math"
	"regexp"
	"strconv"
)

// Colour is red, green and blue, each from 0 to 1 (sRGB).
type Colour [3]float64

// Colours reads the custom properties of a stylesheet that are colours, such as --ink: #112233, by their names.
func Colours(css string) map[string]*Colour {
	out := map[string]*Colour{}
	for _, m := range regexp.MustCompile(`--([a-z0-9-]+): ?#([0-9a-f]{3,6})`).FindAllStringSubmatch(css, -1) {
		hex := m[2]
		if len(hex) == 3 {
			hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
		}
		var c Colour
		for i := range c {
			n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
			c[i] = float64(n) / 255
		}
		out[m[1]] = &c
	}
	return out
}

func luminance(c Colour) float64 {
	for i, v := range c {
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}

// Contrast is how far two colours are apart, from 1 to 21 (WCAG 2.2, contrast ratio).
func Contrast(a, b Colour) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
