package tables_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/store"
)

// fresh makes the table results, with an index on the column of updates, and sweeps it as declared.
func fresh(t *testing.T, l *lab, k *tables.Keeper, database, table string) *tables.Source {
	t.Helper()
	l.results(t, 20)
	l.do(t, `CREATE INDEX lately ON results (updated_at)`)
	src := l.source(t, l.declaration(database, table+"    fresh: true"))
	wrong, err := src.Check(t.Context())
	if err != nil || len(wrong) > 0 {
		t.Fatal(wrong, err)
	}
	sweep(t, k, src, l.name())
	return src
}

// insert writes a row as the application does, updated at a time that is an expression of the database.
func (l *lab) insert(t *testing.T, id int, at string) {
	t.Helper()
	l.do(t, fmt.Sprintf(`INSERT INTO results SELECT %d, patient, code, value, unit, note, 1, %s, deleted FROM results WHERE id = 1`, id, at))
}

func (l *lab) now() string { return l.sql("now()", "UTC_TIMESTAMP(6)") }

// since reads what was written lately, and returns how many rows were read and what was told.
func since(t *testing.T, k *tables.Keeper, src *tables.Source, table string) (tables.Report, *told) {
	t.Helper()
	c := &told{}
	report, err := k.Since(t.Context(), src, table, c.emit)
	if err != nil {
		t.Fatal(err)
	}
	return report, c
}

// expect holds how many rows were looked at, and what was told.
func expect(t *testing.T, report tables.Report, c *told, asked int64, want ...string) {
	t.Helper()
	if report.Asked != asked {
		t.Errorf("%d rows were read, not %d", report.Asked, asked)
	}
	if diff := cmp.Diff(c.lines(), append([]string{}, want...)); diff != "" {
		t.Error(diff)
	}
}

// TestWhatWasWrittenLatelyIsKnown before somebody changes it, and before the next sweep would have taken the change for what is new.
func TestWhatWasWrittenLatelyIsKnown(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		k := keeper(t)
		src := fresh(t, l, k, "", "")
		report, c := since(t, k, src, l.name())
		expect(t, report, c, 0)
		l.insert(t, 21, l.now())
		l.insert(t, 22, l.now())
		first, c := since(t, k, src, l.name())
		expect(t, first, c, 2, "21: new, explained", "22: new, explained")
		if first.Rows != 22 {
			t.Errorf("%d rows are known", first.Rows)
		}
		report, c = since(t, k, src, l.name())
		expect(t, report, c, 0)

		l.do(t, `UPDATE results SET value = 9.99, updated_at = `+l.now()+` WHERE id = 21`, `UPDATE results SET value = 9.99 WHERE id = 22`, `DELETE FROM results WHERE id = 3`)
		report, c = since(t, k, src, l.name())
		expect(t, report, c, 1, "21: changed without version, mismatch (value updated_at)")
		l.insert(t, 23, l.now())
		report, c = sweep(t, k, src, l.name())
		expect(t, report, c, 22, "22: changed without version, mismatch (value)", "23: new, explained", "3: gone, mismatch")
		for _, change := range c.changes {
			if change.Act == tables.Unversioned && (!change.First.Equal(first.At) || !change.Last.Equal(first.At)) {
				t.Errorf("seen first at %v and last at %v, not %v", change.First, change.Last, first.At)
			}
		}
		report, c = since(t, k, src, l.name())
		expect(t, report, c, 0)
	})
}

// TestAVersionWithoutATime is no amendment once the row was read after its time of update; only just after that it may be the second change within a moment.
func TestAVersionWithoutATime(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		k := keeper(t)
		src := fresh(t, l, k, "", "")
		l.insert(t, 21, l.now())
		since(t, k, src, l.name())
		l.do(t, `UPDATE results SET value = 9.99, version = 2 WHERE id = 21`)
		report, c := sweep(t, k, src, l.name())
		expect(t, report, c, 21, "21: amended, mismatch (value version)")
	})
}

// TestYoungRowsAreReadAgain, for a transaction may end after others that began later.
func TestYoungRowsAreReadAgain(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 20)
		src, k := l.source(t, strings.Replace(l.declaration("", "    fresh: true"), "young: 1us", "young: 5m", 1)), keeper(t)
		sweep(t, k, src, l.name())
		l.insert(t, 21, l.now())
		since(t, k, src, l.name())
		l.insert(t, 22, l.sql("now() - interval '4 minutes'", "UTC_TIMESTAMP(6) - INTERVAL 4 MINUTE"))
		report, c := since(t, k, src, l.name())
		expect(t, report, c, 2, "22: new, pending")
	})
}

