//go:build unix

package files

import (
	"io/fs"
	"strconv"
	"syscall"
)

// keyOf names a file by its device and inode.
func keyOf(info fs.FileInfo, path string) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(uint64(s.Dev), 10) + ":" + strconv.FormatUint(uint64(s.Ino), 10)
	}
	return path
}
