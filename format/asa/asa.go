// Package asa reads what Cisco's firewalls and VPN gateways (ASA, Secure Firewall) say in syslog of who signed in from where.
//
// A text is %ASA-severity-number: words, and the words of each number are fixed: Cisco Secure Firewall ASA Series Syslog
// Messages. Only the numbers about the logins of people are taken apart.
package asa

import (
	"bytes"
	"net/netip"
)

// Kind is what a message says of a login.
type Kind uint8

// The kinds. Other is any message that is about no login.
const (
	Other   Kind = iota
	Login        // somebody came in
	Logout       // a session ended
	Refused      // a login was refused
)

// Message is one text.
type Message struct {
	Severity int
	Number   string // six digits, as written
	Kind     Kind
	User     string
	Group    string // of the policy of the tunnel
	Outside  string // address from which the person came
	Inside   string // address that was lent to the session
	Reason   string // why it ended or was refused
}

// Limits of what is read of a text and of a name.
const (
	longestText = 8 << 10
	longestName = 256
)

// Parse reads a text that begins with %ASA-, or %FTD- of the same make. ok is false when it does not.
func Parse(text []byte) (m Message, ok bool) {
	head, words, found := bytes.Cut(text[:min(len(text), longestText)], []byte(":"))
	if !found {
		return Message{}, false
	}
	return ParseParts(head, words)
}

// ParseParts is Parse for a text of which the part before the first colon was cut off, as a reader of syslog does that takes it for the
// name of a program.
func ParseParts(head, words []byte) (m Message, ok bool) {
	rest, ok := bytes.CutPrefix(head, []byte("%ASA-"))
	if !ok {
		rest, ok = bytes.CutPrefix(head, []byte("%FTD-"))
	}
	// Before the severity a gateway may name the class of the message: %ASA-vpn-4-722051.
	if i := bytes.IndexByte(rest, '-'); i > 0 && len(rest)-i > len("4-722051") {
		rest = rest[i+1:]
	}
	if !ok || len(rest) != len("4-722051") || rest[1] != '-' || rest[0] < '0' || rest[0] > '7' || !isDigits(rest[2:]) {
		return Message{}, false
	}
	m.Severity, m.Number = int(rest[0]-'0'), string(rest[2:])
	m.read(bytes.TrimSpace(words[:min(len(words), longestText)]))
	return m, true
}

func isDigits(s []byte) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// read takes apart the words of the numbers that are about logins. Without a user it is none.
func (m *Message) read(words []byte) {
	switch m.Number {
	case "722051": // Group <g> User <u> IP <o> IPv4 Address <i> IPv6 address <..> assigned to session
		m.Kind, m.User, m.Group, m.Outside, m.Inside = Login, angled(words, "User"), angled(words, "Group"), address(angled(words, "IP")), address(angled(words, "IPv4 Address"))
		if m.Inside == "" {
			m.Inside = address(angled(words, "IPv6 address"))
		}
	case "113039": // Group <g> User <u> IP <o> AnyConnect parent session started.
		m.Kind, m.User, m.Group, m.Outside = Login, angled(words, "User"), angled(words, "Group"), address(angled(words, "IP"))
	case "716001": // Group <g> User <u> IP <o> WebVPN session started.
		m.Kind, m.User, m.Group, m.Outside = Login, angled(words, "User"), angled(words, "Group"), address(angled(words, "IP"))
	case "716002": // Group <g> User <u> IP <o> WebVPN session terminated: reason.
		m.Kind, m.User, m.Group, m.Outside = Logout, angled(words, "User"), angled(words, "Group"), address(angled(words, "IP"))
		m.Reason = after(words, "terminated: ")
	case "113019": // Group = g, Username = u, IP = o, Session disconnected. ... Reason: r
		m.Kind, m.User, m.Group, m.Outside = Logout, equal(words, "Username", ","), equal(words, "Group", ","), address(equal(words, "IP", ","))
		m.Reason = after(words, "Reason: ")
	case "113005", "113015", "113006": // AAA user authentication Rejected : reason = r : server = s : user = u : user IP = o
		m.Kind, m.User, m.Outside, m.Reason = Refused, equal(words, "user", ":"), address(equal(words, "user IP", " ")), equal(words, "reason", ":")
		if m.User == "" { // 113006: User u locked out on exceeding n successive failed authentication attempts
			m.User = between(words, "User ", " locked out")
		}
	case "716039": // Group <g> User <u> IP <o> Authentication: rejected, Session Type: WebVPN.
		m.Kind, m.User, m.Group, m.Outside = Refused, angled(words, "User"), angled(words, "Group"), address(angled(words, "IP"))
	}
	if m.User == "" || m.User == "*****" { // a gateway hides names that it does not know
		*m = Message{Severity: m.Severity, Number: m.Number}
	}
}

// angled is the value of name <value>.
func angled(words []byte, name string) string { return between(words, name+" <", ">") }

// equal is the value of name = value, up to what ends it. The name must not be the end of another one.
func equal(words []byte, name, end string) string {
	for rest := words; ; {
		i := bytes.Index(rest, []byte(name+" = "))
		if i < 0 {
			return ""
		}
		value := rest[i+len(name)+3:]
		if i == 0 || i >= 2 && rest[i-1] == ' ' && (rest[i-2] == ',' || rest[i-2] == ':') { // some releases leave out the blank before a colon
			if n := bytes.Index(value, []byte(end)); n >= 0 {
				value = value[:n]
			}
			return short(bytes.TrimSpace(value))
		}
		rest = value
	}
}

func between(words []byte, from, to string) string {
	_, rest, ok := bytes.Cut(words, []byte(from))
	value, _, closed := bytes.Cut(rest, []byte(to))
	if !ok || !closed {
		return ""
	}
	return short(bytes.TrimSpace(value))
}

func after(words []byte, from string) string {
	_, rest, _ := bytes.Cut(words, []byte(from))
	return short(bytes.TrimSpace(rest))
}

// short takes no value that is longer than a name: half of one would be somebody else's.
func short(value []byte) string {
	if len(value) > longestName {
		return ""
	}
	return string(bytes.ToValidUTF8(value, []byte("\uFFFD")))
}

func address(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil || a.IsUnspecified() {
		return ""
	}
	return a.String()
}
