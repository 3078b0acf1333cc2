package json

import (
	"bytes"
	"io"
)

const (
	smallWindow = 32 << 10  // bytes held at first: many sources are small
	windowSize  = 256 << 10 // bytes held later; more only while one record needs it
	maxEmpty    = 100       // reads without bytes before the source counts as stuck
)

// window is the part of the source that is in memory. Positions in it count from its first
// unread byte, so that they survive a fill.
type window struct {
	r     io.Reader
	limit int    // bytes the window may hold
	buf   []byte // buf[start:end] is unread
	start int
	end   int
	off   int64 // place of the first unread byte in the source
	seen  int   // that many unread bytes are known to hold no newline
	err   error // why nothing more comes; io.EOF at the end
}

// bytes returns what is unread. It stays valid until the next fill.
func (w *window) bytes() []byte { return w.buf[w.start:w.end] }

// head returns no more than the first n unread bytes, and none beyond the limit: how much the source
// gave at once must not matter.
func (w *window) head(n int) []byte {
	return w.buf[w.start:min(w.end, w.start+min(n, w.limit))]
}

// skip passes over n bytes.
func (w *window) skip(n int) {
	w.start += n
	w.off += int64(n)
	w.seen = max(0, w.seen-n)
}

// line returns the position of the next newline, or -1 when the window holds none.
func (w *window) line() int {
	b := w.bytes()
	n := bytes.IndexByte(b[w.seen:], '\n')
	if n < 0 {
		w.seen = len(b)
		return -1
	}
	w.seen += n
	return w.seen
}

// fill reads on and tells whether the window holds more than before. It holds no more
// when the source ends or when one record fills the window.
func (w *window) fill() bool {
	if w.err != nil || w.end-w.start >= w.limit {
		return false
	}
	w.room()
	for range maxEmpty {
		n, err := w.r.Read(w.buf[w.end:])
		w.end += max(n, 0)
		w.err = err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	w.err = io.ErrNoProgress
	return false
}

// room makes space behind the unread bytes.
func (w *window) room() {
	switch {
	case w.buf == nil:
		w.buf = make([]byte, min(smallWindow, w.limit))
	case w.end < len(w.buf):
		return
	case len(w.buf) >= min(windowSize, w.limit) && w.start > 0 && w.end-w.start <= len(w.buf)/2:
		w.end = copy(w.buf, w.bytes())
		w.start = 0
	default:
		grown := make([]byte, max(2*len(w.buf), min(windowSize, w.limit)))
		w.end = copy(grown, w.bytes())
		w.start = 0
		w.buf = grown
	}
}

// peek returns unread byte n.
func (w *window) peek(n int) (byte, bool) {
	for w.end-w.start <= n {
		if !w.fill() {
			return 0, false
		}
	}
	return w.buf[w.start+n], true
}
