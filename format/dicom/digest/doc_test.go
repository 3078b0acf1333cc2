package digest_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/digest"
)

// The worked examples of the package documentation are what comes out.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	elements := []string{
		el(0x00080005, "CS", "ISO_IR 100"),
		el(0x00080060, "CS", "CT"),
		el(0x00081140, "SQ", dicomtest.Item(el(0x00081150, "UI", "1.2\x00"))),
		el(0x00100010, "PN", "DOE^J\xc9NE"),
		el(0x00280010, "US", dicomtest.Shorts(1)),
		el(0x00280011, "US", dicomtest.Shorts(2)),
		el(0x7FE00010, "OW", dicomtest.Shorts(0x0102, 0x0304)),
	}
	want := ""
	for _, e := range elements {
		want += fmt.Sprintf("//	% x\n", e)
	}
	if !strings.Contains(string(text), want) {
		t.Errorf("the data set:\n%s", want)
	}
	pixels := el(0x00280002, "US", dicomtest.Shorts(1)) + el(0x00280100, "US", dicomtest.Shorts(16)) // that make it an image
	ds, err := dicom.Parse([]byte(strings.Join(elements, "")), dicom.ExplicitLE, dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	canonical := digest.Canonical(&ds, dicom.ExplicitLE)
	sum := sha256.Sum256(canonical)
	in := of(t, strings.Join(elements, ""), dicom.ExplicitLE)
	if in.Header.Sum != sum {
		t.Error("the digest is not that of the canonical form")
	}
	image := of(t, strings.Join(elements[:6], "")+pixels+elements[6], dicom.ExplicitLE)
	for _, line := range []string{
		canonicalLines(canonical), in.Header.String(),
		fmt.Sprintf("%x", sha256.Sum256([]byte("dcmc-1 frame-samples\n\x02\x01\x04\x03"))), image.Frames[0].Samples.String(),
	} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the documentation lacks:\n%s", line)
		}
	}
}

// canonicalLines cuts the canonical form where the documentation does.
func canonicalLines(b []byte) string {
	lines := ""
	for _, n := range []int{14, 16, 14 + 8, 17, 23, 16, 16} {
		lines += fmt.Sprintf("//	% x\n", b[:n])
		b = b[n:]
	}
	return lines
}

// Another dictionary gives other digests: it needs another name of the rules.
func TestDictionaryIsPartOfTheRules(t *testing.T) {
	text, err := os.ReadFile("../dictionary.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(text)); got != "c1615c19117275ed97e52bcca463a86fe6c1e6ddd8f9f67b8b868e13a3d202f9" || digest.Version != "dcmc-1" {
		t.Errorf("the dictionary of %s is %s", digest.Version, got)
	}
}
