package files

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// found is a regular file that is to be followed.
type found struct {
	path string
	info fs.FileInfo
}

// expand lists the regular files at and below the paths, and the folders to watch. Links inside folders are not followed, so
// that no loop can be laid.
func expand(paths []string) (files []found, folders map[string]bool) {
	folders = map[string]bool{}
	for _, pattern := range paths {
		folders[fixedFolder(pattern)] = true
		matches, err := filepath.Glob(pattern)
		if err != nil {
			continue // the pattern was checked
		}
		for _, path := range matches {
			info, err := os.Stat(path)
			switch {
			case err != nil:
			case info.Mode().IsRegular():
				files = append(files, found{path, info})
				folders[filepath.Dir(path)] = true
			case info.IsDir():
				files = append(files, below(path, folders)...)
			}
		}
	}
	return files, folders
}

// mostFolders bounds what is watched; what is deeper is found by the rescan.
const mostFolders = 4096

func below(root string, folders map[string]bool) (files []found) {
	// What cannot be listed now may be later: the rescan looks again.
	_ = filepath.WalkDir(root+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case d.IsDir() && len(folders) < mostFolders:
			folders[filepath.Clean(path)] = true
		case d.Type().IsRegular():
			if info, err := d.Info(); err == nil {
				files = append(files, found{path, info})
			}
		}
		return nil
	})
	return files
}

// fixedFolder is the folder in which the first part of a pattern can change.
func fixedFolder(pattern string) string {
	i := strings.IndexAny(pattern, `*?[\`)
	if i < 0 {
		return filepath.Dir(pattern)
	}
	return filepath.Dir(pattern[:i] + "x")
}

// relatives are the files that a rotation may have made of the one at path: those beside it whose names
// begin with its own (app.log.1, app.log-20260301.gz).
func relatives(path string) (files []found) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	base := filepath.Base(path)
	for _, e := range entries {
		if e.Name() == base || !strings.HasPrefix(e.Name(), base) || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil {
			files = append(files, found{filepath.Join(filepath.Dir(path), e.Name()), info})
		}
	}
	return files
}

// watch tells that something changed in a folder.
type watch struct {
	changes <-chan fsnotify.Event
	errors  <-chan error
	w       *fsnotify.Watcher // nil when the system has none: there is still the rescan
	known   map[string]bool
}

func newWatch(log *slog.Logger) *watch {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("changes of files are found by looking again and again, for the system does not tell of them", "error", err)
		return &watch{known: map[string]bool{}}
	}
	return &watch{changes: w.Events, errors: w.Errors, w: w, known: map[string]bool{}}
}

// follow watches folders that are new.
func (w *watch) follow(folders map[string]bool) {
	if w.w == nil {
		return
	}
	for folder := range folders {
		if !w.known[folder] {
			w.known[folder] = w.w.Add(folder) == nil // one that is not there yet is tried again
		}
	}
	for folder := range w.known {
		if !folders[folder] {
			_ = w.w.Remove(folder) // it may be gone
			delete(w.known, folder)
		}
	}
}

func (w *watch) close() {
	if w.w != nil {
		_ = w.w.Close() // nothing is left to be told
	}
}
