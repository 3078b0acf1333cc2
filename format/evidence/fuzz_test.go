package evidence_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/wardline/wardline/format/evidence"
)

// FuzzParseManifest reads manifests, which must come back byte by byte. A second reader, that knows nothing but JSON, must find the same.
func FuzzParseManifest(f *testing.F) {
	files, err := evidence.Files(newHouse(f, false, "north").bundle(f, 0, 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(files["manifest.json"])
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"about":"\u2028"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := evidence.ParseManifest(text)
		if err != nil {
			return
		}
		if !bytes.Equal(m.Bytes(), text) {
			t.Fatal("it is printed otherwise")
		}
		var other struct {
			Reason  string
			Objects []struct{ Entry uint64 }
		}
		if err := json.Unmarshal(text, &other); err != nil || other.Reason != m.Reason || len(other.Objects) != len(m.Objects) || other.Objects[0].Entry != m.Objects[0].Entry {
			t.Fatalf("another reader reads something else: %v", err)
		}
	})
}

// FuzzReadLeaf reads leaves. Whatever is read is JSON that says its names once.
func FuzzReadLeaf(f *testing.F) {
	f.Add(newHouse(f, false).leaf)
	f.Add(newHouse(f, true).leaf)
	f.Fuzz(func(t *testing.T, text []byte) {
		if evidence.ReadLeaf(text) == nil && (!json.Valid(text) || bytes.Count(text, []byte(`,"sha256":`)) != 1) {
			t.Fatal("it is read and is no leaf")
		}
	})
}
