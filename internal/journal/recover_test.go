package journal_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal"
)

// memory is a state database that keeps one mark.
type memory struct{ mark journal.Mark }

func (m *memory) sentinel() journal.Sentinel {
	return journal.Sentinel{
		Load: func(context.Context) (journal.Mark, error) { return m.mark, nil },
		Save: func(_ context.Context, mark journal.Mark) error { m.mark = mark; return nil },
	}
}

func refuses(t *testing.T, cfg journal.Config, want error) {
	t.Helper()
	cfg.Ballast = -1
	j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		shut(t, j)
	}
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func recovers(t *testing.T, cfg journal.Config) journal.Recovered {
	t.Helper()
	cfg.Ballast = -1
	done, err := journal.Recover(t.Context(), cfg, "admin", "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, cfg.Dir, journal.Check{KeyFile: cfg.Dir + ".key"}); !r.Sound() {
		t.Errorf("after recovery: %v", r.Problems)
	}
	return done
}

func TestALostJournalIsNotMadeAnew(t *testing.T) {
	db := &memory{}
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Origin: "journal.example", Sentinel: db.sentinel()}
	closed(t, cfg)
	had := db.mark
	if had.Size == 0 || had.Origin != "journal.example" {
		t.Fatalf("the sentinel was told %+v", had)
	}
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	refuses(t, cfg, journal.ErrLost)
	if _, err := os.Stat(filepath.Join(cfg.Dir, "log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log was made: %v", err)
	}
	done := recovers(t, cfg)
	if !done.Begun || done.Had != had.Size || done.Size != 1 {
		t.Errorf("%+v", done)
	}
	if db.mark.Origin == had.Origin || !strings.HasPrefix(db.mark.Origin, "journal.example/") {
		t.Errorf("the new log goes by the name %s", db.mark.Origin)
	}
	put(t, open(t, cfg), line(journal.Events, 0)) // with the same configuration
}

func TestAJournalPutBackToYesterdayIsNoticed(t *testing.T) {
	db := &memory{}
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Sentinel: db.sentinel()}
	j := open(t, cfg)
	put(t, j, line(journal.Events, 0))
	shut(t, j)
	yesterday := filepath.Join(t.TempDir(), "yesterday")
	if err := os.CopyFS(yesterday, os.DirFS(cfg.Dir)); err != nil {
		t.Fatal(err)
	}
	j = open(t, cfg)
	put(t, j, line(journal.Events, 1))
	shut(t, j)
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(cfg.Dir, os.DirFS(yesterday)); err != nil {
		t.Fatal(err)
	}
	refuses(t, cfg, journal.ErrLost)
	if done := recovers(t, cfg); done.Begun || done.Rebuilt || done.Had != 2 || done.Size != 2 {
		t.Errorf("%+v", done)
	}
	if diff := cmp.Diff(seen(t, open(t, cfg)), []string{`{"n":0}`}); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherJournalOfTheSameNameIsNoticed(t *testing.T) {
	db, other := &memory{}, &memory{}
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Origin: "journal.example", Sentinel: db.sentinel()}
	closed(t, cfg)
	fork := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Origin: "journal.example", Sentinel: other.sentinel()}
	closed(t, fork)
	fork.Sentinel = cfg.Sentinel
	refuses(t, fork, journal.ErrLost)
}

func TestADamagedTreeIsDerivedAnew(t *testing.T) {
	for name, spoil := range map[string]func(log string) error{
		"state lost":         func(log string) error { return os.RemoveAll(filepath.Join(log, ".state")) },
		"state unread":       func(log string) error { return os.WriteFile(filepath.Join(log, ".state", "treeState"), nil, 0o600) },
		"checkpoint lost":    func(log string) error { return os.Remove(filepath.Join(log, "checkpoint")) },
		"tile of tiles lost": func(log string) error { return os.RemoveAll(filepath.Join(log, "tile", "1")) },
	} {
		t.Run(name, func(t *testing.T) {
			db := &memory{}
			cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Sentinel: db.sentinel()}
			closed(t, cfg)
			had := db.mark
			if err := spoil(filepath.Join(cfg.Dir, "log")); err != nil {
				t.Fatal(err)
			}
			refuses(t, cfg, journal.ErrLost)
			done := recovers(t, cfg)
			if !done.Rebuilt || done.Size != had.Size+1 || done.Aside == "" {
				t.Errorf("%+v, had %d", done, had.Size)
			}
			put(t, open(t, cfg), line(journal.Events, 0))
		})
	}
}

