package literal

import (
	"encoding/binary"
	"maps"
	"math"
	"math/bits"
	"slices"
)

// anywhere finds literals that may stand anywhere in a text. Where some are short, every place of the text has to be
// looked at; the long ones then are told by windows twice as wide, at few places, since hardly any text has such a
// window by chance.
type anywhere []windows

const (
	narrow     = 4 // bytes of a window; what is shorter is looked for otherwise
	broad      = 8 // bytes of a window of long literals
	wellSpaced = 3 // windows beside the first; if all literals have so many, one kind of window will do
)

// Long is the length in bytes from which on a literal has broad windows enough. A Set of literals of this length
// and more looks at few places of a text.
const Long = broad + wellSpaced

// newAnywhere compiles literals of at least four bytes. raw gives the literals as they are, masked those with
// the bits that count.
func newAnywhere(c *Commons, raw, masked []string, ids []int32, mask uint64) anywhere {
	if len(raw) == 0 {
		return nil
	}
	short := slices.ContainsFunc(raw, func(text string) bool { return len(text) < narrow+wellSpaced })
	kinds := [2]windows{{mask: mask, window: mask & math.MaxUint32, width: narrow}, {mask: mask, window: mask, width: broad}}
	var chosen [2][]string
	for n, text := range raw {
		kind := 0
		if short && len(text) >= Long {
			kind = 1
		}
		x := &kinds[kind]
		chosen[kind], x.texts, x.ids = append(chosen[kind], text), append(x.texts, masked[n]), append(x.ids, ids[n])
	}
	var all anywhere
	for kind := range kinds {
		if x := kinds[kind]; len(x.texts) > 0 {
			x.compile(c, chosen[kind])
			all = append(all, x)
		}
	}
	return all
}

// find appends the ids of the literals that stand in text.
func (a anywhere) find(text []byte, hits []int32) []int32 {
	for i := range a {
		hits = a[i].find(text, hits)
	}
	return hits
}

// windows finds literals anywhere in a text by windows of a few bytes. Only every stride-th window of the text is
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
	width  int
	mask   uint64 // of the bits that count in eight bytes of a literal
	window uint64 // and of those in a window
	texts  []string
	ids    []int32
	stride int
	least  int // bytes of the shortest literal
	bitmap []uint64
	shift  uint
	known  table[place] // by window
}

// place is a window of a literal, with what most texts are told by that have the window but not the literal.
type place struct {
	check   uint64 // eight other bytes of the literal, or as many as it has
	mask    uint64 // of the bits that count in them
	at      int32  // where they stand, from the window on
	offset  int32  // of the window in the literal
	length  int32  // of the literal
	literal int32
}

// placeOf describes the window at a place of a masked literal.
func placeOf(literal string, n, at int, mask uint64) place {
	from := 0 // the end that is further away
	if at < len(literal)/2 {
		from = max(0, len(literal)-8)
	}
	p := place{at: int32(from - at), offset: int32(at), length: int32(len(literal)), literal: int32(n)}
	for i := range min(8, len(literal)) {
		p.check |= uint64(literal[from+i]) << (8 * i)
		p.mask |= mask & (0xff << (8 * i))
	}
	return p
}

const (
	maxStride = 8  // see compile
	maxMarks  = 18 // bits of a position in the bitmap
)

// compile chooses the windows of the literals, of which raw gives the text as it is.
func (x *windows) compile(c *Commons, raw []string) {
	x.stride, x.least = maxStride, math.MaxInt
	for _, text := range raw {
		x.stride, x.least = min(x.stride, len(text)-x.width+1), min(x.least, len(text))
	}
	x.stride = [...]int{0, 1, 2, 3, 4, 4, 6, 6, 8}[x.stride] // those that spaced is made for
	known := map[uint64][]place{}
	for n := range raw {
		from := x.rarestRun(c, raw[n], x.texts[n], known)
		for at := from; at < from+x.stride; at++ {
			w := x.windowAt([]byte(x.texts[n]), at)
			known[w] = append(known[w], placeOf(x.texts[n], n, at, x.mask))
		}
	}
	x.known = newTable(known)
	width := min(max(bits.Len(uint(len(known)*256)), 10), maxMarks) // false alarms below 1 %
	x.bitmap = make([]uint64, 1<<width/64)
	x.shift = uint(64 - width)
	for _, w := range slices.Sorted(maps.Keys(known)) {
		bit := windowHash(w) >> x.shift
		x.bitmap[bit/64] |= 1 << (bit % 64)
	}
}

// rarestRun chooses the neighbouring windows that are least likely to turn up by chance,
// and at which few other literals wait.
func (x *windows) rarestRun(c *Commons, raw, masked string, known map[uint64][]place) int {
	best, bestScore := 0, math.MinInt
	for from := 0; from+x.stride-1+x.width <= len(raw); from++ {
		score := math.MaxInt
		for at := from; at < from+x.stride; at++ {
			score = min(score, c.Rarity(raw[at:at+x.width])-2*min(len(known[x.windowAt([]byte(masked), at)]), 8))
		}
		if score > bestScore {
			best, bestScore = from, score
		}
	}
	return best
}

