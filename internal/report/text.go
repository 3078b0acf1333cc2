package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// clean makes hostile text safe to show in one line. Control characters, escape
// sequences, text that turns the reading direction, invisible characters, bytes that
// are not text and towers of accents become visible escapes such as \x1b or \u202e.
// Beyond limit characters the rest is cut and the cut is marked.
func clean(s string, limit int) string {
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
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// visible reports whether r shows as itself. unicode.IsPrint already leaves out
// control (Cc), format (Cf, which holds the bidi controls), surrogate, private use
// and unassigned characters, and every space but U+0020.
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

// columns is how many terminal cells clean text takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += cells(r)
	}
	return n
}

func cells(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// clip cuts clean text to w cells and marks the cut.
func clip(s string, w int) string {
	if columns(s) <= w {
		return s
	}
	n := 0
	for i, r := range s {
		if n += cells(r); n > w-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// pad clips s to w cells and fills it up with spaces.
func pad(s string, w int) string {
	s = clip(s, w)
	return s + strings.Repeat(" ", max(0, w-columns(s)))
}

// wrap breaks clean text at spaces into lines of at most w cells, at most most of them.
func wrap(s string, w, most int) []string {
	var lines []string
	for s = strings.TrimSpace(s); s != ""; {
		if len(lines) == most-1 {
			return append(lines, clip(s, w))
		}
		cut := breakAt(s, w)
		lines = append(lines, strings.TrimRight(s[:cut], " "))
		s = strings.TrimLeft(s[cut:], " ")
	}
	return lines
}

// breakAt returns where the first line of s ends. It is always more than 0.
func breakAt(s string, w int) int {
	n, space := 0, 0
	for i, r := range s {
		if r == ' ' {
			space = i
		}
		if n += cells(r); n > w {
			if space > 0 {
				return space
			}
			return max(i, utf8.RuneLen(r))
		}
	}
	return len(s)
}

// number writes n with a comma at every third digit.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

func size(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB"}
	v, u := float64(n), 0
	for ; v >= 999.5 && u < len(units)-1; u++ {
		v /= 1000
	}
	if u == 0 || v >= 99.5 {
		return fmt.Sprintf("%.0f %s", v, units[u])
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}

// clock says a duration as a person does.
func clock(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// span says from when to when, to the minute, repeating only what changes. Over more than one year
// days are enough.
func span(first, last time.Time, zone *time.Location) string {
	if first.IsZero() {
		return "no time given"
	}
	a, b := first.In(zone), last.In(zone)
	from := a.Format("2006-01-02 15:04")
	switch {
	case last.IsZero() || from == b.Format("2006-01-02 15:04"):
		return from
	case a.Format(time.DateOnly) == b.Format(time.DateOnly):
		return from + " to " + b.Format("15:04")
	case a.Year() == b.Year():
		return from + " to " + b.Format("01-02 15:04")
	}
	return a.Format(time.DateOnly) + " to " + b.Format(time.DateOnly)
}
