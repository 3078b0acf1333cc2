package journal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal/seal"
	"github.com/wardline/wardline/internal/journal/segment"
	"github.com/wardline/wardline/internal/journal/tree"
)

// Check says how thoroughly a journal is verified.
type Check struct {
	// PublicKey is what checkpoints are checked with. Empty: the key that lies in the journal itself,
	// which tells accidents from order, but not a journal that someone has made anew.
	PublicKey string
	// KeyFile is the key-encryption key. Empty: bodies are checked by their hashes and not decrypted, which is as good a proof
	// that nothing was changed.
	KeyFile string
	// Sample is how many entries are checked, chosen at random. 0: all, and every tile.
	Sample int
	// Progress is told how many entries were checked, and of how many. It may be nil.
	Progress func(done, total uint64)
}

// maxProblems is how many problems a Report lists.
const maxProblems = 1000

// Report is what Verify and Fsck found.
type Report struct {
	Origin    string    // of the log
	Created   time.Time // when it was made
	Size      uint64    // entries
	Signed    uint64    // entries that the last checkpoint speaks of
	Root      [sha256.Size]byte
	Checked   uint64 // entries whose leaf was checked against the root
	Bodies    uint64 // bodies that are what their leaves seal
	Opened    uint64 // bodies that were decrypted too
	Gone      uint64 // bodies that were deleted after their time
	Problems  []Problem
	More      int      // problems that are not listed
	Orphans   []Orphan // bytes that no leaf speaks of, from a crash: nobody was told that they are safe
	Strangers []string // files that are none of the journal's
}

// Problem is one thing that is not as it was sealed. It quotes no content.
type Problem struct {
	Where  string // file in the journal's folder
	Entry  uint64 // the first that suffers, if Known
	Known  bool
	Reason string
}

func (p Problem) String() string {
	if p.Known {
		return fmt.Sprintf("entry %d: %s: %s", p.Entry, p.Where, p.Reason)
	}
	return p.Where + ": " + p.Reason
}

// Orphan is a part of a segment that was written before a crash and belongs to no entry.
type Orphan struct {
	Segment string
	Offset  int64
	Bytes   int64
}

// Sound tells whether everything is as it was sealed.
func (r *Report) Sound() bool { return len(r.Problems) == 0 }

func (r *Report) add(p Problem) {
	if len(r.Problems) == maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, p)
}

// checker verifies one folder.
type checker struct {
	Check
	dir    string
	files  tree.Files
	bodies *bodies
	report *Report

	segments map[string]*span
	deleted  map[string]uint64 // segment to the entry that deletes it
}

// span is what leaves say about a segment.
type span struct {
	first   uint64 // entry
	entries uint64
	end     int64
	missing bool
}

// Verify checks a journal in a folder that no process writes to, or that one does: then entries that come
// meanwhile are left out. It checks the signature of the checkpoint, that the tiles lead to
// its root, that each leaf is where the tiles say, and that each body is the one that its leaf seals, or was deleted after its
// time. Damage is in the Report; an error says that verifying itself did not work.
func Verify(ctx context.Context, dir string, check Check) (*Report, error) {
	c := &checker{Check: check, dir: dir, files: tree.NewFiles(logPath(dir)), report: &Report{},
		segments: map[string]*span{}, deleted: map[string]uint64{}}
	var key *seal.Key
	if check.KeyFile != "" {
		var err error
		if key, err = loadKey(check.KeyFile, false); err != nil {
			return nil, err
		}
	}
	var err error
	if c.bodies, err = newBodies(segmentsPath(dir), key, func(string) (time.Time, bool) { return time.Time{}, false }); err != nil {
		return nil, err
	}
	defer c.bodies.close()
	point, size, err := c.heads()
	if err != nil {
		return nil, err
	}
	if check.Sample > 0 {
		err = c.sample(ctx, point, size)
	} else {
		err = c.whole(ctx, point, size)
	}
	if err != nil {
		return nil, fmt.Errorf("verify journal: %w", err)
	}
	return c.report, nil
}

// Fsck does what Verify does with everything, without a key, and also lists what lies in the folder
// and belongs to no entry.
func Fsck(ctx context.Context, dir string, progress func(done, total uint64)) (*Report, error) {
	return Verify(ctx, dir, Check{Progress: progress})
}

