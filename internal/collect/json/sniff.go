package json

import (
	"bytes"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"

	"github.com/wardline/wardline/format/jsonl"
)

// utf8Reader yields the text of r in UTF-8 without a byte order mark. Other encodings are UTF-16
// with a mark, or with none where the first character is ASCII.
func utf8Reader(r io.Reader) io.Reader {
	var head [3]byte
	n, _ := io.ReadFull(r, head[:]) // an error comes again
	whole := io.MultiReader(bytes.NewReader(head[:n]), r)
	switch enc := utf16(head[:n]); {
	case enc != nil:
		return enc.NewDecoder().Reader(whole)
	case string(head[:n]) == "\xef\xbb\xbf":
		return r
	default:
		return whole
	}
}

func utf16(head []byte) encoding.Encoding {
	if len(head) < 2 {
		return nil
	}
	switch {
	case head[0] == 0xff && head[1] == 0xfe:
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case head[0] == 0xfe && head[1] == 0xff:
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case head[1] == 0 && (head[0] == '{' || head[0] == '['):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case head[0] == 0 && (head[1] == '{' || head[1] == '['):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// sniff looks whether head begins like JSON, or has lines that do.
func sniff(head []byte) int {
	if enc := utf16(head); enc != nil {
		head, _ = enc.NewDecoder().Bytes(head[:len(head)&^1])
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	head = bytes.TrimLeft(head, " \t\r\n\x00\x1e")
	if begins(head) {
		line, _, _ := bytes.Cut(head, []byte("\n"))
		var x jsonl.Index
		if x.Scan(line, jsonl.DefaultLimits()) == nil {
			return 95
		}
		return 85
	}
	const lines, seldom = 20, 40
	for range lines {
		_, rest, ok := bytes.Cut(head, []byte("\n"))
		if !ok {
			return 0
		}
		head = rest
		if len(head) > 1 && head[0] == '{' && begins(head) {
			return seldom
		}
	}
	return 0
}

// begins tells whether b begins with an object, or an array of them.
func begins(b []byte) bool {
	for len(b) > 0 && b[0] == '[' {
		b = b[space(b, 1):]
	}
	if len(b) == 0 || b[0] != '{' {
		return false
	}
	at := space(b, 1)
	if at >= len(b) {
		return true
	}
	if b[at] == '}' {
		return true
	}
	_, _, v := member(b, at)
	return v != broken
}

// isLines tells whether the first line is JSON by itself. UTF-16 is not cut into lines.
func isLines(head []byte) bool {
	if utf16(head) != nil {
		return false
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	head = bytes.TrimLeft(head, " \t\r\n\x1e")
	line, _, whole := bytes.Cut(head, []byte("\n"))
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	if !whole { // longer than what is looked at: one object, or the beginning of it
		return true
	}
	var x jsonl.Index
	return x.Scan(line, jsonl.DefaultLimits()) == nil
}
