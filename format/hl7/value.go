package hl7

import (
	"bytes"
	"encoding/hex"
	"iter"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/charset"
)

// Fields counts the fields of s, as the standard numbers them.
func (m *Message) Fields(s Segment) int {
	n := bytes.Count(s.Text, []byte{m.Field})
	if isBatchHeader(s) {
		n++ // the separator itself is field 1
	}
	return n
}

// FieldText returns field n of s, from 1, as written. Field 1 of MSH is the field separator
// and field 2 the other delimiters (section 2.15.9.1).
func (m *Message) FieldText(s Segment, n int) ([]byte, bool) {
	if n < 1 {
		return nil, false
	}
	if !isBatchHeader(s) {
		return part(s.Text, m.Field, n)
	}
	if n == 1 {
		return s.Text[3:4], true
	}
	return part(s.Text, m.Field, n-1)
}

// AllFields yields the fields of s with their numbers, as FieldText returns them one by one.
func (m *Message) AllFields(s Segment) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		n := 0
		if isBatchHeader(s) {
			if n++; !yield(n, s.Text[3:4]) {
				return
			}
		}
		separator := []byte{m.Field}
		_, rest, more := bytes.Cut(s.Text, separator)
		for more && m.Field != 0 {
			var field []byte
			field, rest, more = bytes.Cut(rest, separator)
			if n++; !yield(n, field) {
				return
			}
		}
	}
}

// isBatchHeader tells the segments that state their own delimiters, and do.
func isBatchHeader(s Segment) bool {
	if len(s.Text) < 4 || !isDelimiter(s.Text[3]) {
		return false
	}
	switch s.Name() {
	case "MSH", "FHS", "BHS":
		return true
	}
	return false
}

// Repetitions counts the repetitions of a field as written; an empty one has one.
func (d *Delimiters) Repetitions(field []byte) int { return parts(field, d.Repetition) }

// RepetitionText returns repetition n, from 1, of a field as written.
func (d *Delimiters) RepetitionText(field []byte, n int) ([]byte, bool) {
	return part(field, d.Repetition, n-1)
}

// Components counts the components of a repetition as written.
func (d *Delimiters) Components(repetition []byte) int { return parts(repetition, d.Component) }

// ComponentText returns component n, from 1, of a repetition as written.
func (d *Delimiters) ComponentText(repetition []byte, n int) ([]byte, bool) {
	return part(repetition, d.Component, n-1)
}

// SubcomponentText returns subcomponent n, from 1, of a component as written.
func (d *Delimiters) SubcomponentText(component []byte, n int) ([]byte, bool) {
	return part(component, d.Subcomponent, n-1)
}

func parts(text []byte, separator byte) int {
	if separator == 0 {
		return 1
	}
	return bytes.Count(text, []byte{separator}) + 1
}

// part returns piece n, from 0, of text.
func part(text []byte, separator byte, n int) ([]byte, bool) {
	if n < 0 || separator == 0 && n > 0 {
		return nil, false
	}
	for ; ; n-- {
		i := -1
		if separator != 0 {
			i = bytes.IndexByte(text, separator)
		}
		switch {
		case n == 0 && i < 0:
			return text, true
		case n == 0:
			return text[:i], true
		case i < 0:
			return nil, false
		}
		text = text[i+1:]
	}
}

// Get looks a value up by its place: PID-3.1 is component 1 of field 3 of the first PID. Full form:
//
//	OBX[2]-5[3].1.2
//
// is subcomponent 2 of component 1 of the third repetition of field 5 of the second OBX. What is
// left out is the first, so that a value stays where it was when a later version of the standard
// gives it parts. Its escapes are undone (section 2.7). ok tells whether the place exists; one that
// is not written so does not.
func (m *Message) Get(place string) (value string, ok bool) {
	p, ok := parsePlace(place)
	if !ok {
		return "", false
	}
	s, ok := m.Segment(p.segment, p.occurrence)
	if !ok {
		return "", false
	}
	text, ok := m.FieldText(s, p.field)
	if !ok {
		return "", false
	}
	if p.field <= 2 && isBatchHeader(s) { // the delimiters themselves
		return string(text), p.repetition == 1 && p.component == 1 && p.subcomponent == 1
	}
	if text, ok = m.RepetitionText(text, p.repetition); ok {
		if text, ok = m.ComponentText(text, p.component); ok {
			text, ok = m.SubcomponentText(text, p.subcomponent)
		}
	}
	return string(m.Unescape(nil, text)), ok
}

