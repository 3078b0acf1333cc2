package aside

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// Form is how a list of things is packed: bodies, and contents that compress better apart from them.
type Form[T any] struct {
	Pack   func([]T) (body, content []byte)
	Unpack func(body, content []byte) ([]T, error)
}

// Spill is where things wait for the others of their part, which come in another order. It is one file, sealed, that has no
// name where the system allows that, so that nothing is left of it after a crash. It serves one goroutine.
type Spill[T any] struct {
	Bits    int // of a hash that choose the part
	form    Form[T]
	purpose string
	file    *os.File
	size    int64
	sealer  *Sealer
	parts   []part[T]
}

type part[T any] struct {
	waiting []T
	bytes   int
	blocks  []block
}

// block is where some things of a part stand in the file.
type block struct{ at, size int64 }

const (
	partBits   = 8 // bounds the parts, and so the memory for their buffers
	blockBytes = 64 << 10
)

// NewSpill makes one in a folder, with 2^bits parts at most: Bits says how many.
func NewSpill[T any](dir string, bits int, s *Sealer, purpose string, form Form[T]) (*Spill[T], error) {
	file, err := os.CreateTemp(dir, "wardline-spill-*")
	if err != nil {
		return nil, fmt.Errorf("make room to put aside: %w", err)
	}
	// Windows removes it only when it was closed: Close tries again.
	_ = os.Remove(file.Name())
	bits = min(bits, partBits)
	return &Spill[T]{Bits: bits, form: form, purpose: purpose, file: file, sealer: s, parts: make([]part[T], 1<<bits)}, nil
}

// Close forgets all that was put aside.
func (s *Spill[T]) Close() error {
	name := s.file.Name()
	err := s.file.Close()
	if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// Parts is how many there are.
func (s *Spill[T]) Parts() int { return len(s.parts) }

// Add puts a thing aside that is about so many bytes long.
func (s *Spill[T]) Add(part int, thing T, bytes int) error {
	p := &s.parts[part]
	p.waiting = append(p.waiting, thing)
	if p.bytes += bytes; p.bytes < blockBytes {
		return nil
	}
	return s.flush(p)
}

// flush writes what a part has in memory as one block.
func (s *Spill[T]) flush(p *part[T]) error {
	body, content := s.form.Pack(p.waiting)
	plain := append(binary.AppendUvarint(nil, uint64(len(body))), body...)
	sealed, err := s.sealer.Pack(append(plain, content...), s.purpose)
	if err != nil {
		return err
	}
	if _, err := s.file.WriteAt(sealed, s.size); err != nil {
		return fmt.Errorf("put aside: %w", err)
	}
	p.blocks = append(p.blocks, block{s.size, int64(len(sealed))})
	s.size += int64(len(sealed))
	clear(p.waiting)
	p.waiting, p.bytes = p.waiting[:0], 0
	return nil
}

// Take returns all things of a part, and forgets them.
func (s *Spill[T]) Take(i int) ([]T, error) {
	p := &s.parts[i]
	all := p.waiting
	for _, b := range p.blocks {
		more, err := s.read(b)
		if err != nil {
			return nil, fmt.Errorf("take back what was put aside: %w", err)
		}
		all = append(all, more...)
	}
	*p = part[T]{}
	return all, nil
}

func (s *Spill[T]) read(b block) ([]T, error) {
	sealed := make([]byte, b.size)
	if _, err := s.file.ReadAt(sealed, b.at); err != nil {
		return nil, err
	}
	plain, err := s.sealer.Unpack(sealed, s.purpose)
	if err != nil {
		return nil, err
	}
	r := Reader{B: plain}
	body := r.Bytes()
	if r.Bad {
		return nil, ErrDamaged
	}
	return s.form.Unpack(body, r.B)
}
