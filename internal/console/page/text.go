package page

import (
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/display"
)

// Clean makes hostile text safe to show in one line: see display.Clean.
func Clean(s string, limit int) string { return display.Clean(s, limit) }

// Number writes n with a comma between thousands.
func Number[N ~int | ~int64 | ~uint64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural is "1 finding" or "4 findings".
func Plural[N ~int | ~int64 | ~uint64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + one + "s"
}

// Count writes small numbers as words, for the start of a headline: "Seven findings wait".
func Count(n int, one string) string {
	if n == 1 {
		return "One " + one
	}
	return Word(n) + " " + one + "s"
}

// Word writes a small number as a word, for the start of a sentence.
func Word(n int) string {
	words := []string{"No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"}
	if n < 0 || n >= len(words) {
		return Number(n)
	}
	return words[n]
}

// Age says how long something is ago, in its largest unit: 24 min, 15 h, 6 days.
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return Plural(int(d.Hours()/24), "day")
}

// Length says how long something lasts, as a person says it: 24 minutes, 15 hours.
func Length(d time.Duration) string {
	switch {
	case d < 2*time.Second:
		return "a second"
	case d < 2*time.Minute:
		return Plural(int(d.Seconds()), "second")
	case d < 2*time.Hour:
		return Plural(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return Plural(int(d.Hours()), "hour")
	}
	return Plural(int(d.Hours()/24), "day")
}

// Clock knows what time it is for the reader: times are local, 24-hour, with the day when it is
// not today.
type Clock struct {
	Now  time.Time
	Zone *time.Location
}

// At is the time of t, with its day when that is not today: 07:18, Mon 15 June 07:18. A time that is not known
// is a dash.
func (c Clock) At(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	t, now := t.In(c.Zone), c.Now.In(c.Zone)
	switch {
	case sameDay(t, now):
		return t.Format("15:04")
	case now.Sub(t).Abs() < 300*24*time.Hour:
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("2 Jan 2006 15:04")
}

// Second is At to the second, and the day always.
func (c Clock) Second(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.In(c.Zone).Format("2 Jan 2006 15:04:05")
}

// Day is the day of t: Tuesday 16 June.
func (c Clock) Day(t time.Time) string { return t.In(c.Zone).Format("Monday 2 January") }

// Span is from when to when: "02:09 to 02:44 today".
func (c Clock) Span(first, last time.Time) string {
	if first.IsZero() {
		return "no time stated"
	}
	a, b := first.In(c.Zone), last.In(c.Zone)
	today := ""
	if sameDay(a, c.Now.In(c.Zone)) {
		today = " today"
	}
	if b.Sub(a) < time.Minute {
		return c.At(first) + today
	}
	if sameDay(a, b) {
		return c.At(first) + " to " + b.Format("15:04") + today
	}
	return c.At(first) + " to " + c.At(last)
}

// Since is how long t is ago, and "never" when it is not known.
func (c Clock) Since(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return Age(c.Now.Sub(t))
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}
