package dicom_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"testing"

	"github.com/wardline/wardline/format/dicom"
)

// el writes an element in explicit VR little endian (PS3.5 7.1.2), its value as it is given.
func el(t dicom.Tag, vr, value string) string {
	b := binary.LittleEndian.AppendUint16(nil, t.Group())
	b = binary.LittleEndian.AppendUint16(b, t.Element())
	b = append(b, vr...)
	switch vr {
	case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
		b = append(b, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	default:
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	}
	return string(b) + value
}

// implicit writes an element in implicit VR little endian (PS3.5 7.1.3).
func implicit(t dicom.Tag, value string) string {
	b := binary.LittleEndian.AppendUint16(nil, t.Group())
	b = binary.LittleEndian.AppendUint16(b, t.Element())
	return string(binary.LittleEndian.AppendUint32(b, uint32(len(value)))) + value
}

// item marks an item of a sequence.
func item(elements string) string { return implicit(0xFFFEE000, elements) }

const (
	openEnd     = "\xff\xff\xff\xff" // undefined length
	openItem    = "\xfe\xff\x00\xe0" + openEnd
	itemEnd     = "\xfe\xff\x0d\xe0\x00\x00\x00\x00"
	sequenceEnd = "\xfe\xff\xdd\xe0\x00\x00\x00\x00"
)

// open writes an element of undefined length, whose end is up to the caller.
func open(t dicom.Tag, vr string) string {
	head := el(t, vr, "")
	return head[:len(head)-4] + openEnd
}

// file puts a preamble and a file meta information group in front of a data set.
func file(s dicom.Syntax, dataSet string) []byte {
	uid := string(s)
	if len(uid)%2 == 1 {
		uid += "\x00"
	}
	meta := el(0x00020001, "OB", "\x00\x01") + el(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7\x00") +
		el(0x00020003, "UI", "1.2.3.4\x00") + el(0x00020010, "UI", uid) + el(0x00020012, "UI", "1.2.3\x00")
	length := string(binary.LittleEndian.AppendUint32(nil, uint32(len(meta))))
	return []byte(string(make([]byte, 128)) + "DICM" + el(0x00020000, "UL", length) + meta + dataSet)
}

func parse(t testing.TB, data string, s dicom.Syntax) dicom.DataSet {
	t.Helper()
	ds, err := dicom.Parse([]byte(data), s, dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// tool finds a program of DCMTK, or skips the test.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no %s: install dcmtk", name)
		}
		t.Skipf("no %s: install dcmtk to hold this against it", name)
	}
	return path
}

// run runs a program of DCMTK.
func run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(tool(t, name), args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}
