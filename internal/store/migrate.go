package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings a room's tables up to date with the files of its folder schema, such as
// schema/0001_cases.sql, each beginning with "-- +goose Up". A file that was shipped is never changed again. Each
// room's versions are counted in a table of its own.
//
// The files are written for SQLite's STRICT tables. For PostgreSQL the types INTEGER, REAL, BLOB and TEXT, in capitals,
// become BIGINT, DOUBLE PRECISION, BYTEA and TEXT COLLATE "C", so that both have the same sizes and the
// same order, and STRICT is left out, as is WITHOUT ROWID behind it, by which SQLite keeps a table in the order of its key.
func (db *DB) Migrate(ctx context.Context, room string, schema fs.FS) error {
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		return fmt.Errorf("migrate %s: %w", room, err)
	}
	options := []goose.ProviderOption{
		goose.WithTableName(room + "_versions"),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
	}
	if db.dialect == goose.DialectPostgres {
		files = postgresFS{files}
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("migrate %s: %w", room, err)
		}
		options = append(options, goose.WithSessionLocker(locker)) // several nodes may start at once
	}
	provider, err := goose.NewProvider(db.dialect, db.DB, files, options...)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", room, err)
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", room, err)
	}
	if have > want {
		return fmt.Errorf("migrate %s: the database was written by a newer Wardline (version %d, this one knows %d): start that one, or restore the backup made before the upgrade", room, have, want)
	}
	if err := up(ctx, provider); err != nil {
		return fmt.Errorf("migrate %s: %w", room, err)
	}
	return db.onlyStrict(ctx)
}

// up tries again when it fails: each file is one transaction, so that what failed because another process was
// quicker, which SQLite has no lock for, is done when it is looked at again. Anything else fails again.
func up(ctx context.Context, provider *goose.Provider) error {
	_, err := provider.Up(ctx)
	for try := 1; err != nil && try < 5 && ctx.Err() == nil; try++ {
		_, err = provider.Up(ctx)
	}
	return err
}

// onlyStrict finds tables that would take any kind of value in any column, which PostgreSQL's do not.
func (db *DB) onlyStrict(ctx context.Context) error {
	if db.dialect != goose.DialectSQLite3 {
		return nil
	}
	var loose int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_list
		WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_versions'`).Scan(&loose)
	if err != nil {
		return err
	}
	if loose > 0 {
		return errors.New("wardline: internal error: a table of the schema is not STRICT")
	}
	return nil
}

// postgresFS reads schemas as PostgreSQL wants them.
type postgresFS struct{ fs.FS }

func (f postgresFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return file, err
	}
	text, err := fs.ReadFile(f.FS, name)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &postgresFile{file, bytes.NewReader([]byte(forPostgres(string(text))))}, nil
}

type postgresFile struct {
	fs.File
	text *bytes.Reader
}

func (f *postgresFile) Read(b []byte) (int, error) { return f.text.Read(b) }

func forPostgres(schema string) string {
	schema = regexp.MustCompile(`\)\s*STRICT\s*(?:,\s*WITHOUT\s+ROWID\s*)?;`).ReplaceAllString(schema, ");")
	return regexp.MustCompile(`\b(TEXT|INTEGER|REAL|BLOB)\b`).ReplaceAllStringFunc(schema, func(t string) string {
		return strings.NewReplacer("TEXT", `TEXT COLLATE "C"`, "INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION", "BLOB", "BYTEA").Replace(t)
	})
}
