package content

import (
	"embed"
	"io/fs"
)

//go:embed rules
var rules embed.FS

// Rules holds the files of rules/ at its root: detection rules (.yml), each with its test
// (.test) beside it.
func Rules() fs.FS {
	sub, err := fs.Sub(rules, "rules")
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // only an invalid path fails
	}
	return sub
}
