package fhir

import (
	"encoding/xml"
	"io"

	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/format/jsonl"
)

// XMLReader finds the AuditEvents in a file of FHIR XML (R4 and R5: hl7.org/fhir/xml.html), alone, in a
// Bundle or one after another, and gives each in its JSON form. Resources of other types are
// passed over. Document type declarations are refused, so no entity is ever expanded.
type XMLReader struct {
	d      *xml.Decoder
	src    *xmlSource
	begin  int64 // of what d decodes, in the source
	lim    XMLLimits
	depth  int               // of open elements around the next resource
	loose  bool              // the XML broke: from now on each AuditEvent is a document of its own
	held   *xml.StartElement // of an AuditEvent met inside of one that has no end
	heldAt int64
	buf    []byte
	err    error // nothing can be read any more
}

// XMLLimits bounds what one resource may cost.
type XMLLimits struct {
	Bytes    int
	Depth    int // nesting of elements
	Elements int
}

// DefaultXMLLimits are roomy for real resources.
func DefaultXMLLimits() XMLLimits { return XMLLimits{Bytes: 16 << 20, Depth: 64, Elements: 1 << 16} }

// NewXMLReader reads from r. It reads nothing before the first Next.
func NewXMLReader(r io.Reader, lim XMLLimits) *XMLReader {
	x := &XMLReader{src: newXMLSource(charset.NewReader(r), lim.Bytes), lim: lim}
	x.decode()
	return x
}

// decode begins a document where the source stands.
func (x *XMLReader) decode() {
	x.begin = x.src.off
	x.d = xml.NewDecoder(x.src)
	x.d.Strict = true
	// FHIR is UTF-8 whatever the declaration says; other bytes end the reading.
	x.d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
}

func (x *XMLReader) offset() int64 { return x.begin + x.d.InputOffset() }

// next is the next token, or the one held, and where it begins.
func (x *XMLReader) next() (token xml.Token, offset int64, err error) {
	if x.held != nil {
		token, x.held = *x.held, nil
		return token, x.heldAt, nil
	}
	offset = x.offset()
	x.src.mark = x.src.off
	token, err = x.d.Token()
	return token, offset, err
}

// Next returns the next AuditEvent as JSON, valid until the following call, with the place where it
// begins, and io.EOF at the end. After an *Error the reader goes on with the next AuditEvent; one that
// met a document type declaration gives io.EOF. Any other error is that of the source.
func (x *XMLReader) Next() (json []byte, offset int64, err error) {
	for x.err == nil {
		if x.loose && x.held == nil && !x.find() {
			break
		}
		token, offset, err := x.next()
		switch t := token.(type) {
		case xml.Directive:
			return nil, offset, x.refuse()
		case xml.EndElement:
			x.depth--
		case xml.StartElement:
			if t.Name.Local != "AuditEvent" {
				if x.depth++; x.depth > x.lim.Depth {
					return nil, offset, x.fail("nested too deeply")
				}
				continue
			}
			root, err := x.tree(t, offset)
			if err != nil {
				return nil, offset, err
			}
			x.buf = append(x.buf[:0], `{"resourceType":"AuditEvent"`...)
			x.buf = append(root.appendMembers(x.buf, true), '}')
			return x.buf, offset, nil
		}
		if err == io.EOF {
			x.err = io.EOF
		} else if err != nil {
			return nil, offset, x.malformed()
		}
	}
	return nil, x.offset(), x.err
}

// hold keeps a start tag for the next call. All the tags that have no end stay open in the decoder, so
// after some it is rather given up.
func (x *XMLReader) hold(t xml.StartElement, at int64) {
	if x.depth++; x.depth <= x.lim.Depth {
		held := t.Copy()
		x.held, x.heldAt = &held, at
	}
}

// find begins a new document with the next AuditEvent, whatever is around it.
func (x *XMLReader) find() bool {
	if !x.src.find() {
		if x.err = x.src.err; x.err == nil {
			x.err = io.EOF
		}
		return false
	}
	x.depth = 0
	x.decode()
	return true
}

// malformed says why there is no next token.
func (x *XMLReader) malformed() error {
	if x.src.err != nil {
		x.err = x.src.err
		return x.err
	}
	return x.fail("not well-formed XML")
}

func (x *XMLReader) fail(reason string) error {
	x.loose = true
	return &Error{int(x.offset()), reason}
}

