// Package auditd reads the records of the Linux audit system: who ran which program,
// opened which file or logged in, as the kernel itself saw it.
//
// A record is one line, `type=EXECVE msg=audit(1364481363.243:24287): argc=2 a0="cat" ...`.
// The format is described in the audit project's "SPEC Audit Event Format"; which
// values the kernel writes in hexadecimal is told by the field's name, as in its auparse library.
package auditd

import (
	"bytes"
	"errors"
	"strconv"
	"time"
)

// Record is one line of an audit log. Its slices point into the line and into a buffer of
// the record; they stay valid until it is parsed into again.
type Record struct {
	Node   []byte    // the machine, when the line names it
	Type   []byte    // EXECVE, SYSCALL, USER_LOGIN, ...
	ID     []byte    // as written, such as 1364481363.243:24287; equal for the records of one event
	Time   time.Time // UTC, to the millisecond; zero when the ID is not written in seconds
	Serial uint64    // the part of ID behind the colon
	Fields []Field   // in order; names may repeat
	Text   []byte    // words that are no field, with single blanks between them

	decoded []byte
}

// Field is one name and its value, without quotes and with hexadecimal text decoded.
type Field struct {
	Name, Value []byte
}

// What Parse refuses.
var (
	ErrNoRecord = errors.New("not an audit record: type= and msg=audit(...) expected")
	ErrFields   = errors.New("audit record with more fields than the limit")
)

// Parse reads one line into rec, reusing its memory. It keeps at most maxFields fields.
// On an error rec is empty.
func (rec *Record) Parse(line []byte, maxFields int) error {
	rec.reset()
	body, ok := rec.head(bytes.TrimRight(line, "\r\n\x00 "))
	if !ok {
		rec.reset()
		return ErrNoRecord
	}
	// Each decoded text is half as long as its spelling: the buffer will not move.
	if cap(rec.decoded) < len(line) {
		rec.decoded = make([]byte, 0, len(line))
	}
	if !rec.pairs(body, maxFields, false) {
		rec.reset()
		return ErrFields
	}
	return nil
}

func (rec *Record) reset() {
	*rec = Record{Fields: rec.Fields[:0], Text: rec.Text[:0], decoded: rec.decoded[:0]}
}

// head reads `node=N type=T msg=audit(ID):` and returns what follows.
func (rec *Record) head(line []byte) (body []byte, ok bool) {
	if rest, found := bytes.CutPrefix(line, []byte("node=")); found {
		if rec.Node, line, found = bytes.Cut(rest, []byte(" ")); !found {
			return nil, false
		}
	}
	rest, found := bytes.CutPrefix(line, []byte("type="))
	if !found {
		return nil, false
	}
	if rec.Type, rest, found = bytes.Cut(rest, []byte(" ")); !found || len(rec.Type) == 0 {
		return nil, false
	}
	if rest, found = bytes.CutPrefix(rest, []byte("msg=audit(")); !found {
		return nil, false
	}
	if rec.ID, rest, found = bytes.Cut(rest, []byte(")")); !found || !rec.stamp() {
		return nil, false
	}
	rest = bytes.TrimLeft(rest, " ") // ausearch writes "audit(...) : "
	return bytes.CutPrefix(rest, []byte(":"))
}

// stamp reads the time and the serial number out of the ID. What ausearch -i writes
// instead of seconds depends on the country and stays text.
func (rec *Record) stamp() bool {
	colon := bytes.LastIndexByte(rec.ID, ':')
	if colon < 0 {
		return false
	}
	var err error
	if rec.Serial, err = strconv.ParseUint(string(rec.ID[colon+1:]), 10, 64); err != nil {
		return false
	}
	whole, frac, _ := bytes.Cut(rec.ID[:colon], []byte("."))
	sec, err1 := strconv.ParseUint(string(whole), 10, 36)
	milli, err2 := strconv.ParseUint(string(frac), 10, 10)
	if err1 == nil && err2 == nil && len(frac) == 3 {
		rec.Time = time.Unix(int64(sec), int64(milli)*int64(time.Millisecond)).UTC()
	}
	return true
}

// pairs reads name=value fields. Behind the byte 0x1d stand the same values made
// readable by auditd (log_format = ENRICHED), under names in capitals. A msg field
// holds the pairs of the program that reported, and is read in its place.
func (rec *Record) pairs(s []byte, maxFields int, nested bool) bool {
	for {
		s = bytes.TrimLeft(s, " \x1d,")
		if len(s) == 0 {
			return true
		}
		n := nameLength(s)
		if n == 0 {
			var word []byte
			word, s = cutWord(s)
			rec.word(word)
			continue
		}
		name := s[:n]
		value, rest, quote := cutValue(s[n+1:])
		s = rest
		if quote == '\'' && !nested && string(name) == "msg" {
			if !rec.pairs(value, maxFields, true) {
				return false
			}
			continue
		}
		if len(rec.Fields) >= maxFields {
			return false
		}
		if quote == 0 && rec.encoded(name) {
			value = rec.decode(name, value)
		}
		rec.Fields = append(rec.Fields, Field{Name: name, Value: value})
	}
}

// nameLength returns the length of the name that s begins with, 0 when s does not begin with name=.
func nameLength(s []byte) int {
	for i, c := range s {
		switch {
		case c == '=':
			return i
		case c <= ' ' || c == '"' || c == '\'' || c == '(' || c >= 0x7f:
			return 0
		}
	}
	return 0
}

// cutValue cuts a value off the front of s, in quotes or up to the next blank.
func cutValue(s []byte) (value, rest []byte, quote byte) {
	if len(s) > 0 && (s[0] == '"' || s[0] == '\'') {
		end := bytes.IndexByte(s[1:], s[0])
		if end < 0 {
			return s[1:], nil, s[0] // cut short
		}
		return s[1 : 1+end], s[2+end:], s[0]
	}
	value, rest = cutWord(s)
	return bytes.TrimRight(value, ","), rest, 0
}

func cutWord(s []byte) (word, rest []byte) {
	if i := bytes.IndexAny(s, " \x1d"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, nil
}

func (rec *Record) word(w []byte) {
	if len(rec.Text) > 0 {
		rec.Text = append(rec.Text, ' ')
	}
	rec.Text = append(rec.Text, w...)
}
