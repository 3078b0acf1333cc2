package fhir

import (
	"bytes"
	"encoding/xml"
	"io"

	"github.com/wardline/wardline/format/jcs"
)

// ParseResourceXML reads one resource in XML (R4 xml.html) as its JSON form (R4 json.html). Document type declarations
// are refused. Its error is an *Error.
//
// The forms of a resource in XML are those of the same resource in JSON as far as this package knows what XML does not say: which
// elements are lists, and which primitives are booleans or numbers. It knows that of R4's data types and of Patient, Practitioner,
// PractitionerRole, Organization, Location, Encounter, Observation, DiagnosticReport, MedicationRequest, MedicationAdministration,
// MedicationDispense, MedicationStatement, Medication, AllergyIntolerance, Condition, Procedure, DocumentReference, ServiceRequest,
// Immunization, Specimen, Composition, Provenance, AuditEvent, Bundle and OperationOutcome, and of value[x] everywhere. Other
// resources have a form of their own in XML: stable, different whenever the content is, but not equal to that of the JSON.
//
// Four things keep apart what is of a known type. A number that JSON cannot write so (+4.1, 04.1) stays a string. With Doubles 4.10
// and 4.1 are one, with DecText XML and JSON must have the same digits. The narrative is kept byte by byte as it stands in the XML, so the exact
// forms are equal only when the JSON has it so, while the static form leaves it out. Comments, and attributes other than
// value, id and url, are passed over.
func ParseResourceXML(text []byte, lim XMLLimits) (Resource, error) {
	if len(text) > lim.Bytes {
		return Resource{}, &Error{0, "longer than the limit"}
	}
	x := resourceReader{text: text, lim: lim, schema: newSchemaIndex()}
	x.d = xml.NewDecoder(bytes.NewReader(text))
	// FHIR is UTF-8 whatever the declaration says; other bytes are refused by the decoder.
	x.d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	root, err := x.root()
	if err != nil {
		return Resource{}, err
	}
	v, ok := x.resource(root)
	if !ok {
		return Resource{}, &Error{0, "an element that stands twice where it cannot"}
	}
	r := Resource{v}
	if !distinct(&r.Value, nil) {
		return Resource{}, &Error{0, "names of one object differ in upper and lower case only"}
	}
	return r, nil
}

// resourceReader reads one document.
type resourceReader struct {
	text   []byte
	d      *xml.Decoder
	lim    XMLLimits
	schema schemaIndex
	count  int
}

func (x *resourceReader) fail(reason string) error { return &Error{int(x.d.InputOffset()), reason} }

// root reads the document's one element.
func (x *resourceReader) root() (*element, error) {
	var root *element
	for {
		token, err := x.d.Token()
		if err == io.EOF && root != nil {
			return root, nil
		}
		if err != nil {
			return nil, x.fail("not well-formed XML, or no resource")
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, x.fail("document type declarations are refused")
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 && !bytes.Equal(t, []byte("\ufeff")) {
				return nil, x.fail("text outside of the resource")
			}
		case xml.StartElement:
			if root != nil {
				return nil, x.fail("a second resource")
			}
			if root, err = x.tree(t); err != nil {
				return nil, err
			}
		}
	}
}

// tree reads an element to its end tag.
func (x *resourceReader) tree(start xml.StartElement) (*element, error) {
	root := newElement(start)
	open := []*element{root}
	for {
		at := x.d.InputOffset()
		token, err := x.d.Token()
		if err != nil {
			return nil, x.fail("not well-formed XML")
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, x.fail("document type declarations are refused")
		case xml.EndElement:
			if open = open[:len(open)-1]; len(open) == 0 {
				return root, nil
			}
		case xml.StartElement:
			if x.count++; x.count > x.lim.Elements || len(open) >= x.lim.Depth {
				return nil, x.fail("too many elements or nested too deeply")
			}
			e := newElement(t)
			parent := open[len(open)-1]
			parent.children = append(parent.children, e)
			if t.Name.Space != xhtml {
				open = append(open, e)
				continue
			}
			if err := x.d.Skip(); err != nil {
				return nil, x.fail("not well-formed XML")
			}
			e.value, e.hasValue = string(x.text[at:x.d.InputOffset()]), true
		}
	}
}

