package dicom

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// undefined is the length of what ends with a delimiter (PS3.5 7.1.1).
const undefined = 0xFFFFFFFF

// Limits bounds what one data set may cost.
type Limits struct {
	Bytes    int // of the data set, inflated when it is deflated
	Depth    int // of sequences in sequences
	Elements int // in the whole data set; items and fragments count too
}

// DefaultLimits leave room for an image of some hundred slices in one object.
func DefaultLimits() Limits { return Limits{Bytes: 256 << 20, Depth: 32, Elements: 1 << 20} }

// Error says where bytes are no data set and why, without quoting them.
type Error struct {
	Offset int64 // in the data set, or in the file
	Tag    Tag   // of the element there; 0 when it is none in particular
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("dicom: at byte %d, element %v: %s", e.Offset, e.Tag, e.Reason)
}

// reasonShort is the one reason that more bytes may mend.
const reasonShort = "ends in the middle of an element"

const reasonOpen = "no length, which its value representation cannot have"

const reasonDeflate = "not deflated as RFC 1951 has it"

// Parse reads a data set in a transfer syntax. The result borrows data. What is compressed as a whole is inflated,
// within the limit; pixel data stays as it is.
//
// Beyond what the standard allows it takes elements that do not stand in ascending order or stand there twice, values of odd
// length, and value representations that it does not know.
func Parse(data []byte, s Syntax, lim Limits) (DataSet, error) { return parse(data, 0, s, lim) }

// parse reads a data set that begins at an offset of a file.
func parse(data []byte, base int64, s Syntax, lim Limits) (DataSet, error) {
	if len(data) > lim.Bytes {
		return DataSet{}, &Error{Reason: "longer than the limit"}
	}
	var packed []byte
	if s.Deflated() {
		inflated, err := inflate(data, lim.Bytes)
		if err != nil {
			return DataSet{}, err
		}
		packed, data, base = data, inflated, 0
	}
	p := parser{data: data, base: base, coding: codingOf(s), depth: lim.Depth, left: lim.Elements}
	ds, err := p.all()
	if err != nil {
		return DataSet{}, err
	}
	ds.packed = packed
	return ds, nil
}

// inflate unpacks a data set that is compressed as RFC 1951 has it (PS3.5 A.5).
func inflate(data []byte, limit int) ([]byte, error) {
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(flate.NewReader(bytes.NewReader(data)), int64(limit)+1))
	if n > int64(limit) {
		return nil, &Error{Offset: n, Reason: "longer than the limit when inflated"}
	}
	if err != nil {
		return nil, &Error{Offset: n, Reason: reasonDeflate}
	}
	return b.Bytes(), nil
}

// coding is how elements are written.
type coding struct{ implicit, big bool }

func codingOf(s Syntax) coding { return coding{implicit: s.Implicit(), big: s.BigEndian()} }

// byteOrder is both binary.LittleEndian and binary.BigEndian.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func (c coding) order() byteOrder {
	if c.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// tag reads the four bytes of a tag.
func (c coding) tag(b []byte) Tag {
	if c.big {
		return NewTag(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	}
	return NewTag(binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]))
}

