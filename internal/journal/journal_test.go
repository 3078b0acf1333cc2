package journal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/journal"
)

// open opens the journal of a test and closes it at its end.
func open(t testing.TB, cfg journal.Config) *journal.Journal {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(t.TempDir(), "journal")
	}
	cfg.Ballast = -1
	j, err := journal.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, j) })
	return j
}

func shut(t testing.TB, j *journal.Journal) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := j.Close(ctx); err != nil {
		t.Error(err)
	}
}

// line makes a line of a kind that says its number.
func line(k journal.Kind, n int) journal.Line {
	return journal.Line{
		Kind: k, Source: "lab", Time: time.Date(2026, 11, 25, 8, 0, n%60, 0, time.UTC),
		JSON: fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

// content returns all lines of an entry as text.
func content(e *journal.Entry) []string {
	var lines []string
	for _, l := range e.Lines() {
		lines = append(lines, string(l))
	}
	return lines
}

func TestWhatWasAddedIsThereAfterReopening(t *testing.T) {
	cfg := journal.Config{Dir: filepath.Join(t.TempDir(), "journal")}
	j := open(t, cfg)
	var receipts []*journal.Receipt
	for n := range 1200 {
		r, err := j.Add(t.Context(), line(journal.Events, n))
		if err != nil {
			t.Fatal(err)
		}
		receipts = append(receipts, r)
	}
	var places []journal.Place
	for _, r := range receipts {
		place, err := r.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, place)
	}
	shut(t, j)
	j = open(t, cfg)
	entries := map[uint64][]string{}
	for n, place := range places {
		if entries[place.Entry] == nil {
			e, err := j.Entry(t.Context(), place.Entry)
			if err != nil {
				t.Fatal(err)
			}
			entries[place.Entry] = content(e)
		}
		if got, want := entries[place.Entry][place.Line], fmt.Sprintf(`{"n":%d}`, n); got != want {
			t.Fatalf("at %v: got %s, want %s", place, got, want)
		}
	}
}

func TestFollowGivesEveryLineInOrderAndWaitsForMore(t *testing.T) {
	j := open(t, journal.Config{})
	if _, err := j.Append(t.Context(), line(journal.Events, 0), line(journal.Events, 1)); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	got := make(chan string, 10)
	done := make(chan error)
	go func() {
		done <- j.Follow(t.Context(), 0, func(_ context.Context, e *journal.Entry) error {
			for i, l := range e.Lines() {
				got <- fmt.Sprintf("%d %d %s", e.Index, i, l)
			}
			if e.Index == 1 {
				return enough
			}
			return nil
		})
	}()
	first := []string{<-got, <-got}
	if _, err := j.Append(t.Context(), line(journal.Findings, 2)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, enough) {
		t.Fatal(err)
	}
	want := []string{`0 0 {"n":0}`, `0 1 {"n":1}`, `1 0 {"n":2}`}
	if diff := cmp.Diff(append(first, <-got), want); diff != "" {
		t.Error(diff)
	}
}

func TestHeaderSaysWhatAnEntryHolds(t *testing.T) {
	j := open(t, journal.Config{})
	lines := []journal.Line{line(journal.Events, 5), line(journal.Events, 3), line(journal.Events, 9)}
	lines[1].Source = "ward"
	place, err := j.Append(t.Context(), lines...)
	if err != nil {
		t.Fatal(err)
	}
	e, err := j.Entry(t.Context(), place.Entry)
	if err != nil {
		t.Fatal(err)
	}
	h := e.Header
	if h.Count != 3 || !h.First.Equal(lines[1].Time) || !h.Last.Equal(lines[2].Time) ||
		!cmp.Equal(h.Sources, []string{"lab", "ward"}) || h.Kind != journal.Events {
		t.Errorf("%+v", h)
	}
	if diff := cmp.Diff(content(e), []string{`{"n":5}`, `{"n":3}`, `{"n":9}`}); diff != "" {
		t.Error(diff)
	}
}
