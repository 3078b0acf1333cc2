package reference

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/format/sigma"
)

// fold is sentence 12. Texts are UTF-8, and so are the patterns that come here.
func fold(s string) string { return strings.Map(least, s) }

// least returns the smallest character of r's orbit. In ASCII that is the capital.
func least(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return r - 'a' + 'A'
	case r < utf8.RuneSelf:
		return r
	}
	smallest := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		smallest = min(smallest, f)
	}
	return smallest
}

// matches is sentence 11, on a text that is folded already unless cased. reach[i] tells whether
// the parts so far can match the first i bytes of the text; the pattern matches when all parts
// reach the end.
func matches(p sigma.Pattern, text string, cased bool) bool {
	if slices.ContainsFunc(p, func(part sigma.Part) bool { return !utf8.ValidString(part.Literal) }) {
		return false // 12, at the end
	}
	reach := make([]bool, len(text)+1)
	reach[0] = true
	for _, part := range p {
		next := make([]bool, len(text)+1)
		for i, reached := range reach {
			if !reached {
				continue
			}
			switch part.Wild {
			case sigma.Star:
				next[len(text)] = true
				for j := range text[i:] { // where characters begin
					next[i+j] = true
				}
			case sigma.Question:
				if _, size := utf8.DecodeRuneInString(text[i:]); size > 0 {
					next[i+size] = true
				}
			default:
				literal := part.Literal
				if !cased {
					literal = fold(literal)
				}
				if strings.HasPrefix(text[i:], literal) {
					next[i+len(literal)] = true
				}
			}
			if part.Wild == sigma.Star {
				break // later starting points reach no further
			}
		}
		reach = next
	}
	return reach[len(text)]
}

// number is sentence 13.
func number(text string) (float64, bool) {
	if len(text) == 0 || len(text) > 64 || strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}
