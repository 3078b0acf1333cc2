package indicator_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// recorded reads at most n events of public recordings, each one line of JSON.
func recorded(t testing.TB, topic, pattern string, n int) (events []*event.Event, size int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(formattest.Corpora(t, topic), pattern))
	if err != nil || len(files) == 0 {
		t.Skip("no recordings in the corpora")
	}
	for _, file := range files {
		for _, line := range bytes.Split(gunzip(t, file), []byte("\n")) {
			ev := &event.Event{Fields: line}
			if len(events) < n && ev.Index.Scan(line, jsonl.DefaultLimits()) == nil {
				events = append(events, ev)
				size += len(line)
			}
		}
	}
	return events, size
}

func gunzip(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
