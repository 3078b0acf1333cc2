package digest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/integrity/digest"
)

func monday(seconds int) time.Time {
	return time.Date(2026, 3, 2, 8, 0, seconds, 0, time.UTC)
}

// blocksOf cuts records that come one each second.
func blocksOf(n int) (blocks []digest.Block) {
	b := digest.NewBlocks("ehr", nil)
	for i := range n {
		if ended, ok := b.Add(fmt.Appendf(nil, "record %d", i+1), monday(i)); ok {
			blocks = append(blocks, ended)
		}
	}
	if ended, ok := b.End(); ok {
		blocks = append(blocks, ended)
	}
	return blocks
}

func TestBlocksByAge(t *testing.T) {
	var got []string
	for _, b := range blocksOf(25) {
		got = append(got, fmt.Sprint(b.First, " ", len(b.Records), " ", b.Opened.Second(), " ", b.Closed.Second()))
	}
	if diff := cmp.Diff(got, []string{"1 10 0 9", "11 10 10 19", "21 5 20 24"}); diff != "" {
		t.Error(diff)
	}
}

func TestBlocksByCount(t *testing.T) {
	b := digest.NewBlocks("ehr", nil)
	var sizes []int
	var full []digest.Block
	for i := range 2500 {
		if ended, ok := b.Add([]byte{byte(i)}, monday(0)); ok {
			sizes, full = append(sizes, len(ended.Records)), append(full, ended)
		}
	}
	if err := digest.VerifyChain(full); err != nil {
		t.Error(err)
	}
	if _, ok := b.Tick(monday(9)); ok {
		t.Error("a block ended too early")
	}
	ended, ok := b.Tick(monday(10))
	if !ok || len(ended.Records) != 500 || ended.First != 2001 {
		t.Errorf("at ten seconds %v: record %d, %d records", ok, ended.First, len(ended.Records))
	}
	if _, ok := b.Tick(monday(100)); ok {
		t.Error("an empty block ended")
	}
	if _, ok := b.End(); ok {
		t.Error("an empty block ended")
	}
	if diff := cmp.Diff(sizes, []int{1000, 1000}); diff != "" {
		t.Error(diff)
	}
}

// A source goes on after a restart where its last block ended.
func TestBlocksGoOn(t *testing.T) {
	blocks := blocksOf(15)
	b := digest.NewBlocks("ehr", &blocks[1])
	b.Add([]byte("record 16"), monday(15))
	next, _ := b.End()
	if err := digest.VerifyChain(append(blocks, next)); err != nil || next.First != 16 {
		t.Errorf("goes on at %d: %v", next.First, err)
	}
}

// A block is hashed as the documentation says.
func TestBlockExample(t *testing.T) {
	b := digest.Block{
		Source: "ehr", First: 7, Opened: time.UnixMicro(1), Closed: time.UnixMicro(2),
		Previous: digest.Digest{Label: digest.Audit1, Sum: digest.Sum{8}}, Records: []digest.Sum{{9}},
	}
	number := func(n byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, n} }
	previous, record := digest.Sum{8}, digest.Sum{9}
	text := slices.Concat(number(3), []byte("ehr"), number(7), number(1), number(2), previous[:], number(1), record[:])
	if diff := cmp.Diff(b.Digest(), digest.Of(digest.Audit1, text)); diff != "" {
		t.Error(diff)
	}
}

