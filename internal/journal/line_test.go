package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/journal"
)

func TestWhatIsNoLine(t *testing.T) {
	j := open(t, journal.Config{})
	for name, l := range map[string]journal.Line{
		"unknown kind":  {Kind: "other", JSON: []byte(`{}`)},
		"nothing":       {Kind: journal.Events},
		"no object":     {Kind: journal.Events, JSON: []byte(`[]`)},
		"line end":      {Kind: journal.Events, JSON: []byte("{\n}")},
		"too long":      {Kind: journal.Events, JSON: slices.Concat([]byte(`{"a":"`), bytes.Repeat([]byte("a"), journal.MaxLine), []byte(`"}`))},
		"source's name": {Kind: journal.Events, Source: strings.Repeat("x", 1000), JSON: []byte(`{}`)},
	} {
		if _, err := j.Add(t.Context(), l); !errors.Is(err, journal.ErrLine) {
			t.Errorf("Add %s: %v", name, err)
		}
		if _, err := j.Append(t.Context(), line(journal.Events, 1), l); !errors.Is(err, journal.ErrLine) {
			t.Errorf("Append %s: %v", name, err)
		}
	}
	if _, err := j.Append(t.Context()); !errors.Is(err, journal.ErrLine) {
		t.Errorf("no line: %v", err)
	}
	if _, err := j.Append(t.Context(), line(journal.Events, 1), line(journal.Acts, 1)); !errors.Is(err, journal.ErrLine) {
		t.Errorf("two kinds: %v", err)
	}
	if j.Size() != 0 {
		t.Errorf("%d entries came of it", j.Size())
	}
}

