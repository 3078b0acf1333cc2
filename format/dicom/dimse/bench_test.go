package dimse_test

import (
	"testing"

	"github.com/wardline/wardline/format/dicom/dimse"
)

// A conversation that carries one C-STORE of 16 MiB after the other, in PDUs as DCMTK's and ours send them, and in segments of a network.
func BenchmarkConversation(b *testing.B) {
	for _, bb := range []struct {
		name      string
		pdu, read int
	}{{"16KiB_PDUs", 16 << 10, 64 << 10}, {"128KiB_PDUs", 128 << 10, 64 << 10}, {"segments", 16 << 10, 1448}} {
		b.Run(bb.name, func(b *testing.B) {
			text := value(3, commandLast, storing)
			for n := 16 << 20; n > 0; n -= bb.pdu {
				c := part
				if n <= bb.pdu {
					c = last
				}
				text = append(text, value(3, c, string(make([]byte, bb.pdu)))...)
			}
			c := dimse.NewConversation(dimse.DefaultLimits())
			var l listener
			l.feed(b, c, dimse.Client, request(), 1<<20)
			l.feed(b, c, dimse.Server, granted(), 1<<20)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				size := int64(0)
				for at := 0; at < len(text); at += bb.read {
					c.Write(dimse.Client, text[at:min(at+bb.read, len(text))])
					for m, ok, err := c.Next(); ok || err != nil; m, ok, err = c.Next() {
						if err != nil {
							b.Fatal(err)
						}
						size += int64(len(m.Data))
					}
				}
				if size != 16<<20 {
					b.Fatal(size)
				}
			}
		})
	}
}

// Queries with short answers, where commands cost more than data.
func BenchmarkQueries(b *testing.B) {
	answer := join(value(3, commandLast, string(dimse.AppendCommand(nil, commands()["C-FIND-RSP"]))), value(3, last, string(make([]byte, 120))))
	c := dimse.NewConversation(dimse.DefaultLimits())
	var l listener
	l.feed(b, c, dimse.Client, request(), 1<<20)
	l.feed(b, c, dimse.Server, granted(), 1<<20)
	b.SetBytes(int64(len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		c.Write(dimse.Server, answer)
		for _, ok, err := c.Next(); ok || err != nil; _, ok, err = c.Next() {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// A request with 128 contexts, as DCMTK's programs send it.
func BenchmarkAssociate(b *testing.B) {
	r := dimse.Requestor{Calling: "MODALITY", Called: "ARCHIVE"}
	for range 128 {
		r.Proposals = append(r.Proposals, dimse.Proposal{Abstract: capture, Transfers: []string{explicitLittle, implicitLittle}})
	}
	rq, err := r.Request()
	if err != nil {
		b.Fatal(err)
	}
	text := dimse.AppendPDU(nil, rq)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dimse.Parse(text, dimse.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}
