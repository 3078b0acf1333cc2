package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7/tap"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// tapProcess is `wardline tap --config FILE`.
func tapProcess(config string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, err := tap.ReadConfig(config)
	if err == nil {
		err = c.Complete()
	}
	if err != nil {
		return err
	}
	return tap.Run(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, nil)), nil)
}

// feed is a tap in a process of its own, between systems of the house.
type feed struct {
	h             *house
	spool, config string
	address, to   string
	process       *exec.Cmd

	mu       sync.Mutex
	answered []time.Duration // how long each answer took; guarded by mu
}

func (h *house) newFeed() *feed {
	h.t.Helper()
	f := &feed{h: h, spool: filepath.Join(h.dir, "spool"), config: filepath.Join(h.dir, "tap.yml"), address: free(h.t), to: h.ward()}
	if err := os.Mkdir(f.spool, 0o700); err != nil {
		h.t.Fatal(err)
	}
	text := fmt.Sprintf("spool: %s\nfeeds: [{listen: %q, from: [127.0.0.0/8], to: %q}]\n", f.spool, f.address, f.to)
	if err := os.WriteFile(f.config, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	config, err := os.OpenFile(h.config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	defer config.Close()
	if _, err := fmt.Fprintf(config, "- {kind: tap, spool: %q}\n", f.spool); err != nil {
		h.t.Fatal(err)
	}
	return f
}

// ward listens as the system that receives, and accepts every message.
func (h *house) ward() string {
	h.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for r := mllp.NewReader(c, 1<<20); ; {
					f, err := r.Next()
					if err != nil {
						return
					}
					id := strings.Split(string(f.Payload), "|")[9]
					if _, err := fmt.Fprintf(c, "\x0bMSH|^~\\&|WARD|EXAMPLE|EHR|EXAMPLE|20260301||ACK|A%s|P|2.5.1\rMSA|AA|%s\r\x1c\r", id, id); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func (f *feed) start() {
	f.h.t.Helper()
	f.process = exec.Command(os.Args[0], "tap", f.config)
	f.process.Stderr = os.Stderr
	if err := f.process.Start(); err != nil {
		f.h.t.Fatal(err)
	}
	f.h.t.Cleanup(func() { _ = f.process.Process.Kill(); _ = f.process.Wait() })
	f.h.eventually(func() bool {
		c, err := net.Dial("tcp", f.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// send sends messages on one connection at a pace, each after the answer to the one before, until stop is closed.
func (f *feed) send(run string, pace time.Duration, stop <-chan struct{}) (sent int, err error) {
	c, err := net.Dial("tcp", f.address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	answers, tick := mllp.NewReader(c, 1<<20), time.NewTicker(pace)
	defer tick.Stop()
	for ; ; sent++ {
		select {
		case <-tick.C:
		case <-stop:
			return sent, nil
		}
		id, began := mark(run, "tap", sent), time.Now()
		_ = c.SetDeadline(began.Add(20 * time.Second))
		if _, err := io.WriteString(c, fmt.Sprintf("\x0bMSH|^~\\&|EHR|EXAMPLE|WARD|EXAMPLE|20260301||ADT^A08|%s|P|2.5.1\rPID|1||T9000001^^^EXAMPLE^MR\rPV1|1|I|WARDSEVEN\r\x1c\r", id)); err != nil {
			return sent, err
		}
		a, err := answers.Next()
		if err != nil {
			return sent, err
		}
		if !strings.Contains(string(a.Payload), "MSA|AA|"+id) {
			return sent, fmt.Errorf("%s has the answer to another", id)
		}
		f.mu.Lock()
		f.answered = append(f.answered, time.Since(began))
		f.mu.Unlock()
	}
}

// TestTheFeedOutlivesTheNode kills the node again and again while 1,000 messages a second pass a tap. Nobody in the feed sees any of
// it; afterwards all of it lies in the journal, and no book speaks of a loss.
func TestTheFeedOutlivesTheNode(t *testing.T) {
	kills := 3
	if os.Getenv("WARDLINE_TRUST") != "" {
		kills = 20
	}
	h := newHouse(t)
	f := h.newFeed()
	h.start() // puts its key into the spool
	h.eventually(func() bool { _, err := os.Stat(filepath.Join(f.spool, "node.pub")); return err == nil })
	f.start()
	const senders = 4
	stop, want := make(chan struct{}), map[string]bool{}
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			run := fmt.Sprintf("s%d", i)
			sent, err := f.send(run, senders*time.Millisecond, stop)
			if err != nil {
				t.Errorf("a connection of the feed broke: %v", err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			for n := range sent {
				want[mark(run, "tap", n)] = true
			}
		})
	}
	for kill := range kills {
		time.Sleep(time.Duration(500+kill*137%700) * time.Millisecond) // any moment will do
		h.stop(syscall.SIGKILL)
		h.start()
	}
	close(stop)
	sending.Wait()
	if err := f.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := f.process.Wait(); err != nil {
		t.Error(err)
	}
	h.eventually(func() bool {
		left, err := os.ReadDir(f.spool)
		return err == nil && len(left) == 1 // the key
	})
	for _, s := range h.standings() {
		if strings.HasPrefix(s.Sender, "tap/") && (s.Difference() != 0 || s.Received != s.Stored) {
			t.Errorf("the books of %s: %+v %v", s.Sender, s.Counts, s.Reasons)
		}
	}
	h.stop(syscall.SIGTERM)
	ids, lines := h.taken()
	for m := range want {
		if len(ids[m]) != 2 {
			t.Errorf("of %s and its answer %d are in the journal", m, len(ids[m]))
		}
	}
	slices.Sort(f.answered)
	t.Logf("%d kills, %d messages; answers p50 %v, p99 %v, slowest %v; %d events, %d of them kept twice", kills, len(want),
		f.answered[len(f.answered)/2], f.answered[len(f.answered)*99/100], f.answered[len(f.answered)-1], 2*len(want), lines-2*len(want))
}

func (h *house) standings() []collect.Standing {
	h.t.Helper()
	c, err := node.ReadConfig(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	var s node.Status
	if err := node.Control(h.t.Context(), &c, "/status", nil, &s); err != nil {
		h.t.Fatal(err)
	}
	return s.Senders
}

// taken reads the whole journal: the events in which each mark stands, and how many lines that are. It looks at all sealed books too.
func (h *house) taken() (ids map[string]map[event.ID]bool, lines int) {
	h.t.Helper()
	ctx := h.t.Context()
	j, err := journal.Open(ctx, journal.Config{Dir: filepath.Join(h.dir, "data", "journal")}, slog.New(slog.DiscardHandler))
	if err != nil {
		h.t.Fatal(err)
	}
	defer j.Close(ctx)
	ids = map[string]map[event.ID]bool{}
	for i := range j.Size() {
		e, err := j.Entry(ctx, i)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, line := range e.Lines() {
			var b collect.Books
			if e.Header.Kind == journal.Books && (json.Unmarshal(line, &b) != nil || b.Difference != 0) {
				h.t.Errorf("a page of the books of %s does not balance", b.Sender)
			}
			m, id := string(marks.Find(line)), event.ID{}
			if e.Header.Kind != journal.Events || m == "" {
				continue
			}
			if id, _ = event.LineID(line); ids[m] == nil {
				ids[m] = map[event.ID]bool{}
			}
			ids[m][id] = true
			lines++
		}
	}
	return ids, lines
}
