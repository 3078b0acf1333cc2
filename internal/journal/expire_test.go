package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/journal"
)

// shortLived makes segments complete as soon as they are written.
func shortLived(t *testing.T) journal.Config {
	return journal.Config{Dir: filepath.Join(t.TempDir(), "journal"), SegmentAge: time.Nanosecond}
}

// put appends one line in an entry of its own.
func put(t *testing.T, j *journal.Journal, l journal.Line) uint64 {
	t.Helper()
	place, err := j.Append(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return place.Entry
}

// seen follows the journal from its beginning to its present end and returns the lines, "gone" for an entry without a body.
func seen(t *testing.T, j *journal.Journal) []string {
	t.Helper()
	var got []string
	enough := errors.New("enough")
	err := j.Follow(t.Context(), 0, func(_ context.Context, e *journal.Entry) error {
		if e.Header.Kind != journal.Keeping {
			if got = append(got, content(e)...); !e.Gone.IsZero() {
				got = append(got, "gone")
			}
		}
		if e.Index+1 == j.Size() {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	return got
}

// segments counts the files of a kind.
func segments(t *testing.T, dir string, k journal.Kind) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, "segments", string(k)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(files)
}

// expire deletes what is there of a kind, once the segments are complete.
func expire(t *testing.T, j *journal.Journal, k journal.Kind, want int) journal.Expired {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		now := time.Now()
		done, err := j.Expire(t.Context(), k, now, now)
		if err != nil {
			t.Fatal(err)
		}
		if done.Segments >= want || time.Now().After(deadline) {
			return done
		}
		<-time.After(20 * time.Millisecond)
	}
}

func TestExpireDeletesAKindAndLeavesTheOthers(t *testing.T) {
	cfg := shortLived(t)
	j := open(t, cfg)
	put(t, j, line(journal.Events, 0))
	put(t, j, line(journal.Findings, 1))
	if done := expire(t, j, journal.Events, 1); done.Segments != 1 || done.Entries != 1 || done.Bytes == 0 {
		t.Errorf("got %+v", done)
	}
	want := []string{"gone", `{"n":1}`}
	if diff := cmp.Diff(seen(t, j), want); diff != "" {
		t.Error(diff)
	}
	if n := segments(t, cfg.Dir, journal.Events); n != 0 {
		t.Errorf("%d segments of events are left", n)
	}
	shut(t, j)
	// The book may be lost: what was deleted stands in the journal itself.
	if err := os.Remove(filepath.Join(cfg.Dir, "book.json")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seen(t, open(t, cfg)), want); diff != "" {
		t.Error(diff)
	}
}

// TestAnEntryTellsWhatItDeletes: of one kind, for whoever keeps copies of that kind alone.
func TestAnEntryTellsWhatItDeletes(t *testing.T) {
	j := open(t, shortLived(t))
	for n, k := range []journal.Kind{journal.Events, journal.Findings, journal.Events} {
		put(t, j, line(k, n))
	}
	for k, there := range map[journal.Kind]int{journal.Findings: 1, journal.Events: 2} {
		for deleted := 0; deleted < there; {
			deleted += expire(t, j, k, 1).Segments
		}
	}
	told := map[journal.Kind][]uint64{}
	for i := range j.Size() {
		e, err := j.Entry(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []journal.Kind{journal.Events, journal.Findings} {
			for first, last := range e.Deleted(k) {
				told[k] = append(told[k], first, last)
			}
		}
	}
	want := map[journal.Kind][]uint64{journal.Findings: {1, 1}, journal.Events: {0, 0, 2, 2}}
	if diff := cmp.Diff(told, want); diff != "" {
		t.Error(diff)
	}
}

func TestExpireSparesWhatIsYoungerOrHeld(t *testing.T) {
	cfg := shortLived(t)
	j := open(t, cfg)
	put(t, j, line(journal.Events, 0))
	now := time.Now()
	if done, err := j.Expire(t.Context(), journal.Events, now.Add(-time.Minute), now); err != nil || done.Segments != 0 {
		t.Errorf("younger: %+v, %v", done, err)
	}
	id, err := j.Hold(t.Context(), journal.Hold{Source: "lab", Reason: "case 7", By: "privacy"})
	if err != nil {
		t.Fatal(err)
	}
	shut(t, j)
	j = open(t, cfg) // a restart does not lift it
	if holds := j.Holds(); len(holds) != 1 || holds[0].ID != id || holds[0].Reason != "case 7" {
		t.Errorf("holds: %+v", holds)
	}
	if done, err := j.Expire(t.Context(), journal.Events, time.Now(), time.Now()); err != nil || done.Segments != 0 || done.Held != 1 {
		t.Errorf("held: %+v, %v", done, err)
	}
	if err := j.Release(t.Context(), id, "privacy", "case 7 is closed"); err != nil {
		t.Fatal(err)
	}
	if err := j.Release(t.Context(), id, "privacy", "again"); !errors.Is(err, journal.ErrNoHold) {
		t.Errorf("released twice: %v", err)
	}
	if done := expire(t, j, journal.Events, 1); done.Segments != 1 || done.Held != 0 {
		t.Errorf("released: %+v", done)
	}
}

func TestExpireRefusesWhenTheDateIsDoubtful(t *testing.T) {
	j := open(t, shortLived(t))
	put(t, j, line(journal.Events, 0))
	for name, now := range map[string]time.Time{"ahead": time.Now().AddDate(10, 0, 0), "behind": time.Now().AddDate(-10, 0, 0)} {
		if done, err := j.Expire(t.Context(), journal.Events, now, now); !errors.Is(err, journal.ErrClock) || done != (journal.Expired{}) {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
	if diff := cmp.Diff(seen(t, j), []string{`{"n":0}`}); diff != "" {
		t.Error(diff)
	}
}

// TestExpireAfterTheClockJumped plays a machine that was last seen in another year.
func TestExpireAfterTheClockJumped(t *testing.T) {
	cfg := shortLived(t)
	j := open(t, cfg)
	put(t, j, line(journal.Events, 0))
	shut(t, j)
	if err := os.WriteFile(filepath.Join(cfg.Dir, "clock.json"), []byte(`{"wall":"2016-01-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	j = open(t, cfg)
	if _, err := j.Expire(t.Context(), journal.Events, time.Now(), time.Now()); !errors.Is(err, journal.ErrClock) {
		t.Errorf("got %v", err)
	}
	shut(t, j)
	j = open(t, cfg) // restarting does not make the date right
	if _, err := j.Expire(t.Context(), journal.Events, time.Now(), time.Now()); !errors.Is(err, journal.ErrClock) {
		t.Errorf("after a restart: %v", err)
	}
	if err := j.Healthy(); !errors.Is(err, journal.ErrClock) {
		t.Errorf("health: %v", err)
	}
	if err := j.ConfirmClock(t.Context(), "admin"); err != nil {
		t.Fatal(err)
	}
	if err := j.Healthy(); err != nil {
		t.Errorf("health after a person confirmed: %v", err)
	}
	if done := expire(t, j, journal.Events, 1); done.Segments != 1 {
		t.Errorf("confirmed: %+v", done)
	}
}

// TestSegmentsBeingWrittenAreNotDeleted: with the usual age the segment is still open.
func TestSegmentsBeingWrittenAreNotDeleted(t *testing.T) {
	j := open(t, journal.Config{})
	put(t, j, line(journal.Events, 0))
	if done, err := j.Expire(t.Context(), journal.Events, time.Now(), time.Now()); err != nil || done.Segments != 0 {
		t.Errorf("got %+v, %v", done, err)
	}
	put(t, j, line(journal.Events, 1))
	if diff := cmp.Diff(seen(t, j), []string{`{"n":0}`, `{"n":1}`}); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeExpired(t *testing.T) {
	j := open(t, journal.Config{})
	for _, k := range []journal.Kind{journal.Keeping, "other"} {
		if _, err := j.Expire(t.Context(), k, time.Now(), time.Now()); err == nil {
			t.Errorf("%s can be deleted", k)
		}
	}
	if _, err := j.Expire(t.Context(), journal.Events, time.Now().Add(time.Second), time.Now()); err == nil {
		t.Error("entries of tomorrow can be deleted today")
	}
	if _, err := j.Hold(t.Context(), journal.Hold{By: "privacy"}); err == nil {
		t.Error("a hold needs no reason")
	}
}
