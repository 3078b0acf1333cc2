package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// Config bounds a spool.
type Config struct {
	Dir   string
	Bytes int64         // that all its files may take
	Keep  time.Duration // how long a file may lie there
}

const (
	fileSize = 8 << 20          // at which a file is closed
	fileAge  = 10 * time.Second // after which it is: what the node has taken is then soon gone from the disk
	lookAge  = time.Second      // how old a look at the folder may be
	saying   = 1 << 20          // bytes above the bound in which to say what was lost
)

// Writer writes the files of one run. One goroutine uses it.
type Writer struct {
	c      Config
	run    string
	lock   *os.File // held open, for its lock; nil before the first Append
	number uint32   // of the next file

	f      *os.File // nil between files
	name   string
	data   *dataKey // of f
	size   int64    // of what is good in f
	opened time.Time

	used   int64 // bytes of all files, as of looked and what was written since
	looked time.Time
}

// NewWriter is the Writer of a run that begins with the first Append. It touches no disk, so that nothing that a disk does keeps a tap from
// starting.
func NewWriter(c Config) *Writer {
	return &Writer{c: c, run: fmt.Sprintf("%016x", time.Now().UnixNano())}
}

// enter puts the mark of the run into the spool.
func (w *Writer) enter() error {
	const private = 0o700
	if err := os.MkdirAll(w.c.Dir, private); err != nil {
		return err
	}
	path := filepath.Join(w.c.Dir, w.run+runEnding)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return err
	}
	if err = lock(f); err == nil {
		err = os.Rename(path+".new", path) // under its name it is locked from the first moment
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	w.lock = f
	return nil
}

// Position is what another process needs to go on with a run: its name, the number of its next file, and its lock.
func (w *Writer) Position() (run string, number uint32, lock *os.File) {
	return w.run, w.number, w.lock
}

// Continue goes on with the run of another Writer, which was closed.
func Continue(c Config, run string, number uint32, lock *os.File) *Writer {
	return &Writer{c: c, run: run, number: number, lock: lock}
}

// Failure says why pieces were not written.
type Failure struct {
	Why Why
	err error
}

func (e *Failure) Error() string { return e.Why.String() + ": " + e.err.Error() }
func (e *Failure) Unwrap() error { return e.err }

var errBound = errors.New("it holds as many bytes as it may: is the node running, and does it read this spool?")

// Append writes a block with pieces. On a *Failure none of them is in the spool.
func (w *Writer) Append(pieces []Piece) error {
	if w.lock == nil {
		if err := w.enter(); err != nil {
			return &Failure{Disk, err}
		}
	}
	if err := w.look(time.Now()); err != nil {
		return &Failure{Disk, err}
	}
	if w.f == nil {
		to, err := recipient(w.c.Dir)
		if err != nil {
			return &Failure{NoKey, err}
		}
		if err := w.begin(to); err != nil {
			return &Failure{Disk, err}
		}
	}
	block, err := w.data.seal(w.size, pieces)
	if err != nil {
		return &Failure{Disk, err}
	}
	bound := w.c.Bytes
	if !slices.ContainsFunc(pieces, func(p Piece) bool { return p.Kind == Data }) {
		bound += saying
	}
	if w.used+int64(len(block)) > bound {
		return &Failure{Bound, errBound}
	}
	if err := w.write(block); err != nil {
		return &Failure{Disk, err}
	}
	if w.size >= fileSize {
		_ = w.close(Closed) // what is in it is written
	}
	return nil
}

// Tend closes a file after its time, and removes what is too old. It is called about once in a second.
func (w *Writer) Tend(now time.Time) error {
	var closing error
	if w.f != nil && now.Sub(w.opened) > fileAge {
		closing = w.close(Closed)
	}
	if w.lock == nil {
		return nil
	}
	return errors.Join(closing, w.look(now))
}

// Pause leaves the file, so that another Writer can continue the run. It waits for no disk.
func (w *Writer) Pause() error {
	if w.f == nil {
		return nil
	}
	err := w.f.Close()
	w.f = nil
	return err
}

// End says that the run is over and that nothing is missing at its end.
func (w *Writer) End() error {
	if w.lock == nil {
		return nil
	}
	var err error
	if w.f == nil {
		err = w.begin(nil)
	}
	return errors.Join(err, w.close(Ended), w.lock.Close())
}

// begin begins a file, sealed for to if anything is to be sealed.
func (w *Writer) begin(to tink.HybridEncrypt) error {
	name := fileName(w.run, w.number)
	f, err := os.OpenFile(filepath.Join(w.c.Dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	w.f, w.name, w.size, w.opened = f, name, 0, time.Now()
	w.number++
	if to == nil {
		return nil
	}
	data, sealed, err := newDataKey(to, name)
	if err == nil {
		err = w.write(block(header{kind: keyed, from: w.opened, until: w.opened}, sealed))
	}
	if err != nil {
		return errors.Join(err, w.abandon())
	}
	w.data = data
	return nil
}

// abandon takes back a file in which nothing is yet.
func (w *Writer) abandon() error {
	err := os.Remove(filepath.Join(w.c.Dir, w.name))
	if w.f != nil {
		err = errors.Join(err, w.f.Close())
	}
	w.f = nil
	w.number--
	return err
}

// write writes one block, or nothing.
func (w *Writer) write(b []byte) error {
	if _, err := w.f.Write(b); err != nil {
		if back := w.f.Truncate(w.size); back != nil {
			err = errors.Join(err, back, w.f.Close()) // the reader finds a torn end, and the next file behind it
			w.f = nil
			return err
		}
		_, back := w.f.Seek(w.size, 0)
		return errors.Join(err, back)
	}
	w.size += int64(len(b))
	w.used += int64(len(b))
	return nil
}

// close ends the file. Its bytes are on the disk then, as far as the disk takes them.
func (w *Writer) close(how Kind) error {
	if w.f == nil {
		return nil
	}
	now := time.Now()
	err := w.write(block(header{kind: how, from: now, until: now}, nil))
	if w.f != nil {
		err = errors.Join(err, w.f.Sync(), w.f.Close())
	}
	w.f = nil
	return err
}

// look counts the bytes in the spool, and lets a grave stand for each file that is too old.
func (w *Writer) look(now time.Time) error {
	if now.Sub(w.looked) < lookAge {
		return nil
	}
	entries, err := os.ReadDir(w.c.Dir)
	if err != nil {
		return err
	}
	w.looked, w.used = now, 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), fileEnding) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // the node has just removed it
		}
		size := info.Size()
		if size > headerSize && e.Name() != w.name && now.Sub(info.ModTime()) > w.c.Keep {
			if err := bury(w.c.Dir, e.Name()); err != nil {
				return fmt.Errorf("remove what is too old from the spool: %w", err)
			}
			size = headerSize
		}
		w.used += size
	}
	return nil
}

// bury puts a grave in the place of a file: what was in it is counted, and gone.
func bury(dir, name string) error {
	path := filepath.Join(dir, name)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	file, grave := File{r: f}, header{kind: Grave, from: info.ModTime(), until: info.ModTime()}
	for at := int64(0); ; {
		h, ok, err := file.header(at, info.Size())
		if err != nil || !ok {
			break // nobody can count what comes here
		}
		if h.from.Before(grave.from) {
			grave.from = h.from
		}
		grave.messages += h.messages
		at += headerSize + int64(h.length)
	}
	return writeFile(path, block(grave, nil), 0o640)
}
