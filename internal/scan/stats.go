package scan

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stats is what a scan read and what it could not read. Its counters may be watched
// while the scan runs.
type Stats struct {
	TotalBytes atomic.Int64 // of the files found, packed as they are; 0 while unknown
	Bytes      atomic.Int64 // read so far of TotalBytes
	Expanded   atomic.Int64 // bytes after unpacking
	Events     atomic.Int64
	Sources    atomic.Int64 // plain sources read, archive members each for itself
	PassedOver atomic.Int64 // sources of no format that is known
	Skipped    atomic.Int64 // records without an event in them, such as other FHIR resources
	Damaged    atomic.Int64 // places passed over

	mu      sync.Mutex
	first   time.Time        // of the events; guarded by mu
	last    time.Time        // guarded by mu
	formats map[string]int64 // events by format; guarded by mu
	damage  []Damage         // the first maxDamage places; guarded by mu
}

// Damage is a place that could not be read.
type Damage struct {
	Source string `json:"source"`
	Offset int64  `json:"offset"` // in the unpacked source; -1 for the source as a whole
	Lost   int    `json:"lost"`   // records known to be lost
	Reason string `json:"reason"`
}

// UnknownFormat is the reason for which a source is passed over whole.
const UnknownFormat = "not a format that is known"

// maxDamage bounds the places that are listed one by one; all are counted.
const maxDamage = 1000

func (s *Stats) addFormat(name string, events int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.formats == nil {
		s.formats = map[string]int64{}
	}
	s.formats[name] += events
}

// addSpan widens the time that the events cover.
func (s *Stats) addSpan(first, last time.Time) {
	if first.IsZero() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first.IsZero() || first.Before(s.first) {
		s.first = first
	}
	if last.After(s.last) {
		s.last = last
	}
}

// Span is when the earliest and the latest event happened; zero when none says its time.
func (s *Stats) Span() (first, last time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first, s.last
}

func (s *Stats) addDamage(d Damage) {
	s.Damaged.Add(1)
	s.list(d)
}

// passOver counts a source that is no log.
func (s *Stats) passOver(source string) {
	s.PassedOver.Add(1)
	s.list(Damage{source, -1, 0, UnknownFormat})
}

func (s *Stats) list(d Damage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.damage) < maxDamage {
		s.damage = append(s.damage, d)
	}
}

// Formats counts events by the format they were read as.
func (s *Stats) Formats() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	formats := make(map[string]int64, len(s.formats))
	for name, n := range s.formats {
		formats[name] = n
	}
	return formats
}

// Damage lists the places that could not be read, in order of source and offset.
func (s *Stats) Damage() []Damage {
	s.mu.Lock()
	defer s.mu.Unlock()
	damage := slices.Clone(s.damage)
	slices.SortFunc(damage, func(a, b Damage) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Reason, b.Reason))
	})
	return damage
}
