package probe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/continuity/probe"
)

// targets are n servers.
func targets(n int, more string) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for i := range n {
		fmt.Fprintf(&b, "- {name: s%d, kind: tcp, address: 's%d.example:104'%s}\n", i, i, more)
	}
	return b.String()
}

// prober is one that asks by a function of the test.
func prober(t *testing.T, text string, o probe.Options, ask func(context.Context, probe.Target, func(string) bool) probe.Result) *probe.Prober {
	t.Helper()
	c, err := probe.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := probe.New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	p.AskBy(ask)
	return p
}

// run runs a prober for a while, and waits for its end.
func run(t *testing.T, p *probe.Prober, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := p.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// Each is asked about as often as it wants, never twice at once, and not more at once than allowed.
func TestProberKeepsToItsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked, busy, first := map[string]int{}, map[string]bool{}, map[time.Time]bool{}
		var most int
		p := prober(t, targets(50, "")+"at_once: 4\n", probe.Options{}, func(_ context.Context, declared probe.Target, _ func(string) bool) probe.Result {
			r := probe.Result{Target: declared.Name, At: time.Now(), Took: time.Second, State: probe.Up}
			mu.Lock()
			if busy[declared.Name] {
				t.Errorf("%s is asked twice at once", declared.Name)
			}
			if asked[declared.Name]++; asked[declared.Name] == 1 {
				first[r.At] = true
			}
			busy[declared.Name] = true
			most = max(most, len(busy))
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			delete(busy, declared.Name)
			mu.Unlock()
			return r
		})
		run(t, p, time.Hour)
		if most != 4 || len(asked) != 50 || len(first) < 20 {
			t.Errorf("%d at once, %d targets, begun at %d times", most, len(asked), len(first))
		}
		for name, n := range asked {
			if n < 100 || n > 126 { // in turns of 28.5 to 31.5 s
				t.Errorf("%s was asked %d times in an hour", name, n)
			}
		}
	})
}

// A server that stops is told of after 90 s, as quickly when it is asked seldom, and it is clear again with the second answer.
func TestProberAlarms(t *testing.T) {
	for _, every := range []string{"10s", "30s", "10m"} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			down := func(at time.Time) bool { return at.Sub(begin) >= time.Hour && at.Sub(begin) < 2*time.Hour }
			var changes []probe.Report
			var firstFailure time.Time
			p := prober(t, targets(1, ", every: "+every), probe.Options{Hear: func(r probe.Report) {
				if r.Result.State == probe.Down && firstFailure.IsZero() {
					firstFailure = r.At
				}
				if r.Changed() {
					changes = append(changes, r)
				}
			}}, func(_ context.Context, declared probe.Target, _ func(string) bool) probe.Result {
				r := probe.Result{Target: declared.Name, At: time.Now(), State: probe.Up}
				if down(r.At) {
					r.State, r.Why = probe.Down, "connection refused"
				}
				return r
			})
			run(t, p, 3*time.Hour)
			if len(changes) != 3 {
				t.Fatalf("every %s: %d changes", every, len(changes))
			}
			up, alarm, clear := changes[0], changes[1], changes[2]
			if up.Standing.State != probe.Up || alarm.Standing.State != probe.Down || alarm.Before.State != probe.Up || alarm.Why != "connection refused" || clear.Standing.State != probe.Up {
				t.Errorf("every %s: %+v", every, changes)
			}
			if after := alarm.At.Sub(firstFailure); after > 92*time.Second || after < 58*time.Second {
				t.Errorf("every %s: the alarm came %v after the first failure", every, after)
			}
			if after := clear.At.Sub(begin) - 2*time.Hour; after > 65*time.Second {
				t.Errorf("every %s: it was clear %v after it was well", every, after)
			}
			if s := p.Status(); len(s) != 1 || s[0].State != probe.Up || s[0].Last.Target != "s0" || s[0].Failures != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A library that panics costs one attempt, and what it panicked over is not written down.
func TestProberOutlivesPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var heard []probe.Report
		p := prober(t, targets(1, ""), probe.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Hear: func(r probe.Report) { heard = append(heard, r) }},
			func(context.Context, probe.Target, func(string) bool) probe.Result { panic(errors.New("DOE^JANE")) })
		if s := p.Status(); s[0].State != probe.Unasked || !s[0].Last.At.IsZero() {
			t.Errorf("%+v", s)
		}
		run(t, p, 5*time.Minute)
		if len(heard) < 9 || heard[0].Result.State != probe.Unasked || heard[0].Cause != probe.Own || heard[8].Standing.State != probe.Unasked {
			t.Fatalf("%d heard: %+v", len(heard), heard)
		}
		if strings.Contains(log.String(), "DOE") || !strings.Contains(log.String(), "a probe broke") || !strings.Contains(log.String(), "prober_test.go") {
			t.Error(log.String())
		}
	})
}

// Who is cut off by the end tells nothing.
func TestProberEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := prober(t, targets(40, ""), probe.Options{Hear: func(r probe.Report) { t.Errorf("%+v", r) }}, func(ctx context.Context, declared probe.Target, _ func(string) bool) probe.Result {
			<-ctx.Done()
			return probe.Result{Target: declared.Name, At: time.Now(), State: probe.Down}
		})
		run(t, p, time.Minute)
	})
}

// A declaration that cannot be meant makes no prober, whoever made it.
func TestNewChecks(t *testing.T) {
	if _, err := probe.New(probe.Config{Targets: []probe.Target{{Name: "CT1", Kind: probe.DICOM, Address: "ct1.example:104", CalledAE: "CT1", Device: "modality"}}}, probe.Options{}); err == nil || !strings.Contains(err.Error(), "never probes modalities") {
		t.Error(err)
	}
}