func (c coding) uint16(b []byte) uint16 {
	if c.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (c coding) uint32(b []byte) uint32 {
	if c.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// parser reads elements of data, from pos on.
type parser struct {
	coding
	data  []byte
	base  int64 // where data begins in the whole
	pos   int
	depth int  // sequences that may still be opened
	left  int  // elements that may still come
	sign  bool // PixelRepresentation said that samples are signed
}

func (p *parser) fail(tag Tag, reason string) error {
	return &Error{Offset: p.base + int64(p.pos), Tag: tag, Reason: reason}
}

func isShort(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason == reasonShort
}

// count takes one element from the budget.
func (p *parser) count(tag Tag) error {
	if p.left--; p.left < 0 {
		return p.fail(tag, "more elements than the limit")
	}
	return nil
}

// all reads a data set that ends with the data.
func (p *parser) all() (DataSet, error) {
	ds := DataSet{Offset: p.base, charset: &inherited{}}
	for p.pos < len(p.data) {
		e, err := p.element(len(p.data), ds.charset)
		if err != nil {
			return DataSet{}, err
		}
		ds.add(e)
	}
	return ds, nil
}

// head is what stands before a value.
type head struct {
	tag      Tag
	vr       VR
	length   uint32
	size     int    // of the head itself
	reserved uint16 // the two bytes behind a VR, zero by the standard
}

// isFragments tells encapsulated pixel data from sequences, for what has no length.
func (h head) isFragments() bool {
	return h.vr == OB || h.vr == OW || h.vr == UN && h.tag.IsPixelData()
}

// mayBeOpen tells elements that may come without a length: sequences, pixel data in fragments, and what implicit VR does not tell
// from a sequence (PS3.5 7.1.2, 7.1.3).
func (h head) mayBeOpen(implicit bool) bool {
	switch {
	case h.length != undefined, h.isFragments():
		return true
	case h.tag.IsPixelData():
		return false
	}
	return implicit || h.vr == SQ || h.vr == UN
}

// head reads the head at pos, in the three forms of PS3.5 7.1.2 and 7.1.3, and stays there.
func (p *parser) head(end int) (head, error) {
	b := p.data[p.pos:end]
	if len(b) < 8 {
		return head{}, p.fail(0, reasonShort)
	}
	h := head{tag: p.tag(b), size: 8}
	switch {
	case h.tag.Group() == groupDelimiters && h.tag.Element() >= 0xE000: // PS3.5 7.5
		h.vr, h.length = noVR, p.uint32(b[4:])
	case p.implicit:
		h.vr, h.length = p.dictionaryVR(h.tag), p.uint32(b[4:])
	default:
		h.vr = VR(b[4])<<8 | VR(b[5])
		if !h.vr.isLong() {
			h.length = uint32(p.uint16(b[6:]))
			break
		}
		if len(b) < 12 {
			return head{}, p.fail(h.tag, reasonShort)
		}
		h.size, h.reserved, h.length = 12, p.uint16(b[6:]), p.uint32(b[8:])
	}
	return h, nil
}

// dictionaryVR is what implicit VR leaves to the dictionary.
func (p *parser) dictionaryVR(t Tag) VR {
	vr := t.Lookup()
	if vr == US && p.sign && t.signed() {
		return SS
	}
	return vr
}

// element reads the element at pos.
func (p *parser) element(end int, cs *inherited) (Element, error) {
	h, err := p.head(end)
	if err != nil {
		return Element{}, err
	}
	if err := p.count(h.tag); err != nil {
		return Element{}, err
	}
	if h.vr == noVR {
		return Element{}, p.fail(h.tag, "a delimiter where no item is open")
	}
	e := Element{Tag: h.tag, VR: h.vr, Offset: p.base + int64(p.pos), coding: p.coding, reserved: h.reserved}
	if !h.mayBeOpen(p.implicit) {
		return Element{}, p.fail(h.tag, reasonOpen)
	}
	if h.length != undefined && (h.vr != SQ || h.tag.IsPixelData()) {
		if uint64(h.length) > uint64(end-p.pos-h.size) {
			return Element{}, p.fail(h.tag, reasonShort)
		}
		p.pos += h.size
		e.Value = p.data[p.pos : p.pos+int(h.length) : p.pos+int(h.length)]
		p.pos += int(h.length)
		if e.Tag == tagSign && len(e.Value) >= 2 {
			p.sign = p.uint16(e.Value) == 1
		}
		return e, nil
	}
	e.undefined = h.length == undefined
	if e.undefined && h.isFragments() {
		p.pos += h.size
		err = p.fragments(&e, end)
	} else {
		err = p.sequence(&e, h, end, cs)
	}
	if err != nil {
		return Element{}, err
	}
	return e, nil
}

// sequence reads the items of a sequence (PS3.5 7.5). One of unknown representation and undefined length is written
// in implicit VR little endian, whatever is around it (PS3.5 6.2.2).
func (p *parser) sequence(e *Element, h head, end int, cs *inherited) error {
	if p.depth == 0 {
		return p.fail(h.tag, "sequences nested deeper than the limit")
	}
	around, sign := p.coding, p.sign
	defer func() { p.coding, p.sign = around, sign; p.depth++ }()
	p.depth--
	if p.implicit {
		e.VR = SQ // also what the dictionary does not know, or knows better: without a length it is a sequence
	}
	p.coding, e.Items = e.within(), []DataSet{}
	if !e.undefined && uint64(h.length) > uint64(end-p.pos-h.size) {
		return p.fail(h.tag, reasonShort)
	}
	p.pos += h.size
	if !e.undefined {
		end = p.pos + int(h.length)
	}
	for e.undefined || p.pos < end {
		mark, err := p.head(end)
		if err != nil {
			return p.inside(err, e, h.tag)
		}
		if mark.tag == tagSequenceEnd && e.undefined {
			e.tail = mark.length
			p.pos += mark.size
			return nil
		}
		if mark.tag != tagItem {
			return p.fail(mark.tag, "something else than an item in a sequence")
		}
		ds, err := p.item(mark, end, cs)
		if err != nil {
			return p.inside(err, e, h.tag)
		}
		e.Items = append(e.Items, ds)
	}
	return nil
}

// inside says of what has a length and is too short for what is in it that this is final: more bytes would not help.
func (p *parser) inside(err error, e *Element, tag Tag) error {
	if isShort(err) && !e.undefined {
		return p.fail(tag, "an item that is longer than what it is in")
	}
	return err
}

func (p *parser) item(mark head, end int, cs *inherited) (DataSet, error) {
	if err := p.count(tagItem); err != nil {
		return DataSet{}, err
	}
	ds := DataSet{Offset: p.base + int64(p.pos), charset: &inherited{from: cs}, undefined: mark.length == undefined}
	if !ds.undefined && uint64(mark.length) > uint64(end-p.pos-mark.size) {
		return DataSet{}, p.fail(tagItem, reasonShort)
	}
	p.pos += mark.size
	if !ds.undefined {
		end = p.pos + int(mark.length)
	}
	for ds.undefined || p.pos < end {
		h, err := p.head(end)
		if err == nil && ds.undefined && h.tag == tagItemDelimiter {
			ds.tail = h.length
			p.pos += h.size
			return ds, nil
		}
		var e Element
		if err == nil {
			e, err = p.element(end, ds.charset)
		}
		if isShort(err) && !ds.undefined {
			return DataSet{}, p.fail(h.tag, "an element that is longer than its item")
		}
		if err != nil {
			return DataSet{}, err
		}
		ds.add(e)
	}
	return ds, nil
}

// fragments reads encapsulated pixel data (PS3.5 A.4). The first fragment is the Basic Offset Table, empty or not.
func (p *parser) fragments(e *Element, end int) error {
	e.Fragments = [][]byte{}
	for {
		h, err := p.head(end)
		if err != nil {
			return err
		}
		if err := p.count(e.Tag); err != nil {
			return err
		}
		if h.tag == tagSequenceEnd {
			e.tail = h.length
			p.pos += h.size
			return nil
		}
		if h.tag != tagItem || h.length == undefined {
			return p.fail(h.tag, "something else than a fragment in pixel data")
		}
		if uint64(h.length) > uint64(end-p.pos-h.size) {
			return p.fail(e.Tag, reasonShort)
		}
		p.pos += h.size
		e.Fragments = append(e.Fragments, p.data[p.pos:p.pos+int(h.length):p.pos+int(h.length)])
		p.pos += int(h.length)
	}
}
