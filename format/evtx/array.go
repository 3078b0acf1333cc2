package evtx

import "bytes"

// elements walks an array value. Strings end with a zero, SIDs know their length, all else has one
// size.
type elements struct {
	kind uint8
	at   uint32
	b    []byte
}

// next returns the next element. Bytes that make no whole element come as one last
// element, as bytes.
func (e *elements) next() (value, bool) {
	if len(e.b) == 0 {
		return value{}, false
	}
	size, skip := 0, 0
	switch e.kind {
	case typeString, typeXML:
		size = zeroUTF16(e.b)
		skip = 2
	case typeANSI:
		if size = bytes.IndexByte(e.b, 0); size < 0 {
			size = len(e.b)
		}
		skip = 1
	case typeSID:
		size = sidSize(e.b)
	case typeSize, typeHandle:
		size = 8
	default:
		size = fixedSize(e.kind)
	}
	kind := e.kind
	if size+skip == 0 || size > len(e.b) {
		kind, size, skip = typeBinary, len(e.b), 0
	}
	v := value{at: e.at, size: uint16(size), kind: kind}
	skip = min(size+skip, len(e.b))
	e.b = e.b[skip:]
	e.at += uint32(skip)
	return v, true
}

// appendArray appends an array as JSON; an array of one as its element.
func (m *machine) appendArray(dst, b []byte, v value) []byte {
	e := elements{kind: v.kind &^ typeArray, at: v.at, b: b}
	from, n := len(dst), 0
	for {
		one, ok := e.next()
		if !ok {
			break
		}
		dst = append(dst, ',')
		dst = m.appendValue(dst, one)
		n++
	}
	if n == 1 {
		return append(dst[:from], dst[from+1:]...)
	}
	dst[from] = '['
	return append(dst, ']')
}

// appendList appends the elements of an array as text.
func (m *machine) appendList(dst, b []byte, v value) []byte {
	e := elements{kind: v.kind &^ typeArray, at: v.at, b: b}
	for n := 0; ; n++ {
		one, ok := e.next()
		if !ok {
			return dst
		}
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = m.appendInside(dst, one)
	}
}
