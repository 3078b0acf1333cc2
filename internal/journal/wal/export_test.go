package wal

// Parse returns the records of a file, and what stands behind them.
func Parse(text []byte) (first uint64, leaves [][]byte, rest []byte) {
	rest = records(text, func(index uint64, leaf []byte) {
		if leaves == nil {
			first = index
		}
		leaves = append(leaves, leaf)
	})
	return first, leaves, rest
}

// Write is the inverse of Parse.
func Write(first uint64, leaves [][]byte) (text []byte) {
	for i, leaf := range leaves {
		text = appendRecord(text, first+uint64(i), leaf)
	}
	return text
}
