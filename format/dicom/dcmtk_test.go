package dicom_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
)

func le32(n ...uint32) string {
	var b []byte
	for _, n := range n {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return string(b)
}

func le64(n ...uint64) string {
	var b []byte
	for _, n := range n {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return string(b)
}

// everything has a value of every representation, and forms that are rare.
func everything() string {
	return el(0x00080005, "CS", "ISO_IR 100") +
		el(0x00080008, "CS", `ORIGINAL\PRIMARY\\AXIAL `) +
		el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7\x00") +
		el(0x00080018, "UI", "1.2.3.4\x00") +
		el(0x00080020, "DA", "20260131") +
		el(0x0008002A, "DT", "20260131102030.5+0100 ") +
		el(0x00080030, "TM", "102030.123") +
		el(0x00080050, "SH", " A 1  ") +
		el(0x00080054, "AE", `ONE\ TWO`) +
		el(0x00080090, "PN", `DOE^JANE\ROE^RICHARD^^DR`) +
		el(0x00080119, "UC", `long one\two`) +
		el(0x00080120, "UR", "http://example.org/a") +
		el(0x0008040C, "UV", le64(math.MaxUint64, 1)) +
		el(0x00081030, "LO", "  Z\xfcrich  ") +
		el(0x00081040, "LO", `ab\b\\c\`) +
		el(0x00081140, "SQ", "") +
		el(0x00081150, "UI", "") +
		el(0x00090010, "LO", "ACME 1.1") +
		el(0x00091001, "LO", "private text") +
		el(0x00091002, "US", le16(77)) +
		el(0x00091003, "OB", "\x01\x02\x03\x00") +
		el(0x00091004, "SQ", item(el(0x00080100, "SH", "X ")+el(0x00090010, "LO", "ACME 1.1")+el(0x00091001, "UN", "AB"))) +
		open(0x00091005, "SQ") + openItem + el(0x00080100, "SH", "Y ") + itemEnd + item("") + sequenceEnd +
		open(0x00091006, "UN") + openItem + implicit(0x00080100, "Z ") + itemEnd + sequenceEnd +
		el(0x00101010, "AS", "042Y") +
		el(0x00101020, "DS", `1.50\-2e3\+7\.5\15`) +
		el(0x001021B0, "LT", " two\r\nlines \\ back  ") +
		el(0x00181310, "US", le16(1, 2, 3, 4)) +
		el(0x00189087, "FD", le64(math.Float64bits(0.1), math.Float64bits(-1000.25))) +
		el(0x00200013, "IS", ` 12\-3\7`) +
		el(0x00209165, "AT", le16(0x0010, 0x0010, 0x0020, 0x0030)) +
		el(0x00280106, "US", le16(65535)) +
		el(0x0040A160, "UT", `text \ with`+" ") +
		el(0x00460102, "FL", "") +
		el(0x00660016, "OF", le32(math.Float32bits(1.5))) +
		el(0x00660022, "OD", le64(math.Float64bits(2.5))) +
		el(0x00660040, "OL", le32(7)) +
		el(0x0072007C, "SL", le32(0xFFFFFFFF, 2)) +
		el(0x0072007E, "SS", le16(0xFFFB, 5)) +
		el(0x00720078, "UL", le32(4000000000)) +
		el(0x00720076, "FL", le32(math.Float32bits(1.1), math.Float32bits(3.4e38))) +
		el(0x00720082, "SV", le64(math.MaxUint64)) +
		el(0x60000010, "US", le16(4)) +
		el(0x60003000, "OW", le16(0x0201, 0x0403)) +
		el(0x7FE00010, "OW", le16(0x0201, 0x0403)) +
		el(0xFFFCFFFC, "OB", "\x00\x00")
}

// What dcm2json reads in every transfer syntax is what is read here in the one that it began in.
func TestConvertedByDCMTK(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.dcm")
	if err := os.WriteFile(in, file(dicom.ExplicitLE, everything()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, option := range []string{"+te", "+ti", "+tb", "+td"} {
		out := filepath.Join(dir, "out"+option)
		dicomtest.Run(t, "dcmconv", option, in, out)
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		f, err := dicom.ParseFile(data, dicom.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		got, want := model(t, f.DataSet.AppendJSON(nil)), model(t, dicomtest.Run(t, "dcm2json", out))
		if option == "+ti" { // newer than DCMTK's dictionary
			delete(got, "0008040C")
			delete(want, "0008040C")
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: %s", option, diff)
		}
	}
}