// heads reads what says how large the log is and what its root is.
func (c *checker) heads() (tlog.Checkpoint, uint64, error) {
	about, _, err := readAbout(Config{Dir: c.dir}, Mark{Origin: "any"})
	if err != nil && !errors.Is(err, ErrLost) {
		return tlog.Checkpoint{}, 0, err
	}
	if err != nil {
		c.report.add(Problem{Where: "journal.json", Reason: "it is missing or cannot be read"})
	}
	c.report.Origin, c.report.Created = about.Origin, about.Created
	public := c.PublicKey
	if public == "" {
		public = about.Verifier
	}
	text, err := os.ReadFile(filepath.Join(logPath(c.dir), "checkpoint"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return tlog.Checkpoint{}, 0, err
	}
	point, err := tlog.ParseCheckpoint(text, public)
	if err != nil {
		c.report.add(Problem{Where: "log/checkpoint", Reason: "it is missing or not signed by the journal's key"})
	}
	size, root, found, err := c.files.State()
	if err != nil || !found {
		c.report.add(Problem{Where: "log/.state/treeState", Reason: "it is missing or cannot be read"})
		size, root = point.Size, point.Root[:]
	}
	if size < point.Size {
		c.report.add(Problem{Where: "log/.state/treeState", Reason: fmt.Sprintf("it has %d entries, and the journal has signed %d", size, point.Size)})
		size, root = point.Size, point.Root[:]
	}
	c.report.Size, c.report.Signed, c.report.Root = size, point.Size, [sha256.Size]byte(root)
	return point, size, nil
}

// whole checks everything.
func (c *checker) whole(ctx context.Context, point tlog.Checkpoint, size uint64) error {
	problem := func(file string, entry uint64, reason string) {
		c.report.add(Problem{Where: filepath.Join("log", file), Entry: entry, Known: true, Reason: reason})
	}
	roots, err := c.files.Walk(ctx, size, []uint64{point.Size}, problem, func(index uint64, leaf []byte) error {
		c.report.Checked++
		c.entry(index, leaf)
		if c.Progress != nil && (index%256 == 255 || index == size-1) {
			c.Progress(index+1, size)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	if point.Origin != "" && roots[point.Size] != point.Root {
		c.report.add(Problem{Where: "log/checkpoint", Reason: fmt.Sprintf("its root is not that of the first %d entries", point.Size)})
	}
	if roots[size] != c.report.Root {
		c.report.add(Problem{Where: "log/.state/treeState", Reason: fmt.Sprintf("its root is not that of the first %d entries", size)})
	}
	c.missing()
	return c.leftovers()
}

// entry checks one leaf and its body, and takes note of where the body lies.
func (c *checker) entry(index uint64, leaf []byte) {
	h, err := ParseHeader(leaf)
	if err != nil {
		c.report.add(Problem{Where: "log", Entry: index, Known: true, Reason: "its leaf cannot be read"})
		return
	}
	for _, name := range h.Deletes {
		c.deleted[name] = index
	}
	s := c.segments[h.Segment]
	if s == nil {
		s = &span{first: index, end: segment.HeadSize}
		c.segments[h.Segment] = s
	}
	s.entries++
	if h.Offset < s.end {
		c.report.add(Problem{Where: h.Segment, Entry: index, Known: true, Reason: "its body overlaps with that of another entry"})
	} else if h.Offset > s.end {
		c.report.Orphans = append(c.report.Orphans, Orphan{h.Segment, s.end, h.Offset - s.end})
	}
	s.end = h.Offset + h.Size
	if s.missing {
		return
	}
	c.body(index, leaf, h, s)
}

func (c *checker) body(index uint64, leaf []byte, h Header, s *span) {
	e, err := c.bodies.entry(index, leaf)
	var damage *DamageError
	switch {
	case errors.As(err, &damage) && damage.Missing:
		s.missing = true
	case errors.As(err, &damage):
		c.report.add(Problem{Where: "segments/" + h.Segment, Entry: index, Known: true, Reason: damage.Reason})
	case !e.fits():
		c.report.add(Problem{Where: "segments/" + h.Segment, Entry: index, Known: true, Reason: "its lines are not those that its leaf has the root of"})
	default:
		c.report.Bodies++
		if e.body != nil {
			c.report.Opened++
		}
	}
}

// missing tells the segments that are missing for no reason from those that were deleted after their time.
func (c *checker) missing() {
	for name, s := range c.segments {
		if _, deleted := c.deleted[name]; deleted {
			c.report.Gone += s.entries
			continue
		}
		if s.missing {
			c.report.add(Problem{Where: "segments/" + name, Entry: s.first, Known: true,
				Reason: fmt.Sprintf("the segment with the bodies of %d entries is missing, and the journal did not delete it", s.entries)})
		}
	}
}

// leftovers looks for files and parts of files that no leaf speaks of.
func (c *checker) leftovers() error {
	root := segmentsPath(c.dir)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !segmentName.MatchString(name) || !d.Type().IsRegular() {
			c.report.Strangers = append(c.report.Strangers, "segments/"+name)
			return nil
		}
		return c.tail(name, path)
	})
	slices.SortFunc(c.report.Orphans, func(a, b Orphan) int {
		return 2*strings.Compare(a.Segment, b.Segment) + int(min(max(a.Offset-b.Offset, -1), 1))
	})
	return err
}

// tail checks the head of a segment and looks for bytes behind its last body.
func (c *checker) tail(name, path string) error {
	r, err := segment.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted in this moment
	}
	if err != nil {
		return err
	}
	defer r.Close()
	size, err := r.Size()
	if err != nil {
		return err
	}
	s := c.segments[name]
	if s == nil {
		c.report.Orphans = append(c.report.Orphans, Orphan{name, 0, size})
		return nil
	}
	if _, good, err := r.Meta(); err != nil || good < 2 {
		c.report.add(Problem{Where: "segments/" + name, Entry: s.first, Known: true, Reason: fmt.Sprintf("of the two copies of its head %d can be read", good)})
	}
	if size > s.end {
		c.report.Orphans = append(c.report.Orphans, Orphan{name, s.end, size - s.end})
	}
	return nil
}

// sample checks some entries, each against the root.
func (c *checker) sample(ctx context.Context, point tlog.Checkpoint, size uint64) error {
	root, err := c.files.RootAt(ctx, size)
	if err != nil || [sha256.Size]byte(root) != c.report.Root {
		c.report.add(Problem{Where: "log/tile", Reason: fmt.Sprintf("they do not lead to the root of the %d entries", size)})
		return ctx.Err()
	}
	root, err = c.files.RootAt(ctx, point.Size)
	if err != nil || [sha256.Size]byte(root) != point.Root {
		c.report.add(Problem{Where: "log/checkpoint", Reason: fmt.Sprintf("its root is not that of the first %d entries", point.Size)})
	}
	total := min(uint64(c.Sample), size)
	chosen := map[uint64]bool{}
	for uint64(len(chosen)) < total {
		chosen[rand.Uint64N(size)] = true
	}
	var done uint64
	for index := range chosen {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.one(ctx, index, size)
		if done++; c.Progress != nil {
			c.Progress(done, total)
		}
	}
	return nil
}

// one checks one leaf by the path from it to the root, and its body.
func (c *checker) one(ctx context.Context, index, size uint64) {
	leaf, err := c.files.Proven(ctx, index, size, c.report.Root)
	if err != nil {
		c.report.add(Problem{Where: "log", Entry: index, Known: true, Reason: "its leaf does not lead to the root"})
		return
	}
	c.report.Checked++
	h, err := ParseHeader(leaf)
	if err != nil {
		c.report.add(Problem{Where: "log", Entry: index, Known: true, Reason: "its leaf cannot be read"})
		return
	}
	s := &span{}
	c.body(index, leaf, h, s)
	if !s.missing {
		return
	}
	if c.excused(ctx, h.Segment, size) {
		c.report.Gone++
		return
	}
	c.report.add(Problem{Where: "segments/" + h.Segment, Entry: index, Known: true, Reason: "the segment is missing, and the journal did not delete it"})
}

// excused looks for the entry that deletes a segment. The book says where it is; the log, that it is true.
func (c *checker) excused(ctx context.Context, name string, size uint64) bool {
	book, err := readBook(c.dir)
	if err != nil {
		return false
	}
	stone, there := book.Gone[name]
	if !there || stone.Entry >= size {
		return false
	}
	leaf, err := c.files.Proven(ctx, stone.Entry, size, c.report.Root)
	if err != nil {
		return false
	}
	h, err := ParseHeader(leaf)
	return err == nil && slices.Contains(h.Deletes, name)
}
