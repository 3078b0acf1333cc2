package dicom

import "iter"

// DataSet is a data set, or an item of a sequence, which is one as well. It borrows the bytes it was parsed from.
type DataSet struct {
	Elements []Element
	Offset   int64 // of the first element; of an item, of what marks it

	charset   *inherited
	undefined bool   // an item that ends with a delimiter
	tail      uint32 // the length that the delimiter gave, zero by the standard
	packed    []byte // as received, when it was deflated
}

// Element is one attribute and its value, as it stands in the bytes: numbers in the order of the transfer syntax, text in its
// character set and with its padding.
type Element struct {
	Tag       Tag
	VR        VR
	Value     []byte    // nil for sequences and fragments
	Items     []DataSet // of a sequence; not nil for one, however empty
	Fragments [][]byte  // of encapsulated pixel data, the Basic Offset Table first; not nil for it
	Offset    int64     // of the element in the data set or file, or in what it was inflated to

	coding
	undefined bool   // the length
	reserved  uint16 // as received
	tail      uint32 // the length that the delimiter gave, zero by the standard
}

// inherited is the character set of a data set: its own, wherever in it that stands, or that of what it is in (PS3.3 C.12.1.1.2).
type inherited struct {
	own  *charset
	from *inherited
}

func (i *inherited) get() *charset {
	for ; i != nil; i = i.from {
		if i.own != nil {
			return i.own
		}
	}
	return nil
}

// add appends e, and follows the character set that it may declare.
func (ds *DataSet) add(e Element) {
	if e.Tag == tagCharset && ds.charset != nil && ds.charset.own == nil {
		ds.charset.own = newCharset(string(e.AppendLittleEndian(nil)))
	}
	ds.Elements = append(ds.Elements, e)
}

// IsSequence tells elements that hold items.
func (e *Element) IsSequence() bool { return e.Items != nil }

// within is how the items of e are written (PS3.5 6.2.2).
func (e *Element) within() coding {
	if !e.implicit && e.VR != SQ {
		return coding{implicit: true}
	}
	return e.coding
}

// Find returns the first element of ds, not of its items, with that tag.
func (ds *DataSet) Find(t Tag) (Element, bool) {
	for i := range ds.Elements {
		if ds.Elements[i].Tag == t {
			return ds.Elements[i], true
		}
	}
	return Element{}, false
}

// Sequence returns the items of a sequence; none when it is not there or is no sequence.
func (ds *DataSet) Sequence(t Tag) []DataSet {
	e, _ := ds.Find(t)
	return e.Items
}

// Private returns the element of a manufacturer's block: the one that ends in element, in the block that creator
// reserved in an odd group (PS3.5 7.8.1).
func (ds *DataSet) Private(creator string, group uint16, element uint8) (Element, bool) {
	for i := range ds.Elements {
		e := &ds.Elements[i]
		if e.Tag.Group() == group && e.Tag.isCreator() && ds.text(e) == creator {
			return ds.Find(NewTag(group, e.Tag.Element()<<8|uint16(element)))
		}
	}
	return Element{}, false
}

// All walks the elements of ds and of all its items, each before what is in it. The data set is the one that the
// element stands in, whose character set is its own.
func (ds *DataSet) All() iter.Seq2[*DataSet, *Element] {
	return func(yield func(*DataSet, *Element) bool) { ds.walk(yield) }
}

func (ds *DataSet) walk(yield func(*DataSet, *Element) bool) bool {
	for i := range ds.Elements {
		e := &ds.Elements[i]
		if !yield(ds, e) {
			return false
		}
		for j := range e.Items {
			if !e.Items[j].walk(yield) {
				return false
			}
		}
	}
	return true
}

// Unhide reads the items of a sequence that is not said to be one: a value of unknown representation that has a length is written in implicit VR
// little endian, whatever is around it (PS3.5 6.2.2). ok is false when value is anything else. The items become items of
// ds, whose character set they have.
func (ds *DataSet) Unhide(value []byte) (items []DataSet, ok bool) {
	p := parser{data: value, coding: coding{implicit: true}, depth: hiddenDepth, left: len(value)}
	for p.pos < len(p.data) {
		mark, err := p.head(len(p.data))
		if err != nil || mark.tag != tagItem {
			return nil, false
		}
		item, err := p.item(mark, len(p.data), ds.charset)
		if err != nil {
			return nil, false
		}
		items = append(items, item)
	}
	return items, len(items) > 0
}

// hiddenDepth is how deep sequences of unknown representation may be nested.
const hiddenDepth = 64
