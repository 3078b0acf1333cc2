package collecttest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/journal"
)

// Running is a source that runs as in a node, but for the journal.
type Running struct {
	*Memory
	Intake *collect.Intake

	t     testing.TB
	stop  context.CancelFunc
	ended chan error
	log   *capture
}

// Run starts a source with its part of the configuration, as YAML, until the test ends. Senders have no rate.
func Run(t testing.TB, k collect.Kind, config string, o collect.Options) *Running {
	t.Helper()
	log := &capture{added: make(chan struct{})}
	decode := func(into any) error {
		d := yaml.NewDecoder(bytes.NewReader([]byte(config)))
		d.KnownFields(true)
		return d.Decode(into)
	}
	s, err := k.New(decode, o, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	c := collect.DefaultConfig()
	c.Limit.Events, c.Limit.Bytes = 1e9, 1e12
	ctx, stop := context.WithCancel(context.Background())
	m := NewMemory()
	r := &Running{Memory: m, Intake: collect.NewIntake(m, c, time.Now, slog.New(log)), t: t, stop: stop, ended: make(chan error, 1), log: log}
	go func() { r.ended <- s.Run(ctx, r.Intake) }()
	t.Cleanup(r.Stop)
	return r
}

// Stop ends the source and waits for it.
func (r *Running) Stop() {
	r.stop()
	select {
	case err, running := <-r.ended:
		if running && !errors.Is(err, context.Canceled) {
			r.t.Errorf("the source ended with %v", err)
		}
		if running {
			close(r.ended)
		}
	case <-time.After(20 * time.Second):
		r.t.Error("the source does not end")
	}
}

// Addresses returns where it listens, in the order of the configuration as far as that is by kind.
func (r *Running) Addresses(n int) []string {
	r.t.Helper()
	late := time.After(20 * time.Second)
	for {
		r.log.mu.Lock()
		added, addresses := r.log.added, r.log.addresses
		r.log.mu.Unlock()
		if len(addresses) >= n {
			return addresses
		}
		select {
		case <-added:
		case err := <-r.ended:
			r.t.Fatalf("the source ended with %v", err)
		case <-late:
			r.t.Fatalf("it listens on %d addresses, not %d", len(addresses), n)
		}
	}
}

// Logged tells how often a message was logged.
func (r *Running) Logged(message string) int {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	return r.log.messages[message]
}

// Told is what was logged last with a message under a key.
func (r *Running) Told(message, key string) string {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	return r.log.told[message+" "+key]
}

// Received waits until sender has received n records, whatever became of them.
func (r *Running) Received(sender string, n int64) collect.Counts {
	r.t.Helper()
	late := time.Now().Add(20 * time.Second)
	for {
		for _, s := range r.Intake.Standings() {
			if s.Sender == sender && s.Received >= n && s.Waiting == 0 {
				return s.Counts
			}
		}
		if time.Now().After(late) {
			r.t.Fatalf("%s has not received %d records: %+v", sender, n, r.Intake.Standings())
		}
		time.Sleep(time.Millisecond)
	}
}

// Texts are the fields of the durable events.
func (r *Running) Texts(o collect.Options) []string {
	r.t.Helper()
	var list []string
	for _, ev := range r.Events(r.t, o.Taxonomy) {
		list = append(list, string(ev.Fields))
	}
	return list
}

// AwaitEvents waits for n durable events.
func (r *Running) AwaitEvents(n int) []journal.Line {
	r.t.Helper()
	return r.Await(r.t, journal.Events, n)
}

// capture is a log that remembers where was listened.
type capture struct {
	mu        sync.Mutex
	addresses []string
	messages  map[string]int
	told      map[string]string // what was said last, by message and key
	added     chan struct{}
}

func (c *capture) Enabled(context.Context, slog.Level) bool { return true }
func (c *capture) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *capture) WithGroup(string) slog.Handler            { return c }

func (c *capture) Handle(_ context.Context, r slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.messages == nil {
		c.messages, c.told = map[string]int{}, map[string]string{}
	}
	c.messages[r.Message]++
	r.Attrs(func(a slog.Attr) bool {
		c.told[r.Message+" "+a.Key] = a.Value.String()
		return true
	})
	if r.Message != "listening" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "address" {
			c.addresses = append(c.addresses, a.Value.String())
		}
		return true
	})
	close(c.added)
	c.added = make(chan struct{})
	return nil
}
