package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/journal"
)

// victim is a journal with everything that one can have: several segments of each kind, lines that could not be read, findings, acts, bodies that were
// deleted after their time, and a hold. What is remembered of it lies elsewhere, as does a copy of yesterday.
type victim struct {
	dir, older string
	key        string
	size       uint64
	db         *memory
	pruned     []string                  // segments that were there yesterday and were deleted after their time
	headers    map[uint64]journal.Header // of the last two bundles
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	if testing.Short() {
		t.Skip("changes a journal in many ways, one after the other")
	}
	v := &victim{dir: filepath.Join(t.TempDir(), "journal"), older: filepath.Join(t.TempDir(), "older"), db: &memory{}, headers: map[uint64]journal.Header{}}
	cfg := journal.Config{Dir: v.dir, Origin: "journal.example", Ballast: 4096, SegmentSize: 30_000, Sentinel: v.db.sentinel()}
	for _, day := range []string{"yesterday", "today"} {
		j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		v.key = j.PublicKey()
		fillAll(t, j)
		if day == "yesterday" {
			if _, err := j.Hold(t.Context(), journal.Hold{Kind: "finding", Reason: "case 12", By: "R. Roe"}); err != nil {
				t.Fatal(err)
			}
		} else {
			expire(t, j, journal.Damaged, 1)
		}
		v.size = j.Size()
		shut(t, j)
		if day == "yesterday" {
			if err := os.CopyFS(v.older, os.DirFS(v.dir)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name := range contents(t, v.older) {
		if _, err := os.Stat(filepath.Join(v.dir, name)); strings.HasPrefix(name, "segments/") && err != nil {
			v.pruned = append(v.pruned, name)
		}
	}
	files := contents(t, v.dir)
	for bundle, first := range map[string]uint64{"log/tile/entries/000": 0, "log/tile/entries/" + partial(v.size, 1): 256} {
		leaves, err := tlog.ParseBundle(files[bundle])
		if err != nil {
			t.Fatal(bundle, err)
		}
		for i, leaf := range leaves {
			if v.headers[first+uint64(i)], err = journal.ParseHeader(leaf); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(v.pruned) == 0 || v.size < 300 || v.size >= 512 {
		t.Fatalf("%d entries, %v pruned", v.size, v.pruned)
	}
	return v
}

// fillAll adds entries of four kinds, many of them at once.
func fillAll(t *testing.T, j *journal.Journal) {
	t.Helper()
	r := rand.New(rand.NewPCG(11, 12))
	var all sync.WaitGroup
	for n := range 170 {
		l := auditLine(r, n)
		l.Kind = []journal.Kind{journal.Events, journal.Findings, journal.Damaged, journal.Acts}[n%4]
		all.Go(func() {
			if _, err := j.Append(t.Context(), l, l, l); err != nil {
				t.Error(err)
			}
		})
		if n%8 == 7 {
			all.Wait()
		}
	}
	all.Wait()
}

// partial is the name of the tile at an index of a log of that size.
func partial(size uint64, index uint64) string {
	if size >= (index+1)*256 {
		return fmt.Sprintf("%03d", index)
	}
	return fmt.Sprintf("%03d.p/%d", index, size-index*256)
}

// contents reads all files of a folder.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil {
			files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// class says what a file is to the journal.
type class int

const (
	sealedFile  class = iota // it says what happened
	derivedFile              // it follows from the others, and is made anew when it is lost
	olderFile                // a tile of which a longer version has taken the place, or what is written ahead: nothing reads it
	noContent                // a lock, room for acts, where the clock was: nothing that was sealed
)

func (v *victim) class(name string) class {
	switch {
	case name == "book.json":
		return derivedFile
	case name == "lock" || name == "ballast" || name == "clock.json" || strings.HasSuffix(name, ".lock") || strings.HasSuffix(name, "gcState"):
		return noContent
	case strings.HasPrefix(name, "wal/"):
		return olderFile // empty once the journal is closed
	case !strings.Contains(name, ".p/"):
		return sealedFile
	}
	for _, used := range []string{"tile/entries/" + partial(v.size, 1), "tile/0/" + partial(v.size, 1), "tile/1/" + partial(v.size/256, 0)} {
		if name == "log/"+used {
			return sealedFile
		}
	}
	return olderFile
}

// spread is the bytes of a file that are changed: all of a small one.
func spread(r *rand.Rand, size int) []int {
	small, many := 200, 12
	if os.Getenv("WARDLINE_TRUST") != "" {
		small, many = 4096, 400
	}
	var at []int
	if size <= small {
		for i := range size {
			at = append(at, i)
		}
		return at
	}
	for range many {
		at = append(at, r.IntN(size))
	}
	return append(at, 0, size/2, size-1)
}

// manipulation is what somebody does with files: new contents, nil for one that is deleted.
type manipulation struct {
	kind  string
	files map[string][]byte
}

// manipulations are all that is done with single files.
func (v *victim) manipulations(t *testing.T, of class) (all []manipulation) {
	r := rand.New(rand.NewPCG(13, 14))
	files, older := contents(t, v.dir), contents(t, v.older)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if v.class(name) == of {
			names = append(names, name)
		}
	}
	one := func(kind, name string, content []byte) {
		if !bytes.Equal(content, files[name]) || content == nil {
			all = append(all, manipulation{kind, map[string][]byte{name: content}})
		}
	}
	for n, name := range names {
		good := files[name]
		for _, at := range spread(r, len(good)) {
			bad := bytes.Clone(good)
			bad[at] ^= 1 << r.IntN(8)
			one("edit", name, bad)
		}
		one("delete", name, nil)
		for _, at := range []int{0, 1, len(good) / 3, len(good) / 2, len(good) - 1} {
			one("truncate", name, append([]byte{}, good[:min(max(at, 0), len(good))]...))
		}
		if before, there := older[name]; there {
			one("older copy", name, before)
		}
		if other := names[(n+1)%len(names)]; !bytes.Equal(good, files[other]) {
			all = append(all, manipulation{"swap files", map[string][]byte{name: files[other], other: good}})
		}
	}
	return all
}

// records are what is done with the records within files: they change places, go, or come twice.
func (v *victim) records(t *testing.T) (all []manipulation) {
	files := contents(t, v.dir)
	for _, bundle := range []string{"log/tile/entries/000", "log/tile/entries/" + partial(v.size, 1)} {
		leaves, err := tlog.ParseBundle(files[bundle])
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(leaves); i += 17 {
			swapped := slices.Clone(leaves)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			twice := slices.Clone(leaves)
			twice[i] = twice[i+1]
			for kind, changed := range map[string][][]byte{
				"swap records": swapped, "a record twice": twice, "drop a record": slices.Delete(slices.Clone(leaves), i, i+1),
			} {
				all = append(all, manipulation{kind, map[string][]byte{bundle: toBundle(changed)}})
			}
		}
		tile := strings.Replace(bundle, "entries", "0", 1)
		for i := 0; (i+2)*32 <= len(files[tile]); i += 17 {
			hashes := bytes.Clone(files[tile])
			copy(hashes[i*32:], files[tile][(i+1)*32:(i+2)*32])
			copy(hashes[(i+1)*32:], files[tile][i*32:(i+1)*32])
			all = append(all, manipulation{"swap hashes", map[string][]byte{tile: hashes}})
		}
	}
	last := map[string]journal.Header{} // of each segment
	for _, index := range slices.Sorted(maps.Keys(v.headers)) {
		h := v.headers[index]
		name := "segments/" + h.Segment
		if before, there := last[name]; there && files[name] != nil && index%7 == 0 {
			b := bytes.Clone(files[name])
			n := copy(b[before.Offset:], files[name][h.Offset:h.Offset+h.Size])
			copy(b[before.Offset+int64(n):], files[name][before.Offset:before.Offset+before.Size])
			all = append(all, manipulation{"swap bodies", map[string][]byte{name: b}})
		}
		last[name] = h
	}
	return all
}

func toBundle(leaves [][]byte) []byte {
	var b []byte
	for _, l := range leaves {
		b = append(append(b, byte(len(l)>>8), byte(len(l))), l...)
	}
	return b
}

// apply does it, and returns what undoes it.
func (v *victim) apply(t *testing.T, m manipulation) (undo func()) {
	t.Helper()
	before := map[string][]byte{}
	for name := range m.files {
		if text, err := os.ReadFile(filepath.Join(v.dir, name)); err == nil {
			before[name] = text
		} else {
			before[name] = nil
		}
	}
	put := func(files map[string][]byte) {
		for name, content := range files {
			path := filepath.Join(v.dir, name)
			err := os.Remove(path)
			if content != nil {
				err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600))
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	put(m.files)
	return func() { put(before) }
}

func (v *victim) check() journal.Check {
	return journal.Check{PublicKey: v.key, KeyFile: v.dir + ".key", Mark: v.db.mark}
}

// names tells whether a report names a file as damaged, or, with strangers, as one that should not be there.
func names(r *journal.Report, file string, strangers bool) bool {
	for _, p := range r.Problems {
		if strings.Contains(p.Where+" "+p.Reason, file) {
			return true
		}
	}
	return strangers && (slices.Contains(r.Strangers, file) || slices.Contains(r.Older, file) ||
		slices.ContainsFunc(r.Orphans, func(o journal.Orphan) bool { return "segments/"+o.Segment == file }))
}

// TestEveryManipulationIsFound changes, deletes, cuts, swaps and puts back every file of a journal and the records in it, one at a time: promise P15.
func TestEveryManipulationIsFound(t *testing.T) {
	v := newVictim(t)
	if r := verify(t, v.dir, v.check()); !r.Sound() || len(r.Strangers)+len(r.Older)+len(r.Orphans) > 0 || r.Gone == 0 {
		t.Fatalf("an honest journal: %v, %v, %v, %d gone", r.Problems, r.Strangers, r.Orphans, r.Gone)
	}
	tried, found := map[string]int{}, map[string]int{}
	for _, m := range append(v.manipulations(t, sealedFile), v.records(t)...) {
		undo := v.apply(t, m)
		r := verify(t, v.dir, v.check())
		undo()
		tried[m.kind]++
		missed := ""
		for name := range m.files {
			if !names(r, name, false) {
				missed = name
			}
		}
		if missed == "" && !r.Sound() {
			found[m.kind]++
			continue
		}
		t.Errorf("%s of %s is not found, or does not name it: %v", m.kind, missed, r.Problems)
	}
	if r := verify(t, v.dir, v.check()); !r.Sound() {
		t.Errorf("after all was put back: %v", r.Problems)
	}
	sum, all := 0, 0
	for kind, n := range tried {
		sum, all = sum+found[kind], all+n
		t.Logf("%-15s %5d of %5d found", kind, found[kind], n)
	}
	t.Logf("%-15s %5d of %5d found", "all", sum, all)
	if all < 700 || len(tried) < 10 {
		t.Errorf("only %d manipulations of %d kinds", all, len(tried))
	}
}

// TestOneForm: what says the same in another way than the journal writes it was written by somebody else, and is a place to hide something in.
func TestOneForm(t *testing.T) {
	v := newVictim(t)
	files := contents(t, v.dir)
	for name, bad := range map[string][]byte{
		"log/checkpoint":       append(bytes.Clone(files["log/checkpoint"]), "— somebody.example AAAAAAA=\n"...),
		"log/.state/treeState": bytes.Replace(files["log/.state/treeState"], []byte("size"), []byte("Size"), 1),
		"journal.json":         bytes.Replace(files["journal.json"], []byte("version"), []byte("Version"), 1),
	} {
		undo := v.apply(t, manipulation{"rewrite", map[string][]byte{name: bad}})
		if r := verify(t, v.dir, v.check()); bytes.Equal(bad, files[name]) || !names(r, name, false) {
			t.Errorf("%s: it is not found: %v", name, r.Problems)
		}
		undo()
	}
}
