package capture_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dicomtest"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/dicom/dimse"
)

const (
	ct       = "1.2.840.10008.5.1.4.1.1.2"
	find     = "1.2.840.10008.5.1.4.1.2.2.1"
	explicit = "1.2.840.10008.1.2.1"
)

// turn is what one side says.
type turn struct {
	server bool
	text   []byte
}

// scan is an image with so many bytes of pixels.
func scan(pixels int) []byte {
	return []byte(strings.Join([]string{
		dicomtest.Explicit(0x00080016, "UI", ct+"\x00"),
		dicomtest.Explicit(0x00080018, "UI", "1.2.3.4\x00"),
		dicomtest.Explicit(0x00080050, "SH", "A1"),
		dicomtest.Explicit(0x00080060, "CS", "CT"),
		dicomtest.Explicit(0x00100010, "PN", "ROE^RITA"),
		dicomtest.Explicit(0x00100020, "LO", "4711"),
		dicomtest.Explicit(0x0020000D, "UI", "1.2.3\x00"),
		dicomtest.Explicit(0x00280002, "US", dicomtest.Shorts(1)),
		dicomtest.Explicit(0x00280010, "US", dicomtest.Shorts(uint16(pixels/128))),
		dicomtest.Explicit(0x00280011, "US", dicomtest.Shorts(64)),
		dicomtest.Explicit(0x00280100, "US", dicomtest.Shorts(16)),
		dicomtest.Explicit(0x7FE00010, "OW", strings.Repeat("pixels..", pixels/8)),
	}, ""))
}

// association is what is said when it begins.
func association() []turn {
	rq, err := dimse.Requestor{Calling: "CT_1", Called: "ARCHIVE", Proposals: []dimse.Proposal{
		{Abstract: ct, Transfers: []string{explicit}}, {Abstract: find, Transfers: []string{explicit}},
	}}.Request()
	if err != nil {
		panic(err)
	}
	ac, _ := dimse.Acceptor{Offers: []dimse.Offer{{Abstract: ct}, {Abstract: find}}}.Answer(rq)
	return []turn{{false, dimse.AppendPDU(nil, rq)}, {true, dimse.AppendPDU(nil, ac)}}
}

// say is a command with its data set, in PDUs of 4 KiB.
func say(context byte, c dimse.Command, data []byte) (b []byte) {
	c.DataSet = data != nil
	b = dimse.AppendPDU(b, dimse.Data{Values: []dimse.Value{{Context: context, Control: 3, Fragment: dimse.AppendCommand(nil, c)}}})
	for len(data) > 0 {
		n := min(len(data), 4<<10)
		control := dimse.Control(0)
		if n == len(data) {
			control = 2
		}
		b = dimse.AppendPDU(b, dimse.Data{Values: []dimse.Value{{Context: context, Control: control, Fragment: data[:n]}}})
		data = data[n:]
	}
	return b
}

func stored(id uint16, image []byte) []turn {
	c := dimse.Command{Field: dimse.CStore, ID: id, Class: ct, Instance: "1.2.3.4"}
	return []turn{{false, say(1, c, image)}, {true, say(1, c.Answer(dimse.Success), nil)}}
}

func found() []turn {
	c := dimse.Command{Field: dimse.CFind, ID: 9, Class: find}
	keys := []byte(dicomtest.Explicit(0x00080052, "CS", "STUDY ") + dicomtest.Explicit(0x00100010, "PN", "") + dicomtest.Explicit(0x00100020, "LO", "4711"))
	answers := append(say(3, c.Answer(dimse.Pending), keys), say(3, c.Answer(dimse.Pending), keys)...)
	return []turn{{false, say(3, c, keys)}, {true, append(answers, say(3, c.Answer(dimse.Success), nil)...)}}
}

func released() []turn {
	return []turn{{false, dimse.AppendPDU(nil, dimse.Release{})}, {true, dimse.AppendPDU(nil, dimse.Release{Response: true})}}
}

