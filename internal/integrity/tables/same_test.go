package tables_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/tables"
)

// TestTwoDatabasesOneDigest: the same values in PostgreSQL and in MariaDB make the same digest of the table, and others do not.
func TestTwoDatabasesOneDigest(t *testing.T) {
	sums := map[string]tables.Sum{}
	var shown [][]tables.Field
	labs(t, func(t *testing.T, l *lab) {
		l.do(t, l.sql(`CREATE TABLE results (id bigint PRIMARY KEY, small smallint, dose numeric(12,3), ratio double precision, part real, name varchar(200), unit char(8),
				seen timestamptz, said timestamp, born date, round time, urgent boolean, raw bytea)`,
			`CREATE TABLE results (id bigint PRIMARY KEY, small smallint, dose decimal(12,3), ratio double, part float, name varchar(200), unit char(8),
				seen timestamp(6) NULL, said datetime(6), born date, round time(6), urgent tinyint(1), raw varbinary(20)) CHARACTER SET utf8mb4`))
		l.allowed(t, "results")
		bytes := func(hex string) string { return fmt.Sprintf(l.sql(`'\x%s'`, `x'%s'`), hex) }
		seen := func(utc string) string {
			return fmt.Sprintf(l.sql(`'%s+00'`, `CONVERT_TZ('%s', '+00:00', @@session.time_zone)`), utc)
		}
		l.do(t, `INSERT INTO results VALUES
			(1, -5, 0.500, 0.1, 0.1, 'DOE^JÄNE 😀 ''quoted'' `+l.sql(`\`, `\\`)+` ', 'mmol/l', `+seen("2026-03-29 01:30:00.123456")+`, '2026-03-29 03:30:00.5', '2024-02-29', '12:00:00.25', true, `+bytes("00ff27")+`),
			(-9223372036854775808, 32767, -999999999.999, 1e300, 16777217, '', '', `+seen("1999-12-31 23:59:59")+`, '1970-01-01 00:00:00', '1900-01-01', '23:59:59.999999', false, `+bytes("")+`),
			(9223372036854775807, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`)
		src := l.source(t, strings.NewReplacer("content: [patient, code, value, unit, note]", "content: [small, dose, ratio, part, name, unit, seen, said, born, round, urgent, raw]",
			"version: version", "", "updated: updated_at", "", "deleted: deleted", "", "{deleted: boolean}", "{urgent: boolean}").Replace(l.declaration("zone: Europe/Berlin", "")))
		k := keeper(t)
		report, _ := sweep(t, k, src, l.name())
		sums[l.engine] = report.After
		l.do(t, `DELETE FROM results WHERE id = 1`)
		_, c := sweep(t, k, src, l.name())
		if len(c.changes) != 1 {
			t.Fatalf("%d changes", len(c.changes))
		}
		shown = append(shown, c.changes[0].Old)
	})
	if len(sums) < 2 {
		t.Skip("it takes two databases")
	}
	if diff := cmp.Diff(shown[0], shown[1]); diff != "" {
		t.Error(diff)
	}
	if sums["postgresql"] != sums["mysql"] || sums["mysql"] == (tables.Sum{}) {
		t.Error("the digests differ")
	}
	want := []tables.Field{{Column: "id", Text: "1"}, {Column: "small", Text: "-5"}, {Column: "dose", Text: "0.500"}, {Column: "ratio", Text: "0.1"}, {Column: "part", Text: "0.1"},
		{Column: "name", Text: `DOE^JÄNE 😀 'quoted' \ `}, {Column: "unit", Text: "mmol/l"}, {Column: "seen", Text: "2026-03-29T01:30:00.123456Z"}, {Column: "said", Text: "2026-03-29T01:30:00.5Z"},
		{Column: "born", Text: "2024-02-29"}, {Column: "round", Text: "12:00:00.250000"}, {Column: "urgent", Text: "true"}, {Column: "raw", Text: "00ff27"}}
	if diff := cmp.Diff(shown[0], want); diff != "" {
		t.Error(diff)
	}
}

// TestCheckSaysWhatIsMissing in clear words.
func TestCheckSaysWhatIsMissing(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		check := func(declaration string) []string {
			wrong, err := l.source(t, declaration).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i := range wrong {
				wrong[i] = strings.TrimPrefix(wrong[i], l.name()+": ")
			}
			return wrong
		}
		l.do(t, `CREATE TABLE other (id integer)`)
		l.allowed(t, "other") // or the account could not enter the database
		if diff := cmp.Diff(check(l.declaration("", "")), []string{"There is no such table, or the account may not see it."}); diff != "" {
			t.Error(diff)
		}
		l.results(t, 5)
		if diff := cmp.Diff(check(l.declaration("", "    ascending: true")), []string(nil)); diff != "" {
			t.Error(diff)
		}
		odd := strings.NewReplacer("key: [id]", "key: [note, value]", "value, unit, note]", "unit, id, panel]", "version: version", "version: deleted", "updated: updated_at", "updated: version", "    deleted: deleted\n", "")
		want := []string{
			"It has no column panel, or the account may not see it.",
			"The key column note may be NULL.",
			"The key column value may be NULL.",
			"The column version holds no time (" + l.sql("integer", "int(11)") + "), so that it cannot tell when a row was updated.",
			"The column deleted holds boolean (" + l.sql("boolean", "tinyint(1)") + "), of which nobody can say whether it has grown.",
			"No unique index holds the key: rows might share one, and reading in its order is slow.",
		}
		if diff := cmp.Diff(check(odd.Replace(l.declaration("", ""))), want); diff != "" {
			t.Error(diff)
		}
		l.grant(t, "UPDATE", "results")
		if diff := cmp.Diff(check(l.declaration("", "")), []string{"The account may do more than read (UPDATE): give it the right to SELECT alone."}); diff != "" {
			t.Error(diff)
		}
	})
}

// TestCheckReadsARow, for a right that is missing shows only then.
func TestCheckReadsARow(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 5)
	l.do(t, `REVOKE ALL ON results FROM reader`)
	l.do(t, `CREATE TABLE orders AS SELECT id, value FROM results`, `ALTER TABLE orders ADD PRIMARY KEY (id)`)
	l.allowed(t, "orders")
	wrong, err := l.source(t, l.declaration("", "")+"\n  - {schema: public, name: orders, key: [id], content: [value]}").Check(t.Context())
	if diff := cmp.Diff(wrong, []string{"public.results: It cannot be read: read public.results: PostgreSQL says 42501: the account may not read this."}); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestCheckKnowsStorageWithoutSnapshots.
func TestCheckKnowsStorageWithoutSnapshots(t *testing.T) {
	l := mariaLab(t)
	l.results(t, 5)
	l.do(t, `ALTER TABLE results ENGINE = MyISAM`)
	wrong, err := l.source(t, l.declaration("", "")).Check(t.Context())
	if len(wrong) != 1 || !strings.Contains(wrong[0], "Its storage, MyISAM, cannot show one moment") || err != nil {
		t.Error(wrong, err)
	}
}

// TestCheckKnowsKeysThatAreSortedOtherwise than they are compared; a sweep finds out as well.
func TestCheckKnowsKeysThatAreSortedOtherwise(t *testing.T) {
	l := mariaLab(t)
	l.do(t, `CREATE TABLE results (level enum('low', 'high', 'critical') PRIMARY KEY, text varchar(20))`, `INSERT INTO results VALUES ('low', ''), ('high', ''), ('critical', '')`)
	l.allowed(t, "results")
	declaration := fmt.Sprintf("system: LIS\nengine: mysql\ndsn: %s\npage: 1\ntables: [{schema: %s, name: results, key: [level], content: [text]}]", l.dsn, l.schema)
	wrong, err := l.source(t, declaration).Check(t.Context())
	if len(wrong) != 1 || !strings.Contains(wrong[0], "The key column level is of a type (enum)") || err != nil {
		t.Error(wrong, err)
	}
	if _, err := keeper(t).Sweep(t.Context(), l.source(t, declaration), l.name(), nil); !errors.Is(err, tables.ErrDeclaration) {
		t.Error(err)
	}
}

// TestNamesOfTheDeclarationStayNames, whatever is in them.
func TestNamesOfTheDeclarationStayNames(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 5)
		evil := l.sql(`x"; DROP TABLE results; --`, "x`; DROP TABLE results; --")
		l.do(t, `CREATE TABLE odd (id integer PRIMARY KEY, `+tables.Quote(l.engine, evil)+` integer)`, `INSERT INTO odd VALUES (1, 2)`)
		l.allowed(t, "odd")
		src := l.source(t, fmt.Sprintf("system: LIS\nengine: %s\ndsn: %s\ntables: [{schema: %s, name: odd, key: [id], content: [%q]}]", l.engine, l.dsn, l.schema, evil))
		if report, _ := sweep(t, keeper(t), src, l.schema+".odd"); report.Rows != 1 {
			t.Errorf("%d rows", report.Rows)
		}
		l.do(t, `SELECT 1 FROM results`)
	})
}

// TestConnectTellsNoSecret: the file of the DSN is named, and not what stands in it.
func TestConnectTellsNoSecret(t *testing.T) {
	for engine, dsns := range map[string][]string{
		"postgresql": {"postgres://reader:hunter2@[::1/lis", "postgres://reader:hunter2@localhost:1/lis", "two\nlines of hunter2", ""},
		"mysql":      {"reader:hunter2@tcp(localhost", "reader:hunter2@tcp(localhost:1)/lis"},
		"sqlserver":  {"sqlserver://reader:hunter2@%zz", "sqlserver://reader:hunter2@localhost:1?database=lis&dial+timeout=1"},
	} {
		for i, dsn := range dsns {
			d, err := tables.Parse([]byte(fmt.Sprintf("system: LIS\nengine: %s\ndsn: %s\ntables: [{schema: a, name: b, key: [c], content: [d]}]", engine, secret(t, dsn))))
			if err != nil {
				t.Fatal(err)
			}
			_, err = tables.Connect(t.Context(), d)
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.HasPrefix(err.Error(), "connect to LIS: ") {
				t.Errorf("%s %d: %v", engine, i, err)
			}
		}
	}
}

// TestSQLServerIsAskedLikeThis. No SQL Server can be had for tests: what it would be sent is held to be this, and nothing else of it is tried.
func TestSQLServerIsAskedLikeThis(t *testing.T) {
	d, err := tables.Parse([]byte(`
system: EHR
engine: sqlserver
dsn: /etc/wardline/ehr.dsn
page: 500
zone: Europe/Berlin
tables:
  - {schema: dbo, name: "odd]name", key: [mrn, at, dose, id, guid], content: [value], updated: changed, fresh: true}`))
	if err != nil {
		t.Fatal(err)
	}
	statements, args := tables.Statements(d, map[string]string{"mrn": "varchar", "at": "datetime2", "dose": "decimal(18,4)", "id": "int", "guid": "uniqueidentifier", "value": "time", "changed": "datetime"},
		[]any{"DOE^1", []byte("2026-07-01 12:00:00"), []byte("1.5000"), int64(7), "6f9619ff-8b86-d011-b42d-00c04fc964ff"})
	want := []string{
		"SET TRANSACTION ISOLATION LEVEL SNAPSHOT", "BEGIN TRANSACTION",
		"SELECT [mrn], [at], [dose], [id], LOWER(CONVERT(varchar(36), [guid])), CONVERT(varchar(16), [value]), [changed] FROM [dbo].[odd]]name]",
		"[mrn] >= @p1 AND ([mrn] > @p2 OR [mrn] = @p3 AND ([at] > CONVERT(datetime2(6), @p4) OR [at] = CONVERT(datetime2(6), @p5) AND " +
			"([dose] > CONVERT(decimal(38,4), @p6) OR [dose] = CONVERT(decimal(38,4), @p7) AND ([id] > @p8 OR [id] = @p9 AND ([guid] > CONVERT(uniqueidentifier, @p10))))))",
		"([mrn] = @p1 AND [at] = CONVERT(datetime2(6), @p2) AND [dose] = CONVERT(decimal(38,4), @p3) AND [id] = @p4 AND [guid] = CONVERT(uniqueidentifier, @p5)) OR " +
			"([mrn] = @p6 AND [at] = CONVERT(datetime2(6), @p7) AND [dose] = CONVERT(decimal(38,4), @p8) AND [id] = @p9 AND [guid] = CONVERT(uniqueidentifier, @p10))",
		"[mrn], [at], [dose], [id], [guid]",
		" WHERE [changed] >= CONVERT(datetime2(6), @p1) ORDER BY [changed] OFFSET 0 ROWS FETCH NEXT 100000 ROWS ONLY",
	}
	if diff := cmp.Diff(statements, want); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(fmt.Sprint(args...), "DOE^1DOE^1DOE^12026-07-01 12:00:002026-07-01 12:00:001.50001.50007 76f9619ff-8b86-d011-b42d-00c04fc964ff2026-07-01 12:00:00"); diff != "" {
		t.Error(diff)
	}
}

// TestTypesAreKnown by the names that each database has for them.
func TestTypesAreKnown(t *testing.T) {
	for engine, types := range map[string]map[string]string{
		"postgresql": {"numeric(10,2)": "decimal", "character varying(20)": "text", "character(5)": "char", "timestamp(3) with time zone": "timestamp", "timestamp without time zone": "wall",
			"time(0) without time zone": "clock", "uuid": "text", "jsonb": "text", "bigint[]": "text", "boolean": "boolean", "double precision": "float", "real": "real", "bytea": "bytes", "public.mood": "text"},
		"mysql": {"int(10) unsigned": "integer", "bigint(20)": "integer", "tinyint(1)": "integer", "decimal(10,2) unsigned": "decimal", "double": "float", "float unsigned": "real", "bit(1)": "integer",
			"char(8)": "char", "varchar(20)": "text", "enum('a','b')": "text", "longblob": "bytes", "datetime(6)": "wall", "timestamp": "timestamp", "time(3)": "clock", "json": "text", "year(4)": "integer"},
		"sqlserver": {"bigint": "integer", "bit": "boolean", "decimal(18,4)": "decimal", "money": "decimal", "nchar": "char", "nvarchar": "text", "datetime2": "wall", "datetimeoffset": "timestamp",
			"rowversion": "bytes", "uniqueidentifier": "text", "float": "float", "real": "real", "time": "clock", "date": "date", "varbinary": "bytes"},
	} {
		for typ, want := range types {
			if got := tables.Holds(engine, typ); got != want {
				t.Errorf("%s %s: %s, not %s", engine, typ, got, want)
			}
		}
	}
}
