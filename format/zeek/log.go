package zeek

import (
	"bytes"
	"strings"

	"github.com/wardline/wardline/format/jsonl"
)

// Log is what the directives at the head of a log say about its rows.
type Log struct {
	Path   string // the log's name, such as conn or dns; empty when not said
	Fields []Field

	separator    []byte
	setSeparator []byte
	empty, unset []byte // as escaped in the file
}

// newLog describes a log by Zeek's defaults.
func newLog() *Log {
	return &Log{
		separator: []byte("\t"), setSeparator: []byte(","),
		empty: []byte("(empty)"), unset: []byte("-"),
	}
}

// Field is one column.
type Field struct {
	Name string
	Type string // as written: count, set[string], ...

	kind      kind
	container bool   // a set, vector or table: a list of kind
	key       []byte // "name": as JSON
}

// kind is how a value is written in JSON.
type kind uint8

const (
	text kind = iota
	boolean
	number
	moment
)

func newField(name, typ string) Field {
	f := Field{Name: name, Type: typ}
	elem := typ
	for _, list := range []string{"set[", "vector[", "table["} {
		if inner, ok := strings.CutPrefix(typ, list); ok {
			f.container, elem = true, strings.TrimSuffix(inner, "]")
		}
	}
	switch elem {
	case "bool":
		f.kind = boolean
	case "int", "count", "counter", "double", "interval", "port":
		f.kind = number
	case "time":
		f.kind = moment
	}
	f.key = append(jsonl.AppendString(nil, name), ':')
	return f
}

// Row is one line of a log.
type Row struct {
	Log    *Log
	Offset int64    // of the line in the stream
	cells  [][]byte // one for each field, as written
}

// Cell returns the text of the named field as written in the file, and whether the row sets it.
func (r Row) Cell(name string) ([]byte, bool) {
	for i := range r.Log.Fields {
		if r.Log.Fields[i].Name == name {
			return r.cells[i], !bytes.Equal(r.cells[i], r.Log.unset)
		}
	}
	return nil, false
}

// AppendJSON appends the row as one JSON object: `_path`, then the fields that are
// set, in order and under their own names. Numbers keep the digits of the file; times are
// ISO 8601 in UTC with microseconds; sets and vectors are arrays.
func (r Row) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	if p := r.Log.Path; p != "" && p != string(r.Log.unset) {
		dst = append(dst, `"_path":`...)
		dst = append(jsonl.AppendString(dst, p), ',')
	}
	for i := range r.Log.Fields {
		if bytes.Equal(r.cells[i], r.Log.unset) {
			continue
		}
		dst = append(dst, r.Log.Fields[i].key...)
		dst = append(r.Log.appendValue(dst, &r.Log.Fields[i], r.cells[i]), ',')
	}
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, '}')
}

func (l *Log) appendValue(dst []byte, f *Field, cell []byte) []byte {
	empty := bytes.Equal(cell, l.empty)
	switch {
	case f.container && empty:
		return append(dst, '[', ']')
	case f.container:
		return l.appendList(dst, f.kind, cell)
	case empty:
		return append(dst, '"', '"')
	}
	return appendScalar(dst, f.kind, cell)
}

func (l *Log) appendList(dst []byte, k kind, cell []byte) []byte {
	dst = append(dst, '[')
	for more := true; more; {
		var elem []byte
		elem, cell, more = cutList(cell, l.setSeparator)
		switch {
		case bytes.Equal(elem, l.unset):
			dst = append(dst, "null"...) // a hole in a vector keeps its place
		case bytes.Equal(elem, l.empty):
			dst = append(dst, '"', '"')
		default:
			dst = appendScalar(dst, k, elem)
		}
		dst = append(dst, ',')
	}
	dst[len(dst)-1] = ']'
	return dst
}

func cutList(cell, sep []byte) (elem, rest []byte, more bool) {
	if len(sep) == 0 {
		return cell, nil, false
	}
	return bytes.Cut(cell, sep)
}
