package journal_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/journal"
)

// The tests of faults run a sender and its journal in a process of their own, which is this test binary again, and
// kill it, or let system calls fail. The process writes down on its output what was acknowledged.

// childEnv holds the orders of such a process.
const childEnv = "WARDLINE_JOURNAL_CHILD"

type orders struct {
	Dir     string
	First   int // number of the first line
	Lines   int // each sender sends so many; 0: without end
	Senders int
	Ahead   int // lines that each sends before it waits for the answers
	Ballast int64
}

// ack is an answer to a sender, as the child writes it down.
type ack struct {
	N     int
	Place journal.Place
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		os.Exit(child(text))
	}
	os.Exit(m.Run())
}

func child(text string) int {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	cfg := config(o.Dir)
	cfg.Ballast = o.Ballast
	j, err := journal.Open(context.Background(), cfg, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 3
	}
	var out sync.Mutex
	var senders sync.WaitGroup
	for s := range o.Senders {
		senders.Go(func() { send(j, o, o.First+s, &out) })
	}
	senders.Wait()
	if err := j.Close(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 4
	}
	return 0
}

// send is one sender. It sends every line until it is acknowledged, and writes that down.
func send(j *journal.Journal, o orders, first int, out *sync.Mutex) {
	ahead := max(o.Ahead, 1)
	for sent := 0; o.Lines == 0 || sent < o.Lines; sent += ahead {
		numbers, receipts := make([]int, ahead), make([]*journal.Receipt, ahead)
		for i := range ahead {
			numbers[i] = first + (sent+i)*o.Senders
			receipts[i], _ = j.Add(context.Background(), numbered(numbers[i])) // without a receipt it is sent again below
		}
		var text []byte
		for i, r := range receipts {
			place := persist(j, r, numbered(numbers[i]))
			text = fmt.Appendf(text, `{"N":%d,"Place":{"entry":%d,"line":%d}}`+"\n", numbers[i], place.Entry, place.Line)
		}
		out.Lock()
		for done := false; !done; { // a fault may hit this write
			_, err := os.Stdout.Write(text)
			done = err == nil
		}
		out.Unlock()
	}
}

func numbered(n int) journal.Line {
	return line([]journal.Kind{journal.Events, journal.Acts}[n%2], n)
}

// persist waits for the answer to a line and sends it again until there is a good one, as a good sender does.
func persist(j *journal.Journal, r *journal.Receipt, l journal.Line) journal.Place {
	for {
		if r != nil {
			place, err := r.Wait(context.Background())
			if err == nil {
				return place
			}
		}
		time.Sleep(5 * time.Millisecond) // a sender's pause, not a test's
		r, _ = j.Add(context.Background(), l)
	}
}

// config is what child and test open the same journal with. The sentinel is a file beside it.
func config(dir string) journal.Config {
	file := dir + ".mark"
	return journal.Config{Dir: dir, Ballast: -1, SegmentSize: 1 << 20, Sentinel: journal.Sentinel{
		Load: func(context.Context) (m journal.Mark, err error) {
			text, err := os.ReadFile(file)
			if errors.Is(err, os.ErrNotExist) {
				return m, nil
			}
			if err == nil {
				err = json.Unmarshal(text, &m)
			}
			return m, err
		},
		Save: func(_ context.Context, m journal.Mark) error {
			text, err := json.Marshal(m)
			if err != nil {
				return err
			}
			return journal.WriteDurable(file, text)
		},
	}}
}

// process is a running child.
type process struct {
	cmd    *exec.Cmd
	acked  chan struct{} // closed at the first ack
	acks   []ack
	read   chan struct{} // closed when all output was read
	stderr bytes.Buffer
}

// start runs a child, under the command that stands in wrap if there is one.
func start(t testing.TB, o orders, wrap ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	args := append(wrap, self)
	p := &process{cmd: exec.Command(args[0], args[1:]...), acked: make(chan struct{}), read: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.listen(out)
	return p
}

func (p *process) listen(out io.Reader) {
	defer close(p.read)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var a ack
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			continue // cut off by its end
		}
		if p.acks = append(p.acks, a); len(p.acks) == 1 {
			close(p.acked)
		}
	}
}

// wait waits for the end of the child and returns what it acknowledged.
func (p *process) wait() ([]ack, error) {
	<-p.read
	return p.acks, p.cmd.Wait()
}

// answered waits for the child's first answer.
func (p *process) answered(t testing.TB) {
	t.Helper()
	select {
	case <-p.acked:
	case <-p.read:
		if len(p.acks) == 0 {
			t.Fatalf("the child ended: %s", p.stderr.String())
		}
	}
}

// kill ends the child after a while, unless it has ended before, and returns what it acknowledged.
func (p *process) kill(t testing.TB, after time.Duration) []ack {
	t.Helper()
	<-time.After(after)
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	acks, _ := p.wait()
	return acks
}

// tally counts what was acknowledged, and what of it is not there.
type tally struct {
	acked, lost int
	orphans     int
	entries     uint64
}

// account opens the journal, looks for every line that was acknowledged, and checks the whole.
func (c *tally) account(t testing.TB, dir string, acks []ack) {
	t.Helper()
	j, err := journal.Open(t.Context(), config(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("the journal does not open: %v", err)
	}
	defer shut(t, j)
	entries := map[uint64][]string{}
	for _, a := range acks {
		c.acked++
		if _, there := entries[a.Place.Entry]; !there {
			e, err := j.Entry(t.Context(), a.Place.Entry)
			if err != nil {
				t.Errorf("entry %d: %v", a.Place.Entry, err)
				entries[a.Place.Entry] = nil
			} else {
				entries[a.Place.Entry] = content(e)
			}
		}
		if lines := entries[a.Place.Entry]; a.Place.Line >= len(lines) || lines[a.Place.Line] != fmt.Sprintf(`{"n":%d}`, a.N) {
			if c.lost++; c.lost <= 3 {
				t.Errorf("line %d was acknowledged at %v and is not there", a.N, a.Place)
			}
		}
	}
	if c.lost > 0 {
		t.Errorf("of %d lines %d are lost", c.acked, c.lost)
	}
	report := verify(t, dir, journal.Check{PublicKey: j.PublicKey(), KeyFile: dir + ".key"})
	if !report.Sound() || len(report.Strangers) > 0 {
		t.Errorf("problems %v, strangers %v", report.Problems, report.Strangers)
	}
	c.orphans, c.entries = len(report.Orphans), report.Size
}

// long tells whether the long forms of the fault tests are asked for.
func long() bool { return os.Getenv("WARDLINE_TRUST") != "" }

// right skips a test that takes more rights than it has here, but not where promises are to be proven.
func right(t testing.TB, there bool, what string) {
	t.Helper()
	switch {
	case there:
	case long():
		t.Fatal("this test needs " + what)
	default:
		t.Skip("this test needs " + what)
	}
}

// quick skips a test of many processes under strace where the race detector makes each of them slow.
func quick(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts some hundred processes: run without -short")
	}
}

// need skips a test that lacks a program, but not where everything must run.
func need(t testing.TB, there bool, what string) {
	t.Helper()
	if there {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("this test needs " + what)
	}
	t.Skip("this test needs " + what)
}

func journalDir(t testing.TB) string { return filepath.Join(t.TempDir(), "journal") }

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
