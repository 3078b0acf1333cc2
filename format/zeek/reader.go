// Package zeek reads the tab-separated logs of the Zeek network monitor: which
// machine spoke to which, over what protocol, and what was said. It renders each row
// as the JSON object that Zeek's own JSON writer would have written.
//
// The format is described in the Zeek manual under "Zeek Log Formats"
// (https://docs.zeek.org/en/master/log-formats.html); where the manual is silent this
// package follows what Zeek's ASCII and JSON writers do.
package zeek

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/wardline/wardline/format/lines"
)

// Limits bounds what one log may cost.
type Limits struct {
	Line   int // bytes of one line
	Fields int // columns
}

// DefaultLimits suit every log that Zeek writes.
func DefaultLimits() Limits { return Limits{Line: 16 << 20, Fields: 4096} }

// A SyntaxError says where a line could not be read and why, without quoting it.
// The reader has passed over that line and can go on.
type SyntaxError struct {
	Offset int64 // of the line in the stream
	Line   int64 // its number, from 1
	Header bool  // a directive is at fault, not a row
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("zeek log: line %d: %s", e.Line, e.Reason)
}

// Reader reads one file, or several written one behind the other.
type Reader struct {
	lines *lines.Reader
	lim   Limits
	line  int64
	log   *Log
	cells [][]byte
}

// NewReader reads from r.
func NewReader(r io.Reader, lim Limits) *Reader {
	return &Reader{lines: lines.NewReader(r, lim.Line), lim: lim, log: newLog()}
}

// Next returns the next row. It stays valid until the following call. A *SyntaxError
// spoils one line; any other error, io.EOF among them, ends the stream.
func (r *Reader) Next() (Row, error) {
	for {
		offset := r.lines.Offset()
		line, err := r.lines.Line()
		r.line++
		if errors.Is(err, lines.ErrTooLong) {
			return Row{}, r.fail(offset, false, "line longer than the limit")
		}
		if err != nil {
			return Row{}, err
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			continue
		}
		if line[0] == '#' { // a row that begins so is written \x23
			if reason := r.directive(line[1:]); reason != "" {
				return Row{}, r.fail(offset, true, reason)
			}
			continue
		}
		if reason := r.split(line); reason != "" {
			return Row{}, r.fail(offset, false, reason)
		}
		return Row{Log: r.log, Offset: offset, cells: r.cells}, nil
	}
}

func (r *Reader) fail(offset int64, header bool, reason string) error {
	return &SyntaxError{Offset: offset, Line: r.line, Header: header, Reason: reason}
}

// split cuts a row at the separators.
func (r *Reader) split(line []byte) (reason string) {
	if len(r.log.Fields) == 0 {
		return "row without a #fields line before it"
	}
	r.cells = r.cells[:0]
	for len(r.cells) < len(r.log.Fields) {
		cell, rest, more := bytes.Cut(line, r.log.separator)
		r.cells = append(r.cells, cell)
		if !more {
			line = nil
			break
		}
		line = rest
		if len(r.cells) == len(r.log.Fields) {
			return "more cells than #fields names"
		}
	}
	if len(r.cells) < len(r.log.Fields) {
		return fmt.Sprintf("%d cells where #fields names %d", len(r.cells), len(r.log.Fields))
	}
	return ""
}

// directive obeys a line that begins with #. Each #separator begins the description
// of a log anew.
func (r *Reader) directive(line []byte) (reason string) {
	if value, ok := bytes.CutPrefix(line, []byte("separator ")); ok {
		r.log = newLog()
		if sep := unescape(nil, value); len(sep) > 0 {
			r.log.separator = sep
		}
		return ""
	}
	name, value, _ := bytes.Cut(line, r.log.separator)
	switch string(name) {
	case "set_separator":
		r.log.setSeparator = unescape(nil, value)
	case "empty_field":
		r.log.empty = bytes.Clone(value)
	case "unset_field":
		r.log.unset = bytes.Clone(value)
	case "path":
		if r.log.Path = ""; len(value) > longestName {
			return "name of the log longer than any"
		}
		r.log.Path = string(value)
	case "fields":
		return r.fields(value)
	case "types":
		return r.types(value)
	}
	return "" // #open, #close and what later versions may add
}

// longestName is far above those that Zeek has. Every row repeats the names in its JSON.
const longestName = 256

func (r *Reader) fields(value []byte) (reason string) {
	r.log.Fields = nil
	if bytes.Count(value, r.log.separator) >= r.lim.Fields {
		return "more fields than the limit"
	}
	names := bytes.Split(value, r.log.separator)
	fields := make([]Field, len(names))
	for i, name := range names {
		if len(name) > longestName {
			return "name of a field longer than any"
		}
		fields[i] = newField(string(name), "string")
	}
	r.log.Fields = fields
	return ""
}

func (r *Reader) types(value []byte) (reason string) {
	if bytes.Count(value, r.log.separator)+1 != len(r.log.Fields) {
		r.log = newLog() // names and types that do not match make every row a guess
		return "#types and #fields differ in number"
	}
	i := 0
	for typ := range bytes.SplitSeq(value, r.log.separator) {
		r.log.Fields[i] = newField(r.log.Fields[i].Name, string(typ))
		i++
	}
	return ""
}
