package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A block ends when it has BlockRecords records, or BlockAge after its first, whichever is earlier.
const (
	BlockRecords = 1000
	BlockAge     = 10 * time.Second
)

// Block is a run of audit records of one source, in the order in which they were received. Each block says how many records came before it
// and what the block before it was, so that none can be taken out, put in or changed afterwards without all later ones being
// changed, too. It proves that what arrived is complete, not that the source has sent all that it did.
type Block struct {
	Source   string
	First    uint64    // running count of its first record in the source, from 1
	Opened   time.Time // receipt of its first record, to the microsecond
	Closed   time.Time // receipt of its last record
	Previous Digest    // of the source's block before this one; zero for the first
	Records  []Sum     // SHA-256 of each record as received
}

// Next is the running count of the first record after b.
func (b *Block) Next() uint64 { return b.First + uint64(len(b.Records)) }

// Digest returns the digest of b, "audit-1": the SHA-256 of length and text of the source, the running count, the two times in microseconds since 1970,
// the sum of the previous block or zeros, the number of records and their sums; each number has 8 bytes, big endian.
func (b *Block) Digest() Digest {
	h := sha256.New()
	head := binary.BigEndian.AppendUint64(nil, uint64(len(b.Source)))
	head = append(head, b.Source...)
	head = binary.BigEndian.AppendUint64(head, b.First)
	head = binary.BigEndian.AppendUint64(head, uint64(b.Opened.UnixMicro()))
	head = binary.BigEndian.AppendUint64(head, uint64(b.Closed.UnixMicro()))
	head = append(head, b.Previous.Sum[:]...)
	h.Write(binary.BigEndian.AppendUint64(head, uint64(len(b.Records))))
	for i := range b.Records {
		h.Write(b.Records[i][:])
	}
	return Digest{Audit1, Sum(h.Sum(nil))}
}

// Blocks cuts the records of one source into blocks. It serves one goroutine, and reads no clock.
type Blocks struct {
	open Block
}

// NewBlocks goes on behind the last block of a source; nil for a source that has none yet.
func NewBlocks(source string, last *Block) *Blocks {
	b := &Blocks{Block{Source: source, First: 1}}
	if last != nil {
		b.open.First, b.open.Previous = last.Next(), last.Digest()
	}
	return b
}

// Add takes a record as received, at the time of its receipt. It returns the block that ended with this record or before it, if one did.
func (b *Blocks) Add(record []byte, at time.Time) (ended Block, ok bool) {
	ended, ok = b.Tick(at)
	if len(b.open.Records) == 0 {
		b.open.Opened = at
	}
	b.open.Closed = at
	b.open.Records = append(b.open.Records, sha256.Sum256(record))
	if len(b.open.Records) == BlockRecords { // never after Tick has ended one
		return b.end()
	}
	return ended, ok
}

// Tick ends the open block when it is BlockAge old. It is to be called now and then while no records come.
func (b *Blocks) Tick(now time.Time) (ended Block, ok bool) {
	if len(b.open.Records) == 0 || now.Sub(b.open.Opened) < BlockAge {
		return Block{}, false
	}
	return b.end()
}

// End ends the open block, when the source stops.
func (b *Blocks) End() (ended Block, ok bool) {
	if len(b.open.Records) == 0 {
		return Block{}, false
	}
	return b.end()
}

func (b *Blocks) end() (Block, bool) {
	ended := b.open
	b.open = Block{Source: ended.Source, First: ended.Next(), Previous: ended.Digest()}
	return ended, true
}

// ErrChain says that blocks do not follow one another.
var ErrChain = errors.New("the blocks are no chain")

// VerifyChain checks that blocks follow one another without a gap: all of one source, counts running on, each holding the digest of
// the one before it. The first may be any; whether it and the last are the sealed ones is for the caller to check by Digest. The error, an
// ErrChain, names the block by its place, from 0.
func VerifyChain(blocks []Block) error {
	for i := range blocks {
		b := &blocks[i]
		if len(b.Records) == 0 || len(b.Records) > BlockRecords {
			return fmt.Errorf("%w: block %d has %d records", ErrChain, i, len(b.Records))
		}
		if b.First == 1 && !b.Previous.IsZero() || b.First != 1 && b.Previous.Label != Audit1 {
			return fmt.Errorf("%w: block %d begins at record %d and its previous block does not fit", ErrChain, i, b.First)
		}
		if i == 0 {
			continue
		}
		last := &blocks[i-1]
		switch {
		case b.Source != last.Source:
			return fmt.Errorf("%w: block %d is of another source", ErrChain, i)
		case b.First != last.Next():
			return fmt.Errorf("%w: block %d begins at record %d, not at %d", ErrChain, i, b.First, last.Next())
		case b.Previous != last.Digest():
			return fmt.Errorf("%w: block %d does not hold the digest of the one before it", ErrChain, i)
		}
	}
	return nil
}

