package atna

import (
	"bytes"
	"io"

	"github.com/wardline/wardline/format/charset"
)

// Reader finds the messages in a file: one, many one after another, or many inside a
// wrapper of any kind. What stands between them is passed over.
type Reader struct {
	r      io.Reader
	lim    Limits
	buf    []byte
	window []byte // of buf: read and not yet taken
	off    int64  // of window[0] in the stream
	err    error  // from r
}

// NewReader reads from r. It reads nothing before the first Next. Offsets in a file of UTF-16
// count the bytes of its UTF-8 form.
func NewReader(r io.Reader, lim Limits) *Reader {
	return &Reader{r: charset.NewReader(r), lim: lim}
}

// Next returns the next message, the place where it begins, and io.EOF at the end. An
// *Error says that one message could not be read, with its offset in the stream; the reader
// can go on. A message whose end is missing ends where the next one begins.
func (r *Reader) Next() (Message, int64, error) {
	begin, err := r.findStart()
	if err != nil {
		return Message{}, r.off, err
	}
	r.take(begin)
	end := r.findEnd()
	at := r.off
	if end < 0 {
		r.take(max(min(tagLimit, len(r.window)), len(r.window)-tagLimit))
		return Message{}, at, &Error{at, "longer than the limit"}
	}
	m, err := Parse(r.window[:end], r.lim)
	if e, ok := err.(*Error); ok {
		e.Offset += at
	}
	r.take(end)
	return m, at, err
}

const (
	name     = "AuditMessage"
	tagLimit = 128     // bytes of a tag up to the end of its name, prefix included
	gapLimit = 4 << 10 // bytes before a message in which its declarations are looked for
)

// findStart reads on to the next start tag and returns the place of its declaration, or its own.
func (r *Reader) findStart() (int, error) {
	from := 0
	for {
		for {
			t, ok := nextTag(r.window, from)
			if !ok {
				break
			}
			if !t.closing {
				return declaration(r.window[:t.start], t.start), nil
			}
			from = t.behind
		}
		if r.err != nil {
			r.take(len(r.window))
			return 0, r.err
		}
		r.take(max(0, len(r.window)-gapLimit))
		from = max(0, len(r.window)-tagLimit)
		r.fill()
	}
}

// declaration finds where an XML or document type declaration begins in what stands before a message.
func declaration(gap []byte, otherwise int) int {
	for _, opening := range [...]string{"<?xml", "<!DOCTYPE"} {
		if i := bytes.LastIndex(gap, []byte(opening)); i >= 0 {
			return i
		}
	}
	return otherwise
}

// findEnd returns the place behind the end tag of the message that begins the window. Without one, that
// is where the next message begins, or the end of the stream; -1 when it is too far.
func (r *Reader) findEnd() int {
	first, _ := nextTag(r.window, 0)
	from := first.behind
	for {
		t, ok := nextTag(r.window, from)
		switch {
		case ok && !t.closing:
			return max(first.behind, declaration(r.window[first.behind:t.start], t.start-first.behind)+first.behind)
		case ok:
			if i := bytes.IndexByte(r.window[t.behind:], '>'); i >= 0 {
				return t.behind + i + 1
			}
			from = t.start
		default:
			from = max(from, len(r.window)-tagLimit)
		}
		if len(r.window) > r.lim.Bytes {
			return -1
		}
		if r.err != nil {
			return len(r.window)
		}
		r.fill()
	}
}

type tag struct {
	start, behind int // of the bracket, of what follows the name
	closing       bool
}

// nextTag finds a start or end tag named AuditMessage, with or without a prefix.
func nextTag(text []byte, from int) (tag, bool) {
	for {
		i := bytes.Index(text[from:], []byte(name))
		if i < 0 {
			return tag{}, false
		}
		at := from + i
		from = at + len(name)
		if from == len(text) {
			return tag{}, false
		}
		if !bytes.ContainsRune([]byte(" \t\r\n/>"), rune(text[from])) {
			continue
		}
		if t, ok := openedBefore(text, at); ok {
			t.behind = from
			return t, true
		}
	}
}

// openedBefore finds the bracket of a tag whose name begins at place at.
func openedBefore(text []byte, at int) (tag, bool) {
	if at > 0 && text[at-1] == ':' {
		for at--; at > 0 && isNameByte(text[at-1]); at-- {
		}
	}
	switch {
	case at >= 2 && text[at-1] == '/' && text[at-2] == '<':
		return tag{start: at - 2, closing: true}, true
	case at >= 1 && text[at-1] == '<':
		return tag{start: at - 1}, true
	}
	return tag{}, false
}

func isNameByte(c byte) bool {
	return c == '_' || c == '-' || c == '.' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func (r *Reader) take(n int) {
	r.window = r.window[n:]
	r.off += int64(n)
}

// fill reads once. It moves the window to the front of a buffer that is full, and
// takes a larger one when that leaves no room.
func (r *Reader) fill() {
	n := len(r.window)
	if cap(r.window)-n < 4<<10 {
		if cap(r.buf) < 2*n+64<<10 {
			r.buf = make([]byte, 2*n+64<<10)
		}
		copy(r.buf[:n], r.window)
		r.window = r.buf[:n]
	}
	for range 100 {
		var m int
		m, r.err = r.r.Read(r.window[n:cap(r.window)])
		if r.window = r.window[:n+m]; m > 0 || r.err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}
