package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// identifiersPath is the file that holds, sealed, what was heard of patients, so that a restart forgets nothing of it. It grows by
// what is new, in pieces with their lengths before them.
func identifiersPath(dir string) string { return filepath.Join(dir, "identifiers") }

// recallIdentifiers takes up what the file holds. A piece that was half written is the last, and is left out: its entries are read
// again. After one that cannot be read, as with another key, the file begins anew.
func (x *Index) recallIdentifiers() error {
	text, err := os.ReadFile(identifiersPath(x.cfg.Dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("recall what was heard of patients: %w", err)
	}
	whole := 0
	for rest := text; len(rest) >= 4; {
		size := int(binary.LittleEndian.Uint32(rest))
		if size > len(rest)-4 || x.cfg.Veil.Recall(rest[4:4+size]) != nil {
			break
		}
		rest = rest[4+size:]
		whole = len(text) - len(rest)
	}
	if whole == len(text) {
		return nil
	}
	if err := os.Truncate(identifiersPath(x.cfg.Dir), int64(whole)); err != nil {
		return fmt.Errorf("recall what was heard of patients: %w", err)
	}
	return nil
}

// keepIdentifiers makes durable what was heard of patients since. It comes before the mark, which says that the entries
// it was heard in need not be read again. What cannot be written is written the next time: the veil tells it once. It is called by
// one goroutine at a time.
func (x *Index) keepIdentifiers() error {
	fresh, err := x.cfg.Veil.Fresh()
	if err != nil {
		return err
	}
	if fresh != nil {
		x.unkept = append(binary.LittleEndian.AppendUint32(x.unkept, uint32(len(fresh))), fresh...)
	}
	if len(x.unkept) == 0 {
		return nil
	}
	if err := appendDurably(identifiersPath(x.cfg.Dir), x.unkept); err != nil {
		return fmt.Errorf("keep what was heard of patients: %w", err)
	}
	x.unkept = nil
	return nil
}

// appendDurably appends all of text to a file, or nothing: half a piece would hide those behind it.
func appendDurably(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync()); err != nil {
		err = errors.Join(err, f.Truncate(end))
	}
	return errors.Join(err, f.Close())
}
