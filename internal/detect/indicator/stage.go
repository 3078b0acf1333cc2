package indicator

import (
	"encoding/binary"
)

// Entries are records, one behind the other, in chunks: a code, the length of the key where the code does not
// say it, the entry's number, the key.
const (
	chunkBits = 14
	chunkSize = 1 << chunkBits
)

// Codes of records. Those from codeDomain on are domains of as many bytes as the code says more.
const (
	codeIPv4       = 11
	codeIPv6       = 12
	codeLongDomain = 13
	codeDomain     = 15
)

// recordCode is the code of a key; sized tells that its length has to be written.
func recordCode(kind Kind, n int) (code byte, sized bool) {
	switch {
	case kind == Address && n == 4:
		return codeIPv4, false
	case kind == Address:
		return codeIPv6, false
	case kind == Domain && n <= 255-codeDomain:
		return byte(codeDomain + n), false
	case kind == Domain:
		return codeLongDomain, true
	}
	return byte(kind), kind.size() == 0
}

// codeKind is the kind that a code stands for, and the length of its key, 0 when the record says it.
func codeKind(code byte) (kind Kind, n int) {
	switch {
	case code > codeDomain:
		return Domain, int(code) - codeDomain
	case code == codeIPv4:
		return Address, 4
	case code == codeIPv6:
		return Address, 16
	case code == codeLongDomain:
		return Domain, 0
	}
	return Kind(code), Kind(code).size()
}

func recordSize(kind Kind, key []byte, width int) int {
	n := 1 + width + len(key)
	if _, sized := recordCode(kind, len(key)); sized {
		n += 2
	}
	return n
}

// appendRecord writes a record whose entry number takes width bytes.
func appendRecord(dst []byte, kind Kind, key []byte, entry uint32, width int) []byte {
	code, sized := recordCode(kind, len(key))
	dst = append(dst, code)
	if sized {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(key)))
	}
	var number [4]byte
	binary.LittleEndian.PutUint32(number[:], entry)
	return append(append(dst, number[:width]...), key...)
}

// record is one entry as it stands in a chunk.
type record struct {
	kind  Kind
	entry uint32
	key   []byte
}

// readRecord reads the record that begins b and returns what follows.
func readRecord(b []byte, width int) (r record, rest []byte) {
	kind, n := codeKind(b[0])
	b = b[1:]
	if n == 0 {
		n, b = int(binary.LittleEndian.Uint16(b)), b[2:]
	}
	var number [4]byte
	copy(number[:], b[:width])
	return record{kind, binary.LittleEndian.Uint32(number[:]), b[width : width+n]}, b[width+n:]
}

// chunks is a growing run of records. Its pieces come from a pool and go back to it.
type chunks [][]byte

func (c *chunks) room(n int, pool *pool) *[]byte {
	last := len(*c) - 1
	if last < 0 || len((*c)[last])+n > chunkSize {
		*c = append(*c, pool.get(n))
		last++
	}
	return &(*c)[last]
}

// pool keeps chunks for their next use. Only one Builder uses it.
type pool struct{ free [][]byte }

func (p *pool) get(n int) []byte {
	if last := len(p.free) - 1; last >= 0 && n <= chunkSize {
		b := p.free[last]
		p.free = p.free[:last]
		return b[:0]
	}
	return make([]byte, 0, max(n, chunkSize))
}

func (p *pool) put(c chunks) {
	for _, b := range c {
		if cap(b) == chunkSize {
			p.free = append(p.free, b)
		}
	}
}
