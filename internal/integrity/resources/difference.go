package resources

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jcs"
)

// Statement is one thing that a resource says of a patient, in words that are the same whichever system says it.
type Statement struct {
	Key     string // what statements share that say something of the same thing
	Subject string // code of what it is about; empty when that is the patient
	Patient string // authority|number, or fhir| and how the resource refers to the patient
	Fields  []Said // all that it says, key and patient too
	Worth   string // type, value and unit of a result
}

// Said is one field of a Statement.
type Said struct{ Name, Value string }

// Reading reads what a resource says. resolve finds the resource that a reference means; it may be nil.
type Reading func(d *Declaration, r *fhir.Resource, resolve func(string) (fhir.Resource, bool)) []Statement

// statements is a Reading for one server.
type statements func(*fhir.Resource) []Statement

// difference is what two versions of a resource say otherwise.
type difference struct {
	fields    []Field
	unmarked  bool   // a final result has another value and does not call itself corrected
	corrected bool   // it does
	moved     bool   // all that makes it unmarked is that it is another patient's
	unknown   bool   // one of the two is not kept
	from, to  string // the patients whom the two name
}

const (
	mostFields   = 40
	longestValue = 400
)

// compare says what two versions say otherwise; one of them may be nil.
func compare(typ string, says statements, before, after *version) difference {
	a, okA := parsed(before)
	b, okB := parsed(after)
	if !okA || !okB {
		return difference{unknown: true}
	}
	x, y := says.of(a), says.of(b)
	var d difference
	d.fields = said(x, y)
	if len(d.fields) == 0 {
		d.fields = elements(a, b)
	}
	d.fields = d.fields[:min(len(d.fields), mostFields)]
	d.from, d.to = patientOf(x, a), patientOf(y, b)
	if a == nil || b == nil || typ != "Observation" && typ != "DiagnosticReport" {
		return d
	}
	was, is := text(a.Value.Member("status")), text(b.Value.Member("status"))
	d.corrected = slices.Contains([]string{"corrected", "amended", "entered-in-error", "cancelled"}, is) || is == "appended" && typ == "DiagnosticReport"
	final := slices.Contains([]string{"final", "corrected", "amended", "appended"}, was)
	if final && !d.corrected {
		worth := anotherWorth(typ, a, b, x, y)
		d.moved = !worth && d.from != d.to
		d.unmarked = worth || d.moved
	}
	return d
}

// parsed reads the static form of a version. It is nil for what is not there; ok is false for what is not kept.
func parsed(v *version) (r *fhir.Resource, ok bool) {
	if v == nil || v.gone {
		return nil, true
	}
	if v.text == nil {
		return nil, false
	}
	got, err := fhir.ParseResource(v.text, limits())
	return &got, err == nil
}

func (says statements) of(r *fhir.Resource) []Statement {
	if r == nil {
		return nil
	}
	return says(r)
}

// anotherWorth tells whether a result has another value, unit or code. What was added to it counts too.
func anotherWorth(typ string, a, b *fhir.Resource, x, y []Statement) bool {
	if typ == "Observation" && len(x)+len(y) > 0 {
		return !slices.Equal(worths(x), worths(y))
	}
	for _, name := range []string{"code", "result", "conclusion", "conclusionCode", "presentedForm", "media"} {
		if !equal(a.Value.Member(name), b.Value.Member(name)) {
			return true
		}
	}
	for _, r := range []*fhir.Resource{a, b} { // an Observation that makes no statement: its values stand in its elements
		for i := range r.Value.Members {
			name := r.Value.Members[i].Name
			if (strings.HasPrefix(name, "value") || name == "component") && !equal(a.Value.Member(name), b.Value.Member(name)) {
				return true
			}
		}
	}
	return false
}

func worths(list []Statement) (out []string) {
	for i := range list {
		out = append(out, list[i].Subject+"\x00"+list[i].Worth)
	}
	slices.Sort(out)
	return out
}

