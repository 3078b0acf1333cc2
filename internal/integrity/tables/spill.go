package tables

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// spill is where rows wait for the others of their part of a table, which come in another order. It is one file, sealed, that has no
// name where the system allows that, so that nothing is left of it after a crash.
type spill struct {
	file   *os.File
	size   int64
	sealer *sealer
	bits   int
	parts  []part
}

// part is the rows whose hashes begin alike.
type part struct {
	rows   []*row
	bytes  int
	blocks []block
}

// block is where some rows of a part stand in the file.
type block struct{ at, size int64 }

const (
	// partBits bounds the parts, and so the memory for their buffers.
	partBits   = 8
	blockBytes = 64 << 10
	spillSeal  = "integrity spill"
)

func newSpill(dir string, bits int, s *sealer) (*spill, error) {
	file, err := os.CreateTemp(dir, "wardline-spill-*")
	if err != nil {
		return nil, fmt.Errorf("make room for rows: %w", err)
	}
	// Windows removes it only when it was closed: close tries again.
	_ = os.Remove(file.Name())
	bits = min(bits, partBits)
	return &spill{file: file, sealer: s, bits: bits, parts: make([]part, 1<<bits)}, nil
}

func (s *spill) close() error {
	name := s.file.Name()
	err := s.file.Close()
	if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

func (s *spill) add(r *row) error {
	p := &s.parts[chunkOf(r.key, s.bits)]
	p.rows = append(p.rows, r)
	if p.bytes += len(r.content) + 100; p.bytes < blockBytes {
		return nil
	}
	return s.flush(p)
}

// flush writes the rows of a part that are in memory as one block.
func (s *spill) flush(p *part) error {
	body, content := packRows(p.rows)
	plain := append(binary.AppendUvarint(nil, uint64(len(body))), body...)
	sealed, err := s.sealer.pack(append(plain, content...), spillSeal)
	if err != nil {
		return err
	}
	if _, err := s.file.WriteAt(sealed, s.size); err != nil {
		return fmt.Errorf("put rows aside: %w", err)
	}
	p.blocks = append(p.blocks, block{s.size, int64(len(sealed))})
	s.size += int64(len(sealed))
	clear(p.rows)
	p.rows, p.bytes = p.rows[:0], 0
	return nil
}

// take returns all rows of a part, sorted by their keys' hashes, and forgets them.
func (s *spill) take(i int) ([]*row, error) {
	p := &s.parts[i]
	rows := p.rows
	for _, b := range p.blocks {
		more, err := s.read(b)
		if err != nil {
			return nil, fmt.Errorf("take rows back: %w", err)
		}
		rows = append(rows, more...)
	}
	*p = part{}
	sortRows(rows)
	return rows, nil
}

func (s *spill) read(b block) ([]*row, error) {
	sealed := make([]byte, b.size)
	if _, err := s.file.ReadAt(sealed, b.at); err != nil {
		return nil, err
	}
	plain, err := s.sealer.unpack(sealed, spillSeal)
	if err != nil {
		return nil, err
	}
	u := unpacker{b: plain}
	body := u.take(int(min(u.number(), mostPacked)))
	rows, err := unpackRows(body)
	if err != nil {
		return nil, err
	}
	return rows, fill(rows, u.b)
}
