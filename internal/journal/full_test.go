package journal_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/journal"
)

// eventually waits until what is asked holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it took too long until %s", what)
		}
	}
}

// TestAFullDiskIsSurvived is promise P8: another program fills the disk to the last byte.
func TestAFullDiskIsSurvived(t *testing.T) {
	d := newDisk(t, "ext4", 128)
	cfg := config(filepath.Join(d.mount, "journal"))
	cfg.Ballast = 8 << 20
	j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	open := true
	t.Cleanup(func() { // before the disk goes
		if open {
			shut(t, j)
		}
	})
	if got := ballast(cfg); got != cfg.Ballast {
		t.Fatalf("a ballast of %d bytes", got)
	}
	var acks []ack
	add := func(k journal.Kind, n int) error {
		r, err := j.Add(t.Context(), line(k, n))
		if err != nil {
			return err
		}
		place, err := r.Wait(t.Context())
		if err == nil {
			acks = append(acks, ack{n, place})
		}
		return err
	}
	if err := add(journal.Events, 0); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(d.mount, "filler")
	fill(t, filler)
	n := 0
	eventually(t, "receiving stops", func() bool {
		n++
		err := add(journal.Events, n)
		if err != nil && !errors.Is(err, journal.ErrFull) && !errors.Is(err, journal.ErrFailed) {
			t.Fatal(err)
		}
		return errors.Is(err, journal.ErrFull)
	})
	eventually(t, "what users do can be sealed again", func() bool { n++; return add(journal.Acts, n) == nil })
	for range 20 {
		n++
		if err := add(journal.Acts, n); err != nil {
			t.Fatalf("an act, after %d: %v", n, err)
		}
	}
	if err := add(journal.Events, n); !errors.Is(err, journal.ErrFull) {
		t.Errorf("an event: %v", err)
	}
	if err := j.Healthy(); !errors.Is(err, journal.ErrFull) {
		t.Errorf("health: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "receiving goes on", func() bool { n++; return add(journal.Events, n) == nil })
	eventually(t, "the ballast is back", func() bool { return ballast(cfg) == cfg.Ballast })
	shut(t, j)
	open = false
	var c tally
	c.account(t, cfg.Dir, acks)
	t.Logf("a full disk: acknowledged %d lines, lost %d, %d orphaned parts of segments", c.acked, c.lost, c.orphans)
}

// TestTheBallastIsKeptWhileTheDiskIsFilled, for it would be filled as well.
func TestTheBallastIsKeptWhileTheDiskIsFilled(t *testing.T) {
	const size, keep = 1 << 20, 4 << 20
	dir := t.TempDir()
	tend := journal.TendBallast(dir, size)
	now := time.Now()
	for i, step := range []struct {
		available int64
		there     bool
	}{{64 << 20, true}, {1 << 20, true}, {100 << 10, true}, {50 << 10, true}, {0, true}, {0, true}, {0, false}, {size, false}, {0, false}, {64 << 20, true}, {100 << 10, true}, {100 << 10, true}, {100 << 10, false}} {
		now = now.Add(time.Second)
		if err := tend(step.available, keep, now); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "ballast")); (err == nil) != step.there {
			t.Errorf("step %d, with %d bytes available: there is a ballast: %t, want %t", i+1, step.available, err == nil, step.there)
		}
	}
}

// ballast is how large the ballast is, -1 when there is none.
func ballast(cfg journal.Config) int64 {
	info, err := os.Stat(filepath.Join(cfg.Dir, "ballast"))
	if err != nil {
		return -1
	}
	return info.Size()
}

// fill writes until nothing fits any more.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}
