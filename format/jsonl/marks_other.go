//go:build !amd64

package jsonl

// markBlocks marks text, of whole blocks of 64 bytes: in stops quotes, control characters and bytes of 0x80 and more, in slashes backslashes.
func markBlocks(text, stops, slashes []byte) { markBlocksPortable(text, stops, slashes) }