func dialogue(image []byte) []turn {
	return slices.Concat(association(), stored(1, image), found(), released())
}

var whole = []string{
	"assoc A-ASSOCIATE CT_1 ARCHIVE accepted", "instance C-STORE CT_1 ARCHIVE CT", "assoc C-STORE CT_1 ARCHIVE 1 0000",
	"assoc C-FIND CT_1 ARCHIVE STUDY map[PatientID:4711] 2 0000",
}

// frame is one packet.
type frame struct {
	at   time.Time
	text []byte
}

// recorder makes packets of turns.
type recorder struct {
	port  layers.TCPPort // of the client
	six   bool           // IPv6
	vlan  bool
	size  int // bytes in a segment
	start time.Time
	first uint32 // the client's first number; 0 is one that wraps soon
}

func (r recorder) frames(turns []turn) (list []frame) {
	seq := [2]uint32{cmp.Or(r.first, 0xFFFFFF00), 77}
	at := r.start
	if at.IsZero() {
		at = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	}
	add := func(server bool, change func(*layers.TCP), payload []byte) {
		side, other := 0, 1
		tcp := &layers.TCP{SrcPort: r.port, DstPort: 104, ACK: true, Window: 1 << 15}
		if server {
			side, other = 1, 0
			tcp.SrcPort, tcp.DstPort = tcp.DstPort, tcp.SrcPort
		}
		tcp.Seq, tcp.Ack = seq[side], seq[other]
		if change != nil {
			change(tcp)
			seq[side]++
		}
		seq[side] += uint32(len(payload))
		at = at.Add(time.Millisecond)
		list = append(list, frame{at, r.wrap(server, tcp, payload)})
	}
	add(false, func(t *layers.TCP) { t.SYN, t.ACK = true, false }, nil)
	add(true, func(t *layers.TCP) { t.SYN = true }, nil)
	for _, turn := range turns {
		for piece := range slices.Chunk(turn.text, r.size) {
			add(turn.server, nil, piece)
		}
	}
	add(false, func(t *layers.TCP) { t.FIN = true }, nil)
	add(true, func(t *layers.TCP) { t.FIN = true }, nil)
	return list
}

func (r recorder) wrap(server bool, tcp *layers.TCP, payload []byte) []byte {
	kind := layers.EthernetTypeIPv4
	var ip gopacket.SerializableLayer
	from, to := net.IP{10, 0, 0, 1}, net.IP{10, 0, 0, 2}
	if r.six {
		kind, from, to = layers.EthernetTypeIPv6, net.ParseIP("2001:db8::1"), net.ParseIP("2001:db8::2")
	}
	if server {
		from, to = to, from
	}
	if r.six {
		ip = &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolTCP, HopLimit: 64, SrcIP: from, DstIP: to}
		_ = tcp.SetNetworkLayerForChecksum(ip.(*layers.IPv6))
	} else {
		ip = &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: from, DstIP: to}
		_ = tcp.SetNetworkLayerForChecksum(ip.(*layers.IPv4))
	}
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: kind}
	parts := []gopacket.SerializableLayer{eth}
	if r.vlan {
		eth.EthernetType = layers.EthernetTypeDot1Q
		parts = append(parts, &layers.Dot1Q{VLANIdentifier: 7, Type: kind})
	}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append(parts, ip, tcp, gopacket.Payload(payload))...)
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

// pcap writes packets as tcpdump does, the first snap bytes of each.
func pcap(frames []frame, snap int) []byte {
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	_ = w.WriteFileHeader(uint32(snap), layers.LinkTypeEthernet)
	for _, f := range frames {
		n := min(len(f.text), snap)
		_ = w.WritePacket(gopacket.CaptureInfo{Timestamp: f.at, CaptureLength: n, Length: len(f.text)}, f.text[:n])
	}
	return b.Bytes()
}

// next writes packets as Wireshark does.
func next(t testing.TB, frames []frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		_ = w.WritePacket(gopacket.CaptureInfo{Timestamp: f.at, CaptureLength: len(f.text), Length: len(f.text)}, f.text)
	}
	_ = w.Flush()
	return b.Bytes()
}

