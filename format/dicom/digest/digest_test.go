package digest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/formattest"
)

// header digests elements in explicit VR little endian.
func header(t *testing.T, elements ...string) digest.Digest {
	t.Helper()
	return of(t, strings.Join(elements, ""), dicom.ExplicitLE).Header
}

// What is no content changes nothing.
func TestHeaderStays(t *testing.T) {
	name, id := el(0x00100010, "PN", "DOE^JANE"), el(0x00100020, "LO", "X-1 ")
	items := el(0x00081140, "SQ", dicomtest.Item(id)+dicomtest.Item(""))
	want := header(t, items, name, id)
	private := el(0x00090010, "LO", "ACME")
	sequence := dicomtest.Item(dicomtest.Implicit(0x00100020, "X-1 "))
	for what, pair := range map[string][2]digest.Digest{
		"group lengths":      {want, header(t, el(0x00080000, "UL", "\x01\x00\x00\x00"), items, name, id)},
		"length to end":      {want, header(t, el(0x00080001, "UL", "\x01\x00\x00\x00"), items, name, id)},
		"padding behind":     {want, header(t, items, name, id, el(0xFFFCFFFC, "OB", "\x00\x00"))},
		"padding in items":   {want, header(t, el(0x00081140, "SQ", dicomtest.Item(id+el(0xFFFCFFFC, "OB", "\x00\x00"))+dicomtest.Item("")), name, id)},
		"order":              {want, header(t, name, items, id)},
		"no length of items": {want, header(t, dicomtest.Open(0x00081140, "SQ")+dicomtest.OpenItem+id+dicomtest.ItemEnd+dicomtest.OpenItem+dicomtest.ItemEnd+dicomtest.SequenceEnd, name, id)},
		"padding of text":    {want, header(t, items, el(0x00100010, "PN", "DOE^JANE  "), el(0x00100020, "LO", "X-1\x00"))},
		"unknown text":       {want, header(t, items, el(0x00100010, "UN", "DOE^JANE"), id)},
		"unknown sequence":   {want, header(t, el(0x00081140, "UN", sequence+dicomtest.Item("")), name, id)},
		"another short text": {want, header(t, items, name, el(0x00100020, "SH", "X-1 "))},
		"meta information":   {want, header(t, el(0x00020010, "UI", "1.2\x00"), items, name, id)},
		"pixel tables":       {want, header(t, items, name, id, el(0x7FE00001, "OV", "\x00\x00\x00\x00\x00\x00\x00\x00"))},
		"character set": {header(t, el(0x00080005, "CS", "ISO_IR 100"), el(0x00100010, "PN", "\xc9")),
			header(t, el(0x00080005, "CS", "ISO_IR 192"), el(0x00100010, "PN", "\xc3\x89"))},
		"blanks of numbers":  {header(t, el(0x00101020, "DS", ` 1.50\2 `)), header(t, el(0x00101020, "DS", `1.50 \ 2`))},
		"signed or unsigned": {header(t, el(0x00280106, "US", "\x01\x00")), header(t, el(0x00280106, "SS", "\x01\x00"))},
		"bytes or words":     {header(t, el(0x60003000, "OB", "\x01\x02")), header(t, el(0x60003000, "OW", "\x01\x02"))},
		"unknown private": {header(t, private, el(0x00091001, "LO", "AB"), el(0x00091002, "US", "AB")),
			header(t, private, el(0x00091001, "UN", "AB"), el(0x00091002, "UN", "AB"))},
		"private sequence": {header(t, private, el(0x00091001, "SQ", dicomtest.Item(id))), header(t, private, el(0x00091001, "UN", sequence))},
		"odd bytes":        {header(t, el(0x00282000, "OB", "A")), header(t, el(0x00282000, "OB", "A\x00"))},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: the digest changes", what)
		}
	}
}

