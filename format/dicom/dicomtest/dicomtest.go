// Package dicomtest writes small DICOM files of invented people for tests, and runs the programs of DCMTK, which wrote its own reader
// long before we did. Only tests import it.
package dicomtest

import (
	"encoding/binary"
	"os"
	"os/exec"
	"testing"

	"github.com/wardline/wardline/format/dicom"
)

// What items and sequences of undefined length begin and end with, in little endian (PS3.5 7.5).
const (
	OpenItem    = "\xfe\xff\x00\xe0\xff\xff\xff\xff"
	ItemEnd     = "\xfe\xff\x0d\xe0\x00\x00\x00\x00"
	SequenceEnd = "\xfe\xff\xdd\xe0\x00\x00\x00\x00"
)

// Explicit writes an element in explicit VR little endian (PS3.5 7.1.2), its value as it is given.
func Explicit(t dicom.Tag, vr, value string) string {
	b := append(tag(t), vr...)
	switch vr {
	case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
		b = binary.LittleEndian.AppendUint32(append(b, 0, 0), uint32(len(value)))
	default:
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	}
	return string(b) + value
}

// Implicit writes an element in implicit VR little endian (PS3.5 7.1.3).
func Implicit(t dicom.Tag, value string) string {
	return string(binary.LittleEndian.AppendUint32(tag(t), uint32(len(value)))) + value
}

func tag(t dicom.Tag) []byte {
	return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, t.Group()), t.Element())
}

// Item writes an item that has a length, or a fragment.
func Item(content string) string { return Implicit(0xFFFEE000, content) }

// Open begins an element of undefined length, which the caller ends.
func Open(t dicom.Tag, vr string) string {
	head := Explicit(t, vr, "")
	return head[:len(head)-4] + "\xff\xff\xff\xff"
}

// Shorts writes numbers of 16 bits in little endian.
func Shorts(numbers ...uint16) string {
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint16(b, n)
	}
	return string(b)
}

// File puts a preamble and a file meta information group in front of a data set (PS3.10 7.1).
func File(s dicom.Syntax, dataSet string) []byte {
	uid := string(s)
	if len(uid)%2 == 1 {
		uid += "\x00"
	}
	meta := Explicit(0x00020001, "OB", "\x00\x01") + Explicit(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7\x00") +
		Explicit(0x00020003, "UI", "1.2.3.4\x00") + Explicit(0x00020010, "UI", uid) + Explicit(0x00020012, "UI", "1.2.3\x00")
	length := string(binary.LittleEndian.AppendUint32(nil, uint32(len(meta))))
	return []byte(string(make([]byte, 128)) + "DICM" + Explicit(0x00020000, "UL", length) + meta + dataSet)
}

// Run runs a program of DCMTK and returns what it prints. Without the program it skips the test, which fails where CI is set.
func Run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no %s: install dcmtk", name)
		}
		t.Skipf("no %s: install dcmtk to hold this against it", name)
	}
	out, err := exec.Command(path, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}
