package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pressly/goose/v3"
)

// Once runs act unless it did so before without an error, and remembers it by the name: for what is to be done once to the data
// of an earlier version. What was cut off half-way is done again, and several nodes may do it at once, so act must bear that.
func (db *DB) Once(ctx context.Context, what string, act func(context.Context) error) error {
	var done int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM done_once WHERE what = $1`, what).Scan(&done); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if done > 0 {
		return nil
	}
	if err := act(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO done_once (what) VALUES ($1) ON CONFLICT DO NOTHING`, what); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Column names what Rewrite rewrites. The names are the caller's own.
type Column struct{ Table, Key, Name string } // Key alone tells rows apart, and is text

// rewriteAtOnce is how many rows one transaction of Rewrite reads.
const rewriteAtOnce = 200

// Rewrite puts in the place of every value of a column what change makes of it. What change made before it must leave as it
// means. Values that stay empty are not written.
func Rewrite[T string | []byte](ctx context.Context, db *DB, column Column, change func(key string, value T) (T, error)) error {
	for last, more := "", true; more; {
		var keys []string
		err := db.Do(ctx, func(tx *sql.Tx) (err error) {
			var values []T
			if keys, values, err = some[T](ctx, tx, column, last); err != nil {
				return err
			}
			for i, value := range values {
				if value, err = change(keys[i], value); err != nil {
					return err
				}
				if len(value) == 0 {
					continue
				}
				if _, err := tx.ExecContext(ctx, `UPDATE `+column.Table+` SET `+column.Name+` = $1 WHERE `+column.Key+` = $2`, value, keys[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("rewrite %s.%s: %w", column.Table, column.Name, err)
		}
		if more = len(keys) == rewriteAtOnce; more {
			last = keys[len(keys)-1]
		}
	}
	return nil
}

func some[T string | []byte](ctx context.Context, tx *sql.Tx, column Column, last string) (keys []string, values []T, err error) {
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT %[2]s, %[3]s FROM %[1]s WHERE %[2]s > $1 ORDER BY %[2]s LIMIT %[4]d`,
		column.Table, column.Key, column.Name, rewriteAtOnce), last)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var value T
		if err := rows.Scan(&key, &value); err != nil {
			return nil, nil, err
		}
		keys, values = append(keys, key), append(values, value)
	}
	return keys, values, rows.Err()
}

// Compact writes SQLite's file anew, so that nothing is left in it of what was deleted or written over. It takes as much room
// again for as long as it runs. PostgreSQL does that by itself.
func (db *DB) Compact(ctx context.Context) error {
	if db.dialect != goose.DialectSQLite3 {
		return nil
	}
	for _, statement := range []string{`VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("compact database: %w", err)
		}
	}
	return nil
}
