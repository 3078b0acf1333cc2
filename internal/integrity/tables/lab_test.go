package tables_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/wardline/wardline/internal/integrity/sample"
	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/vault"
)

// lab is an invented laboratory's database with the table results, in a real server, and an account that may only read.
type lab struct {
	engine string // of a declaration
	driver string
	owner  string // DSN
	schema string
	dsn    string // path of the file with the reader's DSN
}

// do changes the database as somebody does who owns it.
func (l *lab) do(t testing.TB, statements ...string) {
	t.Helper()
	run(t, l.driver, l.owner, statements...)
}

// sql is the first statement for PostgreSQL, the second for MariaDB.
func (l *lab) sql(postgres, maria string) string {
	if l.engine == "postgresql" {
		return postgres
	}
	return maria
}

// allowed lets the reader read a table.
func (l *lab) allowed(t testing.TB, table string) { l.grant(t, "SELECT", table) }

// grant gives the reader a right on a table.
func (l *lab) grant(t testing.TB, right, table string) {
	t.Helper()
	if l.engine == "postgresql" {
		l.do(t, "GRANT "+right+" ON "+table+" TO reader")
		return
	}
	l.do(t, "GRANT "+right+" ON "+l.schema+"."+table+" TO "+l.reader())
}

// reader is the account in MariaDB, where each database has its own: the rights on one would count for all.
func (l *lab) reader() string { return "'r" + l.schema[1:20] + "'@'localhost'" }

// labs runs test with each of the databases.
func labs(t *testing.T, test func(t *testing.T, l *lab)) {
	t.Run("postgresql", func(t *testing.T) { test(t, postgresLab(t)) })
	t.Run("mariadb", func(t *testing.T) { test(t, mariaLab(t)) })
}

func postgresLab(t testing.TB) *lab {
	t.Helper()
	owner := storetest.Postgres(t)
	l := &lab{engine: "postgresql", driver: "pgx", owner: owner, schema: "public"}
	u, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	l.do(t, `DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`)
	query := u.Query()
	query.Set("user", "reader")
	u.RawQuery = query.Encode()
	l.dsn = secret(t, u.String())
	return l
}

func mariaLab(t testing.TB) *lab {
	t.Helper()
	config := mariadb(t)
	l := &lab{engine: "mysql", driver: "mysql", owner: config.FormatDSN(), schema: config.DBName}
	l.do(t, "CREATE USER "+l.reader())
	l.do(t, "GRANT USAGE ON *.* TO "+l.reader())
	reader := config.Clone()
	reader.User, _, _ = strings.Cut(strings.Trim(l.reader(), "'"), "'")
	l.dsn = secret(t, reader.FormatDSN()+"\n")
	return l
}

func secret(t testing.TB, dsn string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(path, []byte(dsn), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// results makes the table, with n results of invented patients, all an hour old.
func (l *lab) results(t testing.TB, n int) {
	t.Helper()
	l.do(t,
		l.sql(`CREATE TABLE results (id bigint PRIMARY KEY, patient varchar(40) NOT NULL, code varchar(20) NOT NULL, value numeric(10,2),
			unit char(8), note text, version integer NOT NULL, updated_at timestamptz NOT NULL, deleted boolean NOT NULL)`,
			`CREATE TABLE results (id bigint PRIMARY KEY, patient varchar(40) NOT NULL, code varchar(20) NOT NULL, value decimal(10,2),
			unit char(8), note text, version integer NOT NULL, updated_at datetime(6) NOT NULL, deleted tinyint(1) NOT NULL)`),
		fmt.Sprintf(l.sql(`INSERT INTO results SELECT g, 'DOE^PATIENT' || g, CASE WHEN g %% 2 = 0 THEN '2823-3' ELSE '2951-2' END, 3.5 + g %% 100 / 100.0, 'mmol/l',
			CASE WHEN g %% 3 = 0 THEN '' END, 1, now() - interval '1 hour', false FROM generate_series(1, %d) g`,
			`INSERT INTO results SELECT seq, CONCAT('DOE^PATIENT', seq), IF(seq %% 2 = 0, '2823-3', '2951-2'), 3.5 + seq %% 100 / 100.0, 'mmol/l',
			IF(seq %% 3 = 0, '', NULL), 1, UTC_TIMESTAMP(6) - INTERVAL 1 HOUR, 0 FROM seq_1_to_%d`), n))
	l.allowed(t, "results")
}

// declaration is that of the table results, with lines added to those of the database and of the table.
func (l *lab) declaration(database, table string) string {
	return fmt.Sprintf(`
system: LIS
engine: %s
dsn: %s
rate: 10000000
young: 1us
%s
tables:
  - schema: %s
    name: results
    kind: result
    key: [id]
    content: [patient, code, value, unit, note]
    version: version
    updated: updated_at
    deleted: deleted
    types: {deleted: boolean}
%s`, l.engine, l.dsn, database, l.schema, table)
}

func (l *lab) name() string { return l.schema + ".results" }

// source connects to a database as declared.
func (l *lab) source(t testing.TB, declaration string) *tables.Source {
	t.Helper()
	d, err := tables.Parse([]byte(declaration))
	if err != nil {
		t.Fatal(err)
	}
	src, err := tables.Connect(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	})
	return src
}

// keeper remembers in a new SQLite database.
func keeper(t testing.TB) *tables.Keeper {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return keeperIn(t, db)
}

func keeperIn(t testing.TB, db *store.DB) *tables.Keeper {
	t.Helper()
	v, err := vault.Invented(1)
	if err != nil {
		t.Fatal(err)
	}
	k, err := tables.Open(t.Context(), tables.Config{DB: db, Seal: v.Seal, Open: v.Open, Dir: t.TempDir(), Now: time.Now, Dice: sample.NewDice(rand.NewPCG(1, uint64(uuid.New().ID())))})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// told gathers changes.
type told struct{ changes []tables.Change }

func (c *told) emit(_ context.Context, changes []tables.Change) error {
	c.changes = append(c.changes, changes...)
	return nil
}

// lines are the changes, each as its key, act and outcome, and the columns that differ.
func (c *told) lines() []string {
	lines := []string{}
	for _, change := range c.changes {
		line := fmt.Sprintf("%s: %v, %v", change.Key[0].Text, change.Act, change.Outcome)
		if len(change.Columns) > 0 {
			line += " (" + strings.Join(change.Columns, " ") + ")"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func sweep(t testing.TB, k *tables.Keeper, src *tables.Source, table string) (tables.Report, *told) {
	t.Helper()
	c := &told{}
	report, err := k.Sweep(t.Context(), src, table, c.emit)
	if err != nil {
		t.Fatal(err)
	}
	return report, c
}

// signs are the signs of a report as text.
func signs(r tables.Report) []string {
	lines := []string{}
	for _, s := range r.Signs {
		lines = append(lines, fmt.Sprintf("%v: %s: %s", s.Outcome, s.About, s.Text))
	}
	return lines
}
