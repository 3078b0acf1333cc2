package frame

// huffman is a table of codes for the number of bits of a difference (ISO/IEC 10918-1 C, F.2.2.3).
type huffman struct {
	quick  [256]uint16 // by the next eight bits: length of the code << 8 | value; 0 when it is longer
	most   [17]int32   // the largest code of each length, -1 for none
	first  [17]int32   // what to add to a code of that length for its place in values
	values []byte
}

// huffmanTables reads DHT (B.2.4.2).
func (d *jpeg) huffmanTables(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 != 0 || b[0] > 3 {
			return d.fail("a Huffman table that lossless JPEG does not have")
		}
		n := 0
		for _, c := range b[1:17] {
			n += int(c)
		}
		if n > 17 || len(b) < 17+n {
			return d.fail("a Huffman table of the wrong length")
		}
		h, ok := newHuffman(b[1:17], b[17:17+n])
		if !ok {
			return d.fail("a Huffman table whose codes do not fit")
		}
		d.tables[b[0]] = h
		b = b[17+n:]
	}
	return nil
}

// newHuffman makes the codes of counts[i] values each that are i+1 bits long.
func newHuffman(counts, values []byte) (*huffman, bool) {
	h := &huffman{values: values}
	code, k := int32(0), int32(0)
	for n := 1; n <= 16; n++ {
		h.first[n] = k - code
		h.most[n] = -1
		for range counts[n-1] {
			if code >= 1<<n || values[k] > 16 {
				return nil, false
			}
			if n <= 8 {
				for i := range int32(1) << (8 - n) {
					h.quick[code<<(8-n)|i] = uint16(n)<<8 | uint16(values[k])
				}
			}
			h.most[n] = code
			code++
			k++
		}
		code <<= 1
	}
	return h, true
}

// bits reads the entropy-coded data of a scan.
type bits struct {
	data   []byte
	pos    int
	acc    uint32 // the next bits, from the top
	count  int    // of bits in acc
	padded int    // bits among them, at the end, that the data does not have
}

// fill makes sure of at least 25 bits. Behind the end, and where a marker stands, come zeros.
func (b *bits) fill() {
	for b.count <= 24 {
		var c byte
		switch {
		case b.pos < len(b.data) && b.data[b.pos] != 0xFF:
			c = b.data[b.pos]
			b.pos++
		case b.pos+1 < len(b.data) && b.data[b.pos+1] == 0: // a stuffed byte, B.1.1.5
			c = 0xFF
			b.pos += 2
		default:
			b.padded += 8
		}
		b.acc |= uint32(c) << (24 - b.count)
		b.count += 8
	}
}

// short tells that bits were taken which the data does not have.
func (b *bits) short() bool { return b.count < b.padded }

// take returns the next n bits, of which there are enough.
func (b *bits) take(n int) uint32 {
	v := b.acc >> (32 - n)
	b.acc <<= n
	b.count -= n
	return v
}

// difference reads one difference: the number of its bits by a code of h, and the bits (H.1.2.2). ok is false for
// a code that h does not have.
func (b *bits) difference(h *huffman) (diff int32, ok bool) {
	b.fill()
	var size int
	if q := h.quick[b.acc>>24]; q != 0 {
		b.take(int(q >> 8))
		size = int(q & 0xFF)
	} else {
		n := 9
		for ; n <= 16; n++ {
			if code := int32(b.acc >> (32 - n)); code <= h.most[n] {
				size = int(h.values[h.first[n]+code])
				break
			}
		}
		if n > 16 {
			return 0, false
		}
		b.take(n)
	}
	if size == 0 {
		return 0, true
	}
	if size == 16 {
		return 32768, true
	}
	b.fill()
	diff = int32(b.take(size))
	if diff < 1<<(size-1) {
		diff += -1<<size + 1
	}
	return diff, true
}
