package indicator

import (
	"crypto/sha256"
	"fmt"
	"iter"
)

// All yields every value of the set, in no order. A value borrows the set's memory. The port that an entry asks
// for stands in it too.
func (s *Set) All() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		s.each(func(v Value, _ uint32) bool { return yield(v) })
	}
}

// each yields every value with the number of its entry until f returns false.
func (s *Set) each(f func(v Value, entry uint32) bool) {
	value := func(kind Kind, key []byte, entry uint32) Value {
		_, d := s.detail(entry)
		return Value{Kind: kind, Port: d.Port, key: key}
	}
	for i := range s.shards {
		for _, rest := range s.shards[i].chunks {
			for len(rest) > 0 {
				var r record
				r, rest = readRecord(rest, s.width)
				if !f(value(r.kind, r.key, r.entry), r.entry) {
					return
				}
			}
		}
	}
	if s.networks == nil {
		return
	}
	for prefix, entry := range s.networks.All() {
		for _, e := range append([]uint32{entry}, s.further[prefix]...) {
			if !f(Value{Kind: Network, prefix: prefix}, e) {
				return
			}
		}
	}
}

// Digest names what the set says: two sets of one digest report the same. The order of the lists' entries
// makes no difference.
func (s *Set) Digest() [sha256.Size]byte {
	var sum [sha256.Size]byte
	s.each(func(v Value, entry uint32) bool {
		line, d := s.detail(entry)
		source := s.sources[d.Source]
		d.Source = 0
		one := sha256.Sum256(fmt.Appendf(nil, "%d %q %d %+v %+v", v.Kind, v.String(), line, d, source))
		carry := uint16(0)
		for i := range sum { // adding, not xor: an entry that stands twice must not vanish
			carry += uint16(sum[i]) + uint16(one[i])
			sum[i] = byte(carry)
			carry >>= 8
		}
		return true
	})
	return sum
}
