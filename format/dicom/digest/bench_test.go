package digest_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/digest"
)

// The pixels of 64 slices, beside bare SHA-256 over as many bytes.
func BenchmarkPixels(b *testing.B) {
	p := picture{rows: 512, columns: 512, samples: 1, bits: 16, frames: 64}
	pixels := p.pixels()
	little := p.dataSet("OW", pixels)
	for _, tt := range []struct {
		name   string
		data   string
		syntax dicom.Syntax
	}{{"little endian", little, dicom.ExplicitLE}, {"big endian", bigEndianOf(b, little), dicom.ExplicitBE}} {
		ds, err := dicom.Parse([]byte(tt.data), tt.syntax, dicom.DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(tt.name+", in memory", func(b *testing.B) {
			b.SetBytes(int64(len(pixels)))
			for b.Loop() {
				if _, err := digest.Of(&ds, tt.syntax, digest.DefaultMutable(), dicom.DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(tt.name+", stream", func(b *testing.B) {
			b.SetBytes(int64(len(pixels)))
			for b.Loop() {
				if _, err := digest.Read(strings.NewReader(tt.data), tt.syntax, digest.DefaultMutable(), dicom.DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("bare SHA-256", func(b *testing.B) {
		b.SetBytes(int64(len(pixels)))
		for b.Loop() {
			sha256.Sum256(pixels)
		}
	})
}

func bigEndianOf(t testing.TB, data string) string {
	t.Helper()
	ds, err := dicom.Parse([]byte(data), dicom.ExplicitLE, dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	out, err := ds.AppendEncode(nil, dicom.ExplicitBE)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A header of some hundred elements, as CT has them, parsed and digested, beside bare SHA-256.
func BenchmarkHeader(b *testing.B) {
	var data strings.Builder
	data.WriteString(picture{rows: 512, columns: 512, samples: 1, bits: 16}.header())
	for i := range 30 {
		data.WriteString(el(0x00081140, "SQ", dicomtest.Item(el(0x00081150, "UI", "1.2.840.10008.5.1.4.1.1.2\x00")+el(0x00081155, "UI", fmt.Sprintf("1.2.3.%06d", i)))))
		data.WriteString(el(0x00180050, "DS", "1.25") + el(0x00081030, "LO", "THORAX  "))
	}
	text := []byte(data.String())
	b.Run("parse and digest", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			ds, err := dicom.Parse(text, dicom.ExplicitLE, dicom.DefaultLimits())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := digest.Of(&ds, dicom.ExplicitLE, digest.DefaultMutable(), dicom.DefaultLimits()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "headers/s")
	})
	b.Run("stream", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := digest.Read(bytes.NewReader(text), dicom.ExplicitLE, digest.DefaultMutable(), dicom.DefaultLimits()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare SHA-256", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			sha256.Sum256(text)
		}
	})
}
