package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// unprivileged gives dir to another user when we are root, which PostgreSQL refuses to run as, and
// returns how to start processes as that user.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is for the tests
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}

// await returns when the server answers.
func await(ctx context.Context, url, log string) error {
	for {
		c, err := pgx.Connect(ctx, url)
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			said, _ := os.ReadFile(log)
			return fmt.Errorf("PostgreSQL does not start: %w: %s", err, said)
		}
	}
}

// create makes a database and returns its URL.
func create(ctx context.Context, server, name string) (string, error) {
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	// With an order of its own where it can, as databases in hospitals have: the schemas must bring theirs.
	statement := "CREATE DATABASE " + name + " ENCODING 'UTF8' TEMPLATE template0"
	if _, err = c.Exec(ctx, statement+" LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"); err != nil {
		_, err = c.Exec(ctx, statement)
	}
	if err := errors.Join(err, c.Close(ctx)); err != nil {
		return "", err
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}
