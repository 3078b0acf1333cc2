package feed

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// stream walks through JSON of any size. It finds where values end by their brackets and quotes and keeps
// only those that it is asked for; whether these are JSON is for their reader to say.
type stream struct {
	r    *bufio.Reader
	line int // of the next byte, from 1
	kept []byte
}

var (
	errLarge   = errors.New("object larger than the limit")
	errNotJSON = errors.New("not JSON from here on: the rest was not read")
)

// peek returns the next byte that is no white space, without moving on.
func (s *stream) peek() (byte, error) {
	for {
		b, err := s.window()
		if err != nil {
			return 0, err
		}
		for i, c := range b {
			switch c {
			case '\n':
				s.line++
			case ' ', '\t', '\r', 0x1e: // the last separates records (RFC 7464)
			default:
				s.r.Discard(i)
				return c, nil
			}
		}
		s.r.Discard(len(b))
	}
}

// window is what has been read and not used, and at least one byte.
func (s *stream) window() ([]byte, error) {
	if _, err := s.r.Peek(1); err != nil {
		return nil, err
	}
	return s.r.Peek(s.r.Buffered())
}

// inside turns the end of the stream into an error.
func inside(err error) error {
	if err == io.EOF {
		return errNotJSON
	}
	return err
}

// value passes over the next value and returns it. One of more than keep bytes is passed
// over all the same, and errLarge is returned. The text is valid until the next call.
func (s *stream) value(keep int) ([]byte, error) {
	if _, err := s.peek(); err != nil {
		return nil, inside(err)
	}
	s.kept = s.kept[:0]
	var m extent
	large := false
	for {
		b, err := s.window()
		if err == io.EOF && m.scalar {
			break
		}
		if err != nil {
			return nil, inside(err)
		}
		n, done := m.advance(b)
		if large = large || len(s.kept)+n > keep; !large {
			s.kept = append(s.kept, b[:n]...)
		}
		s.line += bytes.Count(b[:n], []byte("\n"))
		s.r.Discard(n)
		if done {
			break
		}
	}
	switch {
	case large:
		return nil, errLarge
	case len(s.kept) == 0: // a comma or bracket where a value should be
		return nil, errNotJSON
	}
	return s.kept, nil
}

// extent finds the end of a value that comes in pieces.
type extent struct {
	depth   int
	scalar  bool // a number or word, which ends where something else begins
	quoted  bool
	escaped bool
}

// advance tells how much of b belongs to the value, and whether it ends there.
func (m *extent) advance(b []byte) (n int, done bool) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case m.escaped:
			m.escaped = false
		case m.quoted && c == '\\':
			m.escaped = true
		case m.quoted && c == '"':
			m.quoted = false
			if m.depth == 0 {
				return i + 1, true
			}
		case m.quoted:
			for i+1 < len(b) && b[i+1] != '"' && b[i+1] != '\\' {
				i++
			}
		case m.scalar:
			if bytes.IndexByte([]byte(" \t\r\n,:]}{[\""), c) >= 0 {
				return i, true
			}
		case c == '"':
			m.quoted = true
		case c == '{' || c == '[':
			m.depth++
		case c == '}' || c == ']':
			m.depth--
			if m.depth <= 0 {
				if m.depth < 0 {
					return i, true
				}
				return i + 1, true
			}
		case m.depth == 0:
			if c == ',' || c == ':' {
				return i, true
			}
			m.scalar = true
		}
	}
	return len(b), false
}

// maxName is the longest name of a member that is told from others.
const maxName = 256

// members reads an object and calls use with each member's name; use reads the value.
func (s *stream) members(use func(name string) error) error {
	return s.list('{', '}', func() error {
		text, err := s.value(maxName)
		name := ""
		switch {
		case err == errLarge:
		case err != nil:
			return err
		case len(text) < 2 || text[0] != '"':
			return errNotJSON
		default:
			name = string(text[1 : len(text)-1])
		}
		if c, err := s.peek(); err != nil || c != ':' {
			return unexpected(err)
		}
		s.r.Discard(1)
		return use(name)
	})
}

// unexpected is the error of the stream, or that something else stands here than should.
func unexpected(err error) error {
	if err == nil {
		return errNotJSON
	}
	return inside(err)
}

// elements reads an array and calls use before each element; use reads it.
func (s *stream) elements(use func() error) error { return s.list('[', ']', use) }

func (s *stream) list(opening, closing byte, use func() error) error {
	if c, err := s.peek(); err != nil || c != opening {
		return unexpected(err)
	}
	s.r.Discard(1)
	for first := true; ; first = false {
		c, err := s.peek()
		switch {
		case err != nil:
			return inside(err)
		case c == closing:
			s.r.Discard(1)
			return nil
		case !first && c != ',':
			return errNotJSON
		case !first:
			s.r.Discard(1)
		}
		if err := use(); err != nil {
			return err
		}
	}
}
