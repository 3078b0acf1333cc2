package probe_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/probe"
)

// broken is one target, what is done to its server, and what was heard of it.
type broken struct {
	peer   *peer
	target probe.Target
	hurt   func(t *testing.T)
	heal   func(t *testing.T) // nil: it stays dead
	want   probe.State

	alarm, clear probe.Report
}

// TestInRealTime watches all servers as a house would, with nothing declared but where they are, breaks all at once, and says after how long who was told what. It takes about ten
// minutes, most of them to learn what is usual.
func TestInRealTime(t *testing.T) {
	if os.Getenv("WARDLINE_TRUST") == "" {
		t.Skip("it takes ten minutes: set WARDLINE_TRUST")
	}
	watched := map[string]*broken{}
	var list []probe.Target
	for name, start := range peers() {
		for how, b := range breakages(t, start) {
			b.target.Name, b.target.Component = name+", "+how, name
			watched[b.target.Name], list = b, append(list, b.target)
		}
	}
	var mu sync.Mutex
	var bad bool // guarded by mu: everything is broken now
	p, err := probe.New(probe.Config{Targets: list}, probe.Options{Hear: func(r probe.Report) {
		mu.Lock()
		defer mu.Unlock()
		b := watched[r.Target]
		switch {
		case bad && b.alarm.At.IsZero() && r.Standing.State == b.want:
			b.alarm = r
		case !bad && !b.alarm.At.IsZero() && b.clear.At.IsZero() && r.Standing.State == probe.Up:
			b.clear = r
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	defer func() { cancel(); <-done }()

	until(t, p, 10*time.Minute, "everything is up and its pace known", func(s probe.Status) bool { return s.State == probe.Up && s.Usual > 0 })
	for name, b := range watched {
		if said := b.peer.complaints(t); len(said) > b.peer.started {
			t.Errorf("%s complains of being probed: %q", name, said[b.peer.started:])
		}
	}
	began := all(t, watched, func(b *broken) func(*testing.T) { return b.hurt })
	mu.Lock()
	bad = true
	mu.Unlock()
	until(t, p, 5*time.Minute, "all is told of", func(s probe.Status) bool { return s.State == watched[s.Target.Name].want })
	mu.Lock()
	bad = false
	mu.Unlock()
	healed := all(t, watched, func(b *broken) func(*testing.T) { return b.heal })
	until(t, p, 5*time.Minute, "all but the dead are up again", func(s probe.Status) bool { return s.State == probe.Up || watched[s.Target.Name].heal == nil })

	mu.Lock()
	defer mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(watched)) {
		b := watched[name]
		cleared := "-"
		if b.heal != nil {
			cleared = b.clear.At.Sub(healed).Round(time.Second).String()
		}
		t.Logf("| %s | %s | %s | %s | %s |", name, b.alarm.Standing.State, b.alarm.Why, b.alarm.At.Add(b.alarm.Took).Sub(began).Round(time.Second), cleared)
	}
}

// all does something to all at once, and returns when.
func all(t *testing.T, watched map[string]*broken, what func(*broken) func(*testing.T)) time.Time {
	t.Helper()
	now := time.Now()
	for _, b := range watched {
		if do := what(b); do != nil {
			do(t)
		}
	}
	return now
}

// until waits until all targets are as they should be.
func until(t *testing.T, p *probe.Prober, most time.Duration, what string, fine func(probe.Status) bool) {
	t.Helper()
	for end := time.Now().Add(most); ; time.Sleep(time.Second) {
		missing := slices.DeleteFunc(p.Status(), fine)
		if len(missing) == 0 {
			return
		}
		if time.Now().After(end) {
			for _, s := range missing {
				t.Errorf("not so within %v, that %s: %s is %s: %s", most, what, s.Target.Name, s.State, s.Last.Why)
			}
			t.FailNow()
		}
	}
}

// breakages starts a server for each way to break it.
func breakages(t *testing.T, start func(*testing.T) *peer) map[string]*broken {
	t.Helper()
	list := map[string]*broken{"killed": {}, "frozen": {}, "slowed": {}, "blocked": {}}
	for how, b := range list {
		p := start(t)
		p.await(t)
		p.started = len(p.complaints(t))
		address := p.address
		signal := func(s os.Signal) func(*testing.T) {
			return func(t *testing.T) {
				if err := p.process.Signal(s); err != nil {
					t.Error(err)
				}
			}
		}
		b.peer, b.want = p, probe.Down
		switch how {
		case "killed":
			b.hurt = signal(syscall.SIGKILL)
		case "frozen":
			b.hurt, b.heal = signal(syscall.SIGSTOP), signal(syscall.SIGCONT)
		case "slowed":
			proxy, delay := slowed(t, p.network, p.address)
			address, b.want = proxy, probe.Slow
			b.hurt = func(*testing.T) { delay.Store(int64(900 * time.Millisecond)) }
			b.heal = func(*testing.T) { delay.Store(0) }
		case "blocked":
			var end func()
			b.hurt = func(t *testing.T) {
				if where, e := blocked(t, p.address); where != p.address {
					t.Error("iptables drops nothing here: this needs root")
				} else {
					end = e
				}
			}
			b.heal = func(*testing.T) { end() }
		}
		b.target = p.declared(t, p.asked[0], address)
	}
	return list
}
