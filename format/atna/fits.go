package atna

import "bytes"

// Fits tells whether text is an audit message: markup first, and its start tag near.
func Fits(text []byte) bool {
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
	if len(text) < 2 || text[0] != '<' || '0' <= text[1] && text[1] <= '9' { // <85> begins syslog
		return false
	}
	return within(text[:min(len(text), gapLimit)])
}

// within tells whether the start tag of an audit message is somewhere in text.
func within(text []byte) bool {
	for from := 0; ; {
		t, ok := nextTag(text, from)
		if !ok || !t.closing {
			return ok
		}
		from = t.behind
	}
}
