package evtx

import (
	"encoding/binary"
	"math"
	"strconv"

	"golang.org/x/text/encoding/charmap"
)

// Kinds of values ([MS-EVEN6] 2.2.12 BinXml types). typeArray marks arrays of them.
const (
	typeNull       = 0x00
	typeString     = 0x01
	typeANSI       = 0x02
	typeInt8       = 0x03
	typeUint8      = 0x04
	typeInt16      = 0x05
	typeUint16     = 0x06
	typeInt32      = 0x07
	typeUint32     = 0x08
	typeInt64      = 0x09
	typeUint64     = 0x0a
	typeReal32     = 0x0b
	typeReal64     = 0x0c
	typeBool       = 0x0d
	typeBinary     = 0x0e
	typeGUID       = 0x0f
	typeSize       = 0x10
	typeFileTime   = 0x11
	typeSystemTime = 0x12
	typeSID        = 0x13
	typeHex32      = 0x14
	typeHex64      = 0x15
	typeHandle     = 0x20
	typeBinXML     = 0x21
	typeXML        = 0x23
	typeArray      = 0x80
)

// isNull tells a value that is absent. An empty string is there.
func (v value) isNull() bool {
	return v.kind == typeNull || v.size == 0 && v.kind != typeString && v.kind != typeANSI && v.kind != typeXML
}

// fixedSize is the size of one value of a kind that has only one, else 0.
func fixedSize(kind uint8) int {
	switch kind {
	case typeInt8, typeUint8:
		return 1
	case typeInt16, typeUint16:
		return 2
	case typeInt32, typeUint32, typeReal32, typeBool, typeHex32:
		return 4
	case typeInt64, typeUint64, typeReal64, typeFileTime, typeHex64:
		return 8
	case typeGUID, typeSystemTime:
		return 16
	}
	return 0
}

// appendValue appends a value as JSON.
func (m *machine) appendValue(dst []byte, v value) []byte {
	b := m.chunk[v.at : int(v.at)+int(v.size)]
	if v.kind == typeString {
		return append(appendUTF16(append(dst, '"'), trimSpace(trimUTF16(b))), '"')
	}
	if v.kind&typeArray != 0 {
		return m.appendArray(dst, b, v)
	}
	if v.kind >= typeInt8 && v.kind <= typeUint64 && len(b) == fixedSize(v.kind) {
		return appendInteger(dst, b, v.kind)
	}
	if v.kind == typeReal32 || v.kind == typeReal64 {
		if f := real(b); len(b) == fixedSize(v.kind) && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return appendReal(dst, b, f)
		}
	}
	if v.kind == typeBool && len(b) > 0 {
		return strconv.AppendBool(dst, !allZero(b))
	}
	return append(m.appendInside(append(dst, '"'), v), '"')
}

// appendInside appends a value as it stands inside of a JSON string. A value whose size its kind
// does not allow comes as bytes.
func (m *machine) appendInside(dst []byte, v value) []byte {
	b := m.chunk[v.at : int(v.at)+int(v.size)]
	switch v.kind {
	case typeString, typeXML:
		return appendUTF16(dst, trimUTF16(b))
	case typeNull, typeBinXML:
		return dst
	case typeANSI:
		return appendANSI(dst, b)
	case typeBinary:
		return appendHexBytes(dst, b)
	case typeSID:
		return appendSID(dst, b)
	case typeSize, typeHandle:
		switch len(b) {
		case 4:
			return appendHex(dst, uint64(binary.LittleEndian.Uint32(b)))
		case 8:
			return appendHex(dst, binary.LittleEndian.Uint64(b))
		}
	case typeBool:
		return strconv.AppendBool(dst, !allZero(b))
	}
	if v.kind&typeArray != 0 {
		return m.appendList(dst, b, v)
	}
	if len(b) == 0 || len(b) != fixedSize(v.kind) {
		return appendHexBytes(dst, b)
	}
	switch v.kind {
	case typeReal32, typeReal64:
		return appendReal(dst, b, real(b))
	case typeGUID:
		return appendGUID(dst, b)
	case typeFileTime:
		return m.days.appendFileTime(dst, binary.LittleEndian.Uint64(b))
	case typeSystemTime:
		return appendSystemTime(dst, b)
	case typeHex32:
		return appendHex(dst, uint64(binary.LittleEndian.Uint32(b)))
	case typeHex64:
		return appendHex(dst, binary.LittleEndian.Uint64(b))
	}
	return appendInteger(dst, b, v.kind)
}

