package indicator

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/FastFilter/xorfilter"
)

// shard holds the entries whose hash begins alike. It keeps the memory that building takes
// to a small part of the whole.
type shard struct {
	filter  xorfilter.BinaryFuse[uint8] // of the hashes
	buckets []uint32                    // where each bucket begins: chunk and offset; one more at the end
	chunks  chunks
}

const (
	shardBits  = 6
	shards     = 1 << shardBits
	perBucket  = 6 // entries, on average
	maxListing = 8 // entries of one value that are kept, of those that ask for more than the value
)

func shardOf(hash uint64) uint64 { return hash >> (64 - shardBits) }

// bucketOf spreads the rest of the hash over n buckets, in its order.
func bucketOf(hash uint64, n int) int {
	high, _ := bits.Mul64(hash<<shardBits, uint64(n))
	return int(high)
}

// holds tells whether there may be an entry of the hash. One in 256 times it errs.
func (s *shard) holds(hash uint64) bool {
	return len(s.buckets) > 0 && s.filter.Contains(hash)
}

// bucket returns the records among which an entry of the hash stands.
func (s *shard) bucket(hash uint64) []byte {
	i := bucketOf(hash, len(s.buckets)-1)
	start, end := s.buckets[i], s.buckets[i+1]
	if start == end {
		return nil
	}
	c := s.chunks[start>>chunkBits]
	if end>>chunkBits == start>>chunkBits {
		c = c[:end%chunkSize]
	}
	return c[start%chunkSize:]
}

// staged is an entry on its way into a shard.
type staged struct {
	hash uint64
	record
}

// arranger puts the entries of one shard after the other in order. It keeps its memory.
type arranger struct {
	groups []uint32
	sorted []staged
}

// sort orders entries by hash; those of one hash keep their order. Hashes are spread evenly, so
// entries are dealt into groups of about one, and neighbours exchanged where a group has more.
func (a *arranger) sort(entries []staged) []staged {
	n := len(entries)
	a.groups = append(a.groups[:0], make([]uint32, n+1)...)
	for i := range entries {
		a.groups[bucketOf(entries[i].hash, n)+1]++
	}
	for i := range n {
		a.groups[i+1] += a.groups[i]
	}
	a.sorted = slices.Grow(a.sorted[:0], n)[:n]
	for i := range entries {
		next := &a.groups[bucketOf(entries[i].hash, n)]
		a.sorted[*next] = entries[i]
		*next++
	}
	for i := 1; i < n; i++ {
		for j := i; j > 0 && a.sorted[j].hash < a.sorted[j-1].hash; j-- {
			a.sorted[j], a.sorted[j-1] = a.sorted[j-1], a.sorted[j]
		}
	}
	return a.sorted
}

// arrange sorts the entries and leaves out those that can never be found because an earlier one of the same
// value answers for them.
func (a *arranger) arrange(entries []staged, conditional func(entry uint32) bool) []staged {
	entries = a.sort(entries)
	kept := entries[:0]
	group := 0 // where in kept the current hash begins
	for _, e := range entries {
		if len(kept) == 0 || kept[len(kept)-1].hash != e.hash {
			group = len(kept)
		}
		if !answered(kept[group:], e, conditional) {
			kept = append(kept, e)
		}
	}
	return kept
}

// answered tells whether entries of the same hash leave no case for e.
func answered(earlier []staged, e staged, conditional func(entry uint32) bool) bool {
	same := 0
	for _, k := range earlier {
		if k.kind == e.kind && bytes.Equal(k.key, e.key) {
			if same++; same == maxListing || !conditional(k.entry) {
				return true
			}
		}
	}
	return false
}

// seal builds the shard of arranged entries; their numbers take width bytes each. hashes is
// memory to be used.
func (s *shard) seal(entries []staged, width int, pool *pool, fuse *xorfilter.BinaryFuseBuilder, hashes []uint64) error {
	if len(entries) == 0 {
		return nil
	}
	hashes = hashes[:0]
	for i, e := range entries {
		if i == 0 || e.hash != entries[i-1].hash {
			hashes = append(hashes, e.hash)
		}
	}
	filter, err := xorfilter.BuildBinaryFuse[uint8](fuse, hashes)
	if err != nil {
		return err
	}
	s.filter = filter
	s.filter.Fingerprints = slices.Clone(filter.Fingerprints)
	n := len(hashes)/perBucket + 1
	s.buckets = make([]uint32, n+1)
	for i, at := 0, 0; i < n; i++ {
		from, size := at, 0
		for at < len(entries) && bucketOf(entries[at].hash, n) == i {
			size += recordSize(entries[at].kind, entries[at].key, width)
			at++
		}
		s.buckets[i] = s.position()
		if size == 0 {
			continue
		}
		c := s.chunks.room(size, pool)
		s.buckets[i] = uint32(len(s.chunks)-1)<<chunkBits + uint32(len(*c))
		for _, e := range entries[from:at] {
			*c = appendRecord(*c, e.kind, e.key, e.entry, width)
		}
	}
	s.buckets[n] = s.position()
	s.trim(pool)
	return nil
}

// position is where the next record goes as far as the current chunk has room for any.
func (s *shard) position() uint32 {
	if len(s.chunks) == 0 {
		return 0
	}
	last := len(s.chunks) - 1
	return uint32(last)<<chunkBits + uint32(min(len(s.chunks[last]), chunkSize))
}

// trim gives the last chunk, which may be nearly empty, the size of what it holds.
func (s *shard) trim(pool *pool) {
	last := len(s.chunks) - 1
	whole := s.chunks[last]
	s.chunks[last] = slices.Clone(whole)
	pool.put(chunks{whole})
	s.chunks = slices.Clone(s.chunks)
}
