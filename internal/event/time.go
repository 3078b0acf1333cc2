package event

import "time"

// ParseTime reads the times that logs carry, as UTC, and allocates nothing:
//
//   - RFC 3339 and its relatives: a blank instead of T, minutes without seconds, a fraction of
//     any length after a point or comma (nine digits count), offsets Z, +hh:mm, +hhmm, +hh,
//     UTC, or none, which is read as UTC;
//   - numbers since 1970, with or without a fraction: seconds, or milli-, micro- or
//     nanoseconds, told apart by their size;
//   - /Date(milliseconds)/, as Windows PowerShell writes it.
//
// Anything else, and a date that no calendar has, is false.
func ParseTime(b []byte) (time.Time, bool) {
	if len(b) > 8 && string(b[:6]) == "/Date(" && string(b[len(b)-2:]) == ")/" {
		return parseEpoch(b[6 : len(b)-2])
	}
	if len(b) >= 16 && (b[4] == '-' || b[4] == '/') {
		return parseDate(b)
	}
	return parseEpoch(b)
}

// parseDate reads yyyy-mm-dd hh:mm[:ss[.fraction]][offset].
func parseDate(b []byte) (time.Time, bool) {
	year, ok1 := twoPairs(b)
	month, ok2 := pair(b[5:])
	day, ok3 := pair(b[8:])
	hour, ok4 := pair(b[11:])
	minute, ok5 := pair(b[14:])
	if !(ok1 && ok2 && ok3 && ok4 && ok5) || b[7] != b[4] || b[13] != ':' || b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return time.Time{}, false
	}
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 {
		return time.Time{}, false
	}
	b = b[16:]
	second, nanos := 0, 0
	if len(b) > 0 && b[0] == ':' {
		var ok bool
		if second, nanos, b, ok = parseSecond(b[1:]); !ok {
			return time.Time{}, false
		}
	}
	offset, ok := parseOffset(b)
	if !ok {
		return time.Time{}, false
	}
	if day > daysIn(year, month) { // 31 February
		return time.Time{}, false
	}
	seconds := int64(daysBefore(year, month)+day-1)*86400 + int64(hour*3600+minute*60+second)
	return time.Unix(seconds, int64(nanos)).Add(-offset).UTC(), true
}

func daysIn(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}

// daysBefore counts the days from 1970-01-01 to the first of a month, by years that begin in March, so that the day
// that some have comes last.
func daysBefore(year, month int) int {
	year += 400 // none is below zero
	if month < 3 {
		year, month = year-1, month+12
	}
	const march1970 = 719468 + 146097 // days from March of year 0, and of 400 years
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 - march1970
}

// parseSecond reads ss[.fraction] and returns what follows. Second 60 is a leap second.
func parseSecond(b []byte) (second, nanos int, rest []byte, ok bool) {
	second, ok = pair(b)
	if !ok || second > 60 {
		return 0, 0, nil, false
	}
	b = b[2:]
	if len(b) < 2 || b[0] != '.' && b[0] != ',' {
		return second, 0, b, true
	}
	nanos, n := fraction(b[1:])
	return second, nanos, b[1+n:], n > 0
}

// fraction reads the digits after a point as billionths and tells how many there were.
func fraction(b []byte) (nanos, digits int) {
	scale := int(time.Second)
	for digits < len(b) && isDigit(b[digits]) {
		if scale > 1 {
			scale /= 10
			nanos += int(b[digits]-'0') * scale
		}
		digits++
	}
	return nanos, digits
}

func parseOffset(b []byte) (time.Duration, bool) {
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	switch string(b) {
	case "", "Z", "z", "UTC", "GMT":
		return 0, true
	}
	if b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, ok := pair(b[1:])
	minutes := 0
	if ok && len(b) > 3 {
		rest := b[3:]
		if rest[0] == ':' {
			rest = rest[1:]
		}
		minutes, ok = pair(rest)
		ok = ok && len(rest) == 2
	}
	if !ok || hours > 23 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// parseEpoch reads a number since 1970. Below 1973 as seconds it is not believed: small
// numbers in a field called ts are counters.
func parseEpoch(b []byte) (time.Time, bool) {
	var n int64
	digits := 0
	for digits < len(b) && digits < 19 && isDigit(b[digits]) {
		n = n*10 + int64(b[digits]-'0')
		digits++
	}
	nanos := 0
	if rest := b[digits:]; len(rest) > 1 && rest[0] == '.' {
		f, count := fraction(rest[1:])
		if count != len(rest)-1 {
			return time.Time{}, false
		}
		nanos = f
	} else if len(rest) > 0 {
		return time.Time{}, false
	}
	switch {
	case n < 1e8:
		return time.Time{}, false
	case n < 1e11:
		return time.Unix(n, int64(nanos)).UTC(), true
	case n < 1e14:
		return time.Unix(n/1e3, n%1e3*1e6+int64(nanos)/1e3).UTC(), true
	case n < 1e17:
		return time.Unix(n/1e6, n%1e6*1e3+int64(nanos)/1e6).UTC(), true
	default:
		return time.Unix(0, n).UTC(), true
	}
}

func twoPairs(b []byte) (int, bool) {
	high, ok1 := pair(b)
	low, ok2 := pair(b[2:])
	return high*100 + low, ok1 && ok2
}

// pair reads two digits.
func pair(b []byte) (int, bool) {
	if len(b) < 2 || !isDigit(b[0]) || !isDigit(b[1]) {
		return 0, false
	}
	return int(b[0]-'0')*10 + int(b[1]-'0'), true
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// InZone reads the clock that t shows as one at a place. In autumn an hour shows twice: the nearer to near is taken, such as
// the moment at which the clock time was received, or the earlier when near is zero. The hour that is left out in spring is read as if
// the clock had not been moved yet. A nil zone is UTC.
func InZone(t time.Time, zone *time.Location, near time.Time) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	read := time.Date(year, month, day, hour, minute, second, t.Nanosecond(), zone)
	_, before := read.Add(-12 * time.Hour).Zone()
	_, after := read.Add(12 * time.Hour).Zone()
	if before <= after {
		return read.UTC()
	}
	clock := time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)
	earlier, later := clock.Add(-time.Duration(before)*time.Second), clock.Add(-time.Duration(after)*time.Second)
	if !shows(earlier, zone, clock) || !shows(later, zone, clock) {
		return read.UTC()
	}
	if !near.IsZero() && near.Sub(later).Abs() < near.Sub(earlier).Abs() {
		return later
	}
	return earlier
}

// shows tells whether a clock in zone shows clock at t.
func shows(t time.Time, zone *time.Location, clock time.Time) bool {
	_, offset := t.In(zone).Zone()
	return t.Add(time.Duration(offset) * time.Second).Equal(clock)
}
