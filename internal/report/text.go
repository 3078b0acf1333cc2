package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/wardline/wardline/internal/display"
)

// clean makes hostile text safe to show in one line: see display.Clean.
func clean(s string, limit int) string { return display.Clean(s, limit) }

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

// Plural is "1 event" or "4,218 events".
func Plural(n int64, noun string) string {
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
