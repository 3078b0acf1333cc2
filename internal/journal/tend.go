package journal

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	tendInterval = time.Second
	saveInterval = 5 * time.Second // of the sentinel's mark
	bookInterval = 5 * time.Minute // of the book and the clock, which can be made again
)

// tend looks after the journal until it is closed: room on the disk, the sentinel, the clock.
func (j *Journal) tend(ctx context.Context) {
	defer close(j.tended)
	tick := time.NewTicker(tendInterval)
	defer tick.Stop()
	var marked, saved time.Time
	for {
		select {
		case <-j.closing:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		j.tendSpace(ctx)
		j.tendCheckpoint(ctx)
		j.keeper.see(time.Now())
		if now := time.Now(); now.Sub(marked) >= saveInterval {
			marked = now
			if j.marked.Load() != j.Size() {
				j.complain(ctx, "sentinel of the journal could not be saved, it is tried again", j.saveMark(ctx))
			}
			j.keeper.look(ctx, j, j.Size())
		}
		if now := time.Now(); now.Sub(saved) >= bookInterval {
			saved = now
			j.complain(ctx, "book of the journal could not be saved", j.keeper.save())
		}
	}
}

func (j *Journal) complain(ctx context.Context, what string, err error) {
	if err != nil {
		j.log.WarnContext(ctx, what, slog.Any("error", err))
	}
}

// tendCheckpoint helps the driver over a clock that was put back: it does not publish a checkpoint as long as
// the last one is from the future.
func (j *Journal) tendCheckpoint(ctx context.Context) {
	path := filepath.Join(logPath(j.cfg.Dir), "checkpoint")
	now := time.Now()
	info, err := os.Stat(path)
	if err == nil && info.ModTime().After(now.Add(time.Second)) {
		err = os.Chtimes(path, time.Time{}, now.Add(-time.Second))
	}
	j.complain(ctx, "time of the checkpoint could not be set", err)
}

// tendSpace stops receiving when the disk is nearly full, and lets it go on when there is room again.
func (j *Journal) tendSpace(ctx context.Context) {
	available, total, err := space(j.cfg.Dir)
	if err != nil {
		j.complain(ctx, "room on the journal's disk is not known", err)
		return
	}
	keep := total / 100 * int64(j.cfg.KeepFree)
	switch {
	case available < keep && !j.full.Swap(true):
		j.log.ErrorContext(ctx, "the journal's disk is full, receiving stops: free some space", slog.Int64("available_bytes", available), slog.Int64("needed_bytes", keep))
	case available >= keep+total/200 && j.full.Swap(false):
		j.log.InfoContext(ctx, "the journal's disk has room again, receiving goes on", slog.Int64("available_bytes", available))
	}
	j.complain(ctx, "ballast of the journal could not be changed", j.ballast.tend(available, keep+total/100, time.Now()))
}

// space returns the bytes that may still be written to the disk of a folder, and how many there are in all.
func space(dir string) (available, total int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	block := int64(s.Bsize) // its type differs between systems
	available = int64(s.Bavail) * block
	return available, available + int64(s.Blocks-s.Bfree)*block, nil
}

// ballast is a file that holds room on the disk for what Wardline does: when something else has filled the
// disk to the last byte, dropping it lets users act, and what they do be sealed.
type ballast struct {
	dir  string
	size int64

	mu     sync.Mutex
	seen   int64     // what was available when it was tended last
	shrunk time.Time // when that was less than before
}

// calm is for how long a disk must not have become fuller before the ballast is dropped.
const calm = 2 * time.Second

// tend drops the ballast when nearly nothing is available, and takes it in again when more than keep stays available. As long as somebody fills the disk it
// is kept, for what is dropped then would be filled as well.
func (b *ballast) tend(available, keep int64, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if available < b.seen {
		b.shrunk = now
	}
	b.seen = available
	path := filepath.Join(b.dir, "ballast")
	info, err := os.Stat(path)
	there := err == nil && info.Size() >= b.size
	switch {
	case b.size < 0:
		return nil
	case there && available < b.size/4 && now.Sub(b.shrunk) >= calm:
		return os.Remove(path)
	case !there && available-b.size > keep:
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		err = errors.Join(allocate(f, b.size), f.Close())
		if err != nil {
			return errors.Join(err, os.Remove(path))
		}
	}
	return nil
}
