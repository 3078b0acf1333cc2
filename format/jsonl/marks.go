package jsonl

import (
	"encoding/binary"
	"math/bits"
)

// marks say of each byte of a text whether a string stops there, and whether it is a backslash: one bit each, made for the whole text before
// it is read. To find the end of a string is then to find the next bit.
//
//	text     { " I m a g e " : " C : \ \ x " }
//	stops      1           1   1           1
//	slashes                        1 1
//
// A stop is a quote that is not escaped, a control character, a byte of 0x80 and more, or what follows a backslash and
// is not one of "\bfnrt. All but the quote are for quoted to look at.
type marks struct {
	stops, slashes []byte
}

// blockBytes is how much of a text one word marks.
const blockBytes = 64

// mark describes a text.
func (m *marks) mark(text []byte) {
	blocks := (len(text) + blockBytes - 1) / blockBytes
	m.grow(8 * (blocks + 1))
	whole := len(text) / blockBytes
	markBlocks(text[:whole*blockBytes], m.stops, m.slashes)
	if whole < blocks {
		var rest [blockBytes]byte
		copy(rest[:], text[whole*blockBytes:])
		markBlocks(rest[:], m.stops[8*whole:], m.slashes[8*whole:])
	}
	m.unescape(text, blocks)
}

// grow makes room for n bytes of each. The last word stands behind the text, for window.
func (m *marks) grow(n int) {
	if cap(m.stops) < n {
		both := make([]byte, 2*n)
		m.stops, m.slashes = both[:n:n], both[n:]
	}
	m.stops, m.slashes = m.stops[:n], m.slashes[:n]
	clear(m.stops[n-8:])
	clear(m.slashes[n-8:])
}

// unescape takes away the stops that are escaped, and puts one where an escape is not of the usual kinds.
func (m *marks) unescape(text []byte, blocks int) {
	first := uint64(0) // 1: the first byte of the block is escaped
	for i := range blocks {
		slashes := binary.LittleEndian.Uint64(m.slashes[8*i:])
		if slashes|first == 0 {
			continue
		}
		var after uint64
		after, first = escaped(slashes, first)
		if after&^slashes == 0 { // backslashes in pairs, as in the paths of Windows
			continue
		}
		stops := binary.LittleEndian.Uint64(m.stops[8*i:])
		for others := after &^ slashes; others != 0; others &= others - 1 {
			at, bit := i*blockBytes+bits.TrailingZeros64(others), others&-others
			switch {
			case at >= len(text):
			case text[at] == '"':
				stops &^= bit
			case !usualEscape(text[at]):
				stops |= bit
			}
		}
		binary.LittleEndian.PutUint64(m.stops[8*i:], stops)
	}
}

// escaped returns which bytes of a block stand behind a backslash that is not itself escaped, given whether its first byte does, and
// whether that of the next block does. In a run of backslashes every second one escapes: a subtraction ripples through
// each run and tells odd places from even ones (Langdale and Lemire, Parsing gigabytes of JSON per second, 2019, section 3.1.1).
func escaped(slashes, first uint64) (after, next uint64) {
	const odd = 0xaaaaaaaaaaaaaaaa
	open := slashes &^ first
	escapes := ((open<<1 | odd) - open) ^ odd
	return escapes ^ (slashes | first), (escapes & slashes) >> 63
}

func usualEscape(c byte) bool {
	return c == 'n' || c == 't' || c == 'r' || c == 'b' || c == 'f'
}

// markBlocksPortable is markBlocks eight bytes at a time. Of each byte the low seven bits are added to what carries into the eighth when they
// are anything but a quote, or a backslash, or are no less than a blank.
func markBlocksPortable(text, stops, slashes []byte) {
	for len(text) >= blockBytes {
		var stop, slash uint64
		for i := 0; i < blockBytes; i += 8 {
			w := binary.LittleEndian.Uint64(text[i:])
			low := w &^ highs
			stop |= gather(^(((low^'"'*ones)+0x7f*ones)&(low+(0x80-' ')*ones))|w) << i
			slash |= gather(^((low^'\\'*ones)+0x7f*ones)&^w) << i
		}
		binary.LittleEndian.PutUint64(stops, stop)
		binary.LittleEndian.PutUint64(slashes, slash)
		text, stops, slashes = text[blockBytes:], stops[8:], slashes[8:]
	}
}

// gather puts the high bits of the eight bytes beside each other.
func gather(w uint64) uint64 { return (w & highs >> 7) * 0x0102040810204080 >> 56 }

// window tells of the bytes from p on, lowest bit first: of 57 at least, of 64 where p is a multiple of eight.
func window(marks []byte, p int) uint64 {
	return binary.LittleEndian.Uint64(marks[p>>3:]) >> (p & 7)
}

// unseen is the answer of ahead where it sees no stop: the next is 57 bytes away or more.
const unseen = 64

// ahead tells how many bytes from p on stop no string, and whether a backslash is among them.
func (m *marks) ahead(p int) (n int, slashed bool) {
	n = bits.TrailingZeros64(window(m.stops, p))
	return n, window(m.slashes, p)&(1<<n-1) != 0
}

// quoted is the function quoted by the shorter way.
func (m *marks) quoted(text []byte, p int) (end int, seen Marks) {
	for end = p; end < len(text); end += 64 - end&7 {
		n, slashed := m.ahead(end)
		if slashed {
			seen = Escaped
		}
		if n == unseen {
			continue
		}
		if end += n; end < len(text) && text[end] == '"' {
			return end, seen
		}
		break
	}
	return quoted(text, p)
}
