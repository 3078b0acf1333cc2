package frame

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// The markers that a lossless JPEG may have (ISO/IEC 10918-1 table B.1).
const (
	markSOF3 = 0xC3 // lossless, Huffman: process 14
	markDHT  = 0xC4
	markRST0 = 0xD0
	markSOI  = 0xD8
	markEOI  = 0xD9
	markSOS  = 0xDA
	markDRI  = 0xDD
	markTEM  = 0x01
)

// LosslessJPEG unpacks a frame of JPEG process 14 with any predictor (ISO/IEC 10918-1 H), of 2 to 16 bits, in one scan of all components
// or one for each. limit bounds the bytes of the result.
func LosslessJPEG(data []byte, g Geometry, limit int) ([]byte, error) {
	size := g.Size(limit)
	if size == 0 || g.BytesPerSample > 2 {
		return nil, &Error{Reason: "no geometry of lossless JPEG, or one beyond the limit"}
	}
	if size/g.BytesPerSample > 8*len(data) { // a sample has a bit at least: nothing is set aside for what cannot be there
		return nil, &Error{Reason: "too short for its geometry"}
	}
	d := jpeg{data: data, g: g, samples: make([]uint16, g.Rows*g.Columns*g.Samples)}
	if err := d.markers(); err != nil {
		return nil, err
	}
	out := make([]byte, 0, size)
	for _, s := range d.samples {
		if out = append(out, byte(s)); g.BytesPerSample == 2 {
			out = append(out, byte(s>>8))
		}
	}
	return out, nil
}

// jpeg is a frame while it is unpacked.
type jpeg struct {
	data    []byte
	pos     int
	g       Geometry
	samples []uint16 // pixel by pixel

	precision  int
	components []byte // their names, in the order of the frame
	tables     [4]*huffman
	interval   int    // of restarts, in pixels; 0 for none
	decoded    []bool // the components that were there
}

func (d *jpeg) fail(reason string) error { return &Error{Offset: d.pos, Reason: reason} }

// markers goes from marker to marker.
func (d *jpeg) markers() error {
	for {
		m, body, err := d.segment()
		if err != nil {
			return err
		}
		switch {
		case m == markEOI:
			if d.decoded == nil || slices.Contains(d.decoded, false) {
				return d.fail("ends before every component was there")
			}
			return nil
		case m == markSOF3:
			err = d.frameHeader(body)
		case m == markDHT:
			err = d.huffmanTables(body)
		case m == markDRI:
			if len(body) != 2 {
				return d.fail("a restart interval of the wrong length")
			}
			d.interval = int(binary.BigEndian.Uint16(body))
		case m == markSOS:
			err = d.scan(body)
		case m >= 0xC0 && m <= 0xCF && m != 0xC8 && m != 0xCC:
			return d.fail("another process than lossless with Huffman codes")
		}
		if err != nil {
			return err
		}
	}
}

// segment reads a marker and what belongs to it (ISO/IEC 10918-1 B.1.1).
func (d *jpeg) segment() (marker byte, body []byte, err error) {
	if d.pos >= len(d.data) || d.data[d.pos] != 0xFF {
		return 0, nil, d.fail("no marker where one must be")
	}
	for d.pos < len(d.data) && d.data[d.pos] == 0xFF {
		d.pos++
	}
	if d.pos >= len(d.data) {
		return 0, nil, d.fail("ends in a marker")
	}
	marker = d.data[d.pos]
	d.pos++
	if marker == markSOI || marker == markEOI || marker == markTEM || marker >= markRST0 && marker < markSOI {
		return marker, nil, nil
	}
	if len(d.data)-d.pos < 2 {
		return 0, nil, d.fail("ends in a marker")
	}
	n := int(binary.BigEndian.Uint16(d.data[d.pos:]))
	if n < 2 || n > len(d.data)-d.pos {
		return 0, nil, d.fail("a marker segment beyond the end")
	}
	body = d.data[d.pos+2 : d.pos+n]
	d.pos += n
	return marker, body, nil
}

// frameHeader reads SOF3 (B.2.2). It must say what the header of the image says.
func (d *jpeg) frameHeader(b []byte) error {
	if len(b) < 6 || len(b) != 6+3*int(b[5]) || d.components != nil {
		return d.fail("a frame header of the wrong length, or a second one")
	}
	d.precision = int(b[0])
	rows, columns := int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if rows != d.g.Rows || columns != d.g.Columns || int(b[5]) != d.g.Samples || d.precision < 2 || d.precision > 8*d.g.BytesPerSample {
		return d.fail("another geometry than the image has")
	}
	for c := b[6:]; len(c) > 0; c = c[3:] {
		if c[1] != 0x11 {
			return d.fail("components of different resolution")
		}
		d.components = append(d.components, c[0])
	}
	d.decoded = make([]bool, len(d.components))
	return nil
}

// scan reads one scan (B.2.3): its header, and the differences behind it.
func (d *jpeg) scan(b []byte) error {
	if len(b) < 4 || len(b) != 4+2*int(b[0]) || d.components == nil {
		return d.fail("a scan header of the wrong length, or before the frame header")
	}
	s := scan{jpeg: d, predictor: int(b[len(b)-3]), shift: uint(b[len(b)-1] & 15)}
	if s.predictor < 1 || s.predictor > 7 || int(s.shift) >= d.precision {
		return d.fail("a predictor or point transform that the standard does not have")
	}
	for c := b[1 : len(b)-3]; len(c) > 0; c = c[2:] {
		at := bytes.IndexByte(d.components, c[0])
		if at < 0 || c[1]>>4 > 3 || d.tables[c[1]>>4] == nil {
			return d.fail("a component or table that is not there")
		}
		if d.decoded[at] {
			return d.fail("a component for the second time")
		}
		d.decoded[at] = true
		s.at = append(s.at, at)
		s.tables = append(s.tables, d.tables[c[1]>>4])
	}
	return s.decode()
}
