package tables_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOneSweepTells what became of each row since the last, in both databases.
func TestOneSweepTells(t *testing.T) {
	type story struct {
		postgres, maria []string // maria is postgres where it is left out
		want            []string
		table           string // lines of the table's declaration
	}
	for name, s := range map[string]story{
		"an UPDATE that leaves the version alone": {
			postgres: []string{`UPDATE results SET value = 9.99 WHERE id = 7`},
			want:     []string{"7: changed without version, mismatch (value)"},
		},
		"an UPDATE that grows the version and leaves the time alone": {
			postgres: []string{`UPDATE results SET value = 9.99, version = 2 WHERE id = 7`},
			want:     []string{"7: amended, mismatch (value version)"},
		},
		"an UPDATE that sets the time back": {
			postgres: []string{`UPDATE results SET value = 9.99, version = 2, updated_at = '2026-01-02 03:04:05' WHERE id = 7`},
			want:     []string{"7: amended, mismatch (value version updated_at)"},
		},
		"an UPDATE dated before the sweep that did not see it": {
			postgres: []string{`UPDATE results SET value = 9.99, version = 2, updated_at = updated_at + interval '1 minute' WHERE id = 7`},
			maria:    []string{`UPDATE results SET value = 9.99, version = 2, updated_at = updated_at + INTERVAL 1 MINUTE WHERE id = 7`},
			want:     []string{"7: amended, mismatch (value version updated_at)"},
		},
		"an UPDATE dated in the future": {
			postgres: []string{`UPDATE results SET value = 9.99, version = 2, updated_at = now() + interval '1 day' WHERE id = 7`},
			maria:    []string{`UPDATE results SET value = 9.99, version = 2, updated_at = UTC_TIMESTAMP(6) + INTERVAL 1 DAY WHERE id = 7`},
			want:     []string{"7: amended, mismatch (value version updated_at)"},
		},
		"rows deleted": {
			postgres: []string{`DELETE FROM results WHERE id IN (3, 19)`},
			want:     []string{"19: gone, mismatch", "3: gone, mismatch"},
		},
		"a lower version": {
			postgres: []string{`UPDATE results SET value = 3.1, version = 0, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET value = 3.1, version = 0, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: older, mismatch (value version updated_at)"},
		},
		"a forged row dated earlier": {
			postgres: []string{`INSERT INTO results VALUES (21, 'DOE^FORGED', '2823-3', 4, 'mmol/l', NULL, 1, now() - interval '2 hours', false)`},
			maria:    []string{`INSERT INTO results VALUES (21, 'DOE^FORGED', '2823-3', 4, 'mmol/l', NULL, 1, UTC_TIMESTAMP(6) - INTERVAL 2 HOUR, 0)`},
			want:     []string{"21: new, mismatch"},
		},
		"a forged row whose number is long past": {
			table:    "    ascending: true",
			postgres: []string{`INSERT INTO results VALUES (-5000, 'DOE^FORGED', '2823-3', 4, 'mmol/l', NULL, 1, now(), false)`},
			maria:    []string{`INSERT INTO results VALUES (-5000, 'DOE^FORGED', '2823-3', 4, 'mmol/l', NULL, 1, UTC_TIMESTAMP(6), 0)`},
			want:     []string{"-5000: new, mismatch"},
		},
		"a row whose number is a little past": {
			table:    "    ascending: true",
			postgres: []string{`INSERT INTO results VALUES (0, 'DOE^LATE', '2823-3', 4, 'mmol/l', NULL, 1, now(), false)`},
			maria:    []string{`INSERT INTO results VALUES (0, 'DOE^LATE', '2823-3', 4, 'mmol/l', NULL, 1, UTC_TIMESTAMP(6), 0)`},
			want:     []string{"0: new, pending"},
		},
		"NULL made an empty text": {
			postgres: []string{`UPDATE results SET note = '' WHERE id = 7`},
			want:     []string{"7: changed without version, mismatch (note)"},
		},
		"only the version": {
			postgres: []string{`UPDATE results SET version = 9 WHERE id = 7`},
			want:     []string{"7: amended, mismatch (version)"},
		},
		"an amendment": {
			postgres: []string{`UPDATE results SET value = 4.2, note = 'corrected', version = version + 1, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET value = 4.2, note = 'corrected', version = version + 1, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: amended, explained (value note version updated_at)"},
		},
		"a row marked as deleted": {
			postgres: []string{`UPDATE results SET deleted = true, version = 2, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET deleted = 1, version = 2, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: marked as deleted, explained (version updated_at deleted)"},
		},
		"a row marked as deleted behind the application's back": {
			postgres: []string{`UPDATE results SET deleted = true WHERE id = 7`},
			maria:    []string{`UPDATE results SET deleted = 1 WHERE id = 7`},
			want:     []string{"7: changed without version, mismatch (deleted)"},
		},
		"rows added": {
			table:    "    ascending: true",
			postgres: []string{`INSERT INTO results SELECT g, 'DOE^NEW', '2823-3', 4, 'mmol/l', NULL, 1, now(), false FROM generate_series(21, 22) g`},
			maria:    []string{`INSERT INTO results SELECT seq, 'DOE^NEW', '2823-3', 4, 'mmol/l', NULL, 1, UTC_TIMESTAMP(6), 0 FROM seq_21_to_22`},
			want:     []string{"21: new, explained", "22: new, explained"},
		},
		"housekeeping": {
			postgres: []string{`ANALYZE results`, `VACUUM FULL results`, `REINDEX TABLE results`},
			maria:    []string{`ANALYZE TABLE results`, `OPTIMIZE TABLE results`},
			want:     []string{},
		},
		"a row written anew as it was": {
			postgres: []string{`UPDATE results SET value = value WHERE id = 7`, `DELETE FROM results WHERE id = 8`,
				`INSERT INTO results SELECT 8, 'DOE^PATIENT8', '2823-3', 3.58, 'mmol/l', NULL, 1, updated_at, false FROM results WHERE id = 7`},
			want: []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			labs(t, func(t *testing.T, l *lab) {
				l.results(t, 20)
				src, k := l.source(t, l.declaration("", s.table)), keeper(t)
				if report, c := sweep(t, k, src, l.name()); !report.First || report.Rows != 20 || len(c.changes) > 0 {
					t.Fatalf("at first: %+v, %d changes", report, len(c.changes))
				}
				statements := s.postgres
				if l.engine == "mysql" && s.maria != nil {
					statements = s.maria
				}
				l.do(t, statements...)
				_, c := sweep(t, k, src, l.name())
				if diff := cmp.Diff(c.lines(), s.want); diff != "" {
					t.Error(diff)
				}
				if report, c := sweep(t, k, src, l.name()); len(c.changes) > 0 || report.Before != report.After || len(report.Signs) > 0 {
					t.Errorf("told again: %v, %v", c.lines(), signs(report))
				}
			})
		})
	}
}
