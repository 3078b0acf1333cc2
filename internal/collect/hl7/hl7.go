// Package hl7 reads HL7 version 2 messages from files, and from recordings of the connections that
// carry them (MLLP): admissions, orders, results, and queries about patients.
//
// An event's fields are the message's own, under the names that the standard numbers them by: MSH-9
// is the field as written, MSH-9.1 its first component. A value that repeats is an array. Only
// the segments that say who, what, when and about whom are written out (MSH EVN PID PV1 MRG ORC OBR TXA
// MSA ERR QPD); the object segments counts all. Beside them stands access, the form
// that all clinical collectors share; docs/clinical-taxonomy.md is its manual. A node keeps the text of the whole message as well, in
// the field message: whoever learns from it who has to do with which patient needs the other segments too.
package hl7

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// Format reads files of messages and batches.
func Format() collect.Format {
	return collect.Format{
		Name:  "hl7",
		Sniff: sniff,
		Open: func(r io.Reader, o collect.Options) collect.Decoder {
			return &decoder{next: fileReader(r, o), w: writer{format: "hl7", o: o}}
		},
	}
}

// MLLP reads recordings of connections.
func MLLP() collect.Format {
	return collect.Format{
		Name:  "mllp",
		Sniff: sniffMLLP,
		Open: func(r io.Reader, o collect.Options) collect.Decoder {
			return &decoder{next: dumpReader(r, o), w: writer{format: "mllp", o: o}}
		},
	}
}

func sniff(head []byte) int {
	text, _ := charset.UTF8(head, "")
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
	switch {
	case hl7.Begins(text):
		return 95
	case bytes.HasPrefix(text, []byte("FHS|")), bytes.HasPrefix(text, []byte("BHS|")):
		return 90
	}
	return 0
}

func sniffMLLP(head []byte) int {
	start := bytes.IndexByte(head, 0x0b)
	if start < 0 || !hl7.Begins(bytes.TrimLeft(head[start+1:], "\r\n")) {
		return 0
	}
	if start == 0 {
		return 98
	}
	return 70 // a capture that begins inside a frame
}

// source gives messages one by one, with the place where each begins. What it could not read it reports as a
// *collect.Damage.
type source func() (hl7.Message, int64, error)

func fileReader(r io.Reader, o collect.Options) source {
	reader := hl7.NewReader(r, limits(o))
	return endingWith("text that belongs to no message", func() (int64, int64) {
		stray := reader.Stray()
		return stray.Bytes, stray.First
	}, func() (hl7.Message, int64, error) {
		m, at, err := reader.Next()
		return m, at, damage(err, at)
	})
}

func dumpReader(r io.Reader, o collect.Options) source {
	frames := mllp.NewReader(r, o.Limits.Record)
	var cut error // of the frame before
	return endingWith("bytes between the frames", frames.Noise, func() (hl7.Message, int64, error) {
		if err := cut; err != nil {
			cut = nil
			return hl7.Message{}, 0, err
		}
		for {
			f, err := frames.Next()
			if err != nil {
				return hl7.Message{}, 0, damage(err, f.Offset)
			}
			if f.Kind == mllp.Ack || f.Kind == mllp.Nak {
				continue
			}
			m, err := hl7.Parse(f.Payload, limits(o))
			if f.Kind == mllp.Fragment && err == nil {
				cut = &collect.Damage{Offset: f.Offset, Reason: "frame without an end, read as far as it goes"}
			}
			return m, f.Offset, damage(err, f.Offset)
		}
	})
}

// endingWith gives what next gives, and before the end says that something was passed over, if count counts any.
func endingWith(reason string, count func() (n, first int64), next source) source {
	told := false
	return func() (hl7.Message, int64, error) {
		m, at, err := next()
		n, first := count()
		if err != io.EOF || n == 0 || told {
			return m, at, err
		}
		told = true
		return m, at, &collect.Damage{Offset: first, Reason: reason}
	}
}

// damage is err as a Damage where it spoils one message or frame.
func damage(err error, at int64) error {
	var broken *hl7.Error
	var long *mllp.Error
	switch {
	case errors.As(err, &long):
		return &collect.Damage{Offset: long.Offset, Records: 1, Reason: "frame longer than the limit"}
	case errors.As(err, &broken):
		return &collect.Damage{Offset: at, Records: 1, Reason: broken.Reason}
	}
	return err
}

func limits(o collect.Options) hl7.Limits {
	return hl7.Limits{Bytes: o.Limits.Record, Segments: o.Limits.Values}
}

type decoder struct {
	next   source
	w      writer
	b      event.Builder
	record int64
}

func (d *decoder) Next(ev *event.Event) error {
	m, at, err := d.next()
	var damage *collect.Damage
	if errors.As(err, &damage) {
		d.record += int64(damage.Records)
	}
	if err != nil {
		return err
	}
	d.record++
	ev.Record = d.record
	if err := d.w.event(&m, ev, &d.b); err != nil {
		return &collect.Damage{Offset: at, Records: 1, Reason: "more fields than the limit"}
	}
	return nil
}

// writer makes events of messages. It keeps the memory of its lists from one to the next.
type writer struct {
	format  string
	o       collect.Options
	access  event.Access
	counts  []count
	cells   []cell
	values  []string
	written int
	text    []byte
}

func (w *writer) event(m *hl7.Message, ev *event.Event, b *event.Builder) error {
	ev.Format = w.format
	ev.Class = w.o.Taxonomy.Class("hl7", "mllp", "")
	ev.Time = w.time(m)
	w.normalise(m)
	b.Reset()
	b.Access(&w.access)
	w.segments(m, b)
	if w.o.Whole {
		w.whole(m, b)
	}
	if m.BadCharset {
		b.Bool("BadCharset", true)
	}
	if err := b.Into(ev, jsonl.Limits{Depth: w.o.Limits.Depth, Values: w.o.Limits.Values}); err != nil {
		return err
	}
	if w.o.Whole && len(ev.Fields) > longest {
		return errLong
	}
	return nil
}

// longest is what the journal takes of one event: a message that stands in it as a whole and again by its fields may be more. Then it is
// kept as it came, and refused: sent again it would be no shorter.
const longest = journal.MaxLine - 64<<10

var errLong = errors.New("hl7: longer than the journal keeps")

// time is when the message was made. Its clock shows the site's time where MSH-7 states no offset.
func (w *writer) time(m *hl7.Message) time.Time {
	stamp, _ := m.Get("MSH-7")
	t, zoned, ok := hl7.ParseTime(stamp)
	if ok && !zoned {
		return event.InZone(t, w.o.Zone, time.Time{})
	}
	return t
}

// whole adds the message as it came, as UTF-8 and with CR behind each segment.
func (w *writer) whole(m *hl7.Message, b *event.Builder) {
	w.text = w.text[:0]
	for _, s := range m.Segments {
		w.text = append(append(w.text, s.Text...), '\r')
	}
	b.Bytes("message", w.text)
}
