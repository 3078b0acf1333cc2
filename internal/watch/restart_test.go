package watch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/watch"
)

func hourly(c *watch.LiveConfig) { c.Checkpoint = time.Hour }

// What was judged before a restart is judged again by the entries alone: time that has passed meanwhile must not settle
// some of it in another order.
func TestTimeDecidesNothingAnew(t *testing.T) {
	w := newWard(t, sqlite(t))
	at, set := lately(), compile(t, rules, "")
	for n := range 6 {
		w.say(failed(at.Add(time.Duration(n)*40*time.Second), "bob"))
	}
	first := w.live(set, hourly)
	if err := first.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	size := w.journal.Size()
	step := func(l *watch.Live, n uint64) {
		t.Helper()
		e, err := w.journal.Entry(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Step(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for n := range size {
		step(first, n) // and is killed before it notes anything
	}
	again := w.live(set, hourly)
	if err := again.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := uint64(0); n < w.journal.Size(); n++ { // with what the first has filed, as far as it is durable
		step(again, n)
		if n < size-1 {
			if err := again.Tick(t.Context(), time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := again.Tick(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"Guessing DC-1 bob 6"}, w.queue(w.desk())); d != "" {
		t.Error(d)
	}
}

// A step that is stopped half way was not taken: its entry comes again.
func TestStoppedInTheMiddleOfAStep(t *testing.T) {
	w := newWard(t, sqlite(t))
	set := compile(t, rules, "")
	w.say(deleted(lately(), "WS-1"))
	l := w.live(set)
	ctx, cancel := context.WithCancel(t.Context())
	l.FailAt(func(step string) error {
		if step != "judged" {
			return nil
		}
		cancel()
		return ctx.Err()
	})
	if err := l.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := w.follow(w.live(set)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"Backup deleted WS-1 ada 1"}, w.queue(w.desk())); d != "" {
		t.Error(d)
	}
}

// What a flood held back is remembered.
func TestFloodOutlastsRestart(t *testing.T) {
	w := newWard(t, sqlite(t))
	set := compile(t, rules, "")
	few := func(c *watch.LiveConfig) { c.Flood = 2 }
	for range 3 {
		for n := range 5 {
			w.say(deleted(lately(), fmt.Sprint("WS-", n)))
		}
		if err := w.follow(w.live(set, few)); err != nil {
			t.Fatal(err)
		}
	}
	l := w.live(set, few)
	if err := w.during(l, func(func() bool) {
		until(t, "it to begin", func() bool { return l.State().Watching })
		if err := l.Tick(t.Context(), time.Now().Add(2*time.Minute)); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	events := 0
	items := w.items(w.desk())
	for _, i := range items {
		events += i.Count
	}
	if len(items) != 3 || events != 15 {
		t.Errorf("%d findings of %d events, want 3 of 15", len(items), events)
	}
}

func TestWhatIsTooDear(t *testing.T) {
	for _, c := range []struct {
		first, second time.Duration
		events        int64
		want          []int
	}{
		{4 * time.Second, time.Second, 1000, []int{0}},
		{2900 * time.Millisecond, 3100 * time.Millisecond, 1000, []int{1}}, // 5 % of a minute is 3 s
		{4 * time.Second, 5 * time.Second, 450_000, []int{1}},              // below 10 µs for each event all is well
		{40 * time.Second, 40 * time.Second, 0, nil},
	} {
		if got := watch.TooDear(c.first, c.second, c.events); !cmp.Equal(c.want, got) {
			t.Errorf("%v and %v for %d events: %v, want %v", c.first, c.second, c.events, got, c.want)
		}
	}
}
