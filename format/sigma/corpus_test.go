package sigma_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/sigma"
)

// ruleFiles reads every YAML file below dir.
func ruleFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yml" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestPublicRules loads every public rule. Only those with a placeholder that no site has
// bound may be refused, and those that their authors withdrew.
func TestPublicRules(t *testing.T) {
	files := ruleFiles(t, filepath.Join(formattest.Corpora(t, "sigma"), "rules"))
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	loaded, refused, warned, withdrawn := 0, 0, map[string]int{}, 0
	began := time.Now()
	for _, name := range names {
		docs, problems := sigma.Parse(name, files[name], sigma.Options{})
		loaded += len(docs.Rules)
		for _, p := range problems {
			switch old := strings.HasPrefix(name, "unsupported") || strings.HasPrefix(name, "deprecated"); {
			case p.Warning:
				warned[p.Reason]++
			case old:
				withdrawn++
				t.Log(p)
			case strings.HasPrefix(p.Reason, "placeholder %"):
				refused++
			default:
				t.Error(p)
			}
		}
	}
	t.Logf("%d files, %d rules in %v; %d refused for an unbound placeholder, %d withdrawn ones refused", len(files), loaded, time.Since(began), refused, withdrawn)
	for reason, n := range warned {
		t.Logf("warning, %d times: %s", n, reason)
	}
}

// TestSpecificationExamples loads the examples that the specification ships.
func TestSpecificationExamples(t *testing.T) {
	for name, data := range ruleFiles(t, filepath.Join(formattest.Corpora(t, "sigma"), "spec", "tests")) {
		docs, problems := sigma.Parse(name, data, sigma.Options{})
		if len(docs.Rules)+len(docs.Correlations)+len(docs.Filters) != 1 {
			t.Errorf("%s: not loaded", name)
		}
		for _, p := range problems {
			t.Log(p)
		}
	}
}
