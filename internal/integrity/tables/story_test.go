package tables_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// TestValuesExchangedBetweenTwoPatients are told as two changes, and as one pair.
func TestValuesExchangedBetweenTwoPatients(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 20)
		src, k := l.source(t, l.declaration("", "")), keeper(t)
		sweep(t, k, src, l.name())
		l.do(t, `UPDATE results SET patient = 'DOE^PATIENT9' WHERE id = 4`, `UPDATE results SET patient = 'DOE^PATIENT4' WHERE id = 9`,
			`UPDATE results SET patient = 'DOE^PATIENT4' WHERE id = 11`) // which belongs to no pair
		report, c := sweep(t, k, src, l.name())
		want := []string{"11: changed without version, mismatch (patient)", "4: changed without version, mismatch (patient)", "9: changed without version, mismatch (patient)"}
		if diff := cmp.Diff(c.lines(), want); diff != "" {
			t.Error(diff)
		}
		if len(report.Swaps) != 1 {
			t.Fatalf("%d pairs", len(report.Swaps))
		}
		keys := []string{report.Swaps[0].Keys[0][0].Text, report.Swaps[0].Keys[1][0].Text}
		slices.Sort(keys)
		if diff := cmp.Diff(keys, []string{"4", "9"}); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAChangeShowsBothRows as they were written, and says why it is told.
func TestAChangeShowsBothRows(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 3)
		src, k := l.source(t, l.declaration("", "")), keeper(t)
		first, _ := sweep(t, k, src, l.name())
		l.do(t, `UPDATE results SET value = 35.3, note = NULL WHERE id = 3`)
		second, c := sweep(t, k, src, l.name())
		if len(c.changes) != 1 {
			t.Fatalf("%d changes", len(c.changes))
		}
		got := c.changes[0]
		shown := func(row []tables.Field) []tables.Field {
			return slices.DeleteFunc(row, func(f tables.Field) bool { return f.Column == "updated_at" })
		}
		row := func(value string, note tables.Field) []tables.Field {
			return []tables.Field{{Column: "id", Text: "3"}, {Column: "patient", Text: "DOE^PATIENT3"}, {Column: "code", Text: "2951-2"}, {Column: "value", Text: value},
				{Column: "unit", Text: "mmol/l"}, note, {Column: "version", Text: "1"}, {Column: "deleted", Text: "false"}}
		}
		got.Old, got.New = shown(got.Old), shown(got.New)
		if sha256.Sum256(got.OldRow) != got.OldSum || sha256.Sum256(got.NewRow) != got.NewSum || bytes.Equal(got.OldRow, got.NewRow) {
			t.Error("the canonical rows are not those of the digests")
		}
		if got.KeySum == (tables.Sum{}) || got.OldSum == got.NewSum || !got.Last.Equal(first.At) || !got.Seen.Equal(second.At) || got.First.After(got.Last) {
			t.Errorf("digests or times are wrong: %v, %v, %v", got.First, got.Last, got.Seen)
		}
		want := tables.Change{System: "LIS", Table: l.name(), Kind: "result", Harm: "normal", Act: tables.Unversioned, Outcome: tables.Mismatch,
			Key: []tables.Field{{Column: "id", Text: "3"}}, Columns: []string{"value", "note"},
			Reasons: []string{"The row differs, and its version has not grown.", "The row differs, and its time of update has stayed."},
			Old:     row("3.53", tables.Field{Column: "note"}), New: row("35.30", tables.Field{Column: "note", Null: true}),
			KeySum: got.KeySum, OldRow: got.OldRow, NewRow: got.NewRow, OldSum: got.OldSum, NewSum: got.NewSum, First: got.First, Last: got.Last, Seen: got.Seen}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Error(diff)
		}
	})
}

// TestARowThatComesBack is told though it is what it was: somebody put it back.
func TestARowThatComesBack(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 5)
		l.do(t, `CREATE TABLE aside AS SELECT * FROM results WHERE id = 2`)
		src, k := l.source(t, l.declaration("", "")), keeper(t)
		sweep(t, k, src, l.name())
		l.do(t, `DELETE FROM results WHERE id = 2`)
		_, c := sweep(t, k, src, l.name())
		if diff := cmp.Diff(c.lines(), []string{"2: gone, mismatch"}); diff != "" || c.changes[0].Old == nil {
			t.Error("what was removed is not shown", diff)
		}
		l.do(t, `INSERT INTO results SELECT * FROM aside`)
		_, c = sweep(t, k, src, l.name())
		if diff := cmp.Diff(c.lines(), []string{"2: returned, mismatch"}); diff != "" || c.changes[0].Reasons[1] != "It is what it was before." {
			t.Error(diff)
		}
	})
}

