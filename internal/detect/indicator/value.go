package indicator

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// Value is one known-bad value in its normal form. It borrows the memory of the Parser
// that made it, until its next use.
type Value struct {
	Kind   Kind
	Port   uint16       // that has to stand in the event as well; 0 for none
	key    []byte       // what is compared; nil for a Network
	prefix netip.Prefix // of a Network
}

// String is the normal form as text.
func (v Value) String() string {
	if v.Kind == Network {
		return v.prefix.String()
	}
	return display(v.Kind, v.key, v.Port)
}

func display(kind Kind, key []byte, port uint16) string {
	text := ""
	switch {
	case kind.size() > 0:
		return hex.EncodeToString(key)
	case kind == Address:
		ip, _ := netip.AddrFromSlice(key)
		if port > 0 {
			return netip.AddrPortFrom(ip, port).String()
		}
		return ip.String()
	case kind == URL:
		if bare := bytes.TrimPrefix(key, []byte("//")); hasPath(bare) {
			return string(bare)
		}
		return string(key) // else it would look like a network
	case kind == URLPrefix:
		return strings.TrimPrefix(string(key), "//") + "*"
	default:
		text = string(key)
	}
	if port > 0 {
		text += ":" + strconv.Itoa(int(port))
	}
	return text
}

// Parser brings listed values into their normal form. The zero value is ready. Its errors say why
// a value is refused and never quote it.
type Parser struct {
	plain []byte // the value without defanging
	key   []byte
}

// Parse tells the kind of a value by its look: that of a digest, a URL, an IP address or network, an
// e-mail address, or a domain. Defanged values (hxxp, [.]) are understood.
func (p *Parser) Parse(text []byte) (Value, error) {
	text = p.prepare(text)
	if len(text) == 0 {
		return Value{}, errEmpty
	}
	if kind := digestKind(text); kind != 0 {
		return p.digest(text, kind)
	}
	switch {
	case hasPath(text):
		return p.url(text)
	case looksNumeric(text):
		return p.address(text)
	case bytes.IndexByte(text, '@') >= 0:
		return p.email(text)
	case bytes.IndexByte(text, '.') >= 0:
		return p.domain(text)
	}
	return Value{}, errUnknown
}

// ParseAs is Parse for a value whose kind is stated. Address and Network take both addresses and
// networks, URL and URLPrefix both URLs and what they begin with.
func (p *Parser) ParseAs(text []byte, kind Kind) (Value, error) {
	text = p.prepare(text)
	if len(text) == 0 {
		return Value{}, errEmpty
	}
	switch kind {
	case Domain:
		return p.domain(text)
	case URL, URLPrefix:
		return p.url(text)
	case Email:
		return p.email(text)
	case Address, Network:
		return p.address(text)
	}
	return p.digest(text, kind)
}

func (p *Parser) prepare(text []byte) []byte {
	text = bytes.TrimSpace(text)
	if len(text) > 1 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		text = text[1 : len(text)-1]
	}
	return refang(p.plain[:0], text)
}

func digestKind(text []byte) Kind {
	kind := Kind(0)
	switch len(text) {
	case 32:
		kind = MD5
	case 40:
		kind = SHA1
	case 64:
		kind = SHA256
	case 128:
		kind = SHA512
	}
	for _, c := range text[:min(len(text), 128)] {
		if !isHex(c) {
			return 0
		}
	}
	return kind
}

func (p *Parser) digest(text []byte, kind Kind) (Value, error) {
	if kind.size() == 0 || len(text) != 2*kind.size() {
		return Value{}, errDigest
	}
	for _, c := range text {
		if !isHex(c) {
			return Value{}, errDigest
		}
	}
	p.key = appendUnhex(p.key[:0], text)
	return Value{Kind: kind, key: p.key}, nil
}

// domain reads name or name:port.
func (p *Parser) domain(text []byte) (Value, error) {
	port := uint16(0)
	if i := bytes.LastIndexAny(text, ":|"); i >= 0 {
		var ok bool
		if port, ok = parsePort(text[i+1:]); !ok {
			return Value{}, errDomain
		}
		text = text[:i]
	}
	if len(text) > 2*maxDomain {
		return Value{}, errDomain
	}
	key, err := appendDomain(p.key[:0], text)
	if err != nil {
		return Value{}, err
	}
	p.key = key
	return Value{Kind: Domain, Port: port, key: key}, nil
}

