package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// TestOnceIsRemembered: what failed is done again, what was done is not, in another process neither.
func TestOnceIsRemembered(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		tries, failing := 0, errors.New("cut off")
		try := func(what string) error {
			return open().Once(t.Context(), what, func(context.Context) error {
				if tries++; tries == 1 {
					return failing
				}
				return nil
			})
		}
		if err := try("seal"); !errors.Is(err, failing) {
			t.Errorf("what failed says %v", err)
		}
		for range 3 {
			if err := try("seal"); err != nil {
				t.Error(err)
			}
		}
		if tries != 2 {
			t.Errorf("tried %d times", tries)
		}
		if err := try("another"); err != nil || tries != 3 {
			t.Errorf("another was tried %d times, %v", tries-2, err)
		}
	})
}

// TestRewriteMissesNoRow: of texts and of bytes, of more rows than one transaction takes.
func TestRewriteMissesNoRow(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := migrated(t, open()), t.Context()
		const rows = 501
		err := db.Do(ctx, func(tx *sql.Tx) error {
			for i := range rows {
				_, err := tx.ExecContext(ctx, `INSERT INTO wards (id, name, beds, opened, seal) VALUES ($1, $2, 0, 0, $3)`, fmt.Sprintf("Ward %d", i), fmt.Sprint("clear ", i), []byte{0, byte(i)})
				if err != nil {
					return err
				}
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO wards (id, name, beds, opened) VALUES ('none', '', 0, 0)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time changes nothing
			err := errors.Join(
				store.Rewrite(ctx, db, store.Column{Table: "wards", Key: "id", Name: "name"}, func(_, text string) (string, error) {
					return strings.Replace(text, "clear", "sealed", 1), nil
				}),
				store.Rewrite(ctx, db, store.Column{Table: "wards", Key: "id", Name: "seal"}, func(_ string, b []byte) ([]byte, error) {
					if len(b) == 2 {
						b = append([]byte{255}, b...)
					}
					return b, nil
				}))
			if err != nil {
				t.Fatal(err)
			}
		}
		var sealed, empty, long int
		err = db.QueryRowContext(ctx, `SELECT count(CASE WHEN name LIKE 'sealed %' THEN 1 END), count(CASE WHEN name = '' AND seal IS NULL THEN 1 END), count(CASE WHEN length(seal) = 3 THEN 1 END) FROM wards`).Scan(&sealed, &empty, &long)
		if err != nil || sealed != rows || empty != 1 || long != rows {
			t.Errorf("%d sealed, %d empty, %d longer, %v", sealed, empty, long, err)
		}
		refuse := errors.New("no")
		err = store.Rewrite(ctx, db, store.Column{Table: "wards", Key: "id", Name: "name"}, func(string, string) (string, error) { return "", refuse })
		if !errors.Is(err, refuse) {
			t.Errorf("what cannot be changed says %v", err)
		}
	})
}

// TestCompactLeavesNothingOfWhatWasWrittenOver in the files of SQLite.
func TestCompactLeavesNothingOfWhatWasWrittenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	migrated(t, db)
	for i := range 50 {
		if err := add(t.Context(), db, fmt.Sprint(i), fmt.Sprint("Featherstone", i, strings.Repeat("x", 9000)), i); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (n int) {
		for _, file := range []string{path, path + "-wal"} {
			text, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			n += bytes.Count(text, []byte("Featherstone"))
		}
		return n
	}
	err = store.Rewrite(t.Context(), db, store.Column{Table: "wards", Key: "id", Name: "name"}, func(_, text string) (string, error) { return fmt.Sprint("sealed", len(text), text[12:14]), nil })
	if err != nil {
		t.Fatal(err)
	}
	if left() == 0 {
		t.Fatal("nothing is left, so that this proves nothing")
	}
	if err := db.Compact(t.Context()); err != nil || left() > 0 {
		t.Errorf("%d are left, %v", left(), err)
	}
}