// TestTimesOfARow: when it was seen first, and when last, over many sweeps.
func TestTimesOfARow(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 5)
	l.do(t, `CREATE TABLE aside AS SELECT * FROM results WHERE id = 2`)
	src, k := l.source(t, l.declaration("", "")), keeper(t)
	var at []time.Time
	var changes []tables.Change
	for _, statement := range []string{`SELECT 1`, `UPDATE results SET value = 1 WHERE id = 2`, `UPDATE results SET value = 2 WHERE id = 2`, `DELETE FROM results WHERE id = 2`,
		`SELECT 1`, `INSERT INTO results SELECT * FROM aside`} {
		l.do(t, statement)
		report, c := sweep(t, k, src, l.name())
		at, changes = append(at, report.At), append(changes, c.changes...)
	}
	for i, want := range []struct{ first, last, seen time.Time }{{at[0], at[0], at[1]}, {at[0], at[1], at[2]}, {at[0], at[2], at[3]}, {at[0], at[2], at[5]}} {
		got := changes[i]
		if !got.First.Equal(want.first) || !got.Last.Equal(want.last) || !got.Seen.Equal(want.seen) {
			t.Errorf("change %d: %v, %v, %v, not %v", i, got.First, got.Last, got.Seen, want)
		}
	}
}

// TestForgetRemovesWhatIsGone, and nothing else.
func TestForgetRemovesWhatIsGone(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 5)
	src, k := l.source(t, l.declaration("", "")), keeper(t)
	sweep(t, k, src, l.name())
	l.do(t, `DELETE FROM results WHERE id IN (2, 3)`)
	before, _ := sweep(t, k, src, l.name())
	if n, err := k.Forget(t.Context(), src, l.name(), [][]string{{"2"}, {"4"}, {"9"}}); n != 1 || err != nil {
		t.Errorf("%d forgotten, %v", n, err)
	}
	now := `patient, code, value, unit, note, 1, now(), deleted FROM results WHERE id = 1`
	l.do(t, `INSERT INTO results SELECT 2, `+now, `INSERT INTO results SELECT 3, `+now)
	report, c := sweep(t, k, src, l.name())
	if diff := cmp.Diff(c.lines(), []string{"2: new, explained", "3: returned, mismatch (patient value note updated_at)"}); diff != "" || report.Before != before.After {
		t.Error(diff)
	}
}

// TestWhatWasMarkedMayGo: the application removes later what it has marked as deleted.
func TestWhatWasMarkedMayGo(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 5)
		l.do(t, `UPDATE results SET deleted = `+l.sql("true", "1")+` WHERE id = 2`)
		src, k := l.source(t, l.declaration("", "")), keeper(t)
		sweep(t, k, src, l.name())
		l.do(t, `DELETE FROM results WHERE id = 2`)
		_, c := sweep(t, k, src, l.name())
		if diff := cmp.Diff(c.lines(), []string{"2: gone, explained"}); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAYoungChangeWaits for the systems that will tell of it.
func TestAYoungChangeWaits(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 5)
	l.do(t, `UPDATE results SET updated_at = now() WHERE id = 4`) // and once more within the second, as its clock shows it
	src, k := l.source(t, strings.Replace(l.declaration("", ""), "young: 1us", "young: 5m", 1)), keeper(t)
	sweep(t, k, src, l.name())
	l.do(t, `UPDATE results SET value = 4.2, version = 2, updated_at = now() WHERE id = 1`,
		`UPDATE results SET value = 4.2, version = 2, updated_at = now() - interval '2 minutes' WHERE id = 2`,
		`UPDATE results SET value = 4.2, updated_at = now() WHERE id = 3`, `UPDATE results SET value = 4.2, version = 2 WHERE id = 4`)
	_, c := sweep(t, k, src, l.name())
	want := []string{"1: amended, pending (value version updated_at)", "2: amended, pending (value version updated_at)",
		"3: changed without version, mismatch (value updated_at)", "4: amended, pending (value version)"}
	if diff := cmp.Diff(c.lines(), want); diff != "" {
		t.Error(diff)
	}
}

