package json

import (
	"bytes"

	"github.com/wardline/wardline/internal/collect"
)

// What to do when the bytes are not what they should be: pass over as few of them as can
// be told apart, say where, and go on.

func (f *framer) damage(records int, reason string) error {
	return &collect.Damage{Offset: f.offset, Records: records, Reason: reason}
}

// unmatched passes over an object that has no end, and over what may be the rest of it.
func (f *framer) unmatched(v verdict, column int) error {
	f.lines = true
	f.toLine(column)
	if v == tooDeep {
		return f.damage(1, "an object nested too deeply")
	}
	return f.damage(1, "an object that is cut off or has stray text inside")
}

// tooLarge passes over an object that is larger than the limit.
func (f *framer) tooLarge(m matcher, v verdict) error {
	f.discard(&m, v)
	return f.damage(1, "an object larger than the limit")
}

// discard passes over what m is matching without keeping it. Where that breaks off at the
// beginning of a line it goes on there, else with the next line.
func (f *framer) discard(m *matcher, v verdict) verdict {
	for {
		if v == more {
			v = m.run(f.w.bytes())
		}
		f.advance(m.pos)
		m.pos, m.line = 0, 0
		if v != more || !f.w.fill() {
			break
		}
	}
	if v != matched && v != more && f.column >= elsewhere {
		f.toLine(elsewhere)
	}
	return v
}

// advance passes over n bytes of any kind. What may stand between objects may also stand
// before one in its line.
func (f *framer) advance(n int) {
	line := f.w.bytes()[:n]
	if i := bytes.LastIndexByte(line, '\n'); i >= 0 {
		line = line[i+1:]
		f.column = 0
	}
	for _, c := range line {
		switch c {
		case ' ', '\t':
			f.column++
		case '\r', ',', 0x1e, 0xef, 0xbb, 0xbf:
		default:
			f.skip(n)
			return
		}
	}
	f.w.skip(n)
}

// garbage passes over text that belongs to no object. Some of it is harmless.
func (f *framer) garbage(c byte) error {
	f.offset = f.w.off
	if c == 0 {
		for c, ok := f.w.peek(0); ok && c == 0; c, ok = f.w.peek(0) {
			n := len(f.w.bytes()) - len(bytes.TrimLeft(f.w.bytes(), "\x00"))
			f.skip(n)
		}
		return f.damage(0, "zero bytes instead of text")
	}
	if f.isRecordHeader() {
		f.skipLine()
		return nil
	}
	if len(f.frames) > 0 && f.skipElement() {
		return f.damage(1, "an element of an array that is no object")
	}
	f.toLine(elsewhere)
	return f.damage(0, "text that is no JSON object")
}

// isRecordHeader recognises the "Record 17" with which evtx_dump announces each object.
func (f *framer) isRecordHeader() bool {
	const header = "Record "
	f.w.peek(len(header))
	b := f.w.bytes()
	return len(b) > len(header) && string(b[:len(header)]) == header && b[len(header)]-'0' <= 9
}

// skipElement passes over numbers, strings and words up to the next bracket, when
// there is one in this line and no string confuses the matter.
func (f *framer) skipElement() bool {
	f.w.peek(headerSize)
	n := bytes.IndexAny(f.w.head(headerSize), "{[]\n")
	if n <= 0 {
		return false
	}
	f.skip(n)
	return true
}

// toLine passes over the rest of this line and over further ones, up to a line that may
// begin an object or an array: with a bracket that stands no further in than column, and
// nothing but separators before it.
func (f *framer) toLine(column int) {
	for f.skipLine() {
		indent := 0
		c, ok := f.w.peek(0)
		for ok && (c == ' ' || c == '\t' || c == ',' || c == 0x1e) && indent <= column {
			if c == ' ' || c == '\t' {
				indent++
			}
			f.w.skip(1)
			c, ok = f.w.peek(0)
		}
		f.column = indent
		if !ok || indent <= column && (c == '{' || c == '[' || c == ']' && len(f.frames) > 0) {
			return
		}
	}
}

// skipLine passes over the rest of the line and tells whether there is a next one.
func (f *framer) skipLine() bool {
	for {
		if n := f.w.line(); n >= 0 {
			f.w.skip(n + 1)
			f.column = 0
			return true
		}
		f.w.skip(len(f.w.bytes()))
		if !f.w.fill() {
			return false
		}
	}
}
