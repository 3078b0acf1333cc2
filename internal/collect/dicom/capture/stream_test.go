package capture

import (
	"testing"
	"time"
)

// counting is a sink that looks at nothing.
type counting struct{ n, lost int64 }

func (c *counting) bytes(b []byte) { c.n += int64(len(b)) }
func (c *counting) missed(n int64) { c.lost += n }

// BenchmarkReassembly is bare reassembly: what the reader of images is to be held against.
func BenchmarkReassembly(b *testing.B) {
	p, answer := packet{payload: make([]byte, 1400), ack: true, ackno: 1}, packet{ack: true, seq: 1}
	var c pair
	client, server := &counting{}, &counting{}
	at := time.Unix(0, 0)
	b.SetBytes(int64(len(p.payload)))
	for b.Loop() {
		c.add(0, &p, at, [2]sink{client, server})
		p.seq += uint32(len(p.payload))
		answer.ackno = p.seq
		c.add(1, &answer, at, [2]sink{client, server})
	}
}
