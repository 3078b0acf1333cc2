package digest_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/iotest"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/formattest"
)

var fuzzLimits = dicom.Limits{Bytes: 1 << 20, Depth: 16, Elements: 20000}

// cost of digests: the canonical form, and for every frame of a byte its own digests.
var cost = formattest.Cost{Fixed: 1 << 20, PerByte: 600}

func syntaxes() []dicom.Syntax {
	return []dicom.Syntax{dicom.ImplicitLE, dicom.ExplicitLE, dicom.ExplicitBE, dicom.DeflatedLE, dicom.RLELossless, dicom.JPEGLosslessSV1, dicom.JPEGBaseline}
}

// FuzzDigest holds that a stream has the digests of the data set in memory, and that they stay in every transfer syntax.
func FuzzDigest(f *testing.F) {
	for i, s := range syntaxes()[:4] {
		for _, p := range append(pictures(), picture{rows: 3, columns: 5, samples: 1, bits: 1, frames: 3}) {
			if p.rows > 20 {
				p.rows, p.columns = 4, 5
			}
			ds, err := dicom.Parse([]byte(p.dataSet("OW", p.pixels())), dicom.ExplicitLE, fuzzLimits)
			if err != nil {
				f.Fatal(err)
			}
			data, err := ds.AppendEncode(nil, s)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), data)
		}
	}
	f.Add(uint8(4), []byte(picture{rows: 1, columns: 3, samples: 1, bits: 8, frames: 2}.header()+dicomtest.Open(dicom.PixelData, "OB")+dicomtest.Item("")+
		dicomtest.Item(rle([]byte{1, 2, 3}))+dicomtest.Item(rle([]byte{4, 5, 6}))+dicomtest.SequenceEnd))
	f.Add(uint8(6), []byte(picture{rows: 1, columns: 3, samples: 1, bits: 8, frames: 2}.header()+dicomtest.Open(dicom.PixelData, "OB")+dicomtest.Item("")+
		dicomtest.Item("\xff\xd8ab")+dicomtest.Item("cd")+dicomtest.Item("\xff\xd8ef")+dicomtest.SequenceEnd))
	f.Add(uint8(1), []byte(el(0x00081140, "SQ", dicomtest.Item(el(0x00100020, "LO", "X-1 ")))+el(0x00090010, "LO", "ACME")+el(0x00091001, "UN", dicomtest.Item(""))))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		s := syntaxes()[int(which)%len(syntaxes())]
		data = formattest.Plant(data)
		ds, err := dicom.Parse(data, s, fuzzLimits)
		if err != nil {
			return
		}
		var want digest.Instance
		size := len(data)
		if s.Deflated() {
			size += fuzzLimits.Bytes
		}
		cost.Check(t, size, func() { want, err = digest.Of(&ds, s, digest.DefaultMutable(), fuzzLimits) })
		formattest.Quiet(t, err)
		got, failed := digest.Read(iotest.HalfReader(bytes.NewReader(data)), s, digest.DefaultMutable(), fuzzLimits)
		formattest.Quiet(t, failed)
		if (err == nil) != (failed == nil) || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("the stream has other digests: %v, %v", err, failed)
		}
		if err == nil && !s.Encapsulated() {
			stays(t, &ds, s, want)
		}
	})
}

// stays writes a data set in every transfer syntax and holds that its digests stay.
func stays(t *testing.T, ds *dicom.DataSet, from dicom.Syntax, want digest.Instance) {
	t.Helper()
	for _, s := range syntaxes()[:4] {
		if s.Deflated() && len(ds.Elements)%8 > 0 {
			continue // which is slow
		}
		data, err := ds.AppendEncode(nil, s)
		if err == dicom.ErrEncapsulated {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := digest.Read(bytes.NewReader(data), s, digest.DefaultMutable(), dicom.DefaultLimits())
		if err != nil && s.Implicit() != from.Implicit() {
			continue // an element that the dictionary has as a sequence, and that is none
		}
		if err != nil || got.Header != want.Header || got.Semantic != want.Semantic || got.Pixels != want.Pixels || got.Uneven != want.Uneven {
			t.Fatalf("from %s to %s: %v, header stays %v, pixels stay %v", from, s, err, got.Header == want.Header, got.Pixels == want.Pixels)
		}
	}
}
