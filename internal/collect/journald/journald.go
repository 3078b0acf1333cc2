// Package journald brings in the journal of a Linux machine, as `journalctl -o export`
// (Format) and as `journalctl -o json` (Shape) write it. Both give the journal's own
// fields under their own names; all values are text, and a field that an entry
// holds several times is a list.
package journald

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/wardline/wardline/format/journald"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Format reads the export format.
func Format() collect.Format {
	return collect.Format{Name: "journald", Sniff: sniff, Open: open}
}

// sniff looks for the address fields that exported entries begin with.
func sniff(head []byte) int {
	head = bytes.TrimLeft(head, "\n")
	switch {
	case bytes.HasPrefix(head, []byte("__CURSOR=")):
		return 100
	case bytes.HasPrefix(head, []byte("__REALTIME_TIMESTAMP=")):
		return 95
	}
	return 0
}

func open(r io.Reader, o collect.Options) collect.Decoder {
	lim := journald.Limits{Entry: o.Limits.Record, Fields: o.Limits.Values}
	return &decoder{o: o, entries: journald.NewReader(r, lim)}
}

type decoder struct {
	o       collect.Options
	entries *journald.Reader
	record  int64
	b       event.Builder
	values  []string
}

func (d *decoder) Next(ev *event.Event) error {
	offset := d.entries.Offset()
	fields, err := d.entries.Next()
	if err != nil {
		return d.damage(err)
	}
	d.record++
	d.b.Reset()
	var s sender
	for i := range fields {
		d.field(fields, i)
		s.note(fields[i].Name, fields[i].Value)
	}
	if err := d.b.Into(ev, jsonl.Limits{Depth: d.o.Limits.Depth, Values: d.o.Limits.Values}); err != nil {
		return &collect.Damage{Offset: offset, Records: 1, Reason: "entry with more values than the limit"}
	}
	ev.Record, ev.Format = d.record, "journald"
	ev.Time, ev.Class = s.time(), s.class(d.o.Taxonomy)
	return nil
}

// damage is what an error of the entries means to the caller.
func (d *decoder) damage(err error) error {
	var syntax *journald.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	d.record++
	return &collect.Damage{Offset: syntax.Offset, Records: 1, Reason: syntax.Reason}
}

// lookBack bounds the search for fields of one name, which is quadratic. Real entries
// have some thirty fields.
const lookBack = 256

// field writes fields[i], and with it all later ones of the same name.
func (d *decoder) field(fields []journald.Field, i int) {
	f := fields[i]
	if len(fields) > lookBack {
		d.b.Bytes(string(f.Name), f.Value)
		return
	}
	for _, before := range fields[:i] {
		if bytes.Equal(before.Name, f.Name) {
			return
		}
	}
	d.values = d.values[:0]
	for _, after := range fields[i+1:] {
		if bytes.Equal(after.Name, f.Name) {
			if len(d.values) == 0 {
				d.values = append(d.values, string(f.Value))
			}
			d.values = append(d.values, string(after.Value))
		}
	}
	if len(d.values) == 0 {
		d.b.Bytes(string(f.Name), f.Value)
		return
	}
	d.b.Strings(string(f.Name), d.values)
}

// sender is what tells the class and time of an entry.
type sender struct {
	realtime, identifier, comm, transport, auditType []byte
}

func (s *sender) note(name, value []byte) {
	switch string(name) {
	case "__REALTIME_TIMESTAMP":
		s.realtime = value
	case "SYSLOG_IDENTIFIER":
		s.identifier = value
	case "_COMM":
		s.comm = value
	case "_TRANSPORT":
		s.transport = value
	case "_AUDIT_TYPE_NAME":
		s.auditType = value
	}
}

// time reads microseconds since 1970 (systemd.journal-fields).
func (s *sender) time() time.Time {
	t, _ := event.ParseTime(s.realtime)
	return t
}

// class goes by the name a program gives itself, else by its process. What the audit system
// reports through the journal is of the same class as its own log.
func (s *sender) class(t *event.Taxonomy) *event.Class {
	switch {
	case string(s.transport) == "audit":
		return t.ClassOf("journald", []byte("auditd"), s.auditType)
	case len(s.identifier) > 0:
		return t.ClassOf("journald", s.identifier, nil)
	}
	return t.ClassOf("journald", s.comm, nil)
}
