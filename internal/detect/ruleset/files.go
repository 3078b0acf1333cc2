package ruleset

import (
	"io"
	"io/fs"

	"github.com/wardline/wardline/format/sigma"
)

// LoadFiles reads the named rule files of a file system; name stands before their paths. A file
// that cannot be opened is a problem of that file.
func LoadFiles(fsys fs.FS, name string, files []string, o sigma.Options) Set {
	sources := make([]File, len(files))
	for i, file := range files {
		sources[i] = File{name + file, func() (io.ReadCloser, error) { return fsys.Open(file) }}
	}
	return Parse(sources, o)
}
