// Package storetest runs a room's tests over both databases, the real ones.
package storetest

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wardline/wardline/internal/store"
)

// Run calls test twice: with open that opens a new SQLite database, and one that opens a new database of a
// PostgreSQL server. Called again, open opens the same database once more, as another process would. What it opened
// is closed at the end. WARDLINE_TEST_POSTGRES names a server to use, by a URL with the right to make
// databases; otherwise a PostgreSQL that is installed is started for as long as the tests run. Without
// any, that half is skipped, and fails where CI is set.
func Run(t *testing.T, test func(t *testing.T, open func() *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		url := "sqlite:" + filepath.Join(t.TempDir(), "state.db")
		test(t, func() *store.DB { return opened(t, url) })
	})
	t.Run("postgres", func(t *testing.T) {
		url := Postgres(t)
		test(t, func() *store.DB { return opened(t, url) })
	})
}

func opened(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Postgres makes a new database in a real PostgreSQL and returns its URL. The test is skipped when there is
// none.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("WARDLINE_TEST_POSTGRES")
	if server == "" {
		found, err := installed()
		if err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		if server, err = shared.start(found); err != nil {
			t.Fatal(err)
		}
	}
	name := "t" + fmt.Sprintf("%x", uuid.New())
	url, err := create(t.Context(), server, name)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// shared is the one server for all tests of this process.
var shared = &cluster{}

type cluster struct {
	once sync.Once
	url  string
	err  error
	life io.Closer // what the server waits for the end of; held, or it would be closed as garbage
}

func (c *cluster) start(bin string) (string, error) {
	c.once.Do(func() { c.url, c.life, c.err = start(bin) })
	return c.url, c.err
}

// installed returns the folder that holds the programs of PostgreSQL.
func installed() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	others, _ := filepath.Glob("/usr/*/pgsql*/bin/initdb")
	found = append(found, others...)
	if p, err := exec.LookPath("initdb"); err == nil {
		found = append(found, p)
	}
	for i := len(found) - 1; i >= 0; i-- { // the newest version comes last
		bin := filepath.Dir(found[i])
		if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
			return bin, nil
		}
	}
	return "", fmt.Errorf("no PostgreSQL is installed here, and WARDLINE_TEST_POSTGRES names none")
}

// start makes a cluster in a temporary folder and serves it on a unix socket there.
func start(bin string) (url string, life io.Closer, err error) {
	dir, err := os.MkdirTemp("", "wardline-postgres-")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	as, err := unprivileged(dir)
	if err != nil {
		return "", nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "wardline", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, as
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	// The shell waits for the end of its input, which comes when this process ends in whatever way, and
	// then stops the server and removes its files.
	server := exec.Command("/bin/sh", "-c", `
		"$0" -D "$1/data" -k "$1" -c listen_addresses= -c shared_buffers=16MB > "$1/log" 2>&1 &
		cat > /dev/null
		kill -QUIT $!; wait $!
		rm -rf "$1"/*; rmdir "$1" 2> /dev/null`, filepath.Join(bin, "postgres"), dir)
	server.Dir, server.SysProcAttr = dir, as
	if life, err = server.StdinPipe(); err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	url = "postgres:///postgres?user=wardline&host=" + dir
	return url, life, await(ctx, url, filepath.Join(dir, "log"))
}
