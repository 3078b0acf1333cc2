package capture

import (
	"encoding/binary"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// packet is one TCP segment as it was on the wire. Its payload is valid until the next packet is read.
type packet struct {
	from, to           netip.AddrPort
	seq, ackno         uint32
	syn, ack, fin, rst bool
	payload            []byte
	cut                int // bytes of the payload that were not captured
}

// dissector takes packets apart. Of what it holds nothing outlives a call.
type dissector struct {
	v4  layers.IPv4
	v6  layers.IPv6
	tcp layers.TCP
}

// The types that frames say they carry (IEEE 802 numbers).
const (
	typeIPv4 = 0x0800
	typeIPv6 = 0x86DD
	typeVLAN = 0x8100
	typeQinQ = 0x88A8
)

// segment finds the TCP segment in a frame; false when there is none, or only a part of one that was cut up on its way.
func (d *dissector) segment(link layers.LinkType, frame []byte) (packet, bool) {
	kind, body, ok := unwrap(link, frame)
	if !ok {
		return packet{}, false
	}
	var from, to netip.Addr
	var text []byte
	length := 0
	switch kind {
	case typeIPv4:
		if d.v4.DecodeFromBytes(body, gopacket.NilDecodeFeedback) != nil || d.v4.Protocol != layers.IPProtocolTCP ||
			d.v4.FragOffset != 0 || d.v4.Flags&layers.IPv4MoreFragments != 0 {
			return packet{}, false
		}
		from, _ = netip.AddrFromSlice(d.v4.SrcIP)
		to, _ = netip.AddrFromSlice(d.v4.DstIP)
		text = d.v4.Payload
		length = int(binary.BigEndian.Uint16(body[2:])) - 4*int(d.v4.IHL)
	case typeIPv6:
		if d.v6.DecodeFromBytes(body, gopacket.NilDecodeFeedback) != nil || d.v6.NextHeader != layers.IPProtocolTCP {
			return packet{}, false
		}
		from, _ = netip.AddrFromSlice(d.v6.SrcIP)
		to, _ = netip.AddrFromSlice(d.v6.DstIP)
		text = d.v6.Payload
		length = int(d.v6.Length)
	default:
		return packet{}, false
	}
	if d.tcp.DecodeFromBytes(text, gopacket.NilDecodeFeedback) != nil {
		return packet{}, false
	}
	t := &d.tcp
	return packet{
		from: netip.AddrPortFrom(from.Unmap(), uint16(t.SrcPort)), to: netip.AddrPortFrom(to.Unmap(), uint16(t.DstPort)),
		seq: t.Seq, ackno: t.Ack, syn: t.SYN, ack: t.ACK, fin: t.FIN, rst: t.RST, payload: t.Payload, cut: max(0, length-len(text)),
	}, true
}

// unwrap takes off what the network below IP put around a packet.
func unwrap(link layers.LinkType, frame []byte) (kind uint16, body []byte, ok bool) {
	head := 14
	switch link {
	case layers.LinkTypeEthernet:
	case layers.LinkTypeLinuxSLL:
		head = 16
	case linkSLL2: // the type stands in front
		if len(frame) < 20 {
			return 0, nil, false
		}
		return binary.BigEndian.Uint16(frame), frame[20:], true
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		return version(frame, 4)
	case layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, rawToo:
		return version(frame, 0)
	default:
		return 0, nil, false
	}
	if len(frame) < head {
		return 0, nil, false
	}
	kind, body = binary.BigEndian.Uint16(frame[head-2:]), frame[head:]
	for range 2 { // a tag of a virtual network, and one around it
		if (kind == typeVLAN || kind == typeQinQ) && len(body) >= 4 {
			kind, body = binary.BigEndian.Uint16(body[2:]), body[4:]
		}
	}
	return kind, body, true
}

// Link types that the library has no name for (tcpdump.org/linktypes.html).
const (
	linkSLL2 layers.LinkType = 276
	rawToo   layers.LinkType = 12 // as some systems write it
)

// version tells by the first bits of a packet behind n bytes which of IP it is.
func version(frame []byte, n int) (kind uint16, body []byte, ok bool) {
	if len(frame) <= n {
		return 0, nil, false
	}
	switch frame[n] >> 4 {
	case 4:
		return typeIPv4, frame[n:], true
	case 6:
		return typeIPv6, frame[n:], true
	}
	return 0, nil, false
}
