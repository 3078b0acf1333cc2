package node

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wardline/wardline/internal/collect/files"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
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

// positions keeps how far followed files were taken in.
type positions struct {
	db    *store.DB
	vault *vault.Vault
}

var _ files.Positions = positions{}

// Load implements files.Positions.
func (p positions) Load(ctx context.Context, source string) ([]files.Position, error) {
	texts, err := marks(p).load(ctx, source)
	if err != nil {
		return nil, err
	}
	var all []files.Position
	for _, text := range texts {
		var one files.Position
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, errors.New("a position of a followed file is damaged: restore the database")
		}
		all = append(all, one)
	}
	return all, nil
}

// Save implements files.Positions.
func (p positions) Save(ctx context.Context, source string, changed []files.Position, gone []string) error {
	texts := map[string][]byte{}
	for i := range changed {
		text, err := json.Marshal(&changed[i])
		if err != nil {
			return err
		}
		texts[changed[i].Key] = text
	}
	return marks(p).save(ctx, source, texts, gone)
}

// marks keeps how far anything was taken in that a source follows: by the source, and by what it calls the thing. They are
// sealed: names of files and first lines may name a patient.
type marks struct {
	db    *store.DB
	vault *vault.Vault
}

const sealedMark = "position of a source"

func (m marks) load(ctx context.Context, source string) (map[string][]byte, error) {
	rows, err := m.db.QueryContext(ctx, `SELECT file, position FROM file_positions WHERE source = $1`, source)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string][]byte{}
	for rows.Next() {
		var file, text string
		if err := rows.Scan(&file, &text); err != nil {
			return nil, err
		}
		if text, err = m.vault.OpenText(text, sealedMark); err != nil {
			return nil, err
		}
		all[file] = []byte(text)
	}
	return all, rows.Err()
}

// sealOlder seals what a version wrote that had no vault.
func (m marks) sealOlder(ctx context.Context) error {
	rows, err := m.db.QueryContext(ctx, `SELECT DISTINCT source FROM file_positions`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var sources []string
	for rows.Next() {
		var source string
		if err := rows.Scan(&source); err != nil {
			return err
		}
		sources = append(sources, source)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, source := range sources {
		all, err := m.load(ctx, source)
		if err != nil {
			return err
		}
		if err := m.save(ctx, source, all, nil); err != nil {
			return err
		}
	}
	return nil
}

func (m marks) save(ctx context.Context, source string, changed map[string][]byte, gone []string) error {
	return m.db.Do(ctx, func(tx *sql.Tx) error {
		for file, text := range changed {
			sealed, err := m.vault.SealText(store.Text(string(text)), sealedMark)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO file_positions (source, file, position) VALUES ($1, $2, $3)
				ON CONFLICT (source, file) DO UPDATE SET position = excluded.position`, source, file, sealed)
			if err != nil {
				return err
			}
		}
		for _, file := range gone {
			if _, err := tx.ExecContext(ctx, `DELETE FROM file_positions WHERE source = $1 AND file = $2`, source, file); err != nil {
				return err
			}
		}
		return nil
	})
}
