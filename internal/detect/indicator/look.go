package indicator

import (
	"bytes"
	"net/netip"
)

// look gathers all that could be listed in one value. Each pass jumps from one mark to the next (a point, a colon,
// every 32nd byte) and reads only around it, so most values cost a few instructions.
func (m *matcher) look(v []byte) {
	has := &m.set.has
	if bytes.IndexByte(v, '.') >= 0 {
		m.names(v)
	}
	if len(v) >= 2*MD5.size() && (has[MD5] || has[SHA1] || has[SHA256] || has[SHA512] || has[Imphash]) {
		m.digests(v)
	}
	if bytes.IndexByte(v, ':') < 0 {
		return
	}
	if has[Address] || m.set.networks != nil {
		m.colons(v)
	}
	if has[URL] || has[URLPrefix] {
		m.urls(v)
	}
}

// needsUnescaping tells values whose escapes stand for what names and URLs are made of. Those for
// backslashes, quotes and white space are understood as they are.
func needsUnescaping(raw []byte) bool {
	for i := 0; i < len(raw); {
		n := bytes.IndexByte(raw[i:], '\\')
		if n < 0 {
			return false
		}
		switch raw[i+n+1] {
		case 'u', '/', 'b', 'f':
			return true
		}
		i += n + 2
	}
	return false
}

// edge moves the start of a word behind the letter of an escape: the n of \n does not
// belong to what follows.
func (m *matcher) edge(v []byte, start int) int {
	if m.escaped && start > 0 && start < len(v) && v[start-1] == '\\' {
		n := 1
		for n < start && v[start-1-n] == '\\' {
			n++
		}
		start += n & 1
	}
	return start
}

// names looks at every word with a point in it.
func (m *matcher) names(v []byte) {
	for at := 0; ; {
		i := bytes.IndexByte(v[at:], '.')
		if i < 0 {
			return
		}
		start, end := at+i, at+i+1
		for start > at && isName(v[start-1]) {
			start--
		}
		for end < len(v) && isName(v[end]) {
			end++
		}
		m.name(v, m.edge(v, start), end)
		at = end
	}
}

// name looks at one word: v from start to end.
func (m *matcher) name(v []byte, start, end int) {
	next := end
	if start > 0 && v[start-1] == '%' && end-start > 2 && isHex(v[start]) && isHex(v[start+1]) {
		start += 2 // of a URL within a URL: http%3A%2F%2Fexample.org
	}
	for start < end && (v[start] == '.' || v[start] == '-') {
		start++
	}
	for end > start && (v[end-1] == '.' || v[end-1] == '-' || v[end-1] == '_') {
		end--
	}
	if end-start < shortest || next < len(v) && v[next] == '@' {
		return // the part before the @ is no domain
	}
	if isDigit(v[start]) && isDigit(v[end-1]) {
		if ip, ok := parseIPv4(v[start:end]); ok {
			if !isProduct(v, start, ip) {
				m.address(netip.AddrFrom4(ip))
			}
			return
		}
	}
	if start > 0 && v[start-1] == '@' && m.set.has[Email] {
		m.email(v, start-1, end)
	}
	if m.set.has[Domain] && end-start <= maxDomain && !m.inPath(v, start) {
		m.domain(v[start:end])
	}
}

// isProduct tells the version of a program in a User-Agent, such as Chrome/120.0.0.0.
func isProduct(v []byte, start int, ip [4]byte) bool {
	return ip[2] == 0 && ip[3] == 0 && start > 1 && v[start-1] == '/' && isAlnum(v[start-2])
}

// inPath tells a part of a path from the host that stands at its beginning, behind two slashes.
func (m *matcher) inPath(v []byte, start int) bool {
	if start == 0 || v[start-1] != '/' && v[start-1] != '\\' {
		return false
	}
	before := start - 2
	if m.escaped && v[start-1] == '\\' {
		before-- // a backslash takes two bytes
	}
	return before < 0 || v[before] != v[start-1]
}

