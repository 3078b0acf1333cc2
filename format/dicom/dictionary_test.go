package dicom_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/dicom"
)

func TestDictionary(t *testing.T) {
	for tag, want := range map[dicom.Tag]string{
		0x00100010: "PN PatientName", 0x00280106: "US SmallestImagePixelValue", 0x7FE00010: "OW PixelData", 0x00283006: "OW LUTData",
		0x60000010: "US OverlayRows", 0x601E3000: "OW OverlayData", 0x60010010: "LO ", 0x50040005: "US CurveDimensions", 0x00203105: "CS SourceImageIDs",
		0x10101234: "US ZonalMap", 0x00090010: "LO ", 0x000900FF: "LO ", 0x00091001: "UN ", 0x00090001: "UN ", 0x00100000: "UL ", 0x00090000: "UL ",
		0x00109999: "UN ", 0x00081140: "SQ ReferencedImageSequence", 0x0008040C: "UV FileOffsetInContainer",
	} {
		if got := fmt.Sprint(tag.Lookup(), " ", tag.Keyword()); got != want {
			t.Errorf("%v: %s, want %s", tag, got, want)
		}
	}
}

// The dictionary says what DCMTK's says.
func TestDictionaryOfDCMTK(t *testing.T) {
	paths, _ := filepath.Glob("/usr/share/libdcmtk*/dicom.dic")
	if len(paths) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("no dicom.dic: install dcmtk")
		}
		t.Skip("no dicom.dic: install dcmtk to hold the dictionary against it")
	}
	f, err := os.Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	same := map[string]string{"xs": "US", "ox": "OW", "px": "OW", "lt": "OW", "up": "UL", "na": "NA"}
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var group, element uint16
		fields := strings.Split(lines.Text(), "\t")
		if _, err := fmt.Sscanf(fields[0], "(%04x,%04x)", &group, &element); err != nil || group == 0x0006 { // 0006 is no group of PS3.6
			continue
		}
		want := fields[1]
		if other, ok := same[want]; ok {
			want = other
		}
		if got := dicom.NewTag(group, element).Lookup().String(); got != want {
			t.Errorf("%s: %s, want %s", fields[0], got, want)
		}
		n++
	}
	if n < 4000 {
		t.Errorf("%d entries compared", n)
	}
}
