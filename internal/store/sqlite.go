package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
	sqlitedriver "github.com/ncruces/go-sqlite3/driver"
	"github.com/pressly/goose/v3"
)

// sqliteConns bounds how many read at once; one of them may write.
const sqliteConns = 8

func openSQLite(ctx context.Context, path string) (*sql.DB, error) {
	path, err := filepath.Abs(strings.TrimPrefix(path, "//"))
	if err != nil {
		return nil, err
	}
	// The file shared by those who have it open is made with the rights that we leave to others otherwise.
	if err := errors.Join(createPrivate(path), createPrivate(path+"-shm")); err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{
		"modeof":  {path}, // the files beside it are as private as the database itself
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "trusted_schema(OFF)",
		},
	}.Encode()}
	inner, err := (&sqlitedriver.SQLite{}).OpenConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(sqliteConnector{inner})
	db.SetMaxOpenConns(sqliteConns)
	db.SetMaxIdleConns(sqliteConns)
	if err := quickCheck(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return db, nil
}

// createPrivate makes the file, for its owner only, if it is not there, and makes its name durable.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("make the folder %s first: %w", filepath.Dir(path), err)
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), syncPath(filepath.Dir(path)))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// quickCheck reads the whole file: damage is found at the start, not in the night that needs the page.
func quickCheck(ctx context.Context, db *sql.DB) error {
	var verdict string
	err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict)
	if errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB) || err == nil && verdict != "ok" {
		return ErrDamaged // the verdict may quote what stands in the row
	}
	return err
}

// Backup writes a copy of the database as it is now into a new file, while others read and write. It returns once
// the copy is checked and durable. PostgreSQL has its own tools for it.
func (db *DB) Backup(ctx context.Context, path string) error {
	if db.dialect != goose.DialectSQLite3 {
		return errors.New("back up database: use pg_dump or the backup of your PostgreSQL service")
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("back up database: %s is there already: name a new file", path)
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("back up database: %w", err)
	}
	if err := db.copyTo(ctx, part); err != nil {
		return errors.Join(fmt.Errorf("back up database: %w", err), os.Remove(part))
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	return syncPath(filepath.Dir(path))
}

func (db *DB) copyTo(ctx context.Context, part string) error {
	if err := createPrivate(part); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, part); err != nil {
		return err
	}
	if err := syncPath(part); err != nil {
		return err
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: part, RawQuery: "mode=ro"}
	made, err := sqlitedriver.Open(dsn.String())
	if err != nil {
		return err
	}
	return errors.Join(quickCheck(ctx, made), made.Close())
}

// sqliteConnector makes connections that are as durable as we promise, and that read $1 as PostgreSQL does.
type sqliteConnector struct{ driver.Connector }

func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn := inner.(sqlitedriver.Conn)
	if err := assertDurable(conn.Raw()); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return sqliteConn{conn}, nil
}

// assertDurable makes sure that the settings took: a journal mode is silently not changed where a file
// system cannot do it, and WAL with synchronous NORMAL would lose what was committed.
func assertDurable(c *sqlite3.Conn) error {
	for _, setting := range [][2]string{{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}} {
		s, _, err := c.Prepare("PRAGMA " + setting[0])
		if err != nil {
			return err
		}
		s.Step()
		got := s.ColumnText(0)
		if err := s.Close(); err != nil {
			return err
		}
		if got != setting[1] {
			return fmt.Errorf("SQLite does not keep %s = %s here: put the database on a local disk", setting[0], setting[1])
		}
	}
	return nil
}

type sqliteConn struct{ sqlitedriver.Conn }

// PrepareContext numbers parameters as PostgreSQL does. SQLite takes $2 for a name, and gives it the place
// in which it first appears.
func (c sqliteConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	query, params := numbered(query)
	s, err := c.Conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return sqliteStmt{s.(contextStmt), params}, nil
}

// ExecContext runs what has no parameters at once, which may be several statements.
func (c sqliteConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

type contextStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
	driver.NamedValueChecker
}

type sqliteStmt struct {
	contextStmt
	params int
}

// NumInput lets database/sql refuse a wrong number of arguments; SQLite takes NULL for those that are missing.
func (s sqliteStmt) NumInput() int {
	if s.params > 0 {
		return s.params
	}
	return s.contextStmt.NumInput()
}

// CheckNamedValue refuses times, which SQLite keeps as text and PostgreSQL does not.
func (s sqliteStmt) CheckNamedValue(arg *driver.NamedValue) error {
	if _, ok := arg.Value.(time.Time); ok {
		return errors.New("wrap times in store.At")
	}
	return s.contextStmt.CheckNamedValue(arg)
}

// numbered turns $1 into ?1 outside of quotes and comments, and returns the highest number.
func numbered(query string) (string, int) {
	if !strings.Contains(query, "$") {
		return query, 0
	}
	var out strings.Builder
	highest := 0
	for i := 0; i < len(query); {
		skip := quoted(query[i:])
		if skip == 0 && query[i] == '$' {
			digits := 1
			for i+digits < len(query) && query[i+digits] >= '0' && query[i+digits] <= '9' {
				digits++
			}
			if n, err := strconv.Atoi(query[i+1 : i+digits]); err == nil {
				highest = max(highest, n)
				out.WriteByte('?')
				i++
				continue
			}
		}
		skip = max(skip, 1)
		out.WriteString(query[i : i+skip])
		i += skip
	}
	return out.String(), highest
}

// quoted returns how long the literal, name in quotes or comment is that text begins with.
func quoted(text string) int {
	opening, closing := text[:1], text[:1]
	switch {
	case opening == "'" || opening == `"`:
	case strings.HasPrefix(text, "--"):
		closing = "\n"
	case strings.HasPrefix(text, "/*"):
		opening, closing = "/*", "*/"
	default:
		return 0
	}
	end := strings.Index(text[len(opening):], closing)
	if end < 0 {
		return len(text)
	}
	return len(opening) + end + len(closing)
}
