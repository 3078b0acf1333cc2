// Package syslog brings in what machines say over syslog: messages as RFC 5424 and
// RFC 3164 write them, and the files that syslog daemons keep under /var/log.
//
// The fields of an event are, where the message has them: priority, facility, severity, version
// (numbers), timestamp (as written), hostname, app_name, proc_id, msg_id, structured_data
// (an object of objects) and message. The record that a security appliance puts into the message, as CEF or LEEF, is there
// as the object cef or leef besides: version, vendor, product, product_version, event_id, name, severity, and the
// object attributes. What a VPN gateway of Cisco says of a login is there as access, and as the object asa: number, group,
// assigned_ip, reason. A message that no grammar fits keeps what could be read,
// and its text.
package syslog

import (
	"errors"
	"io"
	"time"

	"github.com/wardline/wardline/format/cef"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/rfc6587"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Body reads messages that carry a document of their own, such as the XML of an
// audit trail (IHE ITI-20). It gives the event that the document tells of.
type Body struct {
	// Fits tells whether msg, the MSG part of a message, is such a document.
	Fits func(msg []byte) bool
	// Event turns it into ev as a collect.Shape does: Fields, their Index, and Class; Time
	// when the document tells one. It returns collect.ErrSkip for a document without an event. On any other
	// error the message stays an ordinary one.
	Event func(msg []byte, o collect.Options, ev *event.Event, b *event.Builder) error
}

// Format reads syslog, counted (RFC 6587) or in lines or both, and hands message bodies to the
// first of bodies that fits.
func Format(bodies ...Body) collect.Format {
	return collect.Format{
		Name: "syslog", Sniff: sniff,
		Open: func(r io.Reader, o collect.Options) collect.Decoder {
			return &decoder{writer: writer{o: o, bodies: bodies}, frames: rfc6587.NewReader(r, o.Limits.Record)}
		},
		// A message that is counted may go on over many lines (RFC 6587 3.4.1).
		Lines:     func(head []byte) bool { return len(head) > 0 && !startsCounted(head) },
		Continues: continues,
	}
}

type decoder struct {
	writer
	frames *rfc6587.Reader
	record int64
	offset int64 // of the message at hand
}

func (d *decoder) Next(ev *event.Event) error {
	f, err := d.frames.Next()
	if err != nil {
		return d.damage(err)
	}
	d.record++
	if len(f.Message) == 0 {
		return &collect.Damage{Offset: f.Offset, Records: 1, Reason: "stream ends before the message"}
	}
	ev.Record, d.offset = d.record, f.Offset
	switch err := d.event(f.Message, ev); {
	case err == nil, errors.Is(err, collect.ErrSkip):
		return err
	default:
		return &collect.Damage{Offset: f.Offset, Records: 1, Reason: tooManyValues}
	}
}

// Offset implements collect.Placed.
func (d *decoder) Offset() int64 { return d.offset }

// damage is what an error of the framing means to the caller.
func (d *decoder) damage(err error) error {
	var frame *rfc6587.FrameError
	if !errors.As(err, &frame) {
		return err
	}
	d.record++
	return &collect.Damage{Offset: frame.Offset, Records: 1, Reason: frame.Reason}
}

// writer makes events of messages. It keeps the memory of its buffers from one to the next.
type writer struct {
	o      collect.Options
	bodies []Body
	b      event.Builder
	sd     []byte // structured data as JSON
}

// The reasons for which a message becomes no event.
const (
	tooManyValues = "message with more values than the limit"
	noEvent       = "document without an event"
)

func (w *writer) event(msg []byte, ev *event.Event) error {
	ev.Format = "syslog"
	m := read(msg)
	at := m.when(w.o.Modified)
	for _, body := range w.bodies {
		if !body.Fits(m.Message) {
			continue
		}
		ev.Time = time.Time{}
		err := body.Event(m.Message, w.o, ev, &w.b)
		if err == nil && ev.Time.IsZero() {
			ev.Time = at
		}
		if err == nil || errors.Is(err, collect.ErrSkip) {
			return err
		}
		break
	}
	ev.Time, ev.Class = at, w.class(&m)
	w.build(&m)
	return w.b.Into(ev, jsonl.Limits{Depth: w.o.Limits.Depth, Values: w.o.Limits.Values})
}

// class goes by the program. A message that names none and goes to a facility of security
// (4 and 10, RFC 5424 section 6.2.1) stands with those of auth.log.
func (w *writer) class(m *Message) *event.Class {
	switch {
	case isASA(m):
		return w.o.Taxonomy.Class("cisco", "asa", "")
	case len(m.AppName) == 0 && m.HasPriority && (m.Priority>>3 == 4 || m.Priority>>3 == 10):
		return w.o.Taxonomy.Class("syslog", "auth", "")
	case len(m.AppName) == 0:
		return w.o.Taxonomy.Class("syslog", "syslog", "")
	}
	return w.o.Taxonomy.ClassOf("syslog", m.AppName, nil)
}

func (w *writer) build(m *Message) {
	b := &w.b
	b.Reset()
	if m.HasPriority {
		b.Int("priority", int64(m.Priority))
		b.Int("facility", int64(m.Priority>>3))
		b.Int("severity", int64(m.Priority&7))
	}
	if m.Version > 0 {
		b.Int("version", int64(m.Version))
	}
	for _, f := range [...]struct {
		name  string
		value []byte
	}{
		{"timestamp", m.Timestamp}, {"hostname", m.Hostname}, {"app_name", m.AppName}, {"proc_id", m.ProcID}, {"msg_id", m.MsgID},
	} {
		if len(f.value) > 0 {
			b.Bytes(f.name, f.value)
		}
	}
	if len(m.Data) > 0 {
		w.sd = appendData(w.sd[:0], m.Data)
		b.Raw("structured_data", w.sd)
	}
	if len(m.Message) > 0 {
		b.Bytes("message", m.Message)
		w.appliance(m.Message)
		w.gateway(m)
	}
}

// appliance adds the record that a security appliance put into the text, as the object cef or leef.
func (w *writer) appliance(text []byte) {
	const most = 256 // attributes
	m, ok := cef.Parse(text, most)
	if !ok {
		return
	}
	b := &w.b
	b.Object(string(m.Kind))
	for _, f := range [...][2]string{
		{"version", m.Version}, {"vendor", m.Vendor}, {"product", m.Product}, {"product_version", m.ProductVersion},
		{"event_id", m.EventID}, {"name", m.Name}, {"severity", m.Severity},
	} {
		if f[1] != "" {
			b.String(f[0], f[1])
		}
	}
	b.Object("attributes")
	for _, a := range m.Attributes {
		b.String(a.Name, a.Value)
	}
	b.End()
	b.End()
}

// appendData writes structured data as an object of objects.
func appendData(dst []byte, data []Element) []byte {
	dst = append(dst, '{')
	for i, e := range data {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(jsonl.AppendString(dst, e.ID), ':', '{')
		for j, p := range e.Params {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = append(jsonl.AppendString(dst, p.Name), ':')
			dst = jsonl.AppendString(dst, p.Value)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}