func appendInteger(dst, b []byte, kind uint8) []byte {
	switch kind {
	case typeInt8:
		return strconv.AppendInt(dst, int64(int8(b[0])), 10)
	case typeUint8:
		return strconv.AppendUint(dst, uint64(b[0]), 10)
	case typeInt16:
		return strconv.AppendInt(dst, int64(int16(binary.LittleEndian.Uint16(b))), 10)
	case typeUint16:
		return strconv.AppendUint(dst, uint64(binary.LittleEndian.Uint16(b)), 10)
	case typeInt32:
		return strconv.AppendInt(dst, int64(int32(binary.LittleEndian.Uint32(b))), 10)
	case typeUint32:
		return strconv.AppendUint(dst, uint64(binary.LittleEndian.Uint32(b)), 10)
	case typeInt64:
		return strconv.AppendInt(dst, int64(binary.LittleEndian.Uint64(b)), 10)
	default:
		return strconv.AppendUint(dst, binary.LittleEndian.Uint64(b), 10)
	}
}

// real reads a real of 4 or 8 bytes.
func real(b []byte) float64 {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case 8:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func appendReal(dst, b []byte, f float64) []byte {
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 8*len(b))
	for _, c := range dst[from:] {
		if c < '+' || c == 'e' { // never below, and past the point
			return dst
		}
		if c == '.' || c == 'N' || c == 'I' {
			return dst
		}
	}
	return append(dst, '.', '0')
}

func appendHex(dst []byte, n uint64) []byte {
	return strconv.AppendUint(append(dst, '0', 'x'), n, 16)
}

const upperHex = "0123456789ABCDEF"

func appendHexBytes(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, upperHex[c>>4], upperHex[c&15])
	}
	return dst
}

// appendGUID appends 16 bytes; the first three numbers are little-endian ([MS-DTYP] 2.3.4.2).
// Rules compare with the braces that Windows writes around them.
func appendGUID(dst, b []byte) []byte {
	order := [...]int8{3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15}
	dst = append(dst, '{')
	for _, i := range order {
		if i < 0 {
			dst = append(dst, '-')
			continue
		}
		dst = append(dst, upperHex[b[i]>>4], upperHex[b[i]&15])
	}
	return append(dst, '}')
}

// sidSize returns the length of the SID that begins b, or 0 when there is none.
func sidSize(b []byte) int {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return 0
	}
	return 8 + 4*int(b[1])
}

// appendSID appends S-1-5-18 and the like ([MS-DTYP] 2.4.2).
func appendSID(dst, b []byte) []byte {
	size := sidSize(b)
	if size == 0 {
		return appendHexBytes(dst, b)
	}
	dst = append(dst, 'S', '-')
	dst = strconv.AppendUint(dst, uint64(b[0]), 10)
	dst = append(dst, '-')
	authority := binary.BigEndian.Uint64(b) & (1<<48 - 1)
	if authority < 1<<32 {
		dst = strconv.AppendUint(dst, authority, 10)
	} else {
		dst = appendHex(dst, authority)
	}
	for p := 8; p < size; p += 4 {
		dst = append(dst, '-')
		dst = strconv.AppendUint(dst, uint64(binary.LittleEndian.Uint32(b[p:])), 10)
	}
	return dst
}

// appendANSI appends text of one byte per character. No file says in which code page; most
// are Windows-1252.
func appendANSI(dst, b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	for _, c := range b {
		dst = appendRune(dst, charmap.Windows1252.DecodeByte(c))
	}
	return dst
}
