package literal

import (
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// Sieve finds which literals may stand in a value of a JSON text, without undoing escapes
// and without folding: it looks at the text as it lies there. It misses nothing and may name too much, so
// that whoever asks has to look again. Literals that are too short for it are left to Set.Shorts. The text must be ASCII, and escaped as JSON demands and no
// further: \" and \n, but neither \/ nor \u000a.
//
//	literal   C:\TEMP\X             as the text has it: C:\\TEMP\\X
//	masked    one bit of each byte is dropped, by which letters differ in case
//	windows   of four bytes; only every stride-th of the text is looked at, so each literal is
//	          known by as many windows, one of which must fall on a place that is looked at
type Sieve struct {
	literals []masked
	always   []int32 // ids of literals that every text may hold

	stride  int
	bitmap  []uint64
	shift   uint
	windows table // masked window: places
	places  []place

	whole, starts, ends table
	startLen, endLen    []int // distinct key lengths, in bytes of the text
}

// masked is a literal as the text has it, without case.
type masked struct {
	text string
	id   int32
}

// place is a window of a literal.
type place struct {
	literal int32
	offset  int32
}

const (
	maxStride = 8
	caseless  = 0xdfdfdfdfdfdfdfdf
	caseless4 = 0xdfdfdfdf
	maxMarks  = 18 // bits of a position in the bitmap
)

// Sieve compiles the literals, which must be folded, for raw text.
func (b *Builder) Sieve() *Sieve {
	s := &Sieve{stride: maxStride}
	whole, starts, ends := keys{}, keys{}, keys{}
	anywhere := map[int]string{} // literals told by windows, as the text has them
	for i, e := range b.literals {
		raw, ok := escaped(e.text)
		if !ok {
			continue // no text for a sieve holds it
		}
		m := masked{string(mask([]byte(raw))), e.id}
		n, at := len(s.literals), b.anchors[i]
		key := min(len(m.text), longKey)
		switch {
		case at == Whole:
			whole.add(wholeKey([]byte(m.text)), n)
		case raw == "":
			s.always = append(s.always, e.id)
		case at == Start:
			starts.add(anchoredKey([]byte(m.text[:key])), n)
			s.startLen = insert(s.startLen, key)
		case at == End:
			ends.add(anchoredKey([]byte(m.text[len(m.text)-key:])), n)
			s.endLen = insert(s.endLen, key)
		case len(raw) < window: // see Set.Shorts
		default:
			anywhere[n] = raw
			s.stride = min(s.stride, len(raw)-window+1)
		}
		s.literals = append(s.literals, m)
	}
	s.whole, s.starts, s.ends = newTable(whole), newTable(starts), newTable(ends)
	s.index(anywhere)
	return s
}

// index enters stride neighbouring windows of each literal.
func (s *Sieve) index(anywhere map[int]string) {
	if len(anywhere) == 0 {
		return
	}
	windows := keys{}
	for _, n := range slices.Sorted(maps.Keys(anywhere)) {
		text := s.literals[n].text
		from := s.rarestRun(anywhere[n], text, windows)
		for at := from; at < from+s.stride; at++ {
			windows.add(uint64(binary.LittleEndian.Uint32([]byte(text[at:]))), len(s.places))
			s.places = append(s.places, place{int32(n), int32(at)})
		}
	}
	s.windows = newTable(windows)
	width := min(max(bits.Len(uint(len(windows)*256)), 10), maxMarks) // false alarms below 1 %
	s.bitmap = make([]uint64, 1<<width/64)
	s.shift = uint(32 - width)
	for w := range windows {
		bit := windowHash(uint32(w)) >> s.shift
		s.bitmap[bit/64] |= 1 << (bit % 64)
	}
}

// rarestRun chooses the neighbouring windows that are least likely to turn up by chance,
// and at which few other literals wait.
func (s *Sieve) rarestRun(raw, masked string, taken keys) int {
	best, bestScore := 0, -1<<30
	for from := 0; from+s.stride-1+window <= len(raw); from++ {
		score := 1 << 30
		for at := from; at < from+s.stride; at++ {
			others := len(taken[uint64(binary.LittleEndian.Uint32([]byte(masked[at:])))])
			score = min(score, rarity(raw[at:at+window])-2*min(others, 8))
		}
		if score > bestScore {
			best, bestScore = from, score
		}
	}
	return best
}

// Anywhere appends the ids of literals that may stand anywhere in text.
func (s *Sieve) Anywhere(text []byte, hits []int32) []int32 {
	hits = append(hits, s.always...)
	if s.bitmap != nil {
		if s.stride == 1 {
			hits = s.everyWindow(text, hits)
		} else {
			hits = s.someWindows(text, hits)
		}
	}
	return hits
}

// someWindows looks at every stride-th window, four at a time.
func (s *Sieve) someWindows(text []byte, hits []int32) []int32 {
	bitmap, shift, stride := s.bitmap, s.shift, s.stride
	at := 0
	for ; at+3*stride+window <= len(text); at += 4 * stride {
		here := text[at : at+3*stride+window]
		a := windowHash(binary.LittleEndian.Uint32(here)&caseless4) >> shift
		b := windowHash(binary.LittleEndian.Uint32(here[stride:])&caseless4) >> shift
		c := windowHash(binary.LittleEndian.Uint32(here[2*stride:])&caseless4) >> shift
		d := windowHash(binary.LittleEndian.Uint32(here[3*stride:])&caseless4) >> shift
		if (bitmap[a/64]>>(a%64)|bitmap[b/64]>>(b%64)|bitmap[c/64]>>(c%64)|bitmap[d/64]>>(d%64))&1 == 0 {
			continue
		}
		for i := range 4 {
			hits = s.look(text, at+i*stride, hits)
		}
	}
	for ; at+window <= len(text); at += stride {
		hits = s.look(text, at, hits)
	}
	return hits
}

// look looks at one window.
func (s *Sieve) look(text []byte, at int, hits []int32) []int32 {
	w := binary.LittleEndian.Uint32(text[at:]) & caseless4
	if bit := windowHash(w) >> s.shift; s.bitmap[bit/64]>>(bit%64)&1 != 0 {
		return s.verify(text, at, w, hits)
	}
	return hits
}

// everyWindow looks at all windows, five to a word.
func (s *Sieve) everyWindow(text []byte, hits []int32) []int32 {
	bitmap, shift := s.bitmap, s.shift
	at := 0
	for ; at+8 <= len(text); at += 5 {
		word := binary.LittleEndian.Uint64(text[at:]) & caseless
		a, b, c, d, e := windowHash(uint32(word))>>shift, windowHash(uint32(word>>8))>>shift, windowHash(uint32(word>>16))>>shift,
			windowHash(uint32(word>>24))>>shift, windowHash(uint32(word>>32))>>shift
		any := bitmap[a/64]>>(a%64) | bitmap[b/64]>>(b%64) | bitmap[c/64]>>(c%64) | bitmap[d/64]>>(d%64) | bitmap[e/64]>>(e%64)
		if any&1 == 0 {
			continue
		}
		for i := range 5 {
			hits = s.look(text, at+i, hits)
		}
	}
	for ; at+window <= len(text); at++ {
		hits = s.look(text, at, hits)
	}
	return hits
}

func (s *Sieve) verify(text []byte, at int, w uint32, hits []int32) []int32 {
	for _, i := range s.windows.get(uint64(w)) {
		p := &s.places[i]
		m := &s.literals[p.literal]
		if from := at - int(p.offset); from >= 0 && from+len(m.text) <= len(text) && equal(text[from:from+len(m.text)], m.text) {
			hits = append(hits, m.id)
		}
	}
	return hits
}

// Anchored tells whether any literal wants to be the whole text, its start or its end.
func (s *Sieve) Anchored() bool { return s.whole.filled() || len(s.startLen)+len(s.endLen) > 0 }

// Ends appends the ids of literals that may be the whole text, stand at its start or at its end.
func (s *Sieve) Ends(text []byte, hits []int32) []int32 {
	if s.whole.filled() {
		for _, i := range s.whole.get(maskedWholeKey(text)) {
			if m := &s.literals[i]; len(m.text) == len(text) && equal(text, m.text) {
				hits = append(hits, m.id)
			}
		}
	}
	for _, n := range s.startLen {
		if n > len(text) {
			continue
		}
		for _, i := range s.starts.get(maskedKey(text[:n])) {
			if m := &s.literals[i]; len(m.text) <= len(text) && equal(text[:len(m.text)], m.text) {
				hits = append(hits, m.id)
			}
		}
	}
	for _, n := range s.endLen {
		if n > len(text) {
			continue
		}
		for _, i := range s.ends.get(maskedKey(text[len(text)-n:])) {
			if m := &s.literals[i]; len(m.text) <= len(text) && equal(text[len(text)-len(m.text):], m.text) {
				hits = append(hits, m.id)
			}
		}
	}
	return hits
}

// equal compares a text, masked on the way, with a masked one of the same length.
func equal(text []byte, m string) bool {
	for len(m) >= 8 {
		if (binary.LittleEndian.Uint64(text)^binary.LittleEndian.Uint64([]byte(m[:8])))&caseless != 0 {
			return false
		}
		text, m = text[8:], m[8:]
	}
	for i := range len(m) {
		if (text[i]^m[i])&0xdf != 0 {
			return false
		}
	}
	return true
}

// maskedKey is anchoredKey of a text that is masked on the way.
func maskedKey(b []byte) uint64 {
	if len(b) == longKey {
		return binary.LittleEndian.Uint64(b) & caseless
	}
	key := uint64(len(b)) << 56
	for i, c := range b {
		key |= uint64(c&0xdf) << (8 * i)
	}
	return key
}

// maskedWholeKey is wholeKey likewise.
func maskedWholeKey(b []byte) uint64 {
	if len(b) <= longKey {
		return maskedKey(b)
	}
	return mixWhole(binary.LittleEndian.Uint64(b)&caseless, binary.LittleEndian.Uint64(b[(len(b)-longKey)/2:])&caseless,
		binary.LittleEndian.Uint64(b[len(b)-longKey:])&caseless, len(b))
}

// mask drops the bit by which ASCII letters differ in case.
func mask(text []byte) []byte {
	m := slices.Clone(text)
	for i := range m {
		m[i] &= 0xdf
	}
	return m
}

// escaped is a text as it stands inside a JSON string that escapes no more than it must. It is not
// ok for one that cannot stand there: that is not ASCII, or must be written by its number.
func escaped(text string) (raw string, ok bool) {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch at := strings.IndexByte("\"\\\b\f\n\r\t", c); {
		case at >= 0:
			b.WriteByte('\\')
			b.WriteByte("\"\\bfnrt"[at])
		case c < ' ' || c >= 0x80:
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}
