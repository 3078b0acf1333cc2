package journal

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/transparency-dev/formats/log"
	"golang.org/x/sync/semaphore"

	"github.com/wardline/wardline/internal/journal/segment"
	"github.com/wardline/wardline/internal/journal/tree"
	"github.com/wardline/wardline/internal/journal/wal"
)

// ErrLost says that the journal is not what it was: it is missing, shorter than it was, or another
// one. Nothing is written before a person has decided what to do.
var ErrLost = errors.New("the journal is damaged or is not the one that was here: look for the right one first (disk not mounted? older backup?); if this one is to go on, run: wardline journal recover")

var errVersion = errors.New("it was written otherwise")

// about is what the file journal.json says.
type about struct {
	Version int       `json:"version"`
	Origin  string    `json:"origin"`
	Created time.Time `json:"created"`
	// Verifier is the public key of checkpoints. An auditor compares it with one got another way.
	Verifier string `json:"verifier"`
}

// text is the file as it is written.
func (a *about) text() ([]byte, error) {
	text, err := json.MarshalIndent(a, "", "  ")
	return append(text, '\n'), err
}

func aboutPath(dir string) string    { return filepath.Join(dir, "journal.json") }
func logPath(dir string) string      { return filepath.Join(dir, "log") }
func segmentsPath(dir string) string { return filepath.Join(dir, "segments") }

// Open opens the journal in cfg.Dir. It makes one when there is none and the sentinel remembers none.
// It returns an error that wraps ErrLost when the sentinel remembers another one or a longer one.
func Open(ctx context.Context, cfg Config, logger *slog.Logger) (*Journal, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if err := segment.MkdirAll(cfg.Dir); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	j, err := open(ctx, cfg, logger)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	j.lock = lock
	return j, nil
}

func open(ctx context.Context, cfg Config, logger *slog.Logger) (*Journal, error) {
	mark, err := cfg.Sentinel.load(ctx)
	if err != nil {
		return nil, err
	}
	j, err := prepare(ctx, cfg, logger, mark)
	if err != nil {
		return nil, err
	}
	if err := j.compare(ctx, mark); err != nil {
		return nil, err
	}
	l, err := j.begin(ctx)
	if err != nil {
		return nil, err
	}
	if err := j.opens(); err != nil {
		return nil, errors.Join(err, l.abandon())
	}
	_, err = j.sweep()
	j.complain(ctx, "segments could not be deleted after their time, it is tried again", err)
	if err := j.saveMark(ctx); err != nil {
		return nil, errors.Join(err, l.abandon())
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	j.stop = stop
	j.tendSpace(ctx)
	go j.run(background, l)
	go j.tend(background)
	return j, nil
}

// lockDir makes sure that no other process has the journal open.
func lockDir(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("open journal: another process has it open"), lock.Close())
	}
	return lock, nil
}

// prepare reads what says what the journal is, and its keys, or makes them.
func prepare(ctx context.Context, cfg Config, logger *slog.Logger, mark Mark) (*Journal, error) {
	about, create, err := readAbout(cfg, mark)
	if err != nil {
		return nil, err
	}
	j := &Journal{
		cfg: cfg, log: logger, created: about.Created,
		files: tree.NewFiles(logPath(cfg.Dir)),
		bulk:  semaphore.NewWeighted(maxWaiting), acts: semaphore.NewWeighted(maxWaiting),
		open: map[Kind]*pack{}, work: make(chan struct{}, 1), grown: make(chan struct{}),
		closing: make(chan struct{}), done: make(chan struct{}), tended: make(chan struct{}),
		started: time.Now(),
	}
	j.ballast = ballast{dir: cfg.Dir, size: cfg.Ballast}
	if j.key, err = loadKey(cfg.KeyFile, create); err != nil {
		return nil, err
	}
	if j.signer, j.verify, err = loadSigner(cfg.SignFile, about.Origin, create); err != nil {
		return nil, err
	}
	j.publicKey = verifierText(cfg.SignFile)
	if j.zip, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
		return nil, err
	}
	if j.keeper, err = newKeeper(cfg.Dir, j.started, logger); err != nil {
		return nil, err
	}
	if j.bodies, err = newBodies(segmentsPath(cfg.Dir), j.key, j.keeper.gone); err != nil {
		return nil, err
	}
	if create {
		err = j.create(ctx, about)
	}
	return j, err
}

