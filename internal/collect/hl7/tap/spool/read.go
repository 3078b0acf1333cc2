package spool

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"time"
)

// Block is one block of a file, as a reader sees it.
type Block struct {
	Kind        Kind
	At, Next    int64 // where it begins, and where the next does
	Pieces      []Piece
	Messages    int // that begin in it, also when it is Damaged and that could be told
	From, Until time.Time
}

// ErrMore says that no whole block begins there, yet or any more.
var ErrMore = errors.New("no whole block there")

// File reads one file of a spool.
type File struct {
	r    io.ReaderAt
	size func() (int64, error)
	key  *Key
	name string
	data *dataKey // nil until it is needed
	stop func() error
}

// Open opens a file for reading, also while it is written.
func Open(dir, run string, number uint32, key *Key) (*File, error) {
	name := fileName(run, number)
	f, err := openRegular(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	size := func() (int64, error) {
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	return &File{r: f, size: size, key: key, name: name, stop: f.Close}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.stop() }

// Block reads the block at that offset: 0, or Next of the one before. It returns ErrMore where none is whole. What was changed comes as a
// Block of kind Damaged. Blocks that matter to the file alone are passed over.
func (f *File) Block(at int64) (Block, error) {
	for {
		size, err := f.size()
		if err != nil {
			return Block{}, err
		}
		h, ok, err := f.header(at, size)
		switch {
		case err != nil:
			return Block{}, err
		case !ok:
			next, err := f.resume(at, size)
			return Block{Kind: Damaged, At: at, Next: next}, err
		case at+headerSize+int64(h.length) > size: // not written yet, unless whole ones follow
			next, err := f.resume(at, size)
			return Block{Kind: Damaged, At: at, Next: next, Messages: int(h.messages)}, err
		}
		b := Block{Kind: h.kind, At: at, Next: at + headerSize + int64(h.length), Messages: int(h.messages), From: h.from, Until: h.until}
		if h.kind != keyed {
			return b, f.body(&b)
		}
		at = b.Next
	}
}

func (f *File) header(at, size int64) (header, bool, error) {
	if at+headerSize > size {
		return header{}, false, ErrMore
	}
	var b [headerSize]byte
	if _, err := f.r.ReadAt(b[:], at); err != nil {
		return header{}, false, err
	}
	h, ok := parseHeader(b[:])
	return h, ok, nil
}

// resume finds the next block behind at that begins with a good header.
func (f *File) resume(at, size int64) (int64, error) {
	const step = 64 << 10
	buf := make([]byte, step+headerSize-1)
	for at++; at+headerSize <= size; at += step {
		n, err := f.r.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		for i := 0; ; i++ {
			found := bytes.Index(buf[i:n], []byte(magic))
			if found < 0 {
				break
			}
			i += found
			if _, ok := parseHeader(buf[i:n]); ok {
				return at + int64(i), nil
			}
		}
	}
	return 0, ErrMore
}

// body reads the pieces of b, or makes it Damaged.
func (f *File) body(b *Block) error {
	if b.Kind != Body {
		return nil
	}
	sealed := make([]byte, b.Next-b.At-headerSize)
	if _, err := f.r.ReadAt(sealed, b.At+headerSize); err != nil {
		return err
	}
	if f.data == nil {
		if err := f.loadKey(); err != nil {
			return err
		}
	}
	b.Kind = Damaged
	if f.data == nil {
		return nil
	}
	clear, err := f.data.aead.Decrypt(sealed, f.data.place(b.At))
	if err != nil {
		return nil
	}
	if pieces, err := parsePieces(clear); err == nil {
		b.Kind, b.Pieces = Body, pieces
	}
	return nil
}

// loadKey reads the data key at the beginning of the file. It stays nil when it cannot be opened.
func (f *File) loadKey() error {
	size, err := f.size()
	if err != nil {
		return err
	}
	h, ok, err := f.header(0, size)
	if err != nil || !ok || h.kind != keyed {
		return err
	}
	sealed := make([]byte, h.length)
	if _, err := f.r.ReadAt(sealed, headerSize); err != nil {
		return err
	}
	if key, err := f.key.dataKey(sealed, f.name); err == nil {
		f.data = key
	}
	return nil
}

// Torn returns how many bytes follow at, of a file that nobody writes any more.
func (f *File) Torn(at int64) (int64, error) {
	size, err := f.size()
	return size - at, err
}
