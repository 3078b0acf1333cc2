package journal

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal/retain"
	"github.com/wardline/wardline/internal/journal/segment"
	"github.com/wardline/wardline/internal/journal/tree"
)

// Backup writes everything that the last checkpoint speaks of to w, as a tar file, while the journal goes
// on; only Expire waits for it. It refuses with ErrBlind when the journal does not know which segments those are. The keys are not
// in it: without the key-encryption key a backup is worth nothing, so keep a copy of that key, and not beside the backup.
func (j *Journal) Backup(ctx context.Context, w io.Writer) (tlog.Checkpoint, error) {
	j.keeper.deleting.RLock()
	defer j.keeper.deleting.RUnlock()
	text, err := j.Checkpoint()
	if err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("back up journal: %w", err)
	}
	point, err := tlog.ParseCheckpoint(text, j.publicKey)
	if err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("back up journal: %w", err)
	}
	if err := j.await(ctx, point.Size); err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("back up journal: %w", err)
	}
	b := archive{ctx: ctx, w: tar.NewWriter(w), dir: j.cfg.Dir}
	err = b.log(j.files, text, point)
	for name, s := range j.keeper.segments() {
		if err == nil && s.First < point.Size {
			err = b.segment(name, s.End)
		}
	}
	if err = errors.Join(err, b.w.Close()); err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("back up journal: %w", err)
	}
	return point, nil
}

// await waits until the book knows the segments of the first size entries: a checkpoint is there a moment before.
func (j *Journal) await(ctx context.Context, size uint64) error {
	for {
		durable, grown, err := j.end()
		if durable >= size {
			break
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-grown:
		}
	}
	if known, _ := j.keeper.through(); known >= size {
		return nil
	}
	j.keeper.look(ctx, j, j.Size())
	if known, _ := j.keeper.through(); known < size {
		return fmt.Errorf("it would lack everything from entry %d on: %w", known, errors.Join(j.keeper.healthy(), ctx.Err()))
	}
	return nil
}

// segments returns what is known of the segments that are there.
func (k *keeper) segments() map[string]retain.Segment {
	k.mu.Lock()
	defer k.mu.Unlock()
	segments := map[string]retain.Segment{}
	for name, s := range k.book.Segments {
		segments[name] = *s
	}
	return segments
}

// archive writes one backup.
type archive struct {
	ctx context.Context
	w   *tar.Writer
	dir string
}

func (a *archive) put(name string, content []byte) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	h := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
	if err := a.w.WriteHeader(h); err != nil {
		return err
	}
	_, err := a.w.Write(content)
	return err
}

// log writes what the tree of a checkpoint consists of.
func (a *archive) log(files tree.Files, text []byte, point tlog.Checkpoint) error {
	about, err := os.ReadFile(aboutPath(a.dir))
	if err != nil {
		return err
	}
	if err := errors.Join(a.put("journal.json", about), a.put("log/checkpoint", text)); err != nil {
		return err
	}
	for name, content := range tree.StateFiles(point.Size, point.Root) {
		if err := a.put("log/"+name, content); err != nil {
			return err
		}
	}
	return files.Each(a.ctx, point.Size, func(name string, content []byte) error { return a.put("log/"+name, content) })
}

// segment writes the bodies of a segment up to end.
func (a *archive) segment(name string, end int64) error {
	f, err := os.Open(filepath.Join(segmentsPath(a.dir), filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer f.Close()
	h := &tar.Header{Name: "segments/" + name, Mode: 0o600, Size: end, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
	if err := errors.Join(a.ctx.Err(), a.w.WriteHeader(h)); err != nil {
		return err
	}
	_, err = io.CopyN(a.w, f, end)
	return err
}

// restorable is what a backup may hold. Names are made into paths, so nothing else is read.
var restorable = regexp.MustCompile(`^(journal\.json|log/checkpoint|log/\.state/(treeState|version)|log/tile/(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?|segments/.*)$`)

// ErrBackup says that a backup cannot be restored.
var ErrBackup = errors.New("not a good backup of a journal")

// Restore puts a backup into dir, which must not exist or be empty, and verifies it before it is there under that name.
// The Report tells what was verified; with problems nothing is restored, and the error wraps ErrBackup.
// The sentinel of the node remembers a longer journal, so the next start asks for Recover.
func Restore(ctx context.Context, r io.Reader, dir string, check Check) (*Report, error) {
	if files, err := os.ReadDir(dir); err == nil && len(files) > 0 {
		return nil, fmt.Errorf("restore journal: %s is not empty: choose another folder, nothing is overwritten", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("restore journal: %w", err)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := segment.MkdirAll(parent); err != nil {
		return nil, fmt.Errorf("restore journal: %w", err)
	}
	fresh, err := os.MkdirTemp(parent, ".restoring-*")
	if err != nil {
		return nil, fmt.Errorf("restore journal: %w", err)
	}
	report, err := restore(ctx, r, fresh, check)
	if err == nil {
		err = os.Remove(dir)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = os.Rename(fresh, dir)
	}
	if err != nil {
		return report, errors.Join(fmt.Errorf("restore journal: %w", err), os.RemoveAll(fresh))
	}
	return report, segment.SyncDir(parent)
}

func restore(ctx context.Context, r io.Reader, dir string, check Check) (*Report, error) {
	if err := unpack(ctx, r, dir); err != nil {
		return nil, err
	}
	check.Sample = 0
	report, err := Verify(ctx, dir, check)
	if err != nil {
		return nil, err
	}
	if !report.Sound() {
		return report, fmt.Errorf("%w: %s", ErrBackup, report.Problems[0])
	}
	return report, nil
}

// unpack writes the files of a backup durably.
func unpack(ctx context.Context, r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	folders := map[string]bool{dir: true}
	for archive := tar.NewReader(r); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: it cannot be read to its end", ErrBackup)
		}
		name, isSegment := strings.CutPrefix(h.Name, "segments/")
		if h.Typeflag != tar.TypeReg || !restorable.MatchString(h.Name) || isSegment && !segmentName.MatchString(name) {
			return fmt.Errorf("%w: it holds something else too", ErrBackup)
		}
		if err := root.MkdirAll(filepath.Dir(h.Name), 0o700); err != nil {
			return err
		}
		for d := filepath.Dir(filepath.Join(dir, h.Name)); d != dir; d = filepath.Dir(d) {
			folders[d] = true
		}
		if err := writeFrom(root, h.Name, archive); err != nil {
			return err
		}
	}
	for _, d := range slices.Sorted(maps.Keys(folders)) {
		if err := segment.SyncDir(d); err != nil {
			return err
		}
	}
	return nil
}

func writeFrom(root *os.Root, name string, r io.Reader) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: it ends too early", ErrBackup)
	}
	return errors.Join(err, f.Sync(), f.Close())
}
