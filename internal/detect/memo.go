package detect

import (
	"hash/maphash"
	"slices"
)

// memo remembers which rules wait at what stands in a value at a path: for most values none, and most values
// of a log have been there before, such as paths of programs, names of machines and users. It is a table of fixed
// size in which the newer value takes the place of the older.
//
// Values are told by a hash of 64 bits alone. It is keyed by chance, anew for every matcher, so that nobody can
// make up a value that is taken for a harmless one.
type memo struct {
	seed    maphash.Seed
	entries []remembered
}

// remembered is what is known of one value.
type remembered struct {
	key   uint64
	holds bool
	rules []int32
}

const memoBits = 13 // 8192 values, 320 KiB

func newMemo() memo { return memo{maphash.MakeSeed(), make([]remembered, 1<<memoBits)} }

// at returns the place of a value at the path of a slot; it holds when the value is known.
func (m *memo) at(v *view, slot *wantedSlot, raw []byte) *remembered {
	salt := v.salt
	if slot != nil {
		salt += slot.hash
	}
	key := (maphash.Bytes(m.seed, raw) ^ salt) * 0x9e3779b97f4a7c15
	e := &m.entries[key>>(64-memoBits)]
	if e.key != key {
		*e = remembered{key: key}
	}
	return e
}

// set notes what was found out.
func (r *remembered) set(rules []int32) {
	r.holds = true
	if len(rules) > 0 {
		r.rules = slices.Clone(rules)
	}
}
