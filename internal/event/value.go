package event

import (
	"iter"

	"github.com/wardline/wardline/format/jsonl"
)

// Values yields the texts of all scalar values at a dotted path, in the order of the event; an
// array stands for its elements. Null has no text. A text is valid until the event changes.
func (ev *Event) Values(path string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		hash := jsonl.HashPath(path)
		for i := range ev.Index.Values {
			v := &ev.Index.Values[i]
			if v.Hash != hash || v.Kind == jsonl.Null || v.Kind > jsonl.String || !ev.Index.At(ev.Fields, i, path) {
				continue
			}
			if !yield(ev.Index.Text(ev.Fields, i, nil)) {
				return
			}
		}
	}
}
