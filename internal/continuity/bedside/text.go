package bedside

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold is a text as it is compared: small letters, single blanks.
func fold(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// clip makes one line of a text, of bounded length and without what does not print.
func clip(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= mostText {
		return text
	}
	n := mostText - len("…")
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return strings.TrimSpace(text[:n]) + "…"
}
