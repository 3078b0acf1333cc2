package event

import (
	"bytes"
	"strconv"

	"github.com/wardline/wardline/format/jsonl"
)

// Builder writes the Fields of an event, one name after another. The zero value is
// ready; Reset lets one buffer serve every record of a source.
type Builder struct {
	buf  []byte
	open []byte // the brackets that will close what Object and Array opened
}

// Reset begins a new object.
func (b *Builder) Reset() {
	b.buf = append(b.buf[:0], '{')
	b.open = b.open[:0]
}

// Object begins an object: what is added until the matching End belongs to it. Inside
// an array it is the next element and its name is not used.
func (b *Builder) Object(name string) { b.begin(name, '{', '}') }

// Array begins an array: what is added until the matching End are its elements, and
// their names are not used.
func (b *Builder) Array(name string) { b.begin(name, '[', ']') }

// End ends the object or array begun last.
func (b *Builder) End() {
	last := len(b.open) - 1
	b.buf = append(b.buf, b.open[last])
	b.open = b.open[:last]
}

func (b *Builder) begin(name string, opening, closing byte) {
	b.name(name)
	b.buf = append(b.buf, opening)
	b.open = append(b.open, closing)
}

// String adds a string; bytes that are not UTF-8 become U+FFFD.
func (b *Builder) String(name, value string) {
	b.name(name)
	b.buf = jsonl.AppendString(b.buf, value)
}

// Bytes is String for a value that is still in a decoder's buffer.
func (b *Builder) Bytes(name string, value []byte) {
	b.name(name)
	b.buf = jsonl.AppendString(b.buf, value)
}

// Int adds a whole number.
func (b *Builder) Int(name string, value int64) {
	b.name(name)
	b.buf = strconv.AppendInt(b.buf, value, 10)
}

// Bool adds true or false.
func (b *Builder) Bool(name string, value bool) {
	b.name(name)
	b.buf = strconv.AppendBool(b.buf, value)
}

// Raw adds a value that is JSON already. The caller vouches for it.
func (b *Builder) Raw(name string, json []byte) {
	b.name(name)
	b.buf = append(b.buf, json...)
}

// Strings adds an array of strings.
func (b *Builder) Strings(name string, values []string) {
	b.name(name)
	b.buf = append(b.buf, '[')
	for i, v := range values {
		if i > 0 {
			b.buf = append(b.buf, ',')
		}
		b.buf = jsonl.AppendString(b.buf, v)
	}
	b.buf = append(b.buf, ']')
}

// Members adds all members of an object that is JSON already. The caller vouches for it.
func (b *Builder) Members(object []byte) {
	inside := bytes.TrimSpace(object)
	inside = bytes.TrimSpace(inside[1 : len(inside)-1])
	if len(inside) > 0 {
		b.comma()
		b.buf = append(b.buf, inside...)
	}
}

func (b *Builder) name(name string) {
	b.comma()
	if n := len(b.open); n > 0 && b.open[n-1] == ']' {
		return
	}
	b.buf = append(jsonl.AppendString(b.buf, name), ':')
}

// comma separates from what came before. Strings end in a quote, so a bracket at the
// end is one that was just opened.
func (b *Builder) comma() {
	if last := b.buf[len(b.buf)-1]; last != '{' && last != '[' {
		b.buf = append(b.buf, ',')
	}
}

// Into ends the object and makes it the Fields of ev, indexed. ev borrows the
// builder's buffer until the next Reset.
func (b *Builder) Into(ev *Event, lim jsonl.Limits) error {
	b.buf = append(b.buf, '}')
	ev.Fields = b.buf
	return ev.Index.Scan(b.buf, lim)
}
