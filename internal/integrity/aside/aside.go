// Package aside packs what is kept of other systems' records, or put aside while they are read: compressed and sealed, so that nothing of them ever lies open
// on a disk.
package aside

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Most is how many bytes may be packed together.
const Most = 512 << 20

// ErrDamaged says that what was packed cannot be unpacked, or is not what was packed.
var ErrDamaged = errors.New("what is kept is damaged")

// Sealer compresses and seals. It serves one goroutine.
type Sealer struct {
	seal, open func([]byte, string) ([]byte, error)
	zip        *zstd.Encoder
	unzip      *zstd.Decoder
}

// NewSealer returns one that seals by the vault's functions.
func NewSealer(seal, open func(content []byte, purpose string) ([]byte, error)) (*Sealer, error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(Most))
	if err != nil {
		return nil, err
	}
	return &Sealer{seal, open, zip, unzip}, nil
}

// Close gives its memory back.
func (s *Sealer) Close() { s.unzip.Close() }

// Pack compresses and seals for a purpose.
func (s *Sealer) Pack(plain []byte, purpose string) ([]byte, error) {
	sealed, err := s.seal(s.zip.EncodeAll(plain, nil), purpose)
	if err != nil {
		return nil, fmt.Errorf("seal what is kept: %w", err)
	}
	return sealed, nil
}

// Unpack gives back what was packed for the same purpose; else its error is ErrDamaged.
func (s *Sealer) Unpack(sealed []byte, purpose string) ([]byte, error) {
	zipped, err := s.open(sealed, purpose)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be opened: %w", ErrDamaged, err)
	}
	plain, err := s.unzip.DecodeAll(zipped, nil)
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// Reader reads packed values one after the other. It gives zeros once it has come to the end, and says so in Bad.
type Reader struct {
	B   []byte // what is left
	Bad bool   // more was asked for than there was
}

// Take returns the next n bytes.
func (r *Reader) Take(n int) []byte {
	if n > len(r.B) {
		r.Bad, r.B = true, nil
		return make([]byte, min(n, 32))
	}
	b := r.B[:n:n]
	r.B = r.B[n:]
	return b
}

// Number reads an unsigned varint.
func (r *Reader) Number() uint64 {
	n, size := binary.Uvarint(r.B)
	if size <= 0 {
		r.Bad, r.B = true, nil
		return 0
	}
	r.B = r.B[size:]
	return n
}

// Bytes reads what stands behind its length.
func (r *Reader) Bytes() []byte { return r.Take(int(min(r.Number(), Most))) }

// Text reads the same as a string.
func (r *Reader) Text() string { return string(r.Bytes()) }

// AppendText writes a text behind its length.
func AppendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
