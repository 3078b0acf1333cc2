package jcs

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// ErrNumber says that a number has no form in JSON.
var ErrNumber = errors.New("jcs: not a finite number")

// AppendNumber appends f as ECMAScript writes it (RFC 8785 3.2.2.3, ECMA-262 Number::toString). NaN and the infinities
// are refused with ErrNumber.
func AppendNumber(dst []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, ErrNumber
	}
	if f == 0 {
		return append(dst, '0'), nil // also for minus zero
	}
	if size := math.Abs(f); 1e-6 <= size && size < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64), nil
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); n-start > 4 && dst[n-4] == 'e' && dst[n-2] == '0' { // Go pads the exponent: 1e-07
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst, nil
}

// shortInteger is how many digits a whole number may have that certainly has a double of its own, and so stays as it is.
const shortInteger = 15

// appendES6 appends a number that the parser has accepted.
func appendES6(dst []byte, text string) []byte {
	if len(text) <= shortInteger && text != "-0" && !strings.ContainsAny(text, ".eE") {
		return append(dst, text...)
	}
	f, _ := strconv.ParseFloat(text, 64)
	out, err := AppendNumber(dst, f)
	if err != nil {
		panic("wardline: internal error: a number that no parser let through")
	}
	return out
}

// longestFinite is the length up to which digits without an exponent are always less than the largest double.
const longestFinite = 300

// finite tells whether a number is none that becomes infinite as a double.
func finite(text string) bool {
	if len(text) <= longestFinite && !strings.ContainsAny(text, "eE") {
		return true
	}
	f, _ := strconv.ParseFloat(text, 64)
	return !math.IsInf(f, 0)
}

// number reads a number (RFC 8259 section 6) from p on, and returns where it ends, or why it is none.
func number(text string, p int) (end int, reason string) {
	if p < len(text) && text[p] == '-' {
		p++
	}
	from := p
	if p = digits(text, p); p == from {
		return p, "value expected"
	}
	if text[from] == '0' && p > from+1 {
		return from + 1, "a number begins with a zero"
	}
	if p < len(text) && text[p] == '.' {
		from = p + 1
		if p = digits(text, from); p == from {
			return p, "digit expected after the point"
		}
	}
	if p < len(text) && text[p]|0x20 == 'e' {
		if p++; p < len(text) && (text[p] == '+' || text[p] == '-') {
			p++
		}
		from = p
		if p = digits(text, from); p == from {
			return p, "digit expected in the exponent"
		}
	}
	return p, ""
}

func digits(text string, p int) int {
	for p < len(text) && text[p]-'0' <= 9 {
		p++
	}
	return p
}
