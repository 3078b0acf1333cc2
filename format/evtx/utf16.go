package evtx

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// longestEscape is the most that one UTF-16 unit becomes inside of a JSON string: \u001f.
const longestEscape = 6

// appendUTF16 appends little-endian UTF-16 as the inside of a JSON string. A lone surrogate becomes
// U+FFFD, an odd last byte is dropped. Plain text is taken four characters at a time.
func appendUTF16(dst, b []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(b)/2*longestEscape+8)
	out := dst[:cap(dst)]
	for {
		for len(b) >= 8 {
			w := binary.LittleEndian.Uint64(b)
			if w&notASCII != 0 {
				break
			}
			if plain(w) {
				w = (w | w>>8) & 0x0000ffff0000ffff
				binary.LittleEndian.PutUint32(out[n:], uint32(w|w>>16))
				n += 4
			} else {
				for range 4 {
					switch c := byte(w); {
					case c == '\\' || c == '"':
						out[n], out[n+1] = '\\', c
						n += 2
					case c >= ' ':
						out[n] = c
						n++
					default:
						n = len(appendRune(out[:n], rune(c)))
					}
					w >>= 16
				}
			}
			b = b[8:]
		}
		if len(b) < 2 {
			return dst[:n]
		}
		r := rune(binary.LittleEndian.Uint16(b))
		b = b[2:]
		if utf16.IsSurrogate(r) && len(b) >= 2 {
			if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b))); pair != utf8.RuneError {
				r = pair
				b = b[2:]
			}
		}
		n = len(appendRune(out[:n], r))
	}
}

const notASCII = 0xff80ff80ff80ff80

// plain tells whether the four UTF-16 units in w, which are ASCII, are not escaped in JSON.
func plain(w uint64) bool {
	const ones, highs = 0x0001000100010001, 0x0080008000800080
	// With all units below 0x80, each subtraction sets bit 7 of a unit that is too small;
	// a borrow can only come from such a unit.
	return ((w-' '*ones)|((w^'"'*ones)-ones)|((w^'\\'*ones)-ones))&highs == 0
}

// appendRune appends one character as it stands inside of a JSON string.
func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r >= ' ' && r < utf8.RuneSelf:
		return append(dst, byte(r))
	case r >= utf8.RuneSelf:
		return utf8.AppendRune(dst, r) // a surrogate becomes U+FFFD
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\r':
		return append(dst, '\\', 'r')
	case r == '\t':
		return append(dst, '\\', 't')
	default:
		const digits = "0123456789abcdef"
		return append(dst, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
	}
}

// trimUTF16 drops the zeros that some writers end strings with.
func trimUTF16(b []byte) []byte {
	b = b[:len(b)&^1]
	for len(b) > 0 && b[len(b)-1] == 0 && b[len(b)-2] == 0 {
		b = b[:len(b)-2]
	}
	return b
}

// trimSpace drops white space at the end of UTF-16.
func trimSpace(b []byte) []byte {
	for len(b) >= 2 && b[len(b)-1] == 0 {
		if c := b[len(b)-2]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
		b = b[:len(b)-2]
	}
	return b
}

// zeroUTF16 returns where the zero stands that ends the first string of b, or the length of b.
func zeroUTF16(b []byte) int {
	for i := 0; i+1 < len(b); i += 2 {
		if b[i]|b[i+1] == 0 {
			return i
		}
	}
	return len(b)
}
