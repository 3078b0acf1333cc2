package detect

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/format/jsonl"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Fold returns s in the one form that all spellings of equal case share: each
// character becomes the smallest of those that Unicode's simple folding takes for
// the same. In ASCII that is the capital.
func Fold(s string) string { return string(appendFolded(nil, []byte(s))) }

// appendFolded is Fold on bytes.
func appendFolded(dst, text []byte) []byte {
	out, n := room(dst, len(text))
	for p := 0; p < len(text); {
		if p+8 <= len(text) {
			w := binary.LittleEndian.Uint64(text[p:])
			binary.LittleEndian.PutUint64(out[n:], upperWord(w))
			if w&highs == 0 { // a guess that is mostly right does not wait for the sum
				p, n = p+8, n+8
				continue
			}
			k := bits.TrailingZeros64(w&highs) >> 3
			p, n = p+k, n+k
		}
		size, folded := foldRune(out[n:], text[p:])
		p, n = p+size, n+folded
	}
	return out[:n]
}

// appendFoldedJSON folds the inside of a JSON string and undoes its escapes on the way.
func appendFoldedJSON(dst, raw []byte) []byte {
	out, n := room(dst, len(raw))
	for p := 0; p < len(raw); {
		if p+8 <= len(raw) {
			w := binary.LittleEndian.Uint64(raw[p:])
			binary.LittleEndian.PutUint64(out[n:], upperWord(w))
			// Marks the backslash and bytes of 0x80 and above; the lowest mark is exact.
			stops := (((w ^ '\\'*ones) - ones) | w) & highs
			if stops == 0 {
				p, n = p+8, n+8
				continue
			}
			k := bits.TrailingZeros64(stops) >> 3
			p, n = p+k, n+k
		}
		if raw[p] != '\\' {
			size, folded := foldRune(out[n:], raw[p:])
			p, n = p+size, n+folded
			continue
		}
		if raw[p+1] != 'u' {
			out[n] = jsonl.Unescaped(raw[p+1])
			p, n = p+2, n+1
			continue
		}
		size, folded := foldEscape(out[n:], raw[p:])
		p, n = p+size, n+folded
	}
	return out[:n]
}

// foldEscape folds what the escape that begins raw stands for into out. The two halves of a
// character outside the basic plane are one escape.
func foldEscape(out, raw []byte) (size, folded int) {
	size = len(`\n`)
	if raw[1] == 'u' {
		size = len(`\ud83c`)
		if rest := raw[size:]; len(rest) >= size && rest[0] == '\\' && rest[1] == 'u' && rest[2]|0x20 == 'd' && rest[3]|0x20 >= 'c' {
			size *= 2 // with the second half
		}
	}
	var buffer [8]byte
	for text := jsonl.AppendUnescaped(buffer[:0], raw[:size]); len(text) > 0; {
		n, written := foldRune(out[folded:], text)
		text, folded = text[n:], folded+written
	}
	return size, folded
}

// room grows dst so that n bytes more, written eight at a time, fit behind it. A folded text
// is never longer than the text: the smallest character has the shortest form.
func room(dst []byte, n int) (out []byte, at int) {
	at = len(dst)
	dst = slices.Grow(dst, n+8)
	return dst[:cap(dst)], at
}

// upperWord capitalises the ASCII letters among eight bytes. Bytes behind one of
// 0x80 or above may come out wrong.
func upperWord(w uint64) uint64 {
	fromA := w + (0x80-'a')*ones
	pastZ := w + (0x80-'z'-1)*ones
	return w ^ (fromA&^pastZ&highs)>>2
}

// foldRune folds the first character of text into out.
func foldRune(out, text []byte) (size, folded int) {
	c := text[0]
	if c < utf8.RuneSelf {
		if c-'a' < 26 {
			c -= 'a' - 'A'
		}
		out[0] = c
		return 1, 1
	}
	r, size := utf8.DecodeRune(text)
	if r == utf8.RuneError && size == 1 { // a rule may look for bytes that are no text
		out[0] = c
		return 1, 1
	}
	return size, utf8.EncodeRune(out, smallest(r))
}

// smallest is the least rune of those that simple folding takes for r.
func smallest(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}
