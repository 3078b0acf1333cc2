// Package instance says of one DICOM image what an event says of it, however Wardline came by the image: sent to it, heard on its way, in a file, or read
// back from an archive. Who it is of, what it is, and its fingerprints; never its pixels.
package instance

import (
	"bytes"
	"encoding/hex"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/internal/event"
)

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

// Write adds what an event says of an image: its attributes, digests, and who changed it. ds has no pixels any more.
func Write(b *event.Builder, ds *dicom.DataSet, in *digest.Instance) {
	for _, a := range attributes {
		if text := ds.Text(a.tag); text != "" {
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
	coerced(b, ds)
}

// WritePreamble adds what stands in front of a file.
func WritePreamble(b *event.Builder, f *dicom.File) {
	b.String("preamble", preamble(f))
	if f.Polyglot() {
		b.String("preamble_head", hex.EncodeToString(f.Preamble[:min(8, len(f.Preamble))]))
	}
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

func coerced(b *event.Builder, ds *dicom.DataSet) {
	items := ds.Sequence(0x04000561)
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
