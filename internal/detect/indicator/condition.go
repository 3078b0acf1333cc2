package indicator

import (
	"bytes"
	"strconv"

	"github.com/wardline/wardline/format/jsonl"
)

// maxChecks bounds the conditions that are checked for one event, each of which reads all of it.
const maxChecks = 200

// meets tells whether the event meets what a list asks for beside the value.
func (m *matcher) meets(d *Detail, r record, value int) bool {
	t := m.ev.Time
	if !t.IsZero() && (!d.From.IsZero() && t.Before(d.From) || !d.Until.IsZero() && !t.Before(d.Until)) {
		return false
	}
	if d.Port == 0 && d.Name == "" && d.With == "" {
		return true
	}
	if m.checks++; m.checks > maxChecks {
		return false
	}
	return (d.Port == 0 || m.holdsPort(d.Port, value)) && (d.Name == "" || m.namesFile(d.Name)) && (d.With == "" || m.holdsWord(d.With))
}

// holdsPort tells whether a field of the event is the port, or the port follows a colon in the value where
// the indicator was found.
func (m *matcher) holdsPort(port uint16, value int) bool {
	digits := strconv.Itoa(int(port))
	for i := range m.ev.Index.Values {
		v := &m.ev.Index.Values[i]
		if (v.Kind == jsonl.Number || v.Kind == jsonl.String) && string(m.ev.Fields[v.Start:v.End]) == digits {
			return true
		}
	}
	v := &m.ev.Index.Values[value]
	text := m.ev.Fields[v.Start:v.End]
	for after := []byte(":" + digits); ; {
		i := bytes.Index(text, after)
		if i < 0 {
			return false
		}
		text = text[i+len(after):]
		if len(text) == 0 || !isDigit(text[0]) {
			return true
		}
	}
}

// namesFile tells whether a field of the event is the name of the file, or a path that ends in it, in
// small letters or capitals.
func (m *matcher) namesFile(name string) bool {
	var plain []byte
	for i := range m.ev.Index.Values {
		v := &m.ev.Index.Values[i]
		if v.Kind != jsonl.String || int(v.End-v.Start) < len(name) {
			continue
		}
		text := m.ev.Index.Text(m.ev.Fields, i, plain)
		from := len(text) - len(name)
		if from < 0 || !bytes.EqualFold(text[from:], []byte(name)) {
			continue
		}
		if from == 0 || text[from-1] == '\\' || text[from-1] == '/' {
			return true
		}
	}
	return false
}

// holdsWord tells whether the word stands in any field of the event, not as part of a longer one.
func (m *matcher) holdsWord(word string) bool {
	for i := range m.ev.Index.Values {
		v := &m.ev.Index.Values[i]
		if v.Kind != jsonl.String {
			continue
		}
		text := m.ev.Index.Text(m.ev.Fields, i, nil)
		for at := 0; ; at++ {
			n := bytes.Index(text[at:], []byte(word))
			if n < 0 {
				break
			}
			at += n
			if end := at + len(word); (at == 0 || !isName(text[at-1])) && (end == len(text) || !isName(text[end])) {
				return true
			}
		}
	}
	return false
}
