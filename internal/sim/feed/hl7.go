package feed

import "time"

// Message writes one HL7 message (version 2.5.1, chapter 2), segment by segment, field by field, in their order.
type Message struct {
	buf   []byte
	field int
}

// Reset begins another message in the same memory.
func (m *Message) Reset() { m.buf, m.field = m.buf[:0], 0 }

// Bytes is the message so far, its last segment ended. It is valid until the next Reset.
func (m *Message) Bytes() []byte {
	m.end()
	return m.buf
}

// Header writes MSH. event is like ADT^A01^ADT_A01; offset is the zone of the sender's clock.
func (m *Message) Header(from, facility, to, event string, at time.Time, control string) {
	m.buf = append(m.buf, `MSH|^~\&|`...)
	m.buf = append(m.buf, from...)
	m.buf = append(m.buf, '|')
	m.buf = append(m.buf, facility...)
	m.buf = append(m.buf, '|')
	m.buf = append(m.buf, to...)
	m.buf = append(m.buf, '|')
	m.buf = append(m.buf, facility...)
	m.buf = append(m.buf, '|')
	m.buf = at.AppendFormat(m.buf, "20060102150405.000-0700")
	m.buf = append(m.buf, "||"...)
	m.buf = append(m.buf, event...)
	m.buf = append(m.buf, '|')
	m.buf = append(m.buf, control...)
	m.buf = append(m.buf, "|P|2.5.1||||||UNICODE UTF-8"...)
	m.field = 18
}

func (m *Message) end() {
	if n := len(m.buf); n > 0 && m.buf[n-1] != '\r' {
		m.buf = append(m.buf, '\r')
	}
}

// Segment begins a segment.
func (m *Message) Segment(name string) {
	m.end()
	m.buf = append(m.buf, name...)
	m.field = 0
}

// Raw writes segments that were written before, each ended by CR.
func (m *Message) Raw(segments []byte) {
	m.end()
	m.buf = append(m.buf, segments...)
	m.field = 0
}

func (m *Message) to(n int) {
	if n <= m.field {
		panic("wardline: internal error: fields of an HL7 segment must be written in their order")
	}
	for ; m.field < n; m.field++ {
		m.buf = append(m.buf, '|')
	}
}

// Field writes field n: its components, escaped; empty ones at the end are left out.
func (m *Message) Field(n int, components ...string) {
	for len(components) > 0 && components[len(components)-1] == "" {
		components = components[:len(components)-1]
	}
	if len(components) == 0 {
		return
	}
	m.to(n)
	m.components(components)
}

// Again writes one more repetition of the field that was written last.
func (m *Message) Again(components ...string) {
	m.buf = append(m.buf, '~')
	m.components(components)
}

func (m *Message) components(components []string) {
	for i, c := range components {
		if i > 0 {
			m.buf = append(m.buf, '^')
		}
		m.buf = appendEscaped(m.buf, c)
	}
}

// Stamp writes a time as field n, in the zone that t is in; a zero time is left out.
func (m *Message) Stamp(n int, t time.Time) {
	if t.IsZero() {
		return
	}
	m.to(n)
	m.buf = t.AppendFormat(m.buf, "20060102150405-0700")
}

// Asis writes field n with its delimiters.
func (m *Message) Asis(n int, text string) {
	if text == "" {
		return
	}
	m.to(n)
	m.buf = append(m.buf, text...)
}

// appendEscaped escapes the delimiters (section 2.7).
func appendEscaped(dst []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; c {
		case '|':
			dst = append(dst, `\F\`...)
		case '^':
			dst = append(dst, `\S\`...)
		case '~':
			dst = append(dst, `\R\`...)
		case '&':
			dst = append(dst, `\T\`...)
		case '\\':
			dst = append(dst, `\E\`...)
		case '\r', '\n':
			dst = append(dst, `\.br\`...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