// domain asks for a name and the names above it that have two labels or more.
func (m *matcher) domain(name []byte) {
	dot := bytes.LastIndexByte(name, '.')
	bit := ending(name[dot+1:])
	if dot <= 0 || m.set.endings[bit/64]>>(bit%64)&1 == 0 {
		return
	}
	m.room()
	base := len(m.keys)
	var ascii bool
	if m.keys, ascii = appendLower(m.keys, name); !ascii {
		base += behindOthers(name)
	}
	labels := 1 + bytes.Count(m.keys[base:], []byte("."))
	for labels > 1 {
		if labels <= m.set.labels {
			m.probe(Domain, base)
		}
		labels--
		base += bytes.IndexByte(m.keys[base:], '.') + 1
	}
}

// behindOthers is where the labels begin that have nothing but ASCII in them and behind them.
func behindOthers(name []byte) int {
	at := 0
	for i, c := range name {
		if c >= 0x80 {
			n := bytes.IndexByte(name[i:], '.')
			if n < 0 {
				return len(name)
			}
			at = i + n + 1
		}
	}
	return at
}

// email asks for the address around an @.
func (m *matcher) email(v []byte, at, end int) {
	start := at
	for start > 0 && at-start <= maxLocal && isLocal(v[start-1]) {
		start--
	}
	start = m.edge(v, start)
	for start < at && (v[start] == '\'' || v[start] == '.' || v[start] == '-') {
		start++
	}
	if start == at || at-start > maxLocal || end-at > maxDomain {
		return
	}
	m.room()
	base := len(m.keys)
	m.keys, _ = appendLower(m.keys, v[start:end])
	m.probe(Email, base)
}

// digests looks for whole runs of as many hexadecimal digits as a digest has. The shortest
// covers one of any 32 places.
func (m *matcher) digests(v []byte) {
	const stride = 32
	after := 0 // the last run
	for at := stride - 1; at < len(v); {
		if !isHex(v[at]) {
			at += stride
			continue
		}
		start, end := at, at+1
		for start > after && isHex(v[start-1]) {
			start--
		}
		for end < len(v) && isHex(v[end]) {
			end++
		}
		if n := end - start; n >= stride && n <= 4*stride {
			m.digest(v, start, end)
		}
		after, at = end, end+stride
	}
}

func (m *matcher) digest(v []byte, start, end int) {
	kind := digestKind(v[start:end])
	if kind == 0 || end < len(v) && (isAlnum(v[end]) || v[end] == '_') {
		return
	}
	if start > 0 && (isAlnum(v[start-1]) || v[start-1] == '_') && m.edge(v, start-1) == start-1 {
		return
	}
	m.room()
	base := len(m.keys)
	m.keys = appendUnhex(m.keys, v[start:end])
	if m.set.has[kind] {
		m.probe(kind, base)
	}
	if kind == MD5 && m.set.has[Imphash] {
		m.probe(Imphash, base)
	}
}

// colons looks for IPv6 addresses.
func (m *matcher) colons(v []byte) {
	for at := 0; ; {
		i := bytes.IndexByte(v[at:], ':')
		if i < 0 {
			return
		}
		start, end, colons := at+i, at+i, 0
		for start > at && start > at+i-4 && isHex(v[start-1]) {
			start--
		}
		for end < len(v) && (isHex(v[end]) || v[end] == ':' || v[end] == '.') {
			if v[end] == ':' {
				colons++
			}
			end++
		}
		at = end
		if colons > 1 && end-start <= maxIPv6+2 && m.standsAlone(v, start, end) {
			m.address6(v[start:end])
		}
	}
}

// standsAlone tells whether neither side of a word goes on in letters, digits or colons.
func (m *matcher) standsAlone(v []byte, start, end int) bool {
	if end < len(v) && isName(v[end]) {
		return false
	}
	if start == 0 {
		return true
	}
	c := v[start-1]
	return c != ':' && !isName(c) || m.edge(v, start-1) == start
}

func (m *matcher) address6(text []byte) {
	text = bytes.TrimRight(text, ".")
	if n := len(text); n > 2 && text[n-1] == ':' && text[n-2] != ':' {
		text = text[:n-1]
	}
	ip, ok := parseIPv6(text)
	if !ok {
		return
	}
	if addr := netip.AddrFrom16(ip); !addr.Is4In6() { // names has seen the IPv4 in it
		m.address(addr)
	}
}
