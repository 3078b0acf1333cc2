package watch_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/journal"
)

// TestWhatIsSentAgainCountsOnce seals every event up to three times under its id, as a sender whose acknowledgements are
// lost makes it, and starts the watcher again in between: the queue is that of a clean run. Two equal events are two.
func TestWhatIsSentAgainCountsOnce(t *testing.T) {
	set, at := compile(t, rules, ""), lately()
	twice := func(w *ward) []journal.Line {
		var lines []journal.Line
		for n := range 6 {
			at := at.Add(time.Duration(n) * time.Second)
			lines = append(lines, w.line(failed(at, "bob")), w.line(deleted(at, "WS-1")), w.line(deleted(at, "WS-1")))
		}
		return append(lines, w.line(harmless(at.Add(time.Hour))))
	}
	clean := newWard(t, sqlite(t))
	clean.append(twice(clean)...)
	if err := clean.follow(clean.live(set)); err != nil {
		t.Fatal(err)
	}
	want := clean.queue(clean.desk())

	w := newWard(t, sqlite(t))
	lines := twice(w)
	half := len(lines) / 2
	for _, part := range [][]journal.Line{lines[:half], lines[:half], lines[2:], lines[:3], lines[half:]} {
		w.append(part...)
		if err := w.follow(w.live(set)); err != nil { // a watcher that was just started
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(want, w.queue(w.desk())); d != "" {
		t.Error(d)
	}
}

func (w *ward) append(lines ...journal.Line) {
	w.t.Helper()
	if _, err := w.journal.Append(w.t.Context(), lines...); err != nil {
		w.t.Fatal(err)
	}
}
