package resources

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// spill is where versions wait for the others of their resource, and resources for the others of their chunk: servers tell in the order in which things
// were written. It is one file, sealed, that has no name where the system allows that, so that nothing is left of it after a crash.
type spill struct {
	file   *os.File
	size   int64
	sealer *sealer
	bits   int
	parts  []part
}

// part is what has ids whose hashes begin alike.
type part struct {
	waiting []*record // each of one version
	bytes   int
	blocks  []block
}

// block is where some of a part stands in the file.
type block struct{ at, size int64 }

const (
	partBits   = 8 // bounds the parts, and so the memory for their buffers
	blockBytes = 64 << 10
	spillSeal  = "integrity resources spill"
)

func newSpill(dir string, bits int, s *sealer) (*spill, error) {
	file, err := os.CreateTemp(dir, "wardline-spill-*")
	if err != nil {
		return nil, fmt.Errorf("make room for resources: %w", err)
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

func (s *spill) add(id string, v version) error {
	p := &s.parts[digest.ChunkOf(keyOf(id), s.bits)]
	p.waiting = append(p.waiting, &record{id: id, versions: []version{v}})
	if p.bytes += len(v.text) + len(v.labels) + 200; p.bytes < blockBytes {
		return nil
	}
	return s.flush(p)
}

// flush writes what a part has in memory as one block.
func (s *spill) flush(p *part) error {
	body, content := packRecords(p.waiting)
	plain := append(binary.AppendUvarint(nil, uint64(len(body))), body...)
	sealed, err := s.sealer.pack(append(plain, content...), spillSeal)
	if err != nil {
		return err
	}
	if _, err := s.file.WriteAt(sealed, s.size); err != nil {
		return fmt.Errorf("put resources aside: %w", err)
	}
	p.blocks = append(p.blocks, block{s.size, int64(len(sealed))})
	s.size += int64(len(sealed))
	clear(p.waiting)
	p.waiting, p.bytes = p.waiting[:0], 0
	return nil
}

// take returns what was read of all resources of a part, by their ids.
func (s *spill) take(i int, whole bool) (map[string]*view, error) {
	p := &s.parts[i]
	views := map[string]*view{}
	gather := func(list []*record) {
		for _, r := range list {
			v := views[r.id]
			if v == nil {
				v = &view{id: r.id, whole: whole, complete: whole}
				views[r.id] = v
			}
			v.versions = append(v.versions, r.versions...)
		}
	}
	for _, b := range p.blocks {
		list, err := s.read(b)
		if err != nil {
			return nil, fmt.Errorf("take resources back: %w", err)
		}
		gather(list)
	}
	gather(p.waiting)
	for _, v := range views {
		v.settle()
	}
	return views, nil
}

func (s *spill) read(b block) ([]*record, error) {
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
	if u.bad {
		return nil, errPacked
	}
	return unpackRecords(body, u.b)
}
