package hush_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/hush"
)

// rack is machines that send logs.
type rack struct {
	*testing.T
	watch *hush.Watch
	now   time.Time
	told  []string
}

func newRack(t *testing.T) *rack {
	return &rack{T: t, watch: hush.New(), now: time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC)}
}

// run has ten servers say something each five minutes, and twenty workstations by day; which tells who speaks.
func (r *rack) run(long time.Duration, which func(name string) bool) {
	for end := r.now.Add(long); r.now.Before(end); r.now = r.now.Add(5 * time.Minute) {
		for n := range 10 {
			if name := fmt.Sprint("srv", n); which(name) {
				r.watch.Heard(name, []string{"relay", "agent"}[n%2], r.now)
			}
		}
		for n := range 20 {
			if name := fmt.Sprint("pc", n); which(name) && r.now.Hour() >= 7 && r.now.Hour() < 18 {
				r.watch.Heard(name, "agent", r.now)
			}
		}
		for _, h := range r.watch.Tick(r.now) {
			if h.Ended {
				r.told = append(r.told, "over")
				continue
			}
			r.told = append(r.told, fmt.Sprint(h.Count, " through ", h.Source, ": ", strings.Join(h.Machines, " ")))
		}
	}
}

func (r *rack) wants(what string, says ...string) {
	r.Helper()
	if got := strings.Join(r.told, "; "); got != strings.Join(says, "; ") {
		r.Errorf("%s: told %q, want %q", what, got, says)
	}
	r.told = nil
}

func everybody(string) bool { return true }

func but(silent ...string) func(string) bool {
	return func(name string) bool {
		for _, s := range silent {
			if name == s {
				return false
			}
		}
		return true
	}
}

// Servers that stop together are told once, and when they are back; that workstations stop each evening is not.
func TestServersThatStopTogether(t *testing.T) {
	r := newRack(t)
	r.run(9*24*time.Hour, everybody)
	r.wants("nine days as usual")
	r.run(3*time.Hour, but("srv0", "srv1", "srv2", "srv3", "srv4"))
	r.wants("five stop", "5 through : srv0 srv1 srv2 srv3 srv4")
	r.run(time.Hour, everybody)
	r.wants("they are back", "over")
}

// Four can be chance, and so can five that stop over an hour.
func TestTooFewOrTooFarApart(t *testing.T) {
	r := newRack(t)
	r.run(9*24*time.Hour, everybody)
	r.run(3*time.Hour, but("srv0", "srv1", "srv2", "srv3"))
	r.wants("four stop")
	r.run(time.Hour, everybody)
	var gone []string
	for n := range 10 {
		gone = append(gone, fmt.Sprint("srv", n))
		r.run(15*time.Minute, but(gone...))
	}
	r.wants("one each quarter of an hour")
}

// When all that come through one relay stop, and no other does, it may be the relay.
func TestARelayThatStops(t *testing.T) {
	r := newRack(t)
	r.run(9*24*time.Hour, everybody)
	r.run(time.Hour, but("srv0", "srv2", "srv4", "srv6", "srv8"))
	r.wants("all behind the relay", "5 through relay: srv0 srv2 srv4 srv6 srv8")
}

// Nobody is quiet while nobody listens, and machines that are new, or that pause for hours now and then, are not missed.
func TestWhoIsNotMissed(t *testing.T) {
	r := newRack(t)
	r.run(6*24*time.Hour, everybody)
	r.run(3*time.Hour, func(string) bool { return false })
	r.wants("known for six days")

	r = newRack(t)
	r.run(9*24*time.Hour, everybody)
	r.now = r.now.Add(6 * time.Hour)
	r.watch.Deaf(r.now)
	r.run(time.Hour, everybody)
	r.wants("after hours in which nobody listened")

	r = newRack(t)
	r.run(5*24*time.Hour, everybody)
	r.run(90*time.Minute, func(string) bool { return false })
	r.run(4*24*time.Hour, everybody)
	r.told = nil
	r.run(3*time.Hour, func(string) bool { return false })
	r.wants("a pause of an hour and a half was seen")
}

// Who is gone for a day is learned anew, and what is known survives a restart.
func TestItIsRemembered(t *testing.T) {
	r := newRack(t)
	r.run(9*24*time.Hour, everybody)
	r.run(10*time.Minute, but("srv0", "srv1", "srv2", "srv3", "srv4"))
	var err error
	if r.watch, err = hush.Decode(r.watch.Encode()); err != nil {
		t.Fatal(err)
	}
	r.run(time.Hour, but("srv0", "srv1", "srv2", "srv3", "srv4"))
	r.wants("after a restart", "5 through : srv0 srv1 srv2 srv3 srv4")
	if r.watch, err = hush.Decode(r.watch.Encode()); err != nil {
		t.Fatal(err)
	}
	r.run(26*time.Hour, but("srv0", "srv1", "srv2", "srv3", "srv4"))
	r.wants("they never come back", "over")
	for _, damaged := range []string{"", "{", `{"Machines":[]}`} {
		if _, err := hush.Decode([]byte(damaged)); err == nil {
			t.Errorf("%q is taken", damaged)
		}
	}
}

// What a watch knows is bounded, and an event costs little.
func TestBounds(t *testing.T) {
	w := hush.New()
	for n := range 20_010 {
		w.Heard(fmt.Sprint("m", n), "relay", time.Unix(0, 0))
	}
	w.Heard(strings.Repeat("m", 200), "relay", time.Unix(0, 0))
	if w.Crowded != 10 {
		t.Errorf("%d had no room", w.Crowded)
	}
}

func BenchmarkHeard(b *testing.B) {
	w := hush.New()
	names := make([]string, 1000)
	for n := range names {
		names[n] = fmt.Sprint("srv", n)
	}
	at := time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC)
	for i := 0; b.Loop(); i++ {
		w.Heard(names[i%1000], "relay", at.Add(time.Duration(i)*time.Millisecond))
	}
}
