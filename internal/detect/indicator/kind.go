package indicator

// Kind is what sort of value an indicator is.
type Kind uint8

// The kinds.
const (
	MD5 Kind = 1 + iota
	SHA1
	SHA256
	SHA512
	Imphash   // MD5 of the names that a Windows program imports
	Domain    // with all names below it
	URL       // the whole of it
	URLPrefix // what a URL begins with, up to a slash
	Email
	Address // of one machine, IPv4 or IPv6
	Network // a range of addresses, as a prefix

	kinds = int(Network) + 1
)

// String is the kind in words, to go into a sentence.
func (k Kind) String() string {
	switch k {
	case MD5, SHA1, SHA256, SHA512:
		return "file digest"
	case Imphash:
		return "import digest"
	case Domain:
		return "domain"
	case URL, URLPrefix:
		return "URL"
	case Email:
		return "e-mail address"
	case Address:
		return "address"
	case Network:
		return "network"
	}
	return "value"
}

// size is how many bytes a digest of this kind has; 0 for other kinds.
func (k Kind) size() int {
	switch k {
	case MD5, Imphash:
		return 16
	case SHA1:
		return 20
	case SHA256:
		return 32
	case SHA512:
		return 64
	}
	return 0
}
