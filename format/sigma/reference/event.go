package reference

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Event lists the values of one JSON object (sentences 1 to 6).
type Event []Value

// Value is one value of an event.
type Value struct {
	Path string
	Kind Kind
	Text string // of scalars
}

// Kind is as much of a value's type as rules can tell.
type Kind uint8

// The kinds of value.
const (
	Scalar Kind = iota
	Null
	Container
)

// maxDepth bounds the nesting of an event.
const maxDepth = 1000

// Decode reads one JSON object. Names that stand twice count twice.
func Decode(text []byte) (Event, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("decode event: not a JSON object")
	}
	var e Event
	if err := e.members(d, "", 0); err != nil {
		return nil, errors.New("decode event: not valid JSON")
	}
	if d.More() {
		return nil, errors.New("decode event: text after the object")
	}
	return e, nil
}

// members reads the rest of an object whose own path, with a dot behind it, is prefix.
func (e *Event) members(d *json.Decoder, prefix string, depth int) error {
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := e.value(d, prefix+name.(string), depth); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (e *Event) value(d *json.Decoder, path string, depth int) error {
	if depth > maxDepth {
		return errors.New("too deep")
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		*e = append(*e, Value{Path: path, Kind: Container})
		return e.members(d, path+".", depth+1)
	case json.Delim('['):
		*e = append(*e, Value{Path: path, Kind: Container})
		for d.More() {
			if err := e.value(d, path, depth+1); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return err
	}
	*e = append(*e, leaf(path, t))
	return nil
}

// FromMap lists the values of an object that package encoding/json has decoded with UseNumber.
func FromMap(object map[string]any) Event {
	var e Event
	e.object(object, "")
	return e
}

func (e *Event) object(object map[string]any, prefix string) {
	for name, v := range object {
		e.any(v, prefix+name)
	}
}

func (e *Event) any(v any, path string) {
	switch v := v.(type) {
	case map[string]any:
		*e = append(*e, Value{Path: path, Kind: Container})
		e.object(v, path+".")
	case []any:
		*e = append(*e, Value{Path: path, Kind: Container})
		for _, element := range v {
			e.any(element, path)
		}
	default:
		*e = append(*e, leaf(path, v))
	}
}

func leaf(path string, v any) Value {
	switch v := v.(type) {
	case string:
		return Value{Path: path, Text: strings.ToValidUTF8(v, "\uFFFD")}
	case json.Number:
		return Value{Path: path, Text: v.String()}
	case float64:
		return Value{Path: path, Text: strconv.FormatFloat(v, 'f', -1, 64)}
	case bool:
		return Value{Path: path, Text: strconv.FormatBool(v)}
	}
	return Value{Path: path, Kind: Null}
}
