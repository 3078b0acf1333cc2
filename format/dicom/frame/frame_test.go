package frame_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/wardline/wardline/format/dicom/frame"
	"github.com/wardline/wardline/format/formattest"
)

const limit = 1 << 20

// segments writes a frame of run lengths from its segments (PS3.5 G.5).
func segments(list ...string) []byte {
	b := make([]byte, 64)
	binary.LittleEndian.PutUint32(b, uint32(len(list)))
	for i, s := range list {
		binary.LittleEndian.PutUint32(b[4+4*i:], uint32(len(b)))
		b = append(b, s...)
	}
	return b
}

func TestRLE(t *testing.T) {
	grey := frame.Geometry{Rows: 1, Columns: 5, Samples: 1, BytesPerSample: 1}
	for _, tt := range []struct {
		name string
		data []byte
		g    frame.Geometry
		want string
	}{
		{"a literal run", segments("\x04abcde"), grey, "abcde"},
		{"a replicate run", segments("\xfca"), grey, "aaaaa"},
		{"both, and a byte that does nothing", segments("\x01ab\x80\xfec\x00"), grey, "abccc"},
		{"padding behind", segments("\x04abcde\x00\x00\x00"), grey, "abcde"},
		{"high bytes first", segments("\x01AB", "\x01ab"), frame.Geometry{Rows: 2, Columns: 1, Samples: 1, BytesPerSample: 2}, "aAbB"},
		{"sample by sample", segments("\x01rR", "\x01gG", "\x01bB"), frame.Geometry{Rows: 1, Columns: 2, Samples: 3, BytesPerSample: 1}, "rgbRGB"},
		{"both", segments("\x00A", "\x00a", "\x00B", "\x00b"), frame.Geometry{Rows: 1, Columns: 1, Samples: 2, BytesPerSample: 2}, "aAbB"},
	} {
		got, err := frame.RLE(tt.data, tt.g, limit)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
	for name, data := range map[string][]byte{
		"nothing":                     nil,
		"a header cut off":            segments()[:63],
		"another number of segments":  segments("\x04abcde", ""),
		"no segment":                  segments(),
		"a segment beyond the end":    append(binary.LittleEndian.AppendUint32([]byte{1, 0, 0, 0}, 70), make([]byte, 56)...),
		"a segment in the header":     append(binary.LittleEndian.AppendUint32([]byte{1, 0, 0, 0}, 63), make([]byte, 90)...),
		"too few":                     segments("\x03abcd"),
		"a literal run too long":      segments("\x05abcdef"),
		"a literal run cut off":       segments("\x04abc"),
		"a replicate run too long":    segments("\xfba"),
		"a replicate run of no byte":  segments("\xfc"),
		"only bytes that do nothing":  segments("\x80\x80\x80\x80"),
		"a run that ends the segment": segments("\x01ab\xfe"),
	} {
		got, err := frame.RLE(data, grey, limit)
		var e *frame.Error
		if !errors.As(err, &e) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		formattest.Quiet(t, err)
	}
}

// Segments stand in order: a frame whose segments overlap is not one that a device wrote.
func TestRLEOrder(t *testing.T) {
	data := segments("\x01AB", "\x01ab")
	copy(data[4:], []byte{67, 0, 0, 0, 64})
	if _, err := frame.RLE(data, frame.Geometry{Rows: 2, Columns: 1, Samples: 1, BytesPerSample: 2}, limit); err == nil {
		t.Error("segments out of order")
	}
}

func TestSize(t *testing.T) {
	for _, tt := range []struct {
		g    frame.Geometry
		want int
	}{
		{frame.Geometry{Rows: 2, Columns: 3, Samples: 1, BytesPerSample: 2}, 12},
		{frame.Geometry{Rows: 1 << 10, Columns: 1 << 10, Samples: 1, BytesPerSample: 1}, 1 << 20},
		{frame.Geometry{Rows: 1 << 10, Columns: 1<<10 + 1, Samples: 1, BytesPerSample: 1}, 0},
		{frame.Geometry{Rows: 1 << 31, Columns: 1 << 31, Samples: 1 << 31, BytesPerSample: 1 << 31}, 0},
		{frame.Geometry{Rows: 1, Columns: 1, Samples: 1}, 0},
		{frame.Geometry{Rows: -1, Columns: -1, Samples: 1, BytesPerSample: 1}, 0},
	} {
		if got := tt.g.Size(limit); got != tt.want {
			t.Errorf("%+v: %d, want %d", tt.g, got, tt.want)
		}
	}
}

// jpegFrame is a picture to be written as lossless JPEG.
type jpegFrame struct {
	g                  frame.Geometry
	samples            []uint16 // pixel by pixel
	precision          int
	predictor          int
	restart            int // rows
	shift              int // point transform
	separate           bool
	filler, thumbnails bool // bytes that a reader passes over
}

// codes are a Huffman table in which each of the 17 lengths of a difference has a code of 5 bits, but for 0, which has one of 2, and 15 and 16,
// which have codes of 9: longer than the reader looks up at once.
func (jpegFrame) codes() (counts [16]byte, values []byte, code map[int][2]int) {
	code = map[int][2]int{0: {0, 2}}
	values = append(values, 0)
	counts[1], counts[4], counts[8] = 1, 14, 2
	for i := 1; i <= 14; i++ {
		code[i] = [2]int{8 + i - 1, 5} // 01000 follows 00
		values = append(values, byte(i))
	}
	for i := 15; i <= 16; i++ {
		code[i] = [2]int{(22 << 4) + i - 15, 9}
		values = append(values, byte(i))
	}
	return counts, values, code
}

// encode writes the picture (ISO/IEC 10918-1 B, H).
func (j jpegFrame) encode() []byte {
	counts, values, code := j.codes()
	b := []byte{0xFF, 0xD8}
	if j.thumbnails {
		b = append(b, 0xFF, 0xE0, 0, 4, 0xFF, 0xD9)
	}
	b = append(b, 0xFF, 0xC4, 0, byte(19+len(values)), 0)
	b = append(append(b, counts[:]...), values...)
	if j.filler {
		b = append(b, 0xFF, 0xFF)
	}
	b = append(b, 0xFF, 0xC3, 0, byte(8+3*j.g.Samples), byte(j.precision), byte(j.g.Rows>>8), byte(j.g.Rows), byte(j.g.Columns>>8), byte(j.g.Columns), byte(j.g.Samples))
	for c := range j.g.Samples {
		b = append(b, byte(c+1), 0x11, 0)
	}
	if j.restart > 0 {
		b = binary.BigEndian.AppendUint16(append(b, 0xFF, 0xDD, 0, 4), uint16(j.restart*j.g.Columns))
	}
	scans := [][]int{{}}
	for c := range j.g.Samples {
		if j.separate && c > 0 {
			scans = append(scans, nil)
		}
		scans[len(scans)-1] = append(scans[len(scans)-1], c)
	}
	for _, components := range scans {
		b = append(b, 0xFF, 0xDA, 0, byte(6+2*len(components)), byte(len(components)))
		for _, c := range components {
			b = append(b, byte(c+1), 0)
		}
		b = append(b, byte(j.predictor), 0, byte(j.shift))
		b = j.scan(b, components, code)
	}
	return append(b, 0xFF, 0xD9)
}

func (j jpegFrame) scan(b []byte, components []int, code map[int][2]int) []byte {
	acc, n := 0, 0
	put := func(v, bits int) {
		for i := bits - 1; i >= 0; i-- {
			acc = acc<<1 | v>>i&1
			if n++; n == 8 {
				if b = append(b, byte(acc)); byte(acc) == 0xFF {
					b = append(b, 0)
				}
				acc, n = 0, 0
			}
		}
	}
	flush := func() {
		for n > 0 {
			put(1, 1)
		}
	}
	top := 0
	at := func(y, x, c int) int { return int(j.samples[(y*j.g.Columns+x)*j.g.Samples+c]) >> j.shift }
	for y := range j.g.Rows {
		if j.restart > 0 && y > 0 && y%j.restart == 0 {
			flush()
			b = append(b, 0xFF, 0xD0+byte(y/j.restart-1)&7)
			top = y
		}
		for x := range j.g.Columns {
			for _, c := range components {
				var p int
				switch {
				case x == 0 && y == top:
					p = 1 << (j.precision - j.shift - 1)
				case y == top:
					p = at(y, x-1, c)
				case x == 0:
					p = at(y-1, x, c)
				default:
					left, above, corner := at(y, x-1, c), at(y-1, x, c), at(y-1, x-1, c)
					p = []int{0, left, above, corner, left + above - corner, left + (above-corner)>>1, above + (left-corner)>>1, (left + above) >> 1}[j.predictor]
				}
				diff := int(int16(at(y, x, c) - p))
				if diff == -32768 { // which has no bits of its own
					put(code[16][0], code[16][1])
					continue
				}
				size, magnitude := 0, max(diff, -diff)
				for magnitude>>size > 0 {
					size++
				}
				put(code[size][0], code[size][1])
				if diff < 0 {
					diff += 1<<size - 1
				}
				put(diff, size)
			}
		}
	}
	flush()
	return b
}

func (j jpegFrame) bytes() (out []byte) {
	for _, s := range j.samples {
		if out = append(out, byte(s)); j.g.BytesPerSample == 2 {
			out = append(out, byte(s>>8))
		}
	}
	return out
}

func jpegFrames() (list []jpegFrame) {
	for _, tt := range []struct{ samples, precision, restart int }{{1, 8, 0}, {1, 12, 2}, {1, 16, 0}, {3, 8, 3}, {3, 16, 1}, {1, 2, 0}} {
		for predictor := 1; predictor <= 7; predictor++ {
			j := jpegFrame{g: frame.Geometry{Rows: 11, Columns: 6, Samples: tt.samples, BytesPerSample: (tt.precision + 7) / 8}, precision: tt.precision, predictor: predictor, restart: tt.restart}
			noise := uint32(predictor)
			for i := range 66 * tt.samples {
				noise = noise*1664525 + 1013904223
				s := uint16(noise >> 16)
				if i%3 == 0 {
					s = uint16(i)
				}
				j.samples = append(j.samples, s&(1<<tt.precision-1))
			}
			j.separate, j.filler, j.thumbnails = predictor%2 == 0, predictor == 3, predictor == 5
			list = append(list, j)
		}
	}
	shifted := list[9] // whose low bits are gone
	shifted.shift, shifted.samples = 3, slices.Clone(shifted.samples)
	for i := range shifted.samples {
		shifted.samples[i] &^= 7
	}
	list = append(list, shifted)
	half := jpegFrame{g: frame.Geometry{Rows: 1, Columns: 2, Samples: 1, BytesPerSample: 2}, precision: 16, predictor: 1, samples: []uint16{0, 0x8000}} // differences of 32768
	return append(list, half)
}

// Whatever predictor and layout, samples come out as they went in.
func TestLosslessJPEG(t *testing.T) {
	for _, j := range jpegFrames() {
		got, err := frame.LosslessJPEG(j.encode(), j.g, limit)
		if err != nil || !bytes.Equal(got, j.bytes()) {
			t.Errorf("%d components, %d bits, predictor %d, restart %d: %v", j.g.Samples, j.precision, j.predictor, j.restart, err)
		}
	}
}

// Any cut, and any marker that does not belong, is an error.
func TestLosslessJPEGRefuses(t *testing.T) {
	j := jpegFrames()[7+2] // with restarts
	whole := j.encode()
	for n := range whole {
		if got, err := frame.LosslessJPEG(whole[:n], j.g, limit); err == nil || got != nil {
			t.Errorf("%d bytes of %d are enough", n, len(whole))
		}
	}
	swap := func(old, new string) []byte { return bytes.Replace(whole, []byte(old), []byte(new), 1) }
	for name, data := range map[string][]byte{
		"another process":       swap("\xff\xc3", "\xff\xc0"),
		"arithmetic codes":      swap("\xff\xc3", "\xff\xcb"),
		"no restart":            swap("\xff\xd0", "\xff\x00"),
		"a restart in a row":    swap("\xff\xdd\x00\x04\x00\x0c", "\xff\xdd\x00\x04\x00\x0d"),
		"predictor 0":           swap("\x01\x01\x00\x03\x00\x00", "\x01\x01\x00\x00\x00\x00"),
		"predictor 8":           swap("\x01\x01\x00\x03\x00\x00", "\x01\x01\x00\x08\x00\x00"),
		"all bits transformed":  swap("\x01\x01\x00\x03\x00\x00", "\x01\x01\x00\x03\x00\x0c"),
		"an unknown component":  swap("\x01\x01\x00\x03\x00\x00", "\x01\x09\x00\x03\x00\x00"),
		"a table not there":     swap("\x01\x01\x00\x03\x00\x00", "\x01\x01\x10\x03\x00\x00"),
		"a table of no number":  swap("\xff\xc4\x00\x24\x00", "\xff\xc4\x00\x24\x04"),
		"codes beyond the bits": swap("\x00\x01\x00\x00\x0e\x00\x00\x00\x02", "\x03\x00\x00\x00\x0e\x00\x00\x00\x00"),
		"17 bits":               swap("\x0e\x0f\x10\xff", "\x0e\x0f\x11\xff"),
		"too few codes":         append(slices.Clone(whole[:len(whole)-6]), 0xFF, 0xD9),
		"a scan twice":          append(whole[:len(whole)-2:len(whole)-2], whole[bytes.Index(whole, []byte("\xff\xda")):]...),
		"subsampling":           swap("\x01\x01\x11\x00", "\x01\x01\x21\x00"),
		"a second frame header": swap("\xff\xdd\x00\x04\x00\x0c", "\xff\xc3\x00\x0b\x0c\x00\x0b\x00\x06\x01\x01\x11\x00"),
		"other rows":            swap("\x0c\x00\x0b\x00\x06", "\x0c\x00\x0a\x00\x06"),
	} {
		if bytes.Equal(data, whole) {
			t.Errorf("%s: the same bytes", name)
		}
		got, err := frame.LosslessJPEG(data, j.g, limit)
		var e *frame.Error
		if !errors.As(err, &e) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
		formattest.Quiet(t, err)
	}
	colour := jpegFrames()[3*7+1] // one scan for each component
	twice := bytes.Replace(colour.encode(), []byte("\xff\xda\x00\x08\x01\x03"), []byte("\xff\xda\x00\x08\x01\x02"), 1)
	if _, err := frame.LosslessJPEG(twice, colour.g, limit); err == nil {
		t.Error("the second component twice, and no third")
	}
	huge := frame.Geometry{Rows: 1 << 9, Columns: 1 << 10, Samples: 1, BytesPerSample: 2}
	cost.Check(t, len(whole), func() {
		if _, err := frame.LosslessJPEG(whole, huge, limit); err == nil {
			t.Error("another geometry than the header's")
		}
		if _, err := frame.RLE(segments("\x00a", "\x00b"), huge, limit); err == nil {
			t.Error("another geometry than the header's")
		}
	})
	wide := j.g
	wide.BytesPerSample = 1
	if _, err := frame.LosslessJPEG(whole, wide, limit); err == nil {
		t.Error("12 bits in bytes")
	}
}

// cost of a frame: what it unpacks to, and that once more while it is put together.
var cost = formattest.Cost{Fixed: 64 << 10, PerByte: 260}

func geometry(rows, columns, samples, size uint8) frame.Geometry {
	return frame.Geometry{Rows: int(rows), Columns: int(columns), Samples: int(samples), BytesPerSample: int(size)}
}

// FuzzRLE holds that a frame is of its size or none, and that its parts are enough to write it again.
func FuzzRLE(f *testing.F) {
	f.Add(uint8(1), uint8(5), uint8(1), uint8(1), segments("\x01ab\x80\xfec\x00"))
	f.Add(uint8(2), uint8(1), uint8(1), uint8(2), segments("\x01AB", "\x01ab"))
	f.Fuzz(func(t *testing.T, rows, columns, samples, size uint8, data []byte) {
		g := geometry(rows, columns, samples, size)
		data = formattest.Plant(data)
		var got []byte
		var err error
		cost.Check(t, len(data), func() { got, err = frame.RLE(data, g, limit) })
		formattest.Quiet(t, err)
		if err != nil {
			if got != nil {
				t.Fatal("a frame beside the error")
			}
			return
		}
		if len(got) != g.Size(limit) {
			t.Fatalf("%d bytes of %d", len(got), g.Size(limit))
		}
		again, err := frame.RLE(literally(got, g), g, limit)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("not the same when it was compressed again: %v", err)
		}
	})
}

