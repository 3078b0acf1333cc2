package main_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/rfc3161/rfc3161test"
	"github.com/wardline/wardline/format/tlog"
)

// blocks returns the shell of docs/verify-by-hand.md, one for each step.
func blocks(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "verify-by-hand.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	if len(out) != 7 {
		t.Fatalf("the page has %d steps, not 7", len(out))
	}
	return out
}

func needTools(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"sh", "openssl", "unzip", "xxd", "sha256sum", "base64"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is missing", tool)
			}
			t.Skipf("%s is missing", tool)
		}
	}
}

// byHand does what the page says, but for the steps that are left out, counted from 1.
func byHand(t *testing.T, bundle []byte, key string, policy, authority []byte, without ...int) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"case.wlp": bundle, "policy": policy, "authority": authority} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var script strings.Builder
	for i, b := range blocks(t) {
		if slices.Contains(without, i+1) {
			functions, _, _ := strings.Cut(b, "test ") // later steps use them
			if i+1 != 3 {
				functions = ""
			}
			b = functions
		}
		script.WriteString(b)
	}
	c := exec.CommandContext(t.Context(), "sh", "-c", script.String())
	c.Dir = dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "BUNDLE=" + filepath.Join(dir, "case.wlp"), "KEY=" + key, "POLICY=" + filepath.Join(dir, "policy"), "AUTHORITY=" + filepath.Join(dir, "authority")}
	out, err := c.CombinedOutput()
	return string(out), err
}

// TestByHand does what docs/verify-by-hand.md says.
func TestByHand(t *testing.T) {
	needTools(t)
	h := newHospital(t)
	want := "record 001 is sealed since 2026-11-26 12:00:00 UTC at the latest, says north\nrecord 001 is sealed since 2026-11-26 12:00:00 UTC at the latest, says south\n"
	for end, authority := range map[string][]byte{
		"record 001 is sealed since " + h.stamped.UTC().Format("2006-01-02 15:04:05 UTC") + " at the latest, says the authority\n": h.authority,
		"NO AUTHORITY IS BELIEVED: of record 001 there is a time stamp, and you have nothing to check it with\n":                   nil,
	} {
		if out, err := byHand(t, h.bundle, h.key, h.policy.Bytes(), authority); err != nil || out != want+end {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if out, err := byHand(t, h.unstamped, h.key, h.policy.Bytes(), h.authority); err != nil || out != want {
		t.Errorf("without a stamp: %v\n%s", err, out)
	}
	if out, err := byHand(t, h.bundle, h.key, nil, h.authority); err != nil || !strings.HasPrefix(out, "NO WITNESS IS ASKED") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestByHandRefuses changes what each step is to find, with the steps before it left out that would find it first.
func TestByHandRefuses(t *testing.T) {
	needTools(t)
	h := newHospital(t)
	other, err := tlog.NewSigner("journal.st-example.org", tlog.Ed25519, bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(name, old, with string) func(map[string][]byte) {
		return func(f map[string][]byte) {
			if !bytes.Contains(f[name], []byte(old)) {
				t.Fatalf("%s has no such text", name)
			}
			f[name] = bytes.Replace(f[name], []byte(old), []byte(with), 1)
		}
	}
	flip := func(name string, at int) func(map[string][]byte) {
		return func(f map[string][]byte) {
			f[name] = bytes.Clone(f[name])
			f[name][len(f[name])+at] ^= 1
		}
	}
	for name, c := range map[string]struct {
		change  func(map[string][]byte)
		without []int
	}{
		"a file is changed":       {replace("statement.txt", "not whether", "and whether"), []int{3}},
		"a file is added":         {func(f map[string][]byte) { f["more"] = nil }, []int{3}},
		"the list is changed":     {replace("manifest.json", "621", "622"), []int{2}},
		"the note is changed":     {replace("manifest.note", "sha256 ", "sha256 0"), []int{2}},
		"the record is changed":   {replace("objects/001.line", "DOE^JANE", "DOE^JOHN"), []int{2, 3}},
		"the opening is changed":  {replace("openings/001.txt", "line 4", "line 5"), []int{2, 3}},
		"the leaf is changed":     {replace("leaves/001.json", `"offset":`, `"offset":1`), []int{2, 3}},
		"the place is changed":    {replace("proofs/001.tlog-proof", "index 3", "index 2"), []int{2, 3}},
		"the size is changed":     {replace("proofs/001.tlog-proof", "\njournal.st-example.org\n", "\njournal.st-example.org\n1"), []int{2, 3}},
		"the log is another":      {replace("proofs/001.tlog-proof", "\n\njournal", "\n\njournel"), []int{2, 3}},
		"the stamp is changed":    {flip("stamps/001.tsr", -1), []int{2, 3}}, // in the signature
		"the stamp is another":    {func(f map[string][]byte) { f["stamps/001.tsr"] = h.another }, []int{2, 3}},
		"the request is another":  {flip("stamps/001.tsq", -10), []int{2, 3}}, // in the nonce
		"the stamp's place":       {replace("stamps/001.tlog-proof", "index 3", "index 2"), []int{2, 3}},
		"the stamp's journal":     {replace("stamps/001.tlog-proof", "\n\njournal", "\n\njournel"), []int{2, 3}},
		"the way to the root":     {func(f map[string][]byte) { f["stamps/001.pem"] = h.authority }, []int{2, 3}},
		"a cosignature is absent": {replace("proofs/001.tlog-proof", "— witness.south", "— witness.sauth"), []int{2, 3}},
	} {
		if out, err := byHand(t, repack(t, h.bundle, c.change), h.key, h.policy.Bytes(), h.authority, c.without...); err == nil {
			t.Errorf("%s: nothing is wrong\n%s", name, out)
		}
		if out, err := byHand(t, repack(t, h.bundle, func(map[string][]byte) {}), h.key, h.policy.Bytes(), h.authority, c.without...); err != nil {
			t.Errorf("%s: without these steps an honest bundle fails: %v\n%s", name, err, out)
		}
	}
	if _, err := byHand(t, h.bundle, other.Key().String(), h.policy.Bytes(), h.authority); err == nil {
		t.Error("another key is believed")
	}
	strangers := h.policy
	strangers.Witnesses = append([]tlog.Witness(nil), strangers.Witnesses...)
	stranger, err := tlog.NewSigner(strangers.Witnesses[1].Key.Name, tlog.CosignatureV1, bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	strangers.Witnesses[1].Key = stranger.Key()
	if _, err := byHand(t, h.bundle, h.key, strangers.Bytes(), h.authority); err == nil {
		t.Error("another witness is believed")
	}
	if _, err := byHand(t, h.bundle, h.key, h.policy.Bytes(), rfc3161test.New(t).Root); err == nil {
		t.Error("another authority is believed")
	}
}

// repack changes files of a bundle, as anybody can with any zip program.
func repack(t *testing.T, bundle []byte, change func(map[string][]byte)) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range r.File {
		open, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(open); err != nil {
			t.Fatal(err)
		}
	}
	change(files)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
