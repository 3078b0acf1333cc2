// Package jcs writes records in JSON in one way only, so that two systems which hold the same record can see
// that it is the same, whatever blanks and order each of them writes it with.
//
// The way is the JSON Canonicalization Scheme (RFC 8785): no white space, names in the order of their UTF-16 code units, strings
// with as few escapes as can be, numbers as ECMAScript writes IEEE 754 doubles.
//
//	{ "b": 4.50, "a": "\u20ac", "c": [1E2, -0] }
//	{"a":"€","b":4.5,"c":[100,0]}
//
// That last rule loses what medicine keeps: 4.50 was measured to two places, 4.5 to one. AppendDecText therefore does all
// of the same and leaves numbers as they were written:
//
//	{"a":"€","b":4.50,"c":[1E2,-0]}
//
// What is no I-JSON (RFC 7493) is refused and never repaired, for two readers could take it for two different things: names that
// stand twice in an object, halves of surrogate pairs, bytes that are not UTF-8, numbers beyond the doubles. Only
// the code points that are no characters (RFC 7493 2.1) pass, as RFC 8785 asks.
package jcs

import "fmt"

// Limits bounds what one text may cost.
type Limits struct {
	Bytes  int
	Depth  int // nesting of objects and arrays
	Values int // of all kinds, containers included
}

// DefaultLimits leave room for bundles and for documents carried in one string.
func DefaultLimits() Limits { return Limits{Bytes: 16 << 20, Depth: 128, Values: 1 << 20} }

// Error says where a text cannot be read and why, without quoting it.
type Error struct {
	Offset int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("jcs: at byte %d: %s", e.Offset, e.Reason) }

// Append appends the canonical form of a text, which is one JSON value. Its error is an *Error, and dst comes back as it was.
func Append(dst, text []byte, lim Limits) ([]byte, error) {
	v, err := Parse(text, lim)
	if err != nil {
		return dst, err
	}
	return v.Append(dst), nil
}

// AppendDecText is Append, but for numbers, which keep the digits they were written with: the form "jcs+dectext".
func AppendDecText(dst, text []byte, lim Limits) ([]byte, error) {
	v, err := Parse(text, lim)
	if err != nil {
		return dst, err
	}
	return v.AppendDecText(dst), nil
}
