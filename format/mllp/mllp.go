// Package mllp finds where one HL7 message ends and the next begins, on a
// connection between two clinical systems or in a recording of one.
//
// A frame is 0x0B, the message, 0x1C 0x0D (HL7 Transport Specification: MLLP release 1 and 2).
// Senders break this in known ways, and none of them stops the reading: noise between frames,
// a missing 0x0D, a new frame before the last one ended.
package mllp

import (
	"bytes"
	"fmt"
	"io"
)

const (
	startBlock = 0x0b
	endBlock   = 0x1c
	ack        = 0x06 // MLLP release 2, commit acknowledgement
	nak        = 0x15
)

// Kind tells what a frame is.
type Kind uint8

// The kinds of frames.
const (
	Message  Kind = iota
	Fragment      // a new frame or the end of the stream came before the end of this one
	Ack           // a commit acknowledgement of release 2, without payload
	Nak           // its negative, without payload
)

// Frame is one frame. Its Payload is valid until the Scanner is used again.
type Frame struct {
	Kind    Kind
	Payload []byte
	Offset  int64 // in the stream, of the payload's first byte
}

// Error says where a frame was passed over because it is longer than the limit. Head is what of it was
// read until then, valid until the Scanner is used again: enough to answer that it was refused.
type Error struct {
	Offset int64
	Head   []byte
}

func (e *Error) Error() string {
	return fmt.Sprintf("mllp frame at byte %d: longer than the limit", e.Offset)
}

// Scanner takes a stream piece by piece, however the network cut it, and gives the same
// frames for every cut. The caller alternates: Write once, then Next until it has none.
type Scanner struct {
	limit   int
	in      []byte // written and not yet looked at
	payload []byte // of the open frame
	off     int64  // in the stream, of in[0]
	begin   int64  // in the stream, of payload
	state   state
	ended   bool
	quiet   bool
	noise   int64
	first   int64 // in the stream, of the noise
	empty   int64
}

type state uint8

const (
	outside state = iota // between frames
	inside               // in a frame
	closing              // in a frame, behind 0x1C
	over                 // in a frame that is passed over
)

// usual is how much room for a frame is kept for the next one.
const usual = 64 << 10

// NewScanner returns a Scanner for frames of at most limit bytes.
func NewScanner(limit int) *Scanner { return &Scanner{limit: limit} }

// Write adds what came next on the stream. p may be reused once Next returns false.
func (s *Scanner) Write(p []byte) {
	s.quiet = s.quiet && len(p) == 0
	if len(s.in) == 0 {
		s.in = p
	} else {
		s.in = append(s.in[:len(s.in):len(s.in)], p...)
	}
}

// End says that nothing follows.
func (s *Scanner) End() { s.ended = true }

// Quiet says that the stream has been silent for a moment: an 0x1C without 0x0D was the end of its frame.
func (s *Scanner) Quiet() { s.quiet = true }

// Pending tells what the Scanner waits for.
type Pending uint8

// What a Scanner may wait for when Next has no more.
const (
	Nothing Pending = iota // between frames
	Part                   // in a frame
	Close                  // behind 0x1C: for 0x0D, or for silence
)

// Pending tells what Next needs.
func (s *Scanner) Pending() Pending {
	switch s.state {
	case outside:
		return Nothing
	case closing:
		return Close
	}
	return Part
}

// Open is how many bytes of the open frame are held.
func (s *Scanner) Open() int {
	if s.state == outside || s.state == over {
		return 0
	}
	return len(s.payload)
}

// Rest returns what was read of the open frame, and where in the stream that begins.
func (s *Scanner) Rest() ([]byte, int64) {
	if s.state == outside || s.state == over {
		return nil, s.off
	}
	return s.payload, s.begin
}

// Noise counts the bytes seen outside of frames, without line ends, and tells where the first was.
func (s *Scanner) Noise() (bytes, first int64) { return s.noise, s.first }

// KeepAlives counts the empty frames, which some senders use to keep a connection open.
func (s *Scanner) KeepAlives() int64 { return s.empty }

