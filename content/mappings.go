package content

import (
	"embed"
	"io/fs"
)

//go:embed mappings/*.yml
var mappings embed.FS

// Mappings holds the files of mappings/ at its root: ehrcsv.LoadMappings reads them.
func Mappings() fs.FS {
	sub, err := fs.Sub(mappings, "mappings")
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // only an invalid path fails
	}
	return sub
}
