package capture_test

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/dicom/capture"
	"github.com/wardline/wardline/internal/event"
)

// Whatever a recording holds, reading it ends, within its cost, and no error quotes it.
func FuzzDecode(f *testing.F) {
	turns := dialogue(scan(256))
	f.Add(pcap(plain().frames(turns), all))
	f.Add(pcap(plain().frames(turns)[6:], 300))
	f.Add(pcap(recorder{port: 40001, size: 100, six: true, vlan: true}.frames(turns), all))
	f.Add(next(f, plain().frames(turns)))
	f.Add([]byte("\xd4\xc3\xb2\xa1"))
	o, cost := options(f), formattest.Cost{Fixed: 8 << 20, PerByte: 8 << 10}
	f.Fuzz(func(t *testing.T, in []byte) { collecttest.Decode(t, capture.Format(), o, cost, in) })
}

// Packets that come in any order within reach of each other, and any number of times, say the same as in order.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3}, uint16(100))
	f.Add([]byte{255, 3, 128}, uint16(1400))
	f.Fuzz(func(t *testing.T, order []byte, size uint16) {
		frames := recorder{port: 40001, size: max(64, int(size))}.frames(dialogue(scan(2 << 10)))
		mixed := slices.Clone(frames)
		for i, o := range order {
			at := 2 + i*2%max(1, len(mixed)-6)
			switch o % 3 {
			case 0: // one packet twice
				mixed = slices.Insert(mixed, at, mixed[at])
			case 1: // two in the wrong order
				mixed[at], mixed[at+1] = mixed[at+1], mixed[at]
			}
		}
		got, _, damages := read(t, bytes.NewReader(pcap(mixed, all)))
		if diff := cmp.Diff(got, whole); diff != "" || damages > 0 {
			t.Errorf("%d damages, (-got +want):\n%s", damages, diff)
		}
	})
}

// BenchmarkStore is the passive reader on images of half a megabyte.
func BenchmarkStore(b *testing.B) {
	turns := association()
	for n := range 16 {
		turns = append(turns, stored(uint16(n), scan(512<<10))...)
	}
	benchmark(b, pcap(plain().frames(turns), all))
}

// BenchmarkForeign is what traffic costs that is put together and is no DICOM after its first bytes: what BenchmarkStore adds to it is bare
// reading of packets.
func BenchmarkForeign(b *testing.B) {
	turns := []turn{{false, []byte("GET / HTTP/1.1\r\n\r\n")}}
	for range 16 {
		turns = append(turns, turn{true, scan(512 << 10)})
	}
	benchmark(b, pcap(plain().frames(turns), all))
}

func benchmark(b *testing.B, file []byte) {
	o := options(b)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		d := capture.Format().Open(bytes.NewReader(file), o)
		var ev event.Event
		for err := error(nil); err != io.EOF; {
			if err = d.Next(&ev); err != nil && err != io.EOF {
				b.Fatal(err)
			}
		}
	}
}
