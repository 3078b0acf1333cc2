// Package literal finds which of many known strings stand in a short text, at a
// cost that hardly grows with their number.
//
// A string is looked for where its anchor says: as the whole text, at its start, at
// its end, or anywhere. Anchored strings cost one table lookup for each distinct key
// length. Strings that may stand anywhere are told by windows of four bytes, rare ones where there is a choice:
//
//	text      C : \ T E M P \ M I M I K A T Z . E X E
//	windows            └──┬──┘
//	                      ├─ bitmap: does any string own this window?   (mostly no)
//	                      ├─ table:  which strings own it?
//	                      └─ verify: is the whole string here?
//
// A Set compares bytes: who wants to ignore case folds strings and texts first. A Sieve does without folding, and
// is content with strings that may be there.
package literal

import (
	"bytes"
	"encoding/binary"
)

// Anchor says where a literal must stand in the text.
type Anchor uint8

// The anchors.
const (
	Whole Anchor = iota
	Start
	End
	Anywhere
)

const longKey = 8 // bytes by which an anchored literal is told

// Set is a compiled set of literals. It never changes and may be searched by many at once.
type Set struct {
	literals []entry
	wide     []int32 // literals other than ASCII that may stand anywhere and are shorter than a window
	always   []int32 // empty literals that every text holds

	anywhere anywhere // of those that may stand anywhere
	shorts   *pairs   // of those that are ASCII and shorter than a window
	whole    table[int32]
	starts   table[int32]
	ends     table[int32]
	startLen []int // distinct key lengths in starts
	endLen   []int
}

type entry struct {
	text  string
	bytes []byte // the same, for short ones
	id    int32
}

// Find appends the ids of the literals that stand in text to hits. An id may be
// appended more than once.
func (s *Set) Find(text []byte, hits []int32) []int32 {
	hits = append(hits, s.always...)
	if s.whole.filled() {
		hits = s.verifyWhole(text, hits)
	}
	for _, n := range s.startLen {
		if n <= len(text) {
			for _, i := range s.starts.get(anchoredKey(text[:n])) {
				if e := &s.literals[i]; len(e.text) <= len(text) && string(text[:len(e.text)]) == e.text {
					hits = append(hits, e.id)
				}
			}
		}
	}
	for _, n := range s.endLen {
		if n <= len(text) {
			for _, i := range s.ends.get(anchoredKey(text[len(text)-n:])) {
				if e := &s.literals[i]; len(e.text) <= len(text) && string(text[len(text)-len(e.text):]) == e.text {
					hits = append(hits, e.id)
				}
			}
		}
	}
	return s.findWide(text, s.shorts.find(text, s.anywhere.find(text, hits)))
}

func (s *Set) verifyWhole(text []byte, hits []int32) []int32 {
	for _, i := range s.whole.get(wholeKey(text)) {
		if e := &s.literals[i]; string(text) == e.text {
			hits = append(hits, e.id)
		}
	}
	return hits
}

// findWide looks for short literals other than ASCII one by one. Most are single characters, and most texts have
// none of these.
func (s *Set) findWide(text []byte, hits []int32) []int32 {
	if len(s.wide) == 0 || isASCII(text) {
		return hits
	}
	for _, i := range s.wide {
		if e := &s.literals[i]; bytes.Contains(text, e.bytes) {
			hits = append(hits, e.id)
		}
	}
	return hits
}

func isASCII(text []byte) bool {
	for len(text) >= 8 {
		if binary.LittleEndian.Uint64(text)&0x8080808080808080 != 0 {
			return false
		}
		text = text[8:]
	}
	for _, c := range text {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// anchoredKey packs up to eight bytes and their number.
func anchoredKey(b []byte) uint64 {
	if len(b) == longKey {
		return binary.LittleEndian.Uint64(b)
	}
	key := uint64(len(b)) << 56
	for i, c := range b {
		key |= uint64(c) << (8 * i)
	}
	return key
}

// wholeKey mixes the length and both ends of a text; verification settles the rest.
func wholeKey(b []byte) uint64 {
	if len(b) <= longKey {
		return anchoredKey(b)
	}
	return mixWhole(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[(len(b)-longKey)/2:]),
		binary.LittleEndian.Uint64(b[len(b)-longKey:]), len(b))
}

func mixWhole(head, middle, tail uint64, n int) uint64 {
	return (head*0x9e3779b97f4a7c15^tail+middle*3)*0xe7037ed1a0b428db + uint64(n)
}
