package files

import (
	"io/fs"
	"strconv"
	"syscall"
)

// keyOf names a file by its device and inode. It is logged; a path is not, which may name a patient.
func keyOf(info fs.FileInfo) string {
	s := info.Sys().(*syscall.Stat_t) // wherever a node runs
	return strconv.FormatUint(uint64(s.Dev), 10) + ":" + strconv.FormatUint(uint64(s.Ino), 10)
}
