package jsonl

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// A path's hash is folded from the hashes of its names, so that a nested value and
// a literal dotted name meet: {"a":{"b":1}} and {"a.b":1} hash alike. The hash is
// not keyed: it only selects, and Index.At decides.

const (
	rootHash = 0x9e3779b97f4a7c15
	nameKey1 = 0xa0761d6478bd642f
	nameKey2 = 0xe7037ed1a0b428db
	pathKey  = 0x8ebc6af09c88c6e3
	allDots  = '.' * ones
	ones     = 0x0101010101010101
	highs    = 0x8080808080808080
)

// HashPath is the hash by which Value.Hash is made.
func HashPath(path string) uint64 { return hashName(rootHash, []byte(path)) }

// hashName extends the hash of a path by one name, and by each part of a name that
// holds dots.
func hashName(parent uint64, name []byte) uint64 {
	h, dotted := hashPart(name)
	if !dotted {
		return joinHash(parent, h)
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '.' {
			h, _ = hashPart(name[start:i])
			parent = joinHash(parent, h)
			start = i + 1
		}
	}
	return parent
}

func joinHash(parent, name uint64) uint64 { return (bits.RotateLeft64(parent, 23) ^ name) * pathKey }

// hashPart hashes one name word by word and tells whether it holds a dot.
func hashPart(name []byte) (hash uint64, dotted bool) {
	if len(name) > headBytes {
		return hashLong(name)
	}
	var padded [headBytes]byte
	copy(padded[:], name)
	return hashHead(padded[:], len(name))
}

// headBytes is the length up to which a name is hashed without a loop.
const headBytes = 16

// hashHead is hashPart for the first n bytes of a text of headBytes at least.
func hashHead(text []byte, n int) (hash uint64, dotted bool) {
	text = text[:headBytes]
	mask := &headMasks[n&31]
	a, b := binary.LittleEndian.Uint64(text)&mask[0], binary.LittleEndian.Uint64(text[8:])&mask[1]
	return mix(a^nameKey1, b^nameKey2^uint64(n)), zeroByte(a^allDots)|zeroByte(b^allDots) != 0
}

// headMasks say which bits of two words belong to a name of so many bytes. To look them up is faster than to shift.
var headMasks = func() (masks [32][2]uint64) {
	for n := range masks {
		masks[n] = [2]uint64{1<<(8*n) - 1, 1<<(8*max(n-8, 0)) - 1}
	}
	return masks
}()

func hashLong(name []byte) (hash uint64, dotted bool) {
	a, b := binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[len(name)-8:])
	dots := zeroByte(a^allDots) | zeroByte(b^allDots)
	hash = mix(a^nameKey1, b^nameKey2^uint64(len(name)))
	for rest := name[8:]; len(rest) > 8; rest = rest[8:] {
		w := binary.LittleEndian.Uint64(rest)
		dots |= zeroByte(w ^ allDots)
		hash = mix(hash^w, nameKey1)
	}
	return hash, dots != 0
}

// shapeKey keys the shapes of objects, so that nobody can write an object that is taken for one of another shape.
var shapeKey = rand.Uint64() | 1

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// zeroByte marks the zero bytes of w by their high bits. The lowest mark is
// exact; a mark above a true one may be false.
func zeroByte(w uint64) uint64 { return (w - ones) &^ w & highs }
