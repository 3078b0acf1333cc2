package wal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/internal/journal/wal"
)

// open opens a log as the journal does: what is there is of an earlier start, and known.
func open(t testing.TB, dir string) *wal.Log {
	t.Helper()
	l, err := wal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if err := l.Clear(); err != nil {
		t.Fatal(err)
	}
	return l
}

func leaves(from, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = fmt.Appendf(nil, `{"leaf":%d}`, from+i)
	}
	return all
}

func read(t testing.TB, dir string, size uint64, want [][]byte) {
	t.Helper()
	got, err := wal.Read(dir, size)
	if err != nil {
		t.Fatalf("behind %d leaves: %v", size, err)
	}
	if len(got) != len(want) {
		t.Fatalf("behind %d leaves there are %d, not %d", size, len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("leaf %d is another one", size+uint64(i))
		}
	}
}

func TestWhatIsAheadOfTheTreeIsReadBack(t *testing.T) {
	dir := t.TempDir()
	read(t, filepath.Join(dir, "nowhere"), 7, nil)
	l := open(t, dir)
	read(t, dir, 0, nil)
	for _, step := range []struct{ at, n int }{{40, 2}, {42, 1}} {
		if err := l.Append(uint64(step.at), leaves(step.at, step.n)); err != nil {
			t.Fatal(err)
		}
	}
	read(t, dir, 40, leaves(40, 3))
	read(t, dir, 42, leaves(42, 1)) // the tree has the others
	read(t, dir, 43, nil)
	read(t, dir, 90, nil)
	if err := errors.Join(l.Turn(), l.Append(43, leaves(43, 5))); err != nil {
		t.Fatal(err)
	}
	read(t, dir, 40, leaves(40, 8)) // of both files
	if err := errors.Join(l.Turn(), l.Append(48, leaves(48, 1))); err != nil {
		t.Fatal(err)
	}
	read(t, dir, 43, leaves(43, 6))
	for _, name := range []string{"0", "1"} { // what stood there before the last turn is gone
		if tidy, err := wal.Tidy(filepath.Join(dir, name)); err != nil || !tidy {
			t.Errorf("file %s is not tidy: %v", name, err)
		}
	}
	if _, err := wal.Read(dir, 42); !errors.Is(err, wal.ErrGap) { // the tree is shorter than it was when the log turned
		t.Errorf("leaf 42 is nowhere: %v", err)
	}
	if err := l.Clear(); err != nil {
		t.Fatal(err)
	}
	read(t, dir, 0, nil)
}

// TestNoMoreThanFits fills a file by number and by size.
func TestNoMoreThanFits(t *testing.T) {
	l := open(t, t.TempDir())
	many := leaves(0, 1000)
	n := l.Fit(many)
	if n == 0 || n == len(many) {
		t.Fatalf("%d of %d fit", n, len(many))
	}
	if err := l.Append(0, many[:n]); err != nil {
		t.Fatal(err)
	}
	if more := l.Fit(many[n:]); more != 0 {
		t.Errorf("%d more fit behind %d", more, n)
	}
	if err := l.Turn(); err != nil {
		t.Fatal(err)
	}
	largest := make([][]byte, 100)
	for i := range largest {
		largest[i] = bytes.Repeat([]byte{'x'}, wal.MaxLeaf)
	}
	if n = l.Fit(largest); n == 0 || n == len(largest) {
		t.Fatalf("%d of the largest fit", n)
	}
	if err := l.Append(uint64(n), largest[:n]); err != nil {
		t.Fatal(err)
	}
	if more := l.Fit(largest); more != 0 {
		t.Errorf("%d more of the largest fit behind %d", more, n)
	}
}

// TestWhatACrashCutOff: of a record that is not whole nothing is read, and of those before it everything.
func TestWhatACrashCutOff(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	if err := l.Append(5, leaves(5, 4)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "0")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	used := len(bytes.TrimRight(whole, "\x00"))
	r := rand.New(rand.NewPCG(3, 4))
	for at := range used {
		bad := bytes.Clone(whole)
		bad[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := wal.Read(dir, 5)
		if intact := at / (used / 4); err != nil || len(got) != intact {
			t.Errorf("byte %d is another one: %d leaves, not %d: %v", at, len(got), intact, err)
		}
		if tidy, err := wal.Tidy(file); err != nil || tidy {
			t.Errorf("byte %d is another one, and the file is tidy: %v", at, err)
		}
	}
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if tidy, err := wal.Tidy(file); err != nil || !tidy {
		t.Errorf("a whole file is not tidy: %v", err)
	}
}

// TestAFileOfAnotherLengthIsMadeAnew, as one whose making was cut off.
func TestAFileOfAnotherLengthIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"0", "1.new"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("some"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, dir)
	if err := l.Append(0, leaves(0, 3)); err != nil {
		t.Fatal(err)
	}
	read(t, dir, 0, leaves(0, 3))
}

// FuzzParse reads files that may be anything: what is read of one is what stands in it.
func FuzzParse(f *testing.F) {
	f.Add(wal.Write(3, leaves(3, 3)))
	f.Add(append(wal.Write(3, leaves(3, 1)), wal.Write(7, leaves(7, 1))...))
	f.Add(append(wal.Write(1<<64-1, leaves(3, 2)), make([]byte, 100)...))
	f.Add([]byte("\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, leaves, rest := wal.Parse(text)
		if again := append(wal.Write(first, leaves), rest...); !bytes.Equal(again, text) {
			t.Errorf("%d leaves from %d on and %d bytes do not make up %d bytes", len(leaves), first, len(rest), len(text))
		}
		for _, leaf := range leaves {
			if len(leaf) == 0 || len(leaf) > wal.MaxLeaf {
				t.Errorf("a leaf of %d bytes", len(leaf))
			}
		}
	})
}
