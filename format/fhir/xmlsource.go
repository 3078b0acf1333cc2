package fhir

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// xmlSource gives an XML decoder its bytes one by one, so that nothing is read ahead of it. It bounds what
// one token may take, and keeps the errors of the stream apart from those of the XML.
type xmlSource struct {
	r     *bufio.Reader
	limit int
	off   int64  // of the next byte
	mark  int64  // where the token at hand began
	last  byte   // the byte read last
	back  []byte // to be read once more
	err   error  // of the stream, other than io.EOF
}

var errLongToken = errors.New("a token longer than a resource may be")

func newXMLSource(r io.Reader, limit int) *xmlSource {
	return &xmlSource{r: bufio.NewReader(r), limit: limit}
}

// ReadByte implements io.ByteReader, by which the decoder reads.
func (s *xmlSource) ReadByte() (byte, error) {
	if s.off-s.mark > int64(s.limit) {
		return 0, errLongToken
	}
	return s.next()
}

// Read implements io.Reader, which the decoder asks for.
func (s *xmlSource) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := s.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

func (s *xmlSource) next() (c byte, err error) {
	if len(s.back) > 0 {
		c, s.back = s.back[0], s.back[1:]
	} else if c, err = s.r.ReadByte(); err != nil {
		if err != io.EOF {
			s.err = err
		}
		return 0, err
	}
	s.off++
	s.last = c
	return c, nil
}

// unread gives bytes back that were read last.
func (s *xmlSource) unread(b ...byte) {
	s.back = append(b, s.back...)
	s.off -= int64(len(b))
}

// find moves on to the next start tag of an AuditEvent, with or without a prefix, beginning
// with the byte read last.
func (s *xmlSource) find() bool {
	const longestTag = 128
	if s.last == '<' {
		s.unread(s.last)
	}
	var tag []byte // since the last bracket
	for {
		c, err := s.next()
		switch {
		case err != nil:
			return false
		case c == '<':
			tag = append(tag[:0], c)
		case len(tag) == 0:
		case len(tag) == longestTag:
			tag = tag[:0]
		default:
			tag = append(tag, c)
			if !bytes.ContainsRune([]byte(" \t\r\n/>"), rune(c)) {
				continue
			}
			if isStart(tag) {
				s.unread(tag...)
				return true
			}
			tag = tag[:0]
		}
	}
}

// isStart tells whether a tag, with its bracket and the byte behind its name, begins an AuditEvent.
func isStart(tag []byte) bool {
	name := tag[1 : len(tag)-1]
	return string(name[bytes.LastIndexByte(name, ':')+1:]) == "AuditEvent"
}
