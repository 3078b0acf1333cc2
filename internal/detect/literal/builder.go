package literal

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Builder collects literals for a Set. The zero value is ready.
type Builder struct {
	literals []entry
	anchors  []Anchor
}

// Add adds a literal that Find reports as id. Several literals may share an id, and
// several ids a literal.
func (b *Builder) Add(text string, at Anchor, id int32) {
	b.literals = append(b.literals, entry{text: text, id: id})
	b.anchors = append(b.anchors, at)
}

// Len is the number of literals added.
func (b *Builder) Len() int { return len(b.literals) }

// Build compiles the set.
func (b *Builder) Build() *Set {
	s := &Set{literals: slices.Clone(b.literals)}
	var whole, starts, ends, windows = keys{}, keys{}, keys{}, keys{}
	for i := range s.literals {
		e := &s.literals[i]
		text, n := e.text, min(len(e.text), longKey)
		switch at := b.anchors[i]; {
		case at == Whole:
			whole.add(wholeKey([]byte(text)), i)
		case text == "":
			s.always = append(s.always, e.id)
		case at == Start:
			starts.add(anchoredKey([]byte(text[:n])), i)
			s.startLen = insert(s.startLen, n)
		case at == End:
			ends.add(anchoredKey([]byte(text[len(text)-n:])), i)
			s.endLen = insert(s.endLen, n)
		case len(text) < window:
			e.bytes = []byte(text)
			if isASCII(e.bytes) {
				s.shorts = append(s.shorts, int32(i))
			} else {
				s.wide = append(s.wide, int32(i))
			}
		default:
			e.offset = int32(rarestWindow(text, windows))
			windows.add(uint64(binary.LittleEndian.Uint32([]byte(text[e.offset:]))), i)
		}
	}
	s.whole, s.starts, s.ends, s.windows = newTable(whole), newTable(starts), newTable(ends), newTable(windows)
	s.mark(windows)
	return s
}

// mark fills the bitmap: 64 bits for each window keep false alarms below 2 %.
func (s *Set) mark(windows keys) {
	if len(windows) == 0 {
		return
	}
	width := min(max(bits.Len(uint(len(windows)*64)), 10), 18)
	s.bitmap = make([]uint64, 1<<width/64)
	s.shift = uint(32 - width)
	for w := range windows {
		bit := windowHash(uint32(w)) >> s.shift
		s.bitmap[bit/64] |= 1 << (bit % 64)
	}
}

type keys map[uint64][]int32

func (k keys) add(key uint64, literal int) { k[key] = append(k[key], int32(literal)) }

func insert(lengths []int, n int) []int {
	if slices.Contains(lengths, n) {
		return lengths
	}
	return append(lengths, n)
}

// rarestWindow chooses where to tell a literal by: the window least likely to
// turn up in a log by chance, and not one that many other literals wait at.
func rarestWindow(text string, taken keys) int {
	best, bestScore := 0, -1
	for at := 0; at+window <= len(text); at++ {
		score := 0
		for _, c := range []byte(text[at : at+window]) {
			score += Rarity(c)
		}
		key := uint64(binary.LittleEndian.Uint32([]byte(text[at:])))
		score -= 2 * min(len(taken[key]), 8)
		if score > bestScore {
			best, bestScore = at, score
		}
	}
	return best
}

// Rarity says how seldom a byte stands in a log, in bits, roughly: letters of English
// words, separators of paths and digits are common, capitals count as small.
func Rarity(c byte) int {
	switch c | 0x20 {
	case 'e', 's', 't', 'i', 'o', 'r', 'n', 'a':
		return 3
	case 'c', 'l', 'd', 'm', 'p', 'u', '.', '0', '1', '2', '\\' | 0x20:
		return 4
	case 'w', 'f', 'g', 'h', 'y', 'x', 'v', 'b', ':', '-', '3', '4', '5', '6', '7', '8', '9', ' ', '/':
		return 5
	case 'k', 'j', 'q', 'z', '_' | 0x20, ',', '=', '"', '(', ')':
		return 7
	default:
		return 8
	}
}
