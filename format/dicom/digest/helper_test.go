package digest_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/digest"
)

func el(t dicom.Tag, vr, value string) string { return dicomtest.Explicit(t, vr, value) }

// picture is an image of invented content.
type picture struct {
	rows, columns, samples, bits, frames uint16
	planar                               uint16
	signed                               uint16
	photometric                          string
}

// header writes the elements in front of the pixel data.
func (p picture) header() string {
	if p.photometric == "" {
		p.photometric = "MONOCHROME2 "
		if p.samples == 3 {
			p.photometric = "RGB "
		}
	}
	s := el(0x00080005, "CS", "ISO_IR 100") + el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7\x00") + el(0x00080018, "UI", "1.2.3.4\x00") +
		el(0x00080060, "CS", "OT") + el(0x00100010, "PN", "DOE^J\xc9NE") + el(0x00100020, "LO", "X-1 ") +
		el(0x0020000D, "UI", "1.2.3\x00") + el(0x0020000E, "UI", "1.2.5\x00") + el(0x00280002, "US", dicomtest.Shorts(p.samples)) + el(0x00280004, "CS", p.photometric)
	if p.samples > 1 {
		s += el(0x00280006, "US", dicomtest.Shorts(p.planar))
	}
	if p.frames > 1 {
		s += el(0x00280008, "IS", fmt.Sprintf("%-4d", p.frames))
	}
	return s + el(0x00280010, "US", dicomtest.Shorts(p.rows)) + el(0x00280011, "US", dicomtest.Shorts(p.columns)) + el(0x00280100, "US", dicomtest.Shorts(p.bits)) +
		el(0x00280101, "US", dicomtest.Shorts(p.bits)) + el(0x00280102, "US", dicomtest.Shorts(p.bits-1)) + el(0x00280103, "US", dicomtest.Shorts(p.signed))
}

// pixels makes samples with edges and with areas of one value, so that every way of compressing them is used.
func (p picture) pixels() []byte {
	n := (int(p.rows)*int(p.columns)*int(p.samples)*int(p.bits)*int(max(1, p.frames)) + 7) / 8
	b := make([]byte, n)
	noise := uint32(1)
	for i := range b {
		noise = noise*1664525 + 1013904223
		if b[i] = byte(i / 64); i%256 > 100 {
			b[i] = byte(noise >> 24)
		}
	}
	return b
}

// dataSet writes the image with pixel data of that representation.
func (p picture) dataSet(vr string, pixels []byte) string {
	value := string(pixels)
	if len(value)%2 == 1 {
		value += "\x00"
	}
	return p.header() + el(dicom.PixelData, vr, value)
}

func (p picture) String() string {
	return fmt.Sprintf("%dx%dx%d, %d bits, %d frames, planar %d, signed %d", p.rows, p.columns, p.samples, p.bits, p.frames, p.planar, p.signed)
}

// memory digests a data set in memory.
func memory(t testing.TB, data string, s dicom.Syntax) digest.Instance {
	t.Helper()
	ds, err := dicom.Parse([]byte(data), s, dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	in, err := digest.Of(&ds, s, digest.DefaultMutable(), dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// of digests a data set in memory and holds the stream of it to the same.
func of(t testing.TB, data string, s dicom.Syntax) digest.Instance {
	t.Helper()
	in := memory(t, data, s)
	stream, err := digest.Read(bytes.NewReader([]byte(data)), s, digest.DefaultMutable(), dicom.DefaultLimits())
	if err != nil || fmt.Sprint(stream) != fmt.Sprint(in) {
		t.Fatalf("the stream is another: %v", err)
	}
	return in
}
