package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/continuity/canary"
)

// Add lays a first and a last decoy into each folder and enters them. Nothing that is there is ever overwritten.
func Add(registry string, folders []string, now time.Time, dice *rand.Rand) (added []Decoy, err error) {
	err = Update(registry, func(r *Registry) error {
		for _, folder := range folders {
			for _, p := range []canary.Place{canary.First, canary.Last} {
				d, err := place(folder, p, now, dice)
				if err != nil {
					return err
				}
				added = append(added, d)
				r.Decoys = append(r.Decoys, d)
			}
		}
		return nil
	})
	if err != nil {
		for i := range added {
			_ = os.Remove(added[i].Path) // it was never entered
		}
		return nil, err
	}
	return added, nil
}

// Missing lists the folders in which no decoy lies that is whole.
func (r *Registry) Missing(folders []string) (missing []string) {
	for _, folder := range folders {
		whole := func(d Decoy) bool { return d.Lost.IsZero() && filepath.Dir(d.Path) == filepath.Clean(folder) }
		if !slices.ContainsFunc(r.Decoys, whole) {
			missing = append(missing, folder)
		}
	}
	return missing
}

// place lays one decoy into a folder. It looks as if it had lain there for months.
func place(folder string, p canary.Place, now time.Time, dice *rand.Rand) (Decoy, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return Decoy{}, fmt.Errorf("lay a decoy: %w", err)
	}
	made := canary.MakeFile(folder, p, now, dice)
	d := Decoy{Canary: made.Canary, Path: filepath.Join(folder, made.Name), Size: int64(len(made.Bytes))}
	sum := sha256.Sum256(made.Bytes)
	d.SHA256 = hex.EncodeToString(sum[:])
	mode := fs.FileMode(0o640)
	if info, err := os.Stat(folder); err == nil {
		mode = info.Mode().Perm() &^ 0o111 // whoever can change the folder's files is to be able to change this one
	}
	f, err := os.OpenFile(d.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o600)
	if err != nil {
		return Decoy{}, fmt.Errorf("lay a decoy: %w", err)
	}
	_, err = f.Write(made.Bytes)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Chmod(d.Path, mode|0o600)
	}
	age := time.Duration(30+dice.IntN(300)) * 24 * time.Hour
	if old := now.Add(-age).Truncate(time.Second); err == nil {
		err = os.Chtimes(d.Path, old, old)
	}
	info, stat := os.Lstat(d.Path)
	if err = errors.Join(err, stat); err != nil {
		_ = os.Remove(d.Path)
		return Decoy{}, fmt.Errorf("lay a decoy: %w", err)
	}
	d.Modified = info.ModTime().UTC()
	return d, nil
}

// ErrUnknown says that the registry has no decoy of an id.
var ErrUnknown = errors.New("no decoy of that id: see wardline canary list")

// Remove takes decoys away and out of the registry. The file of one that was changed stays where it is: it is evidence, or somebody's. kept lists those.
// The registry changes first, so that no watcher takes it for an attack.
func Remove(registry string, ids []string) (kept []string, err error) {
	var gone []Decoy
	err = Update(registry, func(r *Registry) error {
		for _, id := range ids {
			d := r.find(id)
			if d == nil {
				return fmt.Errorf("%s: %w", id, ErrUnknown)
			}
			gone = append(gone, *d)
			r.Decoys = slices.DeleteFunc(r.Decoys, func(d Decoy) bool { return d.ID == id })
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range gone {
		sum, err := sumOf(gone[i].Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && sum == gone[i].SHA256:
			err = os.Remove(gone[i].Path)
		}
		if err != nil || sum != gone[i].SHA256 {
			kept = append(kept, gone[i].Path)
		}
	}
	return kept, nil
}

// mostBytes is more than any decoy has: what has more was changed.
const mostBytes = 4 << 20

// sumOf is the SHA-256 of a decoy's bytes.
func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, mostBytes+1)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
