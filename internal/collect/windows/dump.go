package windows

import (
	"bytes"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// dump is an event's XML turned into JSON element by element, as evtx_dump does it
// ("#attributes" or "Provider_attributes") and general converters do ("@Name"). It is
// flattened to the names that Sigma uses: System and EventData by their elements' names,
// attributes as Execution_ProcessID.
func dump() collect.Shape {
	d := flatDialect()
	paths := collect.NewPicker("Event.System.EventID", "Event.System.Channel", "Event.System.Computer")
	return collect.Shape{
		Name: "evtx_dump",
		Fits: func(obj collect.Object) int {
			var at [3]int32
			paths.Pick(obj, at[:])
			if at[0] < 0 || at[1] < 0 && at[2] < 0 {
				return 0
			}
			return 95
		},
		Event: func(obj collect.Object, o collect.Options, ev *event.Event, b *event.Builder) error {
			b.Reset()
			flattener{obj: obj, b: b}.run()
			if err := b.Into(ev, jsonl.Limits{Depth: o.Limits.Depth, Values: o.Limits.Values}); err != nil {
				return err
			}
			obj = collect.Object{Text: ev.Fields, Index: &ev.Index}
			var at place
			d.find(obj, &at)
			d.classify(obj, &at, o, ev)
			return nil
		},
	}
}

type flattener struct {
	obj collect.Object
	b   *event.Builder
}

// run writes every leaf in the order of the text.
func (f flattener) run() {
	values := f.obj.Index.Values
	for i := 0; i < len(values); i++ {
		v := &values[i]
		switch {
		case v.Kind == jsonl.Object:
			continue // its members come next
		case v.Kind == jsonl.Array && f.holdsObjects(i):
			continue
		case v.Kind == jsonl.Null && f.isElement(i):
			continue
		}
		f.leaf(i)
		if v.Kind == jsonl.Array {
			i = f.last(i)
		}
	}
}

// leaf writes value i under the name that its place gives it.
func (f flattener) leaf(i int) {
	name, value := f.name(i), f.obj.JSON(int32(i))
	parent := f.element(int(f.obj.Index.Values[i].Parent))
	switch {
	case bytes.HasPrefix(bytes.TrimPrefix(name, []byte("@")), []byte("xmlns")):
	case isText(name):
		if own := f.attribute(parent, i); own != nil {
			name = own
		} else {
			name = f.name(parent)
		}
		f.b.Copy(value, name)
	case parent < 0:
		f.b.Copy(value, name)
	case string(f.name(parent)) == "#attributes":
		owner := f.element(int(f.obj.Index.Values[parent].Parent))
		if !f.namesData(owner, name) {
			f.b.Copy(value, f.name(owner), name)
		}
	case bytes.HasSuffix(f.name(parent), []byte("_attributes")):
		f.b.Copy(value, bytes.TrimSuffix(f.name(parent), []byte("_attributes")), name)
	case name[0] == '@':
		if !f.namesData(parent, name[1:]) {
			f.b.Copy(value, f.name(parent), name[1:])
		}
	default:
		f.b.Copy(value, name)
	}
}

// isText tells the name under which an element with attributes keeps its text.
func isText(name []byte) bool {
	return string(name) == "#text" || string(name) == "$" || string(name) == "_text"
}

// namesData tells whether attribute name of an element is the name of a Data: it then stands
// as the name of the value and not beside it.
func (f flattener) namesData(element int, name []byte) bool {
	return string(name) == "Name" && element >= 0 && string(f.name(element)) == "Data"
}

// attribute returns the Name that the element in which text i stands gives it, or nil.
func (f flattener) attribute(element, text int) []byte {
	if element < 0 || string(f.name(element)) != "Data" {
		return nil
	}
	parent := f.obj.Index.Values[text].Parent
	values := f.obj.Index.Values
	const near = 8 // a Data has a name, a text, and nothing more
	for i := int(parent) + 1; i < min(len(values), int(parent)+near) && values[i].End <= values[parent].End; i++ {
		v := &values[i]
		if v.Kind != jsonl.String || v.Start == v.End {
			continue
		}
		direct := v.Parent == parent && string(f.name(i)) == "@Name"
		inner := v.Parent >= 0 && values[v.Parent].Parent == parent && string(f.name(i)) == "Name"
		if (direct || inner) && v.End-v.Start <= longestName {
			return f.obj.Raw(int32(i))
		}
	}
	return nil
}

// element returns the object or array i, or where an array holds it the array: what carries
// the name.
func (f flattener) element(i int) int {
	values := f.obj.Index.Values
	for i >= 0 && values[i].Parent >= 0 && values[values[i].Parent].Kind == jsonl.Array {
		i = int(values[i].Parent)
	}
	return i
}

// longestName is far above those of XML elements that Windows writes. One element may lend
// its name to many fields.
const longestName = 512

// name returns the last name of value i as written; a dash where there is none, or none of
// a sensible length.
func (f flattener) name(i int) []byte {
	i = f.element(i)
	if i < 0 {
		return []byte("-")
	}
	v := &f.obj.Index.Values[i]
	if n := v.NameEnd - v.NameStart; n == 0 || n > longestName {
		return []byte("-")
	}
	return f.obj.Text[v.NameStart:v.NameEnd]
}

// isElement tells an empty element of System, which says nothing (Correlation: null). Empty
// Data are kept: rules ask for them.
func (f flattener) isElement(i int) bool {
	parent := f.obj.Index.Values[i].Parent
	return parent < 0 || string(f.name(int(parent))) == "System" || string(f.name(int(parent))) == "Event"
}

// holdsObjects tells whether array i has objects or arrays in it.
func (f flattener) holdsObjects(i int) bool {
	values := f.obj.Index.Values
	for n := i + 1; n < len(values) && values[n].End <= values[i].End; n++ {
		if values[n].Kind == jsonl.Object || values[n].Kind == jsonl.Array {
			return true
		}
	}
	return false
}

// last returns the index of the last value inside container i.
func (f flattener) last(i int) int {
	values := f.obj.Index.Values
	n := i
	for n+1 < len(values) && values[n+1].End <= values[i].End {
		n++
	}
	return n
}
