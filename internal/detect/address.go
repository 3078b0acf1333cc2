package detect

import (
	"bytes"
	"net/netip"
)

// parseAddress reads an address as netip.ParseAddr does, but allocates nothing and passes
// over a zone.
func parseAddress(text []byte) (netip.Addr, bool) {
	if v4, ok := parseIPv4(text); ok {
		return netip.AddrFrom4(v4), true
	}
	text, zone, zoned := bytes.Cut(text, []byte("%"))
	if zoned && len(zone) == 0 {
		return netip.Addr{}, false
	}
	head, tail, shortened := bytes.Cut(text, []byte("::"))
	if !shortened {
		var ip [16]byte
		n, ok := appendGroups(ip[:0], head, true)
		return netip.AddrFrom16(ip), ok && n == len(ip)
	}
	var before, behind, ip [16]byte
	n, ok1 := appendGroups(before[:0], head, false)
	m, ok2 := appendGroups(behind[:0], tail, true)
	if !ok1 || !ok2 || n+m > len(ip)-2 { // the two colons stand for one group at least
		return netip.Addr{}, false
	}
	copy(ip[:], before[:n])
	copy(ip[len(ip)-m:], behind[:m])
	return netip.AddrFrom16(ip), true
}

// appendGroups reads groups of hexadecimal digits with colons between them into dst, as far as
// it has room, and returns the bytes they make. The last one may be an IPv4 address.
func appendGroups(dst, text []byte, last bool) (n int, ok bool) {
	for more := len(text) > 0; more; {
		var group []byte
		group, text, more = bytes.Cut(text, []byte(":"))
		if v4, ok := parseIPv4(group); ok && last && !more && len(dst)+len(v4) <= cap(dst) {
			dst = append(dst, v4[:]...)
			break
		}
		value, ok := parseGroup(group)
		if !ok || len(dst) == cap(dst) {
			return 0, false
		}
		dst = append(dst, byte(value>>8), byte(value))
	}
	return len(dst), true
}

// parseGroup reads one to four hexadecimal digits.
func parseGroup(text []byte) (value int, ok bool) {
	for _, c := range text {
		switch {
		case c-'0' <= 9:
			value = value<<4 | int(c-'0')
		case c|0x20-'a' <= 5:
			value = value<<4 | int(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return value, len(text) >= 1 && len(text) <= 4
}

// parseIPv4 reads four decimal numbers without leading zeros.
func parseIPv4(text []byte) (ip [4]byte, ok bool) {
	for i := range ip {
		part := text
		if i < len(ip)-1 {
			if part, text, ok = bytes.Cut(text, []byte(".")); !ok {
				return ip, false
			}
		}
		if len(part) < 1 || len(part) > 3 || part[0] == '0' && len(part) > 1 {
			return ip, false
		}
		value := 0
		for _, c := range part {
			if c-'0' > 9 {
				return ip, false
			}
			value = value*10 + int(c-'0')
		}
		if value > 255 {
			return ip, false
		}
		ip[i] = byte(value)
	}
	return ip, true
}
