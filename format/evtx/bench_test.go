package evtx_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/evtx"
	"github.com/wardline/wardline/format/formattest"
)

// BenchmarkReader reads the public samples one after another from memory.
func BenchmarkReader(b *testing.B) {
	paths, err := filepath.Glob(filepath.Join(formattest.Corpora(b, "evtx"), "files", "*", "*.evtx.gz"))
	if err != nil {
		b.Fatal(err)
	}
	var files [][]byte
	size := 0
	for _, path := range paths {
		files = append(files, gunzip(b, path))
		size += len(files[len(files)-1])
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	events, out := 0, 0
	for b.Loop() {
		for _, file := range files {
			n, m := drain(b, file)
			events += n
			out += m
		}
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(out)/b.Elapsed().Seconds()/1e6, "JSON-MB/s")
}

func drain(tb testing.TB, file []byte) (records, written int) {
	r := evtx.NewReader(bytes.NewReader(file), evtx.DefaultLimits())
	var rec evtx.Record
	for {
		err := r.Next(&rec)
		var damage *evtx.Damage
		switch {
		case err == nil:
			records++
			written += len(rec.JSON)
		case err == io.EOF:
			return records, written
		case !errors.As(err, &damage):
			tb.Fatal(err)
		}
	}
}
