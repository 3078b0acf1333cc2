package segment_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/internal/journal/segment"
)

func TestBodiesAreReadWhereTheyWereAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "event", "1")
	w, err := segment.Create(path, []byte("meta"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r, err := segment.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if meta, good, err := r.Meta(); err != nil || good != 2 || string(meta) != "meta" {
		t.Errorf("meta %q, %d copies, %v", meta, good, err)
	}
	at := w.Offset()
	if at != segment.HeadSize {
		t.Errorf("the first body stands at %d", at)
	}
	for _, body := range []string{"one", "three"} {
		if err := w.Append([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Body(at+3, 5); err != nil || string(got) != "three" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := r.Body(at+3, 6); !errors.Is(err, io.ErrUnexpectedEOF) || got != nil {
		t.Errorf("behind the end: %q, %v", got, err)
	}
	if _, err := segment.Create(path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the segment was made again: %v", err)
	}
	if _, err := segment.Create(path+"x", make([]byte, segment.MaxMeta+1)); err == nil {
		t.Error("a head was written that is too large")
	}
}

func TestOneCopyOfTheHeadIsEnough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "1")
	w, err := segment.Create(path, bytes.Repeat([]byte("k"), segment.MaxMeta))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	half := len(good) / 2
	for at := 0; at < half; at += 97 {
		bad := bytes.Clone(good)
		bad[at] ^= 4
		meta, copies, err := read(t, path, bad)
		if err != nil || copies != 1 || len(meta) != segment.MaxMeta {
			t.Fatalf("byte %d of the first changed: %d bytes, %d copies, %v", at, len(meta), copies, err)
		}
		bad[half+at] ^= 4
		if meta, _, err := read(t, path, bad); !errors.Is(err, segment.ErrHead) || meta != nil {
			t.Fatalf("byte %d of both changed: %v", at, err)
		}
	}
}

func read(tb testing.TB, path string, content []byte) ([]byte, int, error) {
	tb.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	r, err := segment.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	return r.Meta()
}

func TestALinkIsNoSegment(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := segment.Open(filepath.Join(dir, "link")); err == nil {
		t.Error("it was followed")
	}
}

// FuzzMeta reads heads. One that can be read must be one that Create writes.
func FuzzMeta(f *testing.F) {
	path := filepath.Join(f.TempDir(), "1")
	w, err := segment.Create(path, []byte("meta"))
	if err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("wardline segment\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		meta, copies, err := read(t, filepath.Join(dir, "1"), content)
		if err != nil {
			return
		}
		again := filepath.Join(dir, "2")
		w, err := segment.Create(again, meta)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(again)
		if err != nil {
			t.Fatal(err)
		}
		whole := min(len(content), len(want))
		if copies == 2 && !bytes.Equal(content[:whole], want[:whole]) {
			t.Fatalf("a head of another form was read: %q", meta)
		}
	})
}
