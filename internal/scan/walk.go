package scan

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// file is one input as found on disk, or standard input.
type file struct {
	path string // as given, joined with what lies below a given folder
	size int64  // 0 when unknown
}

// Stdin is the path that stands for standard input.
const Stdin = "-"

// walk lists the regular files at and below paths, folders in the order of their names.
// Links inside folders are not followed, so that no loop can be laid. What cannot be
// listed is reported and passed over.
func walk(ctx context.Context, paths []string, lost func(path string, err error)) []file {
	var files []file
	for _, path := range paths {
		if path == Stdin {
			files = append(files, file{path: Stdin})
			continue
		}
		err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				lost(p, err)
				return nil
			case d.IsDir():
				return nil
			}
			info, err := os.Stat(p)
			if err != nil || !d.Type().IsRegular() && p != path {
				return nil
			}
			if info.IsDir() { // a link given by name to a folder
				files = append(files, walk(ctx, []string{p + string(filepath.Separator)}, lost)...)
				return nil
			}
			files = append(files, file{p, info.Size()})
			return nil
		})
		if err != nil {
			return files
		}
	}
	return files
}

func (f file) open() (io.ReadCloser, error) {
	if f.path == Stdin {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(f.path)
}

// seekable returns the open file when it can be read at any place.
func (f file) seekable(in io.ReadCloser) *os.File {
	if disk, ok := in.(*os.File); ok && f.path != Stdin {
		return disk
	}
	return nil
}
