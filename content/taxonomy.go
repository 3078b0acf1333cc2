package content

import (
	"embed"
	"io/fs"
)

//go:embed taxonomy/*.yml
var taxonomy embed.FS

// Taxonomy holds the files of taxonomy/ at its root: event.LoadTaxonomy reads them.
func Taxonomy() fs.FS {
	sub, err := fs.Sub(taxonomy, "taxonomy")
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // only an invalid path fails
	}
	return sub
}
