package digest

import "github.com/wardline/wardline/format/dicom"

// plain tells frames that are hashed as they come: whole bytes, pixel by pixel.
func (p *pixelHasher) plain() bool { return !p.planar && p.frameBits%8 == 0 }

// frameBytes is how many bytes the frame at hand has still to get, when nothing but its first bits is there.
func (p *pixelHasher) frameBytes() int64 {
	n := (int64(p.shift) + p.frameBits + 7) / 8
	if p.shift > 0 {
		n-- // the first one is in buf
	}
	return n
}

// swap turns numbers in big endian round, piece by piece, and takes them in. Only whole numbers are turned: the pieces, and the frames
// of 8-bit samples in 16-bit words, may end within one (PS3.5 8.1.1, annex D).
func (p *pixelHasher) swap(b []byte) {
	size := p.element.VR.Size()
	if p.swapped == nil {
		p.swapped = make([]byte, piece)
	}
	for len(b) > 0 {
		n := p.odd + copy(p.swapped[p.odd:], b)
		b = b[n-p.odd:]
		p.odd = n % size
		dicom.Swap(p.swapped[:n-p.odd], size)
		p.native(p.swapped[:n-p.odd])
		copy(p.swapped, p.swapped[n-p.odd:n])
	}
}

// native takes in samples in little endian, and ends frames where they end.
func (p *pixelHasher) native(b []byte) {
	for p.left > 0 && len(b) > 0 {
		n := min(int64(len(b)), p.left)
		if p.whole || p.plain() {
			p.hash.Write(b[:n])
		} else {
			p.buf = append(p.buf, b[:n]...)
		}
		b = b[n:]
		if p.left -= n; p.left == 0 && !p.whole {
			p.endNative()
		}
	}
}

func (p *pixelHasher) endNative() {
	if !p.plain() {
		p.arrange()
	}
	p.add(Frame{Samples: p.take(Samples)})
	if len(p.frames) < p.number {
		p.start(samplesTitle)
		p.left = p.frameBytes()
	}
}

// arrange hashes a frame that had to be gathered: as pixels when its samples come plane by plane, and from its first bit on when frames do not end with a
// byte. Bits behind its last one are zero.
func (p *pixelHasher) arrange() {
	last := p.buf[len(p.buf)-1]
	if p.planar && p.frameBits%8 == 0 {
		p.hash.Write(interleave(p.buf, p.Samples, p.bits/8))
		p.buf = p.buf[:0]
		return
	}
	used := int64(p.shift) + p.frameBits
	frame := p.buf
	for i := range frame {
		frame[i] >>= p.shift
		if i+1 < len(frame) {
			frame[i] |= frame[i+1] << (8 - p.shift)
		}
	}
	frame = frame[:(p.frameBits+7)/8]
	if rest := p.frameBits % 8; rest > 0 {
		frame[len(frame)-1] &= 1<<rest - 1
	}
	p.hash.Write(frame)
	p.buf = p.buf[:0]
	if p.shift = int(used % 8); p.shift > 0 {
		p.buf = append(p.buf, last)
	}
}

// interleave turns planes into pixels.
func interleave(planes []byte, samples, size int) []byte {
	if size == 0 {
		return planes
	}
	out := make([]byte, len(planes))
	pixels := len(planes) / samples / size
	for s := range samples {
		plane := planes[s*pixels*size : (s+1)*pixels*size]
		for i := range pixels {
			copy(out[(i*samples+s)*size:], plane[i*size:(i+1)*size])
		}
	}
	return out
}