func (p *Parser) email(text []byte) (Value, error) {
	local, domain, found := bytes.Cut(text, []byte("@"))
	if !found || len(local) == 0 || len(local) > maxLocal {
		return Value{}, errEmail
	}
	for _, c := range local {
		if !isLocal(c) {
			return Value{}, errEmail
		}
	}
	if local[0] == '\'' || local[0] == '.' || local[0] == '-' {
		return Value{}, errEmail
	}
	if len(domain) > maxDomain {
		return Value{}, errEmail
	}
	var ascii bool
	if p.key, ascii = appendLower(p.key[:0], bytes.TrimSuffix(text, []byte("."))); !ascii {
		return Value{}, errASCII
	}
	if labels, _, err := checkLabels(p.key[len(local)+1:]); err != nil || labels < 2 {
		return Value{}, errEmail
	}
	return Value{Kind: Email, key: p.key}, nil
}

// maxLocal is the most bytes before the @ (RFC 5321 4.5.3.1.1).
const maxLocal = 64

func (p *Parser) url(text []byte) (Value, error) {
	if len(text) > maxURL {
		return Value{}, errLongURL
	}
	kind := URL
	if bytes.HasSuffix(text, []byte("/*")) {
		kind, text = URLPrefix, text[:len(text)-1]
	}
	for _, c := range text {
		if is(c, stop) {
			return Value{}, errURL
		}
	}
	l, ok := appendURL(p.key[:0], text)
	if !ok {
		if bytes.IndexByte(text, '*') >= 0 {
			return Value{}, errWildcard
		}
		return Value{}, errURL
	}
	if kind == URLPrefix && (l.text[len(l.text)-1] != '/' || bytes.IndexByte(l.text, '?') >= 0) {
		return Value{}, errWildcard
	}
	if kind == URL && bytes.HasSuffix(l.text, []byte("/*")) { // before a fragment
		return Value{}, errWildcard
	}
	p.key = l.text
	return Value{Kind: kind, key: p.key}, nil
}

// hasPath tells a URL, with or without its scheme, from a network with the length of its prefix.
func hasPath(text []byte) bool {
	before, rest, found := bytes.Cut(text, []byte("/"))
	rest, _, _ = bytes.Cut(rest, []byte("#"))
	if !found || len(before) == 0 || len(rest) == 0 || len(rest) > 3 || !looksNumeric(before) {
		return found
	}
	for _, c := range rest {
		if !isDigit(c) {
			return true
		}
	}
	return false
}

// looksNumeric tells values that can only be addresses: those of two colons, and those whose part before a
// colon, slash or bar is made of digits and points.
func looksNumeric(text []byte) bool {
	if text[0] == '[' || bytes.Count(text, []byte(":")) > 1 && bytes.IndexByte(text, '@') < 0 {
		return true
	}
	for i, c := range text {
		if !isDigit(c) && c != '.' {
			return i > 0 && (c == ':' || c == '/' || c == '|')
		}
	}
	return true
}

// address reads ip, ip/bits, ip:port, [ip]:port or ip|port.
func (p *Parser) address(text []byte) (Value, error) {
	host, rest, sep := text, []byte(nil), byte(0)
	if text[0] == '[' {
		end := bytes.IndexByte(text, ']')
		if end < 0 {
			return Value{}, errAddress
		}
		host, rest = text[1:end], text[end+1:]
		if len(rest) > 0 {
			sep, rest = rest[0], rest[1:]
		}
	} else if i := bytes.IndexAny(text, "/|"); i >= 0 {
		host, rest, sep = text[:i], text[i+1:], text[i]
	} else if i := bytes.IndexByte(text, ':'); i >= 0 && i == bytes.LastIndexByte(text, ':') {
		host, rest, sep = text[:i], text[i+1:], ':'
	}
	if bytes.IndexByte(host, '%') >= 0 {
		return Value{}, errZone
	}
	ip, ok := parseAddress(host)
	if !ok {
		return Value{}, errAddress
	}
	switch sep {
	case '/':
		return p.network(ip, rest)
	case 0:
		return p.machine(ip, 0)
	case ':', '|':
		port, ok := parsePort(rest)
		if !ok {
			return Value{}, errPort
		}
		return p.machine(ip, port)
	}
	return Value{}, errAddress
}

func (p *Parser) machine(ip netip.Addr, port uint16) (Value, error) {
	if everywhere(ip) {
		return Value{}, errEverybody
	}
	p.key = append(p.key[:0], ip.AsSlice()...)
	return Value{Kind: Address, Port: port, key: p.key}, nil
}

func (p *Parser) network(ip netip.Addr, text []byte) (Value, error) {
	bits := 0
	for _, c := range text {
		if !isDigit(c) || len(text) > 3 {
			return Value{}, errAddress
		}
		bits = bits*10 + int(c-'0')
	}
	prefix, err := ip.Prefix(bits)
	switch {
	case err != nil || len(text) == 0:
		return Value{}, errAddress
	case prefix.IsSingleIP():
		return p.machine(ip, 0)
	case tooBroad(prefix):
		return Value{}, errBroad
	}
	return Value{Kind: Network, prefix: prefix}, nil
}