// literally writes a frame as literal runs.
func literally(pixels []byte, g frame.Geometry) []byte {
	var list []string
	step := g.Samples * g.BytesPerSample
	for sample := range g.Samples {
		for place := g.BytesPerSample - 1; place >= 0; place-- {
			var s []byte
			for i := sample*g.BytesPerSample + place; i < len(pixels); i += step {
				s = append(s, 0, pixels[i])
			}
			list = append(list, string(s))
		}
	}
	return segments(list...)
}

// FuzzLosslessJPEG holds that a frame is of its size or none, and the same when it is written and read again.
func FuzzLosslessJPEG(f *testing.F) {
	for _, j := range jpegFrames() {
		f.Add(uint8(j.g.Rows), uint8(j.g.Columns), uint8(j.g.Samples), uint8(j.g.BytesPerSample), j.encode())
	}
	f.Fuzz(func(t *testing.T, rows, columns, samples, size uint8, data []byte) {
		g := geometry(rows, columns, samples, size)
		data = formattest.Plant(data)
		var got []byte
		var err error
		cost.Check(t, len(data), func() { got, err = frame.LosslessJPEG(data, g, limit) })
		formattest.Quiet(t, err)
		if err != nil {
			if got != nil {
				t.Fatal("a frame beside the error")
			}
			return
		}
		if len(got) != g.Size(limit) {
			t.Fatalf("%d bytes of %d", len(got), g.Size(limit))
		}
		if g.Samples > 4 {
			return
		}
		j := jpegFrame{g: g, precision: 8 * g.BytesPerSample, predictor: 1 + int(rows)%7, restart: int(columns) % 3, separate: samples > 1}
		for i := 0; i < len(got); i += g.BytesPerSample {
			s := uint16(got[i])
			if g.BytesPerSample == 2 {
				s |= uint16(got[i+1]) << 8
			}
			j.samples = append(j.samples, s)
		}
		again, err := frame.LosslessJPEG(j.encode(), g, limit)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("not the same when it was compressed again: %v", err)
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	j := jpegFrame{g: frame.Geometry{Rows: 512, Columns: 512, Samples: 1, BytesPerSample: 2}, precision: 16, predictor: 1}
	for i := range 512 * 512 {
		j.samples = append(j.samples, uint16(i%512+i/512+i%7))
	}
	jpeg, run := j.encode(), literally(j.bytes(), j.g)
	for name, unpack := range map[string]func() ([]byte, error){
		"jpeg": func() ([]byte, error) { return frame.LosslessJPEG(jpeg, j.g, limit) },
		"rle":  func() ([]byte, error) { return frame.RLE(run, j.g, limit) },
	} {
		b.Run(fmt.Sprint(name, "/512x512x16"), func(b *testing.B) {
			b.SetBytes(512 * 512 * 2)
			for b.Loop() {
				if _, err := unpack(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
