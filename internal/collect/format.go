// Package collect brings events in. Each kind of input is one folder below it;
// this package says what such a folder must offer.
package collect

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// Format is one kind of file or stream.
type Format struct {
	Name string // as shown in statistics: evtx, zeek, syslog, ...

	// Sniff says how surely the content is of this format: 0 not at all, 100 beyond
	// doubt (a magic number). head is the first 64 KiB at most of the decompressed bytes. It must
	// cost no more than reading head a few times.
	Sniff func(head []byte) int

	// Open starts decoding. It reads nothing before the first Next.
	Open func(r io.Reader, o Options) Decoder

	// What follows tells how a file of this format grows, for those who follow it. A file of a format
	// that says nothing is read anew when it changed, and the records that were taken already are passed over.

	// Lines tells whether a file that begins with head holds whole records on each line, so that reading may
	// begin with any line. nil means never.
	Lines func(head []byte) bool
	// Continues tells the lines that belong to the record before them. nil means none.
	Continues func(line []byte) bool
	// Heading tells the lines that say how to read those after them, such as the names of columns. Who
	// begins in the middle of a file reads the last block of such lines first. nil means none.
	Heading func(line []byte) bool
	// Serial is the name of a field by which the sender itself numbers the records of a log for good, even when
	// they move in the file; "" where it does not.
	Serial string
}

// Options is what a decoder may know besides the bytes.
type Options struct {
	Limits   Limits
	Taxonomy *event.Taxonomy
	// Modified is when the source was last written, zero when unknown. It lends its
	// year to time stamps that have none (RFC 3164).
	Modified time.Time
	// Whole asks for all that a clinical record says, for those who learn from it about the house: the text of an HL7
	// message in the field message, and FHIR resources of every type as events. A scan that only looks for bad signs is
	// faster without.
	Whole bool
	// Zone is the place whose clock times show when they state no offset and nothing nearer to the sender says
	// where it stands. nil is UTC.
	Zone *time.Location
}

// Limits bounds what one source may cost, whatever it says about itself.
type Limits struct {
	Record int // bytes of one record
	Depth  int // nesting
	Values int // fields of one record
}

// DefaultLimits are roomy for real logs and small for a machine.
func DefaultLimits() Limits { return Limits{Record: 16 << 20, Depth: 64, Values: 1 << 16} }

// Decoder yields the events of one source in order.
type Decoder interface {
	// Next fills ev with the next event: Fields and its Index, Class, Time, Format,
	// and Record. Everything in ev is valid until the next call.
	// It returns io.EOF at the end. A *Damage error means that some bytes
	// could not be read and were passed over, ErrSkip that a record holds no event: the caller
	// counts either and calls Next again. Any other error ends the source.
	Next(ev *event.Event) error
}

// Placed is a Decoder that knows where its records stand. Formats that are read from any line on have one.
type Placed interface {
	Decoder
	// Offset is the place in the source where the event begins that Next gave last.
	Offset() int64
}

// Damage reports bytes that could not be read as a record. It names the place
// and the reason and never quotes the content, which may speak of a patient.
type Damage struct {
	Offset  int64  // of the first byte passed over, in the decompressed source
	Records int    // records known to be lost; 0 when that cannot be told
	Reason  string // constant text or text made of numbers only
}

func (d *Damage) Error() string {
	return fmt.Sprintf("at byte %d: %s", d.Offset, d.Reason)
}

// Shape is one way of writing events as JSON objects, told by its keys. Formats
// that are JSON underneath add a Shape instead of a Format, and share its framing.
type Shape struct {
	Name string

	// Fits says how surely obj is of this shape, 0 to 100. From 80 on no other shape
	// is asked as long as objects go on fitting so well.
	Fits func(obj Object) int

	// Event turns one object into ev: it sets Class and Time, and Fields with their
	// Index when the event is not to be the object itself, which ev holds already (obj.Index
	// is that of ev, and is overwritten by Into). It returns ErrSkip for an
	// object of this shape that holds no event (a FHIR Patient beside AuditEvents).
	// b is the decoder's builder, for a shape that writes Fields anew: Reset it, write, Into ev.
	// Event need not set Format, Record or Source.
	//
	// Event of a Certain shape returns ErrUnfit, having changed nothing, for an object that Fits would
	// not be sure of. Fits is then asked only when the shape changes: most neighbours are alike.
	Certain bool
	Event   func(obj Object, o Options, ev *event.Event, b *event.Builder) error
}

// Object is one JSON object as a Shape sees it: the text and where its values stand.
// When a shape was framed inside a wrapper (CloudTrail's Records, a FHIR Bundle's
// entries, a top-level array), the object is the element, not the wrapper.
type Object struct {
	Text  []byte
	Index *jsonl.Index
	seen  *seen // of those before it; nil when nothing is kept
}

// ErrUnfit says that an object is not of the shape that it was taken for.
var ErrUnfit = errors.New("not of this shape")

// ErrSkip says that a record is well-formed and holds no event.
var ErrSkip = errors.New("no event in this record")
