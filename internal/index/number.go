package index

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// VictoriaLogs keeps a block of values that all look like numbers, addresses or times in binary, and does not
// keep how they were written: 1.10 comes back as 1.1, 26.744980 as 26.744979999999998, 1_000 as 1000. Whether it does
// depends on which rows lie in a block, so that the same question could be answered in two ways. A value that
// would not come back as it was is therefore kept with a mark that makes it a text: a plus before it, or a
// zero behind its minus. Words and ranges of numbers still find it.

// keep is how a value is kept.
func keep(v string) string {
	if !fragile(bare(v)) {
		return v
	}
	if v[0] == '-' {
		return "-0" + v[1:]
	}
	return "+" + v
}

// kept is the value that is kept as s.
func kept(s string) string {
	core := bare(s)
	if core == s || !fragile(core) {
		return s
	}
	if s[0] == '-' {
		return "-" + s[2:]
	}
	return s[1:]
}

// bare is v without any marks, those of the sender's own included.
func bare(v string) string {
	switch {
	case v == "":
	case v[0] == '+':
		return strings.TrimLeft(v, "+")
	case v[0] == '-':
		for len(v) > 2 && v[1] == '0' && isDigit(v[2]) {
			v = "-" + v[2:]
		}
	}
	return v
}

// isDigit takes an underscore for one, as VictoriaLogs does: 1_000 is a number, and so is _ alone.
func isDigit(c byte) bool { return '0' <= c && c <= '9' || c == '_' }

const (
	longestNumber = len("-18_446_744_073_709_551_615")
	isoTime       = "2006-01-02T15:04:05.000Z"
)

// fragile tells whether v may not come back as it was.
func fragile(v string) bool {
	digits := strings.TrimPrefix(v, "-")
	if digits == "" || len(v) > longestNumber || !isDigit(digits[0]) {
		return false
	}
	if len(v) == len(isoTime) && v[len(v)-1] == 'Z' {
		t, err := time.Parse(isoTime, v)
		return err != nil || t.Format(isoTime) != v
	}
	dots := 0
	for i, c := range []byte(v) {
		switch {
		case c == '.':
			dots++
		case !isDigit(c) && c != '_' && (c != '-' || i > 0):
			return false
		}
	}
	if strings.IndexByte(v, '_') >= 0 {
		return true
	}
	switch dots {
	case 0:
		return v == "-0"
	case 1:
		return fragileDecimal(v)
	case 3:
		return fragileAddress(v)
	}
	return false
}

// fragileDecimal reads a decimal fraction as VictoriaLogs does, which is not to the last bit, and looks whether it
// is written back in the same way.
func fragileDecimal(v string) bool {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(v, "-"), ".")
	n, err := strconv.ParseUint(whole, 10, 64)
	if err != nil {
		return true
	}
	part, err := strconv.ParseUint(fraction, 10, 64)
	if err != nil {
		return true
	}
	f := math.FMA(float64(part), math.Pow10(-len(fraction)), float64(n))
	if v[0] == '-' {
		f = -f
	}
	return strconv.FormatFloat(f, 'f', -1, 64) != v
}

// fragileAddress looks for leading zeros.
func fragileAddress(v string) bool {
	for octet := range strings.SplitSeq(v, ".") {
		if len(octet) > 1 && octet[0] == '0' {
			return true
		}
	}
	return false
}
