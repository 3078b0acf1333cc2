package detect

import (
	"bytes"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/literal"
)

// pattern is a string with wildcards, made ready. Most are one literal and an anchor.
type pattern struct {
	text []byte
	at   literal.Anchor
	wild sigma.Pattern // instead, when there is more to it
	tell []uint32      // see grams: of a text, folded, that matches
}

// newPattern folds p unless it is cased and looks for its simple form.
func newPattern(c *literal.Commons, p sigma.Pattern, cased bool) pattern {
	made := newPlainPattern(p, cased)
	var literals []string
	for _, part := range p {
		literals = append(literals, Fold(part.Literal))
	}
	made.tell = gramsOf(c, literals...)
	return made
}

func newPlainPattern(p sigma.Pattern, cased bool) pattern {
	folded := make(sigma.Pattern, len(p))
	for i, part := range p {
		if !cased {
			part.Literal = Fold(part.Literal)
		}
		folded[i] = part
	}
	star := func(i int) bool { return folded[i].Wild == sigma.Star }
	literalAt := func(i int) bool { return folded[i].Wild == sigma.NoWildcard }
	switch n := len(folded); {
	case n == 0:
		return pattern{at: literal.Whole}
	case n == 1 && star(0):
		return pattern{at: literal.Anywhere}
	case n == 1 && literalAt(0):
		return pattern{text: []byte(folded[0].Literal), at: literal.Whole}
	case n == 2 && star(0) && literalAt(1):
		return pattern{text: []byte(folded[1].Literal), at: literal.End}
	case n == 2 && literalAt(0) && star(1):
		return pattern{text: []byte(folded[0].Literal), at: literal.Start}
	case n == 3 && star(0) && literalAt(1) && star(2):
		return pattern{text: []byte(folded[1].Literal), at: literal.Anywhere}
	}
	return pattern{wild: folded}
}

// impossible tells a pattern that holds bytes which are no text, as modifiers like wide make
// them of letters outside ASCII. Events hold texts.
func impossible(p sigma.Pattern) bool {
	return slices.ContainsFunc(p, func(part sigma.Part) bool { return !utf8.ValidString(part.Literal) })
}

func (p *pattern) matches(text []byte) bool {
	if p.wild != nil {
		return matchWild(p.wild, text)
	}
	return anchored(text, p.text, p.at)
}

func anchored(text, part []byte, at literal.Anchor) bool {
	switch at {
	case literal.Whole:
		return bytes.Equal(text, part)
	case literal.Start:
		return bytes.HasPrefix(text, part)
	case literal.End:
		return bytes.HasSuffix(text, part)
	default:
		return bytes.Contains(text, part)
	}
}

// matchWild matches text whole. On a mismatch it goes back to the last star only,
// and gives that one more character: the cost is bounded by the product of the lengths.
func matchWild(p sigma.Pattern, text []byte) bool {
	at, i := 0, 0
	starAt, starText := -1, 0
	for {
		if i < len(p) && p[i].Wild == sigma.Star {
			starAt, starText = i, at
			i++
			continue
		}
		if i == len(p) && at == len(text) {
			return true
		}
		if i < len(p) {
			if n, ok := step1(p[i], text[at:]); ok {
				at, i = at+n, i+1
				continue
			}
		}
		if starAt < 0 || starText >= len(text) {
			return false
		}
		_, n := utf8.DecodeRune(text[starText:])
		starText += n
		at, i = starText, starAt+1
	}
}

// step1 matches one part that is no star at the start of text.
func step1(part sigma.Part, text []byte) (n int, ok bool) {
	if part.Wild == sigma.Question {
		_, n = utf8.DecodeRune(text)
		return n, n > 0
	}
	return len(part.Literal), len(text) >= len(part.Literal) && string(text[:len(part.Literal)]) == part.Literal
}

// hint returns the literal that every text matching p must hold, folded, and whether
// there is one worth looking for.
func (p *pattern) hint() (hint, bool) {
	if p.wild == nil {
		if len(p.text) == 0 && p.at != literal.Whole {
			return hint{}, false
		}
		return hint{Fold(string(p.text)), p.at}, true
	}
	var best hint
	least := math.Inf(1)
	for i, part := range p.wild {
		if part.Wild != sigma.NoWildcard || part.Literal == "" {
			continue
		}
		h := hint{Fold(part.Literal), literal.Anywhere}
		switch i {
		case 0:
			h.at = literal.Start
		case len(p.wild) - 1:
			h.at = literal.End
		}
		if c := chance(h); c < least {
			best, least = h, c
		}
	}
	return best, best.text != ""
}
