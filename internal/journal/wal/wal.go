// Package wal keeps leaves that are durable and have no place in the tree yet: a write-ahead log of two files that take turns.
//
// To put a leaf into the tree takes half a dozen syncs of the disk, and whole files are written anew for it. To write it here takes one, of blocks that the file has
// already. So a sender is answered when its leaf is here, and the tree takes what has come in some tenth of a second at once.
//
//	leaves ──► file 0 │ 41 │ 42 │ 43 │ 0 0 0 …     Turn: from here on file 1 is written to,
//	           file 1 │ 0 0 0 0 0 0 0 0 0 0 …      and file 0 is used again when the tree has all of it
//
// A record is a length (4 bytes), the index of the leaf (8 bytes), the leaf and a CRC-32C of all three (4 bytes), numbers with the high byte first. Records of a file
// follow each other without a gap in their indices, and behind them are zeros; what a crash cut off is told by that.
package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

const (
	// MaxLeaf is how many bytes a leaf may have: as many as fit into a bundle of C2SP tlog-tiles.
	MaxLeaf = 1<<16 - 1

	fileSize  = 1 << 20 // bytes: some hundred leaves
	mostAhead = 200     // leaves in a file
	around    = 4 + 8 + 4
)

// Log is open for writing. It belongs to one goroutine at a time.
type Log struct {
	files  [2]*os.File
	at     int      // the file that is written to
	used   [2]int64 // bytes of each, from its beginning, that may be other than zero
	offset int64    // in that file
	leaves int      // in it
}

// Open opens the log in a folder, or makes one there. Before Append the names in the folder must be made durable, and Clear be called: what is there is of an
// earlier start.
func Open(dir string) (*Log, error) {
	l := &Log{}
	for i := range l.files {
		file, err := openFile(path(dir, i))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open write-ahead log: %w", err), l.Close())
		}
		l.files[i], l.used[i] = file, fileSize
	}
	return l, nil
}

func path(dir string, file int) string { return filepath.Join(dir, strconv.Itoa(file)) }

// openFile opens a file of fileSize bytes. Its blocks are on the disk before it has its name, so that to write them later changes nothing but them.
func openFile(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && info.Size() == fileSize {
		return os.OpenFile(path, os.O_RDWR, 0)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	fresh := path + ".new"
	file, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = file.Write(make([]byte, fileSize)); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(fresh))
	}
	return file, nil
}

// Fit tells how many of the leaves, from the first on, have room before the next Turn.
func (l *Log) Fit(leaves [][]byte) int {
	end := l.offset
	for n, leaf := range leaves {
		if end += int64(around + len(leaf)); end > fileSize || l.leaves+n == mostAhead {
			return n
		}
	}
	return len(leaves)
}

// Append writes leaves that have room, of which the first has that index, behind those that were appended before. They are durable when
// it returns. After an error nothing more may be appended.
func (l *Log) Append(index uint64, leaves [][]byte) error {
	var b []byte
	for i, leaf := range leaves {
		b = appendRecord(b, index+uint64(i), leaf)
	}
	l.used[l.at] = max(l.used[l.at], l.offset+int64(len(b)))
	if _, err := l.files[l.at].WriteAt(b, l.offset); err != nil {
		return fmt.Errorf("write leaves ahead: %w", err)
	}
	if err := syncData(l.files[l.at]); err != nil {
		return fmt.Errorf("sync leaves ahead: %w", err)
	}
	l.offset, l.leaves = l.offset+int64(len(b)), l.leaves+len(leaves)
	return nil
}

func appendRecord(b []byte, index uint64, leaf []byte) []byte {
	from := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(leaf)))
	b = binary.BigEndian.AppendUint64(b, index)
	b = append(b, leaf...)
	return binary.BigEndian.AppendUint32(b, checksum(b[from:]))
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// Turn goes on with the other file. The tree must have all that is there, and durably.
func (l *Log) Turn() error {
	l.at, l.offset, l.leaves = 1-l.at, 0, 0
	return l.wipe(l.at) // durable with the next Append: before that it does no harm
}

// Clear forgets everything. The tree must have it, and durably.
func (l *Log) Clear() error {
	l.at, l.offset, l.leaves = 0, 0, 0
	for i, file := range l.files {
		if err := errors.Join(l.wipe(i), syncData(file)); err != nil {
			return fmt.Errorf("clear write-ahead log: %w", err)
		}
	}
	return nil
}

// wipe writes zeros over what stands in a file.
func (l *Log) wipe(file int) error {
	_, err := l.files[file].WriteAt(make([]byte, l.used[file]), 0)
	if err == nil {
		l.used[file] = 0
	}
	return err
}

// Close closes the files.
func (l *Log) Close() error {
	var err error
	for _, file := range l.files {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	return err
}

// ErrGap says that leaves are missing between the end of a tree and what was written ahead of it.
var ErrGap = errors.New("leaves were written ahead of others that the log does not have")

// Read returns the leaves of the log in dir from an index on, which is the size of the tree, none when there is no log. It changes nothing.
func Read(dir string, size uint64) ([][]byte, error) {
	ahead := map[uint64][]byte{}
	for i := range len(Log{}.files) {
		text, err := os.ReadFile(path(dir, i))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read write-ahead log: %w", err)
		}
		records(text, func(index uint64, leaf []byte) {
			if index >= size {
				ahead[index] = leaf
			}
		})
	}
	var leaves [][]byte
	for leaf, there := ahead[size]; there; leaf, there = ahead[size+uint64(len(leaves))] {
		leaves = append(leaves, leaf)
	}
	if len(leaves) < len(ahead) {
		return leaves, ErrGap
	}
	return leaves, nil
}

// records hands on the records of a file, up to the first that is not the next, and returns what stands behind them.
func records(text []byte, take func(index uint64, leaf []byte)) (rest []byte) {
	for next, first := uint64(0), true; len(text) >= around; first = false {
		n := int64(binary.BigEndian.Uint32(text))
		if n == 0 || n > MaxLeaf || n+around > int64(len(text)) {
			break
		}
		index, end := binary.BigEndian.Uint64(text[4:]), 4+8+n
		if checksum(text[:end]) != binary.BigEndian.Uint32(text[end:]) || !first && index != next {
			break
		}
		take(index, text[12:end:end])
		next, text = index+1, text[end+4:]
	}
	return text
}

// Tidy tells whether a file of the log holds nothing but records and zeros. One that does not was cut off by a crash, or is being written, or somebody changed it.
func Tidy(path string) (bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	rest := records(text, func(uint64, []byte) {})
	return len(text) == fileSize && len(bytes.TrimLeft(rest, "\x00")) == 0, nil
}