// readAbout tells what the journal is, and whether it has yet to be made.
func readAbout(cfg Config, mark Mark) (a about, create bool, err error) {
	text, err := os.ReadFile(aboutPath(cfg.Dir))
	if errors.Is(err, fs.ErrNotExist) {
		size, _, _, stateErr := tree.NewFiles(logPath(cfg.Dir)).State()
		if mark.Origin != "" || size > 0 || stateErr != nil {
			return about{}, false, fmt.Errorf("%w (%s is missing)", ErrLost, aboutPath(cfg.Dir))
		}
		a = about{Version: 1, Origin: cfg.Origin, Created: headerTime(time.Now())}
		if a.Origin == "" { // of the key, when an earlier start made one and was cut off
			a.Origin = cmp.Or(originOf(cfg.SignFile), "wardline/"+randomName())
		}
		return a, true, nil
	}
	if err != nil {
		return about{}, false, fmt.Errorf("open journal: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil || a.Origin == "" {
		return about{}, false, fmt.Errorf("%w (%s cannot be read)", ErrLost, aboutPath(cfg.Dir))
	}
	if a.Version != 1 {
		return a, false, fmt.Errorf("open journal: %w: it has version %d, this program knows 1: use a newer one", errVersion, a.Version)
	}
	if cfg.Origin != "" && cfg.Origin != a.Origin && !strings.HasPrefix(a.Origin, cfg.Origin+"/") { // see Recover
		return about{}, false, fmt.Errorf("open journal: its origin is %s, not %s as configured: the origin of a log cannot change", a.Origin, cfg.Origin)
	}
	return a, false, nil
}

// create makes a journal durable before anything is in it. A crash before the last line leaves
// what the next start takes for no journal at all.
func (j *Journal) create(ctx context.Context, a about) error {
	t, err := tree.Open(ctx, logPath(j.cfg.Dir), j.signer, j.cfg.BatchAge)
	if err != nil {
		return err
	}
	err = j.files.AwaitCheckpoint(ctx)
	t.Stop()
	if err != nil {
		return fmt.Errorf("make journal: %w", err)
	}
	a.Verifier = j.publicKey
	text, err := a.text()
	if err != nil {
		return err
	}
	if err := writeDurable(aboutPath(j.cfg.Dir), text); err != nil {
		return fmt.Errorf("make journal: %w", err)
	}
	return nil
}

func randomName() string {
	var b [4]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// compare holds what is on the disk against what the sentinel remembers.
func (j *Journal) compare(ctx context.Context, mark Mark) error {
	if mark.Origin == "" {
		return nil
	}
	if mark.Origin != j.signer.Name() || !mark.Created.Equal(j.created) {
		return fmt.Errorf("%w (it is another log than the one remembered)", ErrLost)
	}
	size, _, _, err := j.files.State()
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrLost, err)
	}
	if size < mark.Size {
		return fmt.Errorf("%w (it has %d entries and had %d)", ErrLost, size, mark.Size)
	}
	root, err := j.files.RootAt(ctx, mark.Size)
	if err != nil || !bytes.Equal(root, mark.Root[:]) {
		return fmt.Errorf("%w (its first %d entries are not those that were there)", ErrLost, mark.Size)
	}
	return nil
}

