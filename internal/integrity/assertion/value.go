package assertion

import (
	"math/big"
	"strings"
)

// The types of values.
const (
	typeNumber = "number" // a decimal, perhaps with < > <= >= before it; or two with - or : between them
	typeCode   = "code"
	typeText   = "text"
	typeTime   = "time"
	typeData   = "data" // the SHA-256 of what it is
	typeNone   = "none"
)

// longestNumber bounds the digits of a number, and longestExponent the zeros that an exponent stands for. What is
// longer is text.
const (
	longestNumber   = 64
	longestExponent = 40
)

// number writes a decimal in its normal form: 4.10, +4.1 and 41e-1 are 4.1.
func number(text string) (string, bool) {
	rest, negative := strings.TrimPrefix(text, "+"), false
	if rest == text {
		rest, negative = strings.CutPrefix(text, "-")
	}
	mantissa, exponent, shift := rest, "", 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa, exponent = rest[:i], rest[i+1:]
		var ok bool
		if shift, ok = smallInteger(exponent); !ok {
			return "", false
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || len(digits) > longestNumber || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	point := len(whole) + shift
	if point < 0 {
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	whole, fraction = strings.TrimLeft(digits[:point], "0"), strings.TrimRight(digits[point:], "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

func smallInteger(text string) (n int, ok bool) {
	digits := strings.TrimPrefix(text, "+")
	negative := false
	if digits == text {
		digits, negative = strings.CutPrefix(text, "-")
	}
	if digits == "" || len(digits) > 3 || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, -longestExponent <= n && n <= longestExponent
}

// comparators are what may stand before a number, the longer ones first.
func cutComparator(text string) (comparator, rest string) {
	for _, c := range []string{"<=", ">=", "<", ">"} {
		if rest, ok := strings.CutPrefix(text, c); ok {
			return c, strings.TrimSpace(rest)
		}
	}
	return "", text
}

// measured reads text as a number. Text that no source calls a number must look like one that was written on purpose: 007 and 1e5
// are texts.
func measured(text string, declared bool) (string, bool) {
	comparator, rest := cutComparator(strings.TrimSpace(text))
	n, ok := number(rest)
	if !ok {
		return "", false
	}
	plain := strings.TrimPrefix(rest, "-")
	if !declared && (strings.ContainsAny(plain, "eE+") || len(plain) > 1 && plain[0] == '0' && plain[1] != '.' || plain[0] == '.') {
		return "", false
	}
	return comparator + n, true
}

// value sets type, value and unit of a result. code is what was measured: a table may convert its unit.
func (r *Rules) value(d *draft, kind, text, unit, code, place, unitPlace string) {
	if kind == typeText || kind == typeNumber {
		if n, ok := measured(text, kind == typeNumber); ok {
			kind, text = typeNumber, n
		} else if kind == typeNumber && !isPair(text) {
			kind = typeText
		}
	}
	unit = r.unit(unit)
	if kind == typeNumber {
		text, unit = r.convert(code, text, unit)
	}
	if text == "" {
		kind = typeNone
	}
	d.set(Type, kind, place)
	d.set(Value, text, place)
	d.set(Unit, unit, unitPlace)
}

// pair writes two numbers, of a range or of a ratio, with what stands between them.
func pair(first, between, second string) string {
	for _, n := range []*string{&first, &second} {
		if normal, ok := number(*n); ok {
			*n = normal
		}
	}
	return first + between + second
}

func isPair(text string) bool {
	for _, between := range []string{":", "-", "/", "+"} {
		if a, b, ok := strings.Cut(text, between); ok {
			_, first := number(a)
			_, second := number(b)
			if (first || a == "") && (second || b == "") {
				return true
			}
		}
	}
	return false
}

// convert applies the table of conversions to a number.
func (r *Rules) convert(code, text, unit string) (value, in string) {
	for _, c := range r.Conversions {
		if c.Code != code || c.From != unit {
			continue
		}
		if c.Times == "" && c.By == "" {
			return text, c.To
		}
		comparator, digits := cutComparator(text)
		x, ok := rational(digits)
		if !ok {
			return text, unit
		}
		if times, ok := rational(c.Times); ok {
			x.Mul(x, times)
		}
		if by, ok := rational(c.By); ok && by.Sign() != 0 {
			x.Quo(x, by)
		}
		rounded, _ := number(x.FloatString(c.Places))
		return comparator + rounded, c.To
	}
	return text, unit
}

// rational is a decimal, exactly. The bounds of number keep it small.
func rational(text string) (*big.Rat, bool) {
	normal, ok := number(text)
	if !ok {
		return nil, false
	}
	return new(big.Rat).SetString(normal)
}

// unit is the UCUM name of a unit, or what the source writes when that is not known.
func (r *Rules) unit(spelling string) string {
	spelling = strings.TrimSpace(spelling)
	if ucum, ok := r.Units[spelling]; ok {
		return ucum
	}
	if spelling == "M/uL" { // only a capital M is a million
		return "10*12/L"
	}
	plain := strings.Map(func(c rune) rune {
		switch c {
		case ' ':
			return -1
		case '\u00b5', '\u03bc': // micro sign, Greek mu
			return 'u'
		case '^':
			return '*'
		}
		return c
	}, spelling)
	if ucum := commonUnit(strings.ToLower(plain)); ucum != "" {
		return ucum
	}
	return spelling
}

// commonUnit knows the spellings that laboratories and wards use, in small letters, without blanks, with u for micro and * for to
// the power of. Units that are the same number by another name become one: 10*3/uL is 10*9/L.
func commonUnit(spelling string) string {
	switch spelling {
	case "mmol/l", "umol/l", "nmol/l", "pmol/l", "g/l", "mg/l", "ug/l", "ng/l", "meq/l", "g/dl", "mg/dl", "ug/dl", "ng/dl", "ku/l":
		return spelling[:len(spelling)-1] + "L"
	case "mcg/l":
		return "ug/L"
	case "mcg/dl":
		return "ug/dL"
	case "ng/ml", "pg/ml", "ug/ml", "mg/ml", "ml/min":
		return strings.Replace(spelling, "ml", "mL", 1)
	case "mcg/ml":
		return "ug/mL"
	case "u/l":
		return "U/L"
	case "iu/l", "[iu]/l":
		return "[IU]/L"
	case "miu/l", "m[iu]/l", "uiu/ml", "u[iu]/ml":
		return "m[IU]/L"
	case "mu/l", "uu/ml":
		return "mU/L"
	case "iu/ml", "[iu]/ml":
		return "[IU]/mL"
	case "10*9/l", "10*3/ul", "k/ul", "k/mm3", "x10*3/ul", "x10*9/l", "10*3/mm3", "x10e3/ul", "10e3/ul", "10e9/l", "thou/ul", "thousand/ul", "/nl":
		return "10*9/L"
	case "10*12/l", "10*6/ul", "x10*6/ul", "x10*12/l", "x10e6/ul", "10e6/ul", "10e12/l", "10*6/mm3", "mil/ul", "/pl":
		return "10*12/L"
	case "%", "g", "mg", "kg", "cm", "mm", "m", "min", "d", "pg", "mosm/kg", "mg/g", "mg/kg", "kg/m2", "s", "h", "{score}":
		return spelling
	case "ug", "mcg":
		return "ug"
	case "fl":
		return "fL"
	case "ml", "cc":
		return "mL"
	case "l":
		return "L"
	case "sec", "seconds":
		return "s"
	case "mm/h", "mm/hr":
		return "mm/h"
	case "mmhg", "mm[hg]":
		return "mm[Hg]"
	case "kpa":
		return "kPa"
	case "/min", "bpm", "{beats}/min", "beats/min", "{breaths}/min", "breaths/min", "1/min", "{beats}/minute":
		return "/min"
	case "cel", "degc", "\u00b0c":
		return "Cel"
	case "[degf]", "degf", "\u00b0f":
		return "[degF]"
	case "in", "[in_i]":
		return "[in_i]"
	case "lb", "lbs", "[lb_av]":
		return "[lb_av]"
	case "ml/min/1.73m2", "ml/min/1.73m*2", "ml/min/{1.73_m2}":
		return "mL/min/{1.73_m2}"
	case "tab", "tabs", "tablet", "tablets", "{tbl}", "{tablet}":
		return "{tbl}"
	case "cap", "caps", "capsule", "capsules", "{capsule}":
		return "{capsule}"
	case "u", "units", "unit":
		return "U"
	case "iu", "[iu]":
		return "[IU]"
	}
	return ""
}
