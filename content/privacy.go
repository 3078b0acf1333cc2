package content

import (
	"embed"
	"io/fs"
)

//go:embed privacy/*.yml
var privacy embed.FS

// Privacy holds the files of privacy/ at its root: the reasons, flags, weights and classes by which accesses to patients'
// records are judged. Load of internal/privacy/judge reads them.
func Privacy() fs.FS {
	sub, err := fs.Sub(privacy, "privacy")
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // only an invalid path fails
	}
	return sub
}
