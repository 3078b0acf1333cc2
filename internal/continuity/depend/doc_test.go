package depend_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManual reads the example of docs/adding/service.md as a map.
func TestManual(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "adding", "service.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("there is no example")
	}
	if g := read(t, example); len(g.Nodes()) != 6 || len(g.Edges()) != 6 {
		t.Errorf("the example has %d things and %d links", len(g.Nodes()), len(g.Edges()))
	}
}
