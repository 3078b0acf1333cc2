package feed

import (
	"strings"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/indicator"
)

// threatLevel is the level of a MISP event; 4 is undefined.
func threatLevel(id string) string {
	switch id {
	case "1":
		return "high"
	case "2":
		return "medium"
	case "3":
		return "low"
	}
	return ""
}

// attribute reads one attribute of the event being read.
func (w *wrapped) attribute() { w.attributeIn(w.eventSource()) }

func (w *wrapped) eventSource() int {
	if w.event < 0 {
		w.event = w.builder.AddSource(indicator.Source{File: w.file, Title: title(w.file)})
	}
	return w.event
}

// attributes reads those of a MISP object.
func (w *wrapped) attributes() {
	if gone, _ := w.yes("deleted"); gone {
		return
	}
	whole, index := w.text, w.index
	w.index = jsonl.Index{}
	for i := range index.Values {
		v := &index.Values[i]
		if v.Kind != jsonl.Object || v.Parent < 0 || !index.At(whole, int(v.Parent), "Attribute") {
			continue
		}
		if w.scan(whole[v.Start:v.End]) == nil {
			w.attribute()
			w.object++
		}
	}
	w.object--
	w.index = index
}

// attributeIn reads the attribute that is being looked at.
func (w *wrapped) attributeIn(source int) {
	id := identifier(w.str("uuid"))
	if gone, _ := w.yes("deleted"); gone {
		w.reject(id, "deleted")
		return
	}
	if use, stated := w.yes("to_ids"); stated && !use {
		w.reject(id, "not for detection: to_ids is false")
		return
	}
	parts, kinds, ok := splitAttribute(w.str("type"), w.str("value"))
	if !ok {
		w.reject(id, "a type of attribute that is not supported")
		return
	}
	for i, part := range parts {
		if _, err := w.parse([]byte(part), kinds[i]); err != nil {
			w.reject(id, err.Error())
			return
		}
	}
	d := indicator.Detail{
		Source: source, ID: id, Several: len(parts) > 1, Title: short(w.str("Event.info"), maxTitle), Description: short(w.str("comment"), maxText),
		Author: short(w.str("Event.Orgc.name"), maxTitle), Level: threatLevel(w.str("Event.threat_level_id")),
	}
	for i, part := range parts {
		v, err := w.parse([]byte(part), kinds[i])
		if err == nil {
			w.add(v, w.document.line, w.describe(d, v))
		}
	}
}

// splitAttribute cuts a value of several parts. Of a file name and a digest the digest is
// enough to know the file; a name and an address that it had are known-bad each for itself, as in
// MISP's own correlation.
func splitAttribute(typ, value string) (parts []string, kinds []want, ok bool) {
	typ = squash(typ)
	w, ok := wanted(typ)
	switch {
	case !ok:
		return nil, nil, false
	case typ == "domain|ip":
		name, ip, _ := strings.Cut(value, "|")
		return []string{name, ip}, []want{1 << indicator.Domain, 1<<indicator.Address | 1<<indicator.Network}, true
	case typ == "malwaresample", strings.HasPrefix(typ, "filename|"):
		value = value[strings.LastIndexByte(value, '|')+1:]
	}
	return []string{value}, []want{w}, true
}
