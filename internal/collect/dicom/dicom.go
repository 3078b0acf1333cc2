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
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
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
	write(&d.b, &file, &in)
	if err := d.b.Into(ev, jsonl.Limits{Depth: d.o.Limits.Depth, Values: d.o.Limits.Values}); err != nil {
		return &collect.Damage{Records: 1, Reason: "more fields than the limit"}
	}
	ev.Format, ev.Record, ev.Time = formatName, 1, time.Time{}
	ev.Class = d.o.Taxonomy.Class("dicom", "instance", "")
	return nil
}

// attributes are what an event says of an image, by keyword.
var attributes = []struct {
	keyword string
	tag     dicom.Tag
}{
	{"SOPClassUID", 0x00080016},
	{"SOPInstanceUID", 0x00080018},
	{"StudyInstanceUID", 0x0020000D},
	{"SeriesInstanceUID", 0x0020000E},
	{"AccessionNumber", 0x00080050},
	{"StudyID", 0x00200010},
	{"Modality", 0x00080060},
	{"StudyDate", 0x00080020},
	{"StudyTime", 0x00080030},
	{"AcquisitionDateTime", 0x0008002A},
	{"InstanceNumber", 0x00200013},
	{"StationName", 0x00081010},
	{"PatientID", 0x00100020},
	{"IssuerOfPatientID", 0x00100021},
	{"PatientName", 0x00100010},
	{"PatientBirthDate", 0x00100030},
	{"PatientSex", 0x00100040},
}

func write(b *event.Builder, f *dicom.File, in *digest.Instance) {
	for _, a := range attributes {
		if text := f.DataSet.Text(a.tag); text != "" {
			b.String(a.keyword, text)
		}
	}
	b.String("TransferSyntaxUID", string(in.Syntax))
	b.Object("digest")
	for _, d := range []struct {
		name string
		sum  digest.Digest
	}{{"header", in.Header}, {"semantic", in.Semantic}, {"pixels", in.Pixels}} {
		if d.sum.Kind != digest.None {
			b.String(d.name, d.sum.String())
		}
	}
	b.End()
	b.Int("frames", int64(len(in.Frames)))
	if in.Uneven {
		b.Bool("uneven", true)
	}
	b.String("preamble", preamble(f))
	if f.Polyglot() {
		b.String("preamble_head", hex.EncodeToString(f.Preamble[:min(8, len(f.Preamble))]))
	}
	coerced(b, f)
}

func preamble(f *dicom.File) string {
	switch {
	case f.Polyglot():
		return "other"
	case len(bytes.Trim(f.Preamble, "\x00")) > 0:
		return "tiff"
	}
	return "empty"
}

// mostCoerced bounds the list of those who changed an instance.
const mostCoerced = 16

func coerced(b *event.Builder, f *dicom.File) {
	items := f.DataSet.Sequence(0x04000561)
	if len(items) == 0 {
		return
	}
	var systems, reasons []string
	for i := range items[:min(len(items), mostCoerced)] {
		systems = append(systems, items[i].Text(0x04000563))
		reasons = append(reasons, items[i].Text(0x04000565))
	}
	b.Object("coerced")
	b.Strings("by", systems)
	b.Strings("reason", reasons)
	b.End()
}
