package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/jcs"
	"github.com/wardline/wardline/internal/integrity/assertion"
)

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
func compare(typ string, rules *assertion.Rules, before, after *version) difference {
	a, okA := parsed(before)
	b, okB := parsed(after)
	if !okA || !okB {
		return difference{unknown: true}
	}
	x, y := statements(a, rules), statements(b, rules)
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

func statements(r *fhir.Resource, rules *assertion.Rules) []assertion.Statement {
	if r == nil {
		return nil
	}
	return assertion.OfFHIR(r, rules)
}

// anotherWorth tells whether a result has another value, unit or code. What was added to it counts too.
func anotherWorth(typ string, a, b *fhir.Resource, x, y []assertion.Statement) bool {
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

func worths(list []assertion.Statement) (out []string) {
	for i := range list {
		s := &list[i]
		out = append(out, strings.Join([]string{string(s.Kind), s.Get(assertion.Subject), s.Get(assertion.Type), s.Get(assertion.Value), s.Get(assertion.Unit)}, "\x00"))
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

// said lists the fields of the assertions that differ. Of several statements the name of a field begins with what it is about.
func said(before, after []assertion.Statement) (out []Field) {
	several := len(before) > 1 || len(after) > 1
	left := slices.Clone(after)
	for i := range before {
		b := &before[i]
		at := slices.IndexFunc(left, func(a assertion.Statement) bool { return a.KeySum() == b.KeySum() })
		if at < 0 && len(before) == len(after) { // what identifies it may have changed itself
			at = slices.IndexFunc(left, func(a assertion.Statement) bool { return a.Get(assertion.Subject) == b.Get(assertion.Subject) })
		}
		if at < 0 && !several && len(left) == 1 {
			at = 0
		}
		var a *assertion.Statement
		if at >= 0 {
			one := left[at]
			a = &one
			left = slices.Delete(left, at, at+1)
		}
		out = append(out, fieldsOf(b, a, several)...)
	}
	for i := range left {
		out = append(out, fieldsOf(nil, &left[i], several)...)
	}
	return out
}

func fieldsOf(b, a *assertion.Statement, several bool) (out []Field) {
	var names []string
	subject := ""
	for _, s := range []*assertion.Statement{b, a} {
		if s == nil {
			continue
		}
		for _, f := range slices.Concat(s.Key, s.Content, s.Detail) {
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
		_, subject, _ = strings.Cut(s.Get(assertion.Subject), "|")
	}
	for _, name := range names {
		f := Field{Name: name}
		if b != nil {
			f.Before = clip(b.Get(name))
		}
		if a != nil {
			f.After = clip(a.Get(name))
		}
		if several && subject != "" {
			f.Name = subject + " " + name
		}
		if f.Before != f.After {
			out = append(out, f)
		}
	}
	return out
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
func patientOf(list []assertion.Statement, r *fhir.Resource) string {
	for i := range list {
		if p := list[i].Get(assertion.Patient); p != "" {
			return p
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
