package tables

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Source is a database that is read. It serves one sweep at a time.
type Source struct {
	decl   Declaration
	engine engine
	db     *sql.DB
	rate   *rate.Limiter
}

// maxDSN is how many bytes the file of a DSN may have.
const maxDSN = 16 << 10

// Connect opens the database of a declaration that Parse has read. Its errors name the file of the DSN and never what stands in it.
func Connect(ctx context.Context, d Declaration) (*Source, error) {
	e, ok := engineNamed(d.Engine)
	if !ok || d.zone == nil {
		return nil, errors.New("wardline: internal error: the declaration was not parsed")
	}
	dsn, err := readDSN(d.DSN)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.System, err)
	}
	db, err := e.open(dsn)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %s: %w", d.System, d.DSN, err)
	}
	db.SetMaxIdleConns(0) // a connection in a transaction is never used again
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(plain("connect to "+d.System, err), db.Close())
	}
	return &Source{d, e, db, rate.NewLimiter(rate.Limit(d.Rate), max(d.Page, d.Rate))}, nil
}

// readDSN returns the one line of the file.
func readDSN(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxDSN+1))
	if err != nil {
		return "", err
	}
	dsn := strings.TrimSpace(string(text))
	if len(text) > maxDSN || dsn == "" || strings.ContainsAny(dsn, "\r\n") {
		return "", fmt.Errorf("%s: one line is wanted that says where the database is", path)
	}
	return dsn, nil
}

// Close gives the connections back.
func (s *Source) Close() error { return s.db.Close() }

// Tables returns what is declared, as Parse completed it.
func (s *Source) Tables() []Table { return s.decl.Tables }

// System is what the house calls the system.
func (s *Source) System() string { return s.decl.System }

func (s *Source) table(name string) (*Table, error) {
	for i := range s.decl.Tables {
		if s.decl.Tables[i].String() == name {
			return &s.decl.Tables[i], nil
		}
	}
	return nil, fmt.Errorf("%s has no table %s in its declaration", s.decl.System, name)
}

// snapshot is one moment of a database, on a connection of its own.
type snapshot struct {
	*sql.Conn
	source *Source
	at     time.Time // by the database's own clock
}

// snapshot begins to read one moment. It must be closed soon: for as long as it is open the database keeps what it would else clean up.
func (s *Source) snapshot(ctx context.Context) (*snapshot, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, plain("begin to read "+s.decl.System, err)
	}
	shot := &snapshot{Conn: conn, source: s}
	if err := shot.begin(ctx); err != nil {
		return nil, errors.Join(err, shot.close())
	}
	return shot, nil
}

func (s *snapshot) begin(ctx context.Context) error {
	doing := "begin to read " + s.source.decl.System
	for _, statement := range s.source.engine.begin {
		if _, err := s.ExecContext(ctx, statement); err != nil {
			return plain(doing, err)
		}
	}
	var now string
	if err := s.QueryRowContext(ctx, s.source.engine.clock).Scan(&now); err != nil {
		return plain(doing, err)
	}
	at, ok := parseTime(now)
	if !ok {
		return fmt.Errorf("%s: the database does not tell the time", doing)
	}
	s.at = at
	return nil
}

// close ends the transaction by ending the connection, which the pool does not keep.
func (s *snapshot) close() error {
	// What cannot be rolled back any more ends with the connection, and nothing was written.
	_, _ = s.ExecContext(context.Background(), "ROLLBACK")
	if err := s.Conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return plain("end reading "+s.source.decl.System, err)
	}
	return nil
}

// column is a column as it is read.
type column struct {
	name  string
	typ   string // the database's word
	holds holds
	null  bool
	zone  *time.Location
}

// argument is the value of a column as the database is asked for it.
func (c *column) argument(f parsedField) string {
	t, ok := f.time()
	switch {
	case !ok:
		return f.Text
	case c.holds == holdsWall:
		return t.In(c.zone).Format(wallClock)
	}
	return t.Format(wallClock)
}

// earliest is a time that the column does not show later than any from then until now: a clock on a wall goes back once a year.
func (c *column) earliest(from, now time.Time) time.Time {
	if c.holds != holdsWall {
		return from
	}
	_, was := from.In(c.zone).Zone()
	_, is := now.In(c.zone).Zone()
	return from.Add(time.Duration(min(0, is-was)) * time.Second)
}

// catalogue is every column that a table has, in its order.
func (s *snapshot) catalogue(ctx context.Context, t *Table) ([]column, error) {
	e := &s.source.engine
	var all []column
	err := s.each(ctx, "read the columns of "+t.String(), e.columns, t, func(rows *sql.Rows) error {
		c := column{zone: s.source.decl.zone}
		var null int
		if err := rows.Scan(&c.name, &c.typ, &null); err != nil {
			return err
		}
		c.null, c.holds = null != 0, e.holds(c.typ)
		if word, ok := t.Types[c.name]; ok {
			c.holds, _ = kindNamed(word)
		}
		all = append(all, c)
		return nil
	})
	return all, err
}

// each runs a statement about the catalogue, and do for each of its rows.
func (s *snapshot) each(ctx context.Context, doing, statement string, t *Table, do func(*sql.Rows) error) error {
	rows, err := s.QueryContext(ctx, statement, t.Schema, t.Name)
	if err != nil {
		return plain(doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return plain(doing, err)
		}
	}
	return plain(doing, rows.Err())
}

// shape is the columns that are compared, in the order of a canonical row. It is kept, so that a change of it is told from
// changes of every row.
type shape struct {
	Columns []shapeColumn `json:"columns"`
	Others  []string      `json:"others"` // columns of the table that are not read
	Keys    int           `json:"keys"`   // how many of Columns are the key
}

type shapeColumn struct {
	Name  string `json:"name"`
	Holds holds  `json:"holds"`
	Scale string `json:"scale,omitempty"`
}

// ErrDeclaration says that the database does not have what is declared: see Source.Check.
var ErrDeclaration = errors.New("the database does not have what is declared")

// read returns the columns of t that are read, and their shape. It fails with ErrDeclaration when one is missing.
func (s *snapshot) read(ctx context.Context, t *Table) ([]column, shape, error) {
	all, err := s.catalogue(ctx, t)
	if err != nil {
		return nil, shape{}, err
	}
	byName := map[string]column{}
	for _, c := range all {
		byName[c.name] = c
	}
	var list []column
	sh := shape{Keys: len(t.Key)}
	for _, name := range t.columns() {
		c, ok := byName[name]
		if !ok {
			return nil, shape{}, fmt.Errorf("%w: %s has no column %s, or the account may not see it", ErrDeclaration, t, name)
		}
		if t.Fresh && name == t.Updated && !s.source.engine.holds(c.typ).isTime() { // which the database compares, whatever we take it for
			return nil, shape{}, fmt.Errorf("%w: %s is to be read by the times in %s, which holds none (%s): take fresh away", ErrDeclaration, t, name, c.typ)
		}
		list = append(list, c)
		sh.Columns = append(sh.Columns, shapeColumn{c.name, c.holds, scale(c.typ)})
		delete(byName, name)
	}
	for _, c := range all {
		if _, other := byName[c.name]; other {
			sh.Others = append(sh.Others, c.name)
		}
	}
	return list, sh, nil
}

func (s *shape) bytes() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("wardline: internal error: a shape is no JSON")
	}
	return b
}
