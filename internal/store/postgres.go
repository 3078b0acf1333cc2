package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresConns bounds what one node takes of the 100 connections that a PostgreSQL has.
const postgresConns = 16

func openPostgres(ctx context.Context, url string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url) // its errors leave the password out
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"application_name":                    "wardline",
		"synchronous_commit":                  "on",
		"timezone":                            "UTC",
		"lock_timeout":                        "10s",
		"idle_in_transaction_session_timeout": "60s",
	} {
		config.RuntimeParams[name] = value
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	if err := assertPostgres(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// assertPostgres makes sure that a commit is durable and that any text can be kept.
func assertPostgres(ctx context.Context, db *sql.DB) error {
	for _, setting := range [][2]string{{"fsync", "on"}, {"full_page_writes", "on"}, {"synchronous_commit", "on"}, {"server_encoding", "UTF8"}} {
		var got string
		if err := db.QueryRowContext(ctx, "SHOW "+setting[0]).Scan(&got); err != nil {
			return err
		}
		if got != setting[1] {
			return fmt.Errorf("PostgreSQL has %s = %s, which does not keep what was committed: it must be %s", setting[0], got, setting[1])
		}
	}
	return nil
}
