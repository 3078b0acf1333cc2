package strict_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/content/strict"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, text, want, fails string }{
		{"what is known", "name: ward\n", "ward", ""},
		{"nothing", "", "", ""},
		{"a comment alone", "# to be written\n", "", ""},
		{"a key that is not known", "name: ward\nnmae: w\n", "", "line 2: field nmae not found"},
		{"two documents", "name: ward\n---\nname: other\n", "", "more than one document"},
		{"no YAML", "name: [", "", "yaml:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got struct{ Name string }
			err := strict.Decode([]byte(c.text), &got)
			if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) || c.fails == "" && (err != nil || got.Name != c.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.yml")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := strict.ReadFile(path, 5); err != nil || string(text) != "12345" {
		t.Errorf("%q %v", text, err)
	}
	if _, err := strict.ReadFile(path, 4); err == nil || !strings.Contains(err.Error(), "more than 4 bytes") {
		t.Errorf("a file that is too long: %v", err)
	}
	if _, err := strict.ReadFile(path+"x", 4); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}
