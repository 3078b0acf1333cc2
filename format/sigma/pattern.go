package sigma

import "strings"

// Pattern is a string with wildcards, split at them. It is matched against the
// whole value: "contains" has a Star at both ends. No two literals and no two stars
// stand side by side, no literal is empty, and the empty pattern is the empty string.
type Pattern []Part

// Part is a run of literal bytes or one wildcard.
type Part struct {
	Literal string
	Wild    Wildcard
}

// Wildcard tells a Part's kind.
type Wildcard uint8

// The wildcards of the specification, section "String Wildcard".
const (
	NoWildcard Wildcard = iota // the Part is Literal
	Star                       // any run of characters, also none
	Question                   // exactly one character
)

// ParsePattern reads a string as rules write it. A backslash is itself unless
// it stands before *, ? or another backslash (specification, "Escaping").
func ParsePattern(s string) Pattern {
	var p Pattern
	var literal strings.Builder
	flush := func() {
		p = p.appendLiteral(literal.String())
		literal.Reset()
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			literal.WriteByte(s[i])
		case c == '*':
			flush()
			p = p.appendWild(Star)
		case c == '?':
			flush()
			p = p.appendWild(Question)
		default:
			literal.WriteByte(c)
		}
	}
	flush()
	return p
}

// String returns the pattern as rules write it: ParsePattern(p.String()) equals p.
func (p Pattern) String() string {
	var b strings.Builder
	for i, part := range p {
		switch part.Wild {
		case Star:
			b.WriteByte('*')
		case Question:
			b.WriteByte('?')
		default:
			writeLiteral(&b, part.Literal, i == len(p)-1)
		}
	}
	return b.String()
}

// writeLiteral escapes no more than it must: a lone backslash before an ordinary
// character stays single.
func writeLiteral(b *strings.Builder, s string, last bool) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '*', '?':
			b.WriteByte('\\')
		case '\\':
			afterOne := i > 0 && s[i-1] == '\\'
			atEnd := i == len(s)-1
			if afterOne || atEnd && !last || !atEnd && strings.IndexByte(`*?\`, s[i+1]) >= 0 {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
	}
}

// HasWildcard tells whether the pattern is more than a literal.
func (p Pattern) HasWildcard() bool {
	for _, part := range p {
		if part.Wild != NoWildcard {
			return true
		}
	}
	return false
}

// literal returns the text of a pattern without wildcards.
func (p Pattern) literal() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].Wild == NoWildcard:
		return p[0].Literal, true
	}
	return "", false
}

// size is the length of the pattern's text.
func (p Pattern) size() int {
	n := 0
	for _, part := range p {
		n += len(part.Literal)
	}
	return n
}

func (p Pattern) appendLiteral(s string) Pattern {
	if s == "" {
		return p
	}
	if n := len(p); n > 0 && p[n-1].Wild == NoWildcard {
		p[n-1].Literal += s
		return p
	}
	return append(p, Part{Literal: s})
}

func (p Pattern) appendWild(w Wildcard) Pattern {
	if n := len(p); w == Star && n > 0 && p[n-1].Wild == Star {
		return p
	}
	return append(p, Part{Wild: w})
}

func (p Pattern) appendPart(part Part) Pattern {
	if part.Wild == NoWildcard {
		return p.appendLiteral(part.Literal)
	}
	return p.appendWild(part.Wild)
}

// around returns p with a star before it, behind it, or both.
func (p Pattern) around(before, behind bool) Pattern {
	var q Pattern
	if before {
		q = q.appendWild(Star)
	}
	for _, part := range p {
		q = q.appendPart(part)
	}
	if behind {
		q = q.appendWild(Star)
	}
	return q
}

// each returns every pattern that arises when each literal is replaced by one of the
// patterns that spread makes of it, or false when they are more than limit.
func (p Pattern) each(limit int, spread func(literal string, limit int) ([]Pattern, bool)) ([]Pattern, bool) {
	all := []Pattern{nil}
	for _, part := range p {
		choices := []Pattern{{part}}
		if part.Wild == NoWildcard {
			var ok bool
			if choices, ok = spread(part.Literal, limit); !ok {
				return nil, false
			}
		}
		if len(all)*len(choices) > limit {
			return nil, false
		}
		longer := make([]Pattern, 0, len(all)*len(choices))
		for _, head := range all {
			for _, tail := range choices {
				longer = append(longer, head.join(tail))
			}
		}
		all = longer
	}
	return all, true
}

// join returns a new pattern: p, then q.
func (p Pattern) join(q Pattern) Pattern {
	joined := append(make(Pattern, 0, len(p)+len(q)), p...)
	for _, part := range q {
		joined = joined.appendPart(part)
	}
	return joined
}
