package depend

import (
	"cmp"
	"strings"
)

// The sizes of words on a map, in pixels.
const (
	labelSize = 12.0
	noteSize  = 11.0
	lineHigh  = 15.0
)

// width is about how wide a text is drawn, in pixels: as wide as in the widest of common fonts (DejaVu Sans), so that it fits in all.
func width(text string, size float64) float64 {
	w := 0.0
	for _, r := range text {
		w += advance(r)
	}
	return w * size
}

// advance is how wide a letter is, of the size of its font.
func advance(r rune) float64 {
	switch {
	case strings.ContainsRune("ijl'|", r):
		return 0.28
	case strings.ContainsRune("fIrt.,:; !()[]/-J", r):
		return 0.41
	case strings.ContainsRune("csvxyzk_?\"", r):
		return 0.60
	case strings.ContainsRune("mwMW%@", r):
		return 0.99
	case r >= 'A' && r <= 'Z':
		return 0.76
	case r < 0x250:
		return 0.65
	case r < 0x1100:
		return 0.80
	}
	return 1.10 // wide scripts and signs
}

// wrap breaks a label into at most two lines that are at most so wide, between words where it can. What does not fit ends in three dots.
func wrap(text string, size, most float64) []string {
	text = strings.Join(strings.Fields(text), " ")
	if width(text, size) <= most {
		return []string{text}
	}
	cut := 0 // behind the last word that fits
	for i, r := range text {
		if r == ' ' && width(text[:i], size) <= most {
			cut = i
		}
	}
	if cut == 0 {
		return []string{fit(text, size, most)}
	}
	return []string{text[:cut], fit(text[cut+1:], size, most)}
}

// fit shortens a text to a width. A number at its end stays, for by it wards and servers are told apart.
func fit(text string, size, most float64) string {
	if width(text, size) <= most {
		return text
	}
	end := "…"
	if cut := strings.LastIndexByte(text, ' '); cut > 0 && strings.ContainsAny(text[cut:], "0123456789") && width(text[cut:], size) < most/3 {
		text, end = text[:cut], "…"+text[cut:]
	}
	runes := []rune(text)
	for len(runes) > 0 && width(string(runes), size)+width(end, size) > most {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + end
}

// natural compares names so that Ward 2 comes before Ward 10.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x > 0 && y > 0 {
			p, q := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			if c := cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q)); c != 0 {
				return c
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is how many a text begins with.
func digits(text string) int {
	return len(text) - len(strings.TrimLeft(text, "0123456789"))
}
