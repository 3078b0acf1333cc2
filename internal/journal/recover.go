package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/journal/segment"
	"github.com/wardline/wardline/internal/journal/tree"
	"github.com/wardline/wardline/internal/journal/wal"
)

// Recovered says what Recover did.
type Recovered struct {
	Begun   bool   // there was no journal, so a new one was made
	Rebuilt bool   // the tree was derived anew from the leaves that can be read
	Size    uint64 // entries that the journal has now
	Had     uint64 // entries that the sentinel remembered
	Aside   string // where the damaged folder was moved to, if it was
}

// Recover makes a journal usable again that Open refuses with ErrLost, by the decision of a person who has looked for a better
// copy and found none. It takes what is there: a journal that was put back from a backup goes on from
// where the backup ended; of one whose tree is damaged, the tree is derived anew; when none is left, a new one is
// made, with a new key, because the old name must not speak for two logs. Nothing is deleted. That it was
// done, by whom and why, and what the sentinel remembered, is sealed as an entry of the journal.
func Recover(ctx context.Context, cfg Config, by, reason string, logger *slog.Logger) (Recovered, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return Recovered{}, err
	}
	if by == "" || strings.TrimSpace(reason) == "" {
		return Recovered{}, errors.New("recover journal: it needs a reason, and who decided it")
	}
	mark, err := cfg.Sentinel.load(ctx)
	if err != nil {
		return Recovered{}, err
	}
	if j, err := Open(ctx, cfg, logger); err == nil {
		return Recovered{}, errors.Join(errors.New("recover journal: there is nothing to recover, it opens as it is"), j.Close(ctx))
	} else if !errors.Is(err, ErrLost) {
		return Recovered{}, err
	}
	done := Recovered{Had: mark.Size}
	if err := done.mend(ctx, &cfg); err != nil {
		return done, fmt.Errorf("recover journal: %w", err)
	}
	accepting := cfg
	accepting.Sentinel.Load = nil
	accepting.Sentinel.Save = nil
	j, err := Open(ctx, accepting, logger)
	if err != nil {
		return done, fmt.Errorf("recover journal: %w", err)
	}
	j.cfg.Sentinel = cfg.Sentinel // Close tells it what the journal is from now on
	_, err = j.Append(ctx, keepingLine(remark{
		Act: "recovered", Time: headerTime(time.Now()), By: by, Reason: reason, Entries: int(j.Size()),
		Had: &mark,
	}))
	done.Size = j.Size()
	return done, errors.Join(err, j.Close(ctx))
}

// mend leaves a folder that opens when the sentinel is not asked.
func (r *Recovered) mend(ctx context.Context, cfg *Config) error {
	if err := segment.MkdirAll(cfg.Dir); err != nil {
		return err
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	about, _, err := readAbout(*cfg, Mark{Origin: "any"})
	if err != nil {
		return r.begin(cfg)
	}
	if _, err := os.Stat(logPath(cfg.Dir)); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(newLogPath(cfg.Dir), logPath(cfg.Dir)); errors.Is(err, fs.ErrNotExist) {
			return r.begin(cfg)
		} else if err != nil {
			return err
		}
		r.Rebuilt = true // by an earlier call that was cut off
	}
	signer, verifier, err := loadSigner(cfg.SignFile, about.Origin, false)
	if err != nil {
		return err
	}
	j := &Journal{cfg: *cfg, files: tree.NewFiles(logPath(cfg.Dir)), signer: signer, verify: verifier}
	if _, err := j.inspect(ctx); err != nil { // else only the sentinel does not agree, or what was written ahead
		if err := r.rebuild(ctx, j); err != nil {
			return err
		}
	}
	return setAside(cfg.Dir)
}

// setAside moves away what was written ahead of another tree than the one that is there now.
func setAside(dir string) error {
	size, _, _, err := tree.NewFiles(logPath(dir)).State()
	if err != nil {
		return err
	}
	if _, err = wal.Read(walPath(dir), size); !errors.Is(err, wal.ErrGap) {
		return err
	}
	if err := os.Rename(walPath(dir), walPath(dir)+".lost-"+time.Now().UTC().Format("20060102T150405Z")); err != nil {
		return err
	}
	return segment.SyncDir(dir)
}

// begin moves what is left out of the way, so that Open makes a new journal.
func (r *Recovered) begin(cfg *Config) error {
	suffix := ".lost-" + time.Now().UTC().Format("20060102T150405Z")
	if err := os.Rename(cfg.Dir, cfg.Dir+suffix); err != nil {
		return err
	}
	r.Begun, r.Aside = true, cfg.Dir+suffix
	err := os.Rename(cfg.SignFile, cfg.SignFile+suffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if cfg.Origin != "" {
		cfg.Origin += "/" + randomName()
	}
	return nil
}

// rebuild derives the tree anew from the leaves that can be read, in order, up to the first that cannot.
func (r *Recovered) rebuild(ctx context.Context, j *Journal) error {
	fresh := newLogPath(j.cfg.Dir)
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	t, err := tree.Open(ctx, fresh, j.signer, j.cfg.BatchAge)
	if err != nil {
		return err
	}
	err = refill(ctx, j.files, t)
	if err == nil {
		err = t.Shutdown(ctx)
	}
	t.Stop()
	if err != nil {
		return err
	}
	if point, err := j.checkpoint(); err == nil {
		root, err := tree.NewFiles(fresh).RootAt(ctx, point.Size)
		if err != nil || string(root) != string(point.Hash) {
			return fmt.Errorf("the leaves that can be read do not lead to the last checkpoint of %d entries: restore a backup", point.Size)
		}
	}
	suffix := ".lost-" + time.Now().UTC().Format("20060102T150405Z")
	r.Rebuilt, r.Aside = true, logPath(j.cfg.Dir)+suffix
	if err := os.Rename(logPath(j.cfg.Dir), r.Aside); err != nil {
		return err
	}
	// Crash here: there is no log, and the next call of Recover takes the new one.
	if err := os.Rename(fresh, logPath(j.cfg.Dir)); err != nil {
		return err
	}
	return segment.SyncDir(j.cfg.Dir)
}

func newLogPath(dir string) string { return logPath(dir) + ".new" }

// refill adds the readable leaves of one log to another.
func refill(ctx context.Context, from tree.Files, to *tree.Tree) error {
	const together = 1024 // fewer than a batch
	var waiting []func() (uint64, error)
	wait := func() error {
		for _, index := range waiting {
			if _, err := index(); err != nil {
				return err
			}
		}
		waiting = waiting[:0]
		return nil
	}
	for leaf := range from.Salvage() {
		waiting = append(waiting, to.Add(ctx, leaf))
		if len(waiting) == together {
			if err := wait(); err != nil {
				return err
			}
		}
	}
	return wait()
}
