package rfc6587

import (
	"bytes"
	"math"
)

// Scanner takes a stream piece by piece, however the network cut it, and gives the same messages
// for every cut. The caller alternates: Write once, then Next until it has none. What Next returns stays valid until the
// following call of either.
//
// Around a message it drops what senders pad with: CR, LF and NUL. A line that begins with
// a space, a tab, or a '<' that opens no priority belongs to the message before it: so are
// XML bodies and stack traces written.
type Scanner struct {
	limit  int
	strict bool
	buf    []byte
	at     int   // of buf: what is before was taken
	off    int64 // in the stream, of buf[at]
	joined []byte

	lf       int // of the rest: the line end behind the last whole line of the open message, -1 when there is none
	searched int // of the rest: no other line end is before
	skip     int // bytes to pass over
	skipLine bool
	quiet    bool
	ended    bool
	broken   bool // strict, and a count was wrong
}

// NewScanner returns a Scanner for a stream that counts, ends its messages with line feeds, or mixes the
// two. No message may exceed limit bytes.
func NewScanner(limit int) *Scanner { return &Scanner{limit: limit, lf: -1} }

// Write adds what came next on the stream.
func (s *Scanner) Write(p []byte) {
	copy(s.room(len(p)), p)
	s.wrote(len(p))
}

// room returns free space of n bytes behind what was written.
func (s *Scanner) room(n int) []byte {
	if s.at == len(s.buf) {
		s.buf, s.at = s.buf[:0], 0
	}
	if cap(s.buf)-len(s.buf) < n {
		held := len(s.buf) - s.at
		if cap(s.buf) < 2*held+n {
			next := make([]byte, held, max(2*held, held+n))
			copy(next, s.buf[s.at:])
			s.buf = next
		} else {
			s.buf = s.buf[:copy(s.buf[:cap(s.buf)], s.buf[s.at:])]
		}
		s.at = 0
	}
	return s.buf[len(s.buf) : len(s.buf)+n]
}

func (s *Scanner) wrote(n int) {
	s.buf = s.buf[:len(s.buf)+n]
	s.quiet = s.quiet && n == 0
}

// Quiet says that the stream has been silent for a moment: a whole line will not be continued.
func (s *Scanner) Quiet() { s.quiet = true }

// End says that nothing follows.
func (s *Scanner) End() { s.ended = true }

// Pending tells what the Scanner waits for.
type Pending uint8

// What a Scanner may wait for when Next has no more.
const (
	Nothing Pending = iota // between messages
	Part                   // in a message
	Line                   // behind a whole line, which the next may continue
)

// Pending tells what Next needs.
func (s *Scanner) Pending() Pending {
	switch {
	case s.lf >= 0 && len(s.rest())-s.lf <= 2: // nothing behind the line, or a '<'
		return Line
	case len(s.rest()) > 0 || s.skip > 0 || s.skipLine:
		return Part
	}
	return Nothing
}

// Offset is the place in the stream of the first byte that was not returned yet.
func (s *Scanner) Offset() int64 { return s.off }

// Rest is what was written and is no message yet.
func (s *Scanner) Rest() []byte { return s.rest() }

func (s *Scanner) rest() []byte { return s.buf[s.at:] }

func (s *Scanner) take(n int) []byte {
	b := s.rest()[:n]
	s.at += n
	s.off += int64(n)
	return b
}

const (
	maxDigits = 10            // of a count
	maxPrefix = maxDigits + 2 // digits, space, '<'
	maxSkip   = 16 << 20      // a count beyond is not believed
)

// Next returns the next message that is complete; false when more must be written. A *FrameError that is not
// fatal spoils one message; Next goes on behind it.
func (s *Scanner) Next() (Frame, bool, error) {
	if s.broken || s.passOver() {
		return Frame{}, false, nil
	}
	if s.strict {
		return s.exact()
	}
	if s.lf >= 0 || s.searched > 0 {
		return s.line()
	}
	rest := s.rest()
	s.take(len(rest) - len(bytes.TrimLeft(rest, "\r\n\x00")))
	rest = s.rest()
	n, digits := count(rest)
	behind := rest[digits:]
	unsure := digits > 0 && digits <= maxDigits && !s.ended && bytes.HasPrefix([]byte(" <"), behind) && len(behind) < 2
	switch {
	case len(rest) == 0, unsure:
		return Frame{}, false, nil
	case digits == 0 || n > maxSkip || !bytes.HasPrefix(behind, []byte(" <")):
		return s.line()
	case n > s.limit:
		offset := s.off
		s.skip = digits + 1 + n
		return Frame{}, false, &FrameError{Offset: offset, Reason: tooLong}
	}
	return s.counted(n, digits+1)
}

const tooLong = "message longer than the limit"

