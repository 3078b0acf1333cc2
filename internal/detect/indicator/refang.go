package indicator

import "bytes"

// refang undoes the usual ways of making a value harmless: hxxp, [.], (dot), [:], [@] and
// their relatives. It returns text itself when there is nothing to undo, and else appends to dst.
func refang(dst, text []byte) []byte {
	if hidesScheme(text) {
		dst = append(dst, text[0], 't', 't', 'p')
		return brackets(dst, text[4:])
	}
	if !bytes.ContainsAny(text, `[({\`) {
		return text
	}
	return brackets(dst, text)
}

// hidesScheme tells hxxp: and h**p: with or without an s, and with the colon in brackets or not.
func hidesScheme(text []byte) bool {
	scheme, _, found := bytes.Cut(text[:min(len(text), 8)], []byte(":"))
	if !found {
		return false
	}
	switch string(bytes.ToLower(bytes.TrimRight(scheme, "[({"))) {
	case "hxxp", "hxxps", "h**p", "h**ps":
		return true
	}
	return false
}

func brackets(dst, text []byte) []byte {
	for len(text) > 0 {
		c := text[0]
		if c == '\\' && len(text) > 1 && text[1] == '.' {
			text = text[1:]
			continue
		}
		if c == '[' || c == '(' || c == '{' {
			if inner, rest, ok := bracketed(text); ok {
				dst = append(dst, inner...)
				text = rest
				continue
			}
		}
		dst = append(dst, c)
		text = text[1:]
	}
	return dst
}

// bracketed recognises a bracket that hides punctuation.
func bracketed(text []byte) (inner string, rest []byte, ok bool) {
	end := bytes.IndexAny(text[:min(len(text), 6)], "])}")
	if end < 0 {
		return "", nil, false
	}
	switch string(bytes.ToLower(text[1:end])) {
	case ".", "dot":
		inner = "."
	case ":":
		inner = ":"
	case "://":
		inner = "://"
	case "/":
		inner = "/"
	case "@", "at":
		inner = "@"
	default:
		return "", nil, false
	}
	return inner, text[end+1:], true
}
