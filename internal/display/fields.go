package display

import (
	"bytes"
	"encoding/json"
	"strings"
)

// What the name of a field may cost: how long one may be that others are joined to, and how deep an event is looked into.
const (
	maxName  = 120
	maxDepth = 32
)

// Fields calls add for each text, number and truth of an event, one JSON object, in the order in which it holds them. Nested
// names are joined by dots; the values of a list have one name. It returns false when raw is no JSON or too deep, and then what
// was added says nothing.
func Fields(raw json.RawMessage, add func(name, value string)) bool {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	w := walker{d, add}
	return json.Valid(raw) && w.value("", 0)
}

type walker struct {
	d   *json.Decoder
	add func(name, value string)
}

func (w *walker) value(name string, depth int) bool {
	tok, err := w.d.Token()
	if err != nil || depth > maxDepth {
		return false
	}
	switch v := tok.(type) {
	case json.Delim:
		return w.children(name, v == '{', depth)
	case string:
		w.add(name, v)
	case json.Number:
		w.add(name, v.String())
	case bool:
		w.add(name, map[bool]string{true: "true", false: "false"}[v])
	}
	return true // null says nothing
}

func (w *walker) children(name string, object bool, depth int) bool {
	for w.d.More() {
		child := name
		if object {
			key, err := w.d.Token()
			if err != nil {
				return false
			}
			child = join(name, key.(string))
		}
		if !w.value(child, depth+1) {
			return false
		}
	}
	_, err := w.d.Token()
	return err == nil
}

func join(parent, key string) string {
	if parent == "" || len(parent) > maxName {
		return key
	}
	return parent + "." + key
}

// Short is the last part of a field's name.
func Short(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// Ends tells whether a field's name ends in the parts of want.
func Ends(name, want string) bool {
	at := len(name) - len(want)
	return at >= 0 && strings.EqualFold(name[at:], want) && (at == 0 || name[at-1] == '.')
}
