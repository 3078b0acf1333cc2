package index_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// The disk is full to the last byte while rows go in and others are merged. With room again each row is there once,
// without anybody's help.
func TestReallyFullDisk(t *testing.T) {
	if os.Getenv("WARDLINE_TRUST") == "" {
		t.Skip("set WARDLINE_TRUST to fill a disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	cfg := config(t)
	cfg.Dir = filepath.Join(dir, "index")
	cfg.MinFree = 1 // so that the library runs into the wall
	h := &hospital{entries: 1000, each: 100, step: time.Second, begin: noon}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 9<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	x := runOn(t, cfg, h.follow)
	until(t, "trouble", func() bool { return x.Counts().Restarts > 2 })
	t.Logf("in trouble: %v, %+v", x.Healthy(), x.Counts())
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	until(t, "the index", func() bool { return x.Healthy() == nil && x.Through() == h.entries })
	var want []string
	for e := range h.entries {
		for n := range h.lines(e) {
			want = append(want, fmt.Sprintf("%d/%d", e, n))
		}
	}
	slices.Sort(want)
	if got := x.everything(); !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d, each once", len(got), len(want))
	}
	t.Logf("%+v", x.Counts())
}
