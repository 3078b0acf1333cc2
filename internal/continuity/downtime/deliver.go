package downtime

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// FileName is that of a sealed pack: the unit, and when its data was taken, so that the newest comes last.
func FileName(unit string, data time.Time, kind string) string {
	return prefixOf(unit) + data.UTC().Format("20060102T150405Z") + "." + kind + ".age"
}

// prefixOf is how the names of a unit's packs begin. Whatever may not stand in a file's name is a line, and a sum of the name keeps units apart that differ in that alone.
func prefixOf(unit string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_':
			return r
		}
		return '_'
	}, unit)
	name = name[:min(len(name), 40)]
	if name != unit {
		sum := uint32(2166136261) // FNV-1a
		for i := range len(unit) {
			sum = (sum ^ uint32(unit[i])) * 16777619
		}
		name = fmt.Sprintf("%s_%08x", name, sum)
	}
	return "pack-" + name + "-"
}

// Deliver lays a sealed pack into folders, each whole or not at all, and lets go of the unit's older ones there: keep stay. A folder that cannot be written keeps
// no other from getting its pack; the error names each that failed.
func Deliver(folders []string, unit, name string, sealed []byte, keep int) error {
	var failed []error
	for _, dir := range folders {
		if err := put(dir, name, sealed, 0o644); err != nil { // sealed: whoever may read the folder has the pack, and not what stands in it
			failed = append(failed, fmt.Errorf("lay a downtime pack into a folder: %w", err))
			continue
		}
		if err := prune(dir, unit, max(keep, 1)); err != nil {
			failed = append(failed, fmt.Errorf("let go of old downtime packs: %w", err))
		}
	}
	return errors.Join(failed...)
}

// put writes a file so that it is there whole or not at all, whenever the power goes.
func put(dir, name string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(dir, ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}

// syncDir makes a name durable. Not every file system of a share can: then the file is there, and its name comes with the next write.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// prune deletes a unit's packs but the newest, each kind by itself, and halves that a crash left an hour ago.
func prune(dir, unit string, keep int) error {
	entries, err := os.ReadDir(dir) // by name, and so by age
	if err != nil {
		return err
	}
	byKind := map[string][]string{}
	var failed []error
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), prefixOf(unit))
		stamp, kind, ok := strings.Cut(rest, ".")
		if ours && ok && len(stamp) == len("20060102T150405Z") && strings.HasSuffix(kind, ".age") && e.Type().IsRegular() {
			byKind[kind] = append(byKind[kind], e.Name())
		}
		if strings.HasPrefix(e.Name(), ".new-") && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Hour {
				failed = append(failed, os.Remove(filepath.Join(dir, e.Name())))
			}
		}
	}
	for _, names := range byKind {
		slices.Sort(names)
		for _, name := range names[:max(0, len(names)-keep)] {
			failed = append(failed, os.Remove(filepath.Join(dir, name)))
		}
	}
	return errors.Join(failed...)
}

// ErrThere says that a file is there already, and that nothing was written over it.
var ErrThere = errors.New("the file is there already: choose another name, or remove it first")

// OpenFile opens a sealed pack and writes it where the person says: whole or not at all, for this person alone, and never over another file.
func OpenFile(path string, k *Key, out string) error {
	plain, err := ReadFile(path, k)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s: %w", out, ErrThere)
	}
	if err := put(filepath.Dir(out), filepath.Base(out), plain, 0o600); err != nil {
		return fmt.Errorf("write the opened pack: %w", err)
	}
	return nil
}

// ReadFile opens a sealed pack in memory.
func ReadFile(path string, k *Key) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plain, err := k.Open(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return plain, nil
}

// NeedsPassphrase tells by the head of a file whether it was sealed with a passphrase, so that a person is asked for the right thing.
func NeedsPassphrase(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	const head = "age-encryption.org/v1\n-> scrypt "
	text, err := io.ReadAll(io.LimitReader(f, int64(len(head))))
	return string(text) == head, err
}
