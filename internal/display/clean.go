// Package display makes text from logs fit to be shown to people: it comes from whoever can write into a log.
package display

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes hostile text safe to show in one line. Control characters, text that turns the
// reading direction, invisible characters, bytes that are not text and towers of accents become
// visible escapes such as \x1b or \u202e. Beyond limit characters the rest is cut and the cut is marked.
func Clean(s string, limit int) string {
	if plain(s, limit) {
		return s
	}
	var b strings.Builder
	marks, n := 0, 0
	for i := 0; i < len(s); {
		r, w := utf8.DecodeRuneInString(s[i:])
		if n++; n > limit {
			b.WriteString("…")
			break
		}
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && w == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !visible(r) || marks > 3:
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
		i += w
	}
	return b.String()
}

// plain tells the common case: short printable ASCII.
func plain(s string, limit int) bool {
	if len(s) > limit {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// visible reports whether r shows as itself. unicode.IsPrint already leaves out control (Cc),
// format (Cf, which holds the bidi controls), surrogate, private use and unassigned characters,
// and every space but U+0020.
func visible(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0: // blank, though letters or marks by category
		return false
	}
	return unicode.IsPrint(r) && !unicode.Is(unicode.Variation_Selector, r)
}

func escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
