package collect

import "github.com/wardline/wardline/internal/event"

// seen is what is remembered of the objects that came before: neighbours are mostly of few shapes and classes. It belongs to one goroutine and one taxonomy.
type seen struct {
	picks   [64]pick
	classes [64]classed
}

// pick is where a Picker found its paths in objects of one shape.
type pick struct {
	picker *Picker
	shape  uint64
	values int
	at     [12]int32
}

// pick returns what is remembered of a shape, or where to remember it; nil when nothing is.
func (s *seen) pick(shape uint64) *pick {
	if s == nil {
		return nil
	}
	return &s.picks[shape%uint64(len(s.picks))]
}

// answers tells whether k says where the paths of p stand in obj. What it says is looked at: equal hashes are no equal names.
func (k *pick) answers(p *Picker, obj Object, at []int32) bool {
	if k == nil || k.picker != p || k.shape != obj.Index.Shape || k.values != len(obj.Index.Values) || len(at) > len(k.at) {
		return false
	}
	for n := range at {
		if i := k.at[n]; i >= 0 && !obj.Index.At(obj.Text, int(i), p.paths[n]) {
			return false
		}
	}
	return true
}

// longestKnown bounds the names that are remembered, in bytes: what a sender makes up fills no memory.
const longestKnown = 128

// classed is of which class the events of a log under one code are.
type classed struct {
	class         *event.Class // nil: none is remembered
	product       string
	service, code []byte
}

// ClassOf asks the taxonomy, or remembers what it said.
func (o Object) ClassOf(t *event.Taxonomy, product string, service, code []byte) *event.Class {
	if o.seen == nil || len(code) == 0 || len(service)+len(code) > longestKnown {
		return t.ClassOf(product, service, code)
	}
	k := &o.seen.classes[(uint(len(service))*7^uint(code[len(code)-1])^uint(code[0])<<4)%uint(len(o.seen.classes))]
	if k.class == nil || k.product != product || string(k.code) != string(code) || string(k.service) != string(service) {
		k.class, k.product = t.ClassOf(product, service, code), product
		k.service, k.code = append(k.service[:0], service...), append(k.code[:0], code...)
	}
	return k.class
}
