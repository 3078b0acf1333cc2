package fhir

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/format/jsonl"
)

// ErrOtherResource says that a text is a FHIR resource and no AuditEvent.
var ErrOtherResource = errors.New("fhir: resource of another type")

// Error says where a text is no AuditEvent and why, without quoting it.
type Error struct {
	Offset int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("fhir: at byte %d: %s", e.Offset, e.Reason) }

// Parse reads one AuditEvent in JSON (R4 and R5: hl7.org/fhir/json.html).
func Parse(text []byte, lim jsonl.Limits) (AuditEvent, error) {
	var x jsonl.Index
	if err := x.Scan(text, lim); err != nil {
		return AuditEvent{}, err
	}
	return ParseIndexed(text, &x)
}

// ParseIndexed is Parse for a text that was scanned already.
func ParseIndexed(text []byte, x *jsonl.Index) (AuditEvent, error) {
	root := node{text, x, -1}
	if kind := ResourceType(text, x); kind != "AuditEvent" {
		if kind == "" {
			return AuditEvent{}, &Error{0, "no resourceType"}
		}
		return AuditEvent{}, ErrOtherResource
	}
	if err := checkNames(text, x); err != nil {
		return AuditEvent{}, err
	}
	e := auditEvent(root)
	return e, nil
}

// ResourceType returns the type of a resource, empty when it states none.
func ResourceType(text []byte, x *jsonl.Index) string {
	i := x.Find(text, "resourceType")
	if i < 0 || x.Values[i].Parent >= 0 || x.Values[i].Kind != jsonl.String {
		return ""
	}
	return string(x.Text(text, i, nil))
}

// checkNames refuses objects in which a name stands twice, also when upper and lower case
// differ. Go's own decoder, for one, takes all of these for the same name.
func checkNames(text []byte, x *jsonl.Index) error {
	type named struct {
		parent int32
		hash   uint32
		value  int32
	}
	names := make([]named, 0, len(x.Values))
	for i := range x.Values {
		v := &x.Values[i]
		if v.Parent < 0 || x.Values[v.Parent].Kind == jsonl.Object {
			names = append(names, named{v.Parent, foldHash(node{text, x, i}.name()), int32(i)})
		}
	}
	slices.SortFunc(names, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.parent, b.parent), cmp.Compare(a.hash, b.hash), cmp.Compare(a.value, b.value))
	})
	for i := 1; i < len(names); i++ {
		a, b := names[i-1], names[i]
		// Equal hashes of different names are one in four thousand million: refused as well.
		if a.parent == b.parent && a.hash == b.hash {
			return &Error{int(x.Values[b.value].NameStart), "a name stands twice in one object"}
		}
	}
	return nil
}

// foldHash is one hash for all ways to write a name in upper and lower case.
func foldHash(name string) uint32 {
	h := uint32(2166136261) // FNV-1a
	for _, r := range name {
		if r >= utf8.RuneSelf {
			r = unicode.ToLower(unicode.ToUpper(r))
		} else if 'A' <= r && r <= 'Z' {
			r |= 0x20
		}
		h = (h ^ uint32(r)) * 16777619
	}
	return h
}

// node is one value of a text; -1 is the text itself.
type node struct {
	text []byte
	x    *jsonl.Index
	i    int
}

// name is the name of the member that n is.
func (n node) name() string {
	v := &n.x.Values[n.i]
	raw := n.text[v.NameStart:v.NameEnd]
	if v.Marks&jsonl.NameEscaped != 0 {
		raw = jsonl.AppendUnescaped(nil, raw)
	}
	return string(raw)
}

// members gives what an object holds, with the elements of an array one by one under the
// array's name: FHIR has no arrays in arrays.
func (n node) members() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		values := n.x.Values
		named, name := -1, "" // the value whose name was made last: that of an array serves all its elements
		for j := n.i + 1; j < len(values) && (n.i < 0 || values[j].Start < values[n.i].End); j++ {
			if values[j].Kind == jsonl.Array {
				continue
			}
			owner := j
			if p := int(values[j].Parent); p >= 0 && values[p].Kind == jsonl.Array {
				owner = p
			}
			if int(values[owner].Parent) != n.i {
				continue
			}
			if owner != named {
				named, name = owner, node{n.text, n.x, owner}.name()
			}
			if !yield(name, node{n.text, n.x, j}) {
				return
			}
		}
	}
}

// string is a primitive's value as text; empty for an object.
func (n node) string() string {
	switch n.x.Values[n.i].Kind {
	case jsonl.String, jsonl.Number, jsonl.True, jsonl.False:
		return string(n.x.Text(n.text, n.i, nil))
	}
	return ""
}

func (n node) isObject() bool { return n.x.Values[n.i].Kind == jsonl.Object }
