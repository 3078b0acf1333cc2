package jsonl

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// escapeLength returns the length of the escape that begins b, or 0 when it is
// none (RFC 8259 section 7).
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && isHex(b[2]) && isHex(b[3]) && isHex(b[4]) && isHex(b[5]) {
			return 6
		}
	}
	return 0
}

func isHex(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// AppendUnescaped appends the inside of a JSON string that Scan accepted with its
// escapes undone. A lone surrogate becomes U+FFFD.
func AppendUnescaped(dst, raw []byte) []byte { return appendUnescaped(dst, raw) }

// appendUnescaped takes eight bytes at a time: the text is never longer than its JSON.
func appendUnescaped(dst, raw []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(raw)+8)
	out := dst[:cap(dst)]
	for p := 0; p < len(raw); {
		if p+8 <= len(raw) {
			w := binary.LittleEndian.Uint64(raw[p:])
			binary.LittleEndian.PutUint64(out[n:], w)
			stops := zeroByte(w ^ '\\'*ones)
			if stops == 0 {
				p, n = p+8, n+8
				continue
			}
			k := bits.TrailingZeros64(stops) >> 3
			p, n = p+k, n+k
		}
		switch {
		case raw[p] != '\\':
			out[n] = raw[p]
			p, n = p+1, n+1
		case raw[p+1] != 'u':
			out[n] = Unescaped(raw[p+1])
			p, n = p+2, n+1
		default:
			r, size := unescapedRune(raw[p:])
			p, n = p+size, n+utf8.EncodeRune(out[n:], r)
		}
	}
	return out[:n]
}

// unescapedRune reads \uXXXX, or two of them that are the halves of one character.
func unescapedRune(raw []byte) (r rune, size int) {
	const size1 = len(`\uXXXX`)
	r = hex4(raw[2:])
	if rest := raw[size1:]; utf16.IsSurrogate(r) && len(rest) >= size1 && rest[0] == '\\' && rest[1] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(rest[2:])); pair != utf8.RuneError {
			return pair, 2 * size1
		}
	}
	return r, size1
}

// Unescaped is the character that a one-letter escape stands for (RFC 8259 section 7).
func Unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default: // the quote, the backslash and the slash stand for themselves
		return c
	}
}

func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		r <<= 4
		if c <= '9' {
			r |= rune(c - '0')
		} else {
			r |= rune(c|0x20-'a') + 10
		}
	}
	return r
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string with its quotes. Bytes that are not
// UTF-8 become U+FFFD.
func AppendString[S ~string | ~[]byte](dst []byte, s S) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			start = i + 1
		}
		i += n
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}
