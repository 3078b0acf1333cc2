package literal

import (
	"encoding/binary"
	"maps"
	"math"
	"math/bits"
	"slices"
)

// windows finds literals anywhere in a text by windows of four bytes. Only every stride-th window of the text is
// looked at, so each literal is known by as many neighbouring windows: wherever it stands, one of them falls
// on a place that is looked at.
//
//	literal         M I M I K A T Z . E X E         stride 3
//	known by            └──┬──┘
//	                      └──┬──┘
//	                        └──┬──┘
//	text      C : \ T E M P \ M I M I K A T Z . E X E
//	looked at └──┬──┘     │           │
//	                └──┬──┘           │
//	                      └──┬──┘     │
//	                            └──┬──┘
type windows struct {
	mask   uint64 // of the bits that count, in every byte
	texts  []string
	ids    []int32
	stride int
	least  int // bytes of the shortest literal
	bitmap []uint64
	shift  uint
	known  table // window: places
	places []place
}

// place is a window of a literal.
type place struct {
	literal int32
	offset  int32
}

const (
	window    = 4 // bytes
	maxStride = 8
	maxMarks  = 18 // bits of a position in the bitmap
)

// newWindows compiles literals of at least four bytes. raw gives the literals as they are, masked those with
// the bits that count.
func newWindows(c *Commons, raw, masked []string, ids []int32, mask uint64) windows {
	x := windows{mask: mask, texts: masked, ids: ids, stride: maxStride, least: math.MaxInt}
	for _, text := range raw {
		x.stride, x.least = min(x.stride, len(text)-window+1), min(x.least, len(text))
	}
	if len(raw) == 0 {
		return x
	}
	known := keys{}
	for n := range raw {
		from := x.rarestRun(c, raw[n], masked[n], known)
		for at := from; at < from+x.stride; at++ {
			known.add(windowAt(masked[n], at), len(x.places))
			x.places = append(x.places, place{int32(n), int32(at)})
		}
	}
	x.known = newTable(known)
	width := min(max(bits.Len(uint(len(known)*256)), 10), maxMarks) // false alarms below 1 %
	x.bitmap = make([]uint64, 1<<width/64)
	x.shift = uint(32 - width)
	for _, w := range slices.Sorted(maps.Keys(known)) {
		bit := windowHash(uint32(w)) >> x.shift
		x.bitmap[bit/64] |= 1 << (bit % 64)
	}
	return x
}

// rarestRun chooses the neighbouring windows that are least likely to turn up by chance,
// and at which few other literals wait.
func (x *windows) rarestRun(c *Commons, raw, masked string, known keys) int {
	best, bestScore := 0, math.MinInt
	for from := 0; from+x.stride-1+window <= len(raw); from++ {
		score := math.MaxInt
		for at := from; at < from+x.stride; at++ {
			score = min(score, c.rarity(raw, at)-2*min(len(known[windowAt(masked, at)]), 8))
		}
		if score > bestScore {
			best, bestScore = from, score
		}
	}
	return best
}

func windowAt(text string, at int) uint64 {
	return uint64(text[at]) | uint64(text[at+1])<<8 | uint64(text[at+2])<<16 | uint64(text[at+3])<<24
}

func windowHash(w uint32) uint32 { return w * 0x9e3779b1 }

// find appends the ids of the literals that stand in text.
func (x *windows) find(text []byte, hits []int32) []int32 {
	switch {
	case len(text) < x.least:
		return hits
	case x.stride == 1:
		return x.every(text, hits)
	default:
		return x.some(text, hits)
	}
}

// some looks at every stride-th window, four at a time.
func (x *windows) some(text []byte, hits []int32) []int32 {
	bitmap, shift, stride, mask := x.bitmap, x.shift, x.stride, uint32(x.mask)
	at := 0
	for ; at+3*stride+window <= len(text); at += 4 * stride {
		here := text[at : at+3*stride+window]
		a := windowHash(binary.LittleEndian.Uint32(here)&mask) >> shift
		b := windowHash(binary.LittleEndian.Uint32(here[stride:])&mask) >> shift
		c := windowHash(binary.LittleEndian.Uint32(here[2*stride:])&mask) >> shift
		d := windowHash(binary.LittleEndian.Uint32(here[3*stride:])&mask) >> shift
		if (bitmap[a/64]>>(a%64)|bitmap[b/64]>>(b%64)|bitmap[c/64]>>(c%64)|bitmap[d/64]>>(d%64))&1 == 0 {
			continue
		}
		for i := range 4 {
			hits = x.look(text, at+i*stride, hits)
		}
	}
	for ; at+window <= len(text); at += stride {
		hits = x.look(text, at, hits)
	}
	return hits
}

// every looks at all windows, five to a word.
func (x *windows) every(text []byte, hits []int32) []int32 {
	bitmap, shift := x.bitmap, x.shift
	at := 0
	for ; at+8 <= len(text); at += 5 {
		word := binary.LittleEndian.Uint64(text[at:]) & x.mask
		a, b, c, d, e := windowHash(uint32(word))>>shift, windowHash(uint32(word>>8))>>shift, windowHash(uint32(word>>16))>>shift,
			windowHash(uint32(word>>24))>>shift, windowHash(uint32(word>>32))>>shift
		if (bitmap[a/64]>>(a%64)|bitmap[b/64]>>(b%64)|bitmap[c/64]>>(c%64)|bitmap[d/64]>>(d%64)|bitmap[e/64]>>(e%64))&1 == 0 {
			continue
		}
		for i := range 5 {
			hits = x.look(text, at+i, hits)
		}
	}
	for ; at+window <= len(text); at++ {
		hits = x.look(text, at, hits)
	}
	return hits
}

// look looks at one window, and where it is known at the whole literal.
func (x *windows) look(text []byte, at int, hits []int32) []int32 {
	w := binary.LittleEndian.Uint32(text[at:]) & uint32(x.mask)
	if bit := windowHash(w) >> x.shift; x.bitmap[bit/64]>>(bit%64)&1 == 0 {
		return hits
	}
	for _, i := range x.known.get(uint64(w)) {
		p := x.places[i]
		literal := x.texts[p.literal]
		if from := at - int(p.offset); from >= 0 && from+len(literal) <= len(text) && equal(text[from:from+len(literal)], literal, x.mask) {
			hits = append(hits, x.ids[p.literal])
		}
	}
	return hits
}

// equal compares a text, masked on the way, with a masked one of the same length.
func equal(text []byte, masked string, mask uint64) bool {
	for len(masked) >= 8 {
		if (binary.LittleEndian.Uint64(text)^binary.LittleEndian.Uint64([]byte(masked[:8])))&mask != 0 {
			return false
		}
		text, masked = text[8:], masked[8:]
	}
	for i := range len(masked) {
		if (text[i]^masked[i])&byte(mask) != 0 {
			return false
		}
	}
	return true
}
