package json

import "bytes"

// wrapper is a kind of object that holds events in an array.
type wrapper struct {
	path  []string // names from the outer object to the array
	inner string   // name of the event in each element; "" when it is the element
}

// wrapperNamed returns the wrapper that an object with this first member may be. Any other
// first member makes the object an event of its own, at the cost of one comparison.
//
//	Records  AWS CloudTrail and other AWS deliveries
//	records  Azure Monitor
//	value    Microsoft Graph and other OData (after @odata.context and the like)
//	entry    FHIR Bundle (after resourceType and the like)
//	hits     an answer of Elasticsearch or OpenSearch
func wrapperNamed(first []byte) (wrapper, bool) {
	switch string(first) {
	case "Records", "records":
		return wrapper{path: []string{string(first)}}, true
	case "value", "@odata.context", "@odata.count", "@odata.nextLink", "@odata.type":
		return wrapper{path: []string{"value"}}, true
	case "resourceType", "entry":
		return wrapper{path: []string{"entry"}, inner: "resource"}, true
	case "took", "hits", "_scroll_id":
		return wrapper{path: []string{"hits", "hits"}, inner: "_source"}, true
	}
	return wrapper{}, false
}

// findWrapper tells whether the object at the beginning of b is a wrapper, and
// where the inside of its array begins. It says more when b ends before that is settled, and
// broken when the object is no wrapper.
func findWrapper(b []byte, depth int) (w wrapper, at int, v verdict) {
	name, value, v := member(b, 1)
	if v != matched {
		return wrapper{}, 0, v
	}
	w, ok := wrapperNamed(name)
	if !ok || isResource(name, b[value:]) {
		return wrapper{}, 0, broken
	}
	at = 1
	for i, step := range w.path {
		bracket := byte('{')
		if i == len(w.path)-1 {
			bracket = '['
		}
		if at, v = findMember(b, at, step, bracket, depth); v != matched {
			return wrapper{}, 0, v
		}
		at = space(b, at+1) // behind the bracket
	}
	if at >= len(b) {
		return wrapper{}, 0, more
	}
	if b[at] != '{' && b[at] != ']' {
		return wrapper{}, 0, broken
	}
	return w, at, matched
}

// isResource tells a FHIR resource that is no Bundle, which saves walking through it.
func isResource(name, value []byte) bool {
	const bundle = `"Bundle"`
	return string(name) == "resourceType" && !bytes.HasPrefix([]byte(bundle), value[:min(len(value), len(bundle))])
}

// findMember walks through the members of an object from position at and returns
// where the bracket stands that begins the value of the member called name.
func findMember(b []byte, at int, name string, bracket byte, depth int) (int, verdict) {
	for {
		found, value, v := member(b, at)
		if v != matched {
			return 0, v
		}
		if string(found) == name {
			if b[value] != bracket {
				return 0, broken
			}
			return value, matched
		}
		end, v := skipValue(b, value, depth)
		if v != matched {
			return 0, v
		}
		end = space(b, end)
		if end >= len(b) {
			return 0, more
		}
		if b[end] != ',' {
			return 0, broken
		}
		at = end + 1
	}
}

// member reads `"name":` at position at, and white space around it.
func member(b []byte, at int) (name []byte, value int, v verdict) {
	at = space(b, at)
	if at >= len(b) {
		return nil, 0, more
	}
	if b[at] != '"' {
		return nil, 0, broken
	}
	n := bytes.IndexByte(b[at+1:], '"')
	if n < 0 {
		return nil, 0, more
	}
	name = b[at+1 : at+1+n]
	at = space(b, at+n+2)
	if at >= len(b) {
		return nil, 0, more
	}
	if b[at] != ':' {
		return nil, 0, broken
	}
	at = space(b, at+1)
	if at >= len(b) {
		return nil, 0, more
	}
	return name, at, matched
}

// skipValue returns the position behind the value at position at.
func skipValue(b []byte, at, depth int) (int, verdict) {
	switch b[at] {
	case '{', '[':
		m := newMatcher(0, depth)
		v := m.run(b[at:])
		return at + m.pos, v
	case '"':
		m := newMatcher(0, depth)
		m.inString, m.pos = true, 1
		v := m.text(b[at:])
		return at + m.pos, v
	}
	n := bytes.IndexAny(b[at:], ",}] \t\r\n")
	if n < 0 {
		return 0, more
	}
	return at + n, matched
}

// space returns the position of the first byte from at on that is no white space.
func space(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\n' || b[at] == '\r' || b[at] == '\t') {
		at++
	}
	return at
}
