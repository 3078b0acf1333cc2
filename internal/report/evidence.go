package report

import (
	"encoding/json"
	"slices"

	"github.com/wardline/wardline/internal/display"
)

// pair is one field of an event, ready to be shown.
type pair struct{ Name, Value string }

// What one event may show, however large it is.
const (
	maxFields = 80
	maxName   = 120
	maxValue  = 600
)

// flatten lists the fields of an event in the order in which it holds them, and says how many it left out.
func flatten(raw json.RawMessage) (fields []pair, more int) {
	whole := display.Fields(raw, func(name, value string) {
		n := len(fields)
		name = clean(name, maxName)
		switch {
		case value == "":
		case n > 0 && fields[n-1].Name == name: // a list becomes one field with its values side by side
			if len(fields[n-1].Value) < maxValue {
				fields[n-1].Value += ", " + clean(value, maxValue)
			}
		case n == maxFields:
			more++
		default:
			fields = append(fields, pair{name, clean(value, maxValue)})
		}
	})
	if !whole {
		return nil, 0
	}
	return fields, more
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
			out = append(out, pair{display.Short(fields[i].Name), clip(fields[i].Value, 240)})
		}
	}
	for _, want := range asks {
		if len(out) < askedFields {
			pick(slices.IndexFunc(fields, func(p pair) bool { return p.Name == want }))
		}
	}
	for _, want := range telling() {
		if len(out) < chosenFields {
			pick(slices.IndexFunc(fields, func(p pair) bool { return display.Ends(p.Name, want) }))
		}
	}
	if len(out) == 0 {
		for _, p := range fields[:min(chosenFields, len(fields))] {
			out = append(out, pair{display.Short(p.Name), clip(p.Value, 240)})
		}
	}
	return out
}
