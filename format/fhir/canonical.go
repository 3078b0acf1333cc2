package fhir

import (
	"bytes"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/jcs"
)

// Resource is one resource of any type, as a tree of JSON values, read so that its canonical forms can be written.
//
// A resource and what each form makes of it:
//
//	{"resourceType":"Observation","id":"k1","meta":{"versionId":"2","tag":[{"code":"x"}]},
//	 "text":{"status":"generated","div":"<div>4.10</div>"},"status":"final",
//	 "subject":{"reference":"https://fhir.north.example/r4/Patient/0042"},"valueQuantity":{"value":4.10,"unit":"mmol/L"}}
//
//	exact    {"id":"k1","meta":{"tag":[{"code":"x"}],"versionId":"2"},"resourceType":"Observation","status":"final",
//	          "subject":{"reference":"https://fhir.north.example/r4/Patient/0042"},
//	          "text":{"div":"<div>4.10</div>","status":"generated"},"valueQuantity":{"unit":"mmol/L","value":4.1}}
//	static   {"id":"k1","resourceType":"Observation","status":"final",
//	          "subject":{"reference":"Patient/0042"},"valueQuantity":{"unit":"mmol/L","value":4.1}}
//	labels   {"security":[],"tag":[{"code":"x"}]}
//
// without the line breaks; the base of static is https://fhir.north.example/r4. With DecText the first two have 4.10 for 4.1. The digests are
// the SHA-256 of these texts, in this order, with static by DecText last:
//
//	fd02dac2356d63a03a8b2fbbe0c86517e5e751a39f7839f4e0b6f41658c64b94
//	73d56427b1fb0513021ed96cd77da065ecbb456011296e9d737996bef9354031
//	8bdae780a9887304b6e79ec1c4e42edb5b5523c2ccbee9af5d46f81283d6027f
//	d42abd59644c09498dbde318e8445da6b3245d29f4300100bec5e7bbc0ef07ca
type Resource struct {
	Value jcs.Value // an object with a resourceType
}

// ParseResource reads one resource in JSON. Refused are what jcs.Parse refuses, objects with names that differ in upper and lower case
// only, and what has no resourceType. Its error is a *jcs.Error or an *Error.
func ParseResource(text []byte, lim jcs.Limits) (Resource, error) {
	v, err := jcs.Parse(bytes.TrimPrefix(text, []byte("\ufeff")), lim)
	if err != nil {
		return Resource{}, err
	}
	r := Resource{v}
	if r.Type() == "" {
		return Resource{}, &Error{0, "no resourceType"}
	}
	if !distinct(&v, nil) {
		return Resource{}, &Error{0, "names of one object differ in upper and lower case only"}
	}
	return r, nil
}

// distinct tells whether the names in each object differ in more than upper and lower case. scratch is for it to write on.
func distinct(v *jcs.Value, scratch []uint32) bool {
	if v.Kind == jcs.Object && len(v.Members) > 1 {
		scratch = scratch[:0]
		for i := range v.Members {
			scratch = append(scratch, foldHash(v.Members[i].Name))
		}
		slices.Sort(scratch)
		for i := 1; i < len(scratch); i++ {
			if scratch[i-1] == scratch[i] { // one in four thousand million is refused for nothing, as in checkNames
				return false
			}
		}
	}
	for i := range v.Members {
		if len(v.Members[i].Members) > 0 && !distinct(&v.Members[i].Value, scratch) {
			return false
		}
	}
	return true
}

// Type is the resource's type, such as Observation.
func (r *Resource) Type() string { return stringOf(r.Value.Member("resourceType")) }

// ID is the resource's logical id, empty when it has none.
func (r *Resource) ID() string { return stringOf(r.Value.Member("id")) }

// Version is what the server last said of the resource in its meta element: which version it is, and when that was
// written. Both are recorded beside digests: the static form leaves them out.
func (r *Resource) Version() (id, lastUpdated string) {
	meta := r.Value.Member("meta")
	if meta == nil {
		return "", ""
	}
	return stringOf(meta.Member("versionId")), stringOf(meta.Member("lastUpdated"))
}

func stringOf(v *jcs.Value) string {
	if v == nil || v.Kind != jcs.String {
		return ""
	}
	return v.Text
}

// Numbers says how a canonical form writes numbers.
type Numbers bool

// RFC 8785 writes numbers as doubles, so that 1.0 and 1.00 are the same. FHIR's decimals are not: their precision
// counts (R4 datatypes.html#decimal). DecText keeps the digits as they were written.
const (
	Doubles Numbers = false
	DecText Numbers = true
)

