package evtx

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"time"
)

// Places in the header of a chunk.
const (
	chunkHeaderSizeAt  = 40
	chunkFreeAt        = 48 // where the last record ends
	chunkRecordsSumAt  = 52
	chunkFlagsAt       = 120
	chunkHeaderSumAt   = 124
	chunkTablesAt      = 128
	chunkFlagNoSum     = 4
	chunkHeaderVersion = 128 // the value at chunkHeaderSizeAt
)

// openChunk takes the n bytes in the buffer, which begin at byte offset of the source, as a chunk.
func (r *Reader) openChunk(offset int64, n int) error {
	r.offset, r.pos, r.end, r.lastID = offset, 0, 0, 0
	c := r.chunk[:n]
	r.machine.open(c, r.lim)
	if !bytes.HasPrefix(c, []byte(chunkMagic)) {
		return r.strayChunk(c)
	}
	r.bad = false
	if n < chunkHeaderSize {
		r.damage(offset, "file ends inside the header of a chunk")
		return nil
	}
	free := int(binary.LittleEndian.Uint32(c[chunkFreeAt:]))
	if free < chunkHeaderSize || free > chunkSize {
		r.damage(offset, "chunk does not say where its records end")
		free = n
	} else if free > n {
		r.damage(offset+int64(n), "file ends inside a chunk")
		free = n
	} else if binary.LittleEndian.Uint32(c[chunkFlagsAt:])&chunkFlagNoSum == 0 {
		r.verify(c, free)
	}
	r.pos, r.end = chunkHeaderSize, free
	return nil
}

// verify compares the two checksums. What they cover is read all the same.
func (r *Reader) verify(c []byte, free int) {
	sum := crc32.Update(crc32.ChecksumIEEE(c[:chunkFlagsAt]), crc32.IEEETable, c[chunkTablesAt:chunkHeaderSize])
	if sum != binary.LittleEndian.Uint32(c[chunkHeaderSumAt:]) {
		r.damage(r.offset, "checksum of the chunk header does not match")
	}
	if crc32.ChecksumIEEE(c[chunkHeaderSize:free]) != binary.LittleEndian.Uint32(c[chunkRecordsSumAt:]) {
		r.damage(r.offset+chunkHeaderSize, "checksum of the records of a chunk does not match")
	}
}

// strayChunk deals with 64 KiB that do not begin as a chunk does. Windows allots files ahead, so
// zeros are no damage. A chunk that begins elsewhere in them is brought to the front; else
// whole records are looked for.
func (r *Reader) strayChunk(c []byte) error {
	if allZero(c) {
		return nil
	}
	if !r.bad { // one report for a run of them
		r.damage(r.offset, "no chunk where one should begin")
	}
	r.bad = true
	if at := bytes.Index(c, []byte(chunkMagic)); at > 0 {
		n := copy(r.chunk, c[at:])
		n += len(r.fill(r.chunk[n:]))
		return r.openChunk(r.offset+int64(at), n)
	}
	r.end = len(c)
	if len(c) < chunkHeaderSize {
		return nil
	}
	r.pos = chunkHeaderSize
	free := int(binary.LittleEndian.Uint32(c[chunkFreeAt:]))
	if binary.LittleEndian.Uint32(c[chunkHeaderSizeAt:]) == chunkHeaderVersion && free >= chunkHeaderSize && free <= len(c) {
		r.end = free
	}
	if r.sizeAt(r.pos) == 0 {
		r.resync(r.pos)
	}
	return nil
}

func allZero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// record reads the record at r.pos. It returns false without an error when there is none
// left in the chunk.
func (r *Reader) record(rec *Record) (bool, error) {
	at := r.pos
	size := r.sizeAt(at)
	if size == 0 {
		if allZero(r.machine.chunk[at:r.end]) {
			r.pos = r.end
			return false, nil
		}
		d := &Damage{Offset: r.offset + int64(at), Reason: "no record where one should begin"}
		if bytes.HasPrefix(r.machine.chunk[at:r.end], []byte(recordMagic)) { // as Windows leaves one that it was writing
			d.Records, d.Reason = 1, "record whose end is not where it says"
		}
		r.resync(at)
		return false, d
	}
	r.pos = at + size
	head := r.machine.chunk[at : at+recordHeaderSize]
	r.lastID = binary.LittleEndian.Uint64(head[8:])
	written := binary.LittleEndian.Uint64(head[16:])
	if err := r.machine.run(at+recordHeaderSize, at+size-recordTail); err != "" {
		*rec = Record{}
		return false, &Damage{Offset: r.offset + int64(at), Records: 1, Reason: string(err)}
	}
	rec.ID, rec.Written, rec.Offset = r.lastID, filetime(written), r.offset+int64(at)
	r.machine.system(rec)
	return true, nil
}

// sizeAt returns the size of the record at a place, or 0 when there is no whole one.
func (r *Reader) sizeAt(at int) int {
	c := r.machine.chunk
	if at+smallestRecord > r.end || string(c[at:at+4]) != recordMagic {
		return 0
	}
	size := int(binary.LittleEndian.Uint32(c[at+4:]))
	if size < smallestRecord || size > r.end-at || int(binary.LittleEndian.Uint32(c[at+size-recordTail:])) != size {
		return 0
	}
	return size
}

// resync moves on to the next whole record behind at, or to the end. Its number must follow
// those before it: what lies behind the last record may be older than the chunk.
func (r *Reader) resync(at int) {
	for at++; at+smallestRecord <= r.end; at++ {
		next := bytes.Index(r.machine.chunk[at:r.end], []byte(recordMagic))
		if next < 0 {
			break
		}
		at += next
		if r.sizeAt(at) > 0 && binary.LittleEndian.Uint64(r.machine.chunk[at+8:]) > r.lastID {
			r.pos = at
			return
		}
	}
	r.pos = r.end
}

// more finds records that were written after the header of their chunk: a log copied while
// Windows was writing it.
func (r *Reader) more() bool {
	c := r.machine.chunk
	if !r.dirty || r.lastID == 0 || r.end+smallestRecord > len(c) {
		return false
	}
	was := r.end
	r.end = len(c)
	size := r.sizeAt(was)
	if size == 0 || binary.LittleEndian.Uint64(c[was+8:]) != r.lastID+1 {
		r.end = was
		return false
	}
	r.end = was + size
	return true
}

// filetime turns 100 ns since 1601 into a time.
func filetime(t uint64) time.Time {
	s, rest := t/ticks, t%ticks
	return time.Unix(int64(s)-epoch, int64(rest)*100).UTC()
}

const (
	ticks = 10_000_000     // of a FILETIME in a second
	epoch = 11_644_473_600 // seconds from 1601 to 1970
)
