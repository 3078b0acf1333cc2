package hl7

import (
	"bytes"
	"encoding/hex"
	"slices"
	"unicode/utf8"

	"github.com/wardline/wardline/format/charset"
)

// delimiters are those of every canonical form, as a header states them: the ones that section 2.5.4 recommends.
const delimiters = `|^~\&`

// AppendExact appends m in the form "hl7c-1", which keeps all that m says and drops how it was encoded: two texts of one
// message have one exact form, whatever their delimiters, their line ends and the bytes of their characters.
//
//   - The text is UTF-8, without any normalisation of Unicode. MSH-18 stays as it is written, as all of MSH does but for the delimiters:
//     of a message that was written in another character set, and says so, the exact form tells that. The semantic one does not.
//   - Segments keep their order and are joined by CR; empty lines go. Lines that are no segment stay.
//   - The delimiters are | ^ ~ \ &. An escape sequence for a delimiter, or for characters in hexadecimal, becomes the character that it
//     stands for, and such a character in a value is written as the escape sequence that it needs now (section 2.7). Control
//     characters are written \X09\. Sequences that are no characters stay: \H\, \N\, \.br\, \C2842\, \M2842\, \Zown\. An escape
//     character that begins none of these is text, as Unescape has it.
//   - Sub-components, components, repetitions and fields that are empty go where nothing follows them. "" is not empty. Nothing is
//     trimmed, and numbers are text: 5.0 is not 5.
//   - The truncation character of MSH-2, from version 2.7 on, is text like any other.
//
// For example, with $ % @ ! * for delimiters:
//
//	MSH$%@!*$LAB$$$$20260301$$ORU%R01$7$$$          MSH|^~\&|LAB||||20260301||ORU^R01|7
//	PID$1$$0042%%%NORTH*$$DOE%JANE$$                PID|1||0042^^^NORTH||DOE^JANE
//	OBX$1$ST$GLU%%L$$a|b!F!!X263C!!.br!5.0 $""$     OBX|1|ST|GLU^^L||a\F\b$\T\<\.br\5.0 |""
//
// The digest hl7c-1 is the SHA-256 of the right-hand side, here with its three lines joined by CR:
//
//	3ac9c9463e4b8d73383424e85c2947dd11d5e7746b7aa290042f2b47f892bfd7
func (m *Message) AppendExact(dst []byte) []byte {
	return m.appendCanonical(dst, func(int) bool { return true }, nil)
}

// AppendSemantic appends m in the form "hl7s-1", which is the exact form without what interface engines rewrite as they pass
// messages on. Of the first MSH only fields 4 and 9 stay: the type of message, and the facility, which can be what an identifier's
// authority follows from. All other segments stay, notes included, but for those that dropped names. Only the sender's own
// segments, whose names begin with Z, can be dropped; other names are ignored.
//
//	MSH|^~\&|LAB|NORTH|||20260301||ORU^R01|7        MSH|^~\&||NORTH|||||ORU^R01
//	PID|1||0042                                     PID|1||0042
//	ZRT|route=3                                     (dropped: ZRT)
//
//	7fa5f5c5d321ebd796fb74e21513119444bb7c67d728a8e282df4c72dfa97a4a
func (m *Message) AppendSemantic(dst []byte, dropped []string) []byte {
	return m.appendCanonical(dst, func(field int) bool { return field == 4 || field == 9 }, dropped)
}

// appendCanonical appends the fields of the first MSH that keep names, and all segments that are not dropped.
func (m *Message) appendCanonical(dst []byte, keep func(field int) bool, dropped []string) []byte {
	if len(m.Segments) == 0 {
		return dst
	}
	w := writer{m: m, out: dst, start: len(dst)}
	w.learn()
	own := m.ownDelimiters()
	for i := range m.Segments {
		s := m.Segments[i]
		switch {
		case m.hasOwn(s, own):
			w.begin()
			w.text(s.Text[:3])
			w.out = append(w.out, delimiters...)
			w.header(s.Text[3+len(own):], i > 0, keep)
		case !isDropped(s.Text, dropped):
			w.begin()
			w.text(s.Text)
		}
	}
	return w.end()
}

// ownDelimiters are the first two fields of the header, as written.
func (m *Message) ownDelimiters() []byte {
	text := m.Segments[0].Text[3:]
	if end := bytes.IndexByte(text[1:], m.Field); end >= 0 {
		text = text[:1+end]
	}
	return text
}

// hasOwn tells a header that states the message's delimiters. One that states others is text: the
// standard knows none inside of a message.
func (m *Message) hasOwn(s Segment, own []byte) bool {
	if len(s.Text) < 3 {
		return false
	}
	rest, ok := bytes.CutPrefix(s.Text[3:], own)
	return ok && (len(rest) == 0 || rest[0] == m.Field) && isBatchHeader(s)
}

func isDropped(text []byte, dropped []string) bool {
	return len(dropped) > 0 && isNamed(text) && text[0] == 'Z' && slices.Contains(dropped, string(text[:3]))
}

// What a byte of a message is for its canonical form.
const (
	plain = iota // text that stays as it is
	other        // text that needs an escape sequence
	escape
	subcomponent
	component
	repetition
	field
)

// writer writes the canonical form of a message. A delimiter is written only when a value follows: until then it is owed, and
// the one of a higher level takes its debts away. What is owed at the end of a line is empty.
type writer struct {
	m     *Message
	out   []byte
	start int // of the form in out
	class [256]byte
	owed  [field + 1]int // by level
	owes  bool           // any
}

