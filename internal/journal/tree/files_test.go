package tree_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/tessera/api"
	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/internal/journal/tree"
)

// grown writes a log of so many leaves.
func grown(tb testing.TB, size int) (dir string, files tree.Files) {
	tb.Helper()
	private, _, err := note.GenerateKey(rand.Reader, "log.example")
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		tb.Fatal(err)
	}
	dir = filepath.Join(tb.TempDir(), "log")
	t, err := tree.Open(tb.Context(), dir, signer, time.Millisecond)
	if err != nil {
		tb.Fatal(err)
	}
	defer t.Stop()
	for n := 0; n < size; {
		var wait []func() (uint64, error)
		for range min(100, size-n) {
			wait = append(wait, t.Add(tb.Context(), fmt.Appendf(nil, "leaf %d", n)))
			n++
		}
		for _, w := range wait {
			if _, err := w(); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := t.Shutdown(context.WithoutCancel(tb.Context())); err != nil {
		tb.Fatal(err)
	}
	return dir, tree.NewFiles(dir)
}

func TestAllReadersOfALogAgree(t *testing.T) {
	for _, size := range []int{1, 100, 256, 257, 600} {
		_, files := grown(t, size)
		state, root, found, err := files.State()
		if err != nil || !found || state != uint64(size) {
			t.Fatalf("size %d: %d, %v, %v", size, state, found, err)
		}
		if derived, err := files.RootAt(t.Context(), state); err != nil || !bytes.Equal(derived, root) {
			t.Errorf("size %d: the tiles lead to %x, the state is %x, %v", size, derived, root, err)
		}
		var walked, read, salvaged []string
		roots, err := files.Walk(t.Context(), state, nil, func(file string, leaf uint64, reason string) {
			t.Errorf("size %d: %s, leaf %d: %s", size, file, leaf, reason)
		}, func(_ uint64, leaf []byte) error { walked = append(walked, string(leaf)); return nil })
		if h := roots[state]; err != nil || !bytes.Equal(h[:], root) {
			t.Errorf("size %d: walking leads to %x, %v", size, h, err)
		}
		for next := uint64(0); next < state; {
			leaves, err := files.Leaves(t.Context(), next, state)
			if err != nil {
				t.Fatal(err)
			}
			for _, leaf := range leaves {
				read = append(read, string(leaf))
			}
			next += uint64(len(leaves))
		}
		for leaf := range files.Salvage() {
			salvaged = append(salvaged, string(leaf))
		}
		if len(walked) != size || walked[size-1] != fmt.Sprintf("leaf %d", size-1) {
			t.Errorf("size %d: walked over %d leaves", size, len(walked))
		}
		if diff := cmp.Diff(read, walked); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(salvaged, walked); diff != "" {
			t.Error(diff)
		}
	}
}

// TestAnOlderTreeIsCopiedFromAYoungerOne: the copy of 300 leaves of 600 is what the log was at 300.
func TestAnOlderTreeIsCopiedFromAYoungerOne(t *testing.T) {
	_, files := grown(t, 600)
	dir := t.TempDir()
	put := func(path string, content []byte) error {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o600)
	}
	if err := files.Each(t.Context(), 300, put); err != nil {
		t.Fatal(err)
	}
	copied := tree.NewFiles(dir)
	then, err := copied.RootAt(t.Context(), 300)
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range tree.StateFiles(300, [32]byte(then)) {
		if err := put(path, content); err != nil {
			t.Fatal(err)
		}
	}
	problems := map[string]string{}
	leaves := 0
	roots, err := copied.Walk(t.Context(), 300, nil, func(file string, _ uint64, reason string) { problems[file] = reason },
		func(uint64, []byte) error { leaves++; return nil })
	if h := roots[300]; err != nil || len(problems) > 0 || leaves != 300 || !bytes.Equal(h[:], then) {
		t.Errorf("%d leaves, %v, %v", leaves, slices.Collect(maps.Keys(problems)), err)
	}
	if size, _, found, err := copied.State(); size != 300 || !found || err != nil {
		t.Errorf("its state: %d, %v, %v", size, found, err)
	}
}

// TestSalvageTakesTheYoungestVersion plays a batch that failed after it had written a bundle and its tile, and a shorter one that came
// after it.
func TestSalvageTakesTheYoungestVersion(t *testing.T) {
	dir, _ := grown(t, 120)
	longer, _ := grown(t, 256)
	for _, file := range []string{"tile/entries/000", "tile/0/000"} {
		text, err := os.ReadFile(filepath.Join(longer, file))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		before := time.Now().Add(-time.Minute)
		if err := os.Chtimes(path, before, before); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for range tree.NewFiles(dir).Salvage() {
		n++
	}
	if n != 120 {
		t.Errorf("%d leaves were found", n)
	}
}

// FuzzCutBundle holds cutting against the reader of the log's authors.
func FuzzCutBundle(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00\x00\x02bc"), uint8(2))
	f.Add([]byte("\x00\x09a"), uint8(1))
	f.Fuzz(func(t *testing.T, bundle []byte, n uint8) {
		var b api.EntryBundle
		whole := b.UnmarshalText(bundle) == nil
		cut, err := tree.CutBundle(bundle, n)
		if err != nil {
			if whole && n > 0 && int(n) <= len(b.Entries) {
				t.Fatalf("a good bundle of %d leaves was not cut to %d: %v", len(b.Entries), n, err)
			}
			return
		}
		if n == 0 {
			return
		}
		var c api.EntryBundle
		if err := c.UnmarshalText(cut); err != nil || len(c.Entries) != int(n) {
			t.Fatalf("cut to %d leaves instead of %d: %v", len(c.Entries), n, err)
		}
		if whole && !cmp.Equal(c.Entries, b.Entries[:n]) {
			t.Fatal("other leaves")
		}
	})
}
