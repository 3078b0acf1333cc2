// Package atna reads the audit messages of IHE ATNA and DICOM: who looked at, changed, sent
// or printed what about which patient, as the systems of a hospital report it.
//
// An event's fields are the message's attributes under their own names, flat where a rule wants
// them (EventID, EventTypeCode, EventActionCode, UserID, PatientID ...) and as received in the
// arrays ActiveParticipant, AuditSourceIdentification and ParticipantObjectIdentification. Beside
// them stands access, the form that all clinical collectors share; docs/clinical-taxonomy.md is its manual.
package atna

import (
	"errors"
	"io"

	"github.com/wardline/wardline/format/atna"
	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

const formatName = "atna"

// Format reads files of audit messages: one, many one after another, or many in a wrapper.
func Format() collect.Format {
	return collect.Format{Name: formatName, Sniff: sniff, Open: open}
}

// sniff wants markup first: text comes first in the logs that carry messages line by line.
func sniff(head []byte) int {
	text, _ := charset.UTF8(head, "")
	if atna.Fits(text) {
		return 95
	}
	return 0
}

func open(r io.Reader, o collect.Options) collect.Decoder {
	lim := limits(o)
	return &decoder{r: atna.NewReader(r, lim), o: o}
}

func limits(o collect.Options) atna.Limits {
	lim := atna.DefaultLimits()
	lim.Bytes, lim.Elements = o.Limits.Record, o.Limits.Values
	lim.Depth = min(lim.Depth, o.Limits.Depth)
	return lim
}

type decoder struct {
	r      *atna.Reader
	o      collect.Options
	w      writer
	b      event.Builder
	record int64
}

func (d *decoder) Next(ev *event.Event) error {
	m, at, err := d.r.Next()
	var broken *atna.Error
	if errors.As(err, &broken) {
		d.record++
		return &collect.Damage{Offset: broken.Offset, Records: 1, Reason: broken.Reason}
	}
	if err != nil {
		return err
	}
	d.record++
	ev.Record = d.record
	if err := d.w.event(&m, d.o, ev, &d.b); err != nil {
		return &collect.Damage{Offset: at, Records: 1, Reason: "more fields than the limit"}
	}
	return nil
}

// Fits tells whether the body of a syslog message is an audit message.
func Fits(msg []byte) bool { return atna.Fits(msg) }

// Event makes ev of the first audit message in the body of a syslog message: Fields, Index, Class,
// Time and Format. Its errors quote nothing.
func Event(msg []byte, o collect.Options, ev *event.Event, b *event.Builder) error {
	m, err := atna.Parse(msg, limits(o))
	if err != nil {
		return err
	}
	var w writer
	return w.event(&m, o, ev, b)
}

// writer makes events of messages. It keeps the memory of its lists from one to the next.
type writer struct {
	access event.Access
	list   []string
}

func (w *writer) event(m *atna.Message, o collect.Options, ev *event.Event, b *event.Builder) error {
	ev.Format = formatName
	ev.Time, _ = event.ParseTime([]byte(m.DateTime))
	ev.Class = o.Taxonomy.Class(product(m), "audit", "")
	w.normalise(m)
	b.Reset()
	b.Access(&w.access)
	w.flat(m, b)
	participants(m, b)
	sources(m, b)
	objects(m, b)
	return b.Into(ev, jsonl.Limits{Depth: o.Limits.Depth, Values: o.Limits.Values})
}

// product tells the messages of imaging systems from those of all others.
func product(m *atna.Message) string {
	if isImaging(m) {
		return "dicom"
	}
	return "ehr"
}

func isImaging(m *atna.Message) bool {
	switch m.EventCode() {
	case atna.BeginTransfer, atna.InstancesAccessed, atna.Transferred, atna.StudyDeleted:
		return true
	}
	for i := range m.Objects {
		switch m.Objects[i].IDType.Value {
		case studyUID, sopClassUID:
			return true
		}
	}
	return false
}

// Codes for what a ParticipantObjectID is (PS3.15 table A.5.2-1).
const (
	studyUID    = "110180"
	sopClassUID = "110181"
)
