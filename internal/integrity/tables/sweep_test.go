package tables_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// story is what somebody does to the table between two sweeps.
type story struct {
	declared        []string // pairs of old and new in the declaration
	table           string   // lines added to it
	before          []string // done before the first sweep
	postgres, maria []string // maria is postgres where it is left out
	want            []string
	why             string // a reason of the first change
}

// TestOneSweepTells what became of each row since the last, in both databases.
func TestOneSweepTells(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		for name, s := range stories() {
			t.Run(name, func(t *testing.T) {
				l.do(t, `DROP TABLE IF EXISTS results`)
				l.results(t, 20)
				l.do(t, s.before...)
				src, k := l.source(t, strings.NewReplacer(s.declared...).Replace(l.declaration("", s.table))), keeper(t)
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
					t.Fatal(diff)
				}
				if s.why != "" && !slices.Contains(c.changes[0].Reasons, s.why) {
					t.Errorf("%q", c.changes[0].Reasons)
				}
				if report, c := sweep(t, k, src, l.name()); len(c.changes) > 0 || report.Before != report.After || len(report.Signs) > 0 {
					t.Errorf("told again: %v, %v", c.lines(), signs(report))
				}
			})
		}
	})
}

func stories() map[string]story {
	return map[string]story{
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
			why:      "Nothing of its content differs.",
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
		"a row marked as deleted and changed along with it": {
			postgres: []string{`UPDATE results SET deleted = true, value = 0, version = 2, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET deleted = 1, value = 0, version = 2, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: marked as deleted, explained (value version updated_at deleted)"},
			why:      "Its content was changed along with that.",
		},
		"a mark of deletion that is a word": {
			declared: []string{"deleted: deleted", "deleted: code", "content: [patient, code,", "content: [patient,", "types: {deleted: boolean}", "live: ['2823-3', '2951-2']"},
			postgres: []string{`UPDATE results SET code = 'X', version = 2, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET code = 'X', version = 2, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: marked as deleted, explained (version updated_at code)"},
		},
		"another word that marks nothing": {
			declared: []string{"deleted: deleted", "deleted: code", "content: [patient, code,", "content: [patient,", "types: {deleted: boolean}", "live: ['2823-3', '2951-2']"},
			postgres: []string{`UPDATE results SET code = '2823-3', version = 2, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET code = '2823-3', version = 2, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: amended, explained (version updated_at code)"},
		},
		"rows deleted where nothing marks them": {
			declared: []string{"    deleted: deleted\n", "", "types: {deleted: boolean}", ""},
			postgres: []string{`DELETE FROM results WHERE id = 7`},
			want:     []string{"7: gone, mismatch"},
			why:      "The row is missing.",
		},
		"without a version, a time that moved on": {
			declared: []string{"    version: version\n", ""},
			postgres: []string{`UPDATE results SET value = 9.99, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET value = 9.99, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: amended, explained (value updated_at)"},
		},
		"without a version, a time that stayed": {
			declared: []string{"    version: version\n", ""},
			postgres: []string{`UPDATE results SET value = 9.99 WHERE id = 7`},
			want:     []string{"7: changed without version, mismatch (value)"},
		},
		"without a version, a time set back": {
			declared: []string{"    version: version\n", ""},
			postgres: []string{`UPDATE results SET value = 9.99, updated_at = '2026-01-02 03:04:05' WHERE id = 7`},
			want:     []string{"7: older, mismatch (value updated_at)"},
		},
		"without a version and a time": {
			declared: []string{"    version: version\n", "", "    updated: updated_at\n", ""},
			postgres: []string{`UPDATE results SET value = 9.99 WHERE id = 7`},
			want:     []string{"7: changed without version, mismatch (value)"},
			why:      "The row differs, and the table has no column that tells an amendment.",
		},
		"a version that is no more": {
			declared: []string{"version: version", "version: value", "code, value,", "code,"},
			postgres: []string{`UPDATE results SET value = NULL, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET value = NULL, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: changed without version, mismatch (value updated_at)"},
			why:      "The row differs, and its version is not one that can be compared with the one before.",
		},
		"a row that was marked as deleted and is not any more": {
			before:   []string{`UPDATE results SET deleted = '1' WHERE id = 7`},
			postgres: []string{`UPDATE results SET deleted = '0', version = 2, updated_at = now() WHERE id = 7`},
			maria:    []string{`UPDATE results SET deleted = 0, version = 2, updated_at = UTC_TIMESTAMP(6) WHERE id = 7`},
			want:     []string{"7: amended, explained (version updated_at deleted)"},
			why:      "Its mark of deletion was taken away.",
		},
		"a new row that is marked as deleted": {
			postgres: []string{`INSERT INTO results VALUES (21, 'DOE^NEW', '2823-3', 4, 'mmol/l', NULL, 1, now(), true)`},
			maria:    []string{`INSERT INTO results VALUES (21, 'DOE^NEW', '2823-3', 4, 'mmol/l', NULL, 1, UTC_TIMESTAMP(6), 1)`},
			want:     []string{"21: new, explained"},
			why:      "It is marked as deleted from the start.",
		},
	}
}
