package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/internal/journal/seal"
	"github.com/wardline/wardline/internal/journal/segment"
)

// ErrKey says that a key file cannot be used.
var ErrKey = errors.New("the journal's key cannot be used")

// loadKey reads the key-encryption key; create allows to make it.
func loadKey(path string, create bool) (*seal.Key, error) {
	text, err := keyFile(path, create, seal.NewKey)
	if err != nil {
		return nil, err
	}
	key, err := seal.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKey, path, err)
	}
	return key, nil
}

// loadSigner reads the Ed25519 key that signs checkpoints, in the form of note.GenerateKey; create allows to make it.
func loadSigner(path, origin string, create bool) (note.Signer, note.Verifier, error) {
	text, err := keyFile(path, create, func() ([]byte, error) {
		private, public, err := note.GenerateKey(rand.Reader, origin)
		return []byte(private + "\n" + public + "\n"), err
	})
	if err != nil {
		return nil, nil, err
	}
	private, public, _ := strings.Cut(string(text), "\n")
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s holds no key of a signed note", ErrKey, path)
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(public))
	if err != nil || verifier.KeyHash() != signer.KeyHash() {
		return nil, nil, fmt.Errorf("%w: %s: its second line is not the public key of the first", ErrKey, path)
	}
	if strings.Count(string(text), fmt.Sprintf("+%08x+", signer.KeyHash())) != 2 { // a note reads this hash in either case: the same key in other bytes
		return nil, nil, fmt.Errorf("%w: %s was changed since it was made: put it back from where you keep its copy", ErrKey, path)
	}
	if signer.Name() != origin {
		return nil, nil, fmt.Errorf("%w: %s is of a log with another origin", ErrKey, path)
	}
	return signer, verifier, nil
}

// keyFile reads a secret file, which nobody else may read, or makes it.
func keyFile(path string, create bool, generate func() ([]byte, error)) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		text, err := generate()
		if err != nil {
			return nil, err
		}
		if err := writeDurable(path, text); err != nil {
			return nil, fmt.Errorf("%w: write %s: %w", ErrKey, path, err)
		}
		return text, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing, but the journal was made with one: put it back from where you keep its copy", ErrKey, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: others may read %s: run chmod 600 on it, and ask who had access", ErrKey, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return text, nil
}

// writeDurable puts a file in place, whole or not at all, with mode 0600. When it returns nil it stays.
func writeDurable(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := segment.MkdirAll(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return segment.SyncDir(dir)
}

// verifierText returns the public half of the key in a file of loadSigner.
func verifierText(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	_, public, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(public)
}

// originOf returns the name in a key file of loadSigner, "" when there is none.
func originOf(path string) string {
	verifier, err := note.NewVerifier(verifierText(path))
	if err != nil {
		return ""
	}
	return verifier.Name()
}
