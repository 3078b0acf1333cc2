package journald

import (
	"strconv"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/event"
)

// Shape is an entry as `journalctl -o json` writes it. The event is the object itself,
// unless a value is not text: journalctl writes such bytes as a list of numbers, and the
// event has the text again.
func Shape() collect.Shape {
	return collect.Shape{Name: "journald", Fits: fits, Event: shapeEvent}
}

func fits(obj collect.Object) int {
	if obj.Index.Find(obj.Text, "__REALTIME_TIMESTAMP") < 0 {
		return 0
	}
	if obj.Index.Find(obj.Text, "__CURSOR") >= 0 || obj.Index.Find(obj.Text, "_BOOT_ID") >= 0 {
		return 95
	}
	return 70
}

func shapeEvent(obj collect.Object, o collect.Options, ev *event.Event, b *event.Builder) error {
	var s sender
	binary := false
	for i := range obj.Index.Values {
		v := &obj.Index.Values[i]
		if v.Parent >= 0 {
			continue
		}
		s.note(obj.Text[v.NameStart:v.NameEnd], obj.Raw(int32(i)))
		binary = binary || isBytes(obj.Index, i)
	}
	ev.Time, ev.Class = s.time(), s.class(o.Taxonomy)
	if !binary {
		return nil
	}
	rewrite(obj, b)
	return b.Into(ev, jsonl.Limits{Depth: o.Limits.Depth, Values: o.Limits.Values})
}

// isBytes tells whether value i is a list that begins with a number.
func isBytes(x *jsonl.Index, i int) bool {
	return x.Values[i].Kind == jsonl.Array && i+1 < len(x.Values) &&
		x.Values[i+1].Parent == int32(i) && x.Values[i+1].Kind == jsonl.Number
}

func rewrite(obj collect.Object, b *event.Builder) {
	b.Reset()
	var text []byte
	for i := range obj.Index.Values {
		v := &obj.Index.Values[i]
		if v.Parent >= 0 {
			continue
		}
		name := string(jsonl.AppendUnescaped(nil, obj.Text[v.NameStart:v.NameEnd]))
		if isBytes(obj.Index, i) {
			var ok bool
			if text, ok = appendBytes(text[:0], obj, i); ok {
				b.Bytes(name, text)
				continue
			}
		}
		raw := obj.Raw(int32(i))
		if v.Kind == jsonl.String {
			raw = obj.Text[v.Start-1 : v.End+1]
		}
		b.Raw(name, raw)
	}
}

// appendBytes appends the bytes that list i spells as numbers.
func appendBytes(dst []byte, obj collect.Object, i int) ([]byte, bool) {
	for j := i + 1; j < len(obj.Index.Values) && obj.Index.Values[j].Parent == int32(i); j++ {
		n, err := strconv.ParseUint(string(obj.Raw(int32(j))), 10, 8)
		if err != nil {
			return dst, false
		}
		dst = append(dst, byte(n))
	}
	return dst, true
}
