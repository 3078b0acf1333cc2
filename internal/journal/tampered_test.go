package journal_test

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/journal"
)

// TestManipulationsOfWhatIsDerived: the book of segments and holds is compared with what follows from the leaves. When it is lost or older, nothing is lost with it.
func TestManipulationsOfWhatIsDerived(t *testing.T) {
	v := newVictim(t)
	tried := map[string]int{}
	for _, m := range v.manipulations(t, derivedFile) {
		undo := v.apply(t, m)
		r := verify(t, v.dir, v.check())
		tried[m.kind]++
		if lost := m.kind == "delete" || m.kind == "older copy"; lost == names(r, "book.json", false) {
			t.Errorf("%s: %v", m.kind, r.Problems)
		}
		undo()
	}
	book, err := os.ReadFile(filepath.Join(v.dir, "book.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"a hold is taken out":       regexp.MustCompile(`"holds":\{.*?\}\}`).ReplaceAll(book, []byte(`"holds":{}`)),
		"a segment is older":        bytes.Replace(book, []byte(`"newest":"20`), []byte(`"newest":"19`), 1),
		"a segment counts as gone":  bytes.Replace(book, []byte(`"gone":{`), []byte(`"gone":{"event/20261126T190037Z-244f6ce2":{"at":"2026-11-26T19:00:37Z","entry":1},`), 1),
		"it speaks of what is not":  bytes.Replace(book, []byte(`"through":`), []byte(`"through":9`), 1),
		"what follows is not known": bytes.Replace(book, []byte(`"through":`), []byte(`"throuGh":`), 1),
	} {
		undo := v.apply(t, manipulation{"book", map[string][]byte{"book.json": bad}})
		if r := verify(t, v.dir, v.check()); bytes.Equal(bad, book) || !names(r, "book.json", false) {
			t.Errorf("%s: %v", name, r.Problems)
		}
		undo()
	}
	for _, m := range v.manipulations(t, derivedFile) {
		if m.kind != "delete" && m.kind != "older copy" {
			continue
		}
		v.apply(t, m) // what the journal writes anew stays
		j, err := journal.Open(t.Context(), journal.Config{Dir: v.dir, Ballast: -1, Sentinel: v.db.sentinel()}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(m.kind, err)
		}
		if holds := j.Holds(); len(holds) != 1 || holds[0].Reason != "case 12" {
			t.Errorf("%s: %v is held", m.kind, holds)
		}
		shut(t, j)
	}
	t.Logf("%v", tried)
}

// TestManipulationsOfWhatNobodyReads: older versions of tiles are listed when they say something else, files without content say nothing.
func TestManipulationsOfWhatNobodyReads(t *testing.T) {
	v := newVictim(t)
	tried := 0
	for n, m := range v.manipulations(t, olderFile) {
		if os.Getenv("WARDLINE_TRUST") == "" && n%29 != 0 || m.kind == "older copy" { // these do not change any more
			continue
		}
		undo := v.apply(t, m)
		r := verify(t, v.dir, v.check())
		undo()
		tried++
		for name, content := range m.files {
			if !r.Sound() || content != nil && !names(r, name, true) {
				t.Errorf("%s of %s: %v, %v", m.kind, name, r.Problems, r.Strangers)
			}
		}
	}
	for _, m := range v.manipulations(t, noContent) {
		undo := v.apply(t, m)
		if r := verify(t, v.dir, v.check()); !r.Sound() {
			t.Errorf("%s: %v", m.kind, r.Problems)
		}
		undo()
	}
	for _, name := range []string{"more", "log/more", "log/tile/0/more", "log/tile/0/x000/more", "log/tile/9/1", "segments/more"} {
		undo := v.apply(t, manipulation{"add", map[string][]byte{name: {}}})
		if r := verify(t, v.dir, v.check()); !names(r, name, true) {
			t.Errorf("%s is added and not listed", name)
		}
		undo()
	}
	older := contents(t, v.older)
	for _, name := range v.pruned {
		undo := v.apply(t, manipulation{"put back", map[string][]byte{name: older[name]}})
		if r := verify(t, v.dir, v.check()); !r.Sound() || !names(r, name, true) {
			t.Errorf("%s was deleted after its time, is there again and not listed: %v", name, r.Problems)
		}
		undo()
	}
	t.Logf("%d manipulations of older versions", tried)
}

// TestAnotherPastIsFoundFromElsewhere: a journal that is put back whole, cut off, or made anew by who has all its keys, is sound by itself. What is remembered elsewhere
// shows it, and so do neighbours: see TestTwoHospitalsVouchForEachOther in internal/app/node and the tests of internal/integrity/witness.
func TestAnotherPastIsFoundFromElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, v *victim)
		want   string // where
	}{
		"all is put back": {func(t *testing.T, v *victim) {
			if err := errors.Join(os.RemoveAll(v.dir), os.CopyFS(v.dir, os.DirFS(v.older))); err != nil {
				t.Fatal(err)
			}
		}, "log/.state/treeState"},
		"the log is put back, so that its end is cut off": {func(t *testing.T, v *victim) {
			if err := errors.Join(os.RemoveAll(filepath.Join(v.dir, "log")), os.Remove(filepath.Join(v.dir, "book.json")),
				os.CopyFS(filepath.Join(v.dir, "log"), os.DirFS(filepath.Join(v.older, "log")))); err != nil {
				t.Fatal(err)
			}
			for _, name := range v.pruned { // or they would be missing
				if err := os.WriteFile(filepath.Join(v.dir, name), contents(t, v.older)[name], 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}, "log/.state/treeState"},
		"another past of the same size": {func(t *testing.T, v *victim) {
			err := journal.Forge(t.Context(), v.dir, func(index uint64, h *journal.Header, _ []byte) {
				if index == 100 {
					h.Sources = []string{"somebody else"}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}, "log"},
		"a journal begun anew with the same keys": {func(t *testing.T, v *victim) {
			if err := os.RemoveAll(v.dir); err != nil {
				t.Fatal(err)
			}
			j, err := journal.Open(t.Context(), journal.Config{Dir: v.dir, Origin: "journal.example", Ballast: -1}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			fillAll(t, j)
			fillAll(t, j)
			fillAll(t, j)
			shut(t, j)
		}, "journal.json"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVictim(t)
			c.change(t, v)
			alone := v.check()
			alone.Mark = journal.Mark{}
			if r := verify(t, v.dir, alone); !r.Sound() {
				t.Errorf("it is not sound by itself: %v", r.Problems)
			}
			for _, sample := range []int{0, 20} {
				check := v.check()
				check.Sample = sample
				if r := verify(t, v.dir, check); !slices.ContainsFunc(r.Problems, func(p journal.Problem) bool { return p.Where == c.want }) {
					t.Errorf("sample %d: what is remembered does not show it: %v", sample, r.Problems)
				}
			}
			refuses(t, journal.Config{Dir: v.dir, Sentinel: v.db.sentinel()}, journal.ErrLost)
		})
	}
}

// TestOtherLinesUnderTheSameRoot: whoever has all keys seals a body whose lines are not those that its leaf has the root of, and signs the log anew. Hashes, tree and
// cipher hold; only who decrypts finds it.
func TestOtherLinesUnderTheSameRoot(t *testing.T) {
	v := newVictim(t)
	var file string
	err := journal.Forge(t.Context(), v.dir, func(index uint64, h *journal.Header, body []byte) {
		if index == v.size-5 {
			file = "segments/" + h.Segment
			body[0] ^= 1 // of the seed of the salts: each line is behind another one
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	check := v.check()
	check.Mark, check.KeyFile = journal.Mark{}, ""
	if r := verify(t, v.dir, check); !r.Sound() {
		t.Errorf("without the key: %v", r.Problems)
	}
	check.KeyFile = v.dir + ".key"
	r := verify(t, v.dir, check)
	if len(r.Problems) != 1 || r.Problems[0].Where != file || r.Problems[0].Entry != v.size-5 || !strings.Contains(r.Problems[0].Reason, "root") {
		t.Errorf("got %v, want entry %d of %s", r.Problems, v.size-5, file)
	}
}

// TestLeavesInAnotherOrder than their bodies lie are no damage: the log writes those of one moment in any order. Two that speak of the same bytes are.
func TestLeavesInAnotherOrder(t *testing.T) {
	v := newVictim(t)
	nothing := func(uint64, *journal.Header, []byte) {}
	moved := 0
	err := journal.Reorder(t.Context(), v.dir, nothing, func(leaves []journal.Header) {
		for i := 1; i < len(leaves); i++ {
			if leaves[i].Segment == leaves[i-1].Segment {
				leaves[i], leaves[i-1] = leaves[i-1], leaves[i]
				moved++
				i++
			}
		}
	})
	if err != nil || moved < 2 {
		t.Fatal(moved, err)
	}
	check := v.check()
	check.Mark = journal.Mark{}
	if r := verify(t, v.dir, check); !r.Sound() || len(r.Orphans) > 0 {
		t.Errorf("in another order: %v, orphans %v", r.Problems, r.Orphans)
	}
	err = journal.Reorder(t.Context(), v.dir, nothing, func(leaves []journal.Header) { leaves[len(leaves)-1] = leaves[len(leaves)-2] })
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, v.dir, check); r.Sound() {
		t.Error("one body stands for two entries, and nobody says so")
	}
}

// TestAHeadOfAnotherSegment has a good checksum, and the key of other bodies.
func TestAHeadOfAnotherSegment(t *testing.T) {
	v := newVictim(t)
	files := contents(t, v.dir)
	var segments []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, "segments/") {
			segments = append(segments, name)
		}
	}
	const head = 8192
	bad := append(bytes.Clone(files[segments[1]][:head]), files[segments[0]][head:]...)
	undo := v.apply(t, manipulation{"head", map[string][]byte{segments[0]: bad}})
	for _, key := range []string{"", v.dir + ".key"} {
		if r := verify(t, v.dir, journal.Check{PublicKey: v.key, KeyFile: key}); !names(r, segments[0], false) {
			t.Errorf("with key %t: %v", key != "", r.Problems)
		}
	}
	undo()
}

// TestEveryByteOfTheKeys: a key that was changed is refused, or opens nothing. What Tink does not need to read a key may be changed: then it is the same one.
func TestEveryByteOfTheKeys(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), Ballast: -1}
	j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	put(t, j, line(journal.Events, 0))
	shut(t, j)
	same := 0
	for _, file := range []string{cfg.Dir + ".key", cfg.Dir + ".sign"} {
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << (i % 8)
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := journal.Verify(t.Context(), cfg.Dir, journal.Check{KeyFile: cfg.Dir + ".key"})
			if err != nil || !r.Sound() {
				continue
			}
			if strings.HasSuffix(file, ".key") && r.Opened == r.Size {
				same++
				continue
			}
			j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
			if err == nil {
				t.Errorf("byte %d of %s may be changed", i, filepath.Base(file))
				shut(t, j)
			}
		}
		if err := os.WriteFile(file, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if same > 5 {
		t.Errorf("%d bytes of the key may be changed", same)
	}
}
