package indicator

import (
	"hash/maphash"
	"net/netip"
	"sync"

	"github.com/gaissmai/bart"
)

// Set is a compiled set of indicators. It never changes and may be asked by many at once.
type Set struct {
	seed     maphash.Seed // so that nobody can choose values that meet in one bucket
	shards   [shards]shard
	networks *bart.Table[uint32]       // prefix -> entry; nil without any
	further  map[netip.Prefix][]uint32 // entries of a prefix after the first
	width    int                       // bytes of an entry's number in a record
	next     uint32                    // number of the next entry
	count    int                       // entries kept

	runs    runs
	details details
	sources []Source

	has      [kinds]bool
	endings  [256]uint64 // bits of the hashes of listed domains' last labels
	labels   int         // most labels of a listed domain
	slashes  int         // most slashes in the path of a listed URL prefix
	requests []request   // when URLs are listed
	paths    uint64      // bits of the hashes of their paths
	matchers sync.Pool   // *matcher
}

// Hit is an indicator that an event holds.
type Hit struct {
	Kind        Kind
	Value       string // in its normal form: as logs write it, not defanged
	ID          string // of the entry in its list, such as a STIX id; or ""
	Several     bool   // values stand under this ID, of which Value is one
	Title       string // of the entry; or ""
	Description string
	Level       string // informational, low, medium, high, critical
	Author      string
	References  []string
	List        string // title of the list, or ""
	File        string // that the list was read from
	Line        int    // in the file; or the number of the object in a STIX bundle or MISP export
	Field       string // dotted path of the event's field that holds the value

	entry uint32
}

// Len is the number of indicators, those left out that say what others say.
func (s *Set) Len() int { return s.count }

func (s *Set) hash(kind Kind, key []byte) uint64 {
	return maphash.Bytes(s.seed, key) ^ uint64(kind)*0x9e3779b97f4a7c15
}

// learn notes what spares Match work.
func (s *Set) learn(v Value) {
	s.has[v.Kind] = true
	switch v.Kind {
	case Domain:
		labels, start := 1, 0
		for i, c := range v.key {
			if c == '.' {
				labels, start = labels+1, i+1
			}
		}
		s.labels = max(s.labels, labels)
		bit := ending(v.key[start:])
		s.endings[bit/64] |= 1 << (bit % 64)
	case URLPrefix:
		n := -2 // those before the host
		for _, c := range v.key {
			if c == '/' {
				n++
			}
		}
		s.slashes = max(s.slashes, n)
	}
}

// ending hashes the last label of a name, whatever its case.
func ending(label []byte) uint32 {
	h := uint32(0)
	for i := len(label) - 1; i >= 0; i-- {
		h = (h ^ uint32(label[i]|0x20)) * 0x9e3779b1
	}
	return h >> 18
}

func (s *Set) detail(entry uint32) (line int, d Detail) {
	line, ref := s.runs.find(entry)
	return line, readDetail(s.details.text[ref:])
}

func (s *Set) conditional(entry uint32) bool {
	_, d := s.detail(entry)
	return d.conditional()
}

// hit is what the lists say of an entry.
func (s *Set) hit(entry uint32, line int, d *Detail) Hit {
	src := &s.sources[d.Source]
	h := Hit{
		ID: d.ID, Several: d.Several, Title: d.Title, Description: d.Description, Level: d.Level, Author: d.Author, References: d.References,
		List: src.Title, File: src.File, Line: line, entry: entry,
	}
	if h.Level == "" {
		h.Level = src.Level
	}
	if h.Level == "" {
		h.Level = "medium"
	}
	if h.Author == "" {
		h.Author = src.Author
	}
	h.References = append(h.References, src.References...)
	return h
}