// learn sets what each byte is. Bytes of characters beyond ASCII are plain, for the text is UTF-8.
func (w *writer) learn() {
	for c := range byte(' ') {
		w.class[c] = other
	}
	w.class[0x7f] = other
	for _, c := range []byte(delimiters) {
		w.class[c] = other
	}
	d := &w.m.Delimiters
	zero := w.class[0] // a delimiter that the message does not have is zero, too
	w.class[d.Escape], w.class[d.Subcomponent], w.class[d.Component] = escape, subcomponent, component
	w.class[d.Repetition], w.class[d.Field] = repetition, field
	w.class[0] = zero
}

// begin begins a segment. The CR before it is owed to the first of its bytes, too: empty lines go.
func (w *writer) begin() {
	w.owed, w.owes = [field + 1]int{}, false
	if n := len(w.out); n > w.start && w.out[n-1] != '\r' {
		w.out = append(w.out, '\r')
	}
}

func (w *writer) end() []byte {
	if n := len(w.out); n > w.start && w.out[n-1] == '\r' {
		w.out = w.out[:n-1]
	}
	return w.out
}

// header writes the fields of a header from the third on, all or those that keep names.
func (w *writer) header(rest []byte, all bool, keep func(field int) bool) {
	separator := []byte{w.m.Field}
	_, rest, more := bytes.Cut(rest, separator)
	for n := 3; more; n++ {
		var value []byte
		value, rest, more = bytes.Cut(rest, separator)
		w.owe(field)
		if all || keep(n) {
			w.text(value)
		}
	}
}

func (w *writer) owe(level byte) {
	w.owed[level]++
	w.owes = true
	clear(w.owed[subcomponent:level])
}

// pay writes the delimiters before a value.
func (w *writer) pay() {
	const byLevel = "   &^~|"
	for level := field; level >= subcomponent; level-- {
		for ; w.owed[level] > 0; w.owed[level]-- {
			w.out = append(w.out, byLevel[level])
		}
	}
	w.owes = false
}

// text writes values and the delimiters between them.
func (w *writer) text(text []byte) {
	for i := 0; i < len(text); {
		class := w.class[text[i]]
		if class >= subcomponent {
			w.owe(class)
			i++
			continue
		}
		if w.owes {
			w.pay()
		}
		switch class {
		case plain:
			end := i + 1
			for end < len(text) && w.class[text[end]] == plain {
				end++
			}
			w.out = append(w.out, text[i:end]...)
			i = end
		case other:
			w.character(text[i])
			i++
		case escape:
			i += w.sequence(text[i:])
		}
	}
}

// character writes one of ASCII as text.
func (w *writer) character(c byte) {
	letter := byte(0)
	switch c {
	case '|':
		letter = 'F'
	case '^':
		letter = 'S'
	case '~':
		letter = 'R'
	case '\\':
		letter = 'E'
	case '&':
		letter = 'T'
	default:
		if c >= ' ' && c != 0x7f {
			w.out = append(w.out, c)
			return
		}
		w.out = append(w.out, '\\', 'X', hexDigits[c>>4], hexDigits[c&15], '\\')
		return
	}
	w.out = append(w.out, '\\', letter, '\\')
}

const hexDigits = "0123456789ABCDEF"

// sequence writes what an escape character begins, and returns how long that is in text: 1 when it
// begins nothing and is a character like any other.
func (w *writer) sequence(text []byte) int {
	end := bytes.IndexByte(text[1:min(len(text), 1+longestEscape)], w.m.Escape)
	if end <= 0 {
		w.character(w.m.Escape)
		return 1
	}
	s := text[1 : 1+end]
	length := end + 2
	if len(s) == 1 {
		if c := w.m.delimiter(s[0]); c != 0 {
			w.character(c)
			return length
		}
	}
	if s[0] == 'X' {
		if data, err := hex.AppendDecode(nil, s[1:]); err == nil && len(data) > 0 {
			w.decoded(data)
			return length
		}
	}
	if isCommand(s) && all(s, func(c byte) bool { return w.class[c] < escape }) {
		w.out = append(append(append(w.out, '\\'), s...), '\\')
		return length
	}
	w.character(w.m.Escape)
	return 1
}

// decoded writes characters that stood in hexadecimal, in the message's character set.
func (w *writer) decoded(data []byte) {
	text, _ := charset.UTF8(data, w.m.Charset)
	for _, c := range text {
		if c < utf8.RuneSelf {
			w.character(c)
		} else {
			w.out = append(w.out, c)
		}
	}
}

// delimiter is what the escape sequence of that letter stands for, 0 when for none that the message has.
func (d *Delimiters) delimiter(letter byte) byte {
	switch letter {
	case 'F':
		return d.Field
	case 'S':
		return d.Component
	case 'T':
		return d.Subcomponent
	case 'R':
		return d.Repetition
	case 'E':
		return d.Escape
	case 'P':
		return d.Truncation
	}
	return 0
}

// isCommand tells the sequences that stand for no character: highlighting, formatting, another character set, the
// sender's own (section 2.7.1).
func isCommand(s []byte) bool {
	switch s[0] {
	case 'H', 'N':
		return len(s) == 1
	case 'C':
		return len(s) == 5 && all(s[1:], isAlphanumeric)
	case 'M':
		return (len(s) == 5 || len(s) == 7) && all(s[1:], isAlphanumeric)
	case 'Z':
		return all(s[1:], isAlphanumeric)
	case '.':
		return len(s) > 2 && all(s[1:3], isAlphanumeric) && all(s[3:], func(c byte) bool { return c == '+' || c == '-' || '0' <= c && c <= '9' })
	}
	return false
}

func all(text []byte, is func(byte) bool) bool {
	for _, c := range text {
		if !is(c) {
			return false
		}
	}
	return true
}