// place is what Get is asked for.
type place struct {
	segment                                                string
	occurrence, field, repetition, component, subcomponent int
}

func parsePlace(text string) (place, bool) {
	name, rest, ok := strings.Cut(text, "-")
	p := place{occurrence: 1, repetition: 1, component: 1, subcomponent: 1}
	if !ok {
		return place{}, false
	}
	name, ok1 := cutIndex(name, &p.occurrence)
	p.segment = name
	field, rest, deeper := strings.Cut(rest, ".")
	field, ok2 := cutIndex(field, &p.repetition)
	ok3 := number(field, &p.field)
	if !ok1 || !ok2 || !ok3 || len(name) != 3 {
		return place{}, false
	}
	if !deeper {
		return p, true
	}
	component, sub, deeper := strings.Cut(rest, ".")
	return p, number(component, &p.component) && (!deeper || number(sub, &p.subcomponent))
}

// cutIndex takes [n] off the end of text.
func cutIndex(text string, n *int) (string, bool) {
	before, index, ok := strings.Cut(text, "[")
	if !ok {
		return text, true
	}
	index, ok = strings.CutSuffix(index, "]")
	return before, ok && number(index, n)
}

func number(text string, n *int) bool {
	v, err := strconv.ParseUint(text, 10, 16)
	*n = int(v)
	return err == nil && v > 0
}

// longestEscape bounds the search for the end of an escape sequence.
const longestEscape = 1 << 10

// Unescape appends a lowest value with its escape sequences undone: delimiters, \X..\ hexadecimal
// data in the message's character set, line breaks; highlighting is dropped. Sequences of other kinds
// stay as they are (section 2.7.1), and so do single escape characters.
func (m *Message) Unescape(dst, value []byte) []byte {
	if m.Escape == 0 {
		return append(dst, value...)
	}
	for {
		i := bytes.IndexByte(value, m.Escape)
		if i < 0 {
			return append(dst, value...)
		}
		dst = append(dst, value[:i]...)
		value = value[i+1:]
		end := bytes.IndexByte(value[:min(len(value), longestEscape)], m.Escape)
		if end > 0 {
			if out, ok := m.sequence(dst, value[:end]); ok {
				dst, value = out, value[end+1:]
				continue
			}
		}
		dst = append(dst, m.Escape)
	}
}

// sequence appends what an escape sequence stands for.
func (m *Message) sequence(dst, s []byte) ([]byte, bool) {
	if len(s) > 1 {
		switch s[0] {
		case 'X':
			return m.hexadecimal(dst, s[1:])
		case '.':
			return formatting(dst, string(s[1:]))
		}
		return dst, false
	}
	c := byte(0)
	switch s[0] {
	case 'F':
		c = m.Field
	case 'S':
		c = m.Component
	case 'T':
		c = m.Subcomponent
	case 'R':
		c = m.Repetition
	case 'E':
		c = m.Escape
	case 'P':
		c = m.Truncation
	case 'H', 'N':
		return dst, true
	}
	if c == 0 {
		return dst, false
	}
	return append(dst, c), true
}

func (m *Message) hexadecimal(dst, digits []byte) ([]byte, bool) {
	data := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(data, digits); err != nil {
		return dst, false
	}
	text, _ := charset.UTF8(data, m.Charset)
	return append(dst, text...), true
}

// formatting knows the commands of section 2.7.6 that make white space.
func formatting(dst []byte, command string) ([]byte, bool) {
	switch {
	case command == "br", command == "sp", command == "ce":
		return append(dst, '\n'), true
	case command == "fi", command == "nf", strings.HasPrefix(command, "in"), strings.HasPrefix(command, "ti"):
		return dst, true
	case strings.HasPrefix(command, "sk"):
		return append(dst, ' '), true
	case strings.HasPrefix(command, "sp"):
		return append(dst, '\n'), true
	}
	return dst, false
}