// TestTimesInTheZoneOfTheHouse are asked for as the clock of the house shows them: another's would read rows that are hours old, or none.
func TestTimesInTheZoneOfTheHouse(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		for _, zone := range []string{"Asia/Tokyo", "America/New_York"} {
			place, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.ToLower(place.String()[strings.Index(zone, "/")+1:])
			shown := func(ago time.Duration) string {
				return time.Now().Add(-ago).In(place).Format("'2006-01-02 15:04:05.000000'")
			}
			insert := func(id int, ago time.Duration) {
				l.do(t, fmt.Sprintf("INSERT INTO %s VALUES (%d, 'x', %s)", name, id, shown(ago)))
			}
			l.do(t, "CREATE TABLE "+name+" (id int PRIMARY KEY, t text, at "+l.sql("timestamp", "datetime(6)")+")")
			l.allowed(t, name)
			insert(1, time.Hour)
			src, k := l.source(t, fmt.Sprintf("system: %s\nengine: %s\ndsn: %s\nyoung: 1m\nzone: %s\ntables: [{schema: %s, name: %s, key: [id], content: [t], updated: at, fresh: true}]",
				name, l.engine, l.dsn, zone, l.schema, name)), keeper(t)
			sweep(t, k, src, l.schema+"."+name)
			insert(2, 0)
			insert(3, time.Hour)
			report, c := since(t, k, src, l.schema+"."+name)
			expect(t, report, c, 1, "2: new, pending")
		}
	})
}

// TestTheHourThatComesTwice has what is written in its second half be asked for, though its clock shows less than before.
func TestTheHourThatComesTwice(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(hour, minute int) time.Time { return time.Date(2026, 10, 25, hour, minute, 0, 0, time.UTC) }
	for _, c := range []struct {
		from, now time.Time
		want      string
	}{
		{at(0, 30), at(0, 55), "2026-10-25 02:30:00"}, {at(0, 55), at(1, 10), "2026-10-25 01:55:00"}, {at(1, 10), at(1, 20), "2026-10-25 02:10:00"},
		{time.Date(2026, 3, 29, 0, 55, 0, 0, time.UTC), time.Date(2026, 3, 29, 1, 10, 0, 0, time.UTC), "2026-03-29 01:55:00"},
	} {
		if got := tables.Earliest(berlin, c.from, c.now); got != c.want {
			t.Errorf("from %v: %s, not %s", c.from, got, c.want)
		}
	}
}

// TestAKeyOfSeveralColumns, of which one is a text, in a table with times of one moment (not of a wall).
func TestAKeyOfSeveralColumns(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.do(t, `CREATE TABLE doses (patient varchar(20)`+l.sql("", " COLLATE utf8mb4_bin")+`, n int, dose `+l.sql("numeric(8,2)", "decimal(8,2)")+`, at `+
			l.sql("timestamptz", "timestamp(6) NULL")+`, PRIMARY KEY (patient, n))`, `CREATE INDEX lately ON doses (at, dose)`)
		l.allowed(t, "doses")
		at := l.sql("now()", "NOW(6)")
		l.do(t, `INSERT INTO doses VALUES ('DOE', 1, 5, `+at+`)`)
		src, k := l.source(t, "system: PDMS\nengine: "+l.engine+"\ndsn: "+l.dsn+"\nyoung: 1us\ntables: [{schema: "+l.schema+
			", name: doses, key: [patient, n], content: [dose], updated: at, fresh: true}]"), keeper(t)
		if wrong, err := src.Check(t.Context()); err != nil || len(wrong) > 0 {
			t.Error(wrong, err)
		}
		sweep(t, k, src, l.schema+".doses")
		l.do(t, `INSERT INTO doses VALUES ('DOE', 2, 5, `+at+`), ('doe', 1, 7, `+at+`)`)
		report, c := since(t, k, src, l.schema+".doses")
		expect(t, report, c, 2, "DOE: new, explained", "doe: new, explained")
		l.do(t, `UPDATE doses SET dose = 50 WHERE n = 2`)
		report, c = sweep(t, k, src, l.schema+".doses")
		expect(t, report, c, 3, "DOE: changed without version, mismatch (dose)")
	})
}

