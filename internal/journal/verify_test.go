package journal_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"github.com/wardline/wardline/internal/journal"
)

// closed makes a journal of some hundred entries and closes it.
func closed(t testing.TB, cfg journal.Config) (publicKey string) {
	t.Helper()
	cfg.Ballast = -1
	j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, j)
	r := rand.New(rand.NewPCG(3, 4))
	var last *journal.Receipt
	for n := range 290 {
		kind := []journal.Kind{journal.Events, journal.Findings, journal.Damaged}[n%3]
		l := auditLine(r, n)
		l.Kind = kind
		done := make(chan error, 1)
		go func() { // entries of one line, many of them on their way at once
			_, err := j.Append(t.Context(), l)
			done <- err
		}()
		if n%40 == 0 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		if last, err = j.Add(t.Context(), line(journal.Acts, n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := last.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j.PublicKey()
}

func verify(t testing.TB, dir string, check journal.Check) *journal.Report {
	t.Helper()
	report, err := journal.Verify(t.Context(), dir, check)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestVerifyASoundJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	key := closed(t, journal.Config{Dir: dir})
	whole := verify(t, dir, journal.Check{PublicKey: key, KeyFile: dir + ".key"})
	if !whole.Sound() || whole.Size < 256 || whole.Checked != whole.Size || whole.Bodies != whole.Size || whole.Opened != whole.Size || whole.Signed != whole.Size {
		t.Errorf("%+v", whole)
	}
	if len(whole.Orphans)+len(whole.Strangers) > 0 {
		t.Errorf("orphans %v, strangers %v", whole.Orphans, whole.Strangers)
	}
	if r := verify(t, dir, journal.Check{}); !r.Sound() || r.Bodies != whole.Size || r.Opened != 0 {
		t.Errorf("without keys: %+v", r)
	}
	var last [2]uint64
	r := verify(t, dir, journal.Check{Sample: 20, Progress: func(done, total uint64) { last = [2]uint64{done, total} }})
	if !r.Sound() || r.Bodies != 20 || last != [2]uint64{20, 20} {
		t.Errorf("sample: %+v, progress %v", r, last)
	}
	if r := verify(t, dir, journal.Check{Sample: 1_000_000}); !r.Sound() || r.Bodies != whole.Size {
		t.Errorf("sample of more than there is: %+v", r)
	}
	other := filepath.Join(t.TempDir(), "journal")
	if r := verify(t, dir, journal.Check{PublicKey: closed(t, journal.Config{Dir: other})}); r.Sound() {
		t.Error("a journal that another key has signed is sound")
	}
}

// TestTheDriversOwnCheckAgrees asks the tool of the log's authors.
func TestTheDriversOwnCheckAgrees(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	verifier, err := note.NewVerifier(closed(t, journal.Config{Dir: dir}))
	if err != nil {
		t.Fatal(err)
	}
	hash := func(bundle []byte) (hashes [][]byte, err error) {
		var b api.EntryBundle
		if err := b.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		for _, leaf := range b.Entries {
			hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(leaf))
		}
		return hashes, nil
	}
	log := client.FileFetcher{Root: filepath.Join(dir, "log")}
	if err := fsck.New(verifier.Name(), verifier, log, hash, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// sealed lists the files of a journal that hold what was sealed, as they are used: not the partial tiles that fuller
// ones have replaced.
func sealed(t testing.TB, dir string, size uint64) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel := strings.TrimPrefix(path, dir+"/")
		partial := strings.Contains(rel, ".p/")
		used := []string{"tile/entries/001.p/", "tile/0/001.p/", "tile/1/000.p/"}
		for i, last := range []uint64{size % 256, size % 256, size / 256} {
			partial = partial && rel != "log/"+used[i]+strconv.FormatUint(last, 10)
		}
		if (strings.HasPrefix(rel, "log/tile") || strings.HasPrefix(rel, "segments/") || rel == "log/checkpoint") && !partial {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestEveryDamageIsFound flips bits, cuts files, blanks blocks and deletes files, one at a time.
func TestEveryDamageIsFound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	key := closed(t, journal.Config{Dir: dir})
	size := verify(t, dir, journal.Check{}).Size
	files := sealed(t, dir, size)
	if len(files) < 10 {
		t.Fatalf("only %d files: %v", len(files), files)
	}
	rounds := 300
	if os.Getenv("WARDLINE_TRUST") != "" {
		rounds = 3000
	}
	r := rand.New(rand.NewPCG(5, 6))
	kinds := map[string]int{}
	for n := range rounds {
		file := files[n%len(files)]
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bad := append([]byte{}, good...)
		at := r.IntN(len(bad))
		what := []string{"bit", "bit", "cut", "zero", "delete"}[r.IntN(5)]
		switch what {
		case "bit":
			bad[at] ^= 1 << r.IntN(8)
		case "cut":
			bad = bad[:at]
		case "zero":
			clear(bad[at:min(at+4096, len(bad))])
		}
		if what == "delete" {
			err = os.Remove(file)
		} else {
			err = os.WriteFile(file, bad, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if report := verify(t, dir, journal.Check{PublicKey: key}); report.Sound() && string(bad) != string(good) || report.Sound() && what == "delete" {
			t.Errorf("%s at byte %d of %s was not found", what, at, strings.TrimPrefix(file, dir))
		}
		kinds[what]++
		if err := os.WriteFile(file, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if report := verify(t, dir, journal.Check{PublicKey: key, KeyFile: dir + ".key"}); !report.Sound() {
		t.Errorf("after all was put back: %v", report.Problems)
	}
	t.Logf("%d of %d kinds of damage in %d files found: %v", rounds, rounds, len(files), kinds)
}

func TestADamagedBodyIsNotReadAndNamesItsEntry(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := open(t, journal.Config{Dir: dir})
	put(t, j, line(journal.Events, 0))
	bad := put(t, j, line(journal.Events, 1))
	e, err := j.Entry(t.Context(), bad)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "segments", e.Header.Segment), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0}, e.Header.Offset+e.Header.Size/2); err != nil {
		t.Fatal(err)
	}
	var damage *journal.DamageError
	if e, err := j.Entry(t.Context(), bad); !errors.As(err, &damage) || damage.Index != bad || e != nil {
		t.Errorf("got %v, %v", e, err)
	}
	if _, err := j.Entry(t.Context(), 0); err != nil {
		t.Errorf("its neighbour: %v", err)
	}
	handled := 0
	err = j.Follow(t.Context(), 0, func(context.Context, *journal.Entry) error { handled++; return nil })
	if !errors.As(err, &damage) || damage.Index != bad || handled != 1 {
		t.Errorf("following: %v after %d entries", err, handled)
	}
}

// TestWhatACrashLeftIsListed plays a body that was written and whose leaf was not.
func TestWhatACrashLeftIsListed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	j := open(t, journal.Config{Dir: dir})
	e, err := j.Entry(t.Context(), put(t, j, line(journal.Events, 0)))
	if err != nil {
		t.Fatal(err)
	}
	shut(t, j)
	f, err := os.OpenFile(filepath.Join(dir, "segments", e.Header.Segment), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("half a body"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "segments", "event", "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := journal.Fsck(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := journal.Orphan{Segment: e.Header.Segment, Offset: e.Header.Offset + e.Header.Size, Bytes: 11}
	if !report.Sound() || len(report.Orphans) != 1 || report.Orphans[0] != want || len(report.Strangers) != 1 {
		t.Errorf("%+v", report)
	}
}

func TestDeletedBodiesAreExcusedWithoutAKeyAndOthersAreNot(t *testing.T) {
	cfg := shortLived(t)
	j := open(t, cfg)
	put(t, j, line(journal.Events, 0))
	put(t, j, line(journal.Findings, 1))
	expire(t, j, journal.Events, 1)
	shut(t, j)
	for name, check := range map[string]journal.Check{"whole": {}, "sample": {Sample: 1000}} {
		if r := verify(t, cfg.Dir, check); !r.Sound() || r.Gone != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if err := os.RemoveAll(filepath.Join(cfg.Dir, "segments", "finding")); err != nil {
		t.Fatal(err)
	}
	for name, check := range map[string]journal.Check{"whole": {}, "sample": {Sample: 1000}} {
		if r := verify(t, cfg.Dir, check); r.Sound() || r.Problems[0].Entry != 1 || r.Gone != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
