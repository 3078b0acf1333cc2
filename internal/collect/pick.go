package collect

import "github.com/wardline/wardline/format/jsonl"

// Picker finds a fixed list of paths in an object in one pass over its values.
// It never changes once made.
type Picker struct {
	paths  []string
	hashes []uint64
	slots  [pickSlots]uint8 // 1 + index in paths, reached by the low bits of the hash; 0 is empty
}

const pickSlots = 256

// NewPicker prepares for at most 64 dotted paths; further ones are never found.
func NewPicker(paths ...string) *Picker {
	paths = paths[:min(len(paths), pickSlots/4)]
	p := &Picker{paths: paths, hashes: make([]uint64, len(paths))}
	for i, path := range paths {
		p.hashes[i] = jsonl.HashPath(path)
		slot := p.hashes[i] % pickSlots
		for p.slots[slot] != 0 {
			slot = (slot + 1) % pickSlots
		}
		p.slots[slot] = uint8(i + 1)
	}
	return p
}

// Pick sets at[i] to the index of the first value at the i-th path, or to -1. The
// length of at is that of the list.
func (p *Picker) Pick(obj Object, at []int32) {
	known := obj.seen.pick(obj.Index.Shape)
	if known.answers(p, obj, at) {
		copy(at, known.at[:])
		return
	}
	if exact := p.search(obj, at); exact && known != nil && len(at) <= len(known.at) {
		*known = pick{picker: p, shape: obj.Index.Shape, values: len(obj.Index.Values)}
		copy(known.at[:], at)
	}
}

// search looks at all values. It is exact when no other path had the hash of one that is looked for: then objects of the same shape have
// these paths in the same places.
func (p *Picker) search(obj Object, at []int32) (exact bool) {
	for i := range at {
		at[i] = -1
	}
	exact = true
	values := obj.Index.Values
	for i := range values {
		hash := values[i].Hash
		for slot := hash % pickSlots; p.slots[slot] != 0; slot = (slot + 1) % pickSlots {
			n := p.slots[slot] - 1
			if p.hashes[n] != hash {
				continue
			}
			if int(n) < len(at) && at[n] < 0 {
				if obj.Index.At(obj.Text, i, p.paths[n]) {
					at[n] = int32(i)
				} else {
					exact = false
				}
			}
			break
		}
	}
	return exact
}

// Raw returns value i as written, without quotes and with its escapes; nil for -1.
func (o Object) Raw(i int32) []byte {
	if i < 0 {
		return nil
	}
	v := &o.Index.Values[i]
	return o.Text[v.Start:v.End]
}

// JSON returns value i as JSON: strings with their quotes.
func (o Object) JSON(i int32) []byte {
	v := &o.Index.Values[i]
	if v.Kind == jsonl.String {
		return o.Text[v.Start-1 : v.End+1]
	}
	return o.Text[v.Start:v.End]
}

// String returns string or number i without escapes, and nil for -1 and for values of other kinds.
// It uses scratch where the value is not a plain piece of the text.
func (o Object) String(i int32, scratch []byte) []byte {
	if i < 0 {
		return nil
	}
	if k := o.Index.Values[i].Kind; k != jsonl.String && k != jsonl.Number {
		return nil
	}
	return o.Index.Text(o.Text, int(i), scratch)
}
