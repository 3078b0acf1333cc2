package dicom_test

import (
	"testing"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
)

const (
	openEnd     = "\xff\xff\xff\xff" // undefined length
	openItem    = dicomtest.OpenItem
	itemEnd     = dicomtest.ItemEnd
	sequenceEnd = dicomtest.SequenceEnd
)

func el(t dicom.Tag, vr, value string) string { return dicomtest.Explicit(t, vr, value) }

func open(t dicom.Tag, vr string) string { return dicomtest.Open(t, vr) }

func implicit(t dicom.Tag, value string) string { return dicomtest.Implicit(t, value) }

func item(elements string) string { return dicomtest.Item(elements) }

func le16(n ...uint16) string { return dicomtest.Shorts(n...) }

func file(s dicom.Syntax, dataSet string) []byte { return dicomtest.File(s, dataSet) }

func parse(t testing.TB, data string, s dicom.Syntax) dicom.DataSet {
	t.Helper()
	ds, err := dicom.Parse([]byte(data), s, dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return ds
}
