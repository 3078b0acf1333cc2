package syslog

import (
	"bytes"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/event"
)

// isRFC5424 looks for a version of one to three digits and a blank behind the priority.
func isRFC5424(msg []byte) bool {
	_, rest, ok := cutPriority(msg)
	n := digits(rest)
	return ok && n >= 1 && n <= 3 && rest[0] != '0' && n < len(rest) && rest[n] == ' '
}

// read5424 reads a message for which isRFC5424 holds, and tells whether it follows the standard to the
// letter (RFC 5424 section 6). Names that are too long, and a time written in another way, are read
// all the same. Where reading on makes no sense it keeps the fields before the fault and, for
// nothing of it shall be lost, all the text behind the version as the message.
func read5424(msg []byte) (m Message, exact bool) {
	pri, rest, _ := cutPriority(msg)
	m = Message{HasPriority: true, Priority: pri}
	exact = msg[1] != '0' || msg[2] == '>'
	n := digits(rest)
	for _, c := range rest[:n] {
		m.Version = 10*m.Version + uint16(c-'0')
	}
	m.Message = rest[n+1:]
	stamp, rest, _ := bytes.Cut(m.Message, []byte(" "))
	if string(stamp) != "-" {
		var ok bool
		if m.Time, ok = event.ParseTime(stamp); !ok {
			return m, false
		}
		m.Timestamp = stamp
		exact = exact && isExactTime(stamp)
	}
	for _, f := range [...]struct {
		to      *[]byte
		longest int
	}{{&m.Hostname, 255}, {&m.AppName, 48}, {&m.ProcID, 128}, {&m.MsgID, 32}} {
		word, after, more := bytes.Cut(rest, []byte(" "))
		if len(word) == 0 || !more {
			return m, false
		}
		exact = exact && len(word) <= f.longest && isPrintable(word)
		if string(word) != "-" {
			*f.to = word
		}
		rest = after
	}
	data, text, ok := structuredData(rest)
	m.Data = data.elements
	if !ok {
		return m, false
	}
	m.Message = text
	return m, exact && data.exact
}

// isExactTime tells the one way to write a time that section 6.2.3 allows.
func isExactTime(stamp []byte) bool {
	const whole = "2006-01-02T15:04:05"
	if len(stamp) <= len(whole) || stamp[10] != 'T' || stamp[17] == '6' { // no leap second
		return false
	}
	layout := whole + "Z07:00"
	if stamp[len(whole)] == '.' {
		n := digits(stamp[len(whole)+1:])
		if n < 1 || n > 6 {
			return false
		}
		layout = whole + ".000000"[:1+n] + "Z07:00"
	}
	_, err := time.Parse(layout, string(stamp))
	return err == nil
}

// isPrintable tells PRINTUSASCII of section 6.
func isPrintable(word []byte) bool {
	for _, c := range word {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// data is structured data as far as it could be read.
type data struct {
	elements []Element
	exact    bool
}

// structuredData reads the elements (section 6.3) and returns the text behind them; not ok
// when they do not end as they should.
func structuredData(s []byte) (d data, text []byte, ok bool) {
	d.exact = true
	switch {
	case len(s) > 0 && s[0] == '-':
		s = s[1:]
	case len(s) == 0 || s[0] != '[':
		return d, nil, false
	default:
		for len(s) > 0 && s[0] == '[' {
			if s, ok = d.element(s[1:]); !ok {
				return d, nil, false
			}
		}
	}
	switch {
	case len(s) == 0:
		return d, nil, true
	case s[0] != ' ':
		return d, nil, false
	case len(s) == 1:
		return d, nil, true
	}
	return d, s[1:], true
}

// element reads one element from behind its opening bracket and returns what follows the closing one.
func (d *data) element(s []byte) (rest []byte, ok bool) {
	end := bytes.IndexAny(s, " ]")
	if end < 0 {
		end = len(s)
	}
	d.elements = append(d.elements, Element{ID: string(s[:end])})
	e := &d.elements[len(d.elements)-1]
	d.exact = d.exact && isName(s[:end])
	for s = s[end:]; len(s) > 0 && s[0] == ' '; {
		name, value, found := bytes.Cut(s[1:], []byte(`="`))
		if !found || bytes.IndexByte(name, ']') >= 0 {
			return nil, false
		}
		d.exact = d.exact && isName(name)
		p := Param{Name: string(name)}
		if p.Value, s, found = d.value(value); !found {
			return nil, false
		}
		e.Params = append(e.Params, p)
	}
	if len(s) == 0 || s[0] != ']' {
		return nil, false
	}
	return s[1:], true
}

// value reads a value from behind its opening quote. The backslash escapes a quote, a bracket and
// itself, and stands for itself before anything else (section 6.3.3).
func (d *data) value(s []byte) (value string, rest []byte, ok bool) {
	var b []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		escapes := c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\' || s[i+1] == ']')
		switch {
		case c == '"':
			d.exact = d.exact && utf8.Valid(b)
			return string(b), s[i+1:], true
		case escapes:
			i++
			c = s[i]
		case c == ']' || c == '\\':
			d.exact = false
		}
		b = append(b, c)
	}
	return "", nil, false
}

// isName tells an SD-NAME of section 6.3.
func isName(name []byte) bool {
	return len(name) >= 1 && len(name) <= 32 && isPrintable(name) && !bytes.ContainsAny(name, `="]`)
}
