// Package capture listens to the imaging network without taking part in it: from recordings of network traffic, or from a copy of it that a
// switch hands over, it tells which device asked which for what, and takes the fingerprints of every image on its way.
//
// Connections are put together again from their packets, and known as DICOM by what they say, whatever their port. Of each comes an event of
// the class dicom/assoc for the association, and one for each request with its answer, with the names that Zeek's logs and PS3.7 have
// for what they say; and one of the class dicom/instance for each image that was stored, as its file would give. uid is the same in all events of
// one connection.
//
// What is lost on the way to us ends what it is part of (broken, or result unanswered), and is counted as damage. TLS is not opened.
package capture

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Format reads recordings of network traffic, pcap and pcapng, for the DICOM that is in them.
func Format() collect.Format {
	return collect.Format{Name: formatName, Sniff: sniff, Open: open}
}

const formatName = "dicom-capture"

// sniff knows both kinds by their first bytes (draft-ietf-opsawg-pcap 4, draft-ietf-opsawg-pcapng 4.1).
func sniff(head []byte) int {
	if isPcap(head) || isNext(head) {
		return 100
	}
	return 0
}

func isPcap(head []byte) bool {
	if len(head) < 24 {
		return false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if magic := order.Uint32(head); magic == 0xA1B2C3D4 || magic == 0xA1B23C4D {
			return true
		}
	}
	return false
}

func isNext(head []byte) bool {
	const begin = 0x1A2B3C4D
	return len(head) >= 12 && binary.BigEndian.Uint32(head) == 0x0A0D0D0A &&
		(binary.LittleEndian.Uint32(head[8:]) == begin || binary.BigEndian.Uint32(head[8:]) == begin)
}

func open(r io.Reader, o collect.Options) collect.Decoder {
	d := &decoder{o: o, l: newListener(usual()), from: &source{r: r}}
	d.r = bufio.NewReaderSize(d.from, 64<<10)
	return d
}

// source remembers how reading ended, for the library has words of its own for it.
type source struct {
	r   io.Reader
	n   int64
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil {
		s.err = err
	}
	return n, err
}

// packets is what a recording is read with.
type packets interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// decoder reads one recording.
type decoder struct {
	o      collect.Options
	from   *source
	r      *bufio.Reader
	p      packets
	link   layers.LinkType
	d      dissector
	l      *listener
	at     int   // of the next of l.rows
	record int64 // of the last event
	end    error // no more packets are read
	broken error // Damage that ended it, to be told last
}

// Next implements collect.Decoder.
func (d *decoder) Next(ev *event.Event) error {
	for {
		if d.at < len(d.l.rows) {
			r := &d.l.rows[d.at]
			d.at++
			return d.give(r, ev)
		}
		d.l.rows, d.at = d.l.rows[:0], 0
		switch {
		case d.end == nil:
			d.read()
		case d.l.closeOne():
		case d.broken != nil:
			err := d.broken
			d.broken = nil
			return err
		default:
			return d.end
		}
	}
}

// give makes an event of a row.
func (d *decoder) give(r *row, ev *event.Event) error {
	if r.lost != "" {
		return &collect.Damage{Offset: d.offset(), Reason: r.lost}
	}
	d.record++
	return r.event(ev, d.o, formatName, d.record)
}

func (r *row) event(ev *event.Event, o collect.Options, format string, record int64) error {
	*ev = event.Event{Fields: r.fields, Format: format, Record: record}
	if err := ev.Index.Scan(r.fields, jsonl.DefaultLimits()); err != nil {
		return err
	}
	if y := r.at.Year(); y >= 1970 && y <= 9999 {
		ev.Time = r.at.UTC()
	}
	ev.Class = o.Taxonomy.Class("dicom", "assoc", "")
	if r.instance {
		ev.Class = o.Taxonomy.Class("dicom", "instance", "")
	}
	return nil
}

func (d *decoder) offset() int64 { return d.from.n - int64(d.r.Buffered()) }

// read takes in one packet.
func (d *decoder) read() {
	if d.p == nil {
		if err := d.begin(); err != nil {
			d.stop(err, "the head of a recording that cannot be read")
			return
		}
	}
	frame, info, err := d.p.ZeroCopyReadPacketData()
	if err != nil {
		d.stop(err, "a packet that cannot be read: nothing behind it is")
		return
	}
	link := d.link
	if len(info.AncillaryData) > 0 {
		if of, ok := info.AncillaryData[0].(layers.LinkType); ok {
			link = of
		}
	}
	if p, ok := d.d.segment(link, frame); ok {
		d.l.packet(info.Timestamp, &p)
	}
}

// stop ends the reading of packets, because of what the recording holds or of how reading it ended.
func (d *decoder) stop(err error, reason string) {
	d.end = io.EOF
	switch {
	case d.from.err != nil && d.from.err != io.EOF:
		d.end = d.from.err
	case err != io.EOF || d.p == nil:
		d.broken = &collect.Damage{Offset: d.offset(), Reason: reason}
	}
}

// longestPacket is what other readers take as well.
const longestPacket = 256 << 10

func (d *decoder) begin() error {
	head, err := d.r.Peek(24)
	switch {
	case isPcap(head):
		r, err := pcapgo.NewReader(d.r)
		if err != nil {
			return err
		}
		r.SetSnaplen(longestPacket) // whatever the recording says: some are wrong about it, and some lie
		d.p, d.link = r, r.LinkType()
		return nil
	case isNext(head):
		r, err := pcapgo.NewNgReader(d.r, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
		if err != nil {
			return err
		}
		d.p = r
		return nil
	case err != nil:
		return err
	}
	return io.ErrUnexpectedEOF
}

var _ collect.Decoder = (*decoder)(nil)
