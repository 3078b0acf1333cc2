package tables_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
)

// mariadb makes a new database in a real MariaDB and returns how to reach it as its owner. WARDLINE_TEST_MYSQL names a server to use, by
// a DSN of go-sql-driver with the right to make databases and accounts; otherwise a MariaDB that is installed is started for as long as
// the tests run. The test is skipped when there is none, and fails where CI is set.
func mariadb(t testing.TB) *mysql.Config {
	t.Helper()
	dsn := os.Getenv("WARDLINE_TEST_MYSQL")
	if dsn == "" {
		if _, err := installedMariaDB(); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		var err error
		if dsn, err = sharedMariaDB.start(); err != nil {
			t.Fatal(err)
		}
	}
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := "t" + strings.ReplaceAll(uuid.NewString(), "-", "")
	run(t, "mysql", dsn, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	config.DBName = name
	return config
}

func run(t testing.TB, driver, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%.80s: %v", s, err)
		}
	}
}

// sharedMariaDB is the one server for all tests of this process.
var sharedMariaDB = &server{}

type server struct {
	once sync.Once
	dsn  string
	err  error
	life io.Closer // what the server waits for the end of; held, or it would be closed as garbage
}

func (s *server) start() (string, error) {
	s.once.Do(func() { s.dsn, s.life, s.err = startMariaDB() })
	return s.dsn, s.err
}

func installedMariaDB() (string, error) {
	for _, name := range []string{"mariadbd", "/usr/sbin/mariadbd", "/usr/libexec/mariadbd"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no MariaDB is installed here, and WARDLINE_TEST_MYSQL names none")
}

// startMariaDB makes a server in a temporary folder and serves it on a unix socket there.
func startMariaDB() (dsn string, life io.Closer, err error) {
	bin, err := installedMariaDB()
	if err != nil {
		return "", nil, err
	}
	me, err := user.Current()
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "wardline-mariadb-")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	data := filepath.Join(dir, "data")
	install := exec.CommandContext(ctx, "mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal",
		"--skip-test-db", "--user="+me.Username, "--datadir="+data)
	if out, err := install.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("mariadb-install-db: %w: %s", err, out)
	}
	socket := filepath.Join(dir, "socket")
	// The shell waits for the end of its input, which comes when this process ends in whatever way, and
	// then stops the server and removes its files.
	server := exec.Command("/bin/sh", "-c", `
		"$0" --no-defaults --user="$2" --datadir="$1/data" --socket="$1/socket" --pid-file="$1/pid" --skip-networking \
			--innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-doublewrite=0 --innodb-buffer-pool-size=128M > "$1/log" 2>&1 &
		cat > /dev/null
		kill -KILL $!; wait $!
		rm -rf "$1"`, bin, dir, me.Username)
	if life, err = server.StdinPipe(); err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	dsn = "root@unix(" + socket + ")/"
	return dsn, life, awaitMariaDB(ctx, dsn, filepath.Join(dir, "log"))
}

func awaitMariaDB(ctx context.Context, dsn, log string) error {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return err
	}
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for {
		if err := db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			said, _ := os.ReadFile(log)
			return fmt.Errorf("MariaDB does not start: %w: %s", ctx.Err(), strings.TrimSpace(string(said)))
		}
	}
}
