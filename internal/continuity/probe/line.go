package probe

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

const (
	mostBytes   = 64 << 10         // of what a server says, but for HTTP
	mostAnswer  = 8 << 20          // of an answer over HTTP: statements of large FHIR servers have some MiB
	parting     = time.Second      // for how long is waited until the other side closes, too
	lingering   = 5 * time.Second  // likewise, where that is what is asked
	mostParting = int64(256 << 10) // of what is still on its way then
)

// line is a connection that is bounded whatever a library does with it, and that closes without a reset.
type line struct {
	net.Conn
	visit *visit
	until time.Time
	left  atomic.Int64 // bytes that may still be read
}

// Read reads no more than is left, and remembers by what reading ended.
func (l *line) Read(p []byte) (int, error) {
	left := l.left.Load()
	if left <= 0 {
		l.remember(errTooMuch)
		return 0, errTooMuch
	}
	n, err := l.Conn.Read(p[:min(int64(len(p)), left)])
	l.left.Add(int64(-n))
	if err != nil && !errors.Is(err, net.ErrClosed) {
		l.remember(err)
	}
	return n, err
}

func (l *line) remember(err error) { l.visit.seen.CompareAndSwap(nil, &err) }

// SetDeadline and its likes never go beyond the end of the attempt.
func (l *line) SetDeadline(t time.Time) error      { return l.Conn.SetDeadline(l.bound(t)) }
func (l *line) SetReadDeadline(t time.Time) error  { return l.Conn.SetReadDeadline(l.bound(t)) }
func (l *line) SetWriteDeadline(t time.Time) error { return l.Conn.SetWriteDeadline(l.bound(t)) }

func (l *line) bound(t time.Time) time.Time {
	if t.IsZero() || t.After(l.until) {
		return l.until
	}
	return t
}

// Close says that we are done, and reads what is still under way. Closed with something unread, a connection is reset, and the other end logs that.
func (l *line) Close() error {
	_, _ = l.part(parting)
	return l.Conn.Close()
}

// part closes our side, and tells whether the other side closes its own within a time.
func (l *line) part(wait time.Duration) (closed bool, err error) {
	half, ok := l.Conn.(interface{ CloseWrite() error })
	if !ok {
		return false, errors.New("wardline: internal error: a connection without halves")
	}
	if err := half.CloseWrite(); err != nil {
		return false, err
	}
	if err := l.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return false, err
	}
	_, err = io.CopyN(io.Discard, l.Conn, mostParting)
	return errors.Is(err, io.EOF), nil
}
