package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/wardline/wardline/"

// floor returns the storey of a package, lowest first, and the room that it is part of.
// A package may import lower floors, its own room, and nothing else of the house.
func floor(pkg string) (storey int, room string) {
	floors := [][]string{
		{"format", "content"},
		{"internal/event", "internal/vault", "internal/integrity/digest", "internal/integrity/sample"}, // words and dice that the whole room shares
		{"internal/finding"},
		{"internal/journal", "internal/index", "internal/store", "internal/integrity/aside"}, // what rooms put aside
		{"internal/hospital", "internal/access", "internal/triage"},
		{"internal/collect", "internal/detect", "internal/privacy", "internal/continuity", "internal/integrity",
			"internal/exposure", "internal/respond", "internal/policy", "internal/training", "internal/share"},
		{"internal/watch", "internal/display"},
		{"internal/console", "internal/scan", "internal/report"},
		{"internal/app"},
		{"cmd"},
	}
	for storey, rooms := range floors {
		for _, room := range rooms {
			if pkg == room || strings.HasPrefix(pkg, room+"/") {
				return storey, room
			}
		}
	}
	if pkg == "internal/sim" || strings.HasPrefix(pkg, "internal/sim/") {
		return 0, "internal/sim" // stands aside: it speaks formats only, to prove the parsers
	}
	return -1, ""
}

// allowed tells whether pkg may import other.
func allowed(pkg, other string) bool {
	storey, room := floor(pkg)
	otherStorey, otherRoom := floor(other)
	if room == "internal/sim" {
		return otherRoom == "format" || otherRoom == room
	}
	if room != otherRoom {
		return otherStorey < storey || otherRoom == "internal/sim" && storey >= 7
	}
	if room == "format" || room == "content" || room == "cmd" {
		return true // libraries may rest on each other; the compiler forbids circles
	}
	// Within a room a package may use its parents and its children, not its siblings.
	return strings.HasPrefix(pkg+"/", other+"/") || strings.HasPrefix(other+"/", pkg+"/")
}

// TestFloors reads the source itself, so that the test cache cannot serve an old answer.
func TestFloors(t *testing.T) {
	root := filepath.Join("..", "..")
	for file, imports := range imports(t, root) {
		pkg := path.Dir(file)
		if storey, _ := floor(pkg); storey < 0 {
			t.Errorf("%s: package %s stands on no floor: add it to the list", file, pkg)
		}
		for _, other := range imports {
			if !allowed(pkg, other) {
				t.Errorf("%s: %s may not import %s", file, pkg, other)
			}
		}
	}
}

// TestFloorsCatchBreaches makes sure that the rules can be broken.
func TestFloorsCatchBreaches(t *testing.T) {
	for _, breach := range [][2]string{
		{"internal/event", "internal/finding"},
		{"internal/collect/zeek", "internal/collect/syslog"},
		{"internal/detect", "internal/collect"},
		{"format/hl7", "internal/event"},
		{"internal/scan", "internal/report"},
		{"internal/sim", "internal/event"},
		{"internal/detect", "internal/app"},
		{"internal/detect/literal", "internal/detect/indicator"},
		{"internal/continuity/canary/files", "internal/continuity/canary/courier"},
		{"internal/continuity/canary", "internal/collect/canary"},
	} {
		if allowed(breach[0], breach[1]) {
			t.Errorf("%s may import %s", breach[0], breach[1])
		}
	}
	for _, fine := range [][2]string{
		{"internal/collect/zeek", "internal/collect"},
		{"internal/collect/zeek", "format/zeek"},
		{"internal/scan", "internal/detect/correlate"},
		{"internal/app", "internal/sim"},
	} {
		if !allowed(fine[0], fine[1]) {
			t.Errorf("%s may not import %s", fine[0], fine[1])
		}
	}
}

// TestEveryCollectorIsInTheCatalogue looks for folders that nobody would ever call.
func TestEveryCollectorIsInTheCatalogue(t *testing.T) {
	catalogue, err := os.ReadFile("modules.go")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := os.ReadDir(filepath.Join("..", "collect"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		isSuite := f.Name() == "collecttest" // that the collectors are tested by
		if f.IsDir() && !isSuite && !strings.Contains(string(catalogue), strconv.Quote(module+"internal/collect/"+f.Name())) {
			t.Errorf("internal/collect/%s is not in modules.go", f.Name())
		}
	}
}

// imports lists, for each file of the product, what it imports of the product.
func imports(t *testing.T, root string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, top := range []string{"cmd", "content", "format", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			rel = filepath.ToSlash(rel)
			found[rel] = nil
			for _, spec := range f.Imports {
				name, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				if other, ours := strings.CutPrefix(name, module); ours {
					found[rel] = append(found[rel], other)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
