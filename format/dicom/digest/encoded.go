package digest

import (
	"crypto/sha256"
	"io"
	"strings"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/frame"
)

// fragment begins a fragment, of which the first bytes are given, and with it a frame where one begins. Where frames begin is
// told by the fragments themselves, never by the Basic Offset Table, which is no content: with RLE each is a frame (PS3.5 A.4.2), and the
// others begin a frame where an image begins. All fragments of a single frame are one.
func (p *pixelHasher) fragment(lead []byte) {
	if p.err != nil {
		return
	}
	if p.open && (p.number == 1 || p.syntax != dicom.RLELossless && !beginsImage(lead)) {
		return
	}
	p.endEncoded()
	p.start(encodedTitle)
	io.WriteString(p.hash, string(p.syntax)+"\n")
	p.open, p.buf = true, p.buf[:0]
}

// beginsImage tells the first bytes of JPEG and JPEG-LS, of JPEG 2000, and of JPEG XL.
func beginsImage(lead []byte) bool {
	return len(lead) >= 2 && lead[0] == 0xFF && (lead[1] == 0xD8 || lead[1] == 0x4F || lead[1] == 0x0A)
}

// isVideo tells the transfer syntaxes of films, which are one stream of all frames (PS3.5 8.2.5 to 8.2.8).
func isVideo(s dicom.Syntax) bool {
	return strings.HasPrefix(string(s), "1.2.840.10008.1.2.4.10") && len(s) == len("1.2.840.10008.1.2.4.100")
}

// encoded takes in the next bytes of a fragment.
func (p *pixelHasher) encoded(b []byte) {
	p.hash.Write(b)
	if decoder(p.syntax) == nil {
		return
	}
	if len(p.buf)+len(b) > p.lim.Bytes {
		p.fail(reasonLong)
		return
	}
	p.buf = append(p.buf, b...)
}

// decoder unpacks the frames of a transfer syntax; nil where it must not be needed.
func decoder(s dicom.Syntax) func([]byte, frame.Geometry, int) ([]byte, error) {
	switch s {
	case dicom.RLELossless:
		return frame.RLE
	case dicom.JPEGLossless, dicom.JPEGLosslessSV1:
		return frame.LosslessJPEG
	}
	return nil
}

// most is how many bytes the decoders make of one at most.
const most = 64

// endEncoded digests the frame at hand, if there is one. A frame that cannot be unpacked has no P1.
func (p *pixelHasher) endEncoded() {
	if !p.open {
		return
	}
	p.open = false
	f := Frame{Encoded: p.take(Encoded)}
	if decode := decoder(p.syntax); decode != nil {
		samples, err := decode(p.buf, p.Geometry, p.lim.Bytes)
		if p.Size(p.lim.Bytes) == 0 && p.Size(most*len(p.buf)) > 0 {
			p.fail(reasonLong) // rather than that digests depend on the limit
			return
		}
		if err == nil {
			h := sha256.New()
			io.WriteString(h, samplesTitle)
			h.Write(samples)
			f.Samples.Kind = Samples
			h.Sum(f.Samples.Sum[:0])
		}
	}
	p.add(f)
}
