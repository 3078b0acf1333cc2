// Package hl7 reads HL7 version 2 messages: the short texts by which the systems of a
// hospital tell each other that a patient was admitted, a test ordered, a result is there.
//
// It reads the vertical-bar encoding ER7 (HL7 v2.5.1 section 2.5), looks values up where
// they stand instead of copying them, and writes every message back as it came.
package hl7

import (
	"bytes"
	"fmt"

	"github.com/wardline/wardline/format/charset"
)

// Delimiters are the characters that a message separates its values with (MSH-1 and
// MSH-2, section 2.5.4). Zero is one that the message does not have.
type Delimiters struct {
	Field, Component, Repetition, Escape, Subcomponent byte
	Truncation                                         byte // from version 2.7 on
}

// Message is one message. It borrows the text it was parsed from.
type Message struct {
	Delimiters
	Charset    string // MSH-18, first repetition, as declared
	BadCharset bool   // the text is in another one
	Segments   []Segment

	lead []byte // before the first segment: a byte order mark, blank lines
	raw  []byte // as received, when Segments hold another form of it
}

// Segment is one line of a message.
type Segment struct {
	Text   []byte // as UTF-8, without the line end
	End    []byte // CR as the standard has it (section 2.5.2), or LF, CR LF, nothing
	Offset int    // of Text in the message as UTF-8
}

// Limits bounds what one message may cost.
type Limits struct {
	Bytes    int
	Segments int
}

// DefaultLimits leave room for documents carried in OBX-5.
func DefaultLimits() Limits { return Limits{Bytes: 16 << 20, Segments: 1 << 16} }

// Error says where a text is no message and why, without quoting it.
type Error struct {
	Offset  int64
	Segment int // from 1; 0 when it is none in particular
	Reason  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("hl7: at byte %d, segment %d: %s", e.Offset, e.Segment, e.Reason)
}

// Parse reads one message. Segments may end in CR, LF or CR LF, also mixed; lines that are no
// segment are kept among them.
func Parse(text []byte, lim Limits) (Message, error) {
	if len(text) > lim.Bytes {
		return Message{}, &Error{Reason: "longer than the limit"}
	}
	m := Message{Charset: string(declaredCharset(text))}
	utf8, honest := charset.UTF8(text, m.Charset)
	m.BadCharset = !honest
	if len(utf8) != len(text) || len(text) > 0 && &utf8[0] != &text[0] {
		m.raw = text
	}
	start := headerAt(utf8)
	m.lead = utf8[:start]
	if err := m.delimit(utf8[start:]); err != nil {
		err.Offset += int64(start)
		return Message{}, err
	}
	if !m.split(utf8, start, lim.Segments) {
		return Message{}, &Error{Reason: "too many segments"}
	}
	return m, nil
}

// headerAt skips a byte order mark and blanks.
func headerAt(text []byte) int {
	rest := bytes.TrimPrefix(text, []byte("\ufeff"))
	return len(text) - len(bytes.TrimLeft(rest, " \t\r\n"))
}

// delimit reads MSH-1 and MSH-2.
func (m *Message) delimit(text []byte) *Error {
	if !isHeader(text) {
		return &Error{Segment: 1, Reason: "does not begin with MSH and a field separator"}
	}
	m.Delimiters = readDelimiters(text)
	return nil
}

// readDelimiters reads fields 1 and 2 of a header.
func readDelimiters(text []byte) Delimiters {
	d := Delimiters{Field: text[3]}
	rest := text[4:]
	if end := bytes.IndexAny(rest, string([]byte{d.Field, '\r', '\n'})); end >= 0 {
		rest = rest[:end]
	}
	slots := [...]*byte{&d.Component, &d.Repetition, &d.Escape, &d.Subcomponent, &d.Truncation}
	n := 0
	for i, c := range rest {
		// Some senders write the backslash twice, as their own language has it.
		if !isDelimiter(c) || bytes.IndexByte(rest[:i], c) >= 0 {
			continue
		}
		if n < len(slots) {
			*slots[n] = c
			n++
		}
	}
	return d
}

// isHeader tells whether a message begins here.
func isHeader(text []byte) bool {
	return len(text) > 3 && string(text[:3]) == "MSH" && isDelimiter(text[3])
}

// Begins tells whether text begins with a message.
func Begins(text []byte) bool { return isHeader(text) }

// isDelimiter tells the characters that may separate: printable ASCII, no letter, no digit.
func isDelimiter(c byte) bool {
	return c > ' ' && c < 0x7f && !isAlphanumeric(c)
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// declaredCharset finds the first repetition of MSH-18. The header up to there is ASCII
// in every character set that HL7 allows.
func declaredCharset(text []byte) []byte {
	text = text[headerAt(text):]
	if !isHeader(text) {
		return nil
	}
	if end := bytes.IndexAny(text, "\r\n"); end >= 0 {
		text = text[:end]
	}
	d := Delimiters{Field: text[3]}
	field, _ := part(text, d.Field, 17)
	if mark := text[4:]; len(mark) > 1 { // MSH-2: the repetition separator is its second character
		field, _ = part(field, mark[1], 0)
	}
	return bytes.TrimSpace(field)
}

func (m *Message) split(text []byte, start, limit int) bool {
	m.Segments = make([]Segment, 0, min(16, limit))
	for start < len(text) {
		if len(m.Segments) == limit {
			return false
		}
		end := start + lineLength(text[start:])
		next := end
		if next < len(text) && text[next] == '\r' {
			next++
		}
		if next < len(text) && text[next] == '\n' {
			next++
		}
		m.Segments = append(m.Segments, Segment{Text: text[start:end], End: text[end:next], Offset: start})
		start = next
	}
	return true
}

// lineLength counts the bytes before the next line end.
func lineLength(text []byte) int {
	if n := bytes.IndexAny(text, "\r\n"); n >= 0 {
		return n
	}
	return len(text)
}

// AppendRender appends m as it was received, byte by byte.
func (m *Message) AppendRender(dst []byte) []byte {
	if m.raw != nil {
		return append(dst, m.raw...)
	}
	dst = append(dst, m.lead...)
	for i := range m.Segments {
		dst = append(append(dst, m.Segments[i].Text...), m.Segments[i].End...)
	}
	return dst
}

// Render returns m as it was received, byte by byte.
func (m *Message) Render() []byte { return m.AppendRender(nil) }

// Name is the segment's three letters (section 2.5.1), empty for a line that is no segment. Names
// that begin with Z are the sender's own.
func (s Segment) Name() string {
	if !isNamed(s.Text) {
		return ""
	}
	return string(s.Text[:3])
}

func isNamed(line []byte) bool {
	if len(line) < 3 || len(line) > 3 && isAlphanumeric(line[3]) {
		return false
	}
	for _, c := range line[:3] {
		if !('A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}

// Segment returns the nth segment of that name, from 1.
func (m *Message) Segment(name string, n int) (Segment, bool) {
	for i := range m.Segments {
		if m.Segments[i].Name() == name {
			if n--; n == 0 {
				return m.Segments[i], true
			}
		}
	}
	return Segment{}, false
}
