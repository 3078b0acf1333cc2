package indicator

// refusal says why a value cannot be an indicator. It is fixed text and never quotes the value.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	errEmpty     refusal = "no value"
	errUnknown   refusal = "not a value of a kind that is known: digest, domain, URL, e-mail address, IP address or network"
	errDigest    refusal = "not a digest of the stated kind in hexadecimal digits"
	errDomain    refusal = "not a domain name"
	errASCII     refusal = "a domain name outside ASCII: write it as logs do, in Punycode (xn--...)"
	errFileName  refusal = "a file name, not a domain: files are known by their digests"
	errSuffix    refusal = "too broad: under this name strangers register theirs"
	errURL       refusal = "not a URL with a host"
	errLongURL   refusal = "a URL longer than the limit"
	errWildcard  refusal = "a wildcard elsewhere than at the end behind a slash, or before a domain"
	errEmail     refusal = "not an e-mail address of plain characters"
	errAddress   refusal = "not an IP address or network"
	errZone      refusal = "an address with a zone: it means one network card, not one machine"
	errEverybody refusal = "too broad: an address that is the same on every machine or network"
	errBroad     refusal = "too broad: a network that holds a hospital's own traffic or a large part of the Internet"
	errPort      refusal = "not a port between 1 and 65535"
	errFull      refusal = "more indicators than the limit"
)
