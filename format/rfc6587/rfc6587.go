// Package rfc6587 finds where one syslog message ends and the next begins, in a
// file or on a connection.
//
// Senders do it in two ways: they write the length of each message before it
// (octet counting, RFC 6587 section 3.4.1 and RFC 5425 section 4.3), or a line feed behind it
// (section 3.4.2). Some do both on one connection.
package rfc6587

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/wardline/wardline/format/lines"
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

// Reader finds messages. What Next returns stays valid until the following call.
type Reader struct {
	lines   *lines.Reader
	limit   int
	counted bool
	joined  []byte
}

// NewReader reads a stream that counts, ends its messages with line feeds, or mixes the
// two. No message may exceed limit bytes.
//
// Around a message it drops what senders pad with: CR, LF and NUL. A line that begins with
// a space, a tab, or a '<' that opens no priority belongs to the message before it: so are
// XML bodies and stack traces written.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{lines: lines.NewReader(r, max(limit, maxPrefix)), limit: limit}
}

// NewCountedReader reads a stream that must count every message, with or without a line
// feed behind it. The first breach is fatal, for nothing tells where the next message begins.
func NewCountedReader(r io.Reader, limit int) *Reader {
	fr := NewReader(r, limit)
	fr.counted = true
	return fr
}

const (
	maxDigits = 10            // of a count
	maxPrefix = maxDigits + 2 // digits, space, '<'
)

// Next returns the next message, or io.EOF at the end. A *FrameError that is not
// fatal spoils one message; any other error ends the stream.
func (r *Reader) Next() (Frame, error) {
	if r.counted {
		return r.strict()
	}
	r.skipPadding()
	head := r.lines.Peek(maxPrefix)
	if n, digits := count(head); n > 0 && n <= r.limit && bytes.HasPrefix(head[digits:], []byte(" <")) {
		return r.body(n, digits+1)
	}
	return r.line()
}

// skipPadding passes over what stands between messages.
func (r *Reader) skipPadding() {
	for {
		b := r.lines.Peek(1)
		if len(b) == 0 || b[0] != '\n' && b[0] != '\r' && b[0] != 0 {
			return
		}
		_, _ = r.lines.Bytes(1) // it was seen: it is there
	}
}

// strict reads one message as RFC 5425 section 4.3 demands: MSG-LEN SP SYSLOG-MSG.
func (r *Reader) strict() (Frame, error) {
	offset := r.lines.Offset()
	if b := r.lines.Peek(1); offset > 0 && len(b) > 0 && b[0] == '\n' {
		_, _ = r.lines.Bytes(1)
	}
	head := r.lines.Peek(maxPrefix)
	if len(head) == 0 {
		_, err := r.lines.Line()
		return Frame{}, err
	}
	n, digits := count(head)
	switch {
	case digits == 0:
		return r.fatal(offset, "message length expected")
	case n > r.limit || digits > maxDigits:
		return r.fatal(offset, "message longer than the limit")
	case len(head) == digits || head[digits] != ' ':
		return r.fatal(offset, "space expected behind the message length")
	}
	f, err := r.body(n, digits+1)
	if err == nil && f.Cut {
		return r.fatal(f.Offset, "stream ends inside the message")
	}
	return f, err
}

func (r *Reader) fatal(offset int64, reason string) (Frame, error) {
	return Frame{}, &FrameError{Offset: offset, Reason: reason, Fatal: true}
}

// body reads a counted message of n bytes behind a prefix.
func (r *Reader) body(n, prefix int) (Frame, error) {
	if _, err := r.lines.Bytes(prefix); err != nil {
		return Frame{}, err
	}
	f := Frame{Offset: r.lines.Offset(), Counted: true}
	var err error
	f.Message, err = r.lines.Bytes(n)
	if len(f.Message) > 0 || err == nil {
		f.Cut = err != nil // an error of the stream comes back with the next call
		return f, nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return Frame{Offset: f.Offset, Counted: true, Cut: true}, nil
	}
	return Frame{}, err
}

// line reads a message that ends with a line feed, and the lines that belong to it.
func (r *Reader) line() (Frame, error) {
	f := Frame{Offset: r.lines.Offset()}
	line, err := r.lines.Line()
	if errors.Is(err, lines.ErrTooLong) || err == nil && len(line) > r.limit {
		return Frame{}, &FrameError{Offset: f.Offset, Reason: "message longer than the limit"}
	}
	if err != nil {
		return Frame{}, err
	}
	r.joined = append(r.joined[:0], trimEnd(line)...) // looking ahead may overwrite line
	for r.continues() && len(r.joined) < r.limit {
		line, err := r.lines.Line()
		if line = trimEnd(line); err != nil || len(r.joined)+1+len(line) > r.limit {
			return Frame{}, &FrameError{Offset: f.Offset, Reason: "message longer than the limit"}
		}
		r.joined = append(append(r.joined, '\n'), line...)
	}
	f.Message = r.joined
	return f, nil
}

// continues tells whether the line that comes next belongs to the message before it.
func (r *Reader) continues() bool {
	b := r.lines.Peek(2)
	switch {
	case len(b) == 0:
		return false
	case b[0] == ' ' || b[0] == '\t':
		return true
	case b[0] == '<':
		return len(b) == 2 && b[1]-'0' > 9
	}
	return false
}

func trimEnd(line []byte) []byte { return bytes.TrimRight(line, "\r\x00") }

// count reads the decimal length at the start of b: no leading zero, at most
// maxDigits digits. It returns 0 digits when there is none.
func count(b []byte) (n, digits int) {
	for digits < len(b) && digits <= maxDigits && b[digits]-'0' <= 9 {
		n = 10*n + int(b[digits]-'0')
		digits++
	}
	if digits > 0 && b[0] == '0' {
		return 0, 0
	}
	return n, digits
}