// Fault is what became of one record since its block was sealed.
type Fault struct {
	Kind  FaultKind
	Count uint64 // running count of the sealed record; 0 of one that was added
	Place int    // of the record among those found now, from 0; -1 of one that is missing
}

// FaultKind is a way in which records differ from a block.
type FaultKind byte

// The kinds of faults.
const (
	Missing FaultKind = 'm'
	Altered FaultKind = 'a' // another record stands in its place
	Moved   FaultKind = 'o' // the same record stands elsewhere
	Added   FaultKind = '+'
)

// Compare tells what became of the records of b: found are those that the source has now for the same counts. It returns nil when
// they are the same in the same order. One record missing makes one fault, though all later ones move up.
func (b *Block) Compare(found [][]byte) []Fault {
	now := make([]Sum, len(found))
	for i := range found {
		now[i] = sha256.Sum256(found[i])
	}
	if slices.Equal(now, b.Records) {
		return nil
	}
	from := b.match(now)
	kept := longestRise(from)
	var faults []Fault
	var gone []int  // sealed records of the current gap that are found nowhere
	var fresh []int // found records of the current gap that were never sealed
	used := make([]bool, len(b.Records))
	for _, s := range from {
		if s >= 0 {
			used[s] = true
		}
	}
	next := 0 // of the sealed records
	gap := func(end int) {
		for ; next < end; next++ {
			if !used[next] {
				gone = append(gone, next)
			}
		}
		faults = b.settle(faults, gone, fresh)
		gone, fresh = gone[:0], fresh[:0]
	}
	for place, s := range from {
		switch {
		case s < 0:
			fresh = append(fresh, place)
		case kept[place]:
			gap(s)
			next = s + 1
		default:
			faults = append(faults, Fault{Moved, b.First + uint64(s), place})
		}
	}
	gap(len(b.Records))
	return faults
}

// settle adds the faults of one gap between records that stayed: what is gone was altered into what is fresh, one by one.
func (b *Block) settle(faults []Fault, gone, fresh []int) []Fault {
	for i := range max(len(gone), len(fresh)) {
		switch {
		case i >= len(fresh):
			faults = append(faults, Fault{Missing, b.First + uint64(gone[i]), -1})
		case i >= len(gone):
			faults = append(faults, Fault{Added, 0, fresh[i]})
		default:
			faults = append(faults, Fault{Altered, b.First + uint64(gone[i]), fresh[i]})
		}
	}
	return faults
}

// match finds for each record that is there now the sealed one that it is; -1 for none. Equal records match in order.
func (b *Block) match(now []Sum) []int {
	places := make(map[Sum][]int, len(b.Records))
	for i := range b.Records {
		places[b.Records[i]] = append(places[b.Records[i]], i)
	}
	from := make([]int, len(now))
	for i := range now {
		from[i] = -1
		if list := places[now[i]]; len(list) > 0 {
			from[i], places[now[i]] = list[0], list[1:]
		}
	}
	return from
}

// longestRise marks a longest run of numbers, not necessarily neighbours, that rise; -1 is no number. Records in it stayed
// where they were.
func longestRise(numbers []int) []bool {
	var ends []int // the place of the least number that ends a rise of each length
	before := make([]int, len(numbers))
	for place, n := range numbers {
		if n < 0 {
			continue
		}
		length, _ := slices.BinarySearchFunc(ends, n, func(at, n int) int { return numbers[at] - n })
		before[place] = -1
		if length > 0 {
			before[place] = ends[length-1]
		}
		if length == len(ends) {
			ends = append(ends, place)
		} else {
			ends[length] = place
		}
	}
	kept := make([]bool, len(numbers))
	if len(ends) > 0 {
		for at := ends[len(ends)-1]; at >= 0; at = before[at] {
			kept[at] = true
		}
	}
	return kept
}