// windowAt is the window of a text at a place from which on it has as many bytes.
func (x *windows) windowAt(text []byte, at int) uint64 {
	if at+8 <= len(text) {
		return binary.LittleEndian.Uint64(text[at:]) & x.window
	}
	return uint64(binary.LittleEndian.Uint32(text[at:])) & x.window
}

func windowHash(w uint64) uint64 { return w * 0x9e3779b97f4a7c15 }

// find appends the ids of the literals that stand in text.
func (x *windows) find(text []byte, hits []int32) []int32 {
	switch {
	case len(text) < x.least:
		return hits
	case x.stride == 8:
		return spaced[[8]byte](x, text, hits)
	case x.stride == 6:
		return spaced[[6]byte](x, text, hits)
	case x.stride == 3:
		return spaced[[3]byte](x, text, hits)
	case x.stride == 4:
		return spaced[[4]byte](x, text, hits)
	case x.stride == 2:
		return spaced[[2]byte](x, text, hits)
	default:
		return x.every(text, hits)
	}
}

// spaced looks at windows one stride apart, four at a time. The array stands for its length: a stride that the
// compiler knows is twice as fast.
func spaced[S [2]byte | [3]byte | [4]byte | [6]byte | [8]byte](x *windows, text []byte, hits []int32) []int32 {
	var s S
	bitmap, shift, mask := x.bitmap, x.shift&63, x.window
	rest := text
	for len(rest) >= 3*len(s)+8 {
		here := rest[:3*len(s)+8]
		a := windowHash(binary.LittleEndian.Uint64(here)&mask) >> shift
		b := windowHash(binary.LittleEndian.Uint64(here[len(s):])&mask) >> shift
		c := windowHash(binary.LittleEndian.Uint64(here[2*len(s):])&mask) >> shift
		d := windowHash(binary.LittleEndian.Uint64(here[3*len(s):])&mask) >> shift
		if bitmap[a/64]&(1<<(a%64)) != 0 || bitmap[b/64]&(1<<(b%64)) != 0 || bitmap[c/64]&(1<<(c%64)) != 0 || bitmap[d/64]&(1<<(d%64)) != 0 {
			at := len(text) - len(rest)
			for i := range 4 {
				hits = x.look(text, at+i*len(s), hits)
			}
		}
		rest = rest[4*len(s):]
	}
	for at := len(text) - len(rest); at+x.width <= len(text); at += len(s) {
		hits = x.look(text, at, hits)
	}
	return hits
}

// every looks at all windows, five to a word. They are narrow ones: no literal that is long makes it necessary.
func (x *windows) every(text []byte, hits []int32) []int32 {
	bitmap, shift, mask := x.bitmap, x.shift&63, uint32(x.window)
	rest := text
	for len(rest) >= 8 {
		w := binary.LittleEndian.Uint64(rest)
		a, b, c, d, e := windowHash(uint64(uint32(w)&mask))>>shift, windowHash(uint64(uint32(w>>8)&mask))>>shift,
			windowHash(uint64(uint32(w>>16)&mask))>>shift, windowHash(uint64(uint32(w>>24)&mask))>>shift, windowHash(uint64(uint32(w>>32)&mask))>>shift
		if bitmap[a/64]&(1<<(a%64)) != 0 || bitmap[b/64]&(1<<(b%64)) != 0 || bitmap[c/64]&(1<<(c%64)) != 0 ||
			bitmap[d/64]&(1<<(d%64)) != 0 || bitmap[e/64]&(1<<(e%64)) != 0 {
			at := len(text) - len(rest)
			for i := range 5 {
				hits = x.look(text, at+i, hits)
			}
		}
		rest = rest[5:]
	}
	for at := len(text) - len(rest); at+narrow <= len(text); at++ {
		hits = x.look(text, at, hits)
	}
	return hits
}

// look looks at one window, and where it is known at the whole literal.
func (x *windows) look(text []byte, at int, hits []int32) []int32 {
	w := x.windowAt(text, at)
	if bit := windowHash(w) >> (x.shift & 63); x.bitmap[bit/64]&(1<<(bit%64)) == 0 {
		return hits
	}
	places := x.known.get(w)
	for i := range places {
		if p := &places[i]; p.fits(text, at) {
			from := at - int(p.offset)
			if literal := x.texts[p.literal]; equal(text[from:from+len(literal)], literal, x.mask) {
				hits = append(hits, x.ids[p.literal])
			}
		}
	}
	return hits
}

// fits tells whether the literal may stand in a text that has the window at a place.
func (p *place) fits(text []byte, at int) bool {
	from := at - int(p.offset)
	if from < 0 || from+int(p.length) > len(text) {
		return false
	}
	check := at + int(p.at)
	return check+8 > len(text) || (binary.LittleEndian.Uint64(text[check:])^p.check)&p.mask == 0
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