// What is content changes the digest.
func TestHeaderChanges(t *testing.T) {
	id := el(0x00100020, "LO", "X-1 ")
	private := el(0x00090010, "LO", "ACME")
	seen := map[digest.Digest]string{}
	for what, elements := range map[string]string{
		"plain":                        id,
		"another value":                el(0x00100020, "LO", "X-2 "),
		"a blank in front":             el(0x00100020, "LO", " X-1"),
		"a blank within":               el(0x00100020, "LO", "X- 1"),
		"a second empty value":         el(0x00100020, "LO", `X-1\`),
		"two of them":                  el(0x00100020, "LO", `X-1\\`),
		"another tag":                  el(0x00100021, "LO", "X-1 "),
		"twice":                        id + id,
		"twice, differently":           id + el(0x00100020, "LO", "X-2 "),
		"twice, the other way round":   el(0x00100020, "LO", "X-2 ") + id,
		"empty":                        el(0x00100020, "LO", ""),
		"nothing":                      "",
		"in an item":                   el(0x00081140, "SQ", dicomtest.Item(id)),
		"in the second item":           el(0x00081140, "SQ", dicomtest.Item("")+dicomtest.Item(id)),
		"in the first of two":          el(0x00081140, "SQ", dicomtest.Item(id)+dicomtest.Item("")),
		"behind an item":               el(0x00081140, "SQ", dicomtest.Item("")) + id,
		"an empty sequence":            el(0x00081140, "SQ", "") + id,
		"two in an item":               el(0x00081140, "SQ", dicomtest.Item(el(0x00081150, "UI", "1")+el(0x00081155, "UI", "2"))),
		"one in each of two":           el(0x00081140, "SQ", dicomtest.Item(el(0x00081150, "UI", "1"))+dicomtest.Item(el(0x00081155, "UI", "2"))),
		"a number of scale":            el(0x00101020, "DS", "1.5 "),
		"and the same with a zero":     el(0x00101020, "DS", "1.50"),
		"a number":                     el(0x00280010, "US", "\x01\x00"),
		"its bytes turned round":       el(0x00280010, "US", "\x00\x01"),
		"text that is none":            el(0x00080005, "CS", "ISO_IR 6") + el(0x00100020, "LO", "\xe9\xe9"),
		"the same in Latin 1":          el(0x00080005, "CS", "ISO_IR 100") + el(0x00100020, "LO", "\xe9\xe9"),
		"and in Cyrillic":              el(0x00080005, "CS", "ISO_IR 144") + el(0x00100020, "LO", "\xe9\xe9"),
		"UTF-8 that is none":           el(0x00080005, "CS", "ISO_IR 6") + el(0x00100020, "LO", "\xc3\xa9"),
		"the same in UTF-8":            el(0x00080005, "CS", "ISO_IR 192") + el(0x00100020, "LO", "\xc3\xa9"),
		"private":                      private + el(0x00091001, "OB", "AB"),
		"private with a blank":         private + el(0x00091001, "OB", "AB  "),
		"private of another":           el(0x00090010, "LO", "ACMF") + el(0x00091001, "OB", "AB"),
		"a private sequence":           private + el(0x00091001, "SQ", dicomtest.Item("")),
		"and one of two items":         private + el(0x00091001, "SQ", dicomtest.Item("")+dicomtest.Item("")),
		"nearly a sequence":            private + el(0x00091001, "UN", dicomtest.Item("")+"\x00\x00"),
		"an icon":                      el(0x00880200, "SQ", dicomtest.Item(el(dicom.PixelData, "OB", "AB"))),
		"and another":                  el(0x00880200, "SQ", dicomtest.Item(el(dicom.PixelData, "OB", "AC"))),
		"a float instead of a decimal": el(0x00101020, "FD", "\x00\x01\x02\x03\x04\x05\x06\x07"),
	} {
		d := header(t, elements)
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have one digest", what, other)
		}
		seen[d] = what
	}
}

// An icon that was compressed with its image is the same icon.
func TestIcon(t *testing.T) {
	p := picture{rows: 8, columns: 9, samples: 1, bits: 8}
	icon := func(pixels string) string { return el(0x00880200, "SQ", dicomtest.Item(p.header()+pixels)) }
	native := of(t, icon(el(dicom.PixelData, "OB", string(p.pixels()))), dicom.ExplicitLE)
	rle := of(t, icon(dicomtest.Open(dicom.PixelData, "OB")+dicomtest.Item("")+dicomtest.Item(rle(p.pixels()))+dicomtest.SequenceEnd), dicom.RLELossless)
	if native.Header != rle.Header || native.Pixels.Kind != digest.None {
		t.Error("an icon changes when it is compressed")
	}
}

// rle compresses samples of 8 bits into one segment of literal runs.
func rle(samples []byte) string {
	b := make([]byte, 64)
	b[0], b[4] = 1, 64
	for len(samples) > 0 {
		n := min(128, len(samples))
		b = append(append(b, byte(n-1)), samples[:n]...)
		samples = samples[n:]
	}
	if len(b)%2 == 1 {
		b = append(b, 0)
	}
	return string(b)
}

// Of every layout, one pixel changes the digest of its frame, and of no other.
func TestOnePixel(t *testing.T) {
	for _, p := range []picture{
		{rows: 5, columns: 7, samples: 1, bits: 16, frames: 4},
		{rows: 5, columns: 7, samples: 1, bits: 8, frames: 4},
		{rows: 5, columns: 7, samples: 3, bits: 8, frames: 4},
		{rows: 5, columns: 7, samples: 3, bits: 8, frames: 4, planar: 1},
		{rows: 5, columns: 7, samples: 3, bits: 16, frames: 4, planar: 1},
		{rows: 5, columns: 7, samples: 1, bits: 1, frames: 4}, // frames that begin within a byte
		{rows: 8, columns: 7, samples: 1, bits: 1, frames: 4},
		{rows: 2, columns: 3, samples: 1, bits: 32, frames: 4},
	} {
		pixels := p.pixels()
		want := of(t, p.dataSet("OW", pixels), dicom.ExplicitLE)
		if want.Uneven || len(want.Frames) != 4 {
			t.Fatalf("%v: %d frames, uneven %v", p, len(want.Frames), want.Uneven)
		}
		frameBits := int(p.rows) * int(p.columns) * int(p.samples) * int(p.bits)
		for bit := 0; bit < 4*frameBits; bit += 11 {
			pixels[bit/8] ^= 1 << (bit % 8)
			got := memory(t, p.dataSet("OW", pixels), dicom.ExplicitLE)
			pixels[bit/8] ^= 1 << (bit % 8)
			for i := range got.Frames {
				if (got.Frames[i] != want.Frames[i]) != (i == bit/frameBits) {
					t.Fatalf("%v: bit %d, frame %d: changes %v", p, bit, i, got.Frames[i] != want.Frames[i])
				}
			}
			if got.Pixels == want.Pixels || got.Header != want.Header {
				t.Fatalf("%v: bit %d: pixels stay %v, header stays %v", p, bit, got.Pixels == want.Pixels, got.Header == want.Header)
			}
		}
	}
}

// A frame has one digest wherever it stands, native or compressed, plane by plane or not, and in big endian.
func TestSamples(t *testing.T) {
	sum := func(samples ...byte) string {
		return fmt.Sprintf("dcmc-1:frame-samples:sha256:%x", sha256.Sum256(append([]byte("dcmc-1 frame-samples\n"), samples...)))
	}
	compressed := func(fragments ...string) string {
		s := dicomtest.Open(dicom.PixelData, "OB") + dicomtest.Item("")
		for _, f := range fragments {
			s += dicomtest.Item(f)
		}
		return s + dicomtest.SequenceEnd
	}
	grey := picture{rows: 1, columns: 3, samples: 1, bits: 8, frames: 2}
	for _, tt := range []struct {
		name   string
		data   string
		syntax dicom.Syntax
		want   [2]string
	}{
		{"bytes", grey.dataSet("OB", []byte{1, 2, 3, 4, 5, 6}), dicom.ExplicitLE, [2]string{sum(1, 2, 3), sum(4, 5, 6)}},
		{"words in big endian", bigEndianOf(t, grey.dataSet("OW", []byte{1, 2, 3, 4, 5, 6})), dicom.ExplicitBE, [2]string{sum(1, 2, 3), sum(4, 5, 6)}},
		{"run lengths", grey.header() + compressed(rle([]byte{1, 2, 3}), rle([]byte{4, 5, 6})), dicom.RLELossless, [2]string{sum(1, 2, 3), sum(4, 5, 6)}},
		{"planes", picture{rows: 1, columns: 2, samples: 3, bits: 8, frames: 2, planar: 1}.dataSet("OB", []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
			dicom.ExplicitLE, [2]string{sum(1, 3, 5, 2, 4, 6), sum(7, 9, 11, 8, 10, 12)}},
		{"16 bits in planes", picture{rows: 1, columns: 2, samples: 2, bits: 16, frames: 2, planar: 1}.dataSet("OW", []byte("aAbBcCdDeEfFgGhH")),
			dicom.ExplicitLE, [2]string{sum([]byte("aAcCbBdD")...), sum([]byte("eEgGfFhH")...)}},
		{"single bits", picture{rows: 1, columns: 5, samples: 1, bits: 1, frames: 2}.dataSet("OB", []byte{0b01010011, 0b10}), dicom.ExplicitLE, [2]string{sum(0b10011), sum(0b10010)}},
		{"colour for two pixels", picture{rows: 1, columns: 2, samples: 3, bits: 8, frames: 2, photometric: "YBR_FULL_422"}.dataSet("OB", []byte{1, 2, 3, 4, 5, 6, 7, 8}),
			dicom.ExplicitLE, [2]string{sum(1, 2, 3, 4), sum(5, 6, 7, 8)}},
	} {
		got := of(t, tt.data, tt.syntax)
		if len(got.Frames) != 2 || got.Frames[0].Samples.String() != tt.want[0] || got.Frames[1].Samples.String() != tt.want[1] || got.Uneven {
			t.Errorf("%s: %v, want %v", tt.name, got.Frames, tt.want)
		}
	}
}

// The digest of all pixels is of the best digest of each frame, and says which that is.
func TestPixels(t *testing.T) {
	p := picture{rows: 1, columns: 3, samples: 1, bits: 8}
	native := of(t, p.dataSet("OB", []byte{1, 2, 3}), dicom.ExplicitLE) // with a byte of padding
	want := sha256.Sum256(append([]byte("dcmc-1 pixels\nframe-samples\n"), native.Frames[0].Samples.Sum[:]...))
	if native.Uneven || native.Pixels != (digest.Digest{Kind: digest.Pixels, Sum: want}) {
		t.Errorf("native: uneven %v, %v", native.Uneven, native.Pixels)
	}
	jpeg := of(t, p.header()+dicomtest.Open(dicom.PixelData, "OB")+dicomtest.Item("")+dicomtest.Item("\xff\xd8")+dicomtest.SequenceEnd, dicom.JPEGBaseline)
	want = sha256.Sum256(append([]byte("dcmc-1 pixels\nframe-encoded\n"), jpeg.Frames[0].Encoded.Sum[:]...))
	if jpeg.Uneven || jpeg.Pixels.Sum != want {
		t.Errorf("compressed: uneven %v, %v", jpeg.Uneven, jpeg.Pixels)
	}
}

// Every byte counts, also where the header contradicts itself: colour for every second pixel has no planes.
func TestContradiction(t *testing.T) {
	p := picture{rows: 2, columns: 4, samples: 3, bits: 8, planar: 1, photometric: "YBR_FULL_422"}
	pixels := make([]byte, 16)
	want := of(t, p.dataSet("OB", pixels), dicom.ExplicitLE)
	for i := range pixels {
		pixels[i] = 1
		if got := of(t, p.dataSet("OB", pixels), dicom.ExplicitLE); got.Uneven || got.Pixels == want.Pixels {
			t.Errorf("byte %d: uneven %v, and does not count", i, got.Uneven)
		}
		pixels[i] = 0
	}
}

// Numbers in big endian are turned round however the stream is cut.
func TestBigEndianInPieces(t *testing.T) {
	p := picture{rows: 200, columns: 125, samples: 1, bits: 16, frames: 2} // more than is read ahead
	data := bigEndianOf(t, p.dataSet("OW", p.pixels()))
	want := memory(t, data, dicom.ExplicitBE)
	if want.Pixels != memory(t, p.dataSet("OW", p.pixels()), dicom.ExplicitLE).Pixels {
		t.Error("other pixels than in little endian")
	}
	for _, size := range []int{1, 3, 1001} {
		got, err := digest.Read(pieces{strings.NewReader(data), size}, dicom.ExplicitBE, digest.DefaultMutable(), dicom.DefaultLimits())
		if err != nil || got.Pixels != want.Pixels {
			t.Errorf("other pixels in pieces of %d bytes: %v", size, err)
		}
	}
}

// pieces reads so many bytes at once.
type pieces struct {
	r    io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }

// The semantic digest is of the same form without what may change; a window may, but not unseen.
func TestSemantic(t *testing.T) {
	modality, name := el(0x00080060, "CS", "CT"), el(0x00100010, "PN", "DOE^JANE")
	want := of(t, modality+name, dicom.ExplicitLE)
	canonical := "dcmc-1 semantic\n\x08\x00\x60\x00CS\x02\x00\x00\x00\x00\x00\x00\x00CT"
	if want.Semantic != (digest.Digest{Kind: digest.Semantic, Sum: sha256.Sum256([]byte(canonical))}) {
		t.Error("another form")
	}
	for elements, same := range map[string]bool{
		modality: true, modality + el(0x00100010, "PN", "ROE^JANE"): true, modality + el(0x00080054, "AE", "PACS") + name: true,
		modality + name + el(0x00281050, "DS", "40"): false, el(0x00080060, "CS", "MR") + name: false, modality + el(0x00081140, "SQ", dicomtest.Item(name)): false,
	} {
		if got := of(t, elements, dicom.ExplicitLE); (got.Semantic == want.Semantic) != same || got.Header == want.Header {
			t.Errorf("% x: semantic %v, header %v", elements, got.Semantic == want.Semantic, got.Header == want.Header)
		}
	}
}

// A value that its representation by the dictionary cannot have is bytes.
func TestCanonicalBytes(t *testing.T) {
	for element, want := range map[string]string{
		el(0x00280010, "US", "ABC"):    "\x28\x00\x10\x00UN\x04\x00\x00\x00\x00\x00\x00\x00ABC\x00",
		el(0x00280009, "AT", "AB"):     "\x28\x00\x09\x00UN\x02\x00\x00\x00\x00\x00\x00\x00AB",
		el(0x00280009, "AT", "ABCD"):   "\x28\x00\x09\x00AT\x04\x00\x00\x00\x00\x00\x00\x00ABCD",
		el(0x00081140, "OB", "AB"):     "\x08\x00\x40\x11UN\x02\x00\x00\x00\x00\x00\x00\x00AB",
		el(0x00081140, "SQ", ""):       "\x08\x00\x40\x11SQ\x00\x00\x00\x00\x00\x00\x00\x00",
		el(0x00100020, "LO", "\xe9 "):  "\x10\x00\x20\x00lo\x01\x00\x00\x00\x00\x00\x00\x00\xe9",
		el(0x00091001, "LO", "AB  "):   "\x09\x00\x01\x10UN\x04\x00\x00\x00\x00\x00\x00\x00AB  ",
		el(0x00101020, "DS", `1 \ 2 `): "\x10\x00\x20\x10DS\x03\x00\x00\x00\x00\x00\x00\x001\\2",
	} {
		ds, err := dicom.Parse([]byte(element), dicom.ExplicitLE, dicom.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if got := string(digest.Canonical(&ds, dicom.ExplicitLE)); got != "dcmc-1 header\n"+want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// How compressed frames are cut, and the table of offsets, is no content; where frames begin is.
func TestFragments(t *testing.T) {
	image := func(frames uint16, table string, fragments ...string) digest.Instance {
		s := picture{rows: 1, columns: 1, samples: 1, bits: 8, frames: frames}.header() + dicomtest.Open(dicom.PixelData, "OB") + dicomtest.Item(table)
		for _, f := range fragments {
			s += dicomtest.Item(f)
		}
		return of(t, s+dicomtest.SequenceEnd, dicom.JPEGBaseline)
	}
	one, two := "\xff\xd8 one ", "\xff\xd8 two "
	want := image(2, "", one, two)
	p0 := fmt.Sprintf("dcmc-1:frame-encoded:sha256:%x", sha256.Sum256([]byte("dcmc-1 frame-encoded\n1.2.840.10008.1.2.4.50\n"+one)))
	if len(want.Frames) != 2 || want.Uneven || want.Frames[0].Encoded.String() != p0 || want.Frames[0].Samples.Kind != digest.None {
		t.Fatalf("two frames: %v, uneven %v", want.Frames, want.Uneven)
	}
	for name, got := range map[string]digest.Instance{
		"a table":             image(2, "\x00\x00\x00\x00\x0e\x00\x00\x00", one, two),
		"a table that lies":   image(2, "\x00\x00\x00\x00\x08\x00\x00\x00", one, two),
		"frames cut in two":   image(2, "", one[:4], one[4:], two[:2], two[2:]),
		"an empty fragment":   image(2, "", one, "", two),
		"one cut differently": image(2, "", one, two[:6], two[6:]),
	} {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v", name, got.Frames)
		}
	}
	for name, got := range map[string]digest.Instance{
		"exchanged":     image(2, "", two, one),
		"one too many":  image(2, "", one, two, two),
		"one too few":   image(2, "", one),
		"none":          image(2, ""),
		"an image more": image(1, "", one, two),
	} {
		if got.Pixels == want.Pixels || got.Uneven != (name != "exchanged" && name != "an image more") {
			t.Errorf("%s: the same pixels %v, uneven %v", name, got.Pixels == want.Pixels, got.Uneven)
		}
	}
	film := of(t, picture{rows: 1, columns: 1, samples: 1, bits: 8, frames: 9}.header()+dicomtest.Open(dicom.PixelData, "OB")+dicomtest.Item("")+
		dicomtest.Item("\x00\x00\x01\xb3")+dicomtest.Item("more")+dicomtest.SequenceEnd, "1.2.840.10008.1.2.4.102")
	if film.Uneven || len(film.Frames) != 1 {
		t.Error("a film is one stream of all its frames")
	}
}

// Pixel data that is not what the header says is hashed all the same.
func TestUneven(t *testing.T) {
	p := picture{rows: 2, columns: 2, samples: 1, bits: 8}
	more := of(t, p.dataSet("OB", []byte("12345678")), dicom.ExplicitLE)
	last := of(t, p.dataSet("OB", []byte("12345679")), dicom.ExplicitLE)
	if !more.Uneven || len(more.Frames) != 1 || more.Pixels == last.Pixels {
		t.Errorf("too long: uneven %v, %d frames, the last byte counts %v", more.Uneven, len(more.Frames), more.Pixels != last.Pixels)
	}
	for name, data := range map[string]string{
		"too short":           p.dataSet("OB", []byte("12")),
		"empty":               p.dataSet("OB", nil),
		"no geometry":         el(dicom.PixelData, "OW", "12"),
		"twice":               p.dataSet("OB", []byte("1234")) + el(dicom.PixelData, "OB", "1234"),
		"floats as well":      p.dataSet("OB", []byte("1234")) + el(dicom.FloatPixelData, "OF", "1234"),
		"rows behind pixels":  el(dicom.PixelData, "OW", "1234") + p.header(),
		"more frames":         picture{rows: 2, columns: 2, samples: 1, bits: 8, frames: 3}.dataSet("OB", []byte("1234")),
		"planes of all bits":  picture{rows: 65535, columns: 65535, samples: 3, bits: 64, planar: 1}.dataSet("OB", []byte("1234")),
		"a frame of all bits": picture{rows: 65535, columns: 65535, samples: 3, bits: 64, frames: 65535}.dataSet("OB", []byte("1234")),
	} {
		if in := of(t, data, dicom.ExplicitLE); !in.Uneven || len(in.Frames) == 0 {
			t.Errorf("%s: uneven %v, %d frames", name, in.Uneven, len(in.Frames))
		}
	}
	if in := of(t, p.header()+dicomtest.Open(dicom.PixelData, "OB")+dicomtest.Item("")+dicomtest.Item(rle([]byte("123")))+dicomtest.SequenceEnd, dicom.RLELossless); len(in.Frames) != 1 || in.Frames[0].Samples.Kind != digest.None {
		t.Error("a frame that cannot be unpacked has samples")
	}
}

func TestPolyglot(t *testing.T) {
	data := pictures()[0].file()
	if inMemory(t, data).Polyglot {
		t.Error("an empty preamble is a polyglot")
	}
	copy(data, "MZ")
	stream, err := digest.ReadFile(bytes.NewReader(data), digest.DefaultMutable(), dicom.DefaultLimits())
	if err != nil || !stream.Polyglot || !inMemory(t, data).Polyglot {
		t.Error("a program for Windows is none")
	}
}

// A stream of any length is read with memory for its header, or one frame of it.
func TestStreamIsBounded(t *testing.T) {
	p := picture{rows: 512, columns: 512, samples: 1, bits: 16, frames: 128}
	const frame = 512 * 512 * 2
	head := p.header() + "\xe0\x7f\x10\x00OW\x00\x00" + string(binary.LittleEndian.AppendUint32(nil, 128*frame))
	lim := dicom.Limits{Bytes: 1 << 20, Depth: 8, Elements: 2000}
	var in digest.Instance
	var err error
	formattest.Cost{Fixed: 2 << 20}.Check(t, 0, func() {
		r := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, 128*frame))
		in, err = digest.Read(r, dicom.ExplicitLE, digest.DefaultMutable(), lim)
	})
	if err != nil || in.Uneven || len(in.Frames) != 128 || in.Frames[0] != in.Frames[127] {
		t.Fatalf("%v, %d frames", err, len(in.Frames))
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestLimits(t *testing.T) {
	grey := picture{rows: 10, columns: 10, samples: 1, bits: 8, frames: 3}
	colour := picture{rows: 10, columns: 10, samples: 3, bits: 8, planar: 1}
	packed := dicomtest.Open(dicom.PixelData, "OB") + dicomtest.Item("") + dicomtest.Item(rle(make([]byte, 300))) + dicomtest.SequenceEnd
	for _, tt := range []struct {
		name   string
		data   string
		syntax dicom.Syntax
		bytes  int
		lim    int
		ok     bool
	}{
		{"a header", grey.dataSet("OB", grey.pixels()), dicom.ExplicitLE, len(grey.header()), 100, true},
		{"a header too long", grey.dataSet("OB", grey.pixels()), dicom.ExplicitLE, len(grey.header()) - 1, 100, false},
		{"a frame to turn round", colour.dataSet("OB", colour.pixels()), dicom.ExplicitLE, 301, 100, true},
		{"one too long", picture{rows: 100, columns: 10, samples: 3, bits: 8, planar: 1}.dataSet("OB", make([]byte, 3000)), dicom.ExplicitLE, 2999, 100, false},
		{"a frame to unpack", grey.header() + packed, dicom.RLELossless, 1000, 100, true},
		{"one of many bytes", picture{rows: 1000, columns: 10, samples: 1, bits: 8}.header() + packed, dicom.RLELossless, 9000, 100, false},
		{"one that came long", picture{rows: 10, columns: 10, samples: 1, bits: 8}.header() + packed, dicom.RLELossless, 360, 100, false},
		{"many frames", grey.dataSet("OB", grey.pixels()), dicom.ExplicitLE, 1000, 19, true},
		{"too many frames", picture{rows: 1, columns: 1, samples: 1, bits: 8, frames: 300}.dataSet("OB", make([]byte, 300)), dicom.ExplicitLE, 1000, 200, false},
	} {
		lim := dicom.Limits{Bytes: tt.bytes, Depth: 8, Elements: tt.lim}
		in, err := digest.Read(strings.NewReader(tt.data), tt.syntax, digest.DefaultMutable(), lim)
		var e *dicom.Error
		if (err == nil) != tt.ok || err != nil && (!errors.As(err, &e) || in.Frames != nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		ds, err := dicom.Parse([]byte(tt.data), tt.syntax, dicom.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := digest.Of(&ds, tt.syntax, digest.DefaultMutable(), lim); (err == nil) != tt.ok && tt.name != "a header too long" {
			t.Errorf("%s, in memory: %v", tt.name, err)
		}
	}
}

// A failure of the stream is handed on as it is.
func TestBrokenStream(t *testing.T) {
	broken := errors.New("broken")
	data := pictures()[0].file()
	for _, n := range []int{0, 100, 400, 700, len(data) - 1} {
		r := io.MultiReader(bytes.NewReader(data[:n]), failing{broken})
		if _, err := digest.ReadFile(r, digest.DefaultMutable(), dicom.DefaultLimits()); !errors.Is(err, broken) {
			t.Errorf("behind %d bytes: %v", n, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestDigestAsText(t *testing.T) {
	for _, d := range []digest.Digest{{}, {Kind: digest.Header, Sum: [32]byte{1, 2}}, {Kind: digest.Series}} {
		got, err := digest.Parse(d.String())
		if err != nil || got != d {
			t.Errorf("%v: %v, %v", d, got, err)
		}
	}
	sum := strings.Repeat("0", 64)
	for _, text := range []string{"", "dcmc-2:header:sha256:" + sum, "dcmc-1:other:sha256:" + sum, "dcmc-1:header:sha1:" + sum, "dcmc-1:header:sha256:" + sum[1:], "dcmc-1:header:sha256:" + sum[1:] + "A", "dcmc-1:none:sha256:" + sum} {
		if d, err := digest.Parse(text); err == nil || d != (digest.Digest{}) {
			t.Errorf("%q: %v", text, d)
		}
	}
}

// A site may let its archive keep notes in a private group.
func TestMutableGroup(t *testing.T) {
	m := digest.DefaultMutable()
	m.Groups = map[uint16]digest.Class{0x4453: digest.Always}
	for tag, want := range map[dicom.Tag]digest.Class{
		0x44531010: digest.Always, 0x44551010: digest.Never, 0x00080060: digest.Never, 0x00100010: digest.WithCause, 0x00281050: digest.Notice, 0xFFFAFFFA: digest.Always,
		0x00200062: digest.Never, 0x00080018: digest.Never, 0x00281052: digest.Never,
	} {
		if got := m.Class(tag); got != want {
			t.Errorf("%v: %d, want %d", tag, got, want)
		}
	}
}