// Next returns the next frame that is complete; false when more must be written. An *Error
// tells of a frame passed over, and the scanner goes on behind it.
func (s *Scanner) Next() (Frame, bool, error) {
	if (s.state == outside || s.state == over) && cap(s.payload) > usual {
		s.payload = nil // nobody needs it any more: a connection that was busy once must not hold it for a day
	}
	for len(s.in) > 0 {
		var f Frame
		var err error
		ok := false
		switch s.state {
		case outside:
			f, ok = s.between()
		case inside:
			f, ok, err = s.within()
		case closing:
			f, ok, err = s.close()
		case over:
			s.passOver()
		}
		if ok || err != nil {
			return f, ok, err
		}
	}
	return s.finish()
}

func (s *Scanner) take(n int) []byte {
	b := s.in[:n]
	s.in = s.in[n:]
	s.off += int64(n)
	return b
}

// between looks at one byte outside of frames.
func (s *Scanner) between() (Frame, bool) {
	switch s.take(1)[0] {
	case startBlock:
		s.state, s.begin, s.payload = inside, s.off, s.payload[:0]
	case ack:
		return Frame{Kind: Ack, Offset: s.off}, true
	case nak:
		return Frame{Kind: Nak, Offset: s.off}, true
	case '\r', '\n':
	default:
		if s.noise == 0 {
			s.first = s.off - 1
		}
		s.noise++
	}
	return Frame{}, false
}

// within takes in text up to the next byte that may end the frame.
func (s *Scanner) within() (Frame, bool, error) {
	n := bytes.IndexAny(s.in, "\x0b\x1c")
	if n < 0 {
		n = len(s.in)
	}
	if len(s.payload)+n > s.limit {
		s.state = over
		s.payload = append(s.payload, s.in[:s.limit-len(s.payload)]...)
		return Frame{}, false, &Error{Offset: s.begin, Head: s.payload}
	}
	s.payload = append(s.payload, s.take(n)...)
	if len(s.in) == 0 {
		return Frame{}, false, nil
	}
	if s.in[0] == startBlock { // stays, to open the next frame
		f, ok := s.complete(Fragment)
		return f, ok, nil
	}
	s.take(1)
	s.state = closing
	return Frame{}, false, nil
}

// close decides by the byte behind 0x1C whether that was the end.
func (s *Scanner) close() (Frame, bool, error) {
	switch s.in[0] {
	case '\r', '\n':
		s.take(1)
		fallthrough
	case startBlock:
		f, ok := s.complete(Message)
		return f, ok, nil
	}
	s.state = inside // an 0x1C that belongs to the text
	if len(s.payload) == s.limit {
		s.state = over
		return Frame{}, false, &Error{Offset: s.begin, Head: s.payload}
	}
	s.payload = append(s.payload, endBlock)
	return Frame{}, false, nil
}

func (s *Scanner) passOver() {
	n := bytes.IndexAny(s.in, "\x0b\x1c")
	if n < 0 {
		s.take(len(s.in))
		return
	}
	if s.in[n] == endBlock {
		n++
	}
	s.take(n)
	s.state = outside
}

// complete returns the open frame, unless it is an empty one.
func (s *Scanner) complete(k Kind) (Frame, bool) {
	s.state = outside
	if len(s.payload) == 0 {
		s.empty++
		return Frame{}, false
	}
	return Frame{Kind: k, Payload: s.payload, Offset: s.begin}, true
}

// finish gives what is left once End was called.
func (s *Scanner) finish() (Frame, bool, error) {
	k := Fragment
	switch {
	case s.state == closing && (s.ended || s.quiet):
		k = Message
	case !s.ended, s.state == outside, s.state == over:
		return Frame{}, false, nil
	}
	f, ok := s.complete(k)
	return f, ok, nil
}

// Reader reads frames from a file or a connection.
type Reader struct {
	r   io.Reader
	s   *Scanner
	buf []byte
	err error
}

// NewReader reads frames of at most limit bytes from r. It reads nothing before the first Next.
func NewReader(r io.Reader, limit int) *Reader { return &Reader{r: r, s: NewScanner(limit)} }

// Noise counts the bytes seen outside of frames so far, and tells where the first was.
func (r *Reader) Noise() (bytes, first int64) { return r.s.Noise() }

// Next returns the next frame, and io.EOF at the end. After an *Error the reader can go on.
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
	if r.buf == nil {
		r.buf = make([]byte, 64<<10)
	}
	for range 100 {
		var n int
		n, r.err = r.r.Read(r.buf)
		r.s.Write(r.buf[:n])
		if r.err == io.EOF {
			r.s.End()
		}
		if n > 0 || r.err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}
