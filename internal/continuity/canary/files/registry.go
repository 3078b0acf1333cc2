// Package files lays decoy files into folders and watches them: the machine of a share, of an image cache or of an engine tells within
// a moment when somebody encrypts, renames, deletes or opens what nobody needs.
//
// What lies where stands in a registry, a YAML file of the machine. The Watcher hears from the system when something changes in
// the folders, looks at the decoys themselves from time to time in case it did not hear, and plants a file now and then to see whether it would. It
// costs nothing while nothing happens in the folders.
//
// That a file was opened is told on Linux only, and by whom only to a watcher that runs as root (fanotify). On Windows opening is seen by the system's own audit
// of files (event 4663), which a node reads: see docs/adding/canary.md.
package files

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/continuity/canary"
)

// Decoy is a canary of the kind file, and what it looked like when it was laid out.
type Decoy struct {
	canary.Canary `yaml:",inline"`

	Path     string    `yaml:"path"`
	Size     int64     `yaml:"size"`
	SHA256   string    `yaml:"sha256"`
	Modified time.Time `yaml:"modified"`
	// Lost is when it was found changed or gone; it is not watched any more then. Act says how.
	Lost time.Time  `yaml:"lost,omitempty"`
	Act  canary.Act `yaml:"act,omitempty"`
}

// Registry is the file in which the decoys of a machine stand. Allow entries are written into it by hand.
type Registry struct {
	Decoys []Decoy `yaml:"decoys"`
}

const (
	mostRegistry = 8 << 20 // bytes
	mostDecoys   = 10_000
)

// ReadRegistry reads a registry; one that is not there is empty.
func ReadRegistry(path string) (Registry, error) {
	var r Registry
	text, err := strict.ReadFile(path, mostRegistry)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, nil
	case err != nil:
		return r, fmt.Errorf("read the registry of decoys: %w", err)
	}
	if err := strict.Decode(text, &r); err != nil {
		return Registry{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, r.check(path)
}

func (r *Registry) check(path string) error {
	if len(r.Decoys) > mostDecoys {
		return fmt.Errorf("%s: more than %d decoys", path, mostDecoys)
	}
	ids, paths := map[string]bool{}, map[string]bool{}
	for i := range r.Decoys {
		d := &r.Decoys[i]
		if err := d.Check(); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		switch {
		case d.Kind != canary.File:
			return fmt.Errorf("%s: canary %s: kind: only files lie on a machine", path, d.ID)
		case !filepath.IsAbs(d.Path):
			return fmt.Errorf("%s: canary %s: path: name it from the root on", path, d.ID)
		case ids[d.ID] || paths[d.Path]:
			return fmt.Errorf("%s: canary %s: it, or its path, stands there twice", path, d.ID)
		}
		ids[d.ID], paths[d.Path] = true, true
	}
	return nil
}

// Update reads a registry, changes it and writes it, while nobody else does.
func Update(path string, change func(*Registry) error) (err error) {
	unlock, err := lock(path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	r, err := ReadRegistry(path)
	if err != nil {
		return err
	}
	if err := change(&r); err != nil {
		return err
	}
	if err := r.check(path); err != nil {
		return err
	}
	var text bytes.Buffer
	text.WriteString("# The decoy files of this machine (wardline canary add, list, rm). Keep it from those whom it is to catch.\n")
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write the registry of decoys: %w", err)
	}
	return writeDurably(path, text.Bytes())
}

const (
	lockPatience = 5 * time.Second
	lockStale    = time.Minute // after which who took it is taken for dead: it is held for less than a second
)

func lock(path string) (unlock func(), err error) {
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			_ = f.Close()                              // it is empty
			return func() { _ = os.Remove(path) }, nil // one that stays is stale in a minute
		}
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrPermission) { // Windows says the latter of a file that is just being removed
			return nil, fmt.Errorf("lock the registry of decoys: %w", err)
		}
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > lockStale {
			_ = os.Remove(path)
			continue
		}
		if time.Since(begun) > lockPatience {
			return nil, fmt.Errorf("the registry of decoys is being changed by somebody else: try again, and remove %s if nobody is", path)
		}
	}
}

// writeDurably puts a file in the place of the one before, whole or not at all.
func writeDurably(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new")
	if err != nil {
		return fmt.Errorf("write the registry of decoys: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write the registry of decoys: %w", err)
	}
	return nil
}

// find is the decoy of an id; nil when there is none.
func (r *Registry) find(id string) *Decoy {
	if i := slices.IndexFunc(r.Decoys, func(d Decoy) bool { return d.ID == id }); i >= 0 {
		return &r.Decoys[i]
	}
	return nil
}
