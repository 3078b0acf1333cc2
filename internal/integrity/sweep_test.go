package integrity_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// TestChangedInTheDatabase has somebody lower a value in a laboratory's database, past its program, and somebody else amend one as the program does.
func TestChangedInTheDatabase(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		url := storetest.Postgres(t)
		lab, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		defer lab.Close()
		do := func(statement string) {
			t.Helper()
			if _, err := lab.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		do(`CREATE TABLE results (id bigint PRIMARY KEY, mrn text NOT NULL, code text NOT NULL, value numeric(8,2), unit text, version int NOT NULL, updated timestamptz NOT NULL)`)
		do(`INSERT INTO results SELECT n, 'M' || n % 40, '2823-3', 4.1, 'mmol/L', 1, now() - interval '2 hours' FROM generate_series(1, 500) n`)
		h := newHouse(t)
		dsn := filepath.Join(t.TempDir(), "dsn")
		if err := os.WriteFile(dsn, []byte(url+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := tables.Parse(fmt.Appendf(nil, `
system: LIS
engine: postgresql
dsn: %s
young: 0s
tables:
- {schema: public, name: results, kind: result, harm: high, key: [id], content: [mrn, code, value, unit], version: version, updated: updated, means: {patient: mrn}}
`, dsn))
		if err != nil {
			t.Fatal(err)
		}
		db := open()
		s, err := integrity.OpenSweeper(t.Context(), d, integrity.SweepConfig{DB: db, Journal: h.journal, Vault: h.vault, Taxonomy: h.tax, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		sweep := func() []integrity.Doubt {
			t.Helper()
			if err := s.Sweep(context.WithoutCancel(t.Context())); err != nil {
				t.Fatal(err)
			}
			found, err := h.follow(db).Doubts(t.Context(), h.at.AddDate(-10, 0, 0), 100)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if found := sweep(); len(found) != 0 {
			t.Fatalf("the first sweep doubts %+v", found)
		}
		do(`UPDATE results SET value = 3.30, version = version + 1, updated = now() WHERE id = 17`)
		do(`UPDATE results SET value = 2.10 WHERE id = 23`)
		found := sweep()
		if len(found) != 1 || found[0].Kind != "row-unversioned" || !cmp.Equal(found[0].Changes, []route.Change{{Field: "value", Before: "4.10", After: "2.10", Clinical: true}}) {
			t.Errorf("doubts %+v, want that of the lowered value", found)
		}
		if again := sweep(); len(again) != 1 {
			t.Errorf("after another sweep there are %d doubts", len(again))
		}
	})
}