func TestRecoverDoesNotTouchASoundJournal(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Ballast: -1}
	closed(t, cfg)
	if done, err := journal.Recover(t.Context(), cfg, "admin", "test", slog.New(slog.DiscardHandler)); err == nil || done != (journal.Recovered{}) {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestKeyFiles(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	closed(t, cfg)
	for _, file := range []string{cfg.Dir + ".key", cfg.Dir + ".sign"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s is made with mode %v", filepath.Base(file), info.Mode())
		}
		if err := os.Chmod(file, 0o640); err != nil {
			t.Fatal(err)
		}
		refuses(t, cfg, journal.ErrKey)
		if err := os.Rename(file, file+".away"); err != nil {
			t.Fatal(err)
		}
		refuses(t, cfg, journal.ErrKey) // and makes no new one, which could open nothing
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was made anew: %v", filepath.Base(file), err)
		}
		if err := os.Rename(file+".away", file); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, cfg)
}

func TestTwoProcessesCannotHaveItOpen(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Ballast: -1}
	open(t, cfg)
	if j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil {
		shut(t, j)
		t.Error("it was opened twice")
	}
}

func TestNothingThatWasSaidIsReadableOnTheDisk(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	j := open(t, cfg)
	l := line(journal.Events, 0)
	l.JSON = []byte(`{"patient":"Canary Quirrelbeck"}`)
	put(t, j, l)
	shut(t, j)
	err := filepath.WalkDir(cfg.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("Quirrelbeck")) || bytes.Contains(text, []byte("patient")) {
			t.Errorf("%s says who the patient is", strings.TrimPrefix(path, cfg.Dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBackupUnderLoad backs up while lines come in, restores elsewhere and compares.
func TestBackupUnderLoad(t *testing.T) {
	j := open(t, journal.Config{Origin: "journal.example"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			if _, err := j.Append(t.Context(), line(journal.Events, n)); err != nil {
				t.Error(err)
				break
			}
		}
		done <- n
	}()
	if _, err := j.Prove(t.Context(), awaited(j, 30)); err != nil { // a checkpoint speaks of them
		t.Fatal(err)
	}
	var tape bytes.Buffer
	point, err := j.Backup(t.Context(), &tape)
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, j.Dir(), journal.Check{PublicKey: j.PublicKey()}); !r.Sound() || r.Size < point.Size {
		t.Errorf("verified while it was written: %v", r.Problems)
	}
	cancel()
	if written := <-done; point.Size == 0 || point.Size > uint64(written) {
		t.Errorf("a backup of %d entries, and %d were written", point.Size, written)
	}
	latest := checkpointAt(t, j)
	hashes, err := j.Consistency(t.Context(), point.Size, latest.Size)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.VerifyConsistency(point, latest, hashes); err != nil {
		t.Error(err)
	}

	dir := filepath.Join(t.TempDir(), "journal")
	keys := journal.Config{Dir: dir, KeyFile: j.KeyFile(), SignFile: j.SignFile()}
	report, err := journal.Restore(t.Context(), bytes.NewReader(tape.Bytes()), dir, journal.Check{PublicKey: j.PublicKey(), KeyFile: keys.KeyFile})
	if err != nil {
		t.Fatal(err)
	}
	if report.Size != point.Size || report.Opened != point.Size || len(report.Strangers) > 0 {
		t.Errorf("%+v", report)
	}
	if got := seen(t, open(t, keys)); len(got) != int(point.Size) || got[len(got)-1] != string(line(journal.Events, len(got)-1).JSON) {
		t.Errorf("%d lines were restored, of %d", len(got), point.Size)
	}
	if _, err := journal.Restore(t.Context(), bytes.NewReader(tape.Bytes()), dir, journal.Check{}); err == nil {
		t.Error("a journal was overwritten")
	}
}

func checkpointAt(t *testing.T, j *journal.Journal) tlog.Checkpoint {
	t.Helper()
	p, err := j.Prove(t.Context(), j.Size()-1)
	if err != nil {
		t.Fatal(err)
	}
	point, err := tlog.ParseCheckpoint(p.Checkpoint, j.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return point
}

func TestADamagedBackupIsNotRestored(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	closed(t, cfg)
	var tape bytes.Buffer
	j := open(t, cfg)
	if _, err := j.Backup(t.Context(), &tape); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(tape.Bytes())
	at := bytes.Index(flipped, []byte("segments/event/")) + 512 + 8192 + 100 // in the first body of events
	flipped[at] ^= 1
	for name, text := range map[string][]byte{
		"a bit":    flipped,
		"cut":      tape.Bytes()[:tape.Len()/2],
		"empty":    nil,
		"no tar":   []byte(strings.Repeat("no tar", 1000)),
		"escaping": bytes.Replace(tape.Bytes(), []byte("log/checkpoint"), []byte("../../outside!"), 1),
	} {
		dir := filepath.Join(t.TempDir(), "journal")
		if report, err := journal.Restore(t.Context(), bytes.NewReader(text), dir, journal.Check{}); !errors.Is(err, journal.ErrBackup) {
			t.Errorf("%s: %v, %v", name, report, err)
		}
		if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", name, left, err)
		}
	}
}

// awaited waits until a journal has so many entries, and returns the last.
func awaited(j *journal.Journal, size uint64) uint64 {
	for j.Size() < size {
		<-time.After(time.Millisecond)
	}
	return size - 1
}
