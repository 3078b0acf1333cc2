package tables_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/integrity/tables"
)

const declaration = `system: LIS
engine: postgresql
dsn: /etc/wardline/lis.dsn
tables:
  - schema: lab
    name: results
    key: [id]
    content: [patient, value]
    version: version
`

func TestParseFillsInWhatIsLeftOut(t *testing.T) {
	d, err := tables.Parse([]byte(declaration))
	if err != nil {
		t.Fatal(err)
	}
	want := tables.Declaration{System: "LIS", Engine: "postgresql", DSN: "/etc/wardline/lis.dsn", Rate: 5000, Page: 2000, Young: 300_000_000_000,
		Tables: []tables.Table{{Schema: "lab", Name: "results", Harm: "normal", Key: []string{"id"}, Content: []string{"patient", "value"}, Version: "version"}}}
	if diff := cmp.Diff(d, want, cmpopts.IgnoreUnexported(tables.Declaration{})); diff != "" {
		t.Error(diff)
	}
}

// TestParseRefuses what nobody can have meant, and says where.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"a key that is not known":         {"version: version", "versoin: version", "line 9"},
		"a key twice":                     {"version: version", "key: [id]", "line 9"},
		"no system":                       {"system: LIS", "system: ''", "system:"},
		"another engine":                  {"postgresql", "oracle", "engine:"},
		"a secret where its file belongs": {"/etc/wardline/lis.dsn", "postgres://reader:hunter2@db/lis", "dsn:"},
		"a relative path":                 {"/etc/wardline/lis.dsn", "lis.dsn", "dsn:"},
		"no rate":                         {"engine:", "rate: -1\nengine:", "rate"},
		"a page too long":                 {"engine:", "page: 100001\nengine:", "page"},
		"no place":                        {"engine:", "zone: Gotham/City\nengine:", "zone:"},
		"the zone of this machine":        {"engine:", "zone: Local\nengine:", "zone:"},
		"no span":                         {"engine:", "young: soon\nengine:", "line 2"},
		"no schema":                       {"schema: lab", "schema: ''", "table 1"},
		"a full stop in a schema":         {"schema: lab", "schema: la.b", "table 1"},
		"another harm":                    {"version: version", "harm: huge", "harm:"},
		"no key":                          {"key: [id]", "key: []", "key and content"},
		"no content":                      {"content: [patient, value]", "content: []", "key and content"},
		"a column of two uses":            {"version: version", "version: id", "column id stands twice"},
		"a column without a name":         {"[patient, value]", "[patient, '']", "a column has no name"},
		"a zero byte in a name":           {"[patient, value]", `[patient, "a\0b"]`, "a column has no name"},
		"ascending keys of two columns":   {"key: [id]", "key: [id, part]\n    ascending: true", "ascending:"},
		"fresh without updated":           {"version: version", "version: version\n    fresh: true", "fresh:"},
		"live without deleted":            {"version: version", "live: [A]", "live:"},
		"a type of another column":        {"version: version", "types: {name: text}", "types: name"},
		"another type":                    {"version: version", "types: {id: money}", "types:"},
		"a meaning of another column":     {"version: version", "means: {patient: name}", "means:"},
		"two documents":                   {"system:", "system: X\n---\nsystem:", "more than one document"},
		"nothing":                         {declaration, "", "system:"},
	} {
		d, err := tables.Parse([]byte(strings.Replace(declaration, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells a secret", name)
		}
		if !cmp.Equal(d, tables.Declaration{}, cmpopts.IgnoreUnexported(tables.Declaration{})) {
			t.Errorf("%s: half of it was returned", name)
		}
	}
	twice := declaration + strings.Replace(declaration[strings.Index(declaration, "  - "):], "lab", "lab", 1)
	if _, err := tables.Parse([]byte(twice)); err == nil || !strings.Contains(err.Error(), "declared twice") {
		t.Error(err)
	}
}

// TestEveryKeyIsDocumented: the structs are the manual.
func TestEveryKeyIsDocumented(t *testing.T) {
	source, err := os.ReadFile("declare.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []any{tables.Declaration{}, tables.Table{}} {
		for i := range reflect.TypeOf(of).NumField() {
			f := reflect.TypeOf(of).Field(i)
			if f.IsExported() && !strings.Contains(string(source), "\t// "+f.Name+" ") {
				t.Errorf("%s has no comment", f.Name)
			}
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lis.yml")
	if err := os.WriteFile(path, []byte(declaration), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := tables.Load(path); err != nil || d.System != "LIS" {
		t.Error(err)
	}
	if _, err := tables.Load(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("x: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tables.Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
}

// FuzzParse: what is taken is taken again when it is written out, and means the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(declaration))
	f.Add([]byte(strings.Replace(declaration, "version: version", "updated: u\n    deleted: d\n    live: [A]\n    types: {d: char}\n    means: {value: value}\n    harm: high\n    kind: drug", 1)))
	f.Add([]byte("tables: &a [*a]"))
	f.Add([]byte("a: &a [x,x,x]\nb: &b [*a,*a]\nc: [*b,*b]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d tables.Declaration
		var err error
		formattest.Cost{Fixed: 1 << 20, PerByte: 4000}.Check(t, len(text), func() { d, err = tables.Parse(text) })
		if err != nil {
			return
		}
		again, err := tables.Parse(written(t, d))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again, d, cmpopts.IgnoreUnexported(tables.Declaration{}), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}

// written is a declaration as YAML.
func written(t *testing.T, d tables.Declaration) []byte {
	t.Helper()
	var node yaml.Node
	if err := node.Encode(d); err != nil {
		t.Fatal(err)
	}
	for i, n := range node.Content {
		if n.Value == "young" { // which would be written as a number
			node.Content[i+1].SetString(time.Duration(d.Young).String())
		}
	}
	text, err := yaml.Marshal(&node)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
