package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/store"
)

func TestParameters(t *testing.T) {
	for _, c := range []struct {
		in, out string
		n       int
	}{
		{`SELECT 1`, `SELECT 1`, 0},
		{`SELECT $2, $1, $10`, `SELECT ?2, ?1, ?10`, 10},
		{`SELECT '$1', "a$2", $3 -- $4` + "\n" + `, $1 /* $9 */, '''$5'`, `SELECT '$1', "a$2", ?3 -- $4` + "\n" + `, ?1 /* $9 */, '''$5'`, 3},
		{`SELECT $, $a, $1`, `SELECT $, $a, ?1`, 1},
		{`SELECT $1, 'unclosed $2`, `SELECT ?1, 'unclosed $2`, 1},
		{`SELECT $1 /* unclosed $2`, `SELECT ?1 /* unclosed $2`, 1},
		{`SELECT /*/ $1 */ $2`, `SELECT /*/ $1 */ ?2`, 2},
	} {
		if out, n := store.Numbered(c.in); out != c.out || n != c.n {
			t.Errorf("%s: %s, %d", c.in, out, n)
		}
	}
}

// FuzzParameters compares with one regular expression for all that a statement consists of.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{`SELECT $1, '$2' -- $3`, `/*/$1*/$2`, `"a""$1"$12`, "--\n$1", `$$1`, `'`, `$99999999999999999999`} {
		f.Add(seed)
	}
	parts := regexp.MustCompile(`(?s)'[^']*(?:'|$)|"[^"]*(?:"|$)|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$)|\$[0-9]{1,18}`)
	f.Fuzz(func(t *testing.T, query string) {
		if regexp.MustCompile(`\$[0-9]{19}`).MatchString(query) {
			t.Skip("no statement has so many parameters")
		}
		want := parts.ReplaceAllStringFunc(query, func(part string) string {
			if part[0] == '$' {
				return "?" + part[1:]
			}
			return part
		})
		if got, _ := store.Numbered(query); got != want {
			t.Errorf("%q: %q, not %q", query, got, want)
		}
	})
}

func sqlite(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some tests close it themselves
	return migrated(t, db)
}

func TestEveryConnectionIsDurable(t *testing.T) {
	db := sqlite(t, filepath.Join(t.TempDir(), "state.db"))
	for range 3 { // held, so that each is another one
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		var mode, sync, keys string
		err = errors.Join(
			c.QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode),
			c.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&sync),
			c.QueryRowContext(t.Context(), `PRAGMA foreign_keys`).Scan(&keys))
		if err != nil || mode != "wal" || sync != "2" || keys != "1" {
			t.Errorf("journal_mode %s, synchronous %s, foreign_keys %s, %v", mode, sync, keys, err)
		}
	}
}

func TestOnlyTheOwnerReadsTheFiles(t *testing.T) {
	dir := t.TempDir()
	db := sqlite(t, filepath.Join(dir, "state.db"))
	if err := add(t.Context(), db, "w1", "North", 1); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), filepath.Join(dir, "backup.db")); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestBackupWhileOthersWrite(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	db := sqlite(t, filepath.Join(dir, "state.db"))
	if err := add(ctx, db, "before", "before", 1); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan error)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := add(ctx, db, fmt.Sprint(i), fmt.Sprint(i), 1); err != nil {
				done <- err
				return
			}
		}
	}()
	backup := filepath.Join(dir, "backup.db")
	if err := os.WriteFile(backup+".part", []byte("left by a backup that was killed"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := db.Backup(ctx, backup)
	close(stop)
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(backup + ".part"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	restored := sqlite(t, backup)
	var n int
	if err := restored.QueryRowContext(ctx, `SELECT count(*) FROM wards WHERE id = 'before'`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if err := db.Backup(ctx, backup); err == nil {
		t.Error("a backup was written over another")
	}
}

func TestDamageIsFoundAtTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := sqlite(t, path)
	for i := range 200 {
		if err := add(t.Context(), db, fmt.Sprint(i), strings.Repeat("n", 200)+fmt.Sprint(i), 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil { // which folds the log into the file
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	middle := append([]byte(nil), good...)
	for i := len(good) / 4096 / 2 * 4096; i < len(good)/4096*4096-4096; i++ {
		middle[i] = 0xA5
	}
	for what, bad := range map[string][]byte{
		"pages overwritten": middle,
		"cut in half":       good[:len(good)/2],
		"no database":       []byte(strings.Repeat("not a database ", 1000)),
	} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(t.Context(), "sqlite:"+path)
		if !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
		if err == nil {
			_ = db.Close()
		}
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	for url, hint := range map[string]string{
		"sqlite:" + filepath.Join(t.TempDir(), "none", "state.db"): "make the folder",
		"mysql://x": "neither sqlite: nor postgres:",
	} {
		if _, err := store.Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%s: %v", url, err)
		}
	}
	_, err := store.Open(t.Context(), "postgres://u:hunter2@127.0.0.1:1/db?sslmode=disable&connect_timeout=1")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is in the error: %v", err)
	}
}

func TestALooseTableIsOurMistake(t *testing.T) {
	db := sqlite(t, filepath.Join(t.TempDir(), "state.db"))
	if err := db.Migrate(t.Context(), "hospital", room("CREATE TABLE loose (id TEXT PRIMARY KEY);")); err == nil {
		t.Error("a table that is not STRICT passed")
	}
}

// TestKilledAtAnyInstant kills a process that commits and says so, and looks for all that it said.
func TestKilledAtAnyInstant(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	path := filepath.Join(t.TempDir(), "state.db")
	said := 0
	for round := range rounds {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), "WARDLINE_TEST_CHILD="+path, fmt.Sprintf("WARDLINE_TEST_ROUND=%d", round))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines, after := bufio.NewScanner(out), rand.IntN(40)
		var committed []string
		for lines.Scan() {
			committed = append(committed, lines.Text())
			if len(committed) == 1+after {
				// Somewhere within the next transaction.
				time.AfterFunc(rand.N(2*time.Millisecond), func() { _ = child.Process.Kill() })
			}
		}
		_ = child.Wait() // it was killed
		db := sqlite(t, path)
		for _, id := range committed {
			var pair int
			if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM wards WHERE id IN ($1, $2)`, id, id+"b").Scan(&pair); err != nil || pair != 2 {
				t.Fatalf("round %d: %d of 2 rows of a committed transaction, %v", round, pair, err)
			}
		}
		var odd int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) % 2 FROM wards`).Scan(&odd); err != nil || odd != 0 {
			t.Fatalf("round %d: half a transaction is there, %v", round, err)
		}
		said += len(committed)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if said < rounds {
		t.Errorf("only %d commits in %d rounds", said, rounds)
	}
	t.Logf("%d kills, %d commits, none lost", rounds, said)
}

// TestMain is the process that TestKilledAtAnyInstant kills, when it is told to be.
func TestMain(m *testing.M) {
	path := os.Getenv("WARDLINE_TEST_CHILD")
	if path == "" {
		m.Run()
		return
	}
	if err := commitForEver(context.Background(), path, os.Getenv("WARDLINE_TEST_ROUND")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func commitForEver(ctx context.Context, path, round string) error {
	db, err := store.Open(ctx, "sqlite:"+path)
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, "hospital", room()); err != nil {
		return err
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("%s-%d", round, i)
		err := db.Do(ctx, func(tx *sql.Tx) error {
			for _, id := range []string{id, id + "b"} {
				if _, err := tx.ExecContext(ctx, `INSERT INTO wards (id, name, beds, opened) VALUES ($1, $1, 1, 0)`, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Println(id) // only now: it is durable
	}
}
