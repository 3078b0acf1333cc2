package jsonl

import "golang.org/x/sys/cpu"

// markBlocks marks text, of whole blocks of 64 bytes: in stops quotes, control characters and bytes of 0x80 and more, in slashes backslashes.
func markBlocks(text, stops, slashes []byte) {
	if !cpu.X86.HasAVX2 {
		markBlocksPortable(text, stops, slashes)
		return
	}
	if n := len(text) / blockBytes; n > 0 {
		markBlocksAVX2(&text[0], n, &stops[:8*n][0], &slashes[:8*n][0])
	}
}

//go:noescape
func markBlocksAVX2(text *byte, blocks int, stops, slashes *byte)
