package literal

import (
	"math"
	"slices"
)

// Builder collects literals for a Set. The zero value is ready.
type Builder struct {
	Commons *Commons // may be nil

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
	whole, starts, ends := keys{}, keys{}, keys{}
	var texts, shorts []string
	var ids, shortIDs []int32
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
		case len(text) < narrow:
			if e.bytes = []byte(text); !isASCII(e.bytes) {
				s.wide = append(s.wide, int32(i))
				continue
			}
			shorts, shortIDs = append(shorts, text), append(shortIDs, e.id)
		default:
			texts, ids = append(texts, text), append(ids, e.id)
		}
	}
	s.whole, s.starts, s.ends = newTable(whole), newTable(starts), newTable(ends)
	s.anywhere = newAnywhere(b.Commons, texts, texts, ids, math.MaxUint64)
	s.shorts = newPairs(shorts, shortIDs, math.MaxUint64)
	return s
}

type keys map[uint64][]int32

func (k keys) add(key uint64, literal int) { k[key] = append(k[key], int32(literal)) }

func insert(lengths []int, n int) []int {
	if slices.Contains(lengths, n) {
		return lengths
	}
	return append(lengths, n)
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
