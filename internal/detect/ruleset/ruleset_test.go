package ruleset_test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/ruleset"
)

func rule(name string) string {
	return "title: " + name + "\nname: " + name + "\nlogsource: {product: windows}\ndetection: {s: {Image: a}, condition: s}\n"
}

func filter(rules string) string {
	return "title: ours\nlogsource: {product: windows}\nfilter: {rules: " + rules + ", backup: {User: svc.backup}, condition: not backup}\n"
}

const correlation = "title: joined\ncorrelation: {type: temporal, rules: [a, b], group-by: [User], timespan: 5m}\n"

// repository is laid out as rule projects are.
func repository() map[string]string {
	return map[string]string{
		"README.md":                "no rule",
		"rules/windows/a.yml":      rule("a"),
		"rules/windows/b.yaml":     rule("b") + "---\n" + rule("c"),
		"rules/deprecated/old.yml": rule("old"),
		"unsupported/odd.yml":      rule("odd"),
		".github/flow.yml":         "on: push\n",
		"tests/rule.yml":           rule("test"),
		"regression_data/x.yml":    rule("data"),
		"other/joined.yml":         correlation,
		"other/broken.yml":         "title: [\n",
		"other/filter.yml":         filter("[b]"),
	}
}

// describe lists what a set holds: rules with the number of their selections, for filters add some.
func describe(s *ruleset.Set) []string {
	var lines []string
	for _, r := range s.Rules {
		lines = append(lines, filepath.ToSlash(r.File)+" "+r.Title+strings.Repeat("'", len(r.Selections)-1))
	}
	for _, c := range s.Correlations {
		lines = append(lines, filepath.ToSlash(c.File)+" "+c.Title)
	}
	for _, p := range s.Problems {
		lines = append(lines, filepath.ToSlash(p.File)+" refused")
	}
	return lines
}

func want(prefix string) []string {
	return []string{
		prefix + "rules/windows/a.yml a", prefix + "rules/windows/b.yaml b'", prefix + "rules/windows/b.yaml c",
		prefix + "other/joined.yml joined", prefix + "other/broken.yml refused",
	}
}

func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range repository() {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set, err := ruleset.Load([]string{dir}, sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(describe(&set), want(filepath.ToSlash(dir)+"/")); diff != "" {
		t.Error(diff)
	}
	if set.Documents != 6 {
		t.Errorf("%d documents, want 6", set.Documents)
	}
	// One file is read whatever folder it stands in.
	set, err = ruleset.Load([]string{filepath.Join(dir, "rules", "deprecated", "old.yml"), filepath.Join(dir, "tests")}, sigma.Options{})
	if err != nil || len(set.Rules) != 2 {
		t.Errorf("%v, %v", describe(&set), err)
	}
}

func TestLoadArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Rules.ZIP")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, text := range repository() {
		w, err := z.Create("project-1.0/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := ruleset.Load([]string{path}, sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(describe(&set), want(filepath.ToSlash(path)+"!project-1.0/")); diff != "" {
		t.Error(diff)
	}
}

func TestLoadErrors(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.zip")
	if err := os.WriteFile(broken, []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{broken, filepath.Join(t.TempDir(), "nothing")} {
		if set, err := ruleset.Load([]string{place}, sigma.Options{}); err == nil || !strings.Contains(err.Error(), filepath.Base(place)) || set.Documents != 0 {
			t.Errorf("%s: %v", place, err)
		}
	}
}

func files(texts map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestLoadFS(t *testing.T) {
	set, err := ruleset.LoadFS(files(repository()), "builtin/", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(describe(&set), want("builtin/")); diff != "" {
		t.Error(diff)
	}
}

func TestLoadFiles(t *testing.T) {
	fsys := files(map[string]string{"a.yml": rule("a"), "b.yml": rule("b"), "large.yml": rule("l") + strings.Repeat("#", 5<<20)})
	set := ruleset.LoadFiles(fsys, "x/", []string{"b.yml", "missing.yml", "a.yml", "large.yml"}, sigma.Options{})
	if diff := cmp.Diff(describe(&set), []string{"x/b.yml b", "x/a.yml a", "x/missing.yml refused", "x/large.yml refused"}); diff != "" {
		t.Error(diff)
	}
}

// A site's filters tune the rules that ship with the product, and the other way round.
func TestAddNarrowsBothSets(t *testing.T) {
	shipped, err := ruleset.LoadFS(files(map[string]string{"a.yml": rule("a"), "b.yml": rule("b"), "f.yml": filter("[site]")}), "builtin/", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	site := ruleset.LoadFiles(files(map[string]string{"s.yml": rule("site"), "f.yml": filter("[b]"), "c.yml": correlation}), "", []string{"s.yml", "f.yml", "c.yml"}, sigma.Options{})
	before := slices.Clone(site.Rules)
	shipped.Add(site)
	if diff := cmp.Diff(describe(&shipped), []string{"builtin/a.yml a", "builtin/b.yml b'", "s.yml site'", "c.yml joined"}); diff != "" {
		t.Error(diff)
	}
	if shipped.Documents != 6 || !slices.Equal(before, site.Rules) {
		t.Error("documents are miscounted, or the other set was changed")
	}
}
