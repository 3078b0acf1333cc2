package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// pair is one field of an event, ready to be shown.
type pair struct{ Name, Value string }

// What one event may show, however large it is.
const (
	maxFields = 80
	maxName   = 120
	maxValue  = 600
	maxDepth  = 32
)

// flatten lists the fields of an event in the order in which it holds them, nested
// names joined by dots, and says how many it left out.
func flatten(raw json.RawMessage) (fields []pair, more int) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	f := flattener{d: d}
	if !json.Valid(raw) || !f.value("", 0) {
		return nil, 0
	}
	return f.fields, f.more
}

type flattener struct {
	d      *json.Decoder
	fields []pair
	more   int
}

func (f *flattener) value(name string, depth int) bool {
	tok, err := f.d.Token()
	if err != nil || depth > maxDepth {
		return false
	}
	switch v := tok.(type) {
	case json.Delim:
		return f.children(name, v == '{', depth)
	case string:
		f.add(name, v)
	case json.Number:
		f.add(name, v.String())
	case bool:
		f.add(name, map[bool]string{true: "true", false: "false"}[v])
	}
	return true // null says nothing
}

func (f *flattener) children(name string, object bool, depth int) bool {
	for f.d.More() {
		child := name
		if object {
			key, err := f.d.Token()
			if err != nil {
				return false
			}
			child = join(name, key.(string))
		}
		if !f.value(child, depth+1) {
			return false
		}
	}
	_, err := f.d.Token()
	return err == nil
}

func join(parent, key string) string {
	if parent == "" || len(parent) > maxName {
		return key
	}
	return parent + "." + key
}

// add keeps one field; a list becomes one field with its values side by side.
func (f *flattener) add(name, value string) {
	if value == "" {
		return
	}
	if n := len(f.fields); n > 0 && f.fields[n-1].Name == clean(name, maxName) {
		if len(f.fields[n-1].Value) < maxValue {
			f.fields[n-1].Value += ", " + clean(value, maxValue)
		}
		return
	}
	if len(f.fields) == maxFields {
		f.more++
		return
	}
	f.fields = append(f.fields, pair{clean(name, maxName), clean(value, maxValue)})
}

// telling are the last parts of field names that an analyst reads first.
func telling() []string {
	return []string{
		"commandline", "command_line", "scriptblocktext", "process.command_line", "newprocessname", "image", "parentprocessname", "parentimage",
		"targetfilename", "targetobject", "servicename", "taskname", "signature", "query", "rrname", "hostname", "sni", "url", "http.url",
		"src_ip", "dest_ip", "dest_port", "id.orig_h", "id.resp_h", "ipaddress", "sourceipaddress", "destinationip",
		"targetusername", "subjectusername", "user", "username", "user_id", "patient", "patient_id", "object", "action", "event_type", "eventname", "outcome", "eventid", "message",
	}
}

const (
	chosenFields = 4
	askedFields  = 5
)

// chosen picks the few fields that say most, so that a row can be read at a glance: those that the rule
// asks about, then what an analyst reads first.
func chosen(fields []pair, asks []string) []pair {
	var out []pair
	pick := func(i int) {
		if i >= 0 && !slices.ContainsFunc(out, func(p pair) bool { return p.Value == fields[i].Value }) {
			out = append(out, pair{short(fields[i].Name), clip(fields[i].Value, 240)})
		}
	}
	for _, want := range asks {
		if len(out) < askedFields {
			pick(slices.IndexFunc(fields, func(p pair) bool { return p.Name == want }))
		}
	}
	for _, want := range telling() {
		if len(out) < chosenFields {
			pick(slices.IndexFunc(fields, func(p pair) bool { return names(p.Name, want) }))
		}
	}
	if len(out) == 0 {
		for _, p := range fields[:min(chosenFields, len(fields))] {
			out = append(out, pair{short(p.Name), clip(p.Value, 240)})
		}
	}
	return out
}

// names reports whether a field name ends in the parts of want.
func names(field, want string) bool {
	cut := len(field) - len(want)
	return cut >= 0 && strings.EqualFold(field[cut:], want) && (cut == 0 || field[cut-1] == '.')
}

func short(name string) string {
	return name[strings.LastIndexByte(name, '.')+1:]
}
