package literal

import (
	"cmp"
	"math/bits"
	"slices"
)

// Teddy finds where in a text, whole as it lies, any of few literals may stand: each is known by four of its bytes, and 32 places are
// looked at together. It misses nothing in values that a Sieve serves, and names a place or two of an event for nothing.
// The method is Hyperscan's (Wang et al., Hyperscan, NSDI 2019), its name too.
//
//	literals   mimikatz  sekurlsa        of each the four bytes that are rarest
//	known by    ikat      kurl
//	buckets     ·         ·              eight; a literal belongs to one
//
//	byte of the text ──► its lower half ──► table ──┐ and ──► buckets in which a literal has this byte there
//	                 └─► its upper half ──► table ──┘
//
// The answers for four bytes beside each other, and together, say at which of 32 places any bucket is left.
type Teddy struct {
	tables teddyTables
}

// teddyTables hold for each of the four bytes what buckets have its lower half, then its upper half: 16 answers, written twice.
type teddyTables [2 * narrow][32]byte

const (
	buckets    = 8
	mostTeddy  = 12 * buckets // literals: with more, a bucket holds so many that places are named for nothing
	teddyBlock = 32           // places that are looked at together
)

// Teddy compiles the literals, which must be folded: nil where there are too many, where one is too short or anchored, or where the
// processor cannot look at many places together.
func (b *Builder) Teddy() *Teddy {
	if !hasTeddy() || len(b.literals) > mostTeddy {
		return nil
	}
	var known []string
	for i, e := range b.literals {
		raw, ok := escaped(e.text)
		if !ok {
			continue // as in a Sieve: it cannot stand in a text that is ASCII
		}
		if b.anchors[i] != Anywhere || len(raw) < narrow {
			return nil
		}
		known = append(known, b.Commons.rarest(raw))
	}
	slices.SortFunc(known, cmp.Compare) // neighbours share bytes, and so a bucket
	t := &Teddy{}
	for n, window := range known {
		t.tables.add(window, 1<<(n*buckets/len(known)))
	}
	return t
}

// rarest is the window of a literal that is least likely to turn up by chance.
func (c *Commons) rarest(text string) (best string) {
	score := -1
	for at := 0; at+narrow <= len(text); at++ {
		if s := c.narrow(text[at : at+narrow]); s > score {
			best, score = text[at:at+narrow], s
		}
	}
	return best
}

// add makes a bucket answer to a window of a folded literal, and to its small letters.
func (t *teddyTables) add(window string, bucket byte) {
	for i := range narrow {
		c := window[i]
		t.mark(i, c, bucket)
		if c |= 0x20; 'a' <= c && c <= 'z' {
			t.mark(i, c, bucket)
		}
	}
}

func (t *teddyTables) mark(i int, c, bucket byte) {
	for half := 0; half < 32; half += 16 {
		t[2*i][half+int(c&15)] |= bucket
		t[2*i+1][half+int(c>>4)] |= bucket
	}
}

// Find appends the places at which a literal's four bytes may stand, in rising order.
func (t *Teddy) Find(text []byte, places []int32) []int32 {
	const behind = narrow - 1 // bytes that are read beyond a block
	var found [64]uint32
	at := 0
	for whole := max(0, len(text)-behind) / teddyBlock; whole > 0; {
		n := min(whole, len(found))
		if teddyBlocks(&t.tables, text[at:], n, &found) {
			places = appendPlaces(places, found[:n], at)
		}
		whole, at = whole-n, at+n*teddyBlock
	}
	var rest [2*teddyBlock + behind]byte
	copy(rest[:], text[at:])
	if teddyBlocks(&t.tables, rest[:], 2, &found) {
		places = appendPlaces(places, found[:2], at)
	}
	return places
}

// appendPlaces lists the bits that are set; the first stands for the place from.
func appendPlaces(places []int32, found []uint32, from int) []int32 {
	for i, word := range found {
		for ; word != 0; word &= word - 1 {
			places = append(places, int32(from+i*teddyBlock+bits.TrailingZeros32(word)))
		}
	}
	return places
}