// refuse ends the reading: what a document type declares may be in all that follows.
func (x *XMLReader) refuse() error {
	x.err = io.EOF
	return x.fail("document type declarations are refused")
}

// element is one XML element of a resource.
type element struct {
	name     string
	value    string
	id, url  string
	hasValue bool
	children []*element
}

// tree reads one resource to its end tag.
func (x *XMLReader) tree(start xml.StartElement, offset int64) (*element, error) {
	root := newElement(start)
	open := []*element{root}
	for elements := 1; ; {
		token, at, err := x.next()
		if err != nil {
			return nil, x.malformed()
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, x.refuse()
		case xml.EndElement:
			if open = open[:len(open)-1]; len(open) == 0 {
				return root, nil
			}
		case xml.StartElement:
			e := newElement(t)
			if elements++; elements > x.lim.Elements || len(open) == x.lim.Depth {
				return nil, x.fail("too many elements or nested too deeply")
			}
			parent := open[len(open)-1]
			if e.name == "AuditEvent" && parent.name != "contained" {
				x.hold(t, at)
				return nil, x.fail("no end before the next AuditEvent")
			}
			if t.Name.Space != xhtml {
				parent.children = append(parent.children, e)
			}
			open = append(open, e)
		}
		if x.offset()-offset > int64(x.lim.Bytes) {
			return nil, x.fail("longer than the limit")
		}
	}
}

// xhtml is the narrative: the same event once more, for the eye. It is left out.
const xhtml = "http://www.w3.org/1999/xhtml"

func newElement(t xml.StartElement) *element {
	e := &element{name: t.Name.Local}
	for _, a := range t.Attr {
		switch a.Name.Local {
		case "value":
			e.value, e.hasValue = a.Value, true
		case "id":
			e.id = a.Value
		case "url":
			e.url = a.Value
		}
	}
	return e
}

// appendMembers appends what e holds as members of an object that is open.
func (e *element) appendMembers(dst []byte, begun bool) []byte {
	comma := func() {
		if begun {
			dst = append(dst, ',')
		}
		begun = true
	}
	if e.id != "" {
		comma()
		dst = jsonl.AppendString(append(dst, `"id":`...), e.id)
	}
	if e.url != "" {
		comma()
		dst = jsonl.AppendString(append(dst, `"url":`...), e.url)
	}
	names, groups := e.groups()
	for _, name := range names {
		group := groups[name]
		if name == "id" && e.id != "" || name == "url" && e.url != "" || name == "resourceType" {
			continue
		}
		comma()
		dst = append(jsonl.AppendString(dst, name), ':')
		list := len(group) > 1 || isList(e.name, name)
		if list {
			dst = append(dst, '[')
		}
		for i, child := range group {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = child.appendValue(dst)
		}
		if list {
			dst = append(dst, ']')
		}
	}
	return dst
}

// groups gathers the children by name, in the order in which the names first occur.
func (e *element) groups() ([]string, map[string][]*element) {
	var names []string
	groups := make(map[string][]*element, len(e.children))
	for _, child := range e.children {
		if groups[child.name] == nil {
			names = append(names, child.name)
		}
		groups[child.name] = append(groups[child.name], child)
	}
	return names, groups
}

func (e *element) appendValue(dst []byte) []byte {
	switch {
	case e.hasValue && isBoolean(e.name) && (e.value == "true" || e.value == "false"):
		return append(dst, e.value...)
	case e.hasValue: // what else stands in a primitive are extensions, which are left out
		return jsonl.AppendString(dst, e.value)
	case (e.name == "contained" || e.name == "resource") && len(e.children) == 1:
		inner := e.children[0]
		dst = jsonl.AppendString(append(dst, `{"resourceType":`...), inner.name)
		return append(inner.appendMembers(dst, true), '}')
	}
	return append(e.appendMembers(append(dst, '{'), false), '}')
}

func isBoolean(name string) bool { return name == "requestor" || name == "valueBoolean" }

// isList tells the elements of an AuditEvent that are arrays in JSON, however many there are.
func isList(parent, name string) bool {
	switch name {
	case "subtype", "category", "agent", "policy", "purposeOfUse", "purposeOfEvent", "authorization", "coding",
		"entity", "securityLabel", "detail", "profile", "security", "tag", "contained", "extension", "modifierExtension", "basedOn":
		return true
	case "role":
		return parent == "agent"
	case "type":
		return parent == "source"
	}
	return false
}
