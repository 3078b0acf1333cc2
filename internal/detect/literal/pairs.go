package literal

import "encoding/binary"

// pairs finds literals of one to three bytes, which are too short for windows, by their first two: one bit says
// of each pair of bytes whether any literal begins with it.
type pairs struct {
	mask   uint64        // of the bits that count, in every byte
	bitmap *[1024]uint64 // by pair
	texts  []string
	ids    []int32
	single table[int32] // first byte: literals that are nothing more
	double table[int32] // pair: the others
}

// newPairs compiles masked literals.
func newPairs(masked []string, ids []int32, mask uint64) *pairs {
	if len(masked) == 0 {
		return nil
	}
	p := &pairs{mask: mask, bitmap: new([1024]uint64), texts: masked, ids: ids}
	single, double := keys{}, keys{}
	for n, text := range masked {
		if len(text) == 1 {
			single.add(uint64(text[0]), n)
			for second := range 256 {
				p.mark(uint16(text[0]) | uint16(second)<<8)
			}
			continue
		}
		pair := uint16(text[0]) | uint16(text[1])<<8
		double.add(uint64(pair), n)
		p.mark(pair)
	}
	p.single, p.double = newTable(single), newTable(double)
	return p
}

func (p *pairs) mark(pair uint16) { p.bitmap[pair/64] |= 1 << (pair % 64) }

// find appends the ids of the literals that stand in text.
func (p *pairs) find(text []byte, hits []int32) []int32 {
	if p == nil {
		return hits
	}
	bitmap, mask := p.bitmap, p.mask
	rest := text
	for len(rest) >= 8 {
		w := binary.LittleEndian.Uint64(rest) & mask
		a, b, c, d, e, f, g := uint16(w), uint16(w>>8), uint16(w>>16), uint16(w>>24), uint16(w>>32), uint16(w>>40), uint16(w>>48)
		if bitmap[a/64]&(1<<(a%64)) != 0 || bitmap[b/64]&(1<<(b%64)) != 0 || bitmap[c/64]&(1<<(c%64)) != 0 || bitmap[d/64]&(1<<(d%64)) != 0 ||
			bitmap[e/64]&(1<<(e%64)) != 0 || bitmap[f/64]&(1<<(f%64)) != 0 || bitmap[g/64]&(1<<(g%64)) != 0 {
			for i := range 7 {
				hits = p.look(rest[i:], hits)
			}
		}
		rest = rest[7:]
	}
	for ; len(rest) > 0; rest = rest[1:] {
		hits = p.look(rest, hits)
	}
	return hits
}

// look looks for the literals with which text may begin.
func (p *pairs) look(text []byte, hits []int32) []int32 {
	pair := uint16(text[0])
	if len(text) > 1 {
		pair |= uint16(text[1]) << 8
	}
	if pair &= uint16(p.mask); p.bitmap[pair/64]&(1<<(pair%64)) == 0 {
		return hits
	}
	for _, n := range p.single.get(uint64(pair & 0xff)) {
		hits = append(hits, p.ids[n])
	}
	for _, n := range p.double.get(uint64(pair)) {
		if m := p.texts[n]; len(text) >= len(m) && equal(text[:len(m)], m, p.mask) {
			hits = append(hits, p.ids[n])
		}
	}
	return hits
}