// TestOddTimes: a row dated in the future is told of once, and one without a time by the next sweep; what is dated properly is read with them.
func TestOddTimes(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		k := keeper(t)
		src := fresh(t, l, k, "", "")
		l.do(t, l.sql(`ALTER TABLE results ALTER COLUMN updated_at DROP NOT NULL`, `ALTER TABLE results MODIFY updated_at datetime(6) NULL`))
		l.insert(t, 21, l.sql("now() + interval '1 year'", "UTC_TIMESTAMP(6) + INTERVAL 1 YEAR"))
		l.insert(t, 22, "NULL")
		report, c := since(t, k, src, l.name())
		expect(t, report, c, 1, "21: new, mismatch")
		l.insert(t, 23, l.now())
		report, c = since(t, k, src, l.name())
		expect(t, report, c, 2, "23: new, explained")
		report, c = sweep(t, k, src, l.name())
		expect(t, report, c, 23, "22: new, explained")
		if l.engine == "postgresql" {
			l.do(t, `UPDATE results SET updated_at = 'infinity' WHERE id = 21`)
			report, c = since(t, k, src, l.name())
			expect(t, report, c, 1, "21: changed without version, mismatch (updated_at)")
		}
	})
}

// TestMoreNewsThanIsHeld is left to the next sweep, and rows dated in the future keep nobody from reading the others.
func TestMoreNewsThanIsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 100,000 rows, and some long ones")
	}
	l, k := postgresLab(t), keeper(t)
	src := fresh(t, l, k, "", "")
	l.do(t, `INSERT INTO results SELECT g, 'DOE^PATIENT', 'x', 1, '', '', 1, now() + interval '1 year', false FROM generate_series(100, 101000) g`)
	l.insert(t, 21, l.now())
	report, c := since(t, k, src, l.name())
	if report.Asked != 100_000 || report.Outcomes[tables.Mismatch] != 99_999 || c.changes == nil {
		t.Errorf("%d read, %v", report.Asked, report.Outcomes)
	}
	if report, _ := k.Look(t.Context(), src, l.name(), [][]string{{"21"}}, c.emit); report.Acts[tables.Same] != 1 {
		t.Error("the row that is dated now was not read")
	}
	l.do(t, `UPDATE results SET updated_at = now() WHERE id >= 100`)
	if _, err := k.Since(t.Context(), src, l.name(), c.emit); err == nil || !strings.Contains(err.Error(), "the next sweep reads it") {
		t.Errorf("more than is held: %v", err)
	}
	sweep(t, k, src, l.name())
	l.insert(t, 22, l.now())
	report, c = since(t, k, src, l.name())
	expect(t, report, c, 1, "22: new, explained")
	l.do(t, `UPDATE results SET note = repeat('x', 16000), version = 2, updated_at = now() WHERE id BETWEEN 101 AND 4400`)
	if _, err := k.Since(t.Context(), src, l.name(), c.emit); err == nil || !strings.Contains(err.Error(), "the next sweep reads it") {
		t.Errorf("few rows that are longer than is held: %v", err)
	}
}

// TestWhatWasWrittenLatelyIsFoundByTheIndex, or each look would read the whole table.
func TestWhatWasWrittenLatelyIsFoundByTheIndex(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 20_000)
		l.do(t, `CREATE INDEX lately ON results (updated_at)`, `UPDATE results SET updated_at = '2026-06-01 12:00:00'`, `UPDATE results SET updated_at = '2026-07-02 12:00:00' WHERE id % 1000 = 0`,
			l.sql(`ANALYZE results`, `ANALYZE TABLE results`))
		d, err := tables.Parse([]byte(l.declaration("", "    fresh: true")))
		if err != nil {
			t.Fatal(err)
		}
		statements, args := tables.Statements(d, map[string]string{"id": "bigint", "updated_at": l.sql("timestamp with time zone", "datetime(6)")}, []any{int64(1)})
		plan := l.explain(t, "EXPLAIN SELECT *"+" FROM results"+statements[len(statements)-1], args[len(args)-1])
		if !strings.Contains(plan, "lately") {
			t.Error(plan)
		}
	})
}

