//go:build !unix

package files

import "io/fs"

// keyOf names a file by its path where there are no inodes.
func keyOf(_ fs.FileInfo, path string) string { return path }
