// Package zeek brings in the logs of the Zeek network monitor, as tab-separated text
// (Format) and as JSON (Shape). Both give the same events: the tab-separated form is
// rendered as Zeek's own JSON writer renders it.
package zeek

import (
	"bytes"
	"errors"
	"io"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/zeek"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Format reads tab-separated logs.
func Format() collect.Format {
	return collect.Format{
		Name: "zeek", Sniff: sniff, Open: open,
		Lines:   func([]byte) bool { return true },
		Heading: func(line []byte) bool { return len(line) > 0 && line[0] == '#' },
	}
}

// sniff looks for the directives at the head of a log.
func sniff(head []byte) int {
	if bytes.HasPrefix(head, []byte("#separator ")) {
		return 100
	}
	if bytes.HasPrefix(head, []byte("#")) && bytes.Contains(head, []byte("#fields\t")) {
		return 80 // cut down with zeek-cut -C or by hand
	}
	return 0
}

func open(r io.Reader, o collect.Options) collect.Decoder {
	lim := zeek.Limits{Line: o.Limits.Record, Fields: o.Limits.Values}
	return &decoder{o: o, rows: zeek.NewReader(r, lim)}
}

type decoder struct {
	o      collect.Options
	rows   *zeek.Reader
	record int64
	offset int64 // of the row at hand
	buf    []byte
	path   string       // of the log that class stands for
	class  *event.Class // nil before the first row
}

func (d *decoder) Next(ev *event.Event) error {
	row, err := d.rows.Next()
	if err != nil {
		return d.damage(err)
	}
	d.record++
	d.offset = row.Offset
	d.buf = row.AppendJSON(d.buf[:0])
	if err := ev.Index.Scan(d.buf, jsonl.Limits{Depth: d.o.Limits.Depth, Values: d.o.Limits.Values}); err != nil {
		return &collect.Damage{Offset: row.Offset, Records: 1, Reason: "row with more values than the limit"}
	}
	ev.Record, ev.Format, ev.Fields = d.record, "zeek", d.buf
	ts, _ := row.Cell("ts")
	ev.Time, _ = zeek.ParseTime(ts)
	if d.class == nil || d.path != row.Log.Path {
		d.path = row.Log.Path
		d.class = d.classOf(ev)
	}
	ev.Class = d.class
	return nil
}

// Offset implements collect.Placed.
func (d *decoder) Offset() int64 { return d.offset }

// damage is what an error of the rows means to the caller. A spoilt row counts, a spoilt
// directive does not.
func (d *decoder) damage(err error) error {
	var syntax *zeek.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	lost := 0
	if !syntax.Header {
		lost = 1
		d.record++
	}
	return &collect.Damage{Offset: syntax.Offset, Records: lost, Reason: syntax.Reason}
}

func (d *decoder) classOf(ev *event.Event) *event.Class {
	path := d.path
	if path == "" {
		path = guess(collect.Object{Text: ev.Fields, Index: &ev.Index})
	}
	return d.o.Taxonomy.Class("zeek", path, "")
}