func TestLinesAreSplitIntoEntries(t *testing.T) {
	many := make([]journal.Line, 1201)
	for n := range many {
		many[n] = line(journal.Events, n)
		many[n].Source = fmt.Sprint("source", n)
	}
	big := line(journal.Events, 0)
	big.JSON = fmt.Appendf(nil, `{"a":%q}`, strings.Repeat("a", 300<<10))
	longest := line(journal.Damaged, 0)
	longest.JSON = fmt.Appendf(nil, `{"a":%q}`, strings.Repeat("b", journal.MaxLine-8))
	for name, test := range map[string]struct {
		lines []journal.Line
		want  []int // lines of each entry
	}{
		"more than 500": {many, []int{500, 500, 201}},
		"bytes":         {[]journal.Line{line(journal.Events, 1), big, big, line(journal.Events, 1)}, []int{1, 1, 1, 1}},
		"the longest":   {[]journal.Line{longest}, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			j := open(t, journal.Config{})
			first, err := j.Append(t.Context(), test.lines...)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			n := 0
			for index := first.Entry; index < j.Size(); index++ {
				e, err := j.Entry(t.Context(), index)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, e.Header.Count)
				for _, l := range e.Lines() {
					if string(l) != string(test.lines[n].JSON) {
						t.Fatalf("line %d is another", n)
					}
					n++
				}
				if len(e.Header.Sources) > 17 || e.Header.Count > 17 && e.Header.Sources[16] != "…" {
					t.Errorf("%d sources: %v", len(e.Header.Sources), e.Header.Sources)
				}
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOrderOfEachSender is promise P5: many senders at once, each with its own numbers.
func TestOrderOfEachSender(t *testing.T) {
	const senders, lines = 20, 300
	j := open(t, journal.Config{SegmentSize: 10_000})
	var wait sync.WaitGroup
	for s := range senders {
		wait.Go(func() {
			for n := range lines {
				l := journal.Line{Kind: journal.Events, Source: fmt.Sprint("s", s), JSON: fmt.Appendf(nil, `{"s":%d,"n":%d}`, s, n)}
				if n%7 == 0 {
					if _, err := j.Append(t.Context(), l); err != nil {
						t.Error(err)
					}
				} else if _, err := j.Add(t.Context(), l); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	next := map[int]int{}
	all, enough := 0, errors.New("enough")
	err := j.Follow(t.Context(), 0, func(_ context.Context, e *journal.Entry) error {
		for _, l := range e.Lines() {
			var s, n int
			if _, err := fmt.Sscanf(string(l), `{"s":%d,"n":%d}`, &s, &n); err != nil {
				return err
			}
			if n != next[s] {
				return fmt.Errorf("sender %d: line %d stands where %d belongs", s, n, next[s])
			}
			next[s]++
			if all++; all == senders*lines {
				return enough
			}
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}

// TestAddWaitsWhileTooMuchWaits is promise P6: the first line fills what may wait.
func TestAddWaitsWhileTooMuchWaits(t *testing.T) {
	j := open(t, journal.Config{})
	big := line(journal.Damaged, 0)
	big.JSON = fmt.Appendf(nil, `{"a":%q}`, strings.Repeat("b", journal.MaxLine-8))
	first, err := j.Add(t.Context(), big)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Add(over, line(journal.Events, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("a line was taken in, or refused for another reason: %v", err)
	}
	put(t, j, line(journal.Acts, 2)) // what users do does not wait for what is received
	if _, err := first.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, j, line(journal.Events, 3))
}

func TestAClosedJournal(t *testing.T) {
	j := open(t, journal.Config{})
	var receipts []*journal.Receipt
	for n := range 50 {
		r, err := j.Add(t.Context(), line(journal.Events, n))
		if err != nil {
			t.Fatal(err)
		}
		receipts = append(receipts, r)
	}
	following := make(chan error)
	go func() {
		following <- j.Follow(t.Context(), 0, func(context.Context, *journal.Entry) error { return nil })
	}()
	shut(t, j)
	for n, r := range receipts {
		if _, err := r.Wait(t.Context()); err != nil {
			t.Errorf("line %d: %v", n, err)
		}
	}
	if err := <-following; !errors.Is(err, journal.ErrClosed) {
		t.Errorf("following: %v", err)
	}
	if _, err := j.Add(t.Context(), line(journal.Events, 0)); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("adding: %v", err)
	}
	if _, err := j.Append(t.Context(), line(journal.Events, 0)); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("appending: %v", err)
	}
}

func TestFollowEnds(t *testing.T) {
	j := open(t, journal.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	nothing := func(context.Context, *journal.Entry) error { return nil }
	if err := j.Follow(ctx, 0, nothing); !errors.Is(err, context.Canceled) {
		t.Errorf("with its context: %v", err)
	}
	if err := j.Follow(t.Context(), 1, nothing); !errors.Is(err, journal.ErrLost) {
		t.Errorf("with a position that this journal never had: %v", err)
	}
	if _, err := j.Entry(t.Context(), 0); !errors.Is(err, journal.ErrNoEntry) {
		t.Errorf("an entry that is not there: %v", err)
	}
}

// TestItComesBackByItself takes a folder away, puts a file in its place, and puts it back: promise P3.
func TestItComesBackByItself(t *testing.T) {
	for _, folder := range []string{"segments", "log/.state"} {
		t.Run(folder, func(t *testing.T) {
			cfg := shortLived(t)
			j := open(t, cfg)
			put(t, j, line(journal.Events, 0))
			path := filepath.Join(cfg.Dir, folder)
			if err := os.Rename(path, path+".away"); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := j.Add(t.Context(), line(journal.Events, 1))
			if err == nil {
				_, err = r.Wait(t.Context())
			}
			if !errors.Is(err, journal.ErrFailed) {
				t.Fatalf("a line that could not be written: %v", err)
			}
			eventually(t, "it is said", func() bool { return errors.Is(j.Healthy(), journal.ErrFailed) })
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path+".away", path); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the journal is back", func() bool {
				_, err := j.Append(t.Context(), line(journal.Events, 2))
				return err == nil
			})
			got := seen(t, j)
			if got[0] != `{"n":0}` || got[len(got)-1] != `{"n":2}` {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestACheckpointFromTheFuture plays a clock that was put back: proofs go on all the same.
func TestACheckpointFromTheFuture(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	j := open(t, cfg)
	future := time.Now().AddDate(10, 0, 0)
	if err := os.Chtimes(filepath.Join(cfg.Dir, "log", "checkpoint"), future, future); err != nil {
		t.Fatal(err)
	}
	index := put(t, j, line(journal.Events, 0))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := j.Prove(ctx, index); err != nil {
		t.Error(err)
	}
}

// TestFollowingLiveIsReadingLater follows a journal while it grows, and compares with what lies on the disk.
func TestFollowingLiveIsReadingLater(t *testing.T) {
	const senders, entries = 60, 40
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	j := open(t, cfg)
	live := make(chan []string)
	go func() {
		var got []string
		enough := errors.New("enough")
		err := j.Follow(t.Context(), 0, func(_ context.Context, e *journal.Entry) error {
			got = append(got, fmt.Sprint(e.Index, content(e)))
			if len(got) == senders*entries {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			t.Error(err)
		}
		live <- got
	}()
	var wait sync.WaitGroup
	for s := range senders {
		wait.Go(func() {
			for n := range entries {
				if _, err := j.Append(t.Context(), line(journal.Events, s*entries+n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	got := <-live
	shut(t, j)
	j = open(t, cfg)
	for index := range j.Size() {
		e, err := j.Entry(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint(index, content(e)); got[index] != want {
			t.Fatalf("followed %s, and it is %s", got[index], want)
		}
	}
}

// TestRecentLeaves: after a failure entries can be in the journal that nobody was told of, so that there is a gap.
func TestRecentLeaves(t *testing.T) {
	add, from := journal.NewRecent()
	leaf := func(n uint64) []byte { return fmt.Append(nil, "leaf ", n) }
	for n := range uint64(4) {
		add(n, leaf(n))
	}
	for n := uint64(7); n < 5000; n++ {
		add(n, leaf(n))
		if got := from(n); len(got) != 1 || !bytes.Equal(got[0], leaf(n)) {
			t.Fatalf("leaf %d: %q", n, got)
		}
		before := n - min(n-7, 400)
		if got := from(before); len(got) != int(n-before)+1 || !bytes.Equal(got[0], leaf(before)) {
			t.Fatalf("from %d on: %d leaves, the first %q", before, len(got), got[:min(len(got), 1)])
		}
		for _, gone := range []uint64{0, 3, 6, n + 1} {
			if got := from(gone); got != nil {
				t.Fatalf("leaf %d, which is not kept: %q", gone, got)
			}
		}
	}
}
