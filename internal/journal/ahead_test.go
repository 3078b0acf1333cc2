package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/journal/tree"
	"github.com/wardline/wardline/internal/journal/wal"
)

// crashed copies a journal while it is open, with its keys, as a crash of the machine would leave it.
func crashed(t *testing.T, j *journal.Journal) journal.Config {
	t.Helper()
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Ballast: -1}
	for from, to := range map[string]string{j.KeyFile(): cfg.Dir + ".key", j.SignFile(): cfg.Dir + ".sign"} {
		if err := os.WriteFile(to, []byte(readFile(t, from)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(cfg.Dir, os.DirFS(j.Dir())); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// ahead returns how many entries of a journal have yet to go into its tree.
func ahead(t *testing.T, dir string) (inTree uint64, behind int) {
	t.Helper()
	size, _, _, err := tree.NewFiles(filepath.Join(dir, "log")).State()
	if err != nil {
		t.Fatal(err)
	}
	leaves, err := wal.Read(filepath.Join(dir, "wal"), size)
	if err != nil {
		t.Fatal(err)
	}
	return size, len(leaves)
}

// crashedAhead adds lines until a copy is taken before the last is in the tree, and returns it with how many there are.
func crashedAhead(t *testing.T, j *journal.Journal) (cfg journal.Config, lines int) {
	t.Helper()
	for {
		put(t, j, line(journal.Events, int(j.Size())))
		cfg := crashed(t, j)
		if inTree, behind := ahead(t, cfg.Dir); behind > 0 && inTree+uint64(behind) == j.Size() {
			return cfg, int(j.Size())
		}
	}
}

// TestWhatIsNotInTheTreeYetIsNotLost: an entry is acknowledged when it is in the write-ahead log, and the next start puts it where it belongs.
func TestWhatIsNotInTheTreeYetIsNotLost(t *testing.T) {
	j := open(t, journal.Config{})
	cfg, n := crashedAhead(t, j)
	var want []string
	for i := range n {
		want = append(want, content(entry(t, j, uint64(i)))...)
	}
	check := journal.Check{PublicKey: j.PublicKey(), KeyFile: cfg.Dir + ".key"}
	if r := verify(t, cfg.Dir, check); !r.Sound() || r.Size != uint64(n) || r.Opened != uint64(n) || len(r.Orphans)+len(r.Older)+len(r.Strangers) > 0 {
		t.Errorf("before it is opened: %+v", r)
	}
	again := open(t, cfg)
	forgotten(t, cfg.Dir)
	if diff := cmp.Diff(seen(t, again), want); diff != "" {
		t.Error(diff)
	}
	if index := put(t, again, line(journal.Events, n)); index != uint64(n) {
		t.Errorf("the next entry is %d", index)
	}
	if _, err := again.Prove(t.Context(), uint64(n-1)); err != nil {
		t.Error(err)
	}
	shut(t, again)
	forgotten(t, cfg.Dir)
	if inTree, behind := ahead(t, cfg.Dir); inTree != uint64(n+1) || behind != 0 {
		t.Errorf("closed with %d in the tree and %d ahead of it", inTree, behind)
	}
	if r := verify(t, cfg.Dir, check); !r.Sound() || r.Size != uint64(n+1) {
		t.Errorf("after it was closed: %+v", r)
	}
}

// forgotten looks that nothing of before stands in the write-ahead log: behind records of later it could be taken for one of these.
func forgotten(t *testing.T, dir string) {
	t.Helper()
	if leaves, err := wal.Read(filepath.Join(dir, "wal"), 0); err != nil || len(leaves) > 0 {
		t.Errorf("%d leaves of before are left: %v", len(leaves), err)
	}
}

// TestADamagedBodyAheadOfTheTreeIsFound, though no tree speaks of it yet.
func TestADamagedBodyAheadOfTheTreeIsFound(t *testing.T) {
	j := open(t, journal.Config{})
	cfg, n := crashedAhead(t, j)
	h := entry(t, j, uint64(n-1)).Header
	path := filepath.Join(cfg.Dir, "segments", filepath.FromSlash(h.Segment))
	bad := []byte(readFile(t, path))
	bad[h.Offset]++
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, cfg.Dir, journal.Check{}); len(r.Problems) != 1 || !r.Problems[0].Known || r.Problems[0].Entry != uint64(n-1) {
		t.Errorf("%v", r.Problems)
	}
}

// TestATreeThatLostItsEndIsNoticed by what was written ahead of it, also when nobody remembers how long it was.
func TestATreeThatLostItsEndIsNoticed(t *testing.T) {
	j := open(t, journal.Config{})
	sealed := func(n int) {
		t.Helper()
		if _, err := j.Prove(t.Context(), put(t, j, line(journal.Events, n))); err != nil {
			t.Fatal(err)
		}
	}
	sealed(0)
	earlier := crashed(t, j)
	for n := range 4 { // the log has turned over what the tree of before lacks
		sealed(1 + n)
	}
	put(t, j, line(journal.Events, 5))
	cfg := crashed(t, j)
	log := filepath.Join(cfg.Dir, "log")
	if err := errors.Join(os.RemoveAll(log), os.CopyFS(log, os.DirFS(filepath.Join(earlier.Dir, "log")))); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, cfg.Dir, journal.Check{}); !slices.ContainsFunc(r.Problems, func(p journal.Problem) bool { return p.Where == "wal" }) {
		t.Errorf("%v", r.Problems)
	}
	refuses(t, cfg, journal.ErrLost)
	if done := recovers(t, cfg); done.Begun || done.Rebuilt || done.Size != 2 {
		t.Errorf("%+v", done)
	}
	files, err := filepath.Glob(filepath.Join(cfg.Dir, "wal.lost-*"))
	if err != nil || len(files) != 1 {
		t.Errorf("what was written ahead is gone: %v, %v", files, err)
	}
	r := verify(t, cfg.Dir, journal.Check{})
	if !slices.ContainsFunc(r.Strangers, func(name string) bool { return strings.HasPrefix(name, "wal.lost-") }) {
		t.Errorf("and not listed: %v", r.Strangers)
	}
	if got := seen(t, open(t, cfg)); len(got) != 1 || got[0] != `{"n":0}` {
		t.Errorf("%v", got)
	}
}

func entry(t *testing.T, j *journal.Journal, index uint64) *journal.Entry {
	t.Helper()
	e, err := j.Entry(context.Background(), index)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
