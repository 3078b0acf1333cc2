package correlate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/event"
)

// received is a failed login that a node received some seconds after the start. happened is what its sender says, -1 for nothing.
func (n *night) received(t *testing.T, observed, happened int, user string) {
	t.Helper()
	ev := &event.Event{Class: &event.Class{}, Observed: after(observed), Record: int64(observed)}
	ev.Fields = []byte(`{"TargetUserName":"` + user + `"}`)
	if happened >= 0 {
		ev.Time = after(happened)
	}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	n.state.Add(n.plan.Observe(0, ev), n.note)
}

func after(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func live() correlate.Config {
	return correlate.Config{Lateness: 60 * time.Second, Pending: 100, Groups: 100, Window: 100}
}

// A stream that becomes quiet brings nothing that would settle what waits: the time that has passed does.
func TestQuietStreamIsSettled(t *testing.T) {
	n := newNight(t, guessing, live())
	for _, second := range []int{0, 1, 2, 40} {
		n.received(t, second, second, "nurse.adams")
	}
	n.received(t, 50, 3, "nurse.baker") // came late, but is the next in order
	if _, due := n.state.Due(after(0)); due || len(n.fired) > 0 {
		t.Fatalf("nothing is due yet, fired %v", n.fired)
	}
	until, due := n.state.Due(after(3))
	if !due || !until.Equal(after(2)) {
		t.Fatalf("due until %v, %v", until, due)
	}
	n.state.Settle(until, n.note)
	if n.state.Waiting() != 2 || len(n.fired) != 1 {
		t.Errorf("%d wait, fired %v", n.state.Waiting(), n.fired)
	}
	// What was received long ago is settled in the order in which it happened.
	until, _ = n.state.Due(after(41))
	n.state.Settle(until, n.note)
	if n.state.Waiting() != 0 || n.state.Late != 0 {
		t.Errorf("%d wait, %d were late", n.state.Waiting(), n.state.Late)
	}
	n.want(t, "Guessing began: nurse.adams 0,1,2", "Guessing goes on: nurse.adams 40")
}

// A clock that is ahead must not end the windows of what comes after it.
func TestClockAheadBlindsNobody(t *testing.T) {
	const year = 365 * 24 * 3600
	n := newNight(t, guessing, live())
	n.received(t, 0, year, "nurse.adams")
	n.received(t, 1, 1, "nurse.adams")
	n.received(t, 2, -1, "nurse.adams") // says no time: it counts as happened when it came
	n.received(t, 3, 3+200, "nurse.adams")
	n.want(t, "Guessing began: nurse.adams 0,1,2") // a few minutes ahead are believed
}

// Groups of which nothing more can come in time are forgotten, so that a state does not grow for ever.
func TestGroupsAreForgottenInTime(t *testing.T) {
	n := newNight(t, guessing, correlate.Config{Lateness: time.Second, Pending: 100, Groups: 100_000, Window: 100})
	for second := range 3 * 4096 {
		n.received(t, second, second, fmt.Sprint("user", second))
	}
	if got := n.state.Remembered(); got > 4096+200 {
		t.Errorf("%d groups are remembered", got)
	}
	if n.state.Evicted != 0 {
		t.Errorf("%d evicted for want of room", n.state.Evicted)
	}
}
