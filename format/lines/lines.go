// Package lines cuts a stream into lines, and into runs of a known number of bytes,
// as the log formats that mix the two need it. A line that is too long is passed
// over; it never fills the memory.
package lines

import (
	"bytes"
	"errors"
	"io"
)

// ErrTooLong says that a line was longer than the limit and was passed over. The
// next call goes on behind it.
var ErrTooLong = errors.New("line longer than the limit")

const (
	firstSize = 16 << 10 // of the buffer; it grows as lines ask for it
	readSize  = 64 << 10 // at which the buffer stops growing for speed alone
	maxIdle   = 100      // reads in a row that may bring nothing
)

// Reader reads from one stream. What its methods return stays valid until the next call.
type Reader struct {
	r          io.Reader
	limit      int
	buf        []byte
	start, end int   // of the bytes read and not yet returned
	off        int64 // of buf[start] in the stream
	err        error // from r; returned once the buffer is used up
}

// NewReader reads from r. No line or run may exceed limit bytes.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{r: r, limit: max(limit, 1)}
}

// Offset is the place in the stream of the byte that comes next.
func (r *Reader) Offset() int64 { return r.off }

// Line returns the next line without its LF. The last line of a stream needs none.
// At the end it returns io.EOF, or the error of the stream.
func (r *Reader) Line() ([]byte, error) {
	searched := 0
	for {
		if i := bytes.IndexByte(r.buf[r.start+searched:r.end], '\n'); i >= 0 {
			line := r.take(searched + i)
			r.take(1)
			return r.checked(line)
		}
		searched = r.end - r.start
		if searched > r.limit {
			return nil, r.skipLine()
		}
		if r.err != nil {
			if searched == 0 {
				return nil, r.err
			}
			return r.checked(r.take(searched))
		}
		r.fill()
	}
}

func (r *Reader) checked(line []byte) ([]byte, error) {
	if len(line) > r.limit {
		return nil, ErrTooLong
	}
	return line, nil
}

// skipLine passes over the rest of a line that is too long.
func (r *Reader) skipLine() error {
	for {
		if i := bytes.IndexByte(r.buf[r.start:r.end], '\n'); i >= 0 {
			r.take(i + 1)
			return ErrTooLong
		}
		r.take(r.end - r.start)
		if r.err != nil {
			return ErrTooLong
		}
		r.fill()
	}
}

// Bytes returns the next n bytes. At the end of the stream it returns the fewer that
// are left together with io.ErrUnexpectedEOF, or with the error of the stream.
func (r *Reader) Bytes(n int) ([]byte, error) {
	if n > r.limit {
		return nil, ErrTooLong
	}
	have := r.Peek(n)
	r.take(len(have))
	if len(have) == n {
		return have, nil
	}
	if r.err == io.EOF {
		return have, io.ErrUnexpectedEOF
	}
	return have, r.err
}

// Peek returns the next n bytes, fewer at the end, without moving on. n must not
// exceed the limit.
func (r *Reader) Peek(n int) []byte {
	for r.end-r.start < n && r.err == nil {
		r.fill()
	}
	return r.buf[r.start:min(r.start+n, r.end)]
}

func (r *Reader) take(n int) []byte {
	b := r.buf[r.start : r.start+n]
	r.start += n
	r.off += int64(n)
	return b
}

// fill reads once, after making room: by moving what is left to the front, and by a
// larger buffer when that is not enough.
func (r *Reader) fill() {
	if r.start > 0 && (r.start == r.end || r.end == len(r.buf)) {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	if full := r.end == len(r.buf); full || r.off > int64(4*len(r.buf)) && len(r.buf) < readSize {
		buf := make([]byte, max(firstSize, 2*len(r.buf)))
		r.end = copy(buf, r.buf[r.start:r.end])
		r.start, r.buf = 0, buf
	}
	for range maxIdle {
		n, err := r.r.Read(r.buf[r.end:])
		r.end += n
		r.err = err
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}
