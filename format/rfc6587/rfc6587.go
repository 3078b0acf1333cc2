// Package rfc6587 finds where one syslog message ends and the next begins, in a
// file or on a connection.
//
// Senders do it in two ways: they write the length of each message before it
// (octet counting, RFC 6587 section 3.4.1 and RFC 5425 section 4.3), or a line feed behind it
// (section 3.4.2). Some do both on one connection.
package rfc6587

import (
	"fmt"
	"io"
)

// A FrameError says where no message could be found and why, without quoting it.
type FrameError struct {
	Offset int64 // in the stream
	Reason string
	Fatal  bool // the reader cannot go on
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("syslog frame at byte %d: %s", e.Offset, e.Reason)
}

// Frame is one message as it was framed.
type Frame struct {
	Message []byte
	Offset  int64 // of the message in the stream, behind its count
	Counted bool
	Cut     bool // the stream ended inside the counted message
}

// Reader reads messages from a file or a connection that is read to its end. What Next returns stays valid until the following call.
type Reader struct {
	r   io.Reader
	s   *Scanner
	err error // from r
}

// NewReader reads a stream as a Scanner does. It reads nothing before the first Next.
func NewReader(r io.Reader, limit int) *Reader { return &Reader{r: r, s: NewScanner(limit)} }

// NewCountedReader reads a stream that must count every message, with or without a line
// feed behind it. The first breach is fatal, for nothing tells where the next message begins.
func NewCountedReader(r io.Reader, limit int) *Reader {
	fr := NewReader(r, limit)
	fr.s.strict = true
	return fr
}

// Next returns the next message, or io.EOF at the end. A *FrameError that is not
// fatal spoils one message; any other error ends the stream.
func (r *Reader) Next() (Frame, error) {
	for {
		f, ok, err := r.s.Next()
		if ok || err != nil {
			return f, err
		}
		if r.err != nil {
			return Frame{}, r.err
		}
		r.fill()
	}
}

func (r *Reader) fill() {
	const (
		first = 16 << 10 // bytes read at a time: short streams shall cost little
		size  = 64 << 10
		idle  = 100 // reads in a row that may bring nothing
	)
	n := first
	if r.s.off > size {
		n = size
	}
	room := r.s.room(n)
	for range idle {
		n, r.err = r.r.Read(room)
		r.s.wrote(n)
		if r.err != nil {
			r.s.End()
		}
		if n > 0 || r.err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
	r.s.End()
}
