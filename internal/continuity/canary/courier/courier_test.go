package courier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/continuity/canary"
	"github.com/wardline/wardline/internal/continuity/canary/courier"
)

// node is one that answers as it is told, and notes what it was sent.
type node struct {
	*httptest.Server

	mu     sync.Mutex
	answer func(n int) int // the status of the n-th request, from 1; 0 breaks the connection
	got    []request
	more   chan struct{} // one for each request
}

type request struct{ key, token, body string }

func newNode(t *testing.T, answer func(n int) int) *node {
	n := &node{answer: answer, more: make(chan struct{}, 1000)}
	n.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		n.mu.Lock()
		n.got = append(n.got, request{r.Header.Get("Idempotency-Key"), r.Header.Get("Authorization"), string(body)})
		status := n.answer(len(n.got))
		n.mu.Unlock()
		defer func() { n.more <- struct{}{} }()
		if status == 0 {
			panic(http.ErrAbortHandler) // the courier cannot know whether it was taken
		}
		w.WriteHeader(status)
	}))
	n.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(n.Close)
	return n
}

// wait returns what was sent once so many requests were answered.
func (n *node) wait(t *testing.T, requests int) []request {
	t.Helper()
	for range requests {
		select {
		case <-n.more:
		case <-time.After(30 * time.Second):
			t.Fatal("no further request comes")
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.got)
}

func config(t *testing.T, n *node) courier.Config {
	t.Helper()
	dir := t.TempDir()
	c := courier.Config{Node: n.URL + "/events", Token: filepath.Join(dir, "token"), CA: filepath.Join(dir, "ca.pem"), Spool: filepath.Join(dir, "spool")}
	write(t, c.Token, "wl_secret\n")
	write(t, c.CA, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.Certificate().Raw})))
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, c courier.Config) *courier.Courier {
	t.Helper()
	post, err := courier.New(c, "fs1", slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return post
}

// run sends until the test ends, or until stop is called.
func run(t *testing.T, post *courier.Courier) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- post.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func trip(id string) canary.Report {
	return canary.Report{Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Type: canary.TripType, Canary: id, Kind: canary.File, Act: canary.Renamed}
}

// ids lists the canaries that lines are about, and "beat" for a heartbeat.
func ids(t *testing.T, body string) (out []string) {
	t.Helper()
	for line := range strings.Lines(body) {
		var r canary.Report
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Product != "wardline" || r.Service != "canary" || r.Watcher != "fs1" || r.ID == "" {
			t.Fatalf("sent: %s: %v", line, err)
		}
		if r.Type == canary.HeartbeatType {
			r.Canary = "beat"
		}
		out = append(out, r.Canary)
	}
	return out
}

// settled waits until nothing waits to be sent.
func settled(post *courier.Courier) {
	for post.Waiting() > 0 {
		time.Sleep(5 * time.Millisecond)
	}
}

func TestReportsAreSent(t *testing.T) {
	n := newNode(t, func(int) int { return http.StatusOK })
	c := config(t, n)
	post := open(t, c)
	run(t, post)
	post.Put(trip("a"))
	got := n.wait(t, 1)
	if got[0].token != "Bearer wl_secret" || !slices.Equal(ids(t, got[0].body), []string{"a"}) {
		t.Errorf("sent: %+v", got)
	}
	settled(post)
	left, err := os.ReadDir(c.Spool)
	if err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// A report outlives the process from the moment on when Put returns, and a request that is repeated is the same.
func TestNothingIsLostAndNothingIsTwoThings(t *testing.T) {
	n := newNode(t, func(i int) int {
		if i <= 2 {
			return 0
		}
		return http.StatusOK
	})
	c := config(t, n)
	post := open(t, c) // never run: as if the machine stopped
	post.Put(trip("a"))
	post.Put(trip("b"))
	again := open(t, c)
	if again.Waiting() != 2 {
		t.Fatalf("%d wait after a restart", again.Waiting())
	}
	stop := run(t, again)
	n.wait(t, 1)
	stop()
	last := open(t, c)
	run(t, last)
	last.Put(trip("c"))
	settled(last)
	n.mu.Lock()
	defer n.mu.Unlock()
	bodies := map[string]string{}
	var taken []string
	for i, r := range n.got {
		if before, ok := bodies[r.key]; ok && before != r.body {
			t.Errorf("two bodies under one key")
		}
		bodies[r.key] = r.body
		if strings.Contains(r.body, `"canary":"a"`) && r.key != n.got[0].key {
			t.Errorf("one body under two keys")
		}
		if i >= 2 {
			taken = append(taken, ids(t, r.body)...)
		}
	}
	slices.Sort(taken)
	if !slices.Equal(taken, []string{"a", "b", "c"}) {
		t.Errorf("taken: %v", taken)
	}
}

// A report that comes while an earlier one is on its way is not taken for sent with it.
func TestWhatComesMeanwhileIsSentAsWell(t *testing.T) {
	var post *courier.Courier
	n := newNode(t, func(i int) int {
		if i == 1 {
			post.Put(trip("b"))
		}
		return http.StatusOK
	})
	post = open(t, config(t, n))
	post.Put(trip("a"))
	run(t, post)
	if got := n.wait(t, 2); !slices.Equal(ids(t, got[0].body), []string{"a"}) || !slices.Equal(ids(t, got[1].body), []string{"b"}) {
		t.Errorf("sent: %+v", got)
	}
}

func TestHalfALineIsNoReport(t *testing.T) {
	n := newNode(t, func(int) int { return http.StatusOK })
	c := config(t, n)
	open(t, c).Put(trip("a"))
	files, err := filepath.Glob(filepath.Join(c.Spool, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, files[0], string(text)+`{"time":"2026-`)
	write(t, filepath.Join(c.Spool, "000000000009-X.jsonl"), `{"ti`)
	write(t, filepath.Join(c.Spool, "notes.txt"), "somebody's")
	post := open(t, c)
	run(t, post)
	if got := n.wait(t, 1); !slices.Equal(ids(t, got[0].body), []string{"a"}) {
		t.Errorf("sent: %+v", got)
	}
	post.Put(trip("b"))
	if got := n.wait(t, 1); !slices.Equal(ids(t, got[1].body), []string{"b"}) {
		t.Errorf("sent: %+v", got)
	}
}

func TestANodeThatSaysNoIsAskedAgainOrNot(t *testing.T) {
	for _, tt := range []struct {
		status, requests int
		aside            int // files
	}{{http.StatusServiceUnavailable, 2, 0}, {http.StatusUnauthorized, 2, 0}, {http.StatusTooManyRequests, 2, 0}, {http.StatusFound, 2, 0}, {http.StatusBadRequest, 1, 1}} {
		n := newNode(t, func(i int) int {
			if i == 1 {
				return tt.status
			}
			return http.StatusOK
		})
		c := config(t, n)
		post := open(t, c)
		post.Put(trip("a"))
		stop := run(t, post)
		n.wait(t, tt.requests)
		settled(post)
		stop()
		aside, err := filepath.Glob(filepath.Join(c.Spool, "*.refused"))
		if err != nil || len(aside) != tt.aside {
			t.Errorf("%d: %d put aside, %v", tt.status, len(aside), err)
		}
	}
}

func TestWhatThereIsNoRoomForIsCounted(t *testing.T) {
	n := newNode(t, func(int) int { return http.StatusOK })
	c := config(t, n)
	c.SpoolBytes = 64 << 10
	post := open(t, c)
	put := 0
	for post.Waiting() == put {
		post.Put(trip("a"))
		put++
	}
	used := int64(0)
	files, err := os.ReadDir(c.Spool)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		used += info.Size()
	}
	if used > c.SpoolBytes {
		t.Errorf("%d bytes lie there", used)
	}
	run(t, post)
	settled(post)
	post.Beat(canary.Health{})
	for got := n.wait(t, 1); !strings.Contains(got[len(got)-1].body, canary.HeartbeatType); got = n.wait(t, 1) {
		if bytes.Count([]byte(got[len(got)-1].body), []byte("\n")) == 0 {
			t.Fatal("an empty request")
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var r canary.Report
	if err := json.Unmarshal([]byte(n.got[len(n.got)-1].body), &r); err != nil || r.Health.Dropped != 1 {
		t.Errorf("%+v, %v", r.Health, err)
	}
}

func TestHeartbeatsAreNotKept(t *testing.T) {
	n := newNode(t, func(int) int { return http.StatusServiceUnavailable })
	c := config(t, n)
	post := open(t, c)
	for range 10 {
		post.Beat(canary.Health{}) // nobody sends
	}
	stop := run(t, post)
	n.wait(t, 1)
	stop()
	left, err := os.ReadDir(c.Spool)
	if err != nil || len(left) != 0 || post.Waiting() != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

func TestWhatWaitsIsSentAtTheEnd(t *testing.T) {
	n := newNode(t, func(i int) int { return []int{http.StatusOK, http.StatusServiceUnavailable}[i-1] })
	c := config(t, n)
	post := open(t, c)
	post.Put(trip("a"))
	if err := post.Close(t.Context()); err != nil || post.Waiting() != 0 {
		t.Errorf("%v, %d wait", err, post.Waiting())
	}
	post = open(t, c)
	post.Put(trip("b"))
	if err := post.Close(t.Context()); err == nil || open(t, c).Waiting() != 1 {
		t.Errorf("what the node did not take is gone: %v", err)
	}
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	good := courier.Config{Node: "https://wardline.example:8088/events", Token: "t", Spool: "/var/spool/x"}
	for name, spoil := range map[string]func(*courier.Config){
		"no node":  func(c *courier.Config) { c.Node = "" },
		"in clear": func(c *courier.Config) { c.Node = "http://10.1.2.3:8088/events" },
		"scheme":   func(c *courier.Config) { c.Node = "ftp://10.1.2.3/" },
		"no token": func(c *courier.Config) { c.Token = "" },
		"spool":    func(c *courier.Config) { c.Spool = "x" },
		"small":    func(c *courier.Config) { c.SpoolBytes = 1 },
	} {
		c := good
		spoil(&c)
		if c.Check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	good.Node = "http://127.0.0.1:8088/events"
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}
