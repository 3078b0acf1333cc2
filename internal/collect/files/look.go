package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/journal"
)

// look takes what is new in a file.
func (f *follower) look(ctx context.Context, t *tracked) result {
	c, err := openContent(t.path, t.key)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errMoved):
		return result{file: t, moved: true} // the next scan finds where it went
	case err != nil:
		return f.unreadable(ctx, t, err)
	}
	defer c.close()
	r := reading{follower: f, t: t, c: c, quiet: time.Since(t.changed)}
	out, err := r.read(ctx)
	out.file, out.cut = t, r.cut
	var failed *readError
	switch {
	case errors.As(err, &failed):
		again := f.unreadable(ctx, t, failed.err)
		again.cut = r.cut
		return again
	case err != nil:
		out.failure = err
	default:
		t.failures = 0
	}
	return out
}

// unreadable puts a file off. The path may name a patient and is not told.
func (f *follower) unreadable(ctx context.Context, t *tracked, err error) result {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	f.log.WarnContext(ctx, "a file cannot be read: it is tried again", "file", t.key, "error", err)
	wait := min(f.config.Rescan<<min(t.failures, 20), longestWait)
	t.failures++
	return result{file: t, again: time.Now().Add(wait)}
}

// longestWait is between two tries to read a file that cannot be read.
const longestWait = time.Hour

// readError is what went wrong with a file, not with the journal.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

// reading is one look at one file.
type reading struct {
	*follower
	t     *tracked
	c     *content
	quiet time.Duration // since the file changed
	p     Position
	cut   bool

	recent   []byte // the bytes before the position
	receipts []*journal.Receipt
}

func (r *reading) read(ctx context.Context) (result, error) {
	format, drop, err := r.place(ctx)
	if err != nil || format == nil {
		return result{drop: drop}, err
	}
	take := r.whole
	if format.Lines != nil && format.Lines(r.c.head) {
		take = r.lines
	}
	out, err := take(ctx, format)
	if r.t.extra && err == nil && out.again.IsZero() {
		// A file that a rotation moved away is followed until it is quiet.
		if out.drop = r.quiet >= r.config.Unfinished; !out.drop {
			out.again = r.t.changed.Add(r.config.Unfinished)
		}
	}
	return out, err
}

// place finds where to go on in the file, and its format; nil when there is nothing to be taken from it.
func (r *reading) place(ctx context.Context) (format *collect.Format, drop bool, err error) {
	known := false
	if r.p, known = r.position(r.t.key); known {
		format = r.format(r.p.Format)
		if format != nil && (format.Serial != "" || r.c.isOf(&r.p)) {
			r.p.Path = r.t.path
			return format, false, nil
		}
		// The file was cut off or replaced. A copy of what it held may come up elsewhere.
		r.cut = true
		old := r.p
		old.Key = "orphan:" + old.Stream
		r.keep(old)
	}
	if format = r.recognise(); format == nil {
		return nil, r.t.orphan, nil
	}
	p, adopted := r.adopt()
	if !adopted {
		if r.t.orphan {
			return nil, true, nil
		}
		p = Position{Stream: streamOf(r.t.key, r.c.headMark().Sum), Format: format.Name, Head: r.c.headMark()}
	}
	p.Key, p.Path, p.Seen = r.t.key, r.t.path, time.Now()
	p.Size, p.Modified = 0, time.Time{}
	r.p = p
	r.keep(p)
	// Before the first event is handed in, so that its id is the same should it have to be handed in again.
	return format, false, r.save(ctx)
}

// streamOf makes the name of a content.
func streamOf(key string, sum []byte) string {
	h := sha256.New()
	h.Write([]byte(key)) // a hash takes everything
	h.Write(sum)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (f *follower) format(name string) *collect.Format {
	for i := range f.setup.Formats {
		if f.setup.Formats[i].Name == name {
			return &f.setup.Formats[i]
		}
	}
	return nil
}

// recognise returns the format that is surest of the content, or nil when none is. Names of files count for
// nothing: logs are renamed, and attackers name files too.
func (r *reading) recognise() *collect.Format {
	var best *collect.Format
	most := 0
	for i := range r.setup.Formats {
		if fit := r.setup.Formats[i].Sniff(r.c.head); fit > most {
			best, most = &r.setup.Formats[i], fit
		}
	}
	if best == nil && len(r.c.head) > 0 && !r.t.passed && !r.t.orphan {
		r.t.passed = true
		r.log.Info("a file of no known format is passed over until it changes", "file", r.t.key)
	}
	return best
}

// adopt looks whether the content was followed under another name: a rotation copied it before it cut the
// file off, or packed it. Contents that are shorter than a mark are rather taken twice than not at all.
func (r *reading) adopt() (best Position, ok bool) {
	r.mu.Lock()
	var candidates []Position
	for key, p := range r.known {
		if key != r.t.key && p.Offset >= markSize && p.Offset > best.Offset {
			candidates = append(candidates, p)
		}
	}
	r.mu.Unlock()
	for _, p := range candidates {
		if p.Offset > best.Offset && r.c.isOf(&p) {
			best, ok = p, true
		}
	}
	return best, ok
}

// stopGrace is how long a source that is stopped waits for what it handed in, so that the position is right.
const stopGrace = 5 * time.Second

// wait waits until all that was handed in is durable.
func (r *reading) wait(ctx context.Context) error {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	defer stop()
	for _, receipt := range r.receipts {
		if _, err := receipt.Wait(late); err != nil {
			return err
		}
	}
	r.receipts = r.receipts[:0]
	return nil
}
