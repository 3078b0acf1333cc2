package index_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/index/child"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

// TestMain lets the test binary be the search process, as the product's binary is, and a node that is to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == nodeCommand {
		os.Exit(node(os.Args[2]))
	}
	if len(os.Args) > 1 && os.Args[1] == index.Command {
		if name, value, ok := strings.Cut(os.Getenv(flagVariable), "="); ok {
			if err := flag.Set(name, value); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		if err := child.Run(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// flagVariable gives the search process one more flag of VictoriaLogs, by which a test can make it behave badly.
const flagVariable = "WARDLINE_TEST_FLAG"

// record is what the tests say about an event; the rest is made up.
type record struct {
	time, observed time.Time
	source, format string
	class          string // linux/auth unless stated
	fields         string // JSON object
}

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// line writes r as the journal keeps it.
func (r record) line(n int) []byte {
	if r.source == "" {
		r.source = "ward-3-syslog"
	}
	if r.format == "" {
		r.format = "syslog"
	}
	if r.class == "" {
		r.class = "linux/auth"
	}
	if r.observed.IsZero() {
		r.observed = r.time
	}
	return event.AppendLine(nil, &event.Event{
		ID: event.NewID(r.source, fmt.Sprint(n)), Source: r.source, Format: r.format, Record: int64(n + 1),
		Time: r.time, Observed: r.observed, Class: &event.Class{Key: r.class}, Fields: []byte(r.fields),
	})
}

// log stands for the journal: entries that are followed, and more that come later.
type log struct {
	mu      sync.Mutex
	entries [][][]byte
	more    chan struct{} // closed when entries grow
}

func newLog() *log { return &log{more: make(chan struct{})} }

// add makes records one entry.
func (l *log) add(records ...record) {
	n := int(l.size())
	var lines [][]byte
	for i, r := range records {
		lines = append(lines, r.line(n*1000+i))
	}
	l.put(lines)
}

// put makes lines one entry.
func (l *log) put(lines [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, lines)
	close(l.more)
	l.more = make(chan struct{})
}

func (l *log) size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.entries))
}

// follow is an index.Follow.
func (l *log) follow(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
	for at := from; ; {
		l.mu.Lock()
		entries, more := l.entries, l.more
		l.mu.Unlock()
		for ; at < uint64(len(entries)); at++ {
			b := index.Batch{Entry: at}
			if lines := entries[at]; lines != nil {
				b.Lines = slices.All(lines)
			}
			if err := handle(ctx, b); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// config is the default with times that a test can wait for.
func config(t *testing.T) index.Config {
	cfg := index.DefaultConfig(t.TempDir(), veiltest.New())
	cfg.FlushInterval = time.Second
	cfg.Memory = 64 << 20
	cfg.MinFree = 1 << 20
	cfg.QueryTime = 5 * time.Minute // tests say by what they find whether all is well, not by how soon
	return cfg
}

// running is an index that runs until the test ends.
type running struct {
	*index.Index
	t    *testing.T
	stop func() // waits until Run has returned
}

func run(t *testing.T, cfg index.Config, l *log) *running {
	t.Helper()
	return runOn(t, cfg, l.follow)
}

func runOn(t *testing.T, cfg index.Config, follow index.Follow) *running {
	t.Helper()
	return runLogging(t, cfg, follow, quiet())
}

func runLogging(t *testing.T, cfg index.Config, follow index.Follow, log *slog.Logger) *running {
	t.Helper()
	x, err := index.Open(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx, follow) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return &running{x, t, stop}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// through waits until all entries of l can be found.
func (x *running) through(l *log) {
	x.t.Helper()
	until(x.t, "the index to come through", func() bool { return x.Through() >= l.size() })
}

// find returns the places that q finds, in order.
func (x *running) find(q index.Query) []string {
	x.t.Helper()
	var places []string
	_, err := x.Search(context.Background(), q, func(h index.Hit) error {
		places = append(places, fmt.Sprintf("%d/%d", h.Entry, h.Line))
		return nil
	})
	if err != nil {
		x.t.Fatalf("Search: %v", err)
	}
	return places
}

// searchProcess returns the id of the search process of an index folder; 0 when there is none.
func searchProcess(t *testing.T, dir string) int {
	t.Helper()
	folders, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip("needs /proc to find the search process")
	}
	for _, f := range folders {
		pid, err := strconv.Atoi(f.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", f.Name(), "cmdline"))
		if err == nil && strings.Contains(string(line), "\x00"+index.Command+"\x00") && strings.Contains(string(line), strconv.Quote(dir)) {
			return pid
		}
	}
	return 0
}

// everything returns all places that the index holds, each as often as it holds it.
func (x *running) everything() []string {
	x.t.Helper()
	var places []string
	q := index.Query{Limit: 10_000, Oldest: true}
	for {
		stats, err := x.Search(context.Background(), q, func(h index.Hit) error {
			places = append(places, fmt.Sprintf("%d/%d", h.Entry, h.Line))
			q.After = h.Cursor()
			return nil
		})
		if err != nil {
			x.t.Fatalf("Search: %v", err)
		}
		if !stats.More {
			slices.Sort(places)
			return places
		}
	}
}

// places are what everything is to return for l.
func (l *log) places() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var places []string
	for e, lines := range l.entries {
		for n := range lines {
			places = append(places, fmt.Sprintf("%d/%d", e, n))
		}
	}
	slices.Sort(places)
	return places
}

// fill adds entries of some records each, second after second.
func (l *log) fill(entries, each int) {
	for range entries {
		var records []record
		for i := range each {
			n := int(l.size())*each + i
			records = append(records, record{time: noon.Add(time.Duration(n) * 100 * time.Millisecond),
				fields: fmt.Sprintf(`{"message":"door %d opened","n":%d}`, n%40, n)})
		}
		l.add(records...)
	}
}

// nodeCommand makes the test binary a node that feeds an index until it is killed.
const nodeCommand = "node-for-tests"

// nightShift is what such a node's journal holds.
func nightShift() *hospital {
	return &hospital{entries: 400, each: 100, step: time.Second, begin: noon}
}

// node says on its standard output how far its index came.
func node(dir string) int {
	cfg := index.DefaultConfig(dir, veiltest.New())
	cfg.FlushInterval = time.Second
	x, err := index.Open(cfg, quiet())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		for {
			fmt.Println(x.Through())
			time.Sleep(5 * time.Millisecond)
		}
	}()
	slow := func(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
		return nightShift().follow(ctx, from, func(ctx context.Context, b index.Batch) error {
			time.Sleep(10 * time.Millisecond) // so that it can be killed in the middle
			return handle(ctx, b)
		})
	}
	if err := x.Run(context.Background(), slow); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
