package vault_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/vault"
)

func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.key")
	v, err := vault.Open(path, true)
	if err != nil {
		t.Fatal(err)
	}
	token := v.Token("NORTH", "0042")
	if !regexp.MustCompile(`^pt_[a-z2-7]{20}$`).MatchString(token) {
		t.Errorf("token %q", token)
	}
	again, err := vault.Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if again.Token("NORTH", "0042") != token || again.Hash("street", "Mill Lane") != v.Hash("street", "Mill Lane") {
		t.Error("the same key makes other tokens")
	}
	// What kind and value are must not be blurred: ("a", "bc") is not ("ab", "c").
	for _, other := range [][2]string{{"SOUTH", "0042"}, {"NORTH", "042"}, {"NORTH0", "042"}} {
		if v.Token(other[0], other[1]) == token {
			t.Errorf("%q has the same token", other)
		}
	}
	if v.Hash("street", "") != 0 || v.Hash("street", "x") == 0 {
		t.Error("nothing must equal nothing")
	}
	passing, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	if passing.Token("NORTH", "0042") == token {
		t.Error("two vaults make the same tokens")
	}
}

func TestInvented(t *testing.T) {
	token := func(seed uint64) string {
		v, err := vault.Invented(seed)
		if err != nil {
			t.Fatal(err)
		}
		return v.Token("NORTH", "0042")
	}
	one, again, two := token(1), token(1), token(2)
	if one != again || one == two {
		t.Errorf("seed 1 makes %s and %s, seed 2 %s", one, again, two)
	}
}

func TestSeal(t *testing.T) {
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal([]byte("name"), "patient 1")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := v.Open(sealed, "patient 1"); err != nil || string(plain) != "name" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if _, err := v.Open(sealed, "patient 2"); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("opened for another purpose: %v", err)
	}
	text, err := v.SealText("name", "note")
	if err != nil || strings.Contains(text, "name") {
		t.Fatalf("%q, %v", text, err)
	}
	blob, err := v.SealBlob([]byte("name"), "finding")
	if err != nil || strings.Contains(string(blob), "name") {
		t.Fatalf("%q, %v", blob, err)
	}
	if plain, err := v.OpenText(text, "note"); plain != "name" || err != nil {
		t.Errorf("opened %q, %v", plain, err)
	}
	if plain, err := v.OpenBlob(blob, "finding"); string(plain) != "name" || err != nil {
		t.Errorf("opened %q, %v", plain, err)
	}
	_, err1 := v.OpenText(text, "other")
	_, err2 := v.OpenText(text+"-", "note")
	_, err3 := v.OpenBlob(blob, "other")
	_, err4 := v.OpenBlob(blob[:len(blob)-1], "finding")
	for _, err := range []error{err1, err2, err3, err4} {
		if !errors.Is(err, vault.ErrOpen) {
			t.Errorf("opened what is not it: %v", err)
		}
	}
	// What a version wrote that had no vault yet comes back as it is.
	if plain, err := v.OpenText("old", "note"); plain != "old" || err != nil {
		t.Errorf("opened %q, %v", plain, err)
	}
	if plain, err := v.OpenBlob([]byte("{}"), "finding"); string(plain) != "{}" || err != nil {
		t.Errorf("opened %q, %v", plain, err)
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := vault.Open(filepath.Join(dir, "missing"), false); !errors.Is(err, vault.ErrKey) {
		t.Errorf("a missing key: %v", err)
	}
	if _, err := vault.Open(filepath.Join(dir, "missing", "vault.key"), true); !errors.Is(err, vault.ErrKey) || strings.Contains(err.Error(), "used before") {
		t.Errorf("a new key in a folder that is missing: %v", err)
	}
	path := filepath.Join(dir, "vault.key")
	if _, err := vault.Open(path, true); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the new key's mode is %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(path, false); !errors.Is(err, vault.ErrKey) {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other"), []byte(`{"version":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(filepath.Join(dir, "other"), true); !errors.Is(err, vault.ErrKey) {
		t.Errorf("a file that holds no keys: %v", err)
	}
}
