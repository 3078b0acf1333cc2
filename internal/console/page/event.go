package page

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/display"
	"github.com/wardline/wardline/internal/vault/veil"
)

// What one event may show, however large it is.
const (
	maxFields = 80     // that are shown
	maxRead   = 10_000 // that are looked at, to know whom the event speaks of
	maxName   = 120
	maxValue  = 600
)

// Describe shows the fields of an event, one JSON object: the few that say most, among them those that a rule
// asks about, and all of them. Identifiers of patients are masked, and so is, in events of clinical
// systems, whatever is not known to name nobody. patients are further identifiers to mask.
func Describe(fields json.RawMessage, asks, patients []string) (chosen, all []Pair, masked bool) {
	all = flatten(fields)
	clinical := false
	for _, p := range all {
		if strings.HasPrefix(p.Name, "access.") || namesPatient(p.Name) || p.Name == "message" && strings.HasPrefix(p.Value, "MSH") { // a whole message of HL7
			clinical = true
		}
		if namesPatient(p.Name) {
			patients = append(patients, strings.Split(p.Value, ", ")...)
		}
	}
	veil := NewVeil(patients...)
	for i := range all {
		p := &all[i]
		switch {
		case namesBirth(p.Name):
			p.Value, p.Masked, masked = dots, true, true // its last digits are the day
		case clinical && !harmless(p.Name, p.Value):
			p.Value, p.Masked, masked = maskEach(p.Value), true, true
		default:
			hidden := veil.Hide(p.Value)
			masked = masked || hidden != p.Value
			p.Value = hidden
		}
		p.Name, p.Value = Clean(p.Name, maxName), Clean(p.Value, maxValue)
	}
	return choose(all, asks), all[:min(len(all), maxFields)], masked
}

// namesBirth tells whether a field of that name says when a patient was born.
func namesBirth(name string) bool {
	for part := range strings.SplitSeq(strings.ToLower(name), ".") {
		if strings.Contains(part, "birth") || part == "dob" || part == "pid-7" {
			return true
		}
	}
	return false
}

// maskEach masks the values of a list one by one.
func maskEach(list string) string {
	values := strings.Split(list, ", ")
	for i, v := range values {
		values[i] = Mask(v)
	}
	return strings.Join(slices.Compact(values), ", ")
}

// namesPatient tells whether a field of that name says who a patient is.
func namesPatient(name string) bool {
	name = strings.ToLower(name)
	for part := range strings.SplitSeq(name, ".") {
		if strings.HasPrefix(part, "patient") && !strings.HasPrefix(part, "patients_count") && part != "patient_authority" || strings.HasPrefix(part, "pat_") {
			return true
		}
		if strings.HasPrefix(part, "pid-") {
			return true
		}
		switch part {
		case "pid", "dob", "mrn", "subject", "birthdate", "medicalrecordnumber":
			return true
		}
	}
	return false
}

// harmless tells whether a field of a clinical event names no patient: by its name, and by whether its values belong there.
func harmless(name, list string) bool {
	if strings.HasPrefix(name, "@") {
		return true // the index's own
	}
	if veil.Of(name) != veil.Kept {
		return false
	}
	for v := range strings.SplitSeq(list, ", ") {
		if !veil.Fits(name, []byte(v)) {
			return false
		}
	}
	return true
}

// flatten lists the fields of an event in the order in which it holds them. The index keeps the values of a list as one text
// that holds a JSON array.
func flatten(raw json.RawMessage) []Pair {
	var fields []Pair
	whole := display.Fields(raw, func(name, value string) {
		var list []string
		if !strings.HasPrefix(value, `["`) || json.Unmarshal([]byte(value), &list) != nil {
			list = []string{value}
		}
		for _, one := range list {
			fields = add(fields, name, one)
		}
	})
	if !whole {
		return nil
	}
	return fields
}

// add keeps one field; a list becomes one field with its values side by side.
func add(fields []Pair, name, value string) []Pair {
	n := len(fields)
	switch {
	case value == "":
	case n > 0 && fields[n-1].Name == name:
		if len(fields[n-1].Value) < maxValue {
			fields[n-1].Value += ", " + value
		}
	case n < maxRead:
		fields = append(fields, Pair{Name: name, Value: value})
	}
	return fields
}

// telling are the last parts of field names that are read first.
func telling() []string {
	return []string{
		"access.verb", "access.user", "access.patient", "access.object_kind",
		"commandline", "command_line", "scriptblocktext", "newprocessname", "image", "parentimage",
		"targetfilename", "targetobject", "servicename", "taskname", "signature", "query", "rrname", "hostname", "sni", "url",
		"src_ip", "dest_ip", "dest_port", "id.orig_h", "id.resp_h", "ipaddress", "sourceipaddress",
		"targetusername", "subjectusername", "user", "username", "user_id", "action", "event_type", "eventname", "outcome", "eventid", "computer", "message",
	}
}

const (
	chosenFields = 4
	askedFields  = 5
)

// choose picks the few fields that say most, so that a row can be read at a glance.
func choose(fields []Pair, asks []string) []Pair {
	var out []Pair
	pick := func(i int) {
		if i >= 0 && !slices.ContainsFunc(out, func(p Pair) bool { return p.Value == fields[i].Value }) {
			p := fields[i]
			p.Name, p.Value = display.Short(p.Name), cut(p.Value, 240)
			out = append(out, p)
		}
	}
	for _, want := range asks {
		if len(out) < askedFields {
			pick(slices.IndexFunc(fields, func(p Pair) bool { return p.Name == want }))
		}
	}
	for _, want := range telling() {
		if len(out) < chosenFields {
			pick(slices.IndexFunc(fields, func(p Pair) bool { return display.Ends(p.Name, want) }))
		}
	}
	for i := range fields {
		if len(out) < min(2, len(fields)) {
			pick(i)
		}
	}
	return out
}

func cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
