// Package strict reads the YAML that people write for a program: what it does not know it refuses, for a key that nobody reads is a wish that nobody grants.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"
)

// ErrDocuments says that a file holds several documents, of which only the first would be read.
var ErrDocuments = errors.New("it holds more than one document: each has a file of its own")

// Decode reads the one document that text is. A key that into does not have is refused, with its line. An empty text says nothing, and leaves into as it is.
func Decode(text []byte, into any) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	err := d.Decode(into)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return ErrDocuments
	}
	return nil
}

// ReadFile reads a file of no more than most bytes.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s: more than %d bytes", path, most)
	}
	return text, err
}
