package json

import (
	"encoding/binary"
	"math/bits"
)

// matcher finds where an object or array ends, by its brackets and strings alone. It stops
// early at what cannot be JSON - a raw newline in a string, a value that no comma or colon
// announces - so that a cut-off line does not swallow the lines after it. It can be
// stopped at any byte and resumed.
type matcher struct {
	pos      int  // of the next byte to look at
	line     int  // position after the last newline seen, 0 before the first
	depth    int  // brackets open
	max      int  // of depth
	prev     byte // last byte that is no white space, outside strings
	inString bool
	arrays   [maxDepth / 64]uint64 // one bit for each open bracket: it is '['
}

// maxDepth bounds nesting whatever the limits say.
const maxDepth = 256

type verdict uint8

const (
	more    verdict = iota // the window ends first
	matched                // pos is behind the closing bracket
	broken                 // not JSON from before pos on
	tooDeep
)

// newMatcher starts before an opening bracket, or inside as many objects as open says.
func newMatcher(open, depth int) matcher {
	return matcher{max: min(depth, maxDepth), depth: open, prev: ','}
}

func (m *matcher) run(b []byte) verdict {
	for m.pos < len(b) {
		if m.inString {
			if v := m.text(b); v != matched {
				return v
			}
			continue
		}
		c := b[m.pos]
		switch c {
		case '\n':
			m.pos++
			m.line = m.pos
			continue
		case ' ', '\t', '\r':
			m.pos++
			continue
		case '"':
			if !m.announced(m.prev == '{' || m.prev == ',' || m.prev == ':') {
				return broken
			}
			m.inString = true
		case '{', '[':
			if !m.announced(m.prev == ':') {
				return broken
			}
			if m.depth >= m.max {
				return tooDeep
			}
			m.open(c == '[')
		case '}', ']':
			if m.depth == 0 || m.inArray() != (c == ']') {
				return broken
			}
			m.depth--
			if m.depth == 0 {
				m.pos++
				return matched
			}
		}
		m.prev = c
		m.pos++
	}
	return more
}

// text passes over a string's inside and its closing quote.
func (m *matcher) text(b []byte) verdict {
	for i := m.pos; i < len(b); i++ {
		i += plain(b[i:])
		if i >= len(b) {
			break
		}
		switch b[i] {
		case '"':
			m.inString = false
			m.pos = i + 1
			return matched
		case '\\':
			if i+1 >= len(b) {
				m.pos = i
				return more
			}
			i++
			if b[i] == '\n' {
				m.pos = i
				return broken
			}
		case '\n':
			m.pos = i
			return broken
		}
	}
	m.pos = len(b)
	return more
}

// plain counts bytes, eight at a time, that are no quote, backslash or control character
// for sure.
func plain(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n+8 <= len(b); n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		quote, slash := w^'"'*ones, w^'\\'*ones
		stops := ((quote - ones) &^ quote) | ((slash - ones) &^ slash) | ((w - ' '*ones) &^ w)
		if stops &= highs; stops != 0 {
			return n + bits.TrailingZeros64(stops)/8
		}
	}
	return n
}

// announced tells whether a value or name may stand here; member says so for objects.
func (m *matcher) announced(member bool) bool {
	switch {
	case m.depth == 0:
		return true
	case m.inArray():
		return m.prev == '[' || m.prev == ','
	default:
		return member
	}
}

func (m *matcher) inArray() bool {
	n := m.depth - 1
	return m.arrays[n/64]>>(n%64)&1 != 0
}

func (m *matcher) open(array bool) {
	bit := uint64(1) << (m.depth % 64)
	if array {
		m.arrays[m.depth/64] |= bit
	} else {
		m.arrays[m.depth/64] &^= bit
	}
	m.depth++
}
