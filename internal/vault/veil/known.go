package veil

import (
	"sync"
)

// known is what was heard as an identifier of a patient, as numbers from which nobody reads it back. It holds the latest: when it
// is full, what was not heard again since it was half full goes.
type known struct {
	mu       sync.RWMutex
	now, old map[uint64]struct{} // guarded by mu
	fresh    []uint64            // added since the last Fresh; guarded by mu
	most     int                 // of one generation
}

// mostKnown is how many are remembered in each of two generations: those of some 200,000 patients, 40 MB.
const mostKnown = 1 << 20

func newKnown() *known { return &known{now: map[uint64]struct{}{}, most: mostKnown} }

func (k *known) add(sum uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, there := k.now[sum]; there {
		return
	}
	if len(k.now) >= k.most {
		k.now, k.old = map[uint64]struct{}{}, k.now
	}
	k.now[sum] = struct{}{}
	k.fresh = append(k.fresh, sum)
}

// has is called with mu held.
func (k *known) has(sum uint64) bool {
	if _, ok := k.now[sum]; ok {
		return true
	}
	_, ok := k.old[sum]
	return ok
}

// What is summed is told apart by how the sum begins.
const (
	number = 0x9e3779b97f4a7c15 ^ 'n'
	family = 0x9e3779b97f4a7c15 ^ 'f'
)

// extend adds a word to a sum, in small letters (FNV-1a). It is no secret: the set lies in memory, and is sealed on the disk.
func extend(sum uint64, word []byte) uint64 {
	for len(word) > 0 {
		c, size := word[0], 1
		if c == '%' {
			c, size = octet(word)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		sum = (sum ^ uint64(c)) * 0x100000001b3
		word = word[size:]
	}
	return sum
}

// pair is the sum of a whole name.
func pair(familyName, given []byte) uint64 {
	return extend((extend(family, familyName)^' ')*0x100000001b3, given)
}
