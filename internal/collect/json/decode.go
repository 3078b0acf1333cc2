// Package json reads events written as JSON: one object per line, pretty-printed over many,
// one after another, in an array, or inside the wrappers in which clouds and clinical servers
// deliver them. What the objects mean is for shapes to say.
package json

import (
	"errors"
	"io"

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
		Lines: isLines,
	}
}

type decoder struct {
	framer framer
	shaper *collect.Shaper
	record int64
}

func newDecoder(r io.Reader, o collect.Options, shapes []collect.Shape) *decoder {
	return &decoder{framer: newFramer(r, o.Limits), shaper: collect.NewShaper(shapes, o)}
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
	ev.Record = d.record
	switch err := d.shaper.Event(text, ev); {
	case err == nil:
		return nil
	case errors.Is(err, collect.ErrSkip):
		return collect.ErrSkip
	default:
		return &collect.Damage{Offset: d.framer.offset, Records: 1, Reason: reason(err)}
	}
}

// Offset implements collect.Placed.
func (d *decoder) Offset() int64 { return d.framer.offset }

// failed counts the records that a damage took, so that later ones keep their numbers.
func (d *decoder) failed(err error) error {
	var damage *collect.Damage
	if errors.As(err, &damage) {
		d.record += int64(damage.Records)
	}
	return err
}

// reason is err in words that quote nothing: the scanner's, whose errors hold numbers only.
func reason(err error) string {
	var syntax *jsonl.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Error()
	}
	return "an object that cannot be read as what it seems to be"
}
