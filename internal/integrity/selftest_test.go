package integrity_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// readBack is a laboratory's database with 300 results, and who reads it back for a house.
func readBack(t *testing.T, h *house, db *store.DB) *integrity.Sweeper {
	t.Helper()
	url := storetest.Postgres(t)
	lab, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	for _, statement := range []string{
		`CREATE TABLE results (id bigint PRIMARY KEY, mrn text NOT NULL, value numeric(8,2), version int NOT NULL, updated timestamptz NOT NULL)`,
		`INSERT INTO results SELECT n, 'M' || n % 40, 4.1, 1, now() - interval '2 hours' FROM generate_series(1, 300) n`,
	} {
		if _, err := lab.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	dsn := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(dsn, []byte(url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := tables.Parse(fmt.Appendf(nil, `
system: LIS
engine: postgresql
dsn: %s
tables:
- {schema: public, name: results, kind: result, harm: high, key: [id], content: [mrn, value], version: version, updated: updated, means: {patient: mrn}}
`, dsn))
	if err != nil {
		t.Fatal(err)
	}
	s, err := integrity.OpenSweeper(t.Context(), d, integrity.SweepConfig{DB: db, Journal: h.journal, Vault: h.vault, Taxonomy: h.tax, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// must ends the test when an act fails.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestASelfTestIsFound by the next sweep, has its delay measured, and is nobody's doubt.
func TestASelfTestIsFound(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h, db := newHouse(t), open()
		s := readBack(t, h, db)
		must(t, s.Sweep(t.Context()))
		must(t, s.Plant(t.Context()))
		room := h.follow(db)
		waiting, err := room.SelfTests(t.Context())
		if err != nil || len(waiting) != 1 || waiting[0].System != "LIS" || waiting[0].Table != "results" || !waiting[0].Found.IsZero() || waiting[0].Planted.IsZero() {
			t.Fatalf("waiting: %+v, %v", waiting, err)
		}
		must(t, s.Sweep(t.Context()))
		room = h.follow(db)
		found, err := room.SelfTests(t.Context())
		if err != nil || len(found) != 1 || !found[0].Planted.Equal(waiting[0].Planted) || !found[0].Found.After(found[0].Planted) {
			t.Errorf("found: %+v, %v", found, err)
		}
		if doubts, err := room.Doubts(t.Context(), time.Time{}, 10); err != nil || len(doubts) != 0 {
			t.Errorf("doubts %+v, %v", doubts, err)
		}
		must(t, s.Plant(t.Context())) // the next week
		if again, err := room.SelfTests(t.Context()); err != nil || len(again) != 1 || !again[0].Found.IsZero() {
			t.Errorf("then: %+v, %v", again, err)
		}
	})
}

// TestASelfTestThatNobodyFinds is told of once.
func TestASelfTestThatNobodyFinds(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h, db := newHouse(t), open()
		s := readBack(t, h, db)
		must(t, s.Sweep(t.Context()))
		must(t, s.Plant(t.Context()))
		must(t, s.Test(t.Context()))
		if doubts, err := h.follow(db).Doubts(t.Context(), time.Time{}, 10); err != nil || len(doubts) != 0 {
			t.Fatalf("at once: doubts %+v, %v", doubts, err)
		}
		days := int64(4 * 24 * time.Hour / time.Microsecond)
		for _, statement := range []string{`UPDATE integrity_plants SET at = at - $1`, `UPDATE integrity_selftests SET planted = planted - $1`} {
			if _, err := db.ExecContext(t.Context(), statement, days); err != nil {
				t.Fatal(err)
			}
		}
		must(t, s.Test(t.Context()))
		must(t, s.Test(t.Context()))
		room := h.follow(db)
		doubts, err := room.Doubts(t.Context(), time.Time{}, 10)
		if err != nil || len(doubts) != 1 || doubts[0].Kind != "row-unread" {
			t.Errorf("four days later: doubts %+v, %v", doubts, err)
		}
		waiting, err := room.SelfTests(t.Context())
		if err != nil || len(waiting) != 1 || !waiting[0].Overdue(time.Now()) {
			t.Errorf("waiting: %+v, %v", waiting, err)
		}
	})
}

// TestAPlantThatCannotBeReadStopsNobody: what is kept of a self-test is damaged, and the table is read all the same at the start of Run.
func TestAPlantThatCannotBeReadStopsNobody(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		h, db := newHouse(t), open()
		s := readBack(t, h, db)
		must(t, s.Sweep(t.Context()))
		must(t, s.Plant(t.Context()))
		if _, err := db.ExecContext(t.Context(), `UPDATE integrity_plants SET body = $1`, []byte("damaged")); err != nil {
			t.Fatal(err)
		}
		if err := s.Test(t.Context()); err == nil {
			t.Fatal("a damaged plant is read")
		}
		if err := s.TestAndGoOn(t.Context()); err != nil {
			t.Errorf("reading back ends with %v", err)
		}
	})
}