// begin makes the journal ready to write, at the start and after every failure. What a crash left
// half-written stays where it is and is never read: no leaf speaks of it, and bodies go into new segments.
func (j *Journal) begin(ctx context.Context) (*life, error) {
	size, err := j.inspect(ctx)
	if err != nil {
		return nil, err
	}
	t, err := tree.Open(ctx, logPath(j.cfg.Dir), j.signer, j.cfg.BatchAge)
	if err != nil {
		return nil, err
	}
	size, ahead, err := j.harvest(ctx, t, size)
	if err == nil {
		err = j.keeper.catchUp(ctx, j, size)
	}
	if err != nil {
		t.Stop()
		if ahead != nil {
			err = errors.Join(err, ahead.Close())
		}
		return nil, err
	}
	j.grow(size)
	return newLife(j, t, ahead, size), nil
}

// harvest puts what was written ahead of a tree of that size into it, and returns the size that it has then.
func (j *Journal) harvest(ctx context.Context, t *tree.Tree, size uint64) (uint64, *wal.Log, error) {
	leaves, err := wal.Read(walPath(j.cfg.Dir), size)
	if errors.Is(err, wal.ErrGap) {
		return 0, nil, fmt.Errorf("%w (its log ends at entry %d, and entries were written after others that it does not have)", ErrLost, size)
	}
	if err != nil {
		return 0, nil, err
	}
	if len(leaves) > 0 {
		if err := plant(ctx, t, size, leaves); err != nil {
			return 0, nil, err
		}
	}
	size += uint64(len(leaves))
	if size < j.Size() {
		return 0, nil, fmt.Errorf("%w (it has %d entries and had %d)", ErrLost, size, j.Size())
	}
	if err := segment.MkdirAll(walPath(j.cfg.Dir)); err != nil {
		return 0, nil, err
	}
	ahead, err := wal.Open(walPath(j.cfg.Dir))
	if err != nil {
		return 0, nil, err
	}
	return size, ahead, errors.Join(segment.SyncDir(walPath(j.cfg.Dir)), ahead.Clear())
}

// inspect checks that the edge of the tree is whole, makes it durable, and returns its size.
func (j *Journal) inspect(ctx context.Context) (uint64, error) {
	size, root, found, err := j.files.State()
	if err != nil || !found {
		return 0, fmt.Errorf("%w (the state of its log cannot be read)", ErrLost)
	}
	if derived, err := j.files.RootAt(ctx, size); err != nil || !bytes.Equal(derived, root) {
		return 0, fmt.Errorf("%w (the last tiles of its log are damaged)", ErrLost)
	}
	point, err := j.checkpoint()
	if err != nil {
		return 0, fmt.Errorf("%w (%w)", ErrLost, err)
	}
	if derived, err := j.files.RootAt(ctx, point.Size); point.Size > size || err != nil || !bytes.Equal(derived, point.Hash) {
		return 0, fmt.Errorf("%w (its log does not agree with its own checkpoint of %d entries)", ErrLost, point.Size)
	}
	return size, j.files.SyncState()
}

// checkpoint reads the published checkpoint.
func (j *Journal) checkpoint() (*log.Checkpoint, error) {
	text, err := os.ReadFile(filepath.Join(logPath(j.cfg.Dir), "checkpoint"))
	if err != nil {
		return nil, err
	}
	point, _, _, err := log.ParseCheckpoint(text, j.signer.Name(), j.verify)
	if err != nil {
		return nil, errors.New("its checkpoint is not signed by its key")
	}
	return point, nil
}

// saveMark tells the sentinel how far the journal is known to be durable.
func (j *Journal) saveMark(ctx context.Context) error {
	point, err := j.checkpoint()
	if err != nil {
		return err
	}
	if point.Size > j.Size() {
		return nil // not known to be durable yet
	}
	if err := j.cfg.Sentinel.save(ctx, Mark{j.signer.Name(), j.created, point.Size, [32]byte(point.Hash)}); err != nil {
		return err
	}
	j.marked.Store(point.Size)
	return nil
}
