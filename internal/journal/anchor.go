package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal/retain"
	"github.com/wardline/wardline/internal/journal/tree"
	"github.com/wardline/wardline/internal/journal/wal"
)

// about reads what says what the journal is, and compares it with what is known from elsewhere.
func (c *checker) about() (about, error) {
	wrong := func(reason string) { c.report.add(Problem{Where: "journal.json", Reason: reason}) }
	a, _, err := readAbout(Config{Dir: c.dir}, Mark{Origin: "any"})
	switch {
	case errors.Is(err, errVersion):
		wrong(fmt.Sprintf("it says version %d, and this program knows 1: use a newer one, if nobody changed that", a.Version))
		return a, nil
	case err != nil && !errors.Is(err, ErrLost):
		return about{}, err
	case err != nil:
		wrong("it is missing or cannot be read")
		return a, nil
	}
	text, err := os.ReadFile(aboutPath(c.dir))
	if err != nil {
		return about{}, err
	}
	if again, err := a.text(); err != nil || !bytes.Equal(again, text) {
		wrong("it is not as the journal wrote it")
	}
	if c.PublicKey != "" && a.Verifier != c.PublicKey {
		wrong("the key that it names is not the one that is trusted")
	}
	if m := c.Mark; m.Origin != "" && (m.Origin != a.Origin || !m.Created.Equal(a.Created)) {
		wrong("it is of another journal than the one that is remembered")
	}
	return a, nil
}

// checkpoint reads the last checkpoint, the zero one when there is none that can be believed.
func (c *checker) checkpoint() (tlog.Checkpoint, error) {
	wrong := func(reason string) { c.report.add(Problem{Where: "log/checkpoint", Reason: reason}) }
	text, err := os.ReadFile(filepath.Join(logPath(c.dir), "checkpoint"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return tlog.Checkpoint{}, err
	}
	point, err := tlog.ParseCheckpoint(text, c.PublicKey)
	if err != nil {
		wrong("it is missing or not signed by the journal's key")
		return tlog.Checkpoint{}, nil
	}
	if _, note, err := tlog.ReadCheckpoint(text); err != nil || len(note.Signatures) != 1 {
		wrong("there are other signatures below it than the journal's own")
	}
	if m := c.Mark; m.Origin != "" && point.Size < m.Size {
		wrong(fmt.Sprintf("it speaks of %d entries, and one of %d is remembered", point.Size, m.Size))
	}
	return point, nil
}

// state reads the size and the root of the tree, which are those of the checkpoint when they cannot be read.
func (c *checker) state(point tlog.Checkpoint) (uint64, [sha256.Size]byte, error) {
	wrong := func(name, reason string) { c.report.add(Problem{Where: "log/" + name, Reason: reason}) }
	const file, version = ".state/treeState", ".state/version"
	text, err := c.edge(filepath.Join(logPath(c.dir), filepath.FromSlash(file)))
	if err != nil {
		return 0, [sha256.Size]byte{}, err
	}
	size, root, err := tree.ParseState(text)
	switch {
	case err != nil:
		wrong(file, "it is missing or cannot be read")
		size, root = point.Size, point.Root
	case size < point.Size:
		wrong(file, fmt.Sprintf("it has %d entries, and the journal has signed %d", size, point.Size))
		size, root = point.Size, point.Root
	}
	is, err := os.ReadFile(filepath.Join(logPath(c.dir), filepath.FromSlash(version)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, [sha256.Size]byte{}, err
	}
	if !bytes.Equal(is, tree.StateFiles(size, root)[version]) {
		wrong(version, "it is missing or not the one that the journal has")
	}
	return size, root, nil
}

// edge reads the file that says where the tree ends, and what was written ahead of it. While the journal goes on, the tree may overtake what is being read.
func (c *checker) edge(file string) (text []byte, err error) {
	const tries = 20
	for range tries {
		if text, err = os.ReadFile(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		size, _, failed := tree.ParseState(text)
		if failed != nil {
			return text, nil // which is said
		}
		if c.ahead, err = wal.Read(walPath(c.dir), size); !errors.Is(err, wal.ErrGap) {
			return text, err
		}
	}
	c.report.add(Problem{Where: "wal", Reason: "entries are missing between the end of the log and what was written ahead of it"})
	return text, nil
}

func (c *checker) anotherPast() Problem {
	return Problem{Where: "log", Reason: fmt.Sprintf("its first %d entries are not those that are remembered", c.Mark.Size)}
}

// derived makes the book anew, from the leaves, to be compared with the file: who changes that could have the journal delete what is held.
type derived struct {
	book *retain.Book
	want uint64 // so many entries are in the file
	open bool   // all remarks could be read
}

func newDerived() *derived { return &derived{book: retain.New(), open: true} }

// take takes an entry in, whose body may not have been read.
func (d *derived) take(index uint64, h Header, e *Entry) {
	if index != d.book.Through || index >= d.want { // a leaf could not be read, which was said; or the file knows no more
		return
	}
	if learn(d.book, index, h, time.Unix(1<<40, 0)) != nil { // as of a day when no leaf claims to be of the future
		return
	}
	d.book.Followed = index + 1
	if h.Kind != Keeping {
		return
	}
	if e == nil || e.body == nil || followRemarks(d.book, index, e) != nil {
		d.open = false
	}
}

// compareBook holds what the file says of segments against what follows from the leaves. Holds are compared when their remarks could be decrypted.
func (c *checker) compareBook() {
	if c.book == nil { // it may be lost: it is made anew
		return
	}
	wrong := func(reason string) {
		c.report.add(Problem{Where: "book.json", Reason: reason + ": stop the node and move the file away, it is made anew from the leaves"})
	}
	file, d := retain.New(), c.derived.book
	if json.Unmarshal(c.book, file) != nil {
		wrong("it cannot be read")
		return
	}
	if file.Through > c.report.Size || file.Followed > file.Through {
		wrong("it speaks of more entries than there are")
		return
	}
	if d.Through != file.Through {
		return // leaves cannot be read, which was said
	}
	d.Followed = file.Followed
	if !c.derived.open || file.Followed < file.Through {
		d.Holds = file.Holds
	}
	if again, err := json.Marshal(d); err != nil || !bytes.Equal(again, c.book) {
		wrong("what it says of segments, of what was deleted and of what is held does not follow from the journal")
	}
}
