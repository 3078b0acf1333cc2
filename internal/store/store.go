// Package store keeps what Wardline has worked out, such as people, cases and how far each watcher has
// read, in SQLite or, beyond one machine, in PostgreSQL. What the hospital's systems said is not here: that lies in
// the journal.
//
// One set of statements with $1 serves both engines. To keep it so:
//
//   - Schemas are written as SQLite's STRICT tables with TEXT, INTEGER, REAL and BLOB; see Migrate.
//   - Keys are UUIDv7 in TEXT, times are Time in INTEGER, truth is 0 or 1 in INTEGER.
//   - Text from outside goes through Text first, for PostgreSQL takes no zero bytes.
//   - There is no LastInsertId; RETURNING serves both.
//   - Whatever is read to decide a write is read in the same Do.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
	"github.com/pressly/goose/v3"
)

//go:embed schema
var schema embed.FS

// ErrDamaged says that the database file cannot be trusted.
var ErrDamaged = errors.New("the database is damaged: keep the file aside, put the last backup in its place and start again; " +
	"what watchers worked out since then is worked out anew from the journal")

// DB is an open database. It serves any number of goroutines.
type DB struct {
	*sql.DB
	dialect goose.Dialect
	// write is full while a transaction of this process writes. SQLite has one writer; those who wait
	// here are served in turn, where its own lock would let them try again at random.
	write chan struct{}
}

// Open opens a database by its URL: "sqlite:/var/lib/wardline/state.db" or "postgres://user@host/name". A
// SQLite file that is not there is made; its folder must be there. Open fails with ErrDamaged when the file is.
func Open(ctx context.Context, url string) (*DB, error) {
	db := &DB{write: make(chan struct{}, 1)}
	var err error
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		db.dialect = goose.DialectSQLite3
		db.DB, err = openSQLite(ctx, rest)
	case "postgres", "postgresql":
		db.dialect = goose.DialectPostgres
		db.DB, err = openPostgres(ctx, url)
	default:
		return nil, errors.New("open database: neither sqlite: nor postgres: begins the URL")
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := db.Migrate(ctx, "store", schema); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// maxTries is how often Do tries a transaction that others got in the way of.
const maxTries = 20

// Do runs act in one transaction and commits it unless act fails; once Do returns nil it survives a power cut.
// Transactions behave as if they ran one after the other. On SQLite they do; PostgreSQL may ask to
// try again, so act may be called more than once and must leave nothing behind but what it does with tx.
// act must not call Do.
func (db *DB) Do(ctx context.Context, act func(*sql.Tx) error) error {
	if db.dialect == goose.DialectSQLite3 {
		select {
		case db.write <- struct{}{}:
			defer func() { <-db.write }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for try := 1; ; try++ {
		err := db.once(ctx, act)
		if err == nil || !passing(err) || try == maxTries {
			return err
		}
		pause := time.NewTimer(rand.N(time.Duration(try) * 5 * time.Millisecond))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

func (db *DB) once(ctx context.Context, act func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	// Does nothing after Commit; after a failure there is nothing to be done about a second one.
	defer func() { _ = tx.Rollback() }()
	if err := act(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// passing tells whether a transaction failed only because of another one.
func passing(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization_failure, deadlock_detected
	}
	return false
}

// Duplicate tells whether err says that a row with such a key was there before.
func Duplicate(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505" // unique_violation
	}
	return errors.Is(err, sqlite3.CONSTRAINT_UNIQUE) || errors.Is(err, sqlite3.CONSTRAINT_PRIMARYKEY)
}

// Position returns the index of the journal entry that the follower handles next, 0 at first.
func Position(ctx context.Context, tx *sql.Tx, follower string) (uint64, error) {
	var next int64
	err := tx.QueryRowContext(ctx, `SELECT next FROM positions WHERE follower = $1`, follower).Scan(&next)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read position of %s: %w", follower, err)
	}
	return uint64(next), nil
}

// SetPosition notes the index of the journal entry that the follower handles next. It belongs into the
// transaction that holds the effects of the entry before, so that each has its effects once.
func SetPosition(ctx context.Context, tx *sql.Tx, follower string, next uint64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO positions (follower, next) VALUES ($1, $2)
		ON CONFLICT (follower) DO UPDATE SET next = excluded.next`, follower, int64(next))
	if err != nil {
		return fmt.Errorf("set position of %s: %w", follower, err)
	}
	return nil
}
