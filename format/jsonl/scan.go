package jsonl

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// SyntaxError says where a text stops being one JSON object and why. It never
// quotes the text.
type SyntaxError struct {
	Offset int
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("json: at byte %d: %s", e.Offset, e.Reason) }

// Scan validates text as exactly one JSON object (RFC 8259, UTF-8, no byte order mark) and lists
// its values in x, replacing what was there. Names may repeat; every value counts.
// On an error x is empty.
func (x *Index) Scan(text []byte, lim Limits) error {
	x.marks.mark(text)
	s := scanner{text: text, lim: lim, values: x.Values[:0], marks: &x.marks, open: -1, hash: rootHash, depth: 1, shape: shapeKey}
	p, err := s.begin()
	for s.depth > 0 && err == nil {
		p, err = s.members(p)
	}
	x.Values, x.Shape, x.Marks = s.values, s.shape, s.seen
	if p = s.space(p); err == nil && p != len(text) {
		err = fail(p, "text after the object")
	}
	if err != nil {
		x.Values, x.Shape, x.Marks = x.Values[:0], shapeKey, 0
	}
	return err
}

// scanner walks one text. Positions travel in arguments and results, where the
// compiler keeps them in registers. There is no stack: each container knows its parent.
type scanner struct {
	text   []byte
	lim    Limits
	values []Value
	marks  *marks
	open   int32  // index in values of the innermost open container; -1 for the object itself
	array  bool   // that container is an array
	hash   uint64 // of that container's path
	depth  int    // of open containers
	shape  uint64 // of values
	seen   Marks  // in values
}

// begin enters the object and stands before its first member, or leaves it when it is empty.
func (s *scanner) begin() (int, error) {
	p := s.space(0)
	if p >= len(s.text) || s.text[p] != '{' {
		return p, fail(p, "not an object")
	}
	return s.first(p + 1)
}

// first stands before the first value of a container just opened, or closes it.
func (s *scanner) first(p int) (int, error) {
	p = s.space(p)
	if p < len(s.text) && (s.text[p] == '}' || s.text[p] == ']') {
		return s.next(p)
	}
	return p, nil
}

// members reads members of an object as nearly all logs write nearly all of theirs, a plain name with a string or a number, no white space
// but a blank, and then one value of whatever kind comes next.
func (s *scanner) members(p int) (int, error) {
	text, values, marks, shape := s.text, s.values, s.marks, s.shape
	for !s.array && p+shortest < len(text) && text[p] == '"' && len(values) < s.lim.Values {
		hash, nameEnd := s.plainName(p + 1)
		at := nameEnd + len(`":`)
		if nameEnd == 0 || at+1 >= len(text) {
			break
		}
		if text[at] == ' ' {
			at++
		}
		values = slices.Grow(values, 1)
		v := &values[:len(values)+1][len(values)] // filled where it will stand: a copy takes longer than to find it
		v.Hash, v.NameStart, v.NameEnd, v.Parent = joinHash(s.hash, hash), uint32(p+1), uint32(nameEnd), s.open
		end, seen := at+1, Marks(0)
		if text[at] == '"' {
			n, slashed := marks.ahead(end)
			if slashed {
				seen = Escaped
			}
			if end += n; n == unseen || end >= len(text) || text[end] != '"' { // long, or not ASCII
				if end, seen = marks.quoted(text, at+1); seen&broken != 0 {
					break
				}
			}
			v.Kind, v.Marks, v.Start, v.End = String, seen, uint32(at+1), uint32(end)
			end++
		} else if end = s.usualNumber(v, at); end == 0 {
			break
		}
		values = values[:len(values)+1]
		shape = mix(shape^v.Hash, shapeKey)
		s.seen |= v.Marks
		if end+1 >= len(text) || text[end] != ',' {
			s.values, s.shape = values, shape
			return s.next(end)
		}
		if p = end + 1; text[p] <= ' ' {
			p = s.space(p)
		}
	}
	s.values, s.shape = values, shape
	return s.member(s.space(p))
}

// usualNumber reads a number into v and returns where it ends, or 0 for member to say what stands there.
func (s *scanner) usualNumber(v *Value, p int) (end int) {
	if c := s.text[p]; c-'0' > 9 && c != '-' {
		return 0
	}
	v.Marks = 0
	end, err := s.number(v, p)
	if err != nil {
		return 0
	}
	return end
}

