package literal

import "golang.org/x/sys/cpu"

func hasTeddy() bool { return cpu.X86.HasAVX2 }

// teddyBlocks looks at blocks of 32 places of a text, which goes on for three bytes behind the last, and tells whether anything was found: for each
// block the places, one bit each.
func teddyBlocks(t *teddyTables, text []byte, blocks int, found *[64]uint32) bool {
	text = text[:blocks*teddyBlock+narrow-1]
	return teddyAVX2(t, &text[0], uint64(min(blocks, len(found))), &found[0]) != 0
}

//go:noescape
func teddyAVX2(t *teddyTables, text *byte, blocks uint64, found *uint32) (any uint64)
