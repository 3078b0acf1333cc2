// Package dicom brings in DICOM files: not the pictures, but who they are of, what they are, and their fingerprints, by which they are known again
// wherever they lie.
//
// The pixel data is hashed as it is read and kept nowhere. An event has the attributes below under the keywords of PS3.6, and beside them
//
//	digest.header, digest.semantic, digest.pixels   the labelled digests of package format/dicom/digest
//	frames         how many frames have one
//	uneven         the pixel data is not as long as the header says
//	preamble       empty, tiff, or other: a file that may be something else as well, with its first bytes in hexadecimal as preamble_head
//	coerced        the systems that changed attributes and say so, with their reasons (Original Attributes Sequence, PS3.3 C.12.1.1.9)
package dicom

import (
	"errors"
	"io"
	"time"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/event/instance"
)

// Format reads DICOM files (PS3.10).
func Format() collect.Format {
	return collect.Format{Name: formatName, Sniff: sniff, Open: open}
}

const formatName = "dicom"

// sniff knows a file by the letters behind its preamble (PS3.10 7.1).
func sniff(head []byte) int {
	if len(head) >= 132 && string(head[128:132]) == "DICM" {
		return 100
	}
	return 0
}

// largestHeader bounds what of a file is held in memory, and one frame where that has to be unpacked.
const largestHeader = 64 << 20

func open(r io.Reader, o collect.Options) collect.Decoder {
	lim := dicom.DefaultLimits()
	lim.Bytes = largestHeader
	return &decoder{r: r, o: o, lim: lim}
}

// decoder reads one file, which is one event.
type decoder struct {
	r    io.Reader
	o    collect.Options
	lim  dicom.Limits
	done bool
	b    event.Builder
}

// Next implements collect.Decoder.
func (d *decoder) Next(ev *event.Event) error {
	if d.done {
		return io.EOF
	}
	d.done = true
	in, file, err := digest.ReadHeader(d.r, digest.DefaultMutable(), d.lim)
	var broken *dicom.Error
	if errors.As(err, &broken) {
		return &collect.Damage{Offset: broken.Offset, Records: 1, Reason: broken.Reason}
	}
	if err != nil {
		return err
	}
	d.b.Reset()
	instance.Write(&d.b, &file.DataSet, &in)
	instance.WritePreamble(&d.b, &file)
	if err := d.b.Into(ev, jsonl.Limits{Depth: d.o.Limits.Depth, Values: d.o.Limits.Values}); err != nil {
		return &collect.Damage{Records: 1, Reason: "more fields than the limit"}
	}
	ev.Format, ev.Record, ev.Time = formatName, 1, time.Time{}
	ev.Class = d.o.Taxonomy.Class("dicom", "instance", "")
	return nil
}
