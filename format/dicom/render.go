package dicom

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
)

// AppendRender appends ds as it was received, byte by byte. Only a data set that came out of Parse can be rendered.
func (ds *DataSet) AppendRender(dst []byte) []byte {
	if ds.packed != nil {
		return append(dst, ds.packed...)
	}
	w := writer{out: dst, keep: true}
	w.elements(ds)
	return w.out
}

// Render returns ds as it was received, byte by byte.
func (ds *DataSet) Render() []byte { return ds.AppendRender(nil) }

// ErrEncapsulated says that pixel data in fragments has no form in the transfer syntax asked for: it would have to be decoded.
var ErrEncapsulated = errors.New("dicom: encapsulated pixel data cannot be written natively")

// errTooLong says that a value has no room in the length of its element, which only a data set built by hand can have.
var errTooLong = errors.New("dicom: a value is longer than 32 bits can say")

// AppendEncode appends ds in a transfer syntax. Numbers change their order and elements their heads; text, padding, fragments and which
// sequences have a length stay. A value too long for its representation in explicit VR is written as UN (PS3.5 6.2.2). What implicit
// VR does not say gets the representation of the dictionary. Pixel data is neither compressed nor decompressed.
func (ds *DataSet) AppendEncode(dst []byte, s Syntax) ([]byte, error) {
	w := writer{coding: codingOf(s), native: !s.Encapsulated()}
	if !s.Deflated() {
		w.out = dst
		w.elements(ds)
		return w.out, w.err
	}
	w.elements(ds)
	if w.err != nil {
		return dst, w.err
	}
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		return dst, err
	}
	z.Write(w.out)
	if err := z.Close(); err != nil {
		return dst, err
	}
	if b.Len()&1 == 1 { // PS3.5 A.5
		b.WriteByte(0)
	}
	return append(dst, b.Bytes()...), nil
}

// writer appends elements to out.
type writer struct {
	coding
	keep   bool // every element as it came, in the coding it came in
	native bool // fragments have no form
	out    []byte
	err    error
}

func (w *writer) elements(ds *DataSet) {
	for i := range ds.Elements {
		w.element(&ds.Elements[i])
	}
}

func (w *writer) element(e *Element) {
	around := w.coding
	if w.keep {
		w.coding = e.coding
	}
	at := w.head(e)
	switch {
	case e.Items != nil:
		w.items(e)
	case e.Fragments != nil:
		w.fragments(e)
	default:
		start := len(w.out)
		w.out = append(w.out, e.Value...)
		if w.big != e.big {
			Swap(w.out[start:], e.VR.Size())
		}
	}
	w.end(e.undefined, e.tail, tagSequenceEnd, at)
	w.coding = around
}

// head writes what stands before the value of e, and returns where its length has to be filled in.
func (w *writer) head(e *Element) (lengthAt int) {
	w.tag(e.Tag)
	if w.implicit {
		w.out = append(w.out, 0, 0, 0, 0)
		return len(w.out) - 4
	}
	vr := e.VR
	if !w.keep && !vr.isLong() && len(e.Value) > 0xFFFF {
		vr = UN
	}
	w.out = append(w.out, byte(vr>>8), byte(vr))
	if !vr.isLong() {
		w.out = append(w.out, 0, 0)
		return -(len(w.out) - 2)
	}
	reserved := e.reserved
	if !w.keep {
		reserved = 0
	}
	w.out = w.order().AppendUint16(w.out, reserved)
	w.out = append(w.out, 0, 0, 0, 0)
	return len(w.out) - 4
}

func (w *writer) items(e *Element) {
	if !w.implicit && e.VR != SQ { // PS3.5 6.2.2
		w.coding = coding{implicit: true}
	}
	for i := range e.Items {
		ds := &e.Items[i]
		w.tag(tagItem)
		w.out = append(w.out, 0, 0, 0, 0)
		at := len(w.out) - 4
		w.elements(ds)
		w.end(ds.undefined, ds.tail, tagItemDelimiter, at)
	}
}

func (w *writer) fragments(e *Element) {
	if w.native && !w.keep {
		w.err = ErrEncapsulated
	}
	for _, f := range e.Fragments {
		w.tag(tagItem)
		w.out = w.order().AppendUint32(w.out, uint32(len(f)))
		w.out = append(w.out, f...)
	}
}

// end fills in the length at a place, which is negative for one of 16 bits, or writes the delimiter of what has none.
func (w *writer) end(open bool, tail uint32, delimiter Tag, at int) {
	if open {
		w.order().PutUint32(w.out[at:], undefined)
		w.tag(delimiter)
		if !w.keep {
			tail = 0
		}
		w.out = w.order().AppendUint32(w.out, tail)
		return
	}
	if at < 0 {
		w.order().PutUint16(w.out[-at:], uint16(len(w.out)+at-2))
		return
	}
	n := len(w.out) - at - 4
	if uint64(n) >= undefined {
		w.err = errTooLong
	}
	w.order().PutUint32(w.out[at:], uint32(n))
}

func (w *writer) tag(t Tag) {
	w.out = w.append16(w.append16(w.out, t.Group()), t.Element())
}

func (w *writer) append16(dst []byte, n uint16) []byte {
	if w.big {
		return binary.BigEndian.AppendUint16(dst, n)
	}
	return binary.LittleEndian.AppendUint16(dst, n)
}
