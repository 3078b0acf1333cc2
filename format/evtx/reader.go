package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

// Limits bounds what a file may cost, whatever it says about itself.
type Limits struct {
	Record int // bytes of JSON of one record
	Depth  int // nesting of elements, and of templates in values
	Fields int // fields of one record
}

// DefaultLimits are far above what Windows writes: a record is at most one chunk of 64 KiB.
func DefaultLimits() Limits { return Limits{Record: 1 << 20, Depth: 32, Fields: 1 << 13} }

// Record is one event. Its slices are valid until the next call of Next.
type Record struct {
	ID      uint64    // number in its log, by the record's own header
	Written time.Time // when it was written to the log, UTC
	Offset  int64     // of the record in the source

	// Three fields of System at hand; they stand in JSON as well.
	EventID uint32    // 0 when the record has none
	Channel []byte    // as in JSON, between the quotes
	Created time.Time // TimeCreated to 100 ns, UTC; Written when the record has none

	JSON []byte // one flat object, UTF-8
}

// Damage is the error for bytes that could not be read as intended. Reading goes on with
// the next call.
type Damage struct {
	Offset  int64  // of the first byte concerned, in the source
	Records int    // records known to be lost
	Reason  string // constant text
}

func (d *Damage) Error() string { return fmt.Sprintf("evtx: at byte %d: %s", d.Offset, d.Reason) }

// ErrFormat says that the source does not begin as an event log does.
var ErrFormat = errors.New("evtx: neither a file header nor a chunk at the start")

const (
	fileHeaderSize   = 4096
	fileHeaderUsed   = 128
	fileChunksAt     = 42
	chunkSize        = 1 << 16
	chunkHeaderSize  = 512
	recordHeaderSize = 24
	recordTail       = 4 // the size again
	smallestRecord   = recordHeaderSize + recordTail
)

// Text that begins a file, a chunk, a record.
const (
	fileMagic   = "ElfFile\x00"
	chunkMagic  = "ElfChnk\x00"
	recordMagic = "**\x00\x00"
)

// Reader reads one log. It holds one chunk at a time.
type Reader struct {
	src     io.Reader
	lim     Limits
	started bool
	err     error // ends the source once the chunk is read
	pending *Damage
	dirty   bool // the file says that it was not closed
	counted int  // chunks, as the file's header has it

	chunk  []byte // buffer of the chunk at hand
	offset int64  // of the chunk in the source
	read   int64  // bytes taken from src
	pos    int    // of the next record in chunk
	end    int    // of the records in chunk
	lastID uint64 // of the record before, in this chunk
	bad    bool   // the last chunk had no magic

	machine
}

// NewReader reads from r, from its start. It reads nothing before the first Next.
func NewReader(r io.Reader, lim Limits) *Reader { return &Reader{src: r, lim: lim} }

// Next reads the next record into rec. It returns io.EOF at the end and a *Damage for what it
// could not read, after which it can be called again. Any other error is final.
func (r *Reader) Next(rec *Record) error {
	for {
		if d := r.pending; d != nil {
			r.pending = nil
			return d
		}
		if r.pos < r.end {
			if found, err := r.record(rec); found || err != nil {
				return err
			}
			continue
		}
		if r.more() {
			continue
		}
		if r.err != nil {
			if r.endsEarly() {
				continue
			}
			return r.err
		}
		if err := r.nextChunk(); err != nil {
			return err
		}
	}
}

// begin reads the file header. A file of chunks alone, as carved from a disk, has none.
func (r *Reader) begin() error {
	r.started = true
	head := r.fill(make([]byte, fileHeaderSize))
	if bytes.HasPrefix(head, []byte(chunkMagic)) {
		r.chunk = make([]byte, chunkSize)
		n := copy(r.chunk, head)
		if r.err == nil {
			n += len(r.fill(r.chunk[n:]))
		}
		return r.openChunk(0, n)
	}
	if !bytes.HasPrefix(head, []byte(fileMagic)) {
		if len(head) == 0 && r.err == io.EOF {
			return io.EOF
		}
		return r.lostHeader(head)
	}
	switch {
	case len(head) < fileHeaderSize:
		r.damage(0, "file ends inside its header")
	case crc32.ChecksumIEEE(head[:120]) != binary.LittleEndian.Uint32(head[124:]):
		r.damage(0, "checksum of the file header does not match")
	default:
		r.counted = int(binary.LittleEndian.Uint16(head[fileChunksAt:]))
	}
	if len(head) >= fileHeaderUsed {
		r.dirty = head[120]&1 != 0
	}
	return nil
}

// endsEarly tells, once, of a file that ends before the last chunk that its header counts. A log that was
// not closed may have more than that.
func (r *Reader) endsEarly() bool {
	last := fileHeaderSize + int64(r.counted-1)*chunkSize
	if r.counted == 0 || r.err != io.EOF || r.read > last {
		return false
	}
	r.counted = 0
	r.damage(r.read, "file ends before its last chunk")
	return true
}

// lostHeader looks for a chunk where the header of the file is not one.
func (r *Reader) lostHeader(head []byte) error {
	if len(head) == fileHeaderSize {
		r.chunk = make([]byte, chunkSize)
		rest := r.fill(r.chunk)
		if bytes.HasPrefix(rest, []byte(chunkMagic)) {
			r.damage(0, "no file header")
			return r.openChunk(fileHeaderSize, len(rest))
		}
	}
	if r.err == nil || r.err == io.EOF {
		r.err = ErrFormat
	}
	return r.err
}

// nextChunk brings in the next chunk that has anything in it.
func (r *Reader) nextChunk() error {
	if !r.started {
		return r.begin()
	}
	if r.chunk == nil {
		r.chunk = make([]byte, chunkSize)
	}
	at := r.read
	n := len(r.fill(r.chunk))
	if n == 0 {
		return nil // r.err says why
	}
	return r.openChunk(at, n)
}

// fill reads until b is full or the source ends, which it notes in r.err.
func (r *Reader) fill(b []byte) []byte {
	n, err := io.ReadFull(r.src, b)
	r.read += int64(n)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	r.err = err
	return b[:n]
}

// damage queues a finding about the place at in the chunk; the first of two stays.
func (r *Reader) damage(at int64, reason string) {
	if r.pending == nil {
		r.pending = &Damage{Offset: at, Reason: reason}
	}
}
