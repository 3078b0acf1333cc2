package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/frame"
)

const (
	encodedTitle = Version + " frame-encoded\n" // the transfer syntax and a line end follow
	samplesTitle = Version + " frame-samples\n"
	pixelsTitle  = Version + " pixels\n"
)

// pixelHasher digests pixel data that comes in pieces: frames, native or in fragments.
type pixelHasher struct {
	lim    dicom.Limits
	frames []Frame
	uneven bool
	seen   bool
	err    error // of what came first; nothing is taken in behind it

	image
	syntax  dicom.Syntax
	element *dicom.Element
	hash    hash.Hash // of the frame at hand
	open    bool      // a frame in fragments is at hand
	buf     []byte    // that frame, where it must be had as a whole

	// Of native frames:
	whole   bool   // the pixel data is hashed as one, for it is not what the header says
	left    int64  // bytes that the frame at hand has still to get; 0 behind the last one, where only padding comes
	shift   int    // bits of the first byte that belong to the frame before
	swapped []byte // a piece in the order of little endian
	odd     int    // bytes at the front of swapped that wait for the rest of their number
}

const reasonLong = "a frame longer than the limit"

// piece is how much is taken in at once.
const piece = 256 << 10

func newPixelHasher(lim dicom.Limits) *pixelHasher { return &pixelHasher{lim: lim, hash: sha256.New()} }

// image is what the header says of the frames (PS3.3 C.7.6.3).
type image struct {
	frame.Geometry
	number    int  // of frames
	bits      int  // allocated for each sample
	planar    bool // sample by sample
	frameBits int64
}

func imageOf(ds *dicom.DataSet) image {
	im := image{
		Geometry: frame.Geometry{Rows: short(ds, 0x00280010), Columns: short(ds, 0x00280011), Samples: short(ds, 0x00280002)},
		number:   frames(ds),
		bits:     short(ds, 0x00280100),
	}
	im.BytesPerSample = im.bits / 8
	im.planar = im.Samples > 1 && im.bits%8 == 0 && short(ds, 0x00280006) == 1
	if im.Rows == 0 || im.Columns == 0 || im.Samples == 0 || im.Samples > 16 || im.bits == 0 || im.bits > 64 {
		return im
	}
	perPixel := int64(im.Samples)
	if im.Samples == 3 && strings.HasSuffix(text(ds, 0x00280004), "_422") { // colour for every second pixel, PS3.3 C.7.6.3.1.2
		perPixel, im.planar = 2, false
	}
	im.frameBits = int64(im.Rows) * int64(im.Columns) * perPixel * int64(im.bits)
	return im
}

// short returns a number of 16 bits of the header, and 0 for anything else. Like text it goes by the dictionary, as the canonical form
// does, whatever representation the element is said to have.
func short(ds *dicom.DataSet, t dicom.Tag) int {
	e, _ := ds.Find(t)
	if len(e.Value) != 2 {
		return 0
	}
	return int(binary.LittleEndian.Uint16(e.AppendLittleEndian(nil)))
}

func text(ds *dicom.DataSet, t dicom.Tag) string {
	e, _ := ds.Find(t)
	return strings.Trim(string(e.AppendLittleEndian(nil)), " \x00")
}

// frames returns how many frames the header says there are; 1 when it says nothing (PS3.3 C.7.6.6.1.1).
func frames(ds *dicom.DataSet) int {
	n, err := strconv.ParseInt(text(ds, 0x00280008), 10, 32)
	if err != nil || n < 1 {
		return 1
	}
	return int(n)
}

// begin takes up an element of pixel data, which ds describes. length is that of a native value, and -1 for fragments.
func (p *pixelHasher) begin(ds *dicom.DataSet, syntax dicom.Syntax, e *dicom.Element, length int64) {
	p.image, p.syntax, p.element = imageOf(ds), syntax, e
	p.uneven = p.uneven || p.seen // an image has pixel data once
	p.seen, p.open, p.whole, p.buf, p.shift, p.odd = true, false, false, nil, 0, 0
	if length < 0 {
		return
	}
	p.start(samplesTitle)
	total := int64(0)
	if p.frameBits > 0 && int64(p.number) < 1<<62/p.frameBits {
		total = p.frameBits * int64(p.number)
	}
	if total > 0 && ((total+7)/8 == length || (total+15)/16*2 == length) { // PS3.5 8.1.1: an even number of bytes
		if p.left = p.frameBytes(); p.left > int64(p.lim.Bytes) && !p.plain() {
			p.fail(reasonLong)
		}
		return
	}
	p.uneven, p.whole, p.left = true, true, length
}

func (p *pixelHasher) fail(reason string) {
	if p.err == nil {
		p.err = &dicom.Error{Offset: p.element.Offset, Tag: p.element.Tag, Reason: reason}
	}
}

func (p *pixelHasher) start(title string) {
	p.hash.Reset()
	io.WriteString(p.hash, title)
}

// take returns the digest of the frame at hand.
func (p *pixelHasher) take(k Kind) Digest {
	d := Digest{Kind: k}
	p.hash.Sum(d.Sum[:0])
	return d
}

func (p *pixelHasher) add(f Frame) {
	if len(p.frames) >= p.lim.Elements {
		p.fail("more frames than the limit")
		return
	}
	p.frames = append(p.frames, f)
}

// write takes in the next bytes of a native value, or of the fragment that was begun.
func (p *pixelHasher) write(b []byte) {
	switch {
	case p.err != nil:
	case p.element.Fragments != nil:
		p.encoded(b)
	case p.element.BigEndian() && p.element.VR.Size() > 1:
		p.swap(b)
	default:
		p.native(b)
	}
}

// end takes in what is left at the end of an element.
func (p *pixelHasher) end() {
	switch {
	case p.err != nil:
	case p.element.Fragments != nil:
		p.endEncoded()
		if len(p.frames) != p.number && !(isVideo(p.syntax) && len(p.frames) == 1) {
			p.uneven = true
		}
	default:
		p.native(p.swapped[:p.odd])
		if p.whole {
			p.add(Frame{Samples: p.take(Samples)})
		}
	}
}

// sum is the digest of all frames: the best of each.
func (p *pixelHasher) sum() Digest {
	if !p.seen {
		return Digest{}
	}
	p.start(pixelsTitle)
	for _, f := range p.frames {
		d := f.best()
		io.WriteString(p.hash, d.Kind.String()+"\n")
		p.hash.Write(d.Sum[:])
	}
	return p.take(Pixels)
}

// read takes in pixel data from a stream.
func (p *pixelHasher) read(ds *dicom.DataSet, syntax dicom.Syntax, px *dicom.Pixels) error {
	p.begin(ds, syntax, &px.Element, px.Length)
	buf := make([]byte, min(max(px.Length, 4<<10), piece))
	if px.Length >= 0 {
		if err := p.copy(px, buf); err != nil {
			return err
		}
		return p.finish()
	}
	for table := true; p.err == nil; table = false {
		length, ok, err := px.Next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if table { // the Basic Offset Table
			continue
		}
		if int64(len(buf)) < min(length, piece) {
			buf = make([]byte, piece)
		}
		n, err := io.ReadFull(px, buf[:min(length, piece)])
		if err != nil {
			return err
		}
		p.fragment(buf[:n])
		p.write(buf[:n])
		if err := p.copy(px, buf); err != nil {
			return err
		}
	}
	return p.finish()
}

func (p *pixelHasher) finish() error {
	p.end()
	return p.err
}

func (p *pixelHasher) copy(px *dicom.Pixels, buf []byte) error {
	for p.err == nil {
		n, err := px.Read(buf)
		p.write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	return p.err
}
