package dicom

import "fmt"

// Tag names an attribute: its group in the upper 16 bits, its element in the lower (PS3.5 7.1.1).
type Tag uint32

// The elements that may hold the samples of an image (PS3.3 C.7.6.3, C.7.6.24).
const (
	FloatPixelData       Tag = 0x7FE00008
	DoubleFloatPixelData Tag = 0x7FE00009
	PixelData            Tag = 0x7FE00010
)

// Tags and groups that the package itself asks for.
const (
	tagTransferSyntax Tag = 0x00020010
	tagCharset        Tag = 0x00080005
	tagSign           Tag = 0x00280103 // PixelRepresentation
	tagItem           Tag = 0xFFFEE000
	tagItemDelimiter  Tag = 0xFFFEE00D
	tagSequenceEnd    Tag = 0xFFFEE0DD

	groupMeta       = 0x0002
	groupDelimiters = 0xFFFE
)

// NewTag makes a tag of group and element.
func NewTag(group, element uint16) Tag { return Tag(group)<<16 | Tag(element) }

// Group is the upper half of t.
func (t Tag) Group() uint16 { return uint16(t >> 16) }

// Element is the lower half of t.
func (t Tag) Element() uint16 { return uint16(t) }

// Private tells tags of manufacturers, whose group is odd (PS3.5 7.8).
func (t Tag) Private() bool { return t.Group()&1 == 1 }

// IsGroupLength tells the elements that count the bytes of their group (PS3.5 7.2). They are retired
// outside of the file meta information, and wrong as soon as anything is written anew.
func (t Tag) IsGroupLength() bool { return t.Element() == 0 }

// IsPixelData tells FloatPixelData, DoubleFloatPixelData and PixelData.
func (t Tag) IsPixelData() bool {
	return t == PixelData || t == FloatPixelData || t == DoubleFloatPixelData
}

// isCreator tells elements that reserve a block of private tags (PS3.5 7.8.1).
func (t Tag) isCreator() bool {
	return t.Private() && t.Element() >= 0x0010 && t.Element() <= 0x00FF
}

// String returns t as the standard writes it: (0010,0020).
func (t Tag) String() string { return fmt.Sprintf("(%04X,%04X)", t.Group(), t.Element()) }
