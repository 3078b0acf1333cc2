package journal

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal/retain"
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
	// Mark is what a Sentinel remembers of the journal, outside of its folder. Without it (the zero Mark), and without a signed checkpoint that somebody
	// else kept, a journal that was put back to an older day as a whole, or made anew by who has its keys, is as sound as any.
	Mark Mark
	// Sample is how many entries are checked, chosen at random. 0: all, and every tile.
	Sample int
	// Progress is told how many entries were checked, and of how many. It may be nil.
	Progress func(done, total uint64)
}

// maxProblems is how many problems a Report lists.
const maxProblems = 1000

// Report is what Verify and Fsck found.
type Report struct {
	Origin  string    // of the log
	Created time.Time // when it was made
	Size    uint64    // entries, those included that have yet to go into the tree
	Signed  uint64    // entries that the last checkpoint speaks of
	Root    [sha256.Size]byte
	Checked uint64 // entries whose leaf was checked against the root
	Bodies  uint64 // bodies that are what their leaves seal
	Opened  uint64 // bodies that were decrypted too
	Gone    uint64 // bodies that were deleted after their time
	// Remembered is of how many entries it was compared with the root that is remembered elsewhere.
	Remembered uint64
	Problems   []Problem
	More       int      // problems that are not listed
	Orphans    []Orphan // bytes that no leaf speaks of, from a crash: nobody was told that they are safe
	Strangers  []string // files that are none of the journal's
	// Older are versions of tiles that longer ones have replaced, and that do not say what these do, and files of the write-ahead log with bytes in them that are no
	// leaves: a crash left them, or somebody changed them. Nothing reads them.
	Older []string
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

	ahead   [][]byte // leaves that are durable and have yet to go into the tree
	book    []byte   // the file as it was before the size of the log was read
	derived *derived
}

// span is what leaves say about a segment.
type span struct {
	first   uint64 // entry
	entries uint64
	end     int64           // of the bodies that lie behind each other without a gap
	waiting map[int64]piece // behind a gap, by where they begin
	missing bool
}

// Verify checks a journal in a folder that no process writes to, or that one does: then entries that come
// meanwhile are left out. It checks the signature of the checkpoint, that the tiles lead to
// its root, that each leaf is where the tiles say, and that each body is the one that its leaf seals, or was deleted after its
// time. Damage is in the Report; an error says that verifying itself did not work.
func Verify(ctx context.Context, dir string, check Check) (*Report, error) {
	c := &checker{Check: check, dir: dir, files: tree.NewFiles(logPath(dir)), report: &Report{},
		segments: map[string]*span{}, deleted: map[string]uint64{}, derived: newDerived()}
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
	about, err := c.about()
	if err != nil {
		return tlog.Checkpoint{}, 0, err
	}
	c.report.Origin, c.report.Created = about.Origin, about.Created
	if c.PublicKey == "" {
		c.PublicKey = about.Verifier
	}
	if c.book, err = os.ReadFile(bookPath(c.dir)); err != nil && !errors.Is(err, fs.ErrNotExist) { // before the size of the log, which may grow
		return tlog.Checkpoint{}, 0, err
	}
	if file := retain.New(); json.Unmarshal(c.book, file) == nil {
		c.derived.want = file.Through
	}
	point, err := c.checkpoint()
	if err != nil {
		return tlog.Checkpoint{}, 0, err
	}
	size, root, err := c.state(point)
	if err != nil {
		return tlog.Checkpoint{}, 0, err
	}
	if m := c.Mark; m.Origin != "" && size < m.Size {
		c.report.add(Problem{Where: "log/.state/treeState", Reason: fmt.Sprintf("the journal has %d entries, and %d are remembered: its end was cut off, or an older copy was put back", size, m.Size)})
	}
	c.report.Size, c.report.Signed, c.report.Root, c.report.Remembered = size+uint64(len(c.ahead)), point.Size, root, c.Mark.Size
	return point, size, nil
}

// whole checks everything.
func (c *checker) whole(ctx context.Context, point tlog.Checkpoint, size uint64) error {
	problem := func(file string, entry uint64, reason string) {
		c.report.add(Problem{Where: filepath.Join("log", file), Entry: entry, Known: true, Reason: reason})
	}
	roots, err := c.files.Walk(ctx, size, []uint64{point.Size, c.Mark.Size}, problem, func(index uint64, leaf []byte) error {
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
	if root, there := roots[c.Mark.Size]; c.Mark.Origin != "" && there && root != c.Mark.Root {
		c.report.add(c.anotherPast())
	}
	for i, leaf := range c.ahead {
		c.entry(size+uint64(i), leaf)
	}
	for _, name := range slices.Sorted(maps.Keys(c.segments)) {
		c.join(name, c.segments[name], 0)
	}
	c.missing()
	c.compareBook()
	return c.leftovers(ctx, size)
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
	if s.waiting == nil {
		s.waiting = map[int64]piece{}
	}
	if _, twice := s.waiting[h.Offset]; twice {
		c.overlap(h.Segment, index)
	}
	s.waiting[h.Offset] = piece{h.Size, index}
	c.join(h.Segment, s, mostWaiting)
	var e *Entry
	if !s.missing {
		e = c.body(index, leaf, h, s)
	}
	c.derived.take(index, h, e)
}

// mostWaiting is how many bodies may wait for one before them. The log may write the leaves of a moment in another order than their bodies lie: never more
// than fly at once.
const mostWaiting = 4096

// piece is a body that was not joined to those before it yet.
type piece struct {
	size  int64
	entry uint64
}

// join goes on over the bodies that lie behind each other, until at most so many wait for one that is missing.
func (c *checker) join(name string, s *span, most int) {
	for {
		for p, next := s.waiting[s.end]; next; p, next = s.waiting[s.end] {
			delete(s.waiting, s.end)
			s.end += p.size
		}
		if len(s.waiting) <= most {
			return
		}
		first := slices.Min(slices.Collect(maps.Keys(s.waiting)))
		p := s.waiting[first]
		delete(s.waiting, first)
		if first < s.end {
			c.overlap(name, p.entry)
		} else {
			c.report.Orphans = append(c.report.Orphans, Orphan{name, s.end, first - s.end})
		}
		s.end = max(s.end, first+p.size)
	}
}

func (c *checker) overlap(name string, entry uint64) {
	c.report.add(Problem{Where: "segments/" + name, Entry: entry, Known: true, Reason: "its body overlaps with that of another entry"})
}

// body checks the body that a leaf speaks of, and returns the entry if it is what was sealed.
func (c *checker) body(index uint64, leaf []byte, h Header, s *span) *Entry {
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
		return e
	}
	return nil
}

// missing tells the segments that are missing for no reason from those that were deleted after their time.
func (c *checker) missing() {
	for name, s := range c.segments {
		if _, deleted := c.deleted[name]; deleted {
			if s.missing {
				c.report.Gone += s.entries
			}
			continue
		}
		if s.missing {
			c.report.add(Problem{Where: "segments/" + name, Entry: s.first, Known: true,
				Reason: fmt.Sprintf("the segment with the bodies of %d entries is missing, and the journal did not delete it", s.entries)})
		}
	}
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
	if m := c.Mark; m.Origin != "" && m.Size <= size {
		if root, err = c.files.RootAt(ctx, m.Size); err != nil || [sha256.Size]byte(root) != m.Root {
			c.report.add(c.anotherPast())
		}
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
