// Package json reads events written as JSON: one object per line, pretty-printed over many,
// one after another, in an array, or inside the wrappers in which clouds and clinical servers
// deliver them. What the objects mean is for shapes to say.
package json

import (
	"errors"
	"io"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Format reads JSON of the given shapes. An object that fits none of them is an event
// of no known log source, as it is. Where two shapes fit alike the earlier one wins.
//
// Within one object names may repeat: every value counts. Bytes that are not UTF-8, and
// control characters that JSON wants escaped, are replaced rather than refused, so that an
// attacker cannot hide an event by one bad byte. UTF-16 is read too; offsets then
// count the bytes of the text in UTF-8.
func Format(shapes []collect.Shape) collect.Format {
	return collect.Format{
		Name:  "json",
		Sniff: sniff,
		Open: func(r io.Reader, o collect.Options) collect.Decoder {
			return newDecoder(r, o, shapes)
		},
	}
}

type decoder struct {
	framer framer
	shapes []collect.Shape
	last   int // the shape that fitted the object before; -1 at first
	o      collect.Options
	record int64
	b      event.Builder

	// For objects that fit no shape.
	unknown *event.Class
	times   *collect.Picker
	at      []int32
}

func newDecoder(r io.Reader, o collect.Options, shapes []collect.Shape) *decoder {
	names := timeNames()
	return &decoder{
		framer:  newFramer(r, o.Limits),
		shapes:  shapes,
		last:    -1,
		o:       o,
		unknown: o.Taxonomy.Class("", "", ""),
		times:   collect.NewPicker(names...),
		at:      make([]int32, len(names)),
	}
}

func (d *decoder) Next(ev *event.Event) error {
	text, err := d.framer.next(&ev.Index)
	if err != nil {
		return d.failed(err)
	}
	d.record++
	if text == nil { // an element of a wrapper without an event in it
		return collect.ErrSkip
	}
	switch err := d.event(text, ev); {
	case err == nil:
		return nil
	case errors.Is(err, collect.ErrSkip):
		return collect.ErrSkip
	default:
		return &collect.Damage{Offset: d.framer.offset, Records: 1, Reason: reason(err)}
	}
}

// failed counts the records that a damage took, so that later ones keep their numbers.
func (d *decoder) failed(err error) error {
	var damage *collect.Damage
	if errors.As(err, &damage) {
		d.record += int64(damage.Records)
	}
	return err
}

// event makes ev of one object that ev.Index lists.
func (d *decoder) event(text []byte, ev *event.Event) error {
	ev.Fields = text
	ev.Record = d.record
	ev.Time = time.Time{}
	ev.Class = d.unknown
	obj := collect.Object{Text: text, Index: &ev.Index}
	if d.last >= 0 && d.shapes[d.last].Certain {
		ev.Format = d.shapes[d.last].Name
		if err := d.shapes[d.last].Event(obj, d.o, ev, &d.b); err != collect.ErrUnfit {
			return err
		}
	}
	i := d.shape(obj)
	if i < 0 {
		d.plain(obj, ev)
		return nil
	}
	ev.Format = d.shapes[i].Name
	return d.shapes[i].Event(obj, d.o, ev, &d.b)
}

// sure is what Fits says when no other shape can be meant.
const sure = 80

// shape picks the best shape for obj, or -1. Neighbours are mostly alike.
func (d *decoder) shape(obj collect.Object) int {
	if d.last >= 0 && d.shapes[d.last].Fits(obj) >= sure {
		return d.last
	}
	best, most := -1, 0
	for i := range d.shapes {
		if fit := d.shapes[i].Fits(obj); fit > most {
			best, most = i, fit
		}
	}
	d.last = best
	return best
}

// timeNames lists the names under which senders of no known shape write when
// something happened, the surest first.
func timeNames() []string {
	return []string{
		"@timestamp", "timestamp", "time", "ts", "eventTime", "EventTime", "UtcTime", "TimeCreated", "TimeGenerated",
		"Timestamp", "createdDateTime", "datetime", "date", "_time", "event_time", "recorded", "published",
	}
}

func (d *decoder) plain(obj collect.Object, ev *event.Event) {
	ev.Format = "json"
	d.times.Pick(obj, d.at)
	for _, i := range d.at {
		if t, ok := event.ParseTime(obj.Raw(i)); ok {
			ev.Time = t
			return
		}
	}
}

// reason is err in words that quote nothing: the scanner's, whose errors hold numbers only.
func reason(err error) string {
	var syntax *jsonl.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Error()
	}
	return "an object that cannot be read as what it seems to be"
}
