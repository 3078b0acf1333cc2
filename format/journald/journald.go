// Package journald reads the journal of a Linux machine as `journalctl -o export` writes
// it: what each service of the machine said, and who it was that said it.
//
// The format is the Journal Export Format of systemd (https://systemd.io/JOURNAL_EXPORT_FORMATS/).
package journald

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/wardline/wardline/format/lines"
)

// Limits bounds what one entry may cost.
type Limits struct {
	Entry  int // bytes of one entry
	Fields int
}

// DefaultLimits suit journals that hold core dumps' messages but not core dumps.
func DefaultLimits() Limits { return Limits{Entry: 16 << 20, Fields: 4096} }

// Field is one field of an entry. Names may repeat. The value may be any bytes.
type Field struct {
	Name, Value []byte
}

// A SyntaxError says where an entry could not be read and why, without quoting it.
type SyntaxError struct {
	Offset int64 // of the entry in the stream
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("journal entry at byte %d: %s", e.Offset, e.Reason)
}

// Reader reads entries from one stream.
type Reader struct {
	lines  *lines.Reader
	lim    Limits
	buf    []byte // names and values of the entry, one behind the other
	spans  []span
	fields []Field
}

// smallest is how much must be read ahead, whatever the limits: a length, or the name of a cursor.
const smallest = 16

// span is a field by its places in buf, which moves as it grows.
type span struct{ name, value, end int }

// NewReader reads from r.
func NewReader(r io.Reader, lim Limits) *Reader {
	return &Reader{lines: lines.NewReader(r, max(lim.Entry, smallest)), lim: lim}
}

// Offset is the place in the stream where the next entry is looked for.
func (r *Reader) Offset() int64 { return r.lines.Offset() }

// Next returns the fields of the next entry; they stay valid until the following
// call. A *SyntaxError spoils one entry, or with a length that cannot be true all up to one that begins
// with a cursor; any other error, io.EOF among them, ends the stream.
func (r *Reader) Next() ([]Field, error) {
	r.buf, r.spans = r.buf[:0], r.spans[:0]
	start := r.lines.Offset()
	for {
		line, err := r.lines.Line()
		if err == io.EOF && len(r.spans) > 0 {
			return r.entry(), nil
		}
		if errors.Is(err, lines.ErrTooLong) {
			return nil, r.skip(start, "longer than the limit")
		}
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if len(r.spans) == 0 { // more blank lines than one between entries
				start = r.lines.Offset()
				continue
			}
			return r.entry(), nil
		}
		if len(r.spans) >= r.lim.Fields {
			return nil, r.skip(start, "more fields than the limit")
		}
		if reason, lost := r.field(line); lost {
			return nil, r.find(start, reason)
		} else if reason != "" {
			return nil, r.skip(start, reason)
		}
	}
}

// field reads NAME=value, or NAME alone, a length of eight bytes and as many bytes of value. It is
// lost when nothing tells where the value ends.
func (r *Reader) field(line []byte) (reason string, lost bool) {
	name, value, plain := bytes.Cut(line, []byte("="))
	if !isName(name) {
		return "name of a field expected", false
	}
	if len(r.buf)+len(line) > r.lim.Entry {
		return "longer than the limit", false
	}
	s := span{name: len(r.buf), value: len(r.buf) + len(name)}
	r.buf = append(r.buf, name...)
	if !plain {
		size, err := r.lines.Bytes(8)
		if err != nil {
			return "cut short", true
		}
		n := binary.LittleEndian.Uint64(size)
		if n > uint64(r.lim.Entry-len(r.buf)) {
			return "value longer than the limit", true
		}
		if value, err = r.lines.Bytes(int(n)); err != nil {
			return "cut short", true
		}
	}
	r.buf = append(r.buf, value...)
	s.end = len(r.buf)
	r.spans = append(r.spans, s)
	if !plain {
		if rest, err := r.lines.Line(); err != nil && err != io.EOF || len(rest) > 0 {
			return "line feed expected behind a value", false
		}
	}
	return "", false
}

// skip passes over the rest of the entry, to the next blank line.
func (r *Reader) skip(start int64, reason string) error {
	for {
		line, err := r.lines.Line()
		if err == nil && len(line) == 0 || err != nil && !errors.Is(err, lines.ErrTooLong) {
			return &SyntaxError{Offset: start, Reason: reason}
		}
	}
}

// find passes over everything up to an entry that begins as journalctl lets them begin.
func (r *Reader) find(start int64, reason string) error {
	const cursor = "__CURSOR="
	for string(r.lines.Peek(len(cursor))) != cursor {
		if _, err := r.lines.Line(); err != nil && !errors.Is(err, lines.ErrTooLong) {
			break // the next call meets it again
		}
	}
	return &SyntaxError{Offset: start, Reason: reason}
}

func (r *Reader) entry() []Field {
	r.fields = r.fields[:0]
	for _, s := range r.spans {
		r.fields = append(r.fields, Field{Name: r.buf[s.name:s.value], Value: r.buf[s.value:s.end]})
	}
	return r.fields
}

// isName tells whether s is the name of a journal field: capitals, digits and
// underscores, at most 64 characters (systemd.journal-fields).
func isName(s []byte) bool {
	for _, c := range s {
		if c != '_' && c-'0' > 9 && c-'A' > 25 {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}
