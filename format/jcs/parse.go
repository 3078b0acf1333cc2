package jcs

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Parse reads one JSON value (RFC 8259) that is I-JSON. Its error is an *Error. The value borrows nothing from text.
func Parse(text []byte, lim Limits) (Value, error) {
	if len(text) > lim.Bytes {
		return Value{}, &Error{Reason: "longer than the limit"}
	}
	if !utf8.Valid(text) {
		return Value{}, &Error{Offset: firstInvalid(text), Reason: "bytes that are not UTF-8"}
	}
	p := parser{text: string(text), lim: lim}
	p.space()
	v, err := p.value(1)
	if err != nil {
		return Value{}, err
	}
	if p.space(); p.at < len(p.text) {
		return Value{}, p.fail("text after the value")
	}
	return v, nil
}

func firstInvalid(text []byte) int {
	for at := 0; at < len(text); {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			return at
		}
		at += n
	}
	return len(text)
}

// parser reads one text from its beginning to its end.
type parser struct {
	text   string
	at     int
	lim    Limits
	values int
	open   []Member // of the containers that have not ended
	arena  []Member // to take the members of ended ones from
}

func (p *parser) fail(reason string) error { return &Error{p.at, reason} }

// space passes over white space.
func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\n', '\r', '\t':
			p.at++
		default:
			return
		}
	}
}

// next is the byte that comes next, 0 at the end.
func (p *parser) next() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// value reads one value, which is within depth-1 containers.
func (p *parser) value(depth int) (Value, error) {
	if p.values++; p.values > p.lim.Values {
		return Value{}, p.fail("too many values")
	}
	switch c := p.next(); c {
	case '"':
		text, err := p.string()
		return Value{Kind: String, Text: text}, err
	case '{', '[':
		if depth > p.lim.Depth {
			return Value{}, p.fail("nested too deeply")
		}
		return p.container(c == '{', depth)
	case 't':
		return p.word("true", True)
	case 'f':
		return p.word("false", False)
	case 'n':
		return p.word("null", Null)
	}
	end, reason := number(p.text, p.at)
	if reason != "" {
		p.at = end
		return Value{}, p.fail(reason)
	}
	text := p.text[p.at:end]
	if !finite(text) {
		return Value{}, p.fail("a number too large for a double")
	}
	p.at = end
	return Value{Kind: Number, Text: text}, nil
}

func (p *parser) word(word string, kind Kind) (Value, error) {
	if !strings.HasPrefix(p.text[p.at:], word) {
		return Value{}, p.fail("unknown word")
	}
	p.at += len(word)
	return Value{Kind: kind}, nil
}

// container reads an object or an array from its opening bracket on.
func (p *parser) container(object bool, depth int) (Value, error) {
	start, base := p.at, len(p.open)
	kind, closing := Array, byte(']')
	if object {
		kind, closing = Object, '}'
	}
	p.at++
	if p.space(); p.next() == closing {
		p.at++
		return Value{Kind: kind}, nil
	}
	for {
		m, err := p.member(object, depth)
		if err != nil {
			return Value{}, err
		}
		p.open = append(p.open, m)
		p.space()
		c := p.next()
		if c == closing {
			p.at++
			break
		}
		if c != ',' {
			return Value{}, p.fail("comma or closing bracket expected")
		}
		p.at++
		p.space()
	}
	if object && !order(p.open[base:]) {
		p.at = start
		return Value{}, p.fail("a name stands twice in this object")
	}
	v := Value{Kind: kind, Members: p.take(p.open[base:])}
	clear(p.open[base:])
	p.open = p.open[:base]
	return v, nil
}

// member reads a value, of an object with its name.
func (p *parser) member(object bool, depth int) (m Member, err error) {
	if object {
		if p.next() != '"' {
			return Member{}, p.fail("name expected")
		}
		if m.Name, err = p.string(); err != nil {
			return Member{}, err
		}
		if p.space(); p.next() != ':' {
			return Member{}, p.fail("colon expected")
		}
		p.at++
		p.space()
	}
	m.Value, err = p.value(depth + 1)
	return m, err
}

// Members are allotted many at a time.
const (
	leastMembers = 8
	mostMembers  = 512
)

// take returns a copy of members that lasts.
func (p *parser) take(members []Member) []Member {
	n := len(members)
	if n > len(p.arena) {
		const usual = 32 // bytes of text for each
		p.arena = make([]Member, max(n, leastMembers, min(mostMembers, (len(p.text)-p.at)/usual)))
	}
	kept := p.arena[:n:n]
	p.arena = p.arena[n:]
	copy(kept, members)
	return kept
}

// string reads a string from its opening quote on, and undoes its escapes.
func (p *parser) string() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			s := p.text[start:p.at]
			p.at++
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fail("control character in a string")
		}
		p.at++
	}
	return "", p.fail("ends inside a string")
}

// escaped goes on with a string that began at start and stands before its first escape.
func (p *parser) escaped(start int) (string, error) {
	out := append(make([]byte, 0, p.at-start+32), p.text[start:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			p.at++
			return string(out), nil
		case c < ' ':
			return "", p.fail("control character in a string")
		case c != '\\':
			from := p.at
			for p.at < len(p.text) && p.text[p.at] >= ' ' && p.text[p.at] != '"' && p.text[p.at] != '\\' {
				p.at++
			}
			out = append(out, p.text[from:p.at]...)
			continue
		}
		r, reason := p.escape()
		if reason != "" {
			return "", p.fail(reason)
		}
		out = utf8.AppendRune(out, r)
	}
	return "", p.fail("ends inside a string")
}

// escape reads what a backslash begins. p stays where it stands when that is nothing.
func (p *parser) escape() (r rune, reason string) {
	rest := p.text[p.at+1:]
	if rest == "" {
		return 0, "ends inside a string"
	}
	if i := strings.IndexByte(`"\/bfnrt`, rest[0]); i >= 0 {
		p.at += 2
		return rune("\"\\/\b\f\n\r\t"[i]), ""
	}
	const long = len(`\u0000`)
	r, ok := unit(p.text[p.at:])
	if !ok {
		return 0, "unknown escape in a string"
	}
	if !utf16.IsSurrogate(r) {
		p.at += long
		return r, ""
	}
	second, ok := unit(p.text[p.at+long:])
	if r = utf16.DecodeRune(r, second); !ok || r == utf8.RuneError {
		return 0, "half of a surrogate pair" // RFC 8785 3.2.2.2
	}
	p.at += 2 * long
	return r, ""
}

// unit reads \u and four hexadecimal digits.
func unit(text string) (r rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range []byte(text[2:6]) {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
