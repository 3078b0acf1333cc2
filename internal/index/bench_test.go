package index_test

import (
	"testing"

	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

// BenchmarkRows writes the rows of an invented hospital's events.
func BenchmarkRows(b *testing.B) {
	h := &hospital{entries: 1, each: 10_000, step: 1e6, begin: noon}
	var lines [][]byte
	for _, line := range h.lines(0) {
		lines = append(lines, append([]byte(nil), line...))
	}
	append := index.Rows(past, future, veiltest.New())
	var row []byte
	size, n := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		row, _, _ = append(row[:0], 1, n, lines[n%len(lines)])
		size += len(row)
		n++
	}
	b.ReportMetric(float64(size)/float64(n), "bytes/row")
}
