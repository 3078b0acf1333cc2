package node_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/store"
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

// TestWhatAnEarlierVersionWroteIsSealed: every room seals at the first start what a version wrote that had no vault, and nothing of it is
// left in the file. Where the rooms test what it means afterwards, this tests that none was forgotten.
func TestWhatAnEarlierVersionWroteIsSealed(t *testing.T) {
	h := newHouse(t)
	file := filepath.Join(h.dir, "data", "state.db")
	change := func(statements ...string) {
		db, err := store.Open(t.Context(), "sqlite:"+file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, statement := range statements {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	left := func() int {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(text, []byte("Featherstone"))
	}
	change(`DELETE FROM done_once`,
		`INSERT INTO file_positions VALUES ('a', '1', '{"Name":"Featherstone 1.csv"}'), ('b', '1', '{"Name":"Featherstone 2.csv"}')`,
		`INSERT INTO acts VALUES ('1', 1, '', '', '', '', '', 'search', '', '', '', '{"text":"Featherstone"}', 'done', 'Featherstone', 1, 0, 0, 0, 0)`,
		`INSERT INTO people (id, name, display, roles, passphrase, totp, totp_step, created, login, disabled) VALUES ('p', 'p', 'P', '', '', '', 0, 1, 0, 0)`,
		`INSERT INTO proposals VALUES ('1', 1, 1, 'p', 'hide', '', '', '', '{"a":"Featherstone"}', '{"a":"Featherstone"}')`,
		`INSERT INTO findings VALUES ('1', 'threat', 'r', 'r', 1, CAST('{"id":"Featherstone"}' AS BLOB), 1, 'new', '', 'Featherstone', '', 1, 1, 0, 0, 1, 1, '', 0)`,
		`INSERT INTO finding_entities VALUES ('1', 'patient', 'Featherstone')`,
		`INSERT INTO finding_acts VALUES ('1', '1', 'r', 1, '', 'note', '', 'Featherstone', 0)`,
		`INSERT INTO suppressions VALUES ('1', 'r', '{"patient":"Featherstone"}', 'p', 'Featherstone', 1, 1, 0, '', 0)`,
		`INSERT INTO watch_answers VALUES ('1', 1, 0, 0, CAST('{"title":"Featherstone"}' AS BLOB))`,
		`INSERT INTO watch_state (follower, state, flush) VALUES ('another', CAST('{"title":"Featherstone"}' AS BLOB), '')`,
		`INSERT INTO kept_questions VALUES ('1', 'Featherstone', 'p', 1, '{"text":"Featherstone"}')`)
	if n := left(); n < 15 {
		t.Fatalf("%d are in the file, so that this proves nothing", n)
	}
	c, err := node.ReadConfig(h.config)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err == nil {
		err = n.Close(t.Context())
	}
	if n := left(); err != nil || n > 0 {
		t.Errorf("%d are left, %v", n, err)
	}
	change(`UPDATE kept_questions SET name = 'Featherstone'`) // what was done once is not done at every start
	if n, err = node.Open(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil {
		err = n.Close(t.Context())
	}
	if left() != 1 || err != nil {
		t.Errorf("tables are gone through at every start, %v", err)
	}
}
