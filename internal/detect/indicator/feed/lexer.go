package feed

import "strings"

// tokenKind is what a piece of a STIX pattern is.
type tokenKind uint8

const (
	end tokenKind = iota
	word
	text    // a string, without quotes and escapes
	number  // whole
	mark    // a bracket, separator or operator
	other   // a literal of another kind: a time, bytes, a number with a fraction
	illegal // nothing that the grammar knows
)

type token struct {
	kind tokenKind
	text string
}

// lexer cuts a pattern into tokens.
type lexer struct{ rest string }

func (l *lexer) next() token {
	l.rest = strings.TrimLeft(l.rest, " \t\r\n")
	if l.rest == "" {
		return token{}
	}
	c := l.rest[0]
	switch {
	case c == '\'':
		return l.quoted()
	case isWordByte(c) && !isDigitByte(c):
		t := l.cut(word, func(c byte) bool { return isWordByte(c) || c == '-' })
		if l.rest != "" && l.rest[0] == '\'' && len(t.text) == 1 && strings.Contains("thb", t.text) {
			if l.quoted().kind != text {
				return token{kind: illegal}
			}
			return token{kind: other}
		}
		return t
	case isDigitByte(c) || (c == '-' || c == '+') && len(l.rest) > 1 && isDigitByte(l.rest[1]):
		sign := l.rest[:1]
		if !isDigitByte(c) {
			l.rest = l.rest[1:]
		} else {
			sign = ""
		}
		t := l.cut(number, func(c byte) bool { return isDigitByte(c) || c == '.' })
		if strings.Contains(t.text, ".") {
			return token{kind: other}
		}
		t.text = sign + t.text
		return t
	case strings.HasPrefix(l.rest, "=="):
		l.rest = l.rest[2:]
		return token{mark, "="}
	}
	l.rest = l.rest[1:]
	if strings.IndexByte("[](),:.*=<>!", c) < 0 {
		return token{kind: illegal}
	}
	return token{mark, string(rune(c))}
}

func (l *lexer) cut(kind tokenKind, in func(byte) bool) token {
	n := 1
	for n < len(l.rest) && in(l.rest[n]) {
		n++
	}
	t := token{kind, l.rest[:n]}
	l.rest = l.rest[n:]
	return t
}

// quoted reads a string; \' and \\ are its only escapes.
func (l *lexer) quoted() token {
	var b strings.Builder
	for i := 1; i < len(l.rest); i++ {
		switch c := l.rest[i]; {
		case c == '\'':
			l.rest = l.rest[i+1:]
			return token{text, b.String()}
		case c == '\\' && i+1 < len(l.rest):
			i++
			b.WriteByte(l.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	l.rest = ""
	return token{kind: illegal}
}

func isDigitByte(c byte) bool { return c-'0' <= 9 }

func isWordByte(c byte) bool {
	return isDigitByte(c) || c|0x20-'a' <= 'z'-'a' || c == '_'
}
