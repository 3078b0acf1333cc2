// Package segment keeps sealed bodies one after the other in files that are only ever appended to,
// and deleted whole.
//
//	0      4096     8192
//	| head | head   | body | body | body …
//
// The head is there twice, each in a block of its own with a checksum, because the key of all
// bodies is in it. Nothing stands between bodies: the leaves of the journal say where each begins
// and ends, and bytes that no leaf speaks of are what was written before a crash.
package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

const (
	block = 4096
	// HeadSize is where the first body begins.
	HeadSize = 2 * block
	// MaxMeta is how many bytes of the head a caller may use.
	MaxMeta = block - len(magic) - 8
	magic   = "wardline segment\n"
)

// ErrHead says that neither copy of a segment's head can be read.
var ErrHead = errors.New("the head of the segment is damaged, both copies")

// Writer appends to a new segment. It belongs to one goroutine.
type Writer struct {
	file   *os.File
	offset int64
}

// Create makes a segment with meta in its head. When it returns, the head is on the disk and so is
// the segment's name. It never opens an existing file.
func Create(path string, meta []byte) (*Writer, error) {
	if len(meta) > MaxMeta {
		return nil, fmt.Errorf("head of %d bytes, at most %d fit", len(meta), MaxMeta)
	}
	if err := MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file}
	err = w.append(head(meta))
	if err == nil {
		err = w.append(head(meta))
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(path))
	}
	return w, nil
}

func head(meta []byte) []byte {
	b := make([]byte, block)
	n := copy(b, magic)
	binary.BigEndian.PutUint32(b[n:], uint32(len(meta)))
	copy(b[n+4:], meta)
	binary.BigEndian.PutUint32(b[block-4:], crc32.Checksum(b[:block-4], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func parseHead(b []byte) ([]byte, bool) {
	if len(b) != block || !bytes.HasPrefix(b, []byte(magic)) ||
		binary.BigEndian.Uint32(b[block-4:]) != crc32.Checksum(b[:block-4], crc32.MakeTable(crc32.Castagnoli)) {
		return nil, false
	}
	n := binary.BigEndian.Uint32(b[len(magic):])
	if n > uint32(MaxMeta) {
		return nil, false
	}
	return b[len(magic)+4:][:n], true
}

// Offset is where the next body will stand.
func (w *Writer) Offset() int64 { return w.offset }

// Append writes a body at the end. It is durable after Sync. After an error nothing more may be appended.
func (w *Writer) Append(body []byte) error { return w.append(body) }

func (w *Writer) append(b []byte) error {
	n, err := w.file.Write(b)
	w.offset += int64(n)
	return err
}

// Sync makes everything durable that was appended.
func (w *Writer) Sync() error { return w.file.Sync() }

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }

// Reader reads one segment. It serves any number of goroutines.
type Reader struct{ file *os.File }

// Open opens a segment for reading. The error wraps fs.ErrNotExist when there is none.
func Open(path string) (*Reader, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	return &Reader{file}, nil
}

// Meta returns what was put into the head, and how many of its two copies are good.
func (r *Reader) Meta() (meta []byte, good int, err error) {
	for i := range int64(2) {
		b := make([]byte, block)
		if _, err := r.file.ReadAt(b, i*block); err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		if m, ok := parseHead(b); ok {
			meta = m
			good++
		}
	}
	if good == 0 {
		return nil, 0, ErrHead
	}
	return meta, good, nil
}

// Body reads size bytes at offset. It returns io.ErrUnexpectedEOF when the segment ends before.
func (r *Reader) Body(offset, size int64) ([]byte, error) {
	b := make([]byte, size)
	_, err := r.file.ReadAt(b, offset)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Size is how long the file is.
func (r *Reader) Size() (int64, error) {
	info, err := r.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// MkdirAll makes a folder and those above it, for this user only, and makes their names durable.
func MkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a folder", dir)
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return SyncDir(parent)
}
