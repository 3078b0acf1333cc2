package hl7_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
)

// Values on which two independent parsers agree.
func TestCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "hl7v2")
	f, err := os.Open(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	messages, equal, single := 0, 0, 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var want struct {
			File     string
			Messages int `json:"messages_in_file"`
			Agreed   map[string]any
			Single   map[string]any `json:"python_hl7_only"` // where the other parser gave up
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, want.File))
		if err != nil {
			t.Fatal(err)
		}
		first, n := readAll(t, text)
		if n != want.Messages {
			t.Errorf("%s: %d messages, want %d", want.File, n, want.Messages)
		}
		messages += n
		for place, value := range want.Agreed {
			if agrees(first, place, value) {
				equal++
			} else {
				t.Errorf("%s: %s differs", want.File, place)
			}
		}
		for place, value := range want.Single {
			if agrees(first, place, value) {
				single++
			} else {
				t.Logf("%s: %s differs from what one parser reads, and the other does not", want.File, place)
			}
		}
	}
	t.Logf("%d messages written as they were read, %d values equal, and %d to what one parser alone reads", messages, equal, single)
}

func readAll(t *testing.T, text []byte) (first hl7.Message, n int) {
	reader := hl7.NewReader(bytes.NewReader(text), hl7.DefaultLimits())
	for {
		m, at, err := reader.Next()
		if err == io.EOF {
			return first, n
		}
		if err != nil {
			t.Fatal(err)
		}
		written := m.Render()
		if !bytes.HasPrefix(text[at:], written) {
			t.Error("a message is not written as it was read")
		}
		if n++; n == 1 {
			first, _ = hl7.Parse(written, hl7.DefaultLimits())
		}
	}
}

func agrees(m hl7.Message, place string, want any) bool {
	if place != "segments" {
		got, ok := m.Get(place)
		return got == want || want == nil && !ok
	}
	var names []any
	for _, s := range m.Segments {
		if name := s.Name(); name != "" {
			names = append(names, name)
		}
	}
	list, ok := want.([]any)
	if !ok || len(list) != len(names) {
		return false
	}
	for i := range list {
		if list[i] != names[i] {
			return false
		}
	}
	return true
}

func TestCorpusStream(t *testing.T) {
	f, err := os.Open(formattest.Corpora(t, "hl7v2", "simhospital", "stream.mllp.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	reader := mllp.NewReader(unpacked, 1<<20)
	kinds := map[string]int{}
	for {
		frame, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil || frame.Kind != mllp.Message {
			t.Fatalf("frame of kind %d, error %v", frame.Kind, err)
		}
		m, err := hl7.Parse(frame.Payload, hl7.DefaultLimits())
		if err != nil || !bytes.Equal(m.Render(), frame.Payload) {
			t.Fatalf("a message is not written as it was read: %v", err)
		}
		kind, _ := m.Get("MSH-9.1")
		kinds[kind]++
	}
	if noise, _ := reader.Noise(); len(kinds) != 3 || noise > 0 {
		t.Errorf("%d kinds, %d bytes between messages", len(kinds), noise)
	}
	t.Logf("messages by kind: %v", kinds)
}