// explain runs a statement, and returns all that it answers.
func (l *lab) explain(t *testing.T, statement string, arg any) string {
	t.Helper()
	db, err := sql.Open(l.driver, l.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), statement, arg)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	cells, targets := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range cells {
		targets[i] = &cells[i]
	}
	var said []string
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			if name != "possible_keys" { // which says what could be used, and not what is
				said = append(said, cells[i].String)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(said, " ")
}

// TestNumbersOfRowsKnownBetween are no numbers that nobody has, and those of rows that came and went unseen are.
func TestNumbersOfRowsKnownBetween(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		k := keeper(t)
		src := fresh(t, l, k, "", "    ascending: true\n")
		for id := 21; id <= 24; id++ {
			l.insert(t, id, l.now())
		}
		l.insert(t, 27, l.now())
		since(t, k, src, l.name())
		l.do(t, `DELETE FROM results WHERE id = 22`)
		report, c := sweep(t, k, src, l.name())
		expect(t, report, c, 24, "22: gone, mismatch")
		if len(report.Signs) != 1 || !strings.HasPrefix(report.Signs[0].Text, "Of the numbers given out since the last sweep, 2 have no row") {
			t.Error(signs(report))
		}
	})
}

// TestWhereItWasHeard: what could not be told of is read again, a state of before that was kept goes on from its sweep, and a clock that was set back is believed.
func TestWhereItWasHeard(t *testing.T) {
	l := postgresLab(t)
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	k := keeperIn(t, db)
	src := fresh(t, l, k, "", "")
	heard := func(at time.Time) {
		if _, err := db.ExecContext(t.Context(), `UPDATE integrity_tables SET heard = $1`, store.At(at)); err != nil {
			t.Fatal(err)
		}
	}
	l.insert(t, 21, l.now())
	full := errors.New("the disk is full")
	if _, err := k.Since(t.Context(), src, l.name(), func(context.Context, []tables.Change) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
	report, c := since(t, k, src, l.name())
	expect(t, report, c, 1, "21: new, explained")
	heard(time.Time{})
	report, c = since(t, k, src, l.name())
	expect(t, report, c, 1)
	heard(time.Now().AddDate(1, 0, 0))
	l.insert(t, 22, "now() + interval '1 hour'")
	report, c = since(t, k, src, l.name())
	expect(t, report, c, 1, "22: new, mismatch")
	l.insert(t, 23, l.now())
	report, c = since(t, k, src, l.name())
	expect(t, report, c, 2, "23: new, explained")
	l.do(t, `DELETE FROM results WHERE id = 22`)
	report, c = since(t, keeperIn(t, db), src, l.name()) // after a restart
	expect(t, report, c, 0)
}

// TestFreshIsHeldAgainstTheDatabase: an index must lead the column, and the database itself must take it for a time.
func TestFreshIsHeldAgainstTheDatabase(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 2)
		l.do(t, `CREATE INDEX behind ON results (code, updated_at)`)
		src, k, c := l.source(t, l.declaration("", "    fresh: true")), keeper(t), &told{}
		wrong, err := src.Check(t.Context())
		want := []string{l.name() + ": No index begins with the column updated_at, so that all of the table would be read every few minutes: have one made, or take fresh away."}
		if diff := cmp.Diff(wrong, want); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if report, err := k.Since(t.Context(), src, l.name(), c.emit); err != nil || !report.First || report.Asked > 0 {
			t.Errorf("before the first sweep: %d, %v", report.Asked, err)
		}
		if _, err := k.Since(t.Context(), l.source(t, l.declaration("", "")), l.name(), c.emit); err == nil || !strings.Contains(err.Error(), "fresh") {
			t.Errorf("a table that is not declared fresh: %v", err)
		}
		l.do(t, l.sql(`ALTER TABLE results ALTER COLUMN updated_at TYPE text`, `ALTER TABLE results MODIFY updated_at varchar(40)`), `CREATE INDEX lately ON results (updated_at`+l.sql("", "(20)")+`)`)
		src = l.source(t, strings.Replace(l.declaration("", "    fresh: true"), "types: {", "types: {updated_at: timestamp, ", 1))
		if wrong, err := src.Check(t.Context()); err != nil || len(wrong) != 1 || !strings.Contains(wrong[0], "take fresh away") {
			t.Error(wrong, err)
		}
		if _, err := k.Since(t.Context(), src, l.name(), c.emit); !errors.Is(err, tables.ErrDeclaration) {
			t.Error(err)
		}
	})
}
