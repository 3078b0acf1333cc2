package fhir

import (
	"iter"
	"strings"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// node is one value of a resource. One that is not there has index -1, and holds nothing.
type node struct {
	r *resource
	i int
}

// kids yields the members of an object that are called name, each element of an array by itself.
func (n node) kids(name string) iter.Seq[node] {
	return func(yield func(node) bool) {
		if n.i < top {
			return
		}
		values := n.r.ev.Index.Values
		begin, end := 0, uint32(1<<32-1)
		if n.i >= 0 {
			begin, end = n.i+1, values[n.i].End
		}
		arrays := int32(none) // the array of that name being walked through
		for i := begin; i < len(values) && values[i].Start < end; i++ {
			v := &values[i]
			switch {
			case v.Parent == arrays:
			case v.Parent != int32(n.i) || v.Marks&jsonl.NameEscaped != 0 || string(n.r.ev.Fields[v.NameStart:v.NameEnd]) != name:
				continue
			case v.Kind == jsonl.Array:
				arrays = int32(i)
				continue
			}
			if !yield(node{n.r, i}) {
				return
			}
		}
	}
}

// Places of nodes that are no values.
const (
	top  = -1 // the resource itself
	none = -2
)

// kid is the first member along the names.
func (n node) kid(names ...string) node {
	for _, name := range names {
		found := node{n.r, none}
		for k := range n.kids(name) {
			found = k
			break
		}
		n = found
	}
	return n
}

func (n node) isZero() bool { return n.i == none }

// get is the text along the names, empty when there is none.
func (n node) get(names ...string) string {
	n = n.kid(names...)
	if n.i < 0 {
		return ""
	}
	switch n.r.ev.Index.Values[n.i].Kind {
	case jsonl.Object, jsonl.Array, jsonl.Null:
		return ""
	}
	return clip(string(n.r.ev.Index.Text(n.r.ev.Fields, n.i, nil)))
}

// clip bounds a value.
func clip(value string) string {
	const longest = 256
	n := min(len(value), longest)
	for n > 0 && n < len(value) && value[n]&0xc0 == 0x80 { // not inside of a character
		n--
	}
	return value[:n]
}

// code is the first code of a CodeableConcept, or of a Coding; its text where it has no code.
func (n node) code() string {
	for _, text := range [...]string{n.get("coding", "code"), n.get("code"), n.get("concept", "coding", "code"), n.get("text"), n.get("coding", "display")} {
		if text != "" {
			return text
		}
	}
	return ""
}

// time reads the dateTime, instant or date along the names (hl7.org/fhir/datatypes.html#dateTime). What is left out is the beginning
// of the year, month or day at the site. The year 9999 is written for never.
func (n node) time(names ...string) time.Time {
	t := n.moment(names...)
	if t.Year() >= 9999 || t.Year() < 1850 {
		return time.Time{}
	}
	return t
}

func (n node) moment(names ...string) time.Time {
	text := n.get(names...)
	for _, layout := range [...]string{"2006-01-02", "2006-01", "2006"} {
		if t, err := time.ParseInLocation(layout, text, n.r.zone); err == nil {
			return t
		}
	}
	t, _ := event.ParseTime([]byte(text))
	return t
}

// day reads a date, which is the same day everywhere.
func (n node) day(names ...string) time.Time {
	text := n.get(names...)
	t, _ := time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))])
	return t
}

// reference is what a Reference points to, without the server's address and the version: Patient/0042, urn:uuid:..., or
// #1 for what is contained; empty when it has no address.
func (n node) reference() string {
	text := n.get("reference")
	if strings.HasPrefix(text, "urn:") || strings.HasPrefix(text, "#") {
		return text
	}
	text, _, _ = strings.Cut(text, "/_history/")
	parts := strings.Split(text, "/")
	if len(parts) < 2 {
		return text
	}
	return parts[len(parts)-2] + "/" + parts[len(parts)-1]
}

// of is the type of what n points to, as far as it says so.
func (n node) of() string {
	if kind, _, ok := strings.Cut(n.reference(), "/"); ok && kind != "" {
		return kind
	}
	if c := n.contained(); !c.isZero() {
		return c.get("resourceType")
	}
	return n.get("type")
}

// contained is the resource inside of this one that n points to.
func (n node) contained() node {
	id, ok := strings.CutPrefix(n.get("reference"), "#")
	if !ok || id == "" {
		return node{n.r, none}
	}
	if n.r.inside == nil {
		n.r.inside = map[string]node{}
		for c := range n.r.root().kids("contained") {
			id := c.get("id")
			if _, twice := n.r.inside[id]; !twice {
				n.r.inside[id] = c
			}
		}
	}
	if c, ok := n.r.inside[id]; ok {
		return c
	}
	return node{n.r, none}
}
