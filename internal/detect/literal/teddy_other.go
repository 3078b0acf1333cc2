//go:build !amd64

package literal

func hasTeddy() bool { return false }

func teddyBlocks(*teddyTables, []byte, int, *[64]uint32) bool { return false }
