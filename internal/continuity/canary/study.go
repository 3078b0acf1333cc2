package canary

import (
	"encoding/binary"
	"math/big"
	"strings"
	"time"

	"github.com/wardline/wardline/format/dicom"
)

// study is one picture of a phantom: rings in grey, in a file (PS3.10 7) that any archive takes.
func (m *maker) study(d *Decoy, now time.Time) {
	p := m.person()
	p.family, p.given = "PHANTOM "+p.family, "QA"
	study, series, instance := m.uid(), m.uid(), m.uid()
	d.Canary.Marks = []Mark{{UID, study}, {Number, p.number}}
	d.Facts = []Fact{{"study", study}, {"number", p.number}, {"label", "phantom, for quality assurance"}}
	d.Name, d.Bytes = d.Canary.ID+".dcm", phantom(p, study, series, instance, now)
}

// uid is below the site's root, or of random numbers alone (PS3.5 B.2).
func (m *maker) uid() string {
	n := new(big.Int).SetUint64(m.dice.Uint64())
	if root := strings.TrimSuffix(m.site.Root, "."); root != "" {
		return root + "." + n.String()
	}
	n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(m.dice.Uint64()))
	return "2.25." + n.String()
}

const (
	secondaryCapture = "1.2.840.10008.5.1.4.1.1.7"
	side             = 128 // pixels
)

func phantom(p person, study, series, instance string, now time.Time) []byte {
	var meta, set part
	meta.text(0x00020002, "UI", secondaryCapture)
	meta.text(0x00020003, "UI", instance)
	meta.text(0x00020010, "UI", string(dicom.ExplicitLE))
	meta.text(0x00020012, "UI", "2.25.148604194835925475590628984478353754933")
	day := now.UTC()
	for _, e := range []struct {
		tag      dicom.Tag
		vr, text string
	}{
		{0x00080016, "UI", secondaryCapture}, {0x00080018, "UI", instance}, {0x00080020, "DA", day.Format("20060102")}, {0x00080030, "TM", day.Format("150405")},
		{0x00080050, "SH", ""}, {0x00080060, "CS", "OT"}, {0x00080064, "CS", "SYN"}, {0x00080090, "PN", ""}, {0x00081030, "LO", "QA phantom"},
		{0x00100010, "PN", p.family + "^" + p.given}, {0x00100020, "LO", p.number}, {0x00100030, "DA", p.born}, {0x00100040, "CS", "O"},
		{0x0020000D, "UI", study}, {0x0020000E, "UI", series}, {0x00200010, "SH", "QA"}, {0x00200011, "IS", "1"}, {0x00200013, "IS", "1"},
	} {
		set.text(e.tag, e.vr, e.text)
	}
	set.short(0x00280002, 1)
	set.text(0x00280004, "CS", "MONOCHROME2")
	for _, e := range []struct {
		tag dicom.Tag
		n   uint16
	}{{0x00280010, side}, {0x00280011, side}, {0x00280100, 8}, {0x00280101, 8}, {0x00280102, 7}, {0x00280103, 0}} {
		set.short(e.tag, e.n)
	}
	pixels := make([]byte, 0, side*side)
	for y := range side {
		for x := range side {
			dx, dy := x-side/2, y-side/2
			pixels = append(pixels, byte((dx*dx+dy*dy)/64%8*32))
		}
	}
	set.long(dicom.PixelData, "OW", pixels)
	var length part
	length.head(0x00020000, "UL", 4)
	length = binary.LittleEndian.AppendUint32(length, uint32(len(meta)))
	return append(append(append(append(make([]byte, 128), "DICM"...), length...), meta...), set...)
}

// part is a row of elements in explicit VR little endian (PS3.5 7.1.2).
type part []byte

func (b *part) head(t dicom.Tag, vr string, length int) {
	*b = binary.LittleEndian.AppendUint16(*b, t.Group())
	*b = binary.LittleEndian.AppendUint16(*b, t.Element())
	*b = binary.LittleEndian.AppendUint16(append(*b, vr...), uint16(length))
}

func (b *part) text(t dicom.Tag, vr, text string) {
	if len(text)%2 != 0 {
		pad := " "
		if vr == "UI" {
			pad = "\x00"
		}
		text += pad
	}
	b.head(t, vr, len(text))
	*b = append(*b, text...)
}

func (b *part) short(t dicom.Tag, n uint16) {
	b.head(t, "US", 2)
	*b = binary.LittleEndian.AppendUint16(*b, n)
}

func (b *part) long(t dicom.Tag, vr string, value []byte) {
	b.head(t, vr, 0)
	*b = binary.LittleEndian.AppendUint32(*b, uint32(len(value)))
	*b = append(*b, value...)
}
