package jcs

import (
	"cmp"
	"slices"
)

// Kind is the JSON type of a value.
type Kind uint8

// The JSON types (RFC 8259 section 3).
const (
	Null Kind = iota
	False
	True
	Number
	String
	Array
	Object
)

// Value is one JSON value with all that it holds. Members may be taken away and values replaced before
// it is written.
type Value struct {
	Kind    Kind
	Text    string   // of a String without its escapes, of a Number as written
	Members []Member // of an Object by name, in canonical order; of an Array in its own order, without names
}

// Member is a value and the name by which an object holds it.
type Member struct {
	Name string
	Value
}

// Member returns the member of that name, nil when v has none.
func (v *Value) Member(name string) *Value {
	if v.Kind != Object {
		return nil
	}
	const few = 32 // are looked through sooner than searched
	if len(v.Members) > few {
		i, ok := slices.BinarySearchFunc(v.Members, name, func(m Member, name string) int { return compareUTF16(m.Name, name) })
		if !ok {
			return nil
		}
		return &v.Members[i].Value
	}
	for i := range v.Members {
		if v.Members[i].Name == name {
			return &v.Members[i].Value
		}
	}
	return nil
}

// NumberOf returns the number of that text. ok tells whether it is one (RFC 8259 section 6) that a double can come near.
func NumberOf(text string) (v Value, ok bool) {
	if end, reason := number(text, 0); reason != "" || end != len(text) || !finite(text) {
		return Value{}, false
	}
	return Value{Kind: Number, Text: text}, true
}

// ObjectOf returns an object of members, which it puts in order. ok tells that no name stands twice.
func ObjectOf(members []Member) (v Value, ok bool) {
	if !order(members) {
		return Value{}, false
	}
	return Value{Kind: Object, Members: members}, true
}

// order sorts members by name, and tells whether no name stands twice.
func order(members []Member) bool {
	sorted := true
	for i := 1; i < len(members) && sorted; i++ {
		sorted = compareUTF16(members[i-1].Name, members[i].Name) < 0
	}
	if sorted {
		return true
	}
	slices.SortFunc(members, func(a, b Member) int { return compareUTF16(a.Name, b.Name) })
	for i := 1; i < len(members); i++ {
		if members[i-1].Name == members[i].Name {
			return false
		}
	}
	return true
}

// compareUTF16 compares as RFC 8785 3.2.3 asks: by UTF-16 code units. For UTF-8 that is the order of bytes, but for characters
// beyond U+FFFF (from 0xF0 on): their surrogates come before U+E000 (from 0xEE on).
func compareUTF16(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if x, y := a[i], b[i]; x != y {
			if x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0) {
				return cmp.Compare(y, x)
			}
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}

// Append appends v as RFC 8785 writes it.
func (v *Value) Append(dst []byte) []byte { return v.append(dst, appendES6) }

// AppendDecText appends v as "jcs+dectext" has it: numbers keep the digits they were written with.
func (v *Value) AppendDecText(dst []byte) []byte {
	return v.append(dst, func(dst []byte, text string) []byte { return append(dst, text...) })
}

// append appends v, and its numbers by way of number.
func (v *Value) append(dst []byte, number func([]byte, string) []byte) []byte {
	switch v.Kind {
	case False:
		return append(dst, "false"...)
	case True:
		return append(dst, "true"...)
	case Number:
		return number(dst, v.Text)
	case String:
		return appendString(dst, v.Text)
	case Array:
		dst = append(dst, '[')
		for i := range v.Members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.Members[i].append(dst, number)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i := range v.Members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, v.Members[i].Name), ':')
			dst = v.Members[i].append(dst, number)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

const hexDigits = "0123456789abcdef"

// appendString appends s in quotes (RFC 8785 3.2.2.2).
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = appendEscape(append(dst, s[start:i]...), c)
		start = i + 1
	}
	return append(append(dst, s[start:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\t':
		return append(dst, `\t`...)
	case '\n':
		return append(dst, `\n`...)
	case '\f':
		return append(dst, `\f`...)
	case '\r':
		return append(dst, `\r`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