// shortest is a length that plainName may look at from a name's quote on without looking where the text ends.
const shortest = 1 + headBytes

// plainName hashes the name that begins at p, and returns where it ends: 0 unless it is followed by a quote and a colon, and holds neither
// escapes nor dots.
func (s *scanner) plainName(p int) (hash uint64, end int) {
	n, slashed := s.marks.ahead(p)
	end = p + n
	if slashed || n == unseen || end+1 >= len(s.text) || s.text[end] != '"' || s.text[end+1] != ':' {
		return 0, 0
	}
	var dotted bool
	if n <= headBytes {
		hash, dotted = hashHead(s.text[p:], n)
	} else {
		hash, dotted = hashLong(s.text[p:end])
	}
	if dotted {
		return 0, 0
	}
	return hash, end
}

// member reads one value, with its name when it stands in an object, and goes on
// to the next.
func (s *scanner) member(p int) (int, error) {
	if len(s.values) >= s.lim.Values {
		return p, fail(p, "too many values")
	}
	v := Value{Parent: s.open, Hash: s.hash}
	var err error
	if !s.array {
		if p, err = s.name(&v, p); err != nil {
			return p, err
		}
	}
	if p >= len(s.text) {
		return p, fail(p, "value expected")
	}
	switch c := s.text[p]; c {
	case '"':
		end, seen := s.marks.quoted(s.text, p+1)
		if seen&broken != 0 {
			return end, quotedError(s.text, end)
		}
		v.Kind, v.Start, v.End = String, uint32(p+1), uint32(end)
		v.Marks |= seen
		p = end + 1
	case '{', '[':
		return s.enter(v, p, c)
	case 't':
		p, err = s.word(&v, p, True, "true")
	case 'f':
		p, err = s.word(&v, p, False, "false")
	case 'n':
		p, err = s.word(&v, p, Null, "null")
	default:
		p, err = s.number(&v, p)
	}
	if err != nil {
		return p, err
	}
	s.add(v)
	return s.next(p)
}

func (s *scanner) add(v Value) {
	s.values = append(s.values, v)
	s.shape = mix(s.shape^v.Hash, shapeKey)
	s.seen |= v.Marks
}

// name reads `"name":` into v.
func (s *scanner) name(v *Value, p int) (int, error) {
	if p >= len(s.text) || s.text[p] != '"' {
		return p, fail(p, "name expected")
	}
	end, seen := s.marks.quoted(s.text, p+1)
	if seen&broken != 0 {
		return end, quotedError(s.text, end)
	}
	v.NameStart, v.NameEnd = uint32(p+1), uint32(end)
	name := s.text[p+1 : end]
	if seen&Escaped != 0 {
		v.Marks = NameEscaped
		name = appendUnescaped(nil, name)
	}
	v.Hash = hashName(s.hash, name)
	p = s.space(end + 1)
	if p >= len(s.text) || s.text[p] != ':' {
		return p, fail(p, "colon expected")
	}
	return s.space(p + 1), nil
}

// next goes on from a value to the one after it, leaving the containers that end
// in between.
func (s *scanner) next(p int) (int, error) {
	for {
		p = s.space(p)
		if p >= len(s.text) {
			return p, fail(p, "ends inside the object")
		}
		switch c := s.text[p]; c {
		case ',':
			return s.space(p + 1), nil
		case '}', ']':
			if (c == ']') != s.array {
				return p, fail(p, "closing bracket of the other kind")
			}
			p++
			s.leave(p)
			if s.depth == 0 {
				return p, nil
			}
		default:
			return p, fail(p, "comma or closing bracket expected")
		}
	}
}

func (s *scanner) enter(v Value, p int, c byte) (int, error) {
	if s.depth >= s.lim.Depth {
		return p, fail(p, "nested too deeply")
	}
	s.depth++
	s.open, s.array, s.hash = int32(len(s.values)), c == '[', v.Hash
	v.Kind, v.Start = Object, uint32(p)
	if s.array {
		v.Kind = Array
	}
	s.add(v)
	return s.first(p + 1)
}

