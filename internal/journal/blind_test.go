package journal_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/journal"
)

// reopened opens a journal that lost its book, which is then made again from the headers, and writes to a log.
func reopened(t *testing.T, cfg journal.Config, log *slog.Logger) *journal.Journal {
	t.Helper()
	if err := os.Remove(filepath.Join(cfg.Dir, "book.json")); err != nil {
		t.Fatal(err)
	}
	cfg.Ballast = -1
	j, err := journal.Open(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, j) })
	return j
}

// TestABackupHoldsEverythingOrIsNone: while a leaf cannot be read, nobody knows which segments come after it. That is said once and
// ends by itself when the leaf can be read again.
func TestABackupHoldsEverythingOrIsNone(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	closed(t, cfg)
	bundle := filepath.Join(cfg.Dir, "log", "tile", "entries", "000")
	if err := os.Rename(bundle, bundle+".away"); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	j := reopened(t, cfg, slog.New(slog.NewTextHandler(&said, nil)))
	for n := range 3 {
		put(t, j, line(journal.Events, n))
	}
	if _, err := j.Backup(t.Context(), &bytes.Buffer{}); !errors.Is(err, journal.ErrBlind) {
		t.Errorf("a backup without its newest segments: %v", err)
	}
	if err := j.Healthy(); !errors.Is(err, journal.ErrBlind) {
		t.Errorf("health: %v", err)
	}
	if n := strings.Count(said.String(), "level=ERROR"); n != 1 {
		t.Errorf("it was said %d times:\n%s", n, said.String())
	}
	if err := os.Rename(bundle+".away", bundle); err != nil {
		t.Fatal(err)
	}
	var tape bytes.Buffer
	point, err := j.Backup(t.Context(), &tape)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Healthy(); err != nil {
		t.Errorf("health when it can be read again: %v", err)
	}
	put(t, j, line(journal.Events, 3)) // and it goes on from there
	if err := j.Healthy(); err != nil {
		t.Errorf("health after another entry: %v", err)
	}
	report, err := journal.Restore(t.Context(), &tape, filepath.Join(t.TempDir(), "journal"), journal.Check{})
	if err != nil || report.Bodies != point.Size {
		t.Errorf("restored %+v, %v; want %d bodies", report, err, point.Size)
	}
}

// TestTheBookSeesAgainByItself: nobody has to ask.
func TestTheBookSeesAgainByItself(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	closed(t, cfg)
	bundle := filepath.Join(cfg.Dir, "log", "tile", "entries", "000")
	if err := os.Rename(bundle, bundle+".away"); err != nil {
		t.Fatal(err)
	}
	j := reopened(t, cfg, slog.New(slog.DiscardHandler))
	if err := os.Rename(bundle+".away", bundle); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the journal is well", func() bool { return j.Healthy() == nil })
}

// TestAHoldThatCannotBeReadIsNotForgotten: until it is read nothing is deleted, over restarts too.
func TestAHoldThatCannotBeReadIsNotForgotten(t *testing.T) {
	cfg := shortLived(t)
	j := open(t, cfg)
	put(t, j, line(journal.Events, 0))
	if _, err := j.Hold(t.Context(), journal.Hold{Source: "lab", Reason: "case 7", By: "privacy"}); err != nil {
		t.Fatal(err)
	}
	shut(t, j)
	remarks := filepath.Join(cfg.Dir, "segments", "keeping")
	if err := os.Rename(remarks, remarks+".away"); err != nil {
		t.Fatal(err)
	}
	j = reopened(t, cfg, slog.New(slog.DiscardHandler))
	for _, when := range []string{"unread", "unread after a restart"} {
		if done, err := j.Expire(t.Context(), journal.Events, time.Now(), time.Now()); !errors.Is(err, journal.ErrBlind) || done.Segments != 0 {
			t.Errorf("%s: %+v, %v", when, done, err)
		}
		if _, err := j.Backup(t.Context(), &bytes.Buffer{}); err == nil {
			t.Errorf("%s: a backup without the segment", when)
		}
		shut(t, j)
		j = open(t, cfg)
	}
	if err := errors.Join(os.RemoveAll(remarks), os.Rename(remarks+".away", remarks)); err != nil {
		t.Fatal(err)
	}
	done, err := j.Expire(t.Context(), journal.Events, time.Now(), time.Now())
	if err != nil || done.Segments != 0 || done.Held != 1 {
		t.Errorf("read again: %+v, %v", done, err)
	}
}

// TestWhatCouldNotBeDeletedIsDeletedTheNextTime without a restart, and keeps nothing else. A folder in the place of a segment cannot be
// deleted.
func TestWhatCouldNotBeDeletedIsDeletedTheNextTime(t *testing.T) {
	cfg := shortLived(t)
	j := open(t, cfg)
	const there = 8
	for n := range there {
		put(t, j, line(journal.Events, n))
	}
	shut(t, j)
	j = open(t, cfg) // all segments are complete then
	folder := filepath.Join(cfg.Dir, "segments", string(journal.Events))
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	stuck := filepath.Join(folder, files[0].Name())
	if err := errors.Join(os.Rename(stuck, stuck+".away"), os.MkdirAll(filepath.Join(stuck, "x"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if done, err := j.Expire(t.Context(), journal.Events, time.Now(), time.Now()); err == nil || done.Segments != there-1 {
		t.Errorf("with one that cannot be deleted: %+v, %v", done, err)
	}
	if err := errors.Join(os.RemoveAll(stuck), os.Rename(stuck+".away", stuck)); err != nil {
		t.Fatal(err)
	}
	if done, err := j.Expire(t.Context(), journal.Events, time.Now(), time.Now()); err != nil || done.Segments != 1 || done.Entries != 1 || done.Bytes == 0 {
		t.Errorf("the next time: %+v, %v", done, err)
	}
	if n := segments(t, cfg.Dir, journal.Events); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

// TestTheSentinelIsToldAgain when saving failed, and until it knows of everything: a journal that is put back to before that
// would not be noticed.
func TestTheSentinelIsToldAgain(t *testing.T) {
	var fails atomic.Bool
	var known atomic.Uint64
	j := open(t, journal.Config{Sentinel: journal.Sentinel{
		Load: func(context.Context) (journal.Mark, error) { return journal.Mark{}, nil },
		Save: func(_ context.Context, m journal.Mark) error {
			if fails.Swap(false) {
				return errors.New("the database is locked")
			}
			known.Store(m.Size)
			return nil
		},
	}})
	fails.Store(true)
	put(t, j, line(journal.Events, 0))
	eventually(t, "saving has failed", func() bool { return !fails.Load() })
	eventually(t, "the sentinel knows of the entry", func() bool { return known.Load() == j.Size() })
}
