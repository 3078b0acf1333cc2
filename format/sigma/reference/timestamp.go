package reference

import (
	"regexp"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/sigma"
)

// Timestamp is a time as a log writes it, without its zone. These texts are times:
//
//   - yyyy-mm-dd or yyyy/mm/dd; then T, t or a blank; then hh:mm, hh:mm:ss or hh:mm:ss and a
//     fraction after a point or comma; then nothing, or an offset, with a blank before it or
//     not: Z, z, UTC, GMT, or + or - and hh, hhmm or hh:mm. Second 60 is a leap second. The offset
//     changes nothing.
//   - digits, at most 19, with or without a point and more digits: the time since 1970 in
//     UTC; in seconds from 1e8, in milliseconds from 1e11, in microseconds from 1e14, in
//     nanoseconds from 1e17. Smaller numbers are no times. So is /Date(digits)/.
//
// A date that no calendar has is no time.
type Timestamp struct {
	year, month, day, hour, minute int
}

// ParseTimestamp reads a time.
func ParseTimestamp(text string) (Timestamp, bool) {
	if m := regexp.MustCompile(`^/Date\((.+)\)/$`).FindStringSubmatch(text); m != nil {
		return epoch(m[1])
	}
	m := regexp.MustCompile(`^(\d{4})([-/])(\d\d)([-/])(\d\d)[Tt ](\d\d):(\d\d)(:(\d\d)([.,]\d+)?)? ?(Z|z|UTC|GMT|[+-](\d\d)(:?(\d\d))?)?$`).FindStringSubmatch(text)
	if m == nil {
		return epoch(text)
	}
	n := func(group int) int { i, _ := strconv.Atoi(m[group]); return i }
	t := Timestamp{n(1), n(3), n(5), n(6), n(7)}
	date := time.Date(t.year, time.Month(t.month), t.day, 0, 0, 0, 0, time.UTC)
	ok := m[2] == m[4] && t.month >= 1 && t.month <= 12 && date.Day() == t.day &&
		t.hour <= 23 && t.minute <= 59 && n(9) <= 60 && n(12) <= 23 && n(14) <= 59
	return t, ok
}

func epoch(text string) (Timestamp, bool) {
	m := regexp.MustCompile(`^(\d{1,19})(\.\d+)?$`).FindStringSubmatch(text)
	if m == nil {
		return Timestamp{}, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	var t time.Time
	switch {
	case err != nil || n < 1e8:
		return Timestamp{}, false
	case n < 1e11:
		t = time.Unix(n, 0)
	case n < 1e14:
		t = time.UnixMilli(n)
	case n < 1e17:
		t = time.UnixMicro(n)
	default:
		t = time.Unix(0, n)
	}
	t = t.UTC()
	return Timestamp{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute()}, true
}

func (t Timestamp) part(p sigma.TimePart) int {
	switch p {
	case sigma.Minute:
		return t.minute
	case sigma.Hour:
		return t.hour
	case sigma.Day:
		return t.day
	case sigma.Week:
		_, week := time.Date(t.year, time.Month(t.month), t.day, 0, 0, 0, 0, time.UTC).ISOWeek()
		return week
	case sigma.Month:
		return t.month
	default:
		return t.year
	}
}