// TestAnUpgradeIsNamed and is no change of any row; what somebody changes along with it is one.
func TestAnUpgradeIsNamed(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 30)
		k := keeper(t)
		sweep(t, k, l.source(t, l.declaration("", "")), l.name())

		l.do(t, `ALTER TABLE results ADD COLUMN panel varchar(20) DEFAULT 'BASIC'`, `UPDATE results SET value = 1 WHERE id = 1`)
		report, c := sweep(t, k, l.source(t, l.declaration("", "")), l.name())
		if diff := cmp.Diff(signs(report), []string{"explained: schema: The table has a new column, panel, which is not declared and not read."}); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(c.lines(), []string{"1: changed without version, mismatch (value)"}); diff != "" {
			t.Error(diff)
		}

		declared := strings.Replace(l.declaration("", ""), "note]", "note, panel]", 1)
		l.do(t, `UPDATE results SET value = 1 WHERE id = 2`)
		report, c = sweep(t, k, l.source(t, declared), l.name())
		if diff := cmp.Diff(signs(report), []string{"explained: schema: The column panel was not compared before, and is from now on."}); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(c.lines(), []string{"2: changed without version, mismatch (value)"}); diff != "" {
			t.Error(diff)
		}

		l.do(t, l.sql(`ALTER TABLE results ALTER COLUMN value TYPE numeric(12,4), ALTER COLUMN version TYPE bigint, ALTER COLUMN note TYPE varchar(200)`,
			`ALTER TABLE results MODIFY value decimal(12,4), MODIFY version bigint NOT NULL, MODIFY note varchar(200)`), `UPDATE results SET value = 1 WHERE id = 3`)
		report, c = sweep(t, k, l.source(t, declared), l.name())
		want := []string{"explained: schema: The column value has another type: decimal with 2 digits behind the point became decimal with 4 digits behind the point. Its values were compared by what they mean."}
		if diff := cmp.Diff(signs(report), want); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(c.lines(), []string{"3: changed without version, mismatch (value)"}); diff != "" {
			t.Error(diff)
		}

		l.do(t, `ALTER TABLE results DROP COLUMN panel`)
		if _, err := k.Sweep(t.Context(), l.source(t, declared), l.name(), c.emit); !errors.Is(err, tables.ErrDeclaration) {
			t.Errorf("a column that is missing: %v", err)
		}
		report, c = sweep(t, k, l.source(t, l.declaration("", "")), l.name())
		if diff := cmp.Diff(signs(report), []string{"explained: schema: The column panel is not compared any more."}); diff != "" || len(c.changes) > 0 {
			t.Error(diff, c.lines())
		}
	})
}

// TestAnotherKeyBeginsAnew, and says so loudly.
func TestAnotherKeyBeginsAnew(t *testing.T) {
	l := mariaLab(t)
	l.results(t, 30)
	k := keeper(t)
	sweep(t, k, l.source(t, l.declaration("", "")), l.name())
	report, c := sweep(t, k, l.source(t, strings.NewReplacer("key: [id]", "key: [patient, id]", "content: [patient,", "content: [").Replace(l.declaration("", ""))), l.name())
	if len(c.changes) > 0 || !report.First || len(report.Signs) == 0 || report.Signs[0].Outcome != tables.Mismatch {
		t.Errorf("%v, %v", signs(report), c.lines())
	}
	l.do(t, `UPDATE results SET value = 1 WHERE id = 3`)
	_, c = sweep(t, k, l.source(t, strings.NewReplacer("key: [id]", "key: [patient, id]", "content: [patient,", "content: [").Replace(l.declaration("", ""))), l.name())
	if diff := cmp.Diff(c.lines(), []string{"DOE^PATIENT3: changed without version, mismatch (value)"}); diff != "" {
		t.Error(diff)
	}
}

