package probe

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
)

// deepest is how far a statement may be nested.
const deepest = 128

var errNoStatement = because(Strange, "answered, but not with a CapabilityStatement that says its FHIR version")

// statement is what of a CapabilityStatement is looked at. Older servers call it Conformance (DSTU2).
type statement struct{ kind, version string }

func (s statement) whole() bool {
	return (s.kind == "CapabilityStatement" || s.kind == "Conformance") && s.version != ""
}

func (s statement) check(err error) error {
	switch {
	case s.whole():
		return nil
	case err != nil && !errors.As(err, new(*json.SyntaxError)) && !errors.As(err, new(*xml.SyntaxError)) && !errors.Is(err, io.EOF):
		return err
	}
	return errNoStatement
}

// readJSON reads as far as the two members that count, and holds nothing else.
func readJSON(body io.Reader) error {
	d := json.NewDecoder(body)
	var s statement
	err := members(d, func(key string) (err error) {
		switch key {
		case "resourceType":
			s.kind, err = text(d)
		case "fhirVersion":
			s.version, err = text(d)
		default:
			err = pass(d)
		}
		if err == nil && s.whole() {
			err = io.EOF
		}
		return err
	})
	return s.check(err)
}

// members calls each for every member of an object, which must read its value.
func members(d *json.Decoder, each func(key string) error) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(err, errNoStatement)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return errNoStatement
		}
		if err := each(name); err != nil {
			return err
		}
	}
	return nil
}

func text(d *json.Decoder) (string, error) {
	t, err := d.Token()
	s, ok := t.(string)
	if err == nil && !ok {
		err = errNoStatement
	}
	return s, err
}

// pass reads over one value.
func pass(d *json.Decoder) error {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > deepest {
				return errNoStatement
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// readXML does the same with XML (FHIR R4 2.6.1).
func readXML(body io.Reader) error {
	d := xml.NewDecoder(body)
	var s statement
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return s.check(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch depth++; {
			case depth > deepest:
				return errNoStatement
			case t.Name.Space != "http://hl7.org/fhir":
			case depth == 1:
				s.kind = t.Name.Local
			case depth == 2 && t.Name.Local == "fhirVersion":
				s.version = value(t)
			}
		case xml.EndElement:
			depth--
		}
		if s.whole() {
			return nil
		}
	}
}

func value(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "value" {
			return a.Value
		}
	}
	return ""
}
