package zeek

import (
	"bytes"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/format/jsonl"
)

// appendScalar appends one value. What is not of its declared kind stays text: the
// sender's word is kept rather than refused.
func appendScalar(dst []byte, k kind, cell []byte) []byte {
	switch k {
	case boolean:
		switch string(cell) {
		case "T":
			return append(dst, "true"...)
		case "F":
			return append(dst, "false"...)
		}
	case number:
		if isNumber(cell) {
			return appendNumber(dst, cell)
		}
		if isNotFinite(cell) {
			return append(dst, "null"...) // as Zeek's JSON writer does
		}
	case moment:
		if t, ok := ParseTime(cell); ok {
			dst = append(dst, '"')
			dst = t.AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
			return append(dst, '"')
		}
	}
	return appendText(dst, cell)
}

// appendNumber appends a number with the shortest digits of its worth, as JSON writers
// do: the ASCII writer pads intervals with zeros and writes large numbers with exponents.
func appendNumber(dst, s []byte) []byte {
	if bytes.IndexByte(s, 'e') < 0 {
		if point := bytes.IndexByte(s, '.'); point >= 0 {
			s = s[:max(point+2, len(bytes.TrimRight(s, "0")))]
		}
		return append(dst, s...)
	}
	v, err := strconv.ParseFloat(string(s), 64)
	if err != nil {
		return append(dst, s...) // beyond a float64, and still a JSON number
	}
	form := byte('e')
	if a := math.Abs(v); a >= 1e-6 && a < 1e21 {
		form = 'f'
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, v, form, -1, 64)
	if form == 'f' && bytes.IndexByte(dst[from:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst
}

// ParseTime reads seconds since 1970, as logs carry them in ts, to the nanosecond, or to the
// microsecond when they are written with an exponent. It reports false for
// anything else and for years beyond 9999.
func ParseTime(s []byte) (time.Time, bool) {
	if bytes.IndexByte(s, 'e') > 0 && isNumber(s) {
		return parseFloatTime(s)
	}
	whole, frac, _ := bytes.Cut(s, []byte("."))
	sec, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || len(frac) > 9 || whole[0] == '+' || sec > lastSecond || sec < firstSecond {
		return time.Time{}, false
	}
	nsec := int64(0)
	for i := range 9 {
		nsec *= 10
		if i >= len(frac) {
			continue
		}
		if frac[i]-'0' > 9 {
			return time.Time{}, false
		}
		nsec += int64(frac[i] - '0')
	}
	if whole[0] == '-' {
		nsec = -nsec
	}
	return time.Unix(sec, nsec).UTC(), true
}

// The years 1 to 9999, which four digits can write.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

func parseFloatTime(s []byte) (time.Time, bool) {
	v, err := strconv.ParseFloat(string(s), 64)
	if err != nil || v > lastSecond || v < firstSecond {
		return time.Time{}, false
	}
	sec := math.Floor(v)
	return time.Unix(int64(sec), int64(math.Round((v-sec)*1e6))*1000).UTC(), true
}

// isNumber tells whether s is a JSON number (RFC 8259 section 6).
func isNumber(s []byte) bool {
	s = bytes.TrimPrefix(s, []byte("-"))
	n := digits(s)
	if n == 0 || n > 1 && s[0] == '0' {
		return false
	}
	s = s[n:]
	if len(s) > 0 && s[0] == '.' {
		if n = digits(s[1:]); n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if len(s) > 0 && s[0]|0x20 == 'e' {
		s = s[1:]
		if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n = digits(s)
		return n > 0 && n == len(s)
	}
	return len(s) == 0
}

func digits(s []byte) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}

func isNotFinite(s []byte) bool {
	switch string(bytes.TrimPrefix(s, []byte("-"))) {
	case "nan", "inf":
		return true
	}
	return false
}

// appendText appends a string whose escapes are undone, then written as Zeek's JSON writer
// writes bytes: text as it is, and control characters and bytes that are not
// UTF-8 as the four characters \xNN.
func appendText(dst, cell []byte) []byte {
	if bytes.IndexByte(cell, '\\') < 0 && isPlain(cell) {
		return jsonl.AppendString(dst, cell)
	}
	dst = append(dst, '"')
	for len(cell) > 0 {
		// The length of a character is not known before its bytes are unescaped.
		var raw [utf8.UTFMax]byte
		var from [utf8.UTFMax]int // how far cell is read after each byte of raw
		n, at := 0, 0
		for n < len(raw) && at < len(cell) && (n == 0 || raw[0] >= utf8.RuneSelf) {
			c, size := nextByte(cell[at:])
			at += size
			raw[n], from[n] = c, at
			n++
		}
		r, size := utf8.DecodeRune(raw[:n])
		if r == utf8.RuneError && size == 1 {
			dst = appendHex(dst, raw[0])
		} else {
			dst = appendRune(dst, r)
		}
		cell = cell[from[size-1]:]
	}
	return append(dst, '"')
}

// isPlain tells whether s holds nothing that Zeek's JSON writer spells out.
func isPlain(s []byte) bool {
	for _, c := range s {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

func appendRune(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if r < ' ' || r == 0x7f {
		return appendHex(dst, byte(r))
	}
	return utf8.AppendRune(dst, r)
}

func appendHex(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', '\\', 'x', hex[c>>4], hex[c&15])
}

// unescape undoes \xNN and \\.
func unescape(dst, s []byte) []byte {
	for len(s) > 0 {
		c, size := nextByte(s)
		dst = append(dst, c)
		s = s[size:]
	}
	return dst
}

// nextByte returns the first byte that s stands for and how much of s it took.
func nextByte(s []byte) (c byte, size int) {
	if s[0] != '\\' || len(s) < 2 {
		return s[0], 1
	}
	if s[1] == '\\' {
		return '\\', 2
	}
	if s[1] == 'x' && len(s) >= 4 {
		if hi, lo := nibble(s[2]), nibble(s[3]); hi < 16 && lo < 16 {
			return hi<<4 | lo, 4
		}
	}
	return '\\', 1
}

func nibble(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}