// TestTriggers that are put out of action, changed, removed or added are told of.
func TestTriggers(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 3)
		trigger := func(name, what string) string {
			return fmt.Sprintf(l.sql(`CREATE TRIGGER %[1]s BEFORE UPDATE ON results FOR EACH ROW EXECUTE FUNCTION count_%[2]s()`,
				`CREATE TRIGGER %[1]s BEFORE UPDATE ON results FOR EACH ROW SET NEW.version = NEW.version + %[2]s`), name, what)
		}
		if l.engine == "postgresql" {
			for _, n := range []string{"1", "2"} {
				l.do(t, `CREATE FUNCTION count_`+n+`() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := NEW.version + `+n+`; RETURN NEW; END'`)
			}
		} else { // an account sees the triggers of a table only with this right
			l.grant(t, "TRIGGER", "results")
		}
		l.do(t, trigger("history", "1"), trigger("audit", "1"))
		src, k := l.source(t, l.declaration("", "")), keeper(t)
		if report, _ := sweep(t, k, src, l.name()); len(report.Signs) > 0 {
			t.Error("at first:", signs(report))
		}
		l.do(t, l.sql(`DROP TRIGGER history ON results`, `DROP TRIGGER history`), l.sql(`DROP TRIGGER audit ON results`, `DROP TRIGGER audit`),
			trigger("audit", "2"), trigger("later", "1"))
		report, _ := sweep(t, k, src, l.name())
		want := []string{"mismatch: trigger: The trigger audit does something else than before.", "mismatch: trigger: The trigger later is new.",
			"mismatch: trigger: The trigger history is missing."}
		if diff := cmp.Diff(signs(report), want); diff != "" {
			t.Error(diff)
		}
		if l.engine != "postgresql" { // MariaDB 10.11 has no way to put one out of action
			return
		}
		l.do(t, `ALTER TABLE results DISABLE TRIGGER audit`)
		for range 2 { // told until it acts again
			report, _ = sweep(t, k, src, l.name())
			if diff := cmp.Diff(signs(report), []string{"mismatch: trigger: The trigger audit is out of action: rows can be changed without what it does."}); diff != "" {
				t.Error(diff)
			}
		}
	})
}

// TestForeignKeysPutOutOfAction are triggers too, in PostgreSQL.
func TestForeignKeysPutOutOfAction(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 3)
	l.do(t, `CREATE TABLE codes (code varchar(20) PRIMARY KEY)`, `INSERT INTO codes SELECT DISTINCT code FROM results`, `ALTER TABLE results ADD FOREIGN KEY (code) REFERENCES codes`)
	src, k := l.source(t, l.declaration("", "")), keeper(t)
	sweep(t, k, src, l.name())
	l.do(t, `ALTER TABLE results DISABLE TRIGGER ALL`)
	if report, _ := sweep(t, k, src, l.name()); len(report.Signs) != 2 || !strings.Contains(report.Signs[0].Text, "out of action") {
		t.Error(signs(report))
	}
	l.do(t, `ALTER TABLE results ENABLE TRIGGER ALL`)
	if report, _ := sweep(t, k, src, l.name()); len(report.Signs) > 0 {
		t.Error(signs(report))
	}
}

// TestNumbersThatNobodyHas are told of: a row that came and went between two sweeps leaves its number behind.
func TestNumbersThatNobodyHas(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 20)
		src, k := l.source(t, l.declaration("", "    ascending: true")), keeper(t)
		sweep(t, k, src, l.name())
		now := l.sql("now()", "UTC_TIMESTAMP(6)")
		l.do(t, `INSERT INTO results SELECT 24, patient, code, value, unit, note, 1, `+now+`, deleted FROM results WHERE id = 1`,
			`INSERT INTO results SELECT 25, patient, code, value, unit, note, 1, `+now+`, deleted FROM results WHERE id = 1`)
		report, _ := sweep(t, k, src, l.name())
		if len(report.Signs) != 1 || !strings.HasPrefix(report.Signs[0].Text, "Of the numbers given out since the last sweep, 3 have no row") {
			t.Error(signs(report))
		}
		l.do(t, `DELETE FROM results WHERE id = 25`)
		if report, _ := sweep(t, k, src, l.name()); len(report.Signs) > 0 {
			t.Error("told as a number again:", signs(report))
		}
		l.do(t, `DELETE FROM results WHERE id = 24`)
		sweep(t, k, src, l.name())
		l.do(t, `INSERT INTO results SELECT 25, patient, code, value, unit, note, 1, `+now+`, deleted FROM results WHERE id = 1`,
			`INSERT INTO results SELECT 22, patient, code, value, unit, note, 1, `+now+`, deleted FROM results WHERE id = 1`) // below 25, though no row has that any more
		_, c := sweep(t, k, src, l.name())
		if diff := cmp.Diff(c.lines(), []string{"22: new, pending", "25: returned, mismatch (updated_at)"}); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTheStateIsTheSameInBothStores, grows with the table, and is there again after a restart.
