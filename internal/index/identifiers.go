package index

import (
	"encoding/binary"
	"errors"
	"fmt"
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
// it was heard in need not be read again.
func (x *Index) keepIdentifiers() error {
	fresh, err := x.cfg.Veil.Fresh()
	if err != nil || fresh == nil {
		return err
	}
	f, err := os.OpenFile(identifiersPath(x.cfg.Dir), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep what was heard of patients: %w", err)
	}
	_, err = f.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(fresh))), fresh...))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep what was heard of patients: %w", err)
	}
	return nil
}
