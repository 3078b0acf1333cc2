package tables_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity/tables"
)

// plant pretends that one of the results was another.
func plant(t *testing.T, k *tables.Keeper, src *tables.Source, table string) {
	t.Helper()
	if planted, err := k.Plant(t.Context(), src, table); err != nil || !planted {
		t.Fatalf("planted %t, %v", planted, err)
	}
}

// real are the changes that nobody pretended, and pretended are the others.
func (c *told) real() []string {
	var list told
	for _, change := range c.changes {
		if change.Planted.IsZero() {
			list.changes = append(list.changes, change)
		}
	}
	return list.lines()
}

func (c *told) pretended() int { return len(c.changes) - len(c.real()) }

// TestAPlantedDifferenceIsFound by the next sweep, beside a real one, and leaves nothing behind.
func TestAPlantedDifferenceIsFound(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		l.results(t, 200)
		src, k := l.source(t, l.declaration("", "")), keeper(t)
		if planted, err := k.Plant(t.Context(), src, l.name()); err != nil || planted {
			t.Errorf("before the first sweep: planted %t, %v", planted, err)
		}
		before, _ := sweep(t, k, src, l.name())
		plant(t, k, src, l.name())
		if twice, err := k.Plant(t.Context(), src, l.name()); err != nil || twice {
			t.Errorf("planted a second time: %t, %v", twice, err)
		}
		since, waits, err := k.Planted(t.Context(), src, l.name())
		if err != nil || !waits {
			t.Fatalf("waits %t, %v", waits, err)
		}
		report, c := sweep(t, k, src, l.name())
		if c.pretended() != 1 || len(c.real()) != 0 || !c.changes[0].Planted.Equal(since) || c.changes[0].Act != tables.Unversioned || len(c.changes[0].Columns) != 1 {
			t.Fatalf("told %+v", c.changes)
		}
		if report.Before != before.After || report.After != before.After || report.Outcomes[tables.Match] != 200 || report.Outcomes[tables.Mismatch] != 0 || report.Void {
			t.Errorf("the test shows in the report: %+v", report)
		}
		if _, waits, err := k.Planted(t.Context(), src, l.name()); err != nil || waits {
			t.Errorf("still waits: %t, %v", waits, err)
		}
		if _, c := sweep(t, k, src, l.name()); len(c.changes) != 0 {
			t.Errorf("told again: %v", c.lines())
		}
	})
}

// TestAPlantedDifferenceIsFoundInASample that looks at its row.
func TestAPlantedDifferenceIsFoundInASample(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 50)
	src, k := l.source(t, l.declaration("", "")), keeper(t)
	sweep(t, k, src, l.name())
	plant(t, k, src, l.name())
	l.do(t, `INSERT INTO results SELECT 51, patient, code, value, unit, note, 1, now(), false FROM results WHERE id = 7`)
	c := &told{}
	if _, err := k.Sample(t.Context(), src, l.name(), 50, c.emit); err != nil {
		t.Fatal(err)
	}
	if c.pretended() != 1 || len(c.real()) != 0 {
		t.Errorf("told %v, of which %d pretended", c.lines(), c.pretended())
	}
	if _, c := sweep(t, k, src, l.name()); !cmp.Equal(c.lines(), []string{"51: new, explained"}) {
		t.Errorf("then told: %v", c.lines())
	}
}

// TestARealChangeOfThePlantedRow is told as what it is: by the truth, and not by what was pretended.
func TestARealChangeOfThePlantedRow(t *testing.T) {
	labs(t, func(t *testing.T, l *lab) {
		for name, s := range map[string]struct{ statement, want string }{
			"changed": {`UPDATE results SET value = 9.99`, "1: changed without version, mismatch (value)"},
			"amended": {l.sql(`UPDATE results SET value = 9.99, version = 2, updated_at = now()`, `UPDATE results SET value = 9.99, version = 2, updated_at = UTC_TIMESTAMP(6)`), "1: amended, explained (value version updated_at)"},
			"deleted": {`DELETE FROM results`, "1: gone, mismatch"},
		} {
			t.Run(name, func(t *testing.T) {
				l.do(t, `DROP TABLE IF EXISTS results`)
				l.results(t, 1)
				src, k := l.source(t, l.declaration("", "")), keeper(t)
				sweep(t, k, src, l.name())
				plant(t, k, src, l.name())
				l.do(t, s.statement)
				report, c := sweep(t, k, src, l.name())
				if diff := cmp.Diff(c.real(), []string{s.want}); diff != "" || c.pretended() != 0 || !report.Void {
					t.Errorf("void %t, pretended %d %s", report.Void, c.pretended(), diff)
				}
				if _, waits, err := k.Planted(t.Context(), src, l.name()); err != nil || waits {
					t.Errorf("still waits: %t, %v", waits, err)
				}
			})
		}
	})
}

// TestAPlantedDifferenceThatWasNotTaken is told again.
func TestAPlantedDifferenceThatWasNotTaken(t *testing.T) {
	l := postgresLab(t)
	l.results(t, 20)
	src, k := l.source(t, l.declaration("", "")), keeper(t)
	sweep(t, k, src, l.name())
	plant(t, k, src, l.name())
	full := errors.New("the disk is full")
	if _, err := k.Sweep(t.Context(), src, l.name(), func(context.Context, []tables.Change) error { return full }); !errors.Is(err, full) {
		t.Fatal(err)
	}
	if _, c := sweep(t, k, src, l.name()); c.pretended() != 1 || len(c.real()) != 0 {
		t.Errorf("told %v, of which %d pretended", c.lines(), c.pretended())
	}
}
