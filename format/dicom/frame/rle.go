package frame

import "encoding/binary"

const (
	rleHeader   = 64 // PS3.5 G.5
	rleSegments = 15
)

// RLE unpacks a frame of the transfer syntax RLE Lossless (PS3.5 G). limit bounds the bytes of the result.
func RLE(data []byte, g Geometry, limit int) ([]byte, error) {
	size := g.Size(limit)
	if size == 0 {
		return nil, &Error{Reason: "no geometry, or one beyond the limit"}
	}
	if size > 64*len(data) { // two bytes make 128 at most: nothing is set aside for what cannot be there
		return nil, &Error{Reason: "too short for its geometry"}
	}
	starts, err := rleStarts(data, g.Samples*g.BytesPerSample)
	if err != nil {
		return nil, err
	}
	out := make([]byte, size)
	for i, start := range starts {
		end := len(data)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		// The segments of a sample stand from its high byte to its low one (PS3.5 G.2).
		sample, place := i/g.BytesPerSample, g.BytesPerSample-1-i%g.BytesPerSample
		if err := unpack(out[sample*g.BytesPerSample+place:], g.Samples*g.BytesPerSample, data[:end], start); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rleStarts reads the header: how many segments there are, and where each begins.
func rleStarts(data []byte, want int) ([]int, error) {
	if len(data) < rleHeader {
		return nil, &Error{Reason: "shorter than the header"}
	}
	if n := binary.LittleEndian.Uint32(data); want > rleSegments || n != uint32(want) {
		return nil, &Error{Reason: "not as many segments as the samples have bytes"}
	}
	starts := make([]int, want)
	last := uint32(rleHeader)
	for i := range starts {
		at := binary.LittleEndian.Uint32(data[4+4*i:])
		if at < last || uint64(at) > uint64(len(data)) {
			return nil, &Error{Offset: 4 + 4*i, Reason: "a segment outside of the frame, or out of order"}
		}
		starts[i], last = int(at), at
	}
	return starts, nil
}

// unpack writes a segment of data, which begins at pos, into every step'th byte of out (PS3.5 G.3.2). What is left over behind the
// last pixel is padding.
func unpack(out []byte, step int, data []byte, pos int) error {
	at := 0
	for at < len(out) {
		if pos+1 >= len(data) {
			return &Error{Offset: pos, Reason: "a segment ends before the frame is full"}
		}
		control := int(int8(data[pos]))
		pos++
		switch {
		case control >= 0:
			n := control + 1
			if pos+n > len(data) || at+(n-1)*step >= len(out) {
				return &Error{Offset: pos, Reason: "a literal run beyond the segment or the frame"}
			}
			for _, c := range data[pos : pos+n] {
				out[at] = c
				at += step
			}
			pos += n
		case control > -128:
			n := 1 - control
			if at+(n-1)*step >= len(out) {
				return &Error{Offset: pos, Reason: "a replicate run beyond the frame"}
			}
			for range n {
				out[at] = data[pos]
				at += step
			}
			pos++
		}
	}
	return nil
}
