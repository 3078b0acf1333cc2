package capture_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/internal/collect/dicom/capture"
)

// A reset ends a connection, when it is one of that connection and not one that somebody made up.
func TestReset(t *testing.T) {
	frames := plain().frames(dialogue(scan(8 << 10)))
	reset := func(seq uint32) frame {
		return frame{frames[5].at, plain().wrap(false, &layers.TCP{SrcPort: 40001, DstPort: 104, RST: true, Seq: seq}, nil)}
	}
	expect(t, pcap(slices.Insert(slices.Clone(frames), 6, reset(0x7FFFFF00)), all), whole, false)
	other := recorder{port: 40002, size: 1400}.frames(dialogue(scan(8 << 10)))
	ended := slices.Concat(frames[:6], []frame{reset(0)}, other)
	expect(t, pcap(ended, all), append([]string{whole[0], "assoc C-STORE CT_1 ARCHIVE 1 unanswered true"}, whole...), false)
}

// Answers may come in another order than their questions (PS3.7 D.3.3.3): the number tells.
func TestAnswersByNumber(t *testing.T) {
	first, second := dimse.Command{Field: dimse.CEcho, ID: 1, Class: ct}, dimse.Command{Field: dimse.CEcho, ID: 2, Class: ct}
	turns := slices.Concat(association(), []turn{
		{true, say(1, first, nil)}, // the server asks as well, with a number of its own
		{false, append(say(1, first, nil), say(1, second, nil)...)},
		{true, append(say(1, second.Answer(0x0122), nil), say(1, first.Answer(dimse.Success), nil)...)},
		{false, say(1, first.Answer(0x0210), nil)},
	}, released())
	_, events, _ := read(t, bytes.NewReader(pcap(plain().frames(turns), all)))
	var got []string
	for _, e := range events[1:] {
		by, _ := e["asked_by"].(string)
		got = append(got, string(rune('0'+int(e["MessageID"].(float64))))+" "+e["Status"].(string)+by)
	}
	if diff := cmp.Diff(got, []string{"2 0122", "1 0000", "1 0210server"}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// What is compressed as a whole is not unpacked: a small part of it may be larger than any memory.
func TestDeflated(t *testing.T) {
	rq, err := dimse.Requestor{Calling: "CT_1", Called: "ARCHIVE", Proposals: []dimse.Proposal{{Abstract: ct, Transfers: []string{"1.2.840.10008.1.2.1.99"}}}}.Request()
	if err != nil {
		t.Fatal(err)
	}
	ac, _ := dimse.Acceptor{Offers: []dimse.Offer{{Abstract: ct}}}.Answer(rq)
	// The four letters after the first byte begin a block that is stored as it is (RFC 1951 3.2.4): it could be read.
	image := scan(1 << 10)
	n := len(image)
	packed := append([]byte{1, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}, image...)
	turns := slices.Concat([]turn{{false, dimse.AppendPDU(nil, rq)}, {true, dimse.AppendPDU(nil, ac)}}, stored(1, packed), released())
	expect(t, pcap(plain().frames(turns), all), []string{whole[0], whole[2]}, false)
}

// Large images are digested one after the other, however few may be at a time.
func TestLarge(t *testing.T) {
	image := scan(5 << 20)
	turns := slices.Concat(association(), stored(1, image), stored(2, image), released())
	d := capture.OpenLarge(bytes.NewReader(pcap(recorder{port: 40001, size: 32 << 10}.frames(turns), all)), options(t), 1)
	got, _, _ := list(t, d)
	if diff := cmp.Diff(got, []string{whole[0], whole[1], whole[2], whole[1], whole[2]}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	none := capture.OpenLarge(bytes.NewReader(pcap(recorder{port: 40001, size: 32 << 10}.frames(turns), all)), options(t), 0)
	got, _, damages := list(t, none)
	if diff := cmp.Diff(got, []string{whole[0], whole[2], whole[2]}); diff != "" || damages != 2 {
		t.Errorf("%d damages, (-got +want):\n%s", damages, diff)
	}
}

// A part of a packet that was cut up on its way is no segment.
func TestFragment(t *testing.T) {
	frames := plain().frames(dialogue(scan(8 << 10)))
	part := slices.Clone(frames[5].text)
	part[14+6] |= 0x20 // more fragments (RFC 791 3.1)
	part[150] ^= 0xFF
	expect(t, pcap(slices.Insert(slices.Clone(frames), 5, frame{frames[5].at, part[:200]}), all), whole, false)
}

// Some writers put more into a packet than they say they would.
func TestLongerThanSaid(t *testing.T) {
	file := pcap(plain().frames(dialogue(scan(8<<10))), all)
	binary.LittleEndian.PutUint32(file[16:], 300)
	expect(t, file, whole, false)
}
