package console_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/integrity/tables"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/vault"
)

// laboratory is the database of a laboratory that an archive's room reads back.
type laboratory struct {
	*integrity.Sweeper
	t  *testing.T
	db *sql.DB
}

func (a *archive) laboratory() *laboratory {
	a.t.Helper()
	url := storetest.Postgres(a.t)
	db, err := sql.Open("pgx", url)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { db.Close() })
	l := &laboratory{t: a.t, db: db}
	l.do(`CREATE TABLE results (id bigint PRIMARY KEY, mrn text NOT NULL, value numeric(8,2), version int NOT NULL, updated timestamptz NOT NULL)`,
		`INSERT INTO results SELECT n, '4711-' || n, 4.1, 1, now() - interval '2 hours' FROM generate_series(1, 300) n`)
	dsn := filepath.Join(a.t.TempDir(), "dsn")
	if err := os.WriteFile(dsn, []byte(url+"\n"), 0o600); err != nil {
		a.t.Fatal(err)
	}
	d, err := tables.Parse(fmt.Appendf(nil, `
system: LIS
engine: postgresql
dsn: %s
young: 1us
tables:
- {schema: public, name: results, kind: result, harm: high, key: [id], content: [mrn, value], version: version, updated: updated, means: {patient: mrn}}
`, dsn))
	if err != nil {
		a.t.Fatal(err)
	}
	v, err := vault.Passing()
	if err != nil {
		a.t.Fatal(err)
	}
	l.Sweeper, err = integrity.OpenSweeper(a.t.Context(), d, integrity.SweepConfig{DB: a.db, Journal: a.journal, Vault: v, Taxonomy: a.tax, Dir: a.t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		if err := l.Close(); err != nil {
			a.t.Error(err)
		}
	})
	return l
}

func (l *laboratory) do(statements ...string) {
	l.t.Helper()
	for _, s := range statements {
		if _, err := l.db.ExecContext(l.t.Context(), s); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *laboratory) sweep() {
	l.t.Helper()
	if err := l.Sweep(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
}

// TestSystemsAreReadBack goes from nothing to a self-test that is found, a value that somebody lowers, and a backup that is put back.
func TestSystemsAreReadBack(t *testing.T) {
	a := newArchive(t)
	admin := a.first()
	p := a.hire(admin, "m.okafor", "M. Okafor", access.Analyst)
	says := func(path string, wants ...string) string {
		t.Helper()
		status, body := p.get(path)
		a.without(path, body)
		for _, want := range wants {
			if status != http.StatusOK || !strings.Contains(text(body), want) {
				t.Errorf("%s, status %d: it does not say %q", path, status, want)
			}
		}
		return body
	}
	says("/records/systems", "We cannot tell: no system is read back yet.", "An account that may only read is enough")
	lab := a.laboratory()
	lab.sweep()
	says("/records/systems", "Yes, as far as they were read.", "all 300 rows", "Read once", "None yet")
	if err := lab.Plant(t.Context()); err != nil {
		t.Fatal(err)
	}
	says("/records/systems", "Waits")
	lab.sweep()
	a.wait("the self-test is found", func() bool {
		tests, err := a.room.SelfTests(t.Context())
		return err == nil && len(tests) == 1 && !tests[0].Found.IsZero()
	})
	says("/records/systems", "Yes, as far as they were read.", "Found", "Nothing", "Same")
	if status, _ := p.get("/records/systems/LIS/none"); status != http.StatusNotFound {
		t.Errorf("a part that is not read back: status %d", status)
	}

	lab.do(`UPDATE results SET value = 2.1 WHERE id = 23`)
	lab.sweep()
	a.doubtsOf("LIS", 1)
	says("/records/systems", "No. One part differs.", "Look at what differs in LIS", "1 doubt")
	says("/records/systems/LIS/results", "One record differs.", "Reconciliation")

	lab.do(`UPDATE results SET version = 2, value = 5, updated = now() WHERE id <= 20`)
	lab.sweep()
	says("/records/systems", "20 changed as the program changes them")
	lab.do(`UPDATE results SET version = 1, value = 4.1, updated = now() - interval '3 hours' WHERE id <= 20`)
	lab.sweep()
	a.doubtsOf("LIS", 21)
	says("/records/systems", "Ask who put LIS back to an older state", "20 records are older than they were", "Put back")
	says("/records/systems/LIS/results", "21 records differ.", "Differs in updated, value and version.", "20 of them were put back to an older state")

	a.pass(4 * 24 * time.Hour)
	p = a.hire(admin, "t.mbeki", "T. Mbeki", access.Analyst) // sessions ended meanwhile
	says("/records/systems", "Not known of one part; the others do.", "See why LIS cannot be read", "Not read")
}

// doubtsOf waits until the room has so many about a system.
func (a *archive) doubtsOf(system string, n int) {
	a.t.Helper()
	a.wait("there are the doubts", func() bool {
		all, err := a.room.Doubts(a.t.Context(), time.Time{}, 1000)
		had := 0
		for i := range all {
			if all[i].System == system && all[i].About == "results" {
				had++
			}
		}
		return err == nil && had == n
	})
}

// TestWhoVouches shows nobody, and then four hospitals of which one is silent and one was never heard.
func TestWhoVouches(t *testing.T) {
	var all []witness.Standing
	n := newNode(t, func(n *node, cfg *console.Config) {
		cfg.Neighbours = func(context.Context) ([]witness.Standing, error) { return all, nil }
	})
	p := n.first()
	says := func(path string, wants ...string) {
		t.Helper()
		status, body := p.get(path)
		for _, want := range wants {
			if status != http.StatusOK || !strings.Contains(text(body), want) {
				t.Errorf("status %d: it does not say %q", status, want)
			}
		}
	}
	says("/journal/witnesses", "Nobody: no other hospital vouches for this journal yet.", "wardline witness show > our-hospital.txt")
	at := n.now().Unix()
	all = []witness.Standing{{Site: "Birch", Size: 3, Heard: at, Their: 90, Signed: at}, {Site: "Cedar", Size: 1 << 40, Heard: at}, {Site: "Elm", Size: 2, Heard: at - 7200, Silent: true, Their: 4, Signed: at - 7200}, {Site: "Fir"}}
	says("/journal/witnesses", "Two hospitals of four vouch for it.", "A proof needs the signatures of 3 of 4; there are not enough.", "Call Elm: its witness does not answer", "the first 3 entries", "all 1,099,511,627,776 entries", "Nothing yet", "2 of 4 witnesses agree")
	says("/", "2 of 4 witnesses agree")
	all = all[:1]
	says("/journal/witnesses", "One hospital of one vouches for it.", "1 of 1; there are enough.")
}
