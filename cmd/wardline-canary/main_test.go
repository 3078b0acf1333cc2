package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	dir := t.TempDir()
	registry := filepath.Join(dir, "decoys.yml")
	do := func(want int, args ...string) (out, errs string) {
		t.Helper()
		var o, e bytes.Buffer
		if got := run(t.Context(), args, &o, &e); got != want {
			t.Fatalf("%v: exit code %d, want %d: %s", args, got, want, e.String())
		}
		return o.String(), e.String()
	}
	share := filepath.Join(dir, "share")
	if err := os.Mkdir(share, 0o700); err != nil {
		t.Fatal(err)
	}
	added, _ := do(exitDone, "add", "--registry", registry, share)
	id, _, _ := strings.Cut(added, "\t")
	if list, _ := do(exitDone, "list", "--registry", registry); !strings.Contains(list, id) || strings.Count(list, "whole") != 2 {
		t.Errorf("listed:\n%s", list)
	}
	do(exitDone, "rm", "--registry", registry, id)
	if names, err := os.ReadDir(share); err != nil || len(names) != 1 {
		t.Errorf("%d files are left, %v", len(names), err)
	}
	do(exitError, "rm", "--registry", registry, id)
	do(exitError, "watch", "--config", registry)
	for _, args := range [][]string{nil, {"add", share}, {"watch"}, {"sing", "--registry", registry}, {"list", "--registry", registry, "x"}, {"list", "--beak"}} {
		if _, errs := do(exitMisused, args...); !strings.HasPrefix(errs, "usage:") {
			t.Errorf("%v: %s", args, errs)
		}
	}
}
