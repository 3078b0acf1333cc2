package ruletest

import (
	"errors"
	"strconv"
	"strings"
)

// word cuts the first word off text.
func word(text string) (first, rest string) {
	first, rest = text, ""
	if i := strings.IndexAny(text, " \t\n"); i >= 0 {
		first, rest = text[:i], strings.TrimSpace(text[i:])
	}
	return first, rest
}

// split cuts text at blanks. What stands between quotes belongs together, be it a
// whole word or the value behind an equals sign.
func split(text string) ([]string, error) {
	var words []string
	var now strings.Builder
	quoted, any := false, false
	for _, r := range text {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case !quoted && (r == ' ' || r == '\t' || r == '\n'):
			if any {
				words = append(words, now.String())
			}
			now.Reset()
			any = false
		default:
			now.WriteRune(r)
			any = true
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	if any {
		words = append(words, now.String())
	}
	return words, nil
}

// counted puts n in the place of {{n}}, and what is left of n-1 divided by K in that of {{n%K}}.
func counted(text string, n int) string {
	var b strings.Builder
	for {
		before, behind, ok := strings.Cut(text, "{{n")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		inside, rest, closed := strings.Cut(behind, "}}")
		divisor, err := strconv.Atoi(strings.TrimPrefix(inside, "%"))
		switch {
		case closed && inside == "":
			b.WriteString(strconv.Itoa(n))
		case closed && inside[0] == '%' && err == nil && divisor > 0:
			b.WriteString(strconv.Itoa((n - 1) % divisor))
		default: // not ours
			b.WriteString("{{n")
			text = behind
			continue
		}
		text = rest
	}
}
