// Package pairs lends tests HL7 messages of the corpora, each with what a converter that nobody here wrote makes of it in FHIR.
package pairs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/format/fhir"
	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/jcs"
)

// Pair is a message and the resource, mostly a Bundle, that was made of it.
type Pair struct {
	Name     string // of the message's file
	Message  hl7.Message
	Resource fhir.Resource
}

// All reads them one after the other, and skips the test where there are no corpora.
func All(t *testing.T) iter.Seq[*Pair] {
	t.Helper()
	dir := formattest.Corpora(t, "hl7v2")
	return func(yield func(*Pair) bool) {
		index, err := os.Open(filepath.Join(dir, "fhir-pairs.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer index.Close()
		for lines := bufio.NewScanner(index); lines.Scan(); {
			var files struct{ FHIR, HL7 string }
			if err := json.Unmarshal(lines.Bytes(), &files); err != nil {
				t.Fatal(err)
			}
			p := &Pair{Name: files.HL7, Message: message(t, filepath.Join(dir, files.HL7)), Resource: resource(t, filepath.Join(dir, files.FHIR))}
			if !yield(p) {
				return
			}
		}
	}
}

func message(t *testing.T, path string) hl7.Message {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := hl7.NewReader(bytes.NewReader(text), hl7.DefaultLimits()).Next()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func resource(t *testing.T, path string) fhir.Resource {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	r, err := fhir.ParseResource(text, jcs.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return r
}
