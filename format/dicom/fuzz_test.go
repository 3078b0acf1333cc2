package dicom_test

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/formattest"
)

// cost of a data set: an element of 8 bytes takes some 140, and twice that while its list grows.
var cost = formattest.Cost{Fixed: 256 << 10, PerByte: 120}

// fuzzLimits bound what a deflated data set may become.
var fuzzLimits = dicom.Limits{Bytes: 1 << 20, Depth: 16, Elements: 20000}

func syntaxes() []dicom.Syntax {
	return []dicom.Syntax{dicom.ImplicitLE, dicom.ExplicitLE, dicom.ExplicitBE, dicom.RLELossless, dicom.DeflatedLE}
}

// FuzzParse holds that a data set is written as it was read, that a stream of it is read alike, and that all it says is UTF-8.
func FuzzParse(f *testing.F) {
	seed := everything()
	ds, err := dicom.Parse([]byte(seed), dicom.ExplicitLE, dicom.DefaultLimits())
	if err != nil {
		f.Fatal(err)
	}
	for i, s := range syntaxes() {
		data, err := ds.AppendEncode(nil, s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), data)
	}
	f.Add(uint8(3), []byte(el(0x00100020, "LO", "0042")+open(dicom.PixelData, "OB")+item("\x00\x00\x00\x00")+item("ab")+item("cd")+sequenceEnd))
	f.Add(uint8(1), []byte(open(0x30303030, "OB")+item("")+item("00")+sequenceEnd)) // fragments that are no pixel data
	f.Add(uint8(1), []byte(el(0x00080005, "CS", `\ISO 2022 IR 87\ISO 2022 IR 149`)+el(0x00100010, "PN", "A^B=\x1b$B;3ED\x1b(B^\x1b$)C\xfb\xf3")))
	f.Add(uint8(2), []byte("\x00\x09\x10\x06UN\x00\x00"+openEnd+openItem+implicit(0x00280010, "AB")+itemEnd+sequenceEnd))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		s := syntaxes()[int(which)%len(syntaxes())]
		data = formattest.Plant(data)
		var ds dicom.DataSet
		var err error
		size := len(data)
		if s.Deflated() {
			size += fuzzLimits.Bytes
		}
		cost.Check(t, size, func() { ds, err = dicom.Parse(data, s, fuzzLimits) })
		formattest.Quiet(t, err)
		streamed(t, data, s, ds, err)
		if err != nil {
			if ds.Elements != nil {
				t.Fatal("a data set beside the error")
			}
			return
		}
		if !bytes.Equal(ds.Render(), data) {
			t.Fatal("not written as it was read")
		}
		readable(t, &ds)
	})
}

// streamed holds a stream of a data set to what was parsed of it.
func streamed(t *testing.T, data []byte, s dicom.Syntax, ds dicom.DataSet, parsed error) {
	t.Helper()
	pixels := map[int64][]byte{}
	got, err := dicom.Stream(iotest.HalfReader(bytes.NewReader(data)), s, fuzzLimits, func(_ *dicom.DataSet, p *dicom.Pixels) error {
		var all []byte
		for ok := true; ok; {
			b, err := io.ReadAll(p)
			if err != nil {
				return err
			}
			all = append(all, b...)
			if _, ok, err = p.Next(); err != nil {
				return err
			}
		}
		pixels[p.Offset] = all
		return nil
	})
	formattest.Quiet(t, err)
	if (err == nil) != (parsed == nil) {
		t.Fatalf("parsed: %v; streamed: %v", parsed, err)
	}
	if err != nil {
		return
	}
	if len(got.Elements) != len(ds.Elements) {
		t.Fatalf("%d elements of %d", len(got.Elements), len(ds.Elements))
	}
	for i := range ds.Elements {
		a, b := ds.Elements[i], got.Elements[i]
		value := slices.Concat(b.Value, bytes.Join(b.Fragments, nil))
		if a.Tag.IsPixelData() {
			value = pixels[b.Offset]
		}
		if a.Tag != b.Tag || a.VR != b.VR || a.Offset != b.Offset || !bytes.Equal(slices.Concat(a.Value, bytes.Join(a.Fragments, nil)), value) {
			t.Fatalf("element %v is another in a stream", a.Tag)
		}
	}
}

// readable asks a data set all that can be asked.
func readable(t *testing.T, ds *dicom.DataSet) {
	t.Helper()
	n := 0
	for in, e := range ds.All() {
		text, _ := in.Decode(e)
		if !utf8.ValidString(text) || len(text) > 4*len(e.Value)+4 {
			t.Fatalf("element %v: not UTF-8, or too long", e.Tag)
		}
		if n++; n > 50 {
			continue
		}
		in.Texts(e)
		in.Ints(e.Tag)
		in.Floats(e.Tag)
		in.Name(e.Tag)
		in.Date(e.Tag)
		in.Time(e.Tag)
		in.Unhide(e.Value)
		e.Tags()
	}
	if !json.Valid(ds.AppendJSON(nil)) {
		t.Fatal("no JSON")
	}
}

// FuzzParseFile holds that a file is written as it was read, and that a stream of it is the same file.
func FuzzParseFile(f *testing.F) {
	f.Add(file(dicom.ExplicitLE, everything()))
	f.Add(file(dicom.RLELossless, el(0x00100020, "LO", "0042")+open(dicom.PixelData, "OB")+item("")+item("ab")+sequenceEnd))
	f.Add([]byte(everything()))
	f.Add([]byte(implicit(0x00080060, "CT")))
	f.Add(file(dicom.ExplicitLE, "")[132:])
	f.Add(file(dicom.DeflatedLE, "\x01\x00\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = formattest.Plant(data)
		var file dicom.File
		var err error
		cost.Check(t, len(data)+fuzzLimits.Bytes, func() { file, err = dicom.ParseFile(data, fuzzLimits) })
		formattest.Quiet(t, err)
		stream, failed := dicom.StreamFile(bytes.NewReader(data), fuzzLimits, func(*dicom.File, *dicom.Pixels) error { return nil })
		formattest.Quiet(t, failed)
		if (err == nil) != (failed == nil) {
			t.Fatalf("parsed: %v; streamed: %v", err, failed)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(file.Render(), data) {
			t.Fatal("not written as it was read")
		}
		if stream.Syntax != file.Syntax || stream.Polyglot() != file.Polyglot() || len(stream.DataSet.Elements) != len(file.DataSet.Elements) {
			t.Fatal("the stream is another file")
		}
	})
}
