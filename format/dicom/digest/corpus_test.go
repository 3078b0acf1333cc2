package digest_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/formattest"
)

// corpus reads every file of the corpus that can be read.
func corpus(t testing.TB) map[string][]byte {
	dir := formattest.Corpora(t, "dicom-files", "files")
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if _, bad := dicom.ParseFile(data, dicom.DefaultLimits()); bad == nil {
			files[path[len(dir)+1:]] = data
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// inMemory digests a file in memory.
func inMemory(t testing.TB, data []byte) digest.Instance {
	t.Helper()
	f, err := dicom.ParseFile(data, dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	in, err := digest.OfFile(&f, digest.DefaultMutable(), dicom.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// A stream gives the digests of the file in memory, however it is cut.
func TestStreamOfCorpus(t *testing.T) {
	for name, data := range corpus(t) {
		want := inMemory(t, data)
		for _, r := range []func() (digest.Instance, error){
			func() (digest.Instance, error) {
				return digest.ReadFile(bytes.NewReader(data), digest.DefaultMutable(), dicom.DefaultLimits())
			},
			func() (digest.Instance, error) {
				return digest.ReadFile(iotest.OneByteReader(bytes.NewReader(data)), digest.DefaultMutable(), dicom.DefaultLimits())
			},
		} {
			got, err := r()
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// The header stays the same in whatever transfer syntax it is written, and so do native pixels.
func TestEncodedCorpus(t *testing.T) {
	for name, data := range corpus(t) {
		f, err := dicom.ParseFile(data, dicom.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		want := inMemory(t, data)
		for _, s := range []dicom.Syntax{dicom.ExplicitLE, dicom.ImplicitLE, dicom.ExplicitBE, dicom.DeflatedLE} {
			out, err := f.DataSet.AppendEncode(nil, s)
			if err == dicom.ErrEncapsulated {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := digest.Read(bytes.NewReader(out), s, digest.DefaultMutable(), dicom.DefaultLimits())
			if err != nil {
				t.Errorf("%s in %s: %v", name, s, err)
			}
			got.Syntax, got.Polyglot = want.Syntax, want.Polyglot
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("%s in %s: %s", name, s, diff)
			}
		}
	}
}
