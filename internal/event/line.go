package event

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/jsonl"
)

// AppendLine appends ev as the journal keeps it, one JSON object without a line end:
//
//	{"id":"…","source":"…","record":1,"time":"…","observed":"…","format":"…","class":"…","raw":"…","fields":{…}}
//
// time is left out when the event does not say it, raw when it is not known. ReadLine reads it back.
func AppendLine(dst []byte, ev *Event) []byte {
	b := append(dst, `{"id":"`...)
	b = hex.AppendEncode(b, ev.ID[:])
	b = append(b, `","source":`...)
	b = jsonl.AppendString(b, ev.Source)
	b = append(b, `,"record":`...)
	b = strconv.AppendInt(b, ev.Record, 10)
	b = appendTime(b, `,"time":"`, ev.Time)
	b = appendTime(b, `,"observed":"`, ev.Observed)
	b = append(b, `,"format":`...)
	b = jsonl.AppendString(b, ev.Format)
	b = append(b, `,"class":`...)
	b = jsonl.AppendString(b, ev.Class.Key)
	if ev.Raw != [sha256.Size]byte{} {
		b = append(b, `,"raw":"`...)
		b = append(hex.AppendEncode(b, ev.Raw[:]), '"')
	}
	b = append(b, `,"fields":`...)
	b = AppendOneLine(b, ev.Fields)
	return append(b, '}')
}

func appendTime(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b = append(b, name...)
	return append(t.UTC().AppendFormat(b, time.RFC3339Nano), '"')
}

// AppendOneLine appends JSON that may have been written over several lines. Inside strings line
// ends are escaped, so those that are left are white space.
func AppendOneLine(dst, text []byte) []byte {
	start := len(dst)
	dst = append(dst, text...)
	for i, c := range dst[start:] {
		if c == '\n' || c == '\r' {
			dst[start+i] = ' '
		}
	}
	return dst
}

// LineReader reads what AppendLine wrote. It belongs to one goroutine.
type LineReader struct {
	Taxonomy *Taxonomy
	Limits   jsonl.Limits
	index    jsonl.Index
}

// ErrLine says that a line is none that AppendLine wrote.
var ErrLine = errors.New("not an event as the journal keeps it")

// Read fills ev from line, which ev borrows: it must not change as long as ev is used.
func (r *LineReader) Read(line []byte, ev *Event) error {
	if err := r.index.Scan(line, r.Limits); err != nil {
		return ErrLine
	}
	var err error
	*ev = Event{Index: ev.Index}
	ev.ID, err = ParseID(r.text(line, "id"))
	if err != nil {
		return ErrLine
	}
	ev.Source, ev.Format = r.text(line, "source"), r.text(line, "format")
	if ev.Record, err = strconv.ParseInt(r.text(line, "record"), 10, 64); err != nil {
		return ErrLine
	}
	for _, t := range []struct {
		name string
		into *time.Time
	}{{"time", &ev.Time}, {"observed", &ev.Observed}} {
		if text := r.text(line, t.name); text != "" {
			if *t.into, err = time.Parse(time.RFC3339Nano, text); err != nil {
				return ErrLine
			}
		}
	}
	if raw := r.text(line, "raw"); raw != "" {
		if n, err := hex.Decode(ev.Raw[:], []byte(raw)); err != nil || n != len(ev.Raw) {
			return ErrLine
		}
	}
	ev.Class = r.Taxonomy.ByKey(r.text(line, "class"))
	i := r.index.Find(line, "fields")
	if i < 0 || r.index.Values[i].Kind != jsonl.Object {
		return ErrLine
	}
	ev.Fields = line[r.index.Values[i].Start:r.index.Values[i].End]
	return ev.Index.Scan(ev.Fields, r.Limits)
}

// text returns the scalar at the top of the line under that name, "" when there is none.
func (r *LineReader) text(line []byte, name string) string {
	i := r.index.Find(line, name)
	if i < 0 {
		return ""
	}
	return string(r.index.Text(line, i, nil))
}
