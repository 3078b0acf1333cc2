package tables_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/tables"
)

// TestASampleFindsWhatItLooksAt, and remembers it.
func TestASampleFindsWhatItLooksAt(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 5000)
		src, k, c := l.source(t, l.declaration("", "")), keeper(t), &told{}
		if report, err := k.Sample(t.Context(), src, l.name(), 100, c.emit); err != nil || !report.First || report.Asked != 0 {
			t.Errorf("before the first sweep: %d, %v", report.Asked, err)
		}
		sweep(t, k, src, l.name())
		l.do(t, `UPDATE results SET value = 9.99 WHERE id <= 500`, `DELETE FROM results WHERE id > 4990`)
		report, err := k.Sample(t.Context(), src, l.name(), 500, c.emit)
		if err != nil {
			t.Fatal(err)
		}
		if found := report.Acts[tables.Unversioned]; report.Asked != 500 || found < 20 || found > 90 || int(found+report.Acts[tables.Gone]) != len(c.changes) {
			t.Errorf("%v of %d", report.Acts, report.Asked)
		}
		if diff := cmp.Diff(signs(report), []string{"pending: rows: There are 10 rows fewer than are known: sweep the table."}); diff != "" {
			t.Error(diff)
		}
		all, err := k.Sample(t.Context(), src, l.name(), 100_000, c.emit)
		if err != nil || all.Asked != 5000-report.Acts[tables.Gone] || len(c.changes) != 510 {
			t.Errorf("%d asked, %d changes, %v", all.Asked, len(c.changes), err)
		}
		if report, c := sweep(t, k, src, l.name()); len(c.changes) > 0 || report.Rows != 4990 {
			t.Errorf("told again: %d of %d", len(c.changes), report.Rows)
		}
	})
}

// TestLookingAtSomeRows by their keys.
func TestLookingAtSomeRows(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 50)
		src, k, c := l.source(t, l.declaration("", "")), keeper(t), &told{}
		sweep(t, k, src, l.name())
		now := l.sql("now()", "UTC_TIMESTAMP(6)")
		l.do(t, `UPDATE results SET value = 9.99 WHERE id IN (7, 8)`, `DELETE FROM results WHERE id = 9`,
			`INSERT INTO results SELECT 60, patient, code, value, unit, note, 1, `+now+`, deleted FROM results WHERE id = 1`)
		report, err := k.Look(t.Context(), src, l.name(), [][]string{{"7"}, {"7"}, {"9"}, {"10"}, {"60"}, {"4711"}}, c.emit)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"60: new, explained", "7: changed without version, mismatch (value)", "9: gone, mismatch"}
		if diff := cmp.Diff(c.lines(), want); diff != "" || report.Asked != 5 || report.Acts[tables.Same] != 1 {
			t.Error(diff, report.Asked, report.Acts)
		}
		_, rest := sweep(t, k, src, l.name())
		if diff := cmp.Diff(rest.lines(), []string{"8: changed without version, mismatch (value)"}); diff != "" {
			t.Error(diff)
		}
		if _, err := k.Look(t.Context(), src, l.name(), [][]string{{"1", "2"}}, c.emit); err == nil {
			t.Error("a key of two values was taken for one")
		}
	})
}