func TestVerifyChain(t *testing.T) {
	if err := digest.VerifyChain(blocksOf(35)); err != nil {
		t.Error(err)
	}
	if err := digest.VerifyChain(blocksOf(35)[1:]); err != nil {
		t.Errorf("a part of the chain: %v", err)
	}
	for name, change := range map[string]func(b []digest.Block) []digest.Block{
		"a block is gone":      func(b []digest.Block) []digest.Block { return slices.Delete(b, 1, 2) },
		"two are exchanged":    func(b []digest.Block) []digest.Block { b[1], b[2] = b[2], b[1]; return b },
		"a record is changed":  func(b []digest.Block) []digest.Block { b[1].Records[3][0]++; return b },
		"a record is gone":     func(b []digest.Block) []digest.Block { b[1].Records = b[1].Records[1:]; return b },
		"two records exchange": func(b []digest.Block) []digest.Block { r := b[1].Records; r[0], r[1] = r[1], r[0]; return b },
		"a time is changed":    func(b []digest.Block) []digest.Block { b[0].Closed = monday(59); return b },
		"opened is changed":    func(b []digest.Block) []digest.Block { b[0].Opened = monday(59); return b },
		"another source":       func(b []digest.Block) []digest.Block { b[1].Source = "lis"; return b },
		"all another source": func(b []digest.Block) []digest.Block {
			for i := range b {
				b[i].Source = "lis"
			}
			return b
		},
		"a count is changed":   func(b []digest.Block) []digest.Block { b[2].First++; return b },
		"the first has a past": func(b []digest.Block) []digest.Block { b[0].Previous = b[1].Digest(); return b },
		"a later one has none": func(b []digest.Block) []digest.Block { b[1].Previous = digest.Digest{}; return b[1:] },
		"one is empty":         func(b []digest.Block) []digest.Block { b[3].Records = nil; return b },
	} {
		if err := digest.VerifyChain(change(blocksOf(35))); !errors.Is(err, digest.ErrChain) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCompare(t *testing.T) {
	b := blocksOf(25)[1] // records 11 to 20
	record := func(n int) []byte { return fmt.Appendf(nil, "record %d", n) }
	whole := func() (list [][]byte) {
		for n := 11; n <= 20; n++ {
			list = append(list, record(n))
		}
		return list
	}
	for name, tt := range map[string]struct {
		found [][]byte
		want  []digest.Fault
	}{
		"the same":        {whole(), nil},
		"one missing":     {slices.Delete(whole(), 3, 4), []digest.Fault{{digest.Missing, 14, -1}}},
		"the last gone":   {whole()[:9], []digest.Fault{{digest.Missing, 20, -1}}},
		"one altered":     {slices.Replace(whole(), 3, 4, []byte("x")), []digest.Fault{{digest.Altered, 14, 3}}},
		"one added":       {slices.Insert(whole(), 3, []byte("x")), []digest.Fault{{digest.Added, 0, 3}}},
		"one moved ahead": {slices.Insert(slices.Delete(whole(), 5, 6), 1, record(16)), []digest.Fault{{digest.Moved, 16, 1}}},
		"two exchanged":   {slices.Replace(whole(), 3, 5, record(15), record(14)), []digest.Fault{{digest.Moved, 15, 3}}},
		"altered and gone": {slices.Replace(whole(), 3, 5, []byte("x")),
			[]digest.Fault{{digest.Altered, 14, 3}, {digest.Missing, 15, -1}}},
		"twice": {slices.Insert(whole(), 9, record(11)), []digest.Fault{{digest.Added, 0, 9}}},
	} {
		if diff := cmp.Diff(b.Compare(tt.found), tt.want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := b.Compare(nil); len(got) != 10 || got[0] != (digest.Fault{Kind: digest.Missing, Count: 11, Place: -1}) {
		t.Errorf("nothing found: %v", got)
	}
}

// However records are changed, there are faults if and only if they are not the same, and these add up.
func TestCompareAnyChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := digest.NewBlocks("s", nil)
		var sealed [][]byte
		for range rapid.IntRange(1, 30).Draw(t, "records") {
			record := []byte{byte(rapid.IntRange(0, 9).Draw(t, "record"))} // many are equal
			sealed = append(sealed, record)
			b.Add(record, monday(0))
		}
		block, _ := b.End()
		found := slices.Clone(sealed)
		changes := rapid.IntRange(0, 4).Draw(t, "changes")
		for range changes {
			if len(found) == 0 {
				break
			}
			i, j := rapid.IntRange(0, len(found)-1).Draw(t, "i"), rapid.IntRange(0, len(found)-1).Draw(t, "j")
			switch rapid.SampledFrom([]string{"delete", "alter", "add", "move"}).Draw(t, "change") {
			case "delete":
				found = slices.Delete(found, i, i+1)
			case "alter":
				found[i] = []byte("x")
			case "add":
				found = slices.Insert(found, i, []byte("y"))
			case "move":
				moved := found[i]
				found = slices.Insert(slices.Delete(found, i, i+1), min(j, len(found)-1), moved)
			}
		}
		faults := block.Compare(found)
		same := slices.EqualFunc(found, sealed, func(a, b []byte) bool { return string(a) == string(b) })
		if (len(faults) == 0) != same {
			t.Fatalf("same %v, faults %v", same, faults)
		}
		counts := map[digest.FaultKind]int{}
		for _, f := range faults {
			counts[f.Kind]++
		}
		if len(found)-len(sealed) != counts[digest.Added]-counts[digest.Missing] {
			t.Fatalf("%d records became %d: %v", len(sealed), len(found), faults)
		}
	})
}

func BenchmarkBlocks(b *testing.B) {
	record := make([]byte, 500)
	blocks := digest.NewBlocks("ehr", nil)
	b.SetBytes(int64(len(record)))
	b.ReportAllocs()
	for b.Loop() {
		blocks.Add(record, monday(0))
	}
}
