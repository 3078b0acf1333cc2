package formattest

import (
	"os"
	"path/filepath"
	"testing"
)

// Corpora returns a path in the public test data of a topic, which are no part of the repository, or skips the test. They are
// where WARDLINE_CORPORA says, and else in shared/corpora beside the repository.
func Corpora(t testing.TB, topic string, parts ...string) string {
	t.Helper()
	root := os.Getenv("WARDLINE_CORPORA")
	if root == "" {
		root = filepath.Join(module(t), "..", "shared", "corpora")
	}
	path := filepath.Join(append([]string{root, topic}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skip("corpora not found: set WARDLINE_CORPORA")
	}
	return path
}

// module is the folder of go.mod.
func module(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test")
	return ""
}
