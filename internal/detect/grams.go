package detect

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/wardline/wardline/internal/detect/literal"
)

// grams is the set of all windows of four bytes in a text, by one bit each. Whether a literal can stand in the text is
// then a matter of a bit or two, however long the text is: that it cannot is certain, that it can has to be seen.
type grams struct {
	bits  []uint64
	shift uint // of a hash, to the number of a bit
}

const (
	gram        = 4  // bytes
	bitsPerGram = 16 // so that one bit in sixteen is set by chance
	worthGrams  = 3  // literals looked for in a text, from which on a list pays
	maxGramBits = 20 // of the number of a bit: 128 KiB for the longest texts
)

func gramHash(w uint32) uint32 { return w * 0x9e3779b1 }

// newGrams lists the windows of text, with memory from pool, which it returns.
func newGrams(text []byte, pool []uint64) (grams, []uint64) {
	width := min(bits.Len(uint(len(text)*bitsPerGram)), maxGramBits)
	from, words := len(pool), max(1<<width/64, 1)
	pool = slices.Grow(pool, words)[:from+words]
	g := grams{pool[from:], uint(32 - width)}
	clear(g.bits)
	at := 0
	for ; at+8 <= len(text); at += 5 {
		w := binary.LittleEndian.Uint64(text[at:])
		g.add(uint32(w))
		g.add(uint32(w >> 8))
		g.add(uint32(w >> 16))
		g.add(uint32(w >> 24))
		g.add(uint32(w >> 32))
	}
	for ; at+gram <= len(text); at++ {
		g.add(binary.LittleEndian.Uint32(text[at:]))
	}
	return g, pool
}

func (g *grams) add(w uint32) {
	bit := gramHash(w) >> g.shift
	g.bits[bit/64] |= 1 << (bit % 64)
}

// mayHold tells whether all of the windows with these hashes may stand in the text. Unlisted, they may.
func (g *grams) mayHold(hashes []uint32) bool {
	if g.bits == nil {
		return true
	}
	for _, h := range hashes {
		if bit := h >> g.shift; g.bits[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// maxGrams is how many windows tell a literal.
const maxGrams = 2

// gramsOf chooses the windows by which folded literals are told that a text must hold, all of them: the rarest.
func gramsOf(c *literal.Commons, literals ...string) (hashes []uint32) {
	var taken, takenAt int
	for len(hashes) < maxGrams {
		best, bestAt, most := 0, 0, 0
		for n, text := range literals {
			for at := 0; at+gram <= len(text); at++ {
				near := len(hashes) > 0 && n == taken && at < takenAt+gram && takenAt < at+gram // would tell little more
				if r := c.Rarity(text[at : at+gram]); r > most && !near {
					best, bestAt, most = n, at, r
				}
			}
		}
		if most == 0 {
			break
		}
		taken, takenAt = best, bestAt
		hashes = append(hashes, gramHash(binary.LittleEndian.Uint32([]byte(literals[best][bestAt:]))))
	}
	return hashes
}
