package hl7

import (
	"bytes"
	"io"

	"github.com/wardline/wardline/format/charset"
)

// Reader finds the messages in a file: one, many one after another, or batches of them
// between FHS, BHS, BTS and FTS (section 2.10.3). A message begins with MSH at the
// beginning of a line. What stands outside of messages is passed over.
type Reader struct {
	r      io.Reader
	lim    Limits
	buf    []byte
	window []byte // of buf: read and not yet taken
	off    int64  // of window[0] in the stream
	begun  bool
	midway bool  // the window begins inside a line
	over   bool  // what comes up to the next header is the rest of a message that was too long
	quiet  bool  // the line being passed over is known of
	err    error // from r
	stray  Stray
}

// Stray is text that belongs to no message and no batch: what was a message before its header broke, or was
// never one.
type Stray struct {
	Bytes int64 // without blanks
	First int64 // offset of the first in the stream
}

// NewReader reads from r. It reads nothing before the first Next. Offsets in a file of UTF-16
// count the bytes of its UTF-8 form.
func NewReader(r io.Reader, lim Limits) *Reader {
	return &Reader{r: charset.NewReader(r), lim: lim}
}

// Next returns the next message, valid until the following call, the place where it begins,
// and io.EOF at the end. After an *Error, whose offset is one in the stream, the reader can go on.
func (r *Reader) Next() (Message, int64, error) {
	if err := r.findStart(); err != nil {
		return Message{}, r.off, err
	}
	end := r.findEnd()
	at := r.off
	text := r.window[:end]
	r.take(end)
	m, err := Parse(text, r.lim)
	if e, ok := err.(*Error); ok {
		e.Offset += at
	}
	return m, at, err
}

// Stray is what was passed over so far.
func (r *Reader) Stray() Stray { return r.stray }

// findStart makes the window begin with a message.
func (r *Reader) findStart() error {
	if !r.begun {
		r.begun = true
		r.need(3)
		if bytes.HasPrefix(r.window, []byte("\ufeff")) {
			r.take(3)
		}
	}
	for {
		r.need(4)
		if !r.midway && isHeader(r.window) {
			r.over = false
			return nil
		}
		if len(r.window) == 0 {
			return r.err
		}
		n := lineLength(r.window)
		r.passOver(r.window[:n])
		r.take(n)
		r.midway = len(r.window) == 0
		if !r.midway {
			r.take(1)
		}
	}
}

// passOver counts a line, or what is there of it, outside of messages.
func (r *Reader) passOver(line []byte) {
	if !r.midway {
		r.quiet = r.over || isBatch(line)
	}
	for i, c := range line {
		if r.quiet || c <= ' ' {
			continue
		}
		if r.stray.Bytes == 0 {
			r.stray.First = r.off + int64(i)
		}
		r.stray.Bytes++
	}
}

// findEnd returns the length of the message that begins the window. One that is too long is cut
// so that it still is.
func (r *Reader) findEnd() int {
	from := 0
	for {
		n := bytes.IndexAny(r.window[from:], "\r\n")
		if n < 0 {
			from = len(r.window)
		} else {
			from += n + 1
		}
		if from > r.lim.Bytes {
			r.midway = n < 0
			r.over, r.quiet = true, true
			return from
		}
		if len(r.window)-from < 4 && r.err == nil {
			if n >= 0 {
				from-- // look at this line end again
			}
			r.fill()
			continue
		}
		if from == len(r.window) || isHeader(r.window[from:]) || isBatch(r.window[from:]) {
			return from
		}
	}
}

// isBatch tells the segments that wrap messages.
func isBatch(line []byte) bool {
	if len(line) < 3 || len(line) > 3 && isAlphanumeric(line[3]) {
		return false
	}
	switch string(line[:3]) {
	case "FHS", "BHS", "BTS", "FTS":
		return true
	}
	return false
}

// need reads until the window holds n bytes or the stream ends.
func (r *Reader) need(n int) {
	for len(r.window) < n && r.err == nil {
		r.fill()
	}
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