const all = 256 << 10

func plain() recorder { return recorder{port: 40001, size: 1400} }

func expect(t *testing.T, file []byte, want []string, damaged bool) []map[string]any {
	t.Helper()
	got, events, damages := read(t, bytes.NewReader(file))
	if diff := gocmp.Diff(got, want); diff != "" || (damages > 0) != damaged {
		t.Errorf("%d damages, (-got +want):\n%s", damages, diff)
	}
	return events
}

// However the network cuts, repeats and disorders what is said, and however it was recorded, the events are the same.
func TestTheSameHoweverItCame(t *testing.T) {
	turns := dialogue(scan(20 << 10))
	for name, r := range map[string]recorder{
		"small":  {port: 40001, size: 7},
		"usual":  plain(),
		"huge":   {port: 40001, size: 60 << 10},
		"IPv6":   {port: 40001, size: 1400, six: true},
		"tagged": {port: 40001, size: 1400, vlan: true},
	} {
		t.Run(name, func(t *testing.T) { expect(t, pcap(r.frames(turns), all), whole, false) })
	}
	frames := plain().frames(turns)
	t.Run("pcapng", func(t *testing.T) { expect(t, next(t, frames), whole, false) })
	t.Run("twice", func(t *testing.T) {
		var doubled []frame
		for _, f := range frames {
			doubled = append(doubled, f, f)
		}
		expect(t, pcap(doubled, all), whole, false)
	})
	t.Run("in disorder", func(t *testing.T) {
		mixed := slices.Clone(frames)
		for i := 5; i+3 < len(mixed)-4; i += 4 { // a packet and the three behind it
			slices.Reverse(mixed[i : i+3])
		}
		expect(t, pcap(mixed, all), whole, false)
	})
	t.Run("two at a time", func(t *testing.T) {
		other := recorder{port: 40002, size: 900}.frames(turns)
		var mixed []frame
		for i := range max(len(frames), len(other)) {
			if i < len(frames) {
				mixed = append(mixed, frames[i])
			}
			if i < len(other) {
				mixed = append(mixed, other[i])
			}
		}
		got, _, _ := read(t, bytes.NewReader(pcap(mixed, all)))
		slices.Sort(got)
		want := append(slices.Clone(whole), whole...)
		slices.Sort(want)
		if diff := gocmp.Diff(got, want); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the same ports again", func(t *testing.T) {
		later := recorder{port: 40001, size: 1400, first: 5, start: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)}
		expect(t, pcap(append(slices.Clone(frames[:len(frames)-2]), later.frames(turns)...), all), append(slices.Clone(whole), whole...), false)
	})
}

