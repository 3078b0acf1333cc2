package journal

import "sync"

// maxRecent is how many leaves are kept in memory.
const maxRecent = 1024

// recent keeps the latest leaves, so that followers at the end of the journal need not read a whole bundle for each
// new entry. It serves any number of goroutines.
type recent struct {
	mu     sync.Mutex
	first  uint64   // guarded by mu: index of the first
	leaves [][]byte // guarded by mu
}

// add takes a leaf that is durable. Leaves come in order; after a gap only the new ones count.
func (r *recent) add(index uint64, leaf []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if index != r.first+uint64(len(r.leaves)) || len(r.leaves) == maxRecent {
		keep := r.leaves
		if index != r.first+uint64(len(keep)) {
			keep = nil
		}
		keep = keep[len(keep)/2:]
		r.first = index - uint64(len(keep))
		r.leaves = append(make([][]byte, 0, maxRecent), keep...) // a new one: readers have the old one
	}
	r.leaves = append(r.leaves, leaf)
}

// from returns the leaves from an index on, none when they are not kept.
func (r *recent) from(index uint64) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if index < r.first || index >= r.first+uint64(len(r.leaves)) {
		return nil
	}
	return r.leaves[index-r.first:]
}
