package dfa

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// run is characters of one class in a row that every match holds, such as the 64 digits of [0-9a-f]{64}. Of a text
// only every 64th byte has to be looked at to see that there is no such run.
type run struct {
	of     [256]bool // bytes of the class; all from 0x80 on when it has such characters, so that a few too many are found
	length int       // in characters; so many bytes it has at least
	whole  bool      // the expression is this run and nothing else
	plain  bool      // escapes of JSON do not make it shorter, but for those by number
}

// shortestRun is how long a run must be to be worth looking for.
const shortestRun = 8

// longestRun finds the longest run that each match of re holds; its length is 0 when there is none.
func longestRun(re *syntax.Regexp) run {
	switch re.Op {
	case syntax.OpRepeat:
		if of, ok := bytesOf(re.Sub[0]); ok {
			return run{of: of, length: re.Min, whole: re.Max < 0 || re.Max >= re.Min}
		}
		if re.Min > 0 {
			return part(longestRun(re.Sub[0]))
		}
	case syntax.OpPlus:
		return part(longestRun(re.Sub[0]))
	case syntax.OpCapture:
		return longestRun(re.Sub[0])
	case syntax.OpConcat:
		var longest run
		for _, sub := range re.Sub {
			if r := part(longestRun(sub)); r.length > longest.length {
				longest = r
			}
		}
		return longest
	}
	return run{}
}

// part is a run that is not all of the expression.
func part(r run) run {
	r.whole = false
	return r
}

// bytesOf lists the bytes of a class of characters.
func bytesOf(re *syntax.Regexp) (of [256]bool, ok bool) {
	ranges := re.Rune
	switch re.Op {
	case syntax.OpCharClass:
	case syntax.OpAnyCharNotNL:
		ranges = []rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune}
	default:
		return of, false
	}
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := ranges[i]; c <= min(ranges[i+1], 0xff); c++ {
			of[c] = c < utf8.RuneSelf
		}
		if ranges[i+1] >= utf8.RuneSelf {
			for c := utf8.RuneSelf; c < 256; c++ {
				of[c] = true
			}
			break
		}
	}
	return of, true
}

// staysLong tells whether a run of these bytes is as long in JSON, where some characters are written as a
// backslash and a letter: for each of those in the class both have to be.
func staysLong(of *[256]bool) bool {
	const characters, letters = "\"\\\b\f\n\r\t", `"\bfnrt`
	for i := range len(characters) {
		if of[characters[i]] && !(of['\\'] && of[letters[i]]) {
			return false
		}
	}
	return true
}

// RulesOut tells from the inside of a JSON string, in which no character is escaped by its number, that the
// text it stands for does not match.
func (r *Regexp) RulesOut(raw []byte) bool {
	if r.run.length == 0 || !r.run.plain {
		return false
	}
	found, _ := r.run.in(raw)
	return !found
}

// in looks for the run in text. It is certain when the characters found are ASCII.
func (r *run) in(text []byte) (found, certain bool) {
	for from := 0; from+r.length <= len(text); {
		at := from + r.length - 1
		for certain = true; at >= from && r.of[text[at]]; at-- {
			certain = certain && text[at] < utf8.RuneSelf
		}
		if at < from {
			return true, certain
		}
		from = at + 1
	}
	return false, true
}