// AppendExact appends the whole resource by RFC 8785: the form "jcs", and "jcs+dectext" with DecText.
func (r *Resource) AppendExact(dst []byte, n Numbers) []byte { return appendValue(dst, &r.Value, n) }

// AppendStatic appends the form "fhir-static-1" (with DecText "fhir-static-1+dectext"): what R4 calls
// http://hl7.org/fhir/canonicalization/json#static (json.html#canonical), without meta and without narrative, for servers write both anew; then
// RFC 8785. The specification does not say whether resources within others lose theirs, and profiles differ. Here all do: contained ones, those in a
// Bundle or in Parameters, the outcome of a response. The narrative of a Composition's sections stays, because nothing else may say
// what it says.
//
// References to what lies under one of bases, the addresses of the site's own servers, become relative: https://fhir.north.example/r4/Patient/1
// and Patient/1 are the same there.
func (r *Resource) AppendStatic(dst []byte, n Numbers, bases ...string) []byte {
	v := static(&r.Value, true, bases)
	return appendValue(dst, &v, n)
}

// AppendLabels appends the form "fhir-labels-1" of what meta says on privacy and workflow: its security labels and its tags, which have effects in law and
// which the static form leaves out. Both are sets to FHIR (R4 resource.html#Meta): they are sorted, and without the texts to display.
func (r *Resource) AppendLabels(dst []byte) []byte {
	meta := r.Value.Member("meta")
	if meta == nil {
		meta = &jcs.Value{}
	}
	dst = appendSet(append(dst, `{"security":`...), meta.Member("security"))
	dst = appendSet(append(dst, `,"tag":`...), meta.Member("tag"))
	return append(dst, '}')
}

func appendSet(dst []byte, codings *jcs.Value) []byte {
	var list [][]byte
	if codings != nil {
		for _, c := range codings.Members {
			shown := slices.DeleteFunc(slices.Clone(c.Members), func(m jcs.Member) bool { return m.Name == "display" || m.Name == "_display" })
			c.Members = shown
			list = append(list, c.Value.Append(nil))
		}
	}
	slices.SortFunc(list, bytes.Compare)
	list = slices.CompactFunc(list, bytes.Equal)
	return append(append(append(dst, '['), bytes.Join(list, []byte(","))...), ']')
}

func appendValue(dst []byte, v *jcs.Value, n Numbers) []byte {
	if n == DecText {
		return v.AppendDecText(dst)
	}
	return v.Append(dst)
}

// static returns v without what the static form leaves out. What needs no change is shared, not copied. place tells
// whether a resource may stand here.
func static(v *jcs.Value, place bool, bases []string) jcs.Value {
	resource := place && v.Member("resourceType") != nil
	changed := *v
	copied := false
	change := func(i int) { // members before i are as they were
		if !copied {
			changed.Members = append(make([]jcs.Member, 0, len(v.Members)), v.Members[:i]...)
			copied = true
		}
	}
	for i := range v.Members {
		m := &v.Members[i]
		if resource && (m.Name == "meta" || m.Name == "text" || m.Name == "_text") {
			change(i)
			continue
		}
		now := *m
		switch {
		case m.Kind == jcs.String && m.Name == "reference":
			now.Text = relative(m.Text, bases)
		case len(m.Members) > 0:
			inside := holdsResources(m.Name) || v.Kind == jcs.Array && place
			now.Value = static(&m.Value, inside, bases)
		}
		if !copied && same(&now.Value, &m.Value) {
			continue
		}
		change(i)
		changed.Members = append(changed.Members, now)
	}
	return changed
}

// same tells whether static has changed nothing.
func same(a, b *jcs.Value) bool {
	return a.Text == b.Text && len(a.Members) == len(b.Members) && (len(a.Members) == 0 || &a.Members[0] == &b.Members[0])
}

// holdsResources tells the elements that hold whole resources: of any resource, of Bundle.entry and
// Parameters.parameter, of Bundle.entry.response.
func holdsResources(name string) bool {
	return name == "contained" || name == "resource" || name == "outcome"
}

// relative takes a base off an address.
func relative(address string, bases []string) string {
	for _, base := range bases {
		rest, ok := strings.CutPrefix(address, strings.TrimRight(base, "/")+"/")
		if ok && base != "" && rest != "" {
			return rest
		}
	}
	return address
}