// An image on the wire has the digests of its file, and says who sent it to whom.
func TestInstance(t *testing.T) {
	image := scan(20 << 10)
	in, err := digest.Read(bytes.NewReader(image), explicit, digest.DefaultMutable(), dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	events := expect(t, pcap(plain().frames(dialogue(image)), all), whole, false)
	want := map[string]any{
		"SOPClassUID": ct, "SOPInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3", "AccessionNumber": "A1", "Modality": "CT", "PatientID": "4711", "PatientName": "ROE^RITA",
		"TransferSyntaxUID": explicit, "frames": 1.0, "command": "C-STORE", "MessageID": 1.0, "bytes": float64(len(image)),
		"CallingAETitle": "CT_1", "CalledAETitle": "ARCHIVE", "ImplementationClassUID": dimse.ImplementationUID,
		"id.orig_h": "10.0.0.1", "id.orig_p": 40001.0, "id.resp_h": "10.0.0.2", "id.resp_p": 104.0, "uid": events[0]["uid"],
		"digest": map[string]any{"header": in.Header.String(), "semantic": in.Semantic.String(), "pixels": in.Pixels.String()},
	}
	if diff := gocmp.Diff(events[1], want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	store := events[2]
	if store["PatientID"] != "4711" || store["StudyInstanceUID"] != "1.2.3" || store["AccessionNumber"] != "A1" {
		text, _ := json.Marshal(store)
		t.Errorf("the request does not say what it is about: %d bytes", len(text))
	}
}

// What is lost ends what it was part of, and nothing else.
func TestLoss(t *testing.T) {
	turns := slices.Concat(association(), stored(1, scan(20<<10)), stored(2, scan(8<<10)), found(), released())
	frames := plain().frames(turns)
	associated, queried := whole[0], whole[3]
	lost := []string{associated, "assoc C-STORE CT_1 ARCHIVE 1 0000 true", whole[1], whole[2], queried}
	healthy := []string{associated, whole[1], whole[2], whole[1], whole[2], queried}
	expect(t, pcap(frames, all), healthy, false)
	ends := 4 // the frames of the beginning: SYN twice, request, answer
	inImage := 0
	for i := ends + 1; i < ends+14; i++ { // all but the first of the image's: that has the command
		file := pcap(slices.Delete(slices.Clone(frames), i, i+1), all)
		got, _, damages := read(t, bytes.NewReader(file))
		if damages == 0 {
			t.Errorf("packet %d is missing, and nothing is said of it", i)
		}
		if diff := gocmp.Diff(got, lost); diff == "" {
			inImage++
			continue
		}
		if len(got) < 4 || got[0] != associated || got[len(got)-1] != queried {
			t.Errorf("without packet %d more is lost than the image: %q", i, got)
		}
	}
	if inImage < 9 {
		t.Errorf("in %d of 13 places a lost packet cost the image alone", inImage)
	}
}

// Of a connection that was there before, what can be told is told.
func TestMidway(t *testing.T) {
	turns := slices.Concat(association(), stored(1, scan(8<<10)), found(), released())
	frames := plain().frames(turns)
	got, _, _ := read(t, bytes.NewReader(pcap(frames[4:], all)))
	want := []string{"assoc C-STORE 1 0000", "assoc C-FIND 2 0000"} // neither titles nor the transfer syntax are known
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	got, _, _ = read(t, bytes.NewReader(pcap(frames[6:], all))) // in the middle of the image
	if diff := gocmp.Diff(got, want[1:]); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// What was not captured of each packet is as good as lost; a recording that breaks off says what it had.
func TestCut(t *testing.T) {
	frames := plain().frames(dialogue(scan(20 << 10)))
	got, _, damages := read(t, bytes.NewReader(pcap(frames, 400)))
	if len(got) == 0 || got[0] != whole[0] || damages == 0 {
		t.Errorf("%q, %d damages", got, damages)
	}
	file := pcap(frames, all)
	for n := 24; n < len(file); n += 501 {
		if _, _, damages := read(t, bytes.NewReader(file[:n])); damages > 1 {
			t.Errorf("cut off at byte %d: %d damages", n, damages)
		}
	}
}

// Whoever asks and gets no answer is told of all the same.
func TestUnanswered(t *testing.T) {
	turns := dialogue(scan(8 << 10))
	expect(t, pcap(plain().frames(turns[:1]), all), []string{"assoc A-ASSOCIATE CT_1 ARCHIVE unanswered"}, false)
	expect(t, pcap(plain().frames(turns[:3]), all), []string{whole[0], whole[1], "assoc C-STORE CT_1 ARCHIVE 1 unanswered"}, false)
	reject := []turn{turns[0], {true, dimse.AppendPDU(nil, dimse.Reject{Result: 1, Source: dimse.ByUser, Reason: dimse.CalledUnknown})}}
	expect(t, pcap(plain().frames(reject), all), []string{"assoc A-ASSOCIATE CT_1 ARCHIVE rejected"}, false)
	foreign := []turn{{false, []byte("GET / HTTP/1.1\r\n\r\n")}, {true, []byte("HTTP/1.1 200 OK\r\n\r\n")}}
	expect(t, pcap(plain().frames(foreign), all), nil, false)
}
