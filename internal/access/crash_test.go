package access_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

// TestKilledAtAnyInstant kills a process that acts, over a real journal: whatever was done was sealed before, and the
// trail shows all that the journal holds.
func TestKilledAtAnyInstant(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 2
	}
	dir := t.TempDir()
	acted := 0
	for round := range rounds {
		acted += killOnce(t, dir, round)
	}
	ctx := t.Context()
	j, h, db := node(t, dir)
	intents, outcomes := map[string]string{}, map[string]string{} // number and outcome, by act
	for i := range j.Size() {
		e, err := j.Entry(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range e.Lines() {
			var l struct {
				Act, Step, Outcome string
				Detail             struct{ N string }
			}
			if err := json.Unmarshal(text, &l); err != nil {
				t.Fatal(err)
			}
			if l.Step == "intent" {
				intents[l.Act] = l.Detail.N
			} else {
				outcomes[l.Act] = l.Outcome
			}
		}
	}
	sealed := map[string]bool{}
	for _, n := range intents {
		sealed[n] = true
	}
	for n := range effects(t, db) {
		if !sealed[n] {
			t.Errorf("%s was done and not sealed", n)
		}
	}
	auditor := access.WithActor(ctx, access.Actor{ID: "lena", Roles: []access.Role{access.Auditor}})
	shown := map[string]bool{}
	for before, more := "", true; more; {
		acts, err := h.Trail(auditor, access.TrailFilter{Before: before, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range acts {
			before, shown[a.ID] = a.ID, true
			open := a.Outcome == access.Pending || a.Outcome == access.Unsealed
			if !open && string(a.Outcome) != outcomes[a.ID] {
				t.Errorf("%s in the trail, %s in the journal", a.Outcome, outcomes[a.ID])
			}
		}
		more = len(acts) > 0
	}
	for id := range intents {
		if !shown[id] {
			t.Error("the journal holds an intent that the trail does not show")
		}
	}
	mended(t, h, j, db, outcomes)
	if acted < rounds {
		t.Errorf("only %d acts", acted)
	}
	t.Logf("%d kills, %d acts answered for, %d intents, %d outcomes", rounds, acted, len(intents), len(outcomes))
}

// mended has the house mended after all those kills: nothing is open then, each act ended as the journal says, and those of
// which it says nothing were given up.
func mended(t *testing.T, h *access.House, j *journal.Journal, db *store.DB, outcomes map[string]string) {
	t.Helper()
	lost := map[string]bool{}
	later, err := access.Open(t.Context(), db, veiltest.Vault(), j, func() time.Time { return time.Now().Add(5 * time.Minute) })
	if err != nil {
		t.Fatal(err)
	}
	err = later.Mend(t.Context(), j, func(_ context.Context, a access.Act) error { lost[a.ID] = true; return nil })
	if err != nil {
		t.Fatal(err)
	}
	auditor := access.WithActor(t.Context(), access.Actor{ID: "lena", Roles: []access.Role{access.Auditor}})
	if open, err := h.Trail(auditor, access.TrailFilter{Open: true}); err != nil || len(open) > 0 {
		t.Errorf("still open: %+v, %v", open, err)
	}
	acts, err := h.Trail(auditor, access.TrailFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range acts {
		end, known := outcomes[a.ID]
		if known && end != string(a.Outcome) || lost[a.ID] != (a.Outcome == access.Lost) {
			t.Errorf("mended as %s, and the journal says %q", a.Outcome, end)
		}
	}
	t.Logf("%d acts were lost", len(lost))
}

// killOnce returns how many acts the process said were done, all of which have to be.
func killOnce(t *testing.T, dir string, round int) int {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), "WARDLINE_TEST_CHILD="+dir, fmt.Sprintf("WARDLINE_TEST_ROUND=%d", round))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	after := 1 + rand.IntN(10)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if said = append(said, lines.Text()); len(said) == after {
			time.AfterFunc(rand.N(30*time.Millisecond), func() { _ = child.Process.Kill() }) // within the next act
		}
	}
	_ = child.Wait() // it was killed
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	there := effects(t, db)
	for _, n := range said {
		if !there[n] {
			t.Errorf("%s was said to be done and is not", n)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return len(said)
}

func effects(t *testing.T, db *store.DB) map[string]bool {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT n FROM effects`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		all[n] = true
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return all
}

func node(t *testing.T, dir string) (*journal.Journal, *access.House, *store.DB) {
	t.Helper()
	j, h, db, err := openNode(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := errors.Join(j.Close(ctx), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return j, h, db
}

func openNode(ctx context.Context, dir string) (*journal.Journal, *access.House, *store.DB, error) {
	j, err := journal.Open(ctx, journal.Config{Dir: filepath.Join(dir, "journal"), Ballast: -1}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, nil, err
	}
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "state.db"))
	if err != nil {
		return nil, nil, nil, err
	}
	schema := fstest.MapFS{"schema/0001_effects.sql": {Data: []byte("-- +goose Up\nCREATE TABLE effects (n TEXT PRIMARY KEY) STRICT;\n")}}
	if err := db.Migrate(ctx, "effects", schema); err != nil {
		return nil, nil, nil, err
	}
	h, err := access.Open(ctx, db, veiltest.Vault(), j, time.Now)
	return j, h, db, err
}

// TestMain is the process that TestKilledAtAnyInstant kills, when it is told to be.
func TestMain(m *testing.M) {
	dir := os.Getenv("WARDLINE_TEST_CHILD")
	if dir == "" {
		m.Run()
		return
	}
	if err := actForEver(dir, os.Getenv("WARDLINE_TEST_ROUND")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func actForEver(dir, round string) error {
	ctx := access.WithActor(context.Background(), access.Actor{ID: "omar", Roles: []access.Role{access.Analyst}})
	_, h, db, err := openNode(ctx, dir)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		n := fmt.Sprintf("%s-%d", round, i)
		err := h.Do(ctx, access.FindingJudge, access.Object{}, map[string]string{"n": n}, func(ctx context.Context) error {
			return db.Do(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO effects (n) VALUES ($1)`, n)
				return err
			})
		})
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}