// resource is the JSON form of an element whose name is the resource's type. ok is false when a name would stand twice.
func (x *resourceReader) resource(e *element) (v jcs.Value, ok bool) {
	kind := jcs.Member{Name: "resourceType", Value: jcs.Value{Kind: jcs.String, Text: e.name}}
	return x.object(e, e.name, []jcs.Member{kind})
}

// object is the JSON form of an element of type of, with members that it has already.
func (x *resourceReader) object(e *element, of string, members []jcs.Member) (v jcs.Value, ok bool) {
	if e.id != "" {
		members = append(members, stringMember("id", e.id))
	}
	if e.url != "" {
		members = append(members, stringMember("url", e.url))
	}
	names, groups := e.groups()
	for _, name := range names {
		if members, ok = x.property(members, groups[name], x.schema.find(of, name)); !ok {
			return jcs.Value{}, false
		}
	}
	return jcs.ObjectOf(members)
}

func stringMember(name, text string) jcs.Member {
	return jcs.Member{Name: name, Value: jcs.Value{Kind: jcs.String, Text: text}}
}

// property appends what the elements of one name are: a value or a list, and for primitives that have an id or
// extensions a second member of the name with an underscore (R4 json.html#primitive).
func (x *resourceReader) property(members []jcs.Member, group []*element, p property) ([]jcs.Member, bool) {
	name := group[0].name
	var values, extras []jcs.Member
	hasValue, hasExtra := false, false
	for _, e := range group {
		value, extra, ok := x.value(e, p)
		if !ok {
			return nil, false
		}
		values, extras = append(values, jcs.Member{Value: value}), append(extras, jcs.Member{Value: extra})
		hasValue, hasExtra = hasValue || value.Kind != jcs.Null, hasExtra || extra.Kind != jcs.Null
	}
	if hasValue {
		members = append(members, listOrOne(name, values, p.list))
	}
	if hasExtra {
		members = append(members, listOrOne("_"+name, extras, p.list))
	}
	return members, true
}

func listOrOne(name string, values []jcs.Member, list bool) jcs.Member {
	if list || len(values) > 1 {
		return jcs.Member{Name: name, Value: jcs.Value{Kind: jcs.Array, Members: values}}
	}
	return jcs.Member{Name: name, Value: values[0].Value}
}

// value is the JSON form of one element, and what stands beside a primitive; each is null when there is none.
func (x *resourceReader) value(e *element, p property) (value, extra jcs.Value, ok bool) {
	inner := (e.name == "contained" || e.name == "resource" || e.name == "outcome") && len(e.children) == 1 && isTypeName(e.children[0].name)
	switch {
	case inner && !e.hasValue:
		value, ok = x.resource(e.children[0])
		return value, jcs.Value{}, ok
	case e.hasValue:
		value = primitive(e.value, p.kind)
	case p.of != "" || !extensionsOnly(e):
		value, ok = x.object(e, p.of, nil)
		return value, jcs.Value{}, ok
	}
	if e.id == "" && len(e.children) == 0 {
		return value, jcs.Value{}, true
	}
	extra, ok = x.object(e, "", nil)
	return value, extra, ok
}

// extensionsOnly tells an element without a value that must be a primitive all the same: one with extensions and nothing
// else. A complex element could be so too, and is then taken for a primitive: XML does not tell them apart.
func extensionsOnly(e *element) bool {
	for _, child := range e.children {
		if child.name != "extension" {
			return false
		}
	}
	return len(e.children) > 0 && e.url == ""
}

// isTypeName tells the names of resources, which begin with a capital letter, from those of elements.
func isTypeName(name string) bool { return name != "" && 'A' <= name[0] && name[0] <= 'Z' }

func primitive(text string, kind byte) jcs.Value {
	switch {
	case kind == 'b' && text == "true":
		return jcs.Value{Kind: jcs.True}
	case kind == 'b' && text == "false":
		return jcs.Value{Kind: jcs.False}
	case kind == 'n':
		if v, ok := jcs.NumberOf(text); ok {
			return v
		}
	}
	return jcs.Value{Kind: jcs.String, Text: text}
}
