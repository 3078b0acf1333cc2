package archive_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
)

// orthanc is a real archive, and a folder for what is sent to it.
type orthanc struct {
	*dicomtest.Orthanc
	dir string
}

func newOrthanc(t *testing.T) *orthanc {
	t.Helper()
	return &orthanc{dicomtest.StartOrthanc(t), t.TempDir()}
}

func uid(tag dicom.Tag, value string) string {
	if len(value)%2 == 1 {
		value += "\x00"
	}
	return dicomtest.Explicit(tag, "UI", value)
}

// head is what an image and a note have in common: an invented person's, in a series of a study.
func head(class, study, series string, n int, modality string) string {
	return uid(0x00080016, class) + uid(0x00080018, fmt.Sprintf("%s.%d", series, n)) + dicomtest.Explicit(0x00080020, "DA", "20260302") + dicomtest.Explicit(0x00080060, "CS", modality) +
		dicomtest.Explicit(0x00100010, "PN", "ROE^RITA") + dicomtest.Explicit(0x00100020, "LO", "4711") + uid(0x0020000D, study) + uid(0x0020000E, series)
}

// image writes slice n of a CT, of eight by eight pixels; block is what its middle holds.
func (o *orthanc) image(study, series string, n, block int) string {
	o.Helper()
	pixels := make([]uint16, 64)
	for i := range pixels {
		pixels[i] = uint16(1000 + n + i)
		if y, x := i/8, i%8; y >= 2 && y < 6 && x >= 2 && x < 6 {
			pixels[i] = uint16(block)
		}
	}
	short := func(tag dicom.Tag, n uint16) string { return dicomtest.Explicit(tag, "US", dicomtest.Shorts(n)) }
	return o.write(head("1.2.840.10008.5.1.4.1.1.2", study, series, n, "CT") + short(0x00280002, 1) + dicomtest.Explicit(0x00280004, "CS", "MONOCHROME2 ") + short(0x00280010, 8) + short(0x00280011, 8) +
		short(0x00280100, 16) + short(0x00280101, 16) + short(0x00280102, 15) + short(0x00280103, 0) + dicomtest.Explicit(0x7FE00010, "OW", dicomtest.Shorts(pixels...)))
}

// rejection writes a note that rejects a slice for its quality.
func (o *orthanc) rejection(study, series string, slice int) string {
	o.Helper()
	title := dicomtest.Item(dicomtest.Explicit(0x00080100, "SH", "113001") + dicomtest.Explicit(0x00080102, "SH", "DCM ") + dicomtest.Explicit(0x00080104, "LO", "Invented"))
	named := dicomtest.Item(uid(0x00081150, "1.2.840.10008.5.1.4.1.1.2") + uid(0x00081155, fmt.Sprintf("%s.%d", series, slice)))
	of := dicomtest.Item(dicomtest.Explicit(0x00081199, "SQ", named) + uid(0x0020000E, series))
	return o.write(head("1.2.840.10008.5.1.4.1.1.88.59", study, study+".99", slice, "KO") + dicomtest.Explicit(0x0040A043, "SQ", title) +
		dicomtest.Explicit(0x0040A375, "SQ", dicomtest.Item(dicomtest.Explicit(0x00081115, "SQ", of)+uid(0x0020000D, study))))
}

// write makes a file of a data set.
func (o *orthanc) write(dataSet string) string {
	o.Helper()
	f, err := os.CreateTemp(o.dir, "*.dcm")
	if err != nil {
		o.Fatal(err)
	}
	if _, err := f.Write(dicomtest.File(dicom.ExplicitLE, dataSet)); err != nil {
		o.Fatal(err)
	}
	if err := f.Close(); err != nil {
		o.Fatal(err)
	}
	return f.Name()
}
