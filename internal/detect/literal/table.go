package literal

import (
	"math/bits"
	"slices"
)

// table maps a key to a short list, of literals mostly. Keys stand in one open-addressed
// array, lists one behind the other.
type table[T any] struct {
	slots []slot
	lists []T
	mask  uint64
}

type slot struct {
	key         uint64
	first, last int32 // in lists; last is 0 for a free slot
}

func newTable[T any](entries map[uint64][]T) table[T] {
	if len(entries) == 0 {
		return table[T]{}
	}
	size := 1 << bits.Len(uint(len(entries)*2))
	t := table[T]{slots: make([]slot, size), mask: uint64(size - 1), lists: make([]T, 1)} // position 0 is never used
	keys := make([]uint64, 0, len(entries))
	for key := range entries {
		keys = append(keys, key)
	}
	slices.Sort(keys) // the same literals give the same table
	for _, key := range keys {
		first := int32(len(t.lists))
		t.lists = append(t.lists, entries[key]...)
		at := t.home(key)
		for t.slots[at].last != 0 {
			at = (at + 1) & t.mask
		}
		t.slots[at] = slot{key, first, int32(len(t.lists))}
	}
	return t
}

func (t *table[T]) filled() bool { return len(t.slots) > 0 }

func (t *table[T]) home(key uint64) uint64 { return (key * 0x9e3779b97f4a7c15) >> 32 & t.mask }

// get returns the list at key, or nothing.
func (t *table[T]) get(key uint64) []T {
	if len(t.slots) == 0 {
		return nil
	}
	for at := t.home(key); ; at = (at + 1) & t.mask {
		s := &t.slots[at&uint64(len(t.slots)-1)]
		if s.last == 0 {
			return nil
		}
		if s.key == key {
			return t.lists[s.first:s.last]
		}
	}
}
