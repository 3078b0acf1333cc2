package indicator

import "net/netip"

// parseIPv4 reads four decimal numbers without leading zeros, and nothing else.
func parseIPv4(b []byte) (ip [4]byte, ok bool) {
	if len(b) < len("1.1.1.1") || len(b) > len("255.255.255.255") {
		return ip, false
	}
	part, value, digits := 0, 0, 0
	for _, c := range b {
		switch {
		case c-'0' <= 9:
			if digits > 0 && value == 0 {
				return ip, false
			}
			value = value*10 + int(c-'0')
			if digits++; value > 255 {
				return ip, false
			}
		case c == '.' && digits > 0 && part < 3:
			ip[part] = byte(value)
			part, value, digits = part+1, 0, 0
		default:
			return ip, false
		}
	}
	ip[3] = byte(value)
	return ip, part == 3 && digits > 0
}

// maxIPv6 is the length of the longest way to write an IPv6 address without a zone.
const maxIPv6 = len("0000:0000:0000:0000:0000:ffff:255.255.255.255")

// parseIPv6 reads an address as RFC 4291 2.2 writes it, without brackets and zone.
func parseIPv6(b []byte) (ip [16]byte, ok bool) {
	if len(b) < 2 || len(b) > maxIPv6 {
		return ip, false
	}
	at, gap := 0, -1
	if b[0] == ':' {
		if b[1] != ':' {
			return ip, false
		}
		gap, b = 0, b[2:]
	}
	for len(b) > 0 && at < len(ip) {
		value, n := hexGroup(b)
		if n == 0 {
			return ip, false
		}
		if n < len(b) && b[n] == '.' {
			v4, ok := parseIPv4(b)
			if !ok || at > len(ip)-len(v4) {
				return ip, false
			}
			at += copy(ip[at:], v4[:])
			b = nil
			break
		}
		ip[at], ip[at+1] = byte(value>>8), byte(value)
		at, b = at+2, b[n:]
		if len(b) == 0 {
			break
		}
		if b[0] != ':' || len(b) == 1 {
			return ip, false
		}
		b = b[1:]
		if b[0] == ':' {
			if gap >= 0 {
				return ip, false
			}
			gap, b = at, b[1:]
		}
	}
	return spread(ip, at, gap), len(b) == 0 && (at == len(ip) && gap < 0 || at < len(ip) && gap >= 0)
}

// hexGroup reads up to four hexadecimal digits.
func hexGroup(b []byte) (value, digits int) {
	for digits < len(b) && digits < 5 && isHex(b[digits]) {
		value = value<<4 | int(unhex(b[digits]))
		digits++
	}
	if digits > 4 {
		return 0, 0
	}
	return value, digits
}

// spread moves what was read behind the two colons to the end.
func spread(ip [16]byte, at, gap int) [16]byte {
	if gap < 0 || at >= len(ip) {
		return ip
	}
	tail := ip
	for i := gap; i < len(ip); i++ {
		ip[i] = 0
	}
	copy(ip[len(ip)-(at-gap):], tail[gap:at])
	return ip
}

// parseAddress reads either kind. IPv4 in IPv6 clothes becomes IPv4.
func parseAddress(b []byte) (netip.Addr, bool) {
	if v4, ok := parseIPv4(b); ok {
		return netip.AddrFrom4(v4), true
	}
	v6, ok := parseIPv6(b)
	return netip.AddrFrom16(v6).Unmap(), ok
}

// Prefixes below these lengths hold the networks of whole countries.
const (
	shortestIPv4 = 9
	shortestIPv6 = 16
)

// everywhere tells an address that means the same on every machine or network: no
// list can mean one machine by it.
func everywhere(ip netip.Addr) bool {
	return ip.IsUnspecified() || ip.IsLoopback() || ip.IsMulticast() || ip.IsLinkLocalUnicast() ||
		ip.Is4() && (ip.As4()[0] == 0 || ip.As4()[0] >= 240)
}

// tooBroad tells a network that would match a hospital's own traffic or half the Internet.
func tooBroad(p netip.Prefix) bool {
	if everywhere(p.Addr()) {
		return true
	}
	if p.Addr().Is6() {
		return p.Bits() < shortestIPv6
	}
	if p.Bits() < shortestIPv4 {
		return true
	}
	// The rest of the blocks that are private as a whole (RFC 1918, RFC 6598).
	for _, block := range [...]netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10),
	} {
		if p.Bits() <= block.Bits() && p.Overlaps(block) {
			return true
		}
	}
	return false
}
