package detect

import (
	"hash/maphash"
	"slices"
)

// memo remembers which rules wait at what stands in a value at a path: for most values none, and most values
// of a log have been there before, such as paths of programs, names of machines and users. It is a table of fixed
// size in which the newer value takes the place of the older.
//
// Values are told by 61 bits of a hash alone. It is keyed by chance, anew for every matcher, so that nobody can
// make up a value that is taken for a harmless one.
type memo struct {
	seed    maphash.Seed
	entries []uint64  // 48 bits of the hash, then the number of a list
	lists   [][]int32 // of rules; the first one is empty
}

const (
	memoBits  = 13 // 8192 values, 64 KiB
	listBits  = 16
	listMask  = 1<<listBits - 1
	unknownAt = 0 // no list; those that are known count from 1
)

func newMemo() memo {
	return memo{seed: maphash.MakeSeed(), entries: make([]uint64, 1<<memoBits), lists: make([][]int32, 2)}
}

// key is what a value at the path of a slot is told by: the place of its entry by the first bits, the entry
// by those that follow.
func (m *memo) key(v *view, slot *wantedSlot, raw []byte) uint64 {
	salt := v.salt
	if slot != nil {
		salt += slot.hash
	}
	return (maphash.Bytes(m.seed, raw) ^ salt) * 0x9e3779b97f4a7c15
}

// get returns the rules that wait at a value, if it is known.
func (m *memo) get(key uint64) (rules []int32, known bool) {
	e := m.entries[key>>(64-memoBits)]
	if (e^key<<memoBits)&^listMask != 0 || e&listMask == unknownAt {
		return nil, false
	}
	return m.lists[e&listMask], true
}

// put notes the rules that wait at a value.
func (m *memo) put(key uint64, rules []int32) {
	list := uint64(1) // none
	if len(rules) > 0 {
		if len(m.lists) > listMask {
			clear(m.entries)
			m.lists = make([][]int32, 2)
		}
		list = uint64(len(m.lists))
		m.lists = append(m.lists, slices.Clone(rules))
	}
	m.entries[key>>(64-memoBits)] = key<<memoBits&^listMask | list
}
