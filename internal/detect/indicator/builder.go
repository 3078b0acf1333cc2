package indicator

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"

	"github.com/FastFilter/xorfilter"
	"github.com/gaissmai/bart"
)

// Builder collects indicators for a Set. It belongs to one goroutine.
type Builder struct {
	set      *Set
	limit    uint32
	stages   [shards]chunks // records, by the first bits of their hash
	networks []listed
	pool     pool
	dead     map[uint32]bool // entries taken back
}

// listed is a network on its way into the Set.
type listed struct {
	prefix netip.Prefix
	entry  uint32
}

// stagedWidth is how many bytes an entry's number takes before their count is known.
const stagedWidth = 4

// NewBuilder returns an empty Builder that takes at most limit entries.
func NewBuilder(limit int) *Builder {
	return &Builder{set: &Set{seed: maphash.MakeSeed()}, limit: uint32(min(limit, 1<<32-1))}
}

// AddSource adds a list and returns its number.
func (b *Builder) AddSource(s Source) int {
	b.set.sources = append(b.set.sources, s)
	return len(b.set.sources) - 1
}

// Source returns the list of that number, to be completed until Build. It stays valid until
// the next AddSource.
func (b *Builder) Source(n int) *Source { return &b.set.sources[n] }

// Detail keeps what is said of one or many entries. The only error is that the Builder is full.
func (b *Builder) Detail(d *Detail) (Ref, error) { return b.set.details.add(d) }

// Add adds an entry and returns its number, from 0 on. line is where it stands in its list, from 1 on. The
// only error is that the Builder is full. A value's port is a condition only if d has it too.
func (b *Builder) Add(v Value, line int, d Ref) (int, error) {
	s := b.set
	if s.next >= b.limit {
		return 0, errFull
	}
	entry := s.next
	s.next++
	s.runs.add(entry, uint32(line), d)
	if v.Kind == Network {
		b.networks = append(b.networks, listed{v.prefix, entry})
		return int(entry), nil
	}
	s.learn(v)
	stage := &b.stages[shardOf(s.hash(v.Kind, v.key))]
	c := stage.room(recordSize(v.Kind, v.key, stagedWidth), &b.pool)
	*c = appendRecord(*c, v.Kind, v.key, entry, stagedWidth)
	return int(entry), nil
}

// Retract takes an entry back, as a list does that revokes it later on.
func (b *Builder) Retract(entry int) {
	if b.dead == nil {
		b.dead = map[uint32]bool{}
	}
	b.dead[uint32(entry)] = true
}

// Build returns the Set. The Builder must not be used any more.
func (b *Builder) Build() (*Set, error) {
	s := b.set
	s.width = 3
	if s.next > 1<<24 {
		s.width = stagedWidth
	}
	var fuse xorfilter.BinaryFuseBuilder
	var a arranger
	var entries []staged
	var hashes []uint64
	for i := range b.stages {
		entries = b.unpack(entries[:0], b.stages[i])
		kept := a.arrange(entries, s.conditional)
		hashes = slices.Grow(hashes[:0], len(kept))
		if err := s.shards[i].seal(kept, s.width, &b.pool, &fuse, hashes); err != nil {
			return nil, err
		}
		s.count += len(kept)
		b.pool.put(b.stages[i])
		b.stages[i] = nil
	}
	b.buildNetworks()
	s.details.known, s.details.last = nil, nil
	if s.has[URL] || s.has[URLPrefix] {
		s.expectRequests()
	}
	s.matchers = sync.Pool{New: func() any { return &matcher{set: s} }}
	b.set = nil
	return s, nil
}

// unpack reads staged records, but for those that were taken back.
func (b *Builder) unpack(entries []staged, stage chunks) []staged {
	for _, c := range stage {
		for len(c) > 0 {
			var r record
			r, c = readRecord(c, stagedWidth)
			if !b.dead[r.entry] {
				entries = append(entries, staged{b.set.hash(r.kind, r.key), r})
			}
		}
	}
	return entries
}

func (b *Builder) buildNetworks() {
	s := b.set
	for _, n := range b.networks {
		if b.dead[n.entry] {
			continue
		}
		if s.networks == nil {
			s.networks = &bart.Table[uint32]{}
			s.further = map[netip.Prefix][]uint32{}
		}
		first, known := s.networks.Get(n.prefix)
		if !known {
			s.networks.Insert(n.prefix, n.entry)
			s.count++
			continue
		}
		more := s.further[n.prefix]
		last := first
		if len(more) > 0 {
			last = more[len(more)-1]
		}
		if s.conditional(last) && len(more)+1 < maxListing { // else an earlier one answers
			s.further[n.prefix] = append(more, n.entry)
			s.count++
		}
	}
}
