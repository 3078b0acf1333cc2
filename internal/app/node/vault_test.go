package node_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/vault"
)

// TestTheVaultsKeyIsNeverReplaced: a node that was at work does not make another key when its own is lost, and takes no other.
func TestTheVaultsKeyIsNeverReplaced(t *testing.T) {
	h := newHouse(t) // which was opened once
	key := filepath.Join(h.dir, "data", "journal.vault")
	own, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	open := func() error {
		c, err := node.ReadConfig(h.config)
		if err != nil {
			t.Fatal(err)
		}
		n, err := node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
		if err == nil {
			err = n.Close(t.Context())
		}
		return err
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if err := open(); !errors.Is(err, vault.ErrKey) {
		t.Errorf("without its key: %v", err)
	}
	if _, err := os.Stat(key); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another key was made: %v", err)
	}
	if _, err := vault.Open(key, true); err != nil {
		t.Fatal(err)
	}
	if err := open(); !errors.Is(err, vault.ErrKey) {
		t.Errorf("with another key: %v", err)
	}
	if err := os.WriteFile(key, own, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Errorf("with its own: %v", err)
	}
}
