package digest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/dicom"
)

// Canonical returns the canonical form of a data set's header, the bytes that the header digest is of. It is the form that the
// package documentation describes. syntax is the one that the data set came in.
func Canonical(ds *dicom.DataSet, syntax dicom.Syntax) []byte {
	out := []byte(headerTitle)
	for _, e := range ordered(ds, topLevel) {
		out = form{syntax, hiddenDepth}.element(out, ds, e)
	}
	return out
}

// form writes canonical forms.
type form struct {
	syntax dicom.Syntax
	depth  int // of sequences of unknown representation that may still be opened
}

// hiddenDepth is how deep sequences of unknown representation are looked for in each other. A data set that is read with the
// usual limits has none that are deeper, and one made to have them is digested as it stands.
const hiddenDepth = 32

const (
	headerTitle   = Version + " header\n"
	semanticTitle = Version + " semantic\n"

	tagLengthToEnd = dicom.Tag(0x00080001)
	tagCharset     = dicom.Tag(0x00080005)
	tagPadding     = dicom.Tag(0xFFFCFFFC)
	itemMark       = "\xfe\xff\x00\xe0" // of implicit VR little endian
)

// anywhere tells what is content wherever it stands: no count of bytes, no padding, not how text is written.
func anywhere(t dicom.Tag) bool {
	return !t.IsGroupLength() && t != tagLengthToEnd && t != tagCharset && t != tagPadding
}

// topLevel tells what the header is made of in the data set itself: pixel data and the tables of its frames have digests of
// their own, and file meta information is no part of a data set.
func topLevel(t dicom.Tag) bool {
	return anywhere(t) && t.Group() != 0x7FE0 && t.Group() != 0x0002
}

// ordered lists the elements of ds that count, by their tags. What stands there twice stays in its order.
func ordered(ds *dicom.DataSet, counts func(dicom.Tag) bool) []*dicom.Element {
	list := make([]*dicom.Element, 0, len(ds.Elements))
	sorted := true
	for i := range ds.Elements {
		e := &ds.Elements[i]
		if !counts(e.Tag) {
			continue
		}
		if n := len(list); n > 0 && list[n-1].Tag > e.Tag {
			sorted = false
		}
		list = append(list, e)
	}
	if !sorted {
		slices.SortStableFunc(list, func(a, b *dicom.Element) int { return cmp.Compare(a.Tag, b.Tag) })
	}
	return list
}

// element appends one element of ds: tag, representation, length, value.
func (f form) element(dst []byte, ds *dicom.DataSet, e *dicom.Element) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, e.Tag.Group())
	dst = binary.LittleEndian.AppendUint16(dst, e.Tag.Element())
	at := len(dst) // of the representation, which is known once the value was looked at
	dst = append(dst, "..\x00\x00\x00\x00\x00\x00\x00\x00"...)
	dst, vr, items := f.value(dst, ds, e)
	copy(dst[at:], vr)
	n := uint64(len(dst) - at - 10)
	if items >= 0 {
		n = uint64(items)
	}
	binary.LittleEndian.PutUint64(dst[at+2:], n)
	return dst
}

// value appends the value of e. items is their number for a sequence, whose length it takes the place of, and else -1.
func (f form) value(dst []byte, ds *dicom.DataSet, e *dicom.Element) (out []byte, vr string, items int) {
	switch {
	case len(e.Items) > 0:
		return f.items(dst, e.Items), "SQ", len(e.Items)
	case e.Fragments != nil:
		return f.fragments(dst, ds, e)
	}
	start := len(dst)
	dst = e.AppendLittleEndian(dst)
	raw := dst[start:]
	if f.depth > 0 && bytes.HasPrefix(raw, []byte(itemMark)) {
		if list, ok := ds.Unhide(bytes.Clone(raw)); ok {
			return form{f.syntax, f.depth - 1}.items(dst[:start], list), "SQ", len(list)
		}
	}
	want := e.Tag.Lookup()
	if !fits(want, len(raw)) {
		want = dicom.UN
	}
	if want.IsText() {
		return appendText(dst[:start], ds, raw, want)
	}
	if len(raw)&1 == 1 {
		dst = append(dst, 0) // PS3.5 7.1.1: a length is even
	}
	return dst, want.String(), -1
}

// fits tells whether a value of n bytes that is no sequence of items can have that representation.
func fits(vr dicom.VR, n int) bool {
	switch vr {
	case dicom.SQ:
		return n == 0
	case dicom.AT:
		return n%4 == 0
	}
	return vr.Size() <= 1 || n%vr.Size() == 0
}

func (f form) items(dst []byte, items []dicom.DataSet) []byte {
	for i := range items {
		list := ordered(&items[i], anywhere)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(len(list)))
		for _, e := range list {
			dst = f.element(dst, &items[i], e)
		}
	}
	return dst
}

// iconLimit bounds the bytes of a picture in an item. Icons have at most 128 by 128 pixels (PS3.3 C.7.6.1.1.6).
const iconLimit = 1 << 20

// fragments appends encapsulated pixel data that is not the image's own, as that of an icon: its samples where they can be had, for
// an archive compresses them together with the image, and else what it was compressed to. How that was cut is no content.
func (f form) fragments(dst []byte, ds *dicom.DataSet, e *dicom.Element) (out []byte, vr string, items int) {
	start := len(dst)
	for _, piece := range e.Fragments[min(1, len(e.Fragments)):] { // the first is the Basic Offset Table
		dst = append(dst, piece...)
	}
	if decode := decoder(f.syntax); decode != nil {
		if samples, err := decode(dst[start:], imageOf(ds).Geometry, iconLimit); err == nil {
			if dst = append(dst[:start], samples...); len(samples)&1 == 1 {
				dst = append(dst, 0)
			}
			return dst, "OW", -1
		}
	}
	return dst, "OB", -1
}

// appendText appends text as UTF-8 and without the padding behind it. Text that is none in its character set stands as it is, its representation
// in small letters. raw may stand behind dst in one slice.
func appendText(dst []byte, ds *dicom.DataSet, raw []byte, vr dicom.VR) (out []byte, name string, items int) {
	text, ok := ds.Decode(&dicom.Element{VR: vr, Value: raw})
	if !ok {
		return append(dst, bytes.TrimRight(raw, " \x00")...), strings.ToLower(vr.String()), -1
	}
	text = strings.TrimRight(text, " \x00")
	if vr != dicom.DS && vr != dicom.IS {
		return append(dst, text...), vr.String(), -1
	}
	for i, value := range strings.Split(text, `\`) {
		if i > 0 {
			dst = append(dst, '\\')
		}
		dst = append(dst, strings.Trim(value, " \x00")...)
	}
	return dst, vr.String(), -1
}