func equal(a, b *jcs.Value) bool {
	if a == nil || b == nil {
		return a == b
	}
	return string(a.AppendDecText(nil)) == string(b.AppendDecText(nil))
}

// said lists the fields of the statements that differ. Of several statements the name of a field begins with what it is about.
func said(before, after []Statement) (out []Field) {
	several := len(before) > 1 || len(after) > 1
	left := slices.Clone(after)
	for i := range before {
		b := &before[i]
		at := slices.IndexFunc(left, func(a Statement) bool { return a.Key == b.Key })
		if at < 0 && len(before) == len(after) { // what identifies it may have changed itself
			at = slices.IndexFunc(left, func(a Statement) bool { return a.Subject == b.Subject })
		}
		if at < 0 && !several && len(left) == 1 {
			at = 0
		}
		var a Statement
		if at >= 0 {
			a = left[at]
			left = slices.Delete(left, at, at+1)
		}
		out = append(out, fieldsOf(b, &a, several)...)
	}
	for i := range left {
		out = append(out, fieldsOf(&Statement{}, &left[i], several)...)
	}
	return out
}

func fieldsOf(b, a *Statement, several bool) (out []Field) {
	_, subject, _ := strings.Cut(cmp.Or(a.Subject, b.Subject), "|")
	done := map[string]bool{}
	for _, f := range slices.Concat(b.Fields, a.Fields) {
		if done[f.Name] {
			continue
		}
		done[f.Name] = true
		d := Field{f.Name, clip(b.get(f.Name)), clip(a.get(f.Name))}
		if several && subject != "" {
			d.Name = subject + " " + d.Name
		}
		if d.Before != d.After {
			out = append(out, d)
		}
	}
	return out
}

func (s *Statement) get(name string) string {
	for _, f := range s.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// elements lists the elements that differ, by their paths.
func elements(a, b *fhir.Resource) (out []Field) {
	x, y := map[string]string{}, map[string]string{}
	if a != nil {
		leaves(&a.Value, "", x)
	}
	if b != nil {
		leaves(&b.Value, "", y)
	}
	for path, before := range x {
		if after := y[path]; after != before {
			out = append(out, Field{path, clip(before), clip(after)})
		}
	}
	for path, after := range y {
		if _, known := x[path]; !known {
			out = append(out, Field{path, "", clip(after)})
		}
	}
	slices.SortFunc(out, func(p, q Field) int { return strings.Compare(p.Name, q.Name) })
	return out
}

const mostLeaves = 20_000

// leaves gathers what stands at each path.
func leaves(v *jcs.Value, path string, into map[string]string) {
	if len(into) > mostLeaves {
		return
	}
	for i := range v.Members {
		m := &v.Members[i]
		name := m.Name
		if v.Kind == jcs.Array {
			name = "[" + strconv.Itoa(i) + "]"
		} else if path != "" {
			name = "." + name
		}
		if m.Kind == jcs.Object || m.Kind == jcs.Array {
			leaves(&m.Value, path+name, into)
			continue
		}
		value := text(&m.Value)
		if value == "" && m.Kind != jcs.String {
			value = string(m.Append(nil))
		}
		if len(value) > longestValue {
			value = strconv.Itoa(len(value)) + " characters, SHA-256 " + shortSum(value)
		}
		into[path+name] = value
	}
}

func clip(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), longestValue)], "")
}

// patientOf is whom a resource is about: by number, or else as it refers to the patient.
func patientOf(list []Statement, r *fhir.Resource) string {
	for i := range list {
		if list[i].Patient != "" {
			return list[i].Patient
		}
	}
	if r == nil {
		return ""
	}
	for _, name := range []string{"subject", "patient", "beneficiary"} {
		if ref := text(member(&r.Value, name, "reference")); ref != "" {
			return "fhir|" + ref
		}
	}
	return ""
}

func shortSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
