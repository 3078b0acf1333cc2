package app_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/internal/app"
)

// TestSnapshotIsWhatWasPacked packs rules from everywhere, takes the files away, and gets the same set.
func TestSnapshotIsWhatWasPacked(t *testing.T) {
	tax, err := app.Taxonomy()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	rule := func(title, value string) string {
		return "title: " + title + "\nid: 6f2b8f5e-0000-4000-8000-0000000002" + value[:2] + "\nlogsource: {product: windows}\ndetection: {s: {Image|expand: '%" + value + "%'}, condition: s}\n"
	}
	write("site/a.yml", rule("A", "01known"))
	write("site/deep/b.yml", rule("B", "02unknown"))
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create("rules/c.yml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(rule("C", "01known"))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	c := app.SetConfig{
		Places:       []string{filepath.Join(dir, "site"), app.Builtin, write("more.zip", packed.String())},
		Placeholders: write("site.yml", "01known: [a.exe, b.exe]\n"),
		Indicators:   []string{write("bad.txt", "198.51.100.7\nevil.example\n"), write("odd.txt", "203.0.113.9\nnot an indicator\n")},
	}
	want, refused, unlisted, err := app.LoadSet(c, tax)
	if err != nil || len(refused) == 0 || len(unlisted) == 0 || want.Indicators() != 3 {
		t.Fatal(len(refused), len(unlisted), err)
	}
	var snapshot bytes.Buffer
	if err := app.PackSet(c, &snapshot); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	got, refusedThen, unlistedThen, err := app.UnpackSet(bytes.NewReader(snapshot.Bytes()), int64(snapshot.Len()), tax)
	if err != nil || got.Version() != want.Version() || len(refusedThen) != len(refused) || len(unlistedThen) != len(unlisted) || got.Indicators() != 3 {
		t.Errorf("version %s in place of %s, %d refused in place of %d: %v", got.Version(), want.Version(), len(refusedThen), len(refused), err)
	}
	// What was spoilt is told, and never taken for something else.
	for at := 0; at < snapshot.Len(); at += snapshot.Len()/40 + 1 {
		spoilt := bytes.Clone(snapshot.Bytes())
		spoilt[at] ^= 0x55
		other, _, _, err := app.UnpackSet(bytes.NewReader(spoilt), int64(len(spoilt)), tax)
		if err == nil && other.Version() != want.Version() {
			t.Errorf("byte %d was changed, and nobody noticed", at)
		}
	}
}