// passOver drops what is to be passed over, and tells whether all that was written is.
func (s *Scanner) passOver() bool {
	n := min(s.skip, len(s.rest()))
	s.take(n)
	s.skip -= n
	if s.skipLine {
		i := bytes.IndexByte(s.rest(), '\n')
		s.skipLine = i < 0
		if i < 0 {
			i = len(s.rest()) - 1
		}
		s.take(i + 1)
	}
	return s.skip > 0 || s.skipLine
}

// counted takes a message of n bytes behind a prefix.
func (s *Scanner) counted(n, prefix int) (Frame, bool, error) {
	f := Frame{Offset: s.off + int64(prefix), Counted: true}
	switch have := len(s.rest()); {
	case have >= prefix+n:
		f.Message = s.take(prefix + n)[prefix:]
	case s.ended:
		f.Message, f.Cut = s.take(have)[prefix:], true
	default:
		return Frame{}, false, nil
	}
	return f, true, nil
}

// line takes a message that ends with a line feed, and the lines that belong to it.
func (s *Scanner) line() (Frame, bool, error) {
	for {
		rest := s.rest()
		if s.lf >= 0 {
			more, known := continues(rest[min(s.lf+1, len(rest)):])
			if !known && !s.ended && !s.quiet {
				return Frame{}, false, nil
			}
			if !more {
				return s.complete(), true, nil
			}
		}
		end := len(rest)
		if i := bytes.IndexByte(rest[s.searched:], '\n'); i >= 0 {
			end = s.searched + i
		} else if end <= s.limit && !s.ended {
			s.searched = end
			return Frame{}, false, nil
		}
		if end > s.limit {
			return s.over(end)
		}
		s.lf, s.searched = end, min(end+1, len(rest))
	}
}

// over passes over an open message that is too long: the line that ends at end.
func (s *Scanner) over(end int) (Frame, bool, error) {
	err := &FrameError{Offset: s.off, Reason: tooLong}
	s.skipLine = end == len(s.rest()) && !s.ended
	s.take(min(end+1, len(s.rest())))
	s.lf, s.searched = -1, 0
	return Frame{}, false, err
}

// complete takes the open message up to its last line end.
func (s *Scanner) complete() Frame {
	f := Frame{Offset: s.off}
	text := s.take(min(s.lf+1, len(s.rest())))[:s.lf]
	s.lf, s.searched = -1, 0
	f.Message = trimEnd(text)
	if bytes.IndexByte(f.Message, '\n') < 0 || !bytes.ContainsAny(f.Message, "\r\x00") {
		return f
	}
	s.joined = s.joined[:0]
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		s.joined = append(append(s.joined, trimEnd(line)...), '\n')
	}
	f.Message = s.joined[:len(s.joined)-1]
	return f
}

// continues tells whether what follows a line end belongs to the message before it, if that is known yet.
func continues(b []byte) (more, known bool) {
	switch {
	case len(b) == 0, len(b) == 1 && b[0] == '<':
		return false, false
	case b[0] == '<':
		return b[1]-'0' > 9, true
	}
	return b[0] == ' ' || b[0] == '\t', true
}

func trimEnd(line []byte) []byte { return bytes.TrimRight(line, "\r\x00") }

// count reads the decimal length at the start of b: no leading zero. It returns 0 digits when there is none, and a length
// beyond all limits when there are more than maxDigits.
func count(b []byte) (n, digits int) {
	for digits < len(b) && digits <= maxDigits && b[digits]-'0' <= 9 {
		n = 10*n + int(b[digits]-'0')
		digits++
	}
	switch {
	case digits > 0 && b[0] == '0':
		return 0, 0
	case digits > maxDigits:
		return math.MaxInt, digits
	}
	return n, digits
}

// exact takes one message as RFC 5425 section 4.3 demands: MSG-LEN SP SYSLOG-MSG. A line feed may be behind it.
func (s *Scanner) exact() (Frame, bool, error) {
	if rest := s.rest(); s.off > 0 && len(rest) > 0 && rest[0] == '\n' {
		s.take(1)
	}
	rest := s.rest()
	n, digits := count(rest)
	behind := rest[digits:]
	switch {
	case len(rest) == 0:
		return Frame{}, false, nil
	case digits == 0:
		return s.fatal("message length expected")
	case n > s.limit && (len(behind) > 0 || s.ended):
		return s.fatal(tooLong)
	case len(behind) == 0 && !s.ended:
		return Frame{}, false, nil
	case len(behind) == 0 || behind[0] != ' ':
		return s.fatal("space expected behind the message length")
	}
	f, ok, err := s.counted(n, digits+1)
	if f.Cut {
		return s.fatal("stream ends inside the message")
	}
	return f, ok, err
}

func (s *Scanner) fatal(reason string) (Frame, bool, error) {
	s.broken = true
	return Frame{}, false, &FrameError{Offset: s.off, Reason: reason, Fatal: true}
}
