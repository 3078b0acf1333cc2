package integrity_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// laboratory is a database with 500 results that is read back.
type laboratory struct {
	*house
	*integrity.Sweeper
	db   *store.DB // of the node
	lab  *sql.DB
	room *integrity.Room
}

func newLaboratory(t *testing.T, db *store.DB) *laboratory {
	t.Helper()
	url := storetest.Postgres(t)
	lab, err := sql.Open("pgx", url)
	must(t, err)
	t.Cleanup(func() { lab.Close() })
	l := &laboratory{house: newHouse(t), db: db, lab: lab}
	l.do(`CREATE TABLE results (id bigint PRIMARY KEY, mrn text NOT NULL, code text NOT NULL, value numeric(8,2), unit text, version int NOT NULL, updated timestamptz NOT NULL)`,
		`CREATE INDEX ON results (updated)`,
		`INSERT INTO results SELECT n, 'M' || n % 40, '2823-3', 4.1, 'mmol/L', 1, now() - interval '2 hours' FROM generate_series(1, 500) n`)
	dsn := filepath.Join(t.TempDir(), "dsn")
	must(t, os.WriteFile(dsn, []byte(url+"\n"), 0o600))
	d, err := tables.Parse(fmt.Appendf(nil, `
system: LIS
engine: postgresql
dsn: %s
young: 1us
tables:
- {schema: public, name: results, kind: result, harm: high, key: [id], content: [mrn, code, value, unit], version: version, updated: updated, fresh: true, means: {patient: mrn}}
`, dsn))
	must(t, err)
	l.Sweeper, err = integrity.OpenSweeper(t.Context(), d, integrity.SweepConfig{
		DB: db, Journal: l.journal, Vault: l.vault, Taxonomy: l.tax, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	must(t, l.Sweep(t.Context()))
	if found := l.doubts(t); len(found) != 0 {
		t.Fatalf("the first sweep doubts %+v", found)
	}
	return l
}

// do changes the laboratory's database.
func (l *laboratory) do(statements ...string) {
	l.Helper()
	for _, s := range statements {
		if _, err := l.lab.ExecContext(l.Context(), s); err != nil {
			l.Fatal(err)
		}
	}
}

// doubts has the room hear all that was said.
func (l *laboratory) doubts(t *testing.T) []integrity.Doubt {
	t.Helper()
	l.room = l.follow(l.db)
	found, err := l.room.Doubts(t.Context(), time.Time{}, 100)
	must(t, err)
	return found
}

// lowered is what somebody did who gave a row another value and nothing else.
func lowered(before, after string) []route.Change {
	return []route.Change{{Field: "value", Before: before, After: after, Clinical: true}}
}

// TestChangedInTheDatabase has somebody lower a value in a laboratory's database, past its program, and somebody else amend one as the program does.
func TestChangedInTheDatabase(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		l := newLaboratory(t, open())
		l.do(`UPDATE results SET value = 3.30, version = version + 1, updated = now() WHERE id = 17`, `UPDATE results SET value = 2.10 WHERE id = 23`)
		must(t, l.Sweep(t.Context()))
		found := l.doubts(t)
		if len(found) != 1 || found[0].Kind != "row-unversioned" || !cmp.Equal(found[0].Changes, lowered("4.10", "2.10")) {
			t.Errorf("doubts %+v, want that of the lowered value", found)
		}
		must(t, l.Sweep(t.Context()))
		if again := l.doubts(t); len(again) != 1 {
			t.Errorf("after another sweep there are %d doubts", len(again))
		}
	})
}

// TestWrittenSinceTheNight: a row is known minutes after it was written, so that who changes it before the next night is found all the same.
func TestWrittenSinceTheNight(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		l := newLaboratory(t, open())
		l.do(`INSERT INTO results VALUES (501, 'M7', '2823-3', 6.8, 'mmol/L', 1, now())`)
		must(t, l.News(t.Context()))
		l.do(`UPDATE results SET value = 4.1 WHERE id = 501`)
		must(t, l.Sweep(t.Context()))
		found := l.doubts(t)
		if len(found) != 1 || found[0].Kind != "row-unversioned" || !cmp.Equal(found[0].Changes, lowered("6.80", "4.10")) {
			t.Errorf("doubts %+v, want that of the lowered value", found)
		}
	})
}

// TestASignIsToldOnceADay, however often a table is read.
func TestASignIsToldOnceADay(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		l := newLaboratory(t, open())
		l.do(`CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`, `CREATE TRIGGER count_up BEFORE UPDATE ON results FOR EACH ROW EXECUTE FUNCTION count_up()`)
		must(t, l.Sweep(t.Context()))
		l.doubts(t)
		l.do(`ALTER TABLE results DISABLE TRIGGER count_up`)
		before := l.journal.Size()
		for range 5 {
			must(t, l.News(t.Context()))
		}
		if told := l.journal.Size() - before; told != 1 {
			t.Errorf("it was told of %d times", told)
		}
	})
}

// TestARowIsLookedAt when somebody opens a doubt about it, and no other.
func TestARowIsLookedAt(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		l := newLaboratory(t, open())
		l.do(`UPDATE results SET value = 2.10 WHERE id = 23`)
		must(t, l.Sweep(t.Context()))
		found := l.doubts(t)
		now := time.Now()
		look := func(want string, doubts int) {
			t.Helper()
			must(t, l.room.LookBack(t.Context(), &found[0], now))
			must(t, l.Answer(t.Context(), now))
			answers, err := l.room.Answers(t.Context(), found[0].ID)
			if err != nil || len(answers) != 1 || answers[0].Outcome != want || answers[0].Part != "results" {
				t.Errorf("%+v %v, want %q", answers, err, want)
			}
			if all := l.doubts(t); len(all) != doubts {
				t.Errorf("there are %d doubts, want %d", len(all), doubts)
			}
			now = now.Add(time.Hour)
		}
		look("match", 1)
		l.do(`UPDATE results SET value = 1.10 WHERE id IN (23, 24)`)
		look("mismatch", 2)
		l.do(`UPDATE results SET value = 4.10, version = version + 1, updated = now() WHERE id = 23`)
		look("explained", 2)
		l.do(`DELETE FROM results WHERE id = 23`)
		look("mismatch", 3)
		life, err := l.room.Life(t.Context(), &found[0])
		must(t, err)
		var got []string
		for _, h := range life.Happenings {
			got = append(got, h.Act+" "+h.Outcome)
		}
		if want := []string{"changed without version mismatch", "changed without version mismatch", "amended explained", "gone mismatch"}; !cmp.Equal(got, want) {
			t.Errorf("the life of the row is %q, want %q", got, want)
		}
	})
}
