package feed

import (
	"strings"

	"github.com/wardline/wardline/internal/detect/indicator"
)

// squash makes names comparable: FileHash-SHA256 and sha256_hash lose all but small
// letters, digits and the bar.
func squash(name string) string {
	if len(name) > 64 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r | 0x20
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '|':
			return r
		}
		return -1
	}, name)
}

// want is which kinds of value a list states: one, or a choice that the value's look decides.
type want uint16

func (w want) has(k indicator.Kind) bool { return w>>k&1 != 0 }

const (
	digests = 1<<indicator.MD5 | 1<<indicator.SHA1 | 1<<indicator.SHA256 | 1<<indicator.SHA512 | 1<<indicator.Imphash
	hosts   = 1<<indicator.Domain | 1<<indicator.Address
	anyKind = want(1<<16 - 1)
)

// wanted says what kinds a type means, in the words of MISP, STIX, OTX, abuse.ch and plain speech. The
// name comes squashed.
func wanted(name string) (want, bool) {
	name = strings.TrimPrefix(name, "filename|")
	if name == "imphash" || name == "filename|imphash" {
		return 1 << indicator.Imphash, true
	}
	for _, prefix := range [...]string{"filehashes", "filehash", "hashes", "hash"} {
		if rest := strings.TrimPrefix(name, prefix); rest != "" {
			name = rest
		}
	}
	if rest := strings.TrimSuffix(name, "hash"); rest != "" && rest != "file" {
		name = rest
	}
	switch name {
	case "md5", "malwaresample":
		return 1 << indicator.MD5, true
	case "sha1":
		return 1 << indicator.SHA1, true
	case "sha256":
		return 1 << indicator.SHA256, true
	case "sha512":
		return 1 << indicator.SHA512, true
	case "hash", "hashes", "filehash", "digest":
		return digests, true
	case "domain", "domainname", "hostname", "fqdn", "hostname|port", "domain|port":
		return 1 << indicator.Domain, true
	case "host", "domain|ip":
		return hosts, true
	case "ip", "ips", "ipv4", "ipv6", "ipaddress", "ipv4address", "ipv6address", "ipv4addr", "ipv6addr", "ipsrc", "ipdst", "srcip", "dstip", "sourceip",
		"destinationip", "destip", "ipsrc|port", "ipdst|port", "ip|port", "ipport", "cidr", "subnet", "network", "netblock":
		return 1<<indicator.Address | 1<<indicator.Network, true
	case "url", "urls":
		return 1<<indicator.URL | 1<<indicator.URLPrefix, true
	case "email", "mail", "emailaddr", "emailaddress", "emailsrc", "emaildst", "emailreplyto":
		return 1 << indicator.Email, true
	}
	return 0, false
}

// only returns the kind when there is but one to choose, so that the value must be read as it.
func (w want) only() indicator.Kind {
	switch w {
	case 1<<indicator.Address | 1<<indicator.Network:
		return indicator.Address
	case 1<<indicator.URL | 1<<indicator.URLPrefix:
		return indicator.URL
	}
	for k := indicator.MD5; k <= indicator.Network; k++ {
		if w == 1<<k {
			return k
		}
	}
	return 0
}

// kindError says that a value is not of the kind that its list states.
type kindError string

func (e kindError) Error() string { return string(e) }

// parse reads a value of the kinds wanted.
func (l *Loader) parse(text []byte, w want) (indicator.Value, error) {
	if k := w.only(); k != 0 {
		return l.parser.ParseAs(text, k)
	}
	v, err := l.parser.Parse(text)
	if err == nil && !w.has(v.Kind) {
		return indicator.Value{}, kindError("not a value of the kind that is stated")
	}
	return v, err
}

// level reads how grave an entry is, in words or in per cent of confidence; "" when it says neither.
func level(text string) string {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "informational", "info", "information":
		return "informational"
	case "low", "minor":
		return "low"
	case "medium", "med", "moderate":
		return "medium"
	case "high", "major":
		return "high"
	case "critical", "severe":
		return "critical"
	}
	return ""
}

// confident turns a confidence between 0 and 100 into a level, by the scale of STIX 2.1 appendix A:
// low below 30, medium below 70.
func confident(percent int) string {
	switch {
	case percent < 0 || percent > 100:
		return ""
	case percent < 30:
		return "low"
	case percent < 70:
		return "medium"
	}
	return "high"
}
