package node

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

//go:embed schema
var schema embed.FS

// openState opens the database that the configuration names.
func openState(ctx context.Context, c *Config) (*store.DB, error) {
	url := "sqlite:" + filepath.Join(c.Data, "state.db")
	if c.State != "sqlite" {
		secret, err := os.ReadFile(c.State)
		if err != nil {
			return nil, fmt.Errorf("read the database's URL: %w", err)
		}
		url = strings.TrimSpace(string(secret))
	}
	db, err := store.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "node", schema); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// sentinel keeps the journal's mark in the database: a journal that was deleted or put back to an earlier day is
// noticed.
func sentinel(db *store.DB) journal.Sentinel {
	return journal.Sentinel{
		Load: func(ctx context.Context) (m journal.Mark, err error) {
			var created store.Time
			var root []byte
			row := db.QueryRowContext(ctx, `SELECT origin, created, size, root FROM journal_mark WHERE id = 1`)
			err = row.Scan(&m.Origin, &created, &m.Size, &root)
			if errors.Is(err, sql.ErrNoRows) {
				return journal.Mark{}, nil
			}
			m.Created = created.Time
			copy(m.Root[:], root)
			return m, err
		},
		Save: func(ctx context.Context, m journal.Mark) error {
			return db.Do(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO journal_mark (id, origin, created, size, root) VALUES (1, $1, $2, $3, $4)
					ON CONFLICT (id) DO UPDATE SET origin = excluded.origin, created = excluded.created, size = excluded.size, root = excluded.root`,
					m.Origin, store.At(m.Created), int64(m.Size), m.Root[:])
				return err
			})
		},
	}
}