func TestTheStateIsTheSameInBothStores(t *testing.T) {
	l := postgresLab(t)
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		l.do(t, `DROP TABLE IF EXISTS results`)
		l.results(t, 100)
		src := l.source(t, l.declaration("", ""))
		k := keeperIn(t, open())
		sweep(t, k, src, l.name())
		l.do(t, `DELETE FROM results WHERE id = 5`)
		sweep(t, k, src, l.name())
		l.do(t, `INSERT INTO results SELECT g, 'DOE^NEW', '2823-3', 4, 'mmol/l', NULL, 1, now(), false FROM generate_series(101, 9000) g`, `UPDATE results SET value = 2 WHERE id = 6`)
		k = keeperIn(t, open())
		report, _ := sweep(t, k, src, l.name())
		if report.Acts[tables.New] != 8900 || report.Acts[tables.Unversioned] != 1 || report.Acts[tables.Same] != 98 || report.Rows != 8999 {
			t.Errorf("%v of %d rows", report.Acts, report.Rows)
		}
		l.do(t, `UPDATE results SET value = 2 WHERE id = 8999`, `DELETE FROM results WHERE id = 7`)
		report, c := sweep(t, keeperIn(t, open()), src, l.name())
		if diff := cmp.Diff(c.lines(), []string{"7: gone, mismatch", "8999: changed without version, mismatch (value)"}); diff != "" {
			t.Error(diff)
		}
		if again, _ := sweep(t, keeperIn(t, open()), src, l.name()); again.Before != report.After || again.After != report.After || report.Before == report.After {
			t.Error("the digest of the table does not stand for its rows")
		}
		db := open()
		var chunks int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM integrity_chunks`).Scan(&chunks); err != nil || chunks != 4 {
			t.Errorf("%d chunks, %v", chunks, err)
		}
		exchange := func() { // what was sealed for one chunk is not taken for another
			for _, statement := range []string{`UPDATE integrity_chunks SET chunk = chunk + 100`, `UPDATE integrity_chunks SET chunk = 103 - chunk`} {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
		}
		exchange()
		if _, err := keeperIn(t, db).Sweep(t.Context(), src, l.name(), (&told{}).emit); err == nil {
			t.Error("chunks were exchanged, and nobody noticed")
		}
		exchange()
		l.do(t, `DELETE FROM results WHERE id > 10`)
		if report, _ := sweep(t, keeperIn(t, open()), src, l.name()); report.Acts[tables.Gone] != 8990 || report.Acts[tables.Same] != 8 || report.Rows != 8 {
			t.Errorf("%v of %d rows that are left", report.Acts, report.Rows)
		}
	})
}

// TestWhatIsNotTakenIsToldAgain: a sweep that cannot tell what it found forgets nothing.
func TestWhatIsNotTakenIsToldAgain(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 20)
	src, k := l.source(t, l.declaration("", "")), keeper(t)
	sweep(t, k, src, l.name())
	l.do(t, `UPDATE results SET value = 9.99 WHERE id = 7`)
	full := errors.New("the disk is full")
	for range 2 {
		if _, err := k.Sweep(t.Context(), src, l.name(), func(context.Context, []tables.Change) error { return full }); !errors.Is(err, full) {
			t.Error(err)
		}
	}
	_, c := sweep(t, k, src, l.name())
	if diff := cmp.Diff(c.lines(), []string{"7: changed without version, mismatch (value)"}); diff != "" {
		t.Error(diff)
	}
}

// TestNothingOfARowLiesOpen: neither in the database of the state, nor in the folder for what is put aside.
func TestNothingOfARowLiesOpen(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 2000)
	l.do(t, `UPDATE results SET note = (SELECT string_agg(md5(g::text || id), 'DOE^') FROM generate_series(1, 20) g)`)
	dir := t.TempDir()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	k := keeperIn(t, db)
	k.Dir = t.TempDir()
	sweep(t, k, l.source(t, l.declaration("", "")), l.name())
	if left, err := os.ReadDir(k.Dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "state.db"))
	if err != nil || len(text) < 500_000 || strings.Contains(string(text), "DOE^") {
		t.Errorf("%d bytes, or a name lies open: %v", len(text), err)
	}
}

// TestDamagedStateIsSaid and not taken for changes of rows.
func TestDamagedStateIsSaid(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 20)
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	src, k := l.source(t, l.declaration("", "")), keeperIn(t, db)
	sweep(t, k, src, l.name())
	l.do(t, `UPDATE results SET value = 9.99 WHERE id = 7`)
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE kept AS SELECT * FROM integrity_chunks`); err != nil {
		t.Fatal(err)
	}
	for _, damage := range []string{`content = body`, `body = content`, `digest = zeroblob(32)`, `live = 19`, `digest = x'00'`, `content = x'00'`} {
		_, err := db.ExecContext(t.Context(), `UPDATE integrity_chunks SET `+damage)
		if err != nil {
			t.Fatal(err)
		}
		c := &told{}
		if _, err := k.Sweep(t.Context(), src, l.name(), c.emit); err == nil || len(c.changes) > 0 {
			t.Errorf("%s: %v, %d changes", damage, err, len(c.changes))
		}
		if _, err := k.Sample(t.Context(), src, l.name(), 19, c.emit); err == nil || len(c.changes) > 0 {
			t.Errorf("%s: %v, %d changes", damage, err, len(c.changes))
		}
		if _, err := db.ExecContext(t.Context(), `DELETE FROM integrity_chunks; INSERT INTO integrity_chunks SELECT * FROM kept`); err != nil {
			t.Fatal(err)
		}
	}
	if _, c := sweep(t, k, src, l.name()); len(c.changes) != 1 {
		t.Errorf("%d changes in what was restored", len(c.changes))
	}
}

