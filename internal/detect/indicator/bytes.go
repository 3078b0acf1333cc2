package indicator

import "encoding/binary"

// Classes of bytes.
const (
	alnum     = 1 << iota // letters and digits of ASCII
	hexDigit              // of either case
	named                 // what a host name is made of, and bytes outside ASCII, see isName
	localPart             // what the part before the @ of an e-mail address is made of in practice
	stop                  // what ends a URL in text: white space, quotes, brackets that RFC 3986 leaves out
)

// classes has the classes of each byte.
const (
	high    = "\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04"
	classes = "" +
		"\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10" + // 00
		"\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10" + // 10
		"\x10\x00\x10\x00\x00\x08\x00\x08\x00\x00\x00\x08\x00\x0c\x0c\x00" + // 20
		"\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x0f\x00\x00\x10\x00\x10\x00" + // 30
		"\x00\x0f\x0f\x0f\x0f\x0f\x0f\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d" + // 40
		"\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x00\x10\x00\x10\x0c" + // 50
		"\x10\x0f\x0f\x0f\x0f\x0f\x0f\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d" + // 60
		"\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x0d\x10\x10\x10\x08\x10" + // 70
		high + high + high + high + high + high + high + high
)

func is(c byte, class byte) bool { return classes[c]&class != 0 }

// isName tells what a host name is made of, and what cannot be told from one: a
// letter outside ASCII at its side makes another name of it.
func isName(c byte) bool { return is(c, named) }

func isLocal(c byte) bool { return is(c, localPart) }

func isAlnum(c byte) bool { return is(c, alnum) }

func isHex(c byte) bool { return is(c, hexDigit) }

func isLetter(c byte) bool { return c|0x20-'a' <= 'z'-'a' }

func isDigit(c byte) bool { return c-'0' <= 9 }

// unhex is the value of a hexadecimal digit.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

func appendUnhex(dst, text []byte) []byte {
	for i := 0; i+1 < len(text); i += 2 {
		dst = append(dst, unhex(text[i])<<4|unhex(text[i+1]))
	}
	return dst
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// appendLower appends text with the capitals of ASCII made small, and tells whether all of it is ASCII.
func appendLower(dst, text []byte) (folded []byte, ascii bool) {
	at := len(dst)
	dst = append(dst, text...)
	seen := uint64(0)
	for ; len(dst)-at >= 8; at += 8 {
		w := binary.LittleEndian.Uint64(dst[at:])
		seen |= w
		// The high bit of each byte of the first sum tells A and above, that of the second what is above Z.
		low := w &^ highs
		capitals := (low + (0x80-'A')*ones) &^ (low + (0x7f-'Z')*ones) &^ w & highs
		binary.LittleEndian.PutUint64(dst[at:], w|capitals>>2)
	}
	for ; at < len(dst); at++ {
		c := dst[at]
		seen |= uint64(c)
		if c-'A' <= 'Z'-'A' {
			dst[at] = c | 0x20
		}
	}
	return dst, seen&highs == 0
}
