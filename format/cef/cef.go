// Package cef reads the two ways in which firewalls, scanners and other security appliances put a whole record into
// the text of a syslog message: CEF, the Common Event Format of ArcSight (revision 27), and LEEF, the Log
// Event Extended Format of QRadar (versions 1.0 and 2.0).
package cef

import (
	"bytes"
	"strconv"
)

// Message is one record.
type Message struct {
	Kind    Kind
	Version string // of the format, as written: 0, 1, 1.0, 2.0
	// Vendor, Product and ProductVersion name what wrote the record, and EventID the kind of event. CEF calls the
	// latter Signature ID or Device Event Class ID.
	Vendor, Product, ProductVersion, EventID string
	Name, Severity                           string // CEF only
	Attributes                               []Attribute
	// More says that there were more attributes than Parse was to read.
	More bool
}

// Kind tells the two formats apart.
type Kind string

// The kinds of records.
const (
	CEF  Kind = "cef"
	LEEF Kind = "leef"
)

// Attribute is one pair of the extension, its value without escapes. A name occurs once: of several values
// the first is kept.
type Attribute struct{ Name, Value string }

// Parse reads a text that begins with CEF: or LEEF:. ok is false when it does not, or when a part of the header is missing. It
// reads so many attributes at most.
func Parse(text []byte, most int) (m Message, ok bool) {
	if rest, found := bytes.CutPrefix(text, []byte("CEF:")); found {
		return parseCEF(rest, most)
	}
	if rest, found := bytes.CutPrefix(text, []byte("LEEF:")); found {
		return parseLEEF(rest, most)
	}
	return Message{}, false
}

// parseCEF reads Version|Device Vendor|Device Product|Device Version|Signature ID|Name|Severity|Extension. In the
// header a backslash escapes the bar and itself.
func parseCEF(text []byte, most int) (Message, bool) {
	m := Message{Kind: CEF}
	for _, part := range [...]*string{&m.Version, &m.Vendor, &m.Product, &m.ProductVersion, &m.EventID, &m.Name, &m.Severity} {
		end := unescaped(text, '|')
		if end == len(text) && part != &m.Severity { // senders leave out the last bar when nothing follows
			return Message{}, false
		}
		*part = unescape(text[:end], "|", "")
		text = text[min(end+1, len(text)):]
	}
	if !isVersion(m.Version) {
		return Message{}, false
	}
	a := attributes{m: &m, most: most}
	a.extension(text)
	return m, true
}

// parseLEEF reads Version|Vendor|Product|Product Version|EventID|Attributes, and from version 2.0 on
// the delimiter before the attributes: one character, or its code in hexadecimal. It knows no escapes.
func parseLEEF(text []byte, most int) (Message, bool) {
	m := Message{Kind: LEEF}
	for _, part := range [...]*string{&m.Version, &m.Vendor, &m.Product, &m.ProductVersion, &m.EventID} {
		before, after, found := bytes.Cut(text, []byte("|"))
		if !found {
			return Message{}, false
		}
		*part, text = string(before), after
	}
	if !isVersion(m.Version) {
		return Message{}, false
	}
	delimiter := byte('\t')
	if m.Version[0] >= '2' {
		before, after, found := bytes.Cut(text, []byte("|"))
		if c, is := delimiterOf(before); found && is {
			delimiter, text = c, after
		}
	}
	a := attributes{m: &m, most: most}
	for pair := range bytes.SplitSeq(text, []byte{delimiter}) {
		if name, value, found := bytes.Cut(pair, []byte("=")); found {
			a.add(bytes.TrimSpace(name), string(value))
		}
	}
	return m, true
}

// isVersion tells a number such as 0 or 2.0.
func isVersion(s string) bool {
	_, err := strconv.ParseFloat(s, 32)
	return err == nil && s[0]-'0' <= 9
}

// delimiterOf reads ^, x5E or 0x5E; the empty one is a tab.
func delimiterOf(s []byte) (byte, bool) {
	switch {
	case len(s) == 0:
		return '\t', true
	case len(s) == 1:
		return s[0], true
	}
	digits, found := bytes.CutPrefix(bytes.TrimPrefix(s, []byte("0")), []byte("x"))
	code, err := strconv.ParseUint(string(digits), 16, 8)
	return byte(code), found && err == nil
}

// attributes collects the pairs of one record.
type attributes struct {
	m     *Message
	most  int
	known map[string]struct{}
}

func (a *attributes) add(name []byte, value string) {
	switch _, again := a.known[string(name)]; {
	case len(name) == 0 || again:
		return
	case len(a.m.Attributes) == a.most:
		a.m.More = true
		return
	case a.known == nil:
		a.known = map[string]struct{}{}
	}
	a.known[string(name)] = struct{}{}
	a.m.Attributes = append(a.m.Attributes, Attribute{string(name), value})
}

// extension reads key=value pairs with blanks between them. Values hold blanks too: a value ends before the
// word that the next equals sign has before it. In values a backslash escapes the equals sign and itself, and \n and \r
// are line ends.
func (a *attributes) extension(text []byte) {
	equals := unescaped(text, '=')
	name := bytes.TrimSpace(text[:equals])
	for equals < len(text) {
		value := text[equals+1:]
		blank := bytes.IndexAny(value, " \t\r\n") // a further sign in the same word belongs to the value
		if blank < 0 {
			blank = len(value)
		}
		next := blank + unescaped(value[blank:], '=')
		end, following := len(value), []byte(nil)
		if next < len(value) {
			end = bytes.LastIndexAny(value[:next], " \t\r\n")
			following = value[end+1 : next]
		}
		a.add(name, unescape(bytes.TrimRight(value[:end], " \t\r\n"), "=|", "nr"))
		text, equals, name = value, next, following
	}
}

// unescaped is the place of the first c without a backslash before it, else the length of text.
func unescaped(text []byte, c byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case c:
			return i
		}
	}
	return len(text)
}

// unescape undoes a backslash before itself, before one of the marks, and before the letters of line ends. Any other
// stands for itself: senders write Windows paths as they are.
func unescape(text []byte, marks, lineEnds string) string {
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text)
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			switch next := text[i+1]; {
			case next == '\\' || bytes.IndexByte([]byte(marks), next) >= 0:
				c = next
				i++
			case bytes.IndexByte([]byte(lineEnds), next) >= 0:
				c = '\n'
				if next == 'r' {
					c = '\r'
				}
				i++
			}
		}
		b = append(b, c)
	}
	return string(b)
}