// TestAnOldStatePutBack shows: the digest at the beginning is not that of the end before.
func TestAnOldStatePutBack(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 20)
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	src, k := l.source(t, l.declaration("", "")), keeperIn(t, db)
	last, _ := sweep(t, k, src, l.name())
	if last.Before != (tables.Sum{}) {
		t.Error("nothing was known, and had a digest")
	}
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE kept AS SELECT * FROM integrity_chunks`); err != nil {
		t.Fatal(err)
	}
	for i, step := range []func() (tables.Report, error){
		func() (tables.Report, error) { return k.Sweep(t.Context(), src, l.name(), (&told{}).emit) },
		func() (tables.Report, error) { return k.Sample(t.Context(), src, l.name(), 20, (&told{}).emit) },
		func() (tables.Report, error) {
			return k.Look(t.Context(), src, l.name(), [][]string{{"2"}}, (&told{}).emit)
		},
		func() (tables.Report, error) { return k.Sweep(t.Context(), src, l.name(), (&told{}).emit) },
	} {
		l.do(t, fmt.Sprintf(`UPDATE results SET value = %d WHERE id = 2`, 50+i))
		report, err := step()
		if err != nil || report.Before != last.After || report.After == report.Before {
			t.Errorf("step %d: the digests do not join, %v", i, err)
		}
		last = report
	}
	if _, err := db.ExecContext(t.Context(), `DELETE FROM integrity_chunks; INSERT INTO integrity_chunks SELECT * FROM kept`); err != nil {
		t.Fatal(err)
	}
	if report, _ := sweep(t, k, src, l.name()); report.Before == last.After {
		t.Error("nobody could tell")
	}
}

// TestRowsTooLongToBeKept are compared by their digest, judged by their version and asked for by their key.
func TestRowsTooLongToBeKept(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 5)
		l.do(t, `UPDATE results SET note = `+l.sql(`repeat('x', 20000)`, `REPEAT('x', 20000)`)+` WHERE id IN (2, 3)`)
		src, k := l.source(t, l.declaration("", "    ascending: true")), keeper(t)
		sweep(t, k, src, l.name())
		l.do(t, `UPDATE results SET value = 9.99 WHERE id = 2`,
			`INSERT INTO results SELECT -5000, patient, code, value, unit, note, 1, `+l.sql("now()", "UTC_TIMESTAMP(6)")+`, deleted FROM results WHERE id = 3`)
		_, c := sweep(t, k, src, l.name())
		if diff := cmp.Diff(c.lines(), []string{"-5000: new, mismatch", "2: changed without version, mismatch"}); diff != "" {
			t.Error(diff)
		}
		if c.changes[0].New != nil || c.changes[0].NewSum == (tables.Sum{}) {
			t.Error("a long row is shown")
		}
		l.do(t, `DELETE FROM results WHERE id = 3`)
		if report, err := k.Sample(t.Context(), src, l.name(), 10, c.emit); err != nil || report.Acts[tables.Gone] != 1 {
			t.Error(report.Acts, err)
		}
		declared := strings.Replace(l.declaration("", "    ascending: true"), "unit, note]", "note]", 1)
		if report, c := sweep(t, k, l.source(t, declared), l.name()); report.Uncompared != 2 || report.Acts[tables.Same] != 3 || len(c.changes) > 0 {
			t.Errorf("%d, %v, %v", report.Uncompared, report.Acts, c.lines())
		}
	})
}
