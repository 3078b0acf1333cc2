// Package auditd brings in the log of the Linux audit system, /var/log/audit/audit.log.
//
// Each record is one event with the sender's own fields (a0, exe, key, SYSCALL, ...), those
// of a nested msg='...' among them, and before them: node where the line names one, type, msg_id
// (the time and serial number as written, which the records of one audit event share) and
// serial. Words that are no field stand in text.
package auditd

import (
	"bytes"
	"errors"
	"io"

	"github.com/wardline/wardline/format/auditd"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/lines"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Format reads audit logs.
func Format() collect.Format {
	return collect.Format{Name: "auditd", Sniff: sniff, Open: open, Lines: func([]byte) bool { return true }}
}

// sniff counts lines that begin as audit records do.
func sniff(head []byte) int {
	whole, records := 0, 0
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || isSeparator(line) {
			continue
		}
		whole++
		named := bytes.HasPrefix(line, []byte("type=")) || bytes.HasPrefix(line, []byte("node="))
		if named && bytes.Contains(line[:min(len(line), 512)], []byte(" msg=audit(")) {
			records++
		}
	}
	if records*2 <= whole {
		return 0
	}
	return 95
}

func open(r io.Reader, o collect.Options) collect.Decoder {
	return &decoder{o: o, lines: lines.NewReader(r, o.Limits.Record)}
}

type decoder struct {
	o      collect.Options
	lines  *lines.Reader
	record int64
	offset int64 // of the record at hand
	rec    auditd.Record
	b      event.Builder
	keys   []string
}

func (d *decoder) Next(ev *event.Event) error {
	for {
		offset := d.lines.Offset()
		line, err := d.lines.Line()
		if errors.Is(err, lines.ErrTooLong) {
			d.record++
			return &collect.Damage{Offset: offset, Records: 1, Reason: err.Error()}
		}
		if err != nil {
			return err
		}
		line = bytes.Trim(line, " \r\x00")
		if len(line) == 0 || isSeparator(line) {
			continue
		}
		d.record++
		d.offset = offset
		if err := d.event(line, ev); err != nil {
			return &collect.Damage{Offset: offset, Records: 1, Reason: err.Error()}
		}
		return nil
	}
}

// Offset implements collect.Placed.
func (d *decoder) Offset() int64 { return d.offset }

// isSeparator tells what ausearch writes between events.
func isSeparator(line []byte) bool {
	return string(line) == "----" || bytes.HasPrefix(line, []byte("time->"))
}

var errTooMany = errors.New("record with more values than the limit")

func (d *decoder) event(line []byte, ev *event.Event) error {
	rec := &d.rec
	if err := rec.Parse(line, d.o.Limits.Values); err != nil {
		return err
	}
	d.b.Reset()
	if rec.Node != nil {
		d.b.Bytes("node", rec.Node)
	}
	d.b.Bytes("type", rec.Type)
	d.b.Bytes("msg_id", rec.ID)
	d.b.Int("serial", int64(rec.Serial&(1<<63-1)))
	for _, f := range rec.Fields {
		d.field(f)
	}
	if len(rec.Text) > 0 {
		d.b.Bytes("text", rec.Text)
	}
	if err := d.b.Into(ev, jsonl.Limits{Depth: d.o.Limits.Depth, Values: d.o.Limits.Values}); err != nil {
		return errTooMany
	}
	ev.Record, ev.Format, ev.Time = d.record, "auditd", rec.Time
	ev.Class = d.o.Taxonomy.ClassOf("auditd", []byte("auditd"), rec.Type)
	return nil
}

// field writes one field. The keys of several rules come as one value with 0x01 between them.
func (d *decoder) field(f auditd.Field) {
	if string(f.Name) != "key" || bytes.IndexByte(f.Value, 1) < 0 {
		d.b.Bytes(string(f.Name), f.Value)
		return
	}
	d.keys = d.keys[:0]
	for key := range bytes.SplitSeq(f.Value, []byte{1}) {
		d.keys = append(d.keys, string(key))
	}
	d.b.Strings("key", d.keys)
}
