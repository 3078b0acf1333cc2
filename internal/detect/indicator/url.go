package indicator

import (
	"bytes"
	"net/netip"
	"strconv"
)

const (
	maxURL    = 2048 // bytes of one that can be listed
	maxScheme = 16
)

// location is a URL's normal form, as it is taken apart to be compared.
type location struct {
	text []byte // scheme://host[:port]/path?query
	host int    // where "//" begins, behind the scheme
	path int    // where the path begins
}

// appendURL appends the normal form of a URL (RFC 3986 6.2): scheme and host in small letters, without user, default
// port and fragment, with at least a slash as its path. The rest is kept to the letter. A
// URL without a scheme begins with two slashes.
func appendURL(dst, text []byte) (location, bool) {
	start := len(dst)
	scheme := bytes.Index(text, []byte("://"))
	if cut := bytes.IndexAny(text, "/?#"); scheme >= 0 && cut == scheme+1 {
		if scheme > maxScheme || scheme == 0 || !isLetter(text[0]) {
			return location{}, false
		}
		for _, c := range text[:scheme] {
			if !isAlnum(c) && c != '+' && c != '-' && c != '.' {
				return location{}, false
			}
		}
		dst, _ = appendLower(dst, text[:scheme])
		dst = append(dst, ':')
		text = text[scheme+3:]
	} else {
		text = bytes.TrimPrefix(text, []byte("//"))
	}
	l := location{host: len(dst) - start}
	authority := text
	if i := bytes.IndexAny(text, "/?#\\"); i >= 0 {
		authority = text[:i]
	}
	text = text[len(authority):]
	var ok bool
	if dst, ok = appendAuthority(append(dst, "//"...), authority, string(dst[start:])); !ok {
		return location{}, false
	}
	l.path = len(dst) - start
	if len(text) == 0 || text[0] != '/' {
		dst = append(dst, '/')
	}
	if i := bytes.IndexByte(text, '#'); i >= 0 {
		text = text[:i]
	}
	l.text = append(dst, text...)[start:]
	return l, true
}

// appendAuthority appends host and port. The scheme comes with its colon.
func appendAuthority(dst, authority []byte, scheme string) ([]byte, bool) {
	if i := bytes.LastIndexByte(authority, '@'); i >= 0 {
		if scheme == "" {
			return nil, false // user@host/path is no way to write a URL
		}
		authority = authority[i+1:]
	}
	host, port := authority, []byte(nil)
	if i := bytes.LastIndexByte(authority, ':'); i >= 0 && bytes.IndexByte(authority[i:], ']') < 0 {
		host, port = authority[:i], authority[i+1:]
	}
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		ip, ok := parseIPv6(host[1 : len(host)-1])
		if !ok {
			return nil, false
		}
		dst = append(netip.AddrFrom16(ip).AppendTo(append(dst, '[')), ']')
	} else {
		host = bytes.TrimSuffix(host, []byte("."))
		if len(host) == 0 || len(host) > maxDomain || host[0] == '.' || host[len(host)-1] == '.' || bytes.Contains(host, []byte("..")) {
			return nil, false
		}
		for _, c := range host {
			if !isName(c) {
				return nil, false
			}
		}
		var ascii bool
		if dst, ascii = appendLower(dst, host); !ascii {
			return nil, false
		}
	}
	if len(port) == 0 {
		return dst, true
	}
	n, ok := parsePort(port)
	if !ok {
		return nil, false
	}
	if !isDefault(scheme, n) {
		dst = strconv.AppendUint(append(dst, ':'), uint64(n), 10)
	}
	return dst, true
}

// isDefault tells the port that a scheme implies. Without a scheme those of the web do.
func isDefault(scheme string, port uint16) bool {
	switch scheme {
	case "http:", "ws:":
		return port == 80
	case "https:", "wss:":
		return port == 443
	case "ftp:":
		return port == 21
	case "":
		return port == 80 || port == 443
	}
	return false
}

// parsePort reads a port between 1 and 65535.
func parsePort(b []byte) (uint16, bool) {
	if len(b) == 0 || len(b) > 5 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return uint16(n), n > 0 && n <= 0xffff
}

// prefixes calls use for what the URL begins with, up to each slash of its path but
// at most n of them.
func (l *location) prefixes(n int, use func(end int)) {
	for i := l.path; i < len(l.text) && n > 0; i++ {
		switch l.text[i] {
		case '/':
			use(i + 1)
			n--
		case '?':
			return
		}
	}
}
