package indicator

import (
	"bytes"

	"github.com/wardline/wardline/format/jsonl"
)

// maxURLs is how many URLs of one value are looked at: they may stand within one another.
const maxURLs = 256

// urls looks at whatever begins like a URL.
func (m *matcher) urls(v []byte) {
	for at, n := 0, 0; n < maxURLs; n++ {
		i := bytes.Index(v[at:], []byte("://"))
		if i < 0 {
			return
		}
		start, end := at+i, at+i+3
		for start > 0 && at+i-start < maxScheme && isScheme(v[start-1]) {
			start--
		}
		start = m.edge(v, start)
		for start < at+i && !isLetter(v[start]) {
			start++
		}
		for end < len(v) && end-start < maxURL && !is(v[end], stop) {
			end++
		}
		whole := end == len(v) || is(v[end], stop)
		text := v[start:end]
		m.ask(text, whole)
		if plain := trimSentence(text); whole && len(plain) < len(text) {
			m.ask(plain, whole)
		}
		at += i + 3
	}
}

// trimSentence takes away the punctuation of a sentence that ends in a URL, and brackets that it closes
// but has not opened.
func trimSentence(url []byte) []byte {
	round := bytes.Count(url, []byte(")")) - bytes.Count(url, []byte("("))
	square := bytes.Count(url, []byte("]")) - bytes.Count(url, []byte("["))
	for n := len(url); n > 0; n-- {
		switch c := url[n-1]; {
		case c == ')' && round > 0:
			round--
		case c == ']' && square > 0:
			square--
		case bytes.IndexByte([]byte(".,;:!?'*"), c) < 0:
			return url[:n]
		}
	}
	return nil
}

func isScheme(c byte) bool { return isAlnum(c) || c == '+' || c == '-' || c == '.' }

// ask looks up one URL, as it is and without its scheme, and what it begins with. Of a URL that is too long
// to be listed, whole is false and text its beginning.
func (m *matcher) ask(text []byte, whole bool) {
	l, ok := appendURL(m.url[:0], text)
	if !ok {
		return
	}
	m.url = l.text
	m.room()
	base := len(m.keys)
	m.keys = append(m.keys, l.text...)
	if whole && m.set.has[URL] {
		m.probe(URL, base)
		if l.host > 0 {
			m.probe(URL, base+l.host)
		}
	}
	if !m.set.has[URLPrefix] {
		return
	}
	l.prefixes(m.set.slashes, func(end int) {
		m.room()
		base := len(m.keys)
		m.keys = append(m.keys, l.text[:end]...)
		m.probe(URLPrefix, base)
		if l.host > 0 {
			m.probe(URLPrefix, base+l.host)
		}
	})
}

// request names the fields in which a log keeps the parts of one web request.
type request struct {
	host, port, path, query string
	hash                    uint64 // of path
}

// expectRequests prepares for URLs that come in parts.
func (s *Set) expectRequests() {
	s.requests = []request{
		{host: "host", path: "uri"},                                                  // Zeek's http.log; host has the port
		{host: "http.hostname", port: "http.http_port", path: "http.url"},            // Suricata's EVE
		{host: "cs-host", path: "cs-uri-stem", query: "cs-uri-query"},                // W3C extended log of IIS
		{host: "url.domain", port: "url.port", path: "url.path", query: "url.query"}, // Elastic Common Schema
	}
	for i := range s.requests {
		r := &s.requests[i]
		r.hash = jsonl.HashPath(r.path)
		s.paths |= 1 << (r.hash & 63)
	}
}

// webRequest puts the parts of a request together if value i is the path of one.
func (m *matcher) webRequest(i int) {
	for n := range m.set.requests {
		r := &m.set.requests[n]
		if m.ev.Index.Values[i].Hash == r.hash && m.ev.Index.At(m.ev.Fields, i, r.path) {
			m.value = i
			m.join(r)
		}
	}
}

func (m *matcher) join(r *request) {
	b, ok := m.appendField(append(m.plain[:0], "http://"...), r.host)
	if !ok {
		return
	}
	if with, ok := m.appendField(append(b, ':'), r.port); ok {
		b = with
	}
	if b, ok = m.appendField(b, r.path); !ok {
		return
	}
	if with, ok := m.appendField(append(b, '?'), r.query); ok {
		b = with
	}
	m.plain = b
	if len(b) <= maxURL {
		m.ask(b, true)
	}
}

// appendField appends a field of the event without escapes; ok is false when it is
// missing or says nothing.
func (m *matcher) appendField(dst []byte, path string) (field []byte, ok bool) {
	if path == "" {
		return dst, false
	}
	i := m.ev.Index.Find(m.ev.Fields, path)
	if i < 0 {
		return dst, false
	}
	v := &m.ev.Index.Values[i]
	text := m.ev.Fields[v.Start:v.End]
	if v.Kind != jsonl.Number && v.Kind != jsonl.String || len(text) == 0 || string(text) == "-" {
		return dst, false
	}
	if v.Marks&jsonl.Escaped != 0 {
		return jsonl.AppendUnescaped(dst, text), true
	}
	return append(dst, text...), true
}
