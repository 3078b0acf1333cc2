package hl7

import "time"

// ParseTime reads a time stamp, YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ] (section 2.A.22 and
// 2.A.76). What is left out is the beginning of the year, month, day ... zoned tells
// whether the text states its offset; without one the clock is read as UTC.
func ParseTime(text string) (t time.Time, zoned, ok bool) {
	digits := text
	var offset time.Duration
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '+' || c == '-' {
			if offset, ok = parseOffset(text[i:]); !ok {
				return time.Time{}, false, false
			}
			digits, zoned = text[:i], true
			break
		}
	}
	digits, nanos, ok := fraction(digits)
	if !ok || len(digits) < 4 || len(digits) > 14 || len(digits)%2 != 0 {
		return time.Time{}, false, false
	}
	parts := [6]int{0, 1, 1, 0, 0, 0}
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return time.Time{}, false, false
		}
	}
	parts[0] = pair(digits)*100 + pair(digits[2:])
	for i := 4; i < len(digits); i += 2 {
		parts[i/2-1] = pair(digits[i:])
	}
	if parts[3] > 23 || parts[4] > 59 || parts[5] > 60 {
		return time.Time{}, false, false
	}
	t = time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], nanos, time.UTC)
	if want := time.Date(parts[0], time.Month(parts[1]), parts[2], 0, 0, 0, 0, time.UTC); parts[1] < 1 || want.Day() != parts[2] || int(want.Month()) != parts[1] {
		return time.Time{}, false, false
	}
	return t.Add(-offset), zoned, true
}

// fraction cuts .S[S[S[S]]] off a full time.
func fraction(text string) (digits string, nanos int, ok bool) {
	if len(text) < 15 {
		return text, 0, true
	}
	if text[14] != '.' || len(text) < 16 || len(text) > 24 {
		return "", 0, false
	}
	scale := int(time.Second)
	for i := 15; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return "", 0, false
		}
		scale /= 10
		nanos += int(text[i]-'0') * scale
	}
	return text[:14], nanos, true
}

func parseOffset(text string) (time.Duration, bool) {
	if len(text) != 5 {
		return 0, false
	}
	for i := 1; i < 5; i++ {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	hours, minutes := pair(text[1:]), pair(text[3:])
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if text[0] == '-' {
		offset = -offset
	}
	return offset, hours < 24 && minutes < 60
}

func pair(digits string) int { return int(digits[0]-'0')*10 + int(digits[1]-'0') }
