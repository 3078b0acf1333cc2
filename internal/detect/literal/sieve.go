package literal

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// Sieve finds which literals may stand in a value of a JSON text, without undoing escapes
// and without folding: it looks at the text as it lies there. It misses nothing and may name too much, so
// that whoever asks has to look again. The text must be escaped as JSON demands and no further: \" and \n, but neither \/ nor \u000a; and it must be one that it Serves.
//
//	literal   C:\TEMP\X
//	escaped   C:\\TEMP\\X    as the text has it
//	masked    one bit of each byte is dropped, by which letters differ in case
type Sieve struct {
	literals []masked // those that are anchored
	always   []int32  // ids of literals that every text may hold
	narrow   bool     // some literals are not ASCII and were left out

	anywhere            anywhere // of those that may stand anywhere
	shorts              *pairs   // and are shorter than a window
	whole, starts, ends table[int32]
	startLen, endLen    []int // distinct key lengths, in bytes of the text
	tails               tails // with which the literals of ends end
}

// masked is a literal as the text has it, without case.
type masked struct {
	text string
	id   int32
}

const caseless = 0xdfdfdfdfdfdfdfdf

// Sieve compiles the literals, which must be folded, for text as it lies.
func (b *Builder) Sieve() *Sieve {
	s := &Sieve{}
	whole, starts, ends := keys{}, keys{}, keys{}
	var raws, masks, shorts []string
	var ids, shortIDs []int32
	for i, e := range b.literals {
		raw, ok := escaped(e.text)
		if !ok {
			s.narrow = true
			continue
		}
		m := masked{string(mask([]byte(raw))), e.id}
		key, n := min(len(raw), longKey), len(s.literals)
		switch at := b.anchors[i]; {
		case at == Whole:
			whole.add(wholeKey([]byte(m.text)), n)
		case raw == "":
			s.always = append(s.always, e.id)
			continue
		case at == Start:
			starts.add(anchoredKey([]byte(m.text[:key])), n)
			s.startLen = insert(s.startLen, key)
		case at == End:
			ends.add(anchoredKey([]byte(m.text[len(m.text)-key:])), n)
			s.endLen = insert(s.endLen, key)
			s.tails.add(m.text)
		case len(raw) < narrow:
			shorts, shortIDs = append(shorts, m.text), append(shortIDs, e.id)
			continue
		default:
			raws, masks, ids = append(raws, raw), append(masks, m.text), append(ids, e.id)
			continue
		}
		s.literals = append(s.literals, m)
	}
	s.whole, s.starts, s.ends = newTable(whole), newTable(starts), newTable(ends)
	s.anywhere = newAnywhere(b.Commons, raws, masks, ids, caseless)
	s.shorts = newPairs(shorts, shortIDs, caseless)
	return s
}

// Serves tells whether the sieve can be used on a text that is not ASCII: it knows no literal that is not,
// and two characters that are no letters of ASCII are folded to such.
func (s *Sieve) Serves(text []byte) bool {
	return !s.narrow && !bytes.Contains(text, []byte("\u212a")) && !bytes.Contains(text, []byte("\u017f"))
}

// Anywhere appends the ids of literals that may stand anywhere in text.
func (s *Sieve) Anywhere(text []byte, hits []int32) []int32 {
	return s.shorts.find(text, s.anywhere.find(text, append(hits, s.always...)))
}

// Anchored tells whether any literal wants to be the whole text, its start or its end.
func (s *Sieve) Anchored() bool { return s.whole.filled() || len(s.startLen)+len(s.endLen) > 0 }

// Ends appends the ids of literals that may be the whole text, stand at its start or at its end.
func (s *Sieve) Ends(text []byte, hits []int32) []int32 {
	if s.whole.filled() {
		for _, i := range s.whole.get(maskedWholeKey(text)) {
			if m := &s.literals[i]; len(m.text) == len(text) && equal(text, m.text, caseless) {
				hits = append(hits, m.id)
			}
		}
	}
	for _, n := range s.startLen {
		if n > len(text) {
			continue
		}
		for _, i := range s.starts.get(maskedKey(text[:n])) {
			if m := &s.literals[i]; len(m.text) <= len(text) && equal(text[:len(m.text)], m.text, caseless) {
				hits = append(hits, m.id)
			}
		}
	}
	if !s.tails.has(text) {
		return hits
	}
	for _, n := range s.endLen {
		if n > len(text) {
			continue
		}
		for _, i := range s.ends.get(maskedKey(text[len(text)-n:])) {
			if m := &s.literals[i]; len(m.text) <= len(text) && equal(text[len(text)-len(m.text):], m.text, caseless) {
				hits = append(hits, m.id)
			}
		}
	}
	return hits
}

// tails says of the last two bytes of a text, masked, whether any literal may end with them.
type tails [16]uint64

func (t *tails) add(literal string) {
	if len(literal) == 1 {
		for first := range 256 {
			t.mark(byte(first), literal[0])
		}
		return
	}
	t.mark(literal[len(literal)-2], literal[len(literal)-1])
}

func (t *tails) mark(a, b byte) { n := t.bit(a, b); t[n/64] |= 1 << (n % 64) }

// has answers for texts of two bytes or more; of others it cannot tell.
func (t *tails) has(text []byte) bool {
	if len(text) < 2 {
		return true
	}
	n := t.bit(text[len(text)-2]&0xdf, text[len(text)-1]&0xdf)
	return t[n/64]&(1<<(n%64)) != 0
}

// bit takes five bits of each byte, in which letters differ.
func (t *tails) bit(a, b byte) uint { return uint(a&0x1f)<<5 | uint(b&0x1f) }

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
