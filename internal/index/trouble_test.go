package index_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/index"
)

// An orderly end writes everything to the disk: nothing is read again.
func TestOrderlyEndReplaysNothing(t *testing.T) {
	l := newLog()
	l.fill(20, 50)
	cfg := config(t)
	x := run(t, cfg, l)
	x.through(l)
	x.stop()
	l.fill(1, 10)
	x = run(t, cfg, l)
	if got := x.Through(); got != 20 {
		t.Errorf("through %d before anything runs, want 20", got)
	}
	x.through(l)
	if diff := cmp.Diff(x.everything(), l.places()); diff != "" {
		t.Errorf("holds, wanted:\n%s", diff)
	}
	if diff := cmp.Diff(x.Counts(), index.Counts{Rows: 10}); diff != "" {
		t.Errorf("counts, wanted:\n%s", diff)
	}
}

// The process drops rows that it thinks are too wide, and prints them. The index counts them, and keeps no word of them.
func TestDroppedRowsAreCountedAndNotLogged(t *testing.T) {
	t.Setenv(flagVariable, "insert.maxFieldsPerLine=10")
	l := newLog()
	l.add(record{time: noon, fields: `{"a":1}`},
		record{time: noon, fields: `{"who":"Zappelphilipp","b":2,"c":3,"d":4,"e":5,"f":6}`},
		record{time: noon, fields: `{"who":"Zappelphilipp","b":2,"c":3,"d":4,"e":5,"f":6}`})
	var log safeBuffer
	x := runLogging(t, config(t), l.follow, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	x.through(l)
	until(t, "the books", func() bool { return x.Counts().Dropped > 0 })
	if diff := cmp.Diff(x.Counts(), index.Counts{Rows: 3, Dropped: 2}); diff != "" {
		t.Errorf("counts, wanted:\n%s", diff)
	}
	_, err := x.Search(context.Background(), index.Query{Expert: `who:Zappelphilipp "`}, func(index.Hit) error { return nil })
	if !errors.Is(err, index.ErrQuery) {
		t.Errorf("a filter that is none: %v", err)
	}
	x.stop()
	if !strings.Contains(log.String(), "code=!victoria!logs") {
		t.Errorf("the log does not say where the process complained:\n%s", log.String())
	}
	if strings.Contains(log.String(), "appel") {
		t.Errorf("the log says who the patient is:\n%s", log.String())
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// The process cannot open a damaged folder. After some tries the index is built anew by itself.
func TestDamagedIndexIsBuiltAnew(t *testing.T) {
	l := night()
	cfg := config(t)
	x := run(t, cfg, l)
	x.through(l)
	x.stop()
	parts, err := filepath.Glob(filepath.Join(cfg.Dir, "data", "partitions", "*", "datadb", "*", "metadata.json"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("no parts on the disk: %v", err)
	}
	if err := os.Truncate(parts[0], 0); err != nil {
		t.Fatal(err)
	}
	x = run(t, cfg, l)
	until(t, "a rebuild", func() bool { return x.Counts().Rebuilds > 0 })
	until(t, "the index", func() bool { return x.Healthy() == nil && x.Through() == l.size() })
	if diff := cmp.Diff(x.everything(), l.places()); diff != "" {
		t.Errorf("holds, wanted:\n%s", diff)
	}
}

// While the disk is full the index waits, says so, and still answers. With room again it goes on, without a row lost
// or doubled.
func TestFullDiskIsWaitedOut(t *testing.T) {
	l := night()
	cfg := config(t)
	cfg.MinFree = 1 << 60
	x := run(t, cfg, l)
	until(t, "the complaint", func() bool { return errors.Is(x.Healthy(), index.ErrFull) })
	if got := x.everything(); len(got) > 0 {
		t.Errorf("holds %v", got)
	}
	x.stop()
	cfg.MinFree = 1 << 20
	x = run(t, cfg, l)
	x.through(l)
	if diff := cmp.Diff(x.everything(), l.places()); diff != "" {
		t.Errorf("holds, wanted:\n%s", diff)
	}
	if err := x.Healthy(); err != nil {
		t.Errorf("not healthy: %v", err)
	}
}

// One caller has two questions answered at a time. A third waits, another caller's does not.
func TestCallersWaitForEachOther(t *testing.T) {
	l := night()
	x := run(t, config(t), l)
	x.through(l)
	hold, asked := make(chan struct{}), make(chan struct{}, 2)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			_, err := x.Search(context.Background(), index.Query{By: "ana", Limit: 1}, func(index.Hit) error {
				asked <- struct{}{}
				<-hold
				return nil
			})
			if err != nil {
				t.Errorf("Search: %v", err)
			}
		})
	}
	<-asked
	<-asked
	if _, _, _, err := x.Count(context.Background(), index.Query{By: "ben"}); err != nil {
		t.Errorf("another caller: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, _, _, err := x.Count(ctx, index.Query{By: "ana"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third question: %v, want it to wait", err)
	}
	close(hold)
	wg.Wait()
	if _, _, _, err := x.Count(context.Background(), index.Query{By: "ana"}); err != nil {
		t.Errorf("after the others: %v", err)
	}
}

// A question that takes too long is stopped, and says so.
func TestSlowQuestionIsStopped(t *testing.T) {
	l := night()
	cfg := config(t)
	cfg.QueryTime = time.Nanosecond
	x := run(t, cfg, l)
	x.through(l)
	if _, err := x.Search(context.Background(), index.Query{}, func(index.Hit) error { return nil }); !errors.Is(err, index.ErrSlow) {
		t.Errorf("Search: %v", err)
	}
	if _, _, _, err := x.Count(context.Background(), index.Query{}); !errors.Is(err, index.ErrSlow) {
		t.Errorf("Count: %v", err)
	}
	if _, err := x.Names(context.Background(), index.Query{}); !errors.Is(err, index.ErrSlow) {
		t.Errorf("Names: %v", err)
	}
}

func TestSearchEndsWithItsCaller(t *testing.T) {
	l := night()
	x := run(t, config(t), l)
	x.through(l)
	enough := errors.New("enough")
	seen := 0
	_, err := x.Search(context.Background(), index.Query{}, func(index.Hit) error { seen++; return enough })
	if !errors.Is(err, enough) || seen != 1 {
		t.Errorf("%d hits, %v", seen, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err = x.Search(ctx, index.Query{}, func(index.Hit) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Search: %v", err)
	}
}

func TestNothingAnswersBeforeRun(t *testing.T) {
	x, err := index.Open(config(t), quiet())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Search(context.Background(), index.Query{}, func(index.Hit) error { return nil }); !errors.Is(err, index.ErrDown) {
		t.Errorf("Search: %v", err)
	}
	if err := x.Healthy(); !errors.Is(err, index.ErrDown) {
		t.Errorf("Healthy: %v", err)
	}
	if err := x.Drop(context.Background()); err != nil {
		t.Errorf("Drop: %v", err)
	}
}

// A follower that fails ends the run of a process; the next begins where the index is.
func TestFailedFollowerIsTriedAgain(t *testing.T) {
	l := night()
	tries := 0
	follow := func(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
		if tries++; tries == 1 {
			return errors.New("the journal is busy")
		}
		return l.follow(ctx, from, handle)
	}
	x := runOn(t, config(t), follow)
	x.through(l)
	if diff := cmp.Diff(x.everything(), l.places()); diff != "" {
		t.Errorf("holds, wanted:\n%s", diff)
	}
}

// The same index over HTTP at another machine: here a process of its own behind a proxy that wants a password.
func TestCluster(t *testing.T) {
	far := config(t)
	idle := newLog()
	y := run(t, far, idle) // plays the cluster: a process that nobody else feeds
	until(t, "the cluster", func() bool { return y.Healthy() == nil })
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "index"})
	proxy.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		sockets, err := filepath.Glob(filepath.Join(far.Dir, "socket-*"))
		if err != nil || len(sockets) != 1 {
			return nil, errors.New("not one socket")
		}
		var d net.Dialer
		return d.DialContext(ctx, "unix", sockets[0])
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()

	cfg := config(t)
	cfg.URL = server.URL
	cfg.Authorization = filepath.Join(t.TempDir(), "authorization")
	if err := os.WriteFile(cfg.Authorization, []byte("Bearer s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := night()
	x := run(t, cfg, l)
	x.through(l)
	if diff := cmp.Diff(x.everything(), l.places()); diff != "" {
		t.Errorf("holds, wanted:\n%s", diff)
	}
	if err := x.Drop(context.Background()); !errors.Is(err, index.ErrCluster) {
		t.Errorf("Drop: %v", err)
	}
	if pid := searchProcess(t, cfg.Dir); pid != 0 {
		t.Errorf("a process was started")
	}
	x.stop()

	// When it is not known how far the index came, what the cluster has is not sent again.
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	x = run(t, cfg, l)
	x.through(l)
	if diff := cmp.Diff(x.everything(), l.places()); diff != "" {
		t.Errorf("after a replay holds, wanted:\n%s", diff)
	}
	if got := x.Counts(); got.Rows != 0 || got.Known != 4 {
		t.Errorf("counts %+v, want 4 known", got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*index.Config){
		"no folder":             func(c *index.Config) { c.Dir = "" },
		"little memory":         func(c *index.Config) { c.Memory = 1 },
		"a short flush":         func(c *index.Config) { c.FlushInterval = time.Millisecond },
		"no past":               func(c *index.Config) { c.Past = 0 },
		"a URL without a host":  func(c *index.Config) { c.URL = "victoria:9428" },
		"a URL with a password": func(c *index.Config) { c.URL = "https://me:secret@victoria:9428" },
		"a lost authorization":  func(c *index.Config) { c.URL, c.Authorization = "https://victoria:9428", "/nonexistent" },
	} {
		cfg := config(t)
		spoil(&cfg)
		_, err := index.Open(cfg, quiet())
		if err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error says the password", name)
		}
	}
}

func TestCounting(t *testing.T) {
	l := newLog()
	for i := range 10 {
		l.add(record{time: noon.Add(time.Duration(i) * time.Minute), fields: fmt.Sprintf(`{"user":"u%d","all":"x","n":%d}`, i%3, i)},
			record{time: noon.Add(time.Hour), source: "other", fields: `{"door":["A","B"]}`})
	}
	x := run(t, config(t), l)
	x.through(l)
	ctx := context.Background()
	user := index.Query{Fields: []index.Field{{Name: "user", Op: index.Exists}}}
	n, first, last, err := x.Count(ctx, user)
	if err != nil || n != 10 || !first.Equal(noon) || !last.Equal(noon.Add(9*time.Minute)) {
		t.Errorf("Count: %d from %v to %v, %v", n, first, last, err)
	}
	n, first, last, err = x.Count(ctx, index.Query{Text: "nobody"})
	if err != nil || n != 0 || !first.IsZero() || !last.IsZero() {
		t.Errorf("Count of nothing: %d from %v to %v, %v", n, first, last, err)
	}
	user.From, user.To = noon.Add(time.Second), noon.Add(10*time.Minute+time.Second)
	buckets, err := x.Histogram(ctx, user, 4) // of 150 s: minutes 1 2 | 3 4 5 | 6 7 | 8 9
	if diff := cmp.Diff(buckets, []uint64{2, 3, 2, 2}); diff != "" || err != nil {
		t.Errorf("Histogram, wanted: %v\n%s", err, diff)
	}
	if _, err := x.Histogram(ctx, index.Query{From: noon}, 4); err == nil {
		t.Error("a histogram without an end")
	}
	top, err := x.Top(ctx, index.Query{}, "user", 2)
	if diff := cmp.Diff(top, []index.Value{{"u0", 4}, {"u1", 3}}); diff != "" || err != nil {
		t.Errorf("Top, wanted: %v\n%s", err, diff)
	}
	top, err = x.Top(ctx, index.Query{}, "door", 2)
	if diff := cmp.Diff(top, []index.Value{{`["A","B"]`, 10}}); diff != "" || err != nil {
		t.Errorf("Top of lists, wanted: %v\n%s", err, diff)
	}
	names, err := x.Names(ctx, index.Query{Fields: []index.Field{{Name: "@source", Op: index.Is, Value: "other"}}})
	want := []index.Value{{"@class", 10}, {"@entry", 10}, {"@format", 10}, {"@id", 10}, {"@line", 10}, {"@source", 10}, {"door", 10}}
	if diff := cmp.Diff(names, want); diff != "" || err != nil {
		t.Errorf("Names, wanted: %v\n%s", err, diff)
	}
}
