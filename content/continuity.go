package content

import (
	"embed"
	"io/fs"
)

//go:embed continuity/*.yml continuity/columns/*.yml
var continuity embed.FS

// Continuity holds the files of continuity/ at its root: which services a hospital has, what they are for and what to do without them, and how exports
// that say what rests on what name their columns. internal/continuity/depend reads them.
func Continuity() fs.FS {
	sub, err := fs.Sub(continuity, "continuity")
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // only an invalid path fails
	}
	return sub
}