// TestHalfOfASampleIsForHighHarm.
func TestHalfOfASampleIsForHighHarm(t *testing.T) {
	l := postgresLab(t)
	declaration := "system: LIS\nengine: postgresql\nyoung: 1us\nrate: 1000000\ndsn: " + l.dsn + "\ntables:\n"
	for name, rows := range map[string]string{"a": "300", "b": "100", "c": "20"} {
		l.do(t, `CREATE TABLE `+name+` AS SELECT g AS id, 'x' AS t FROM generate_series(1, `+rows+`) g`, `ALTER TABLE `+name+` ADD PRIMARY KEY (id)`)
		l.allowed(t, name)
	}
	for _, name := range []string{"a", "b", "c"} {
		declaration += "  - {schema: public, name: " + name + ", key: [id], content: [t], harm: " + map[string]string{"a": "normal", "b": "normal", "c": "high"}[name] + "}\n"
	}
	src, k := l.source(t, declaration), keeper(t)
	shares := func(n int) []int {
		got, err := k.Shares(t.Context(), src, n)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff(shares(40), []int{0, 0, 0}); diff != "" {
		t.Error("before any sweep:", diff)
	}
	for _, table := range src.Tables() {
		sweep(t, k, src, table.String())
	}
	for n, want := range map[int][]int{40: {15, 5, 20}, 20: {8, 3, 10}, 200: {135, 45, 20}, 10_000: {300, 100, 20}, 0: {0, 0, 0}} {
		if diff := cmp.Diff(shares(n), want); diff != "" {
			t.Errorf("%d: %s", n, diff)
		}
	}
	src = l.source(t, strings.NewReplacer("harm: normal", "harm: high", "harm: high", "harm: normal").Replace(declaration))
	if diff := cmp.Diff(shares(200), []int{135, 45, 20}); diff != "" {
		t.Error("where little is of normal harm:", diff)
	}
}

// TestKeysOfManyKinds: rows are read in the order of keys that databases sort in their own ways, across pages of three rows.
func TestKeysOfManyKinds(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.do(t, `CREATE TABLE results (mrn varchar(20) NOT NULL, day date NOT NULL, at `+l.sql("timestamptz", "datetime(6)")+` NOT NULL, big `+l.sql("numeric(20,0)", "decimal(20,0)")+` NOT NULL,
			raw `+l.sql("bytea", "varbinary(8)")+` NOT NULL, value integer, PRIMARY KEY (mrn, day, at, big, raw))`)
		l.allowed(t, "results")
		for _, mrn := range []string{"a", "B", "ab", "a-b", "ö", "Z", "_", "it''s"} {
			for _, big := range []string{"18446744073709551614", "18446744073709551615", "9007199254740993", "9007199254740992"} {
				l.do(t, `INSERT INTO results VALUES ('`+mrn+`', '2026-03-01', '2026-03-29 00:59:59.000001', `+big+`, `+l.sql(`'\x00ff'`, `x'00ff'`)+`, 1)`)
			}
			l.do(t, `INSERT INTO results VALUES ('`+mrn+`', '2026-03-01', '2026-03-29 00:59:59.000002', 1, `+l.sql(`'\x00'`, `x'00'`)+`, 1)`,
				`INSERT INTO results VALUES ('`+mrn+`', '2026-03-02', '2026-03-29 00:59:59.000001', 1, `+l.sql(`'\x27'`, `x'27'`)+`, 1)`)
		}
		src, k, c := l.source(t, strings.NewReplacer("key: [id]", "key: [mrn, day, at, big, raw]", "content: [patient, code, value, unit, note]", "content: [value]",
			"version: version", "", "updated: updated_at", "", "deleted: deleted", "", "types: {deleted: boolean}", "").Replace(l.declaration("page: 3\nzone: Europe/Berlin", ""))), keeper(t), &told{}
		if report, _ := sweep(t, k, src, l.name()); report.Rows != 48 {
			t.Errorf("%d rows", report.Rows)
		}
		l.do(t, `UPDATE results SET value = 2 WHERE big = 9007199254740993`)
		report, err := k.Sample(t.Context(), src, l.name(), 48, c.emit)
		if err != nil || report.Acts[tables.Unversioned] != 8 || report.Acts[tables.Same] != 40 {
			t.Errorf("%v, %v", report.Acts, err)
		}
		var shown [][]string // as people see the keys, so they may ask for them
		for _, change := range c.changes {
			var key []string
			for _, f := range change.Key {
				key = append(key, f.Text)
			}
			shown = append(shown, key)
		}
		if report, err := k.Look(t.Context(), src, l.name(), shown, c.emit); err != nil || report.Asked != 8 || report.Acts[tables.Same] != 8 {
			t.Errorf("%d asked, %v, %v", report.Asked, report.Acts, err)
		}
	})
}

// TestOneMomentIsRead: what is written meanwhile is not seen, and nothing can be written.
func TestOneMomentIsRead(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 10)
		// Not even by an account that might.
		l.grant(t, "ALL", "results")
		src := l.source(t, l.declaration("page: 2", ""))
		rows, refused, err := src.WhileReading(t.Context(), l.name(), func() { l.do(t, `DELETE FROM results WHERE id IN (9, 1)`) }, `DELETE FROM results`)
		if err != nil || rows != 10 || refused == nil {
			t.Errorf("%d rows, %v, %v", rows, refused, err)
		}
	})
}

// TestASweepEndsWithItsContext, also while it waits for its turn by the rate.
func TestASweepEndsWithItsContext(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	src := l.source(t, strings.Replace(l.declaration("page: 1", ""), "rate: 10000000", "rate: 1", 1))
	if _, err := keeper(t).Sweep(ctx, src, l.name(), nil); err == nil {
		t.Error("it did not end")
	}
}

// TestRowsThatShareAKey cannot be told apart, which is said and not guessed at.
func TestRowsThatShareAKey(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 10)
		src := l.source(t, strings.NewReplacer("key: [id]", "key: [code]", "content: [patient, code,", "content: [patient,").Replace(l.declaration("", "")))
		_, err := keeper(t).Sweep(t.Context(), src, l.name(), nil)
		if err == nil || !strings.Contains(err.Error(), "several rows have the same key") {
			t.Error(err)
		}
		src = l.source(t, strings.NewReplacer("key: [id]", "key: [code]", "content: [patient, code,", "content: [patient,").Replace(l.declaration("page: 3", "")))
		if _, err := keeper(t).Sweep(t.Context(), src, l.name(), nil); err == nil || !strings.Contains(err.Error(), "10 were read") {
			t.Error(err)
		}
	})
}