func (s *scanner) leave(end int) {
	s.depth--
	if s.depth == 0 {
		return
	}
	s.values[s.open].End = uint32(end)
	s.open = s.values[s.open].Parent
	s.array, s.hash = false, rootHash
	if s.open >= 0 {
		s.array, s.hash = s.values[s.open].Kind == Array, s.values[s.open].Hash
	}
}

func (s *scanner) word(v *Value, p int, kind Kind, word string) (int, error) {
	end := p + len(word)
	if end > len(s.text) || string(s.text[p:end]) != word {
		return p, fail(p, "unknown word")
	}
	v.Kind, v.Start, v.End = kind, uint32(p), uint32(end)
	return end, nil
}

// number reads a number (RFC 8259 section 6).
func (s *scanner) number(v *Value, p int) (int, error) {
	start := p
	if s.peek(p) == '-' {
		p++
	}
	switch c := s.peek(p); {
	case c == '0':
		p++
	case c >= '1' && c <= '9':
		p = s.digits(p)
	default:
		return p, fail(p, "value expected")
	}
	if s.peek(p) == '.' {
		from := p + 1
		if p = s.digits(from); p == from {
			return p, fail(p, "digit expected after the point")
		}
	}
	if s.peek(p)|0x20 == 'e' {
		p++
		if c := s.peek(p); c == '+' || c == '-' {
			p++
		}
		from := p
		if p = s.digits(from); p == from {
			return p, fail(p, "digit expected in the exponent")
		}
	}
	v.Kind, v.Start, v.End = Number, uint32(start), uint32(p)
	return p, nil
}

func (s *scanner) digits(p int) int {
	for p < len(s.text) && s.text[p]-'0' <= 9 {
		p++
	}
	return p
}

// peek returns the byte at p, or 0 at the end.
func (s *scanner) peek(p int) byte {
	if p < len(s.text) {
		return s.text[p]
	}
	return 0
}

// space passes over white space. Most tokens have none or one blank before them.
func (s *scanner) space(p int) int {
	for p < len(s.text) && s.text[p] <= ' ' {
		if c := s.text[p]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			break
		}
		p++
	}
	return p
}

// broken is what quoted saw where a string cannot go on.
const broken Marks = 1 << 7

// quoted reads a string from behind its opening quote and returns where its
// inside ends. Plain bytes are passed over eight at a time. When it saw
// something broken, end is where.
func quoted(text []byte, p int) (end int, seen Marks) {
	for {
		for p+8 <= len(text) {
			w := binary.LittleEndian.Uint64(text[p:])
			// Subtractions mark the bytes that stop the string: turning one bit puts the quote at the end of the
			// control characters, so that one comparison finds both; another finds the backslash. Bytes of
			// 0x80 and above mark themselves. Marks above the lowest may be false, and only the lowest is used.
			stops := (((w ^ 2*ones) - 0x21*ones) | ((w ^ '\\'*ones) - ones) | w) & highs
			if stops != 0 {
				p += bits.TrailingZeros64(stops) >> 3
				break
			}
			p += 8
		}
		if p >= len(text) {
			return len(text), broken
		}
		switch c := text[p]; {
		case c == '"':
			return p, seen
		case c == '\\':
			seen |= Escaped
			if p+1 < len(text) && text[p+1] == '\\' { // most escapes of a Windows log
				p += 2
				continue
			}
			n := escapeLength(text[p:])
			if n == 0 {
				return p, broken
			}
			if c := text[p+1]; c == 'u' || c == '/' {
				seen |= OddlyEscaped
			}
			p += n
		case c < ' ':
			return p, broken
		case c < utf8.RuneSelf:
			p++
		default:
			r, n := utf8.DecodeRune(text[p:])
			if r == utf8.RuneError && n == 1 {
				return p, broken
			}
			p += n
			seen |= NonASCII
		}
	}
}

// quotedError says what is wrong at p, where quoted stopped.
func quotedError(text []byte, p int) error {
	switch {
	case p >= len(text):
		return fail(p, "ends inside a string")
	case text[p] == '\\':
		return fail(p, "unknown escape in a string")
	case text[p] < ' ':
		return fail(p, "control character in a string")
	default:
		return fail(p, "bytes that are not UTF-8")
	}
}

func fail(p int, reason string) error { return &SyntaxError{Offset: p, Reason: reason} }
